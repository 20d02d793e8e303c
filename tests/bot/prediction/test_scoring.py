"""The model at work: it scores who waits, says why, and is not used if its file is not in order."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.prediction import model_files, scoring
from bot.prediction.predictor import Predictor
from bot.prediction.scoring import Overtaken, score_all
from domain.clock import HandClock
from domain.people import Role
from domain.prediction.visits import day_of
from domain.statuses import Status
from handlers.desk import Desk
from storage import counters, models, rescoring
from storage.history import visits_of
from storage.store import Store
from storage.tables import Appointment, Push
from tests.bot.command import ROOT
from tests.bot.prediction.clinic import clinic, in_charge, predictor
from tests.e2e.town import events
from tests.handlers.desks import desk_at
from tests.hmo import HOUSE, Hmo, join

CALENDAR = HOUSE.calendar


async def look(store: Store, clock: HandClock, folder: Path, with_: Predictor) -> Desk:
    """Let the job look once."""
    with desk_at(store, clock, folder) as desk:
        await scoring.scoring(with_)(desk)
    return desk


async def test_all_that_is_near_gets_a_chance_of_the_model_and_the_most_likely_are_picked(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    clinic(clock.now()).load(store)
    version = in_charge(store, tmp_path, clock.now())
    desk = await look(store, clock, tmp_path, predictor(store, tmp_path, clock))
    assert desk.changed.is_set()
    booked, scored, picked = store.read_now(counted, clock)
    assert booked == scored > 1_000
    assert 0 < picked < scored
    assert store.read_now(rescoring.number_waiting) == 0
    by = store.read_now(lambda session: set(session.scalars(select(col(Appointment.chance_by)))))
    assert by == {None, version.id}


async def test_a_chance_is_the_models_own_for_what_is_known_now(
    sqlite_store: Store, tmp_path: Path, clock: HandClock
) -> None:
    clinic(clock.now()).load(sqlite_store)
    in_charge(sqlite_store, tmp_path, clock.now())
    at_work = await predictor(sqlite_store, tmp_path, clock).at_work()
    assert at_work
    known = sqlite_store.read_now(visits_of, range(1, 200), CALENDAR.zone)
    today = (CALENDAR.day_of(clock.now()) - date(1970, 1, 1)).days
    coming = known[day_of(known["start"].to_numpy()) > today].reset_index(drop=True)
    seen = at_work.features(coming, clock.now(), known)
    expected = np.clip(np.round(at_work.model.chances(seen) * 1000), 1, 999)
    np.testing.assert_array_equal(at_work.thousandths(coming, clock.now(), known), expected)
    assert 1 <= expected.min() < expected.max() <= 999


async def test_a_program_that_ends_in_the_middle_of_scoring_goes_on_where_it_was(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    clinic(clock.now()).load(store)
    in_charge(store, tmp_path, clock.now())
    first = await predictor(store, tmp_path, clock).at_work()
    assert store.write_now(scoring._score, first, CALENDAR, clock.now()) == scoring.PATIENTS
    left = store.read_now(rescoring.number_waiting)
    assert left > scoring.PATIENTS
    await look(store, clock, tmp_path, predictor(store, tmp_path, clock))
    booked, scored, _ = store.read_now(counted, clock)
    assert booked == scored
    assert store.read_now(rescoring.days_waiting) == 0


async def test_an_outcome_moves_a_chance_at_the_next_look(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    for days in (-9, -6, -3):
        hmo.visit("anna", days, "booked", key=f"past{days}")
    hmo.visit("anna", 3, key="coming")
    hmo.load(store)
    in_charge(store, tmp_path, clock.now())
    here = predictor(store, tmp_path, clock)
    await look(store, clock, tmp_path, here)
    before = store.read_now(chance_of, "coming")
    for days in (-9, -6, -3):
        key = store.read_now(key_of, f"past{days}")
        store.write_now(counters.apply_status_change, key, Status.NOSHOW, clock.now())
    await look(store, clock, tmp_path, here)
    assert store.read_now(chance_of, "coming") > before > 0


async def test_each_new_day_all_are_scored_once(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.visit("anna", 31, key="hers")
    hmo.load(store)
    in_charge(store, tmp_path, clock.now())
    here = predictor(store, tmp_path, clock)
    await look(store, clock, tmp_path, here)
    assert store.read_now(chance_of, "hers") == 0
    clock.move(timedelta(days=1))
    assert (await look(store, clock, tmp_path, here)).changed.is_set()
    assert store.read_now(chance_of, "hers") > 0
    assert not (await look(store, clock, tmp_path, here)).changed.is_set()


@pytest.mark.parametrize("spoilt", ["missing", "cut short"])
async def test_a_model_whose_file_is_not_in_order_leaves_the_rule_in_charge_and_admins_are_told(
    sqlite_store: Store, tmp_path: Path, clock: HandClock, spoilt: str
) -> None:
    clinic(clock.now()).load(sqlite_store)
    join(sqlite_store, Role.ADMIN, 9, "Root", clock.now())
    version = in_charge(sqlite_store, tmp_path, clock.now())
    await look(sqlite_store, clock, tmp_path, predictor(sqlite_store, tmp_path, clock))
    path = model_files.model_path(tmp_path, version.name)
    if spoilt == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:9_000])
    clock.move(timedelta(days=1))
    restarted = predictor(sqlite_store, tmp_path, clock)
    for _ in range(3):
        await look(sqlite_store, clock, tmp_path, restarted)
    assert sqlite_store.read_now(models.version_in_charge) is None
    assert sqlite_store.read_now(counted, clock)[1:] == (0, 0)
    assert sqlite_store.read_now(pushes) == [f"modelnews:refused:{version.id}"]
    assert sqlite_store.read_now(events)[-2:] == ["model refused", "model activated"]


async def test_what_another_model_has_overtaken_is_not_kept(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    clinic(clock.now()).load(store)
    in_charge(store, tmp_path, clock.now(), "2026-11-23-1")
    here = predictor(store, tmp_path, clock)
    first = await here.at_work()
    second = in_charge(store, tmp_path, clock.now(), "2026-11-23-2")
    with pytest.raises(Overtaken):
        store.write_now(scoring._score, first, CALENDAR, clock.now())
    assert store.read_now(counted, clock)[1] == 0
    await look(store, clock, tmp_path, here)
    by = store.read_now(lambda session: set(session.scalars(select(col(Appointment.chance_by)))))
    assert by == {None, second.id}


async def test_reasons_are_given_for_what_the_model_in_charge_has_scored(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    for days in (-9, -6, -3):
        hmo.visit("anna", days, "noshow")
    hmo.visit("anna", 20, key="coming", booked_days_ahead=60)
    hmo.load(store)
    here = predictor(store, tmp_path, clock)
    key = store.read_now(key_of, "coming")
    assert await here.reasons(key) == []
    in_charge(store, tmp_path, clock.now())
    assert await here.reasons(key) == []
    await look(store, clock, tmp_path, here)
    found = await here.reasons(key)
    assert found
    assert "booked 60 days ahead" in found
    assert await here.reasons(987_654_321) == []


async def test_all_are_scored_at_once_by_hand_if_a_model_is_in_charge(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    clinic(clock.now()).load(store)
    here = predictor(store, tmp_path, clock)
    assert await score_all(store, here, CALENDAR, clock.now()) is None
    in_charge(store, tmp_path, clock.now())
    done = await score_all(store, here, CALENDAR, clock.now())
    assert done
    assert done > 500


def test_a_program_without_a_model_does_not_load_what_grows_trees() -> None:
    asked = "import bot.app, bot.cli, sys; sys.exit('lightgbm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=False).returncode == 0


def counted(session: Session, clock: HandClock) -> tuple[int, int, int]:
    """Coming appointments within reach, how many of them have a chance and how many are picked."""
    last = CALENDAR.day_of(clock.now()) + timedelta(days=rescoring.SCORED_AHEAD)
    rows = session.execute(
        select(
            func.count(),
            func.count().filter(col(Appointment.chance) > 0),
            func.count().filter(col(Appointment.picked)),
        ).where(
            col(Appointment.status) == Status.BOOKED,
            col(Appointment.start) > clock.now(),
            col(Appointment.day) <= last,
        )
    ).one()
    return rows[0], rows[1], rows[2]


def chance_of(session: Session, external_id: str) -> int:
    wanted = select(col(Appointment.chance)).where(col(Appointment.external_id) == external_id)
    return session.scalars(wanted).one()


def key_of(session: Session, external_id: str) -> int:
    wanted = select(col(Appointment.id)).where(col(Appointment.external_id) == external_id)
    return int(session.scalars(wanted).one() or 0)


def pushes(session: Session) -> list[str]:
    return list(session.scalars(select(col(Push.address)).order_by(col(Push.id))))
