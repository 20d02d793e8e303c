"""The trial of reminders: one at a time, who is held out, and whom it counts; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.notices import Channel, NoticeKind, NoticeState
from domain.people import Member, Refused, Role
from domain.statuses import Status
from domain.trial import HELD_OUT, Group, is_held_out
from storage import trials
from storage.store import Store
from storage.tables import Appointment, Notice, Patient, Trial, TrialPatient, key_of
from storage.trials import TrialReport
from tests.e2e.town import events
from tests.hmo import HOUSE, Hmo, join
from tests.storage.plans import plan_of

PATIENTS = 40


@pytest.fixture
def noa(store: Store, clock: HandClock) -> Member:
    """A manager of an HMO of forty high-risk visits in four days, and ten that are not."""
    hmo = Hmo(clock.now())
    for number in range(PATIENTS):
        hmo.regular(f"risky{number}", 2, coming=4)
    for number in range(10):
        hmo.regular(f"steady{number}", 0, coming=4)
    hmo.load(store)
    return join(store, Role.MANAGER, 1, "Noa", clock.now())


def remind(session: Session, now: datetime, kind: NoticeKind = NoticeKind.REMINDER) -> int:
    """Write a notice about each coming visit, and hold out whom the trial does."""
    for row in session.scalars(
        select(Appointment).where(
            col(Appointment.start) > now, col(Appointment.status) == Status.BOOKED
        )
    ):
        session.add(
            Notice(
                key=f"{kind}:{row.id}:{now}",
                patient_id=row.patient_id,
                kind=kind,
                channel=Channel.SMS,
                state=NoticeState.WAITING,
                counts=True,
                appointment_id=key_of(row),
                created_at=now,
                due_at=now,
            )
        )
    return trials.hold_out(session, now)


def held_out(session: Session) -> set[int]:
    """The patients whose reminders were dropped for the trial."""
    return set(
        session.scalars(
            select(col(Notice.patient_id)).where(
                col(Notice.state) == NoticeState.DROPPED, col(Notice.problem) == HELD_OUT
            )
        )
    )


def entered(session: Session) -> dict[int, bool]:
    """Who is in the trial, and whether they are held out."""
    return {row.patient_id: row.held_out for row in session.scalars(select(TrialPatient))}


def end_visits(
    session: Session, status: Status, *, held_out: bool, at_most: int = PATIENTS
) -> None:
    """Let visits of one group end, those of the lowest keys."""
    keys = session.scalars(
        select(col(TrialPatient.appointment_id))
        .join(Appointment, col(Appointment.id) == col(TrialPatient.appointment_id))
        .where(col(TrialPatient.held_out) == held_out, col(Appointment.status) == Status.BOOKED)
        .order_by(col(TrialPatient.appointment_id))
        .limit(at_most)
    ).all()
    session.execute(update(Appointment).where(col(Appointment.id).in_(keys)).values(status=status))


def test_without_a_trial_everybody_is_reminded(store: Store, clock: HandClock, noa: Member) -> None:
    assert noa.departments == frozenset()
    assert store.write_now(remind, clock.now()) == 0
    assert store.read_now(trials.running) is None
    assert store.read_now(entered) == {}


def test_of_many_who_start_one_at_once_one_does(
    store: Store, clock: HandClock, noa: Member
) -> None:
    def press(share: int) -> bool:
        return store.write_now(trials.start, noa, share, HOUSE, clock.now())

    with ThreadPoolExecutor(4) as people:
        assert sorted(people.map(press, [10, 20, 30, 20])) == [False, False, False, True]
    found = store.read_now(trials.running)
    assert found is not None
    assert (found.started_by, found.ended_at) == ("Noa", None)
    assert store.write_now(trials.stop, noa, found.id, clock.now())
    assert not store.write_now(trials.stop, noa, found.id, clock.now())
    assert store.read_now(trials.running) is None
    assert press(10)
    told = store.read_now(events)
    assert (told.count("start trial"), told.count("stop trial")) == (2, 1)


def test_only_a_manager_of_all_departments_starts_or_stops_one(
    store: Store, clock: HandClock, noa: Member
) -> None:
    avi = join(store, Role.MANAGER, 2, "Avi", clock.now(), ("Cardiology",))
    dana = join(store, Role.STAFF, 3, "Dana", clock.now())
    store.write_now(trials.start, noa, 20, HOUSE, clock.now())
    found = store.read_now(trials.running)
    assert found is not None
    for who in (avi, dana):
        with pytest.raises(Refused):
            store.write_now(trials.start, who, 20, HOUSE, clock.now())
        with pytest.raises(Refused):
            store.write_now(trials.stop, who, found.id, clock.now())
    with pytest.raises(ValueError, match="not 100"):
        store.write_now(trials.start, noa, 100, HOUSE, clock.now())


def test_high_risk_patients_are_held_out_by_chance_and_stay_so(
    store: Store, clock: HandClock, noa: Member
) -> None:
    store.write_now(trials.start, noa, 30, HOUSE, clock.now())
    dropped = store.write_now(remind, clock.now())
    groups, out = store.read_now(entered), store.read_now(held_out)

    def drawn(session: Session) -> set[int]:
        salt = session.scalars(select(col(Trial.salt))).one()
        everybody = session.scalars(select(Patient)).all()
        return {key_of(row) for row in everybody if is_held_out(row.reference, salt, 30)}

    assert len(groups) == PATIENTS
    assert out == {key for key, without in groups.items() if without}
    assert out == store.read_now(drawn) & set(groups)
    assert dropped == len(out)
    clock.move(timedelta(days=3))
    assert store.write_now(remind, clock.now()) == dropped
    assert store.read_now(held_out) == out
    assert store.read_now(entered) == groups


def test_nothing_but_a_reminder_is_held_back(store: Store, clock: HandClock, noa: Member) -> None:
    store.write_now(trials.start, noa, 30, HOUSE, clock.now())
    assert store.write_now(remind, clock.now(), NoticeKind.CONFIRM) == 0
    assert store.read_now(entered) == {}


def test_who_was_reminded_before_the_trial_comes_in_with_a_later_visit(
    store: Store, clock: HandClock, noa: Member
) -> None:
    store.write_now(remind, clock.now())
    clock.move(timedelta(days=1))
    store.write_now(trials.start, noa, 30, HOUSE, clock.now())
    assert store.write_now(remind, clock.now()) == 0
    assert store.read_now(entered) == {}


def test_who_is_no_longer_high_risk_stays_in_their_group_for_the_visit_that_counts(
    store: Store, clock: HandClock, noa: Member
) -> None:
    store.write_now(trials.start, noa, 30, HOUSE, clock.now())
    dropped = store.write_now(remind, clock.now())
    store.write_now(lambda session: session.execute(update(Appointment).values(prior_no_shows=0)))
    clock.move(timedelta(days=3))
    assert store.write_now(remind, clock.now()) == dropped
    assert len(store.read_now(entered)) == PATIENTS


def test_a_visit_counts_for_the_group_of_its_patient_once_its_end_is_known(
    store: Store, clock: HandClock, noa: Member
) -> None:
    store.write_now(trials.start, noa, 30, HOUSE, clock.now())
    out = store.write_now(remind, clock.now())
    trial = store.read_now(trials.running)
    assert trial is not None
    before = store.read_now(trials.report, trial.id, clock.now())
    assert before == TrialReport(Group(), Group(), to_come=PATIENTS, unknown=0)

    def end(session: Session) -> None:
        end_visits(session, Status.NOSHOW, held_out=True, at_most=1)
        end_visits(session, Status.CANCELLED, held_out=False, at_most=1)
        end_visits(session, Status.ENTERED_IN_ERROR, held_out=False, at_most=1)
        end_visits(session, Status.NOSHOW, held_out=False, at_most=2)
        excused = select(col(Appointment.id)).where(
            col(Appointment.status) == Status.NOSHOW, col(Appointment.start) > clock.now()
        )
        last = session.scalars(excused.order_by(col(Appointment.id).desc()).limit(1)).one()
        session.execute(update(Appointment).where(col(Appointment.id) == last).values(excused=True))
        session.execute(update(Notice).values(state=NoticeState.FAILED))

    store.write_now(end)
    clock.move(timedelta(days=5))
    after = store.read_now(trials.report, trial.id, clock.now())
    assert (after.held_out.visits, after.reminded.visits) == (1, 3)
    assert after.held_out.no_shows + after.reminded.no_shows == 2
    assert (after.to_come, after.unknown) == (0, PATIENTS - 5)
    store.write_now(lambda session: end_visits(session, Status.FULFILLED, held_out=True))
    store.write_now(lambda session: end_visits(session, Status.FULFILLED, held_out=False))
    ended = store.read_now(trials.report, trial.id, clock.now())
    assert (ended.held_out.visits, ended.reminded.visits) == (out, PATIENTS - 1 - out)


def test_visits_after_the_end_of_a_trial_do_not_count(
    store: Store, clock: HandClock, noa: Member
) -> None:
    store.write_now(trials.start, noa, 30, HOUSE, clock.now())
    store.write_now(remind, clock.now())
    trial = store.read_now(trials.running)
    assert trial is not None
    clock.move(timedelta(days=3))
    store.write_now(trials.stop, noa, trial.id, clock.now())
    clock.move(timedelta(days=2))
    for held_out in (True, False):
        store.write_now(partial(end_visits, status=Status.NOSHOW, held_out=held_out))
    found = store.read_now(trials.report, trial.id, clock.now())
    assert found == TrialReport(Group(), Group(), to_come=0, unknown=0)
    assert store.write_now(remind, clock.now()) == 0


def test_sqlite_reads_what_waits_alone(sqlite_store: Store, clock: HandClock) -> None:
    noa = join(sqlite_store, Role.MANAGER, 1, "Noa", clock.now())
    sqlite_store.write_now(trials.start, noa, 20, HOUSE, clock.now())
    plan = plan_of(sqlite_store, trials.hold_out, clock.now())
    assert "notice USING INDEX ix_notice_due (due_at>?)" in plan
    assert "SCAN notice" not in plan
