"""Excusing a recorded no-show and undoing that, on both databases."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlmodel import Session, col, select

from domain.clock import HandClock
from domain.corrections import Barrier, Excuse
from domain.criteria import Criteria
from domain.criteria import select as select_criteria
from domain.days import Span
from domain.people import Member, Refused, Right, Role
from storage import corrections, counters, risk
from storage.corrections import Corrected, Outcome
from storage.density import outcomes, outcomes_version
from storage.efficiency import efficiency, figures_version
from storage.store import Store
from storage.tables import Appointment, AuditEntry, Correction, key_of
from tests.conftest import MONDAY_MORNING
from tests.hmo import HOUSE, Hmo, join
from tests.storage.histories import DEPARTMENTS, counted, emptied, hmos

BACK = HOUSE.calendar.back(MONDAY_MORNING, 90)


@pytest.fixture
def filled(store: Store, clock: HandClock) -> Store:
    """A patient with two no-shows in Cardiology who comes to Dermatology, and another."""
    hmo = Hmo(clock.now())
    hmo.visit("p", -30, "noshow", key="first")
    hmo.visit("p", -20, "noshow", key="second")
    hmo.visit("p", -10, "fulfilled", key="third")
    hmo.visit("p", 3, department="Dermatology", key="coming")
    hmo.visit("q", -30, "noshow", department="Dermatology", key="other")
    hmo.load(store)
    return store


@pytest.fixture
def dana(filled: Store, clock: HandClock) -> Member:
    return join(filled, Role.STAFF, 7, "Dana", clock.now())


@pytest.fixture
def noa(filled: Store, clock: HandClock) -> Member:
    return join(filled, Role.MANAGER, 8, "Noa", clock.now())


def test_an_excused_no_show_leaves_the_list_the_rollup_and_its_department_is_renewed(
    filled: Store, dana: Member, clock: HandClock
) -> None:
    chosen = select_criteria(Criteria(), dana, HOUSE, clock.now())
    names = {name: key for key, name in filled.read_now(risk.departments).items()}
    scheduled = filled.read_now(efficiency, chosen)
    assert filled.read_now(risk.risk_totals, chosen) == (1, 1)
    assert missed_in(filled, "Cardiology") == 2
    before = versions(filled, names)

    outcome = excuse(filled, dana, "first", clock)
    assert outcome.barrier is None
    assert outcome.record.excused is not None
    assert outcome.record.excused.by == "Dana"
    assert filled.read_now(risk.risk_totals, chosen) == (0, 0)
    assert filled.read_now(efficiency, chosen) == scheduled
    assert missed_in(filled, "Cardiology") == 1
    after = versions(filled, names)
    # The list of Dermatology has changed as well; what is known of its outcomes has not.
    assert all(new > old for old, new in zip(before, after, strict=True))
    assert filled.read_now(counters.verify) == []

    clock.move(timedelta(days=40))
    undone = filled.write_now(corrections.undo_excuse, dana, key_in(filled, "first"), clock.now())
    assert (undone.barrier, undone.record.excused) == (None, None)
    assert appointment(filled, "coming").prior_no_shows == 2
    assert missed_in(filled, "Cardiology") == 2
    assert filled.read_now(counters.verify) == []
    assert trail(filled) == [("correct", "other"), ("undo correction", "other")]


def test_the_trail_names_who_where_and_why(filled: Store, dana: Member, clock: HandClock) -> None:
    excuse(filled, dana, "first", clock, Excuse.LATE_CANCEL)
    row = filled.read_now(
        lambda session: session.exec(
            select(AuditEntry).where(col(AuditEntry.event) == "correct")
        ).one()
    )
    about = appointment(filled, "first")
    assert (row.member_id, row.appointment_id, row.department_id) == (
        dana.id,
        about.id,
        about.department_id,
    )
    assert json.loads(row.detail) == {"reason": "late-cancel"}


def test_what_is_no_no_show_or_was_excused_is_not_excused_again(
    filled: Store, dana: Member, noa: Member, clock: HandClock
) -> None:
    assert excuse(filled, dana, "third", clock).barrier is Barrier.NOT_A_NO_SHOW
    assert excuse(filled, dana, "coming", clock).barrier is Barrier.NOT_A_NO_SHOW
    excuse(filled, dana, "first", clock, Excuse.CAME_LATE)
    late = excuse(filled, noa, "first", clock, Excuse.OTHER)
    assert late.barrier is Barrier.ALREADY
    assert late.record.excused is not None
    assert (late.record.excused.by, late.record.excused.reason) == ("Dana", Excuse.CAME_LATE)
    assert len(trail(filled)) == 1


def test_undo_is_for_whoever_might_have_excused_and_works_once(
    filled: Store, dana: Member, noa: Member, clock: HandClock
) -> None:
    key = key_in(filled, "first")
    assert (
        filled.write_now(corrections.undo_excuse, noa, key, clock.now()).barrier
        is Barrier.NOT_EXCUSED
    )
    excuse(filled, dana, "first", clock)
    assert filled.write_now(corrections.undo_excuse, noa, key, clock.now()).barrier is None
    assert (
        filled.write_now(corrections.undo_excuse, dana, key, clock.now()).barrier
        is Barrier.NOT_EXCUSED
    )
    assert excuse(filled, noa, "first", clock).barrier is None
    rows = filled.read_now(lambda session: session.exec(select(Correction)).all())
    assert [(row.member_id, row.undone_by) for row in rows] == [(dana.id, noa.id), (noa.id, None)]


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGER])
def test_nobody_corrects_in_another_department(
    filled: Store, noa: Member, clock: HandClock, role: Role
) -> None:
    elsewhere = join(filled, role, 9, "Avi", clock.now(), ("Dermatology",))
    excuse(filled, noa, "second", clock)
    for work in (
        partial(excuse, filled, elsewhere, "first", clock),
        partial(excuse, filled, elsewhere, "second", clock),
        partial(undo, filled, elsewhere, "second", clock),
    ):
        with pytest.raises(Refused) as refused:
            work()
        assert (refused.value.right, refused.value.department) == (Right.CORRECT, "Cardiology")
    assert excuse(filled, elsewhere, "other", clock).barrier is None


def test_an_admin_corrects_nothing(filled: Store, clock: HandClock) -> None:
    root = join(filled, Role.ADMIN, 9, "Root", clock.now())
    with pytest.raises(Refused):
        excuse(filled, root, "first", clock)


def test_an_unknown_appointment_is_not_found(filled: Store, dana: Member, clock: HandClock) -> None:
    with pytest.raises(NoResultFound):
        filled.write_now(corrections.excuse, dana, 4711, Excuse.OTHER, clock.now())
    with pytest.raises(NoResultFound):
        filled.write_now(corrections.undo_excuse, dana, 4711, clock.now())
    assert filled.read_now(corrections.record, 4711) is None


async def test_of_people_who_press_at_once_one_excuses_and_the_others_are_told(
    filled: Store, dana: Member, noa: Member, clock: HandClock
) -> None:
    key, now = key_in(filled, "first"), clock.now()
    presses = [(dana, Excuse.OTHER), (noa, Excuse.CAME_LATE)] * 3
    found = await asyncio.gather(
        *(filled.write(corrections.excuse, who, key, why, now) for who, why in presses)
    )
    assert (
        sorted(str(outcome.barrier) for outcome in found) == ["None"] + [str(Barrier.ALREADY)] * 5
    )
    assert len({outcome.record.excused for outcome in found}) == 1
    found = await asyncio.gather(
        *(filled.write(corrections.undo_excuse, who, key, now) for who, _ in presses)
    )
    assert [outcome.barrier for outcome in found].count(None) == 1
    assert filled.read_now(counters.verify) == []
    assert len(trail(filled)) == 2


async def test_all_no_shows_of_a_patient_can_be_excused_at_once(
    filled: Store, dana: Member, noa: Member, clock: HandClock
) -> None:
    work: list[Callable[[], Any]] = []
    for who, name in ((dana, "first"), (noa, "second"), (dana, "other")):
        key = key_in(filled, name)
        work.append(partial(filled.write, corrections.excuse, who, key, Excuse.OTHER, clock.now()))
    found = await asyncio.gather(*(each() for each in work))
    assert [outcome.barrier for outcome in found] == [None] * 3
    assert appointment(filled, "coming").prior_no_shows == 0
    assert filled.read_now(counters.verify) == []


def test_the_database_itself_keeps_one_correction_in_force(
    filled: Store, dana: Member, clock: HandClock
) -> None:
    excuse(filled, dana, "first", clock)

    def again(session: Session) -> None:
        session.add(
            Correction(
                appointment_id=key_in(filled, "first"),
                member_id=dana.id,
                reason=Excuse.OTHER,
                at=clock.now(),
            )
        )

    with pytest.raises(IntegrityError):
        filled.write_now(again)


def test_a_file_that_says_noshow_again_keeps_the_excuse(
    filled: Store, dana: Member, clock: HandClock
) -> None:
    excuse(filled, dana, "first", clock)
    hmo = Hmo(clock.now())
    hmo.visit("p", -31, "noshow", key="first")
    hmo.visit("p", -25, "noshow", key="between")
    hmo.load(filled)
    assert appointment(filled, "first").excused
    assert appointment(filled, "coming").prior_no_shows == 2
    assert filled.read_now(counters.verify) == []


def test_recorded_no_shows_come_latest_first_in_pages_and_within_ones_departments(
    filled: Store, dana: Member, clock: HandClock
) -> None:
    excuse(filled, dana, "first", clock)
    hmo = Hmo(clock.now())
    hmo.visit("p", -15, "noshow", department="Dermatology", key="elsewhere")
    hmo.load(filled)
    patient = appointment(filled, "first").patient_id
    for departments, expected in (
        ((), ["elsewhere", "second", "first"]),
        ([appointment(filled, "first").department_id], ["second", "first"]),
        ([4711], []),
    ):
        rows, total = filled.read_now(corrections.recorded_no_shows, patient, departments, 0, 10)
        assert [row.appointment_id for row in rows] == [key_in(filled, name) for name in expected]
        assert total == len(expected)
    rows, total = filled.read_now(corrections.recorded_no_shows, patient, (), 2, 10)
    assert ([row.excused is not None for row in rows], total) == ([True], 3)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hmo=hmos(MONDAY_MORNING), data=st.data())
def test_the_report_is_what_pandas_counts(store: Store, hmo: Hmo, data: st.DataObject) -> None:
    hmo.load(emptied(store))
    dana = join(store, Role.STAFF, 7, "Dana", MONDAY_MORNING)
    frame = counted(hmo)
    missed = frame[frame["status"] == "noshow"]
    why: dict[str, Excuse] = {}
    for name in map(str, missed["appointment_id"]):
        reason = data.draw(st.none() | st.sampled_from(Excuse))
        if reason:
            why[name] = reason
            key = key_in(store, name)
            store.write_now(corrections.excuse, dana, key, reason, MONDAY_MORNING)
    for days in (30, 90):
        span = HOUSE.calendar.back(MONDAY_MORNING, days)
        within = missed[missed["day"].between(span.first, span.last)]
        expected = {
            str(department): (len(names), Counter(why[name] for name in names if name in why))
            for department, names in within.groupby("department")["appointment_id"]
        }
        for departments in (DEPARTMENTS, DEPARTMENTS[:1]):
            rows = report(store, departments, span)
            assert {row.department: (row.recorded, row.reasons) for row in rows} == {
                name: found for name, found in expected.items() if name in departments
            }
            order = [-row.excused for row in rows]
            assert order == sorted(order)


def excuse(
    store: Store, member: Member, name: str, clock: HandClock, reason: Excuse = Excuse.OTHER
) -> Outcome:
    return store.write_now(corrections.excuse, member, key_in(store, name), reason, clock.now())


def undo(store: Store, member: Member, name: str, clock: HandClock) -> Outcome:
    return store.write_now(corrections.undo_excuse, member, key_in(store, name), clock.now())


def report(store: Store, departments: tuple[str, ...], span: Span) -> list[Corrected]:
    keys = [key for key, name in store.read_now(risk.departments).items() if name in departments]
    begin = HOUSE.calendar.start_of(span.first)
    return store.read_now(corrections.corrected, keys or [0], span, begin)


def appointment(store: Store, name: str) -> Appointment:
    by_name = select(Appointment).where(col(Appointment.external_id) == name)
    return store.read_now(lambda session: session.exec(by_name).one())


def key_in(store: Store, name: str) -> int:
    return key_of(appointment(store, name))


def missed_in(store: Store, department: str) -> int:
    table = store.read_now(outcomes, BACK).table
    return int(table[table["department"] == department]["no_shows"].sum())


def versions(store: Store, names: dict[str, int]) -> list[int]:
    figures = [store.read_now(figures_version, key) for key in names.values()]
    return [*figures, store.read_now(outcomes_version)]


def trail(store: Store) -> list[tuple[str, str]]:
    rows = store.read_now(
        lambda session: session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
    )
    return [(row.event, json.loads(row.detail)["reason"]) for row in rows if "correct" in row.event]
