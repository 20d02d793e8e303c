"""The jobs that follow slots up: one that fails holds up no other, and nothing is done twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from bot import backfilling
from domain.backfills import Stage
from domain.clock import HandClock
from domain.criteria import House
from domain.notices import NoticeKind
from domain.policies import Policy
from handlers.desk import Desk
from storage import slot_steps
from storage.store import Store
from storage.tables import key_of
from tests.courses import Course, begin
from tests.handlers.desks import desk_at


@pytest.fixture
def course(sqlite_store: Store, clock: HandClock) -> Course:
    return begin(sqlite_store, clock)


@pytest.fixture
def desk(
    course: Course, clock: HandClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Desk]:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    with desk_at(course.store, clock, tmp_path) as found:
        yield replace(found, house=course.house)


async def test_everything_due_is_done_and_then_there_is_nothing_to_do(
    course: Course, desk: Desk
) -> None:
    for patient in ("p1", "p2", "silent"):
        course.authorize(patient)
    await backfilling.follow_up_slots(desk)
    stages = [course.backfill(patient).stage for patient in ("p1", "p2", "silent")]
    assert stages == [Stage.ASKING, Stage.ASKING, Stage.CALLING]
    assert desk.changed.is_set()
    desk.changed.clear()
    await backfilling.follow_up_slots(desk)
    assert not desk.changed.is_set()
    assert len(course.notices()) == 2


async def test_one_slot_that_fails_is_put_off_and_the_others_are_done(
    course: Course, desk: Desk, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patient in ("p1", "p2"):
        course.authorize(patient)
    bad, step = key_of(course.backfill("p1")), slot_steps.step

    def fails(session: Session, key: int, house: House, now: datetime) -> None:
        step(session, key, house, now)
        if key == bad:
            raise RuntimeError("something is wrong with this one")

    with monkeypatch.context() as patch:
        patch.setattr(slot_steps, "step", fails)
        await backfilling.follow_up_slots(desk)
        await backfilling.follow_up_slots(desk)
    assert course.backfill("p1").due_at == clock.now() + backfilling.LATER
    assert course.backfill("p2").deadline_at is not None
    assert len(course.notices()) == 1
    clock.move(backfilling.LATER)
    await backfilling.follow_up_slots(desk)
    assert len(course.notices()) == 2


async def test_the_days_reminders_are_written_once_it_is_time(
    course: Course, desk: Desk, clock: HandClock
) -> None:
    course.settle(Policy(reminders=True))
    clock.move(timedelta(days=3))
    await backfilling.remind_patients(desk)
    assert course.notices(NoticeKind.REMINDER) == []
    clock.move(timedelta(hours=1))
    for _ in range(2):
        await backfilling.remind_patients(desk)
    assert len(course.notices(NoticeKind.REMINDER)) == 2
