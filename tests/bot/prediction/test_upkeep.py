"""Upkeep: a new model by schedule, and chances held to account each month."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import structlog
from sqlalchemy import update
from sqlmodel import Session, col

from bot.prediction import upkeep
from bot.settings import GivenSettings, Settings
from domain.clock import HandClock
from domain.people import Role
from handlers.desk import Desk
from handlers.router import open_screen
from storage import models, watching
from storage.store import Store
from storage.tables import Appointment
from tests.bot.prediction.clinic import clinic, in_charge
from tests.bot.prediction.test_scoring import pushes
from tests.e2e.town import events
from tests.handlers.desks import desk_at, visit
from tests.hmo import join
from tests.waiting import until

NEXT_MONTH = datetime(2026, 12, 1, 6, tzinfo=UTC)


@pytest.fixture
def desk(store: Store, clock: HandClock, tmp_path: Path) -> Iterator[Desk]:
    """A clinic with an admin and a model in charge."""
    yield from a_clinics_desk(store, clock, tmp_path)


@pytest.fixture
def sqlite_desk(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> Iterator[Desk]:
    """The same where the database does not matter."""
    yield from a_clinics_desk(sqlite_store, clock, tmp_path)


def settings_of(desk: Desk, **others: object) -> Settings:
    engine = desk.store.engine
    return GivenSettings.model_validate(
        {
            "database_url": engine.url.set(
                drivername=engine.url.get_backend_name()
            ).render_as_string(hide_password=False),
            "timezone": "Asia/Jerusalem",
            "data_dir": desk.data_dir,
            **others,
        }
    )


async def test_a_model_that_is_old_enough_is_replaced_by_a_newer_one(
    desk: Desk, clock: HandClock
) -> None:
    retrain = upkeep.retraining(settings_of(desk, retrain_days=3))
    await retrain(desk)
    assert len(desk.store.read_now(models.versions)) == 1
    clock.move(timedelta(days=3))
    await retrain(desk)
    newer, older = desk.store.read_now(models.versions)
    assert (newer.name, newer.in_charge) == ("2026-11-26-1", True)
    assert newer.made_at - clock.now() < timedelta(minutes=1)
    assert not older.in_charge
    assert desk.changed.is_set()
    assert desk.store.read_now(events)[-2:] == ["model trained", "model activated"]


@pytest.mark.parametrize("why", ["never", "the rule is in charge", "another process has begun"])
async def test_nothing_is_trained_when_it_is_not_this_programs_turn(
    sqlite_desk: Desk, clock: HandClock, why: str
) -> None:
    clock.move(timedelta(days=90))
    if why == "the rule is in charge":
        sqlite_desk.store.write_now(models.activate, None, clock.now())
    if why == "another process has begun":
        assert sqlite_desk.store.write_now(watching.take_turn, clock.now(), upkeep.TRIES_EVERY)
    await upkeep.retraining(settings_of(sqlite_desk, retrain_days=0 if why == "never" else 30))(
        sqlite_desk
    )
    assert len(sqlite_desk.store.read_now(models.versions)) == 1


async def test_a_training_that_fails_is_tried_again_a_day_later_and_not_before(
    sqlite_desk: Desk, clock: HandClock
) -> None:
    elsewhere = "sqlite:////dev/null/slotwise.db"
    wrong = settings_of(sqlite_desk, retrain_days=30, database_url=elsewhere)
    clock.move(timedelta(days=30))
    with structlog.testing.capture_logs() as logs:
        await upkeep.retraining(wrong)(sqlite_desk)
    assert "no new model could be trained" in str(logs)
    right = upkeep.retraining(settings_of(sqlite_desk, retrain_days=30))
    await right(sqlite_desk)
    assert len(sqlite_desk.store.read_now(models.versions)) == 1
    clock.move(upkeep.TRIES_EVERY)
    await right(sqlite_desk)
    assert len(sqlite_desk.store.read_now(models.versions)) == 2


async def test_a_bot_that_ends_takes_a_training_with_it(
    sqlite_desk: Desk, clock: HandClock
) -> None:
    clock.move(timedelta(days=30))
    training = asyncio.ensure_future(upkeep.retraining(settings_of(sqlite_desk))(sqlite_desk))
    await until(lambda: bool(trainings()))
    training.cancel()
    with pytest.raises(asyncio.CancelledError):
        await training
    assert trainings() == []


async def test_chances_that_are_far_off_are_told_once_and_shown_until_the_next_month(
    desk: Desk, clock: HandClock
) -> None:
    desk.store.write_now(remember_chances, 600)
    clock.at = NEXT_MONTH
    for _ in range(2):
        await upkeep.watch_chances(desk)
    found = desk.store.read_now(watching.watched)
    assert found
    assert found.month == "2026-11-01"
    assert found.problem
    assert found.problem.startswith("chances were too high")
    assert found.is_enough
    assert found.foretold == pytest.approx(0.6)
    assert found.missed == pytest.approx(0.225, abs=0.001)
    assert found.auc == 0.5  # all had the same chance
    (address,) = desk.store.read_now(pushes)
    assert desk.store.read_now(events).count("model drifted") == 1
    screen = await open_screen(visit(desk, Role.ADMIN), address)
    assert "Chances do not mean what they say" in screen.text
    assert "chances were too high: 60.0%" in screen.text
    clock.at = NEXT_MONTH + timedelta(days=31)
    await upkeep.watch_chances(desk)
    later = desk.store.read_now(watching.watched)
    assert later
    assert (later.month, later.rows, later.problem) == ("2026-12-01", 0, None)


async def test_a_model_that_was_not_put_in_charge_is_told_with_the_reason(
    sqlite_desk: Desk, clock: HandClock
) -> None:
    report = {"verdict": "It orders patients no better than <lead time> alone."}

    def work(session: Session) -> int:
        return models.add(
            session, name="poor", kind="forest", sha256="", report=report, now=clock.now()
        )

    key = sqlite_desk.store.write_now(work)
    sqlite_desk.store.write_now(watching.tell_admins, key, "kept", clock.now())
    (address,) = sqlite_desk.store.read_now(pushes)
    screen = await open_screen(visit(sqlite_desk, Role.ADMIN), address)
    assert "no better than &lt;lead time&gt; alone." in screen.text
    assert "In charge now: 2026-11-23-1" in screen.text


def a_clinics_desk(store: Store, clock: HandClock, folder: Path) -> Iterator[Desk]:
    clinic(clock.now()).load(store)
    join(store, Role.ADMIN, 9, "Root", clock.now())
    in_charge(store, folder, clock.now())
    with desk_at(store, clock, folder) as found:
        yield found


def remember_chances(session: Session, thousandths: int) -> None:
    """All that is past had this chance."""
    session.execute(
        update(Appointment)
        .where(col(Appointment.status).in_(["noshow", "fulfilled"]))
        .values(chance=thousandths, chance_by=1)
    )


def trainings() -> list[int]:
    """The programs that this one has started to train, by their ids."""
    return [
        child.pid
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "train" in child.cmdline()
    ]
