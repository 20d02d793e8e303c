"""The bot at work with a model in charge, or with one whose file is gone."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.prediction import model_files
from domain.clock import HandClock
from storage import models
from storage.tables import Appointment
from tests.bot.prediction.clinic import in_charge
from tests.e2e.town import Town, a_small_hmo, town
from tests.waiting import until


@pytest.fixture(autouse=True)
def without_chromium(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")


async def test_a_model_put_in_charge_while_the_bot_works_gives_chances_and_reasons(
    tmp_path: Path, clock: HandClock
) -> None:
    async with (
        town(tmp_path, clock, a_small_hmo(clock.now())) as place,
        place.bot_at_work() as bot,
    ):
        assert place.store.read_now(scored) == 0
        in_charge(place.store, tmp_path, clock.now())
        await until(lambda: place.store.read_now(scored) > 0)
        key = place.store.read_now(most_likely)
        assert await bot.desk.predictor.reasons(key)
        place.store.write_now(models.roll_back, clock.now())
        await until(lambda: place.store.read_now(scored) == 0)
        assert await bot.desk.predictor.reasons(key) == []


async def test_admins_are_told_that_a_model_cannot_be_used_and_lists_go_by_the_rule(
    tmp_path: Path, clock: HandClock
) -> None:
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as place:
        async with place.bot_at_work():
            await place.everybody_joins()
        version = in_charge(place.store, tmp_path, clock.now())
        model_files.model_path(tmp_path, version.name).unlink()
        async with place.bot_at_work():
            said = await place.root.sees(f"Model {version.name} cannot be used")
            assert "In charge now: the rule" in said["text"]
            await place.noa.says("/risk")
            await place.noa.sees("High-risk")
        assert heard(place) == [False, False, False, True]


def heard(place: Town) -> list[bool]:
    """Whether staff, the managers and the admin were told."""
    people = (place.dana, place.noa, place.avi, place.root)
    return [any("cannot be used" in str(message) for message in each.messages) for each in people]


def scored(session: Session) -> int:
    wanted = select(func.count()).where(col(Appointment.chance) > 0)
    return session.scalar(wanted) or 0


def most_likely(session: Session) -> int:
    wanted = select(col(Appointment.id)).order_by(col(Appointment.chance).desc()).limit(1)
    return int(session.scalars(wanted).one() or 0)
