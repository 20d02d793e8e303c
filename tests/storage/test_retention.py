"""Retention: what becomes anonymous, what is deleted, and what stays as it was."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlmodel import Session, SQLModel, col

from domain.clock import HandClock
from domain.criteria import Criteria
from domain.criteria import select as select_criteria
from domain.notices import Channel, NoticeKind, NoticeState
from domain.people import Member, Role
from domain.pushes import PushKind
from domain.retention import Retention
from domain.waiting import WaitState
from storage import batches, counters, outbox, retention
from storage.retention import NOBODY, Tidied, TidiedElsewhere
from storage.store import Store
from storage.tables import (
    Action,
    Appointment,
    AuditEntry,
    BatchItem,
    CallList,
    CallListItem,
    Fact,
    Notice,
    Patient,
    Push,
    ReplyRow,
    Trial,
    Waiting,
    key_of,
)
from tests.hmo import HOUSE, Hmo, join
from tests.storage.plans import plan_of

KEEP = Retention()
DAY = timedelta(days=1)
PERSONAL = {
    "birth_date": date(1980, 5, 17),
    "sex": "female",
    "language": "he",
    "phone": "+972 3-555-0101",
    "email": "dana@example.org",
}
TRACES = ("Ruth", "1980", "female", "555-0101", "example.org", "Rehov", "wants an afternoon")


@pytest.fixture
def hmo(store: Store, clock: HandClock) -> Hmo:
    """Somebody long gone, somebody who has come for long, and somebody new."""
    hmo = Hmo(clock.now())
    for days in (-900, -850, -800):
        hmo.visit("Ruth", days, "noshow", key=f"Ruth{-days}")
        hmo.visit("Lea", days, "noshow", department="Eyes", key=f"Lea{-days}")
    hmo.visit("Lea", 2, department="Eyes", key="Lea")
    hmo.regular("Miriam", 3, department="Eyes")
    hmo.load(store)
    store.write_now(say_much)
    return hmo


def say_much(session: Session) -> None:
    """All that may be known of everybody."""
    session.execute(update(Patient).values(**PERSONAL))
    session.execute(update(Appointment).values(extra='{"address": "Rehov 7"}'))
    for key in session.scalars(select(col(Appointment.id))).all():
        session.execute(
            text("""
                INSERT INTO action (appointment_id, kind, state, note, reason)
                VALUES (:key, 'proactive', 'declined', 'wants an afternoon', 'Ruth said no')
            """),
            {"key": key},
        )
    session.execute(update(Appointment).values(action_state="declined"))


async def test_who_has_not_been_there_for_long_cannot_be_recognised_any_more(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    reference = references(store)["Ruth"]
    assert all(word in everything(store) for word in TRACES)
    assert await tidied(store, clock) == {"patients": 1, "appointments": 3}
    gone = [patient for patient in patients(store) if patient.external_id.startswith(NOBODY)]
    assert [getattr(gone[0], name) for name in PERSONAL] == [None] * len(PERSONAL)
    assert reference != gone[0].reference
    theirs = visits(store, gone[0])
    assert {visit.extra for visit in theirs} == {None}
    ids = {gone[0].external_id, *(visit.external_id for visit in theirs)}
    assert len(ids) == 4
    assert all(len(key) == 33 and key.startswith(NOBODY) for key in ids)
    assert "Ruth" not in everything(store, but=("action",))
    assert {(a.note, a.reason) for a in actions_about(store, theirs)} == {(None, None)}


async def test_who_came_lately_stays_as_they_were_with_all_their_history(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    before = [row for row in contents(store) if "Lea" in row or "Miriam" in row]
    await tidied(store, clock)
    after = [row for row in contents(store) if "Lea" in row or "Miriam" in row]
    assert after == before
    assert len([row for row in after if "'Lea" in row]) == 5


async def test_nothing_that_is_counted_changes(store: Store, clock: HandClock, hmo: Hmo) -> None:
    def counted(session: Session) -> list[Any]:
        names = "id, patient_id, department_id, start, day, status, age, prior_no_shows"
        rows = session.execute(text(f"SELECT {names} FROM appointment ORDER BY id")).all()  # noqa: S608
        return [*rows, *session.execute(text("SELECT * FROM daily_count ORDER BY day")).all()]

    before = store.read_now(counted)
    await tidied(store, clock)
    assert store.read_now(counted) == before
    assert store.read_now(counters.verify) == []


async def test_doing_it_again_does_nothing_more(store: Store, clock: HandClock, hmo: Hmo) -> None:
    await tidied(store, clock)
    before = everything(store)
    assert await tidied(store, clock) == {}
    assert everything(store) == before


async def test_the_audit_trail_has_counts_and_nothing_of_any_patient(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    await tidied(store, clock)
    (entry,) = store.read_now(entries, "anonymise")
    assert json.loads(entry.detail) == {"patients": 1, "appointments": 3}
    assert (entry.member_id, entry.appointment_id) == (None, None)


async def test_a_day_makes_the_difference(store: Store, clock: HandClock, hmo: Hmo) -> None:
    keep = replace(KEEP, patients=800 * DAY)
    assert await tidied(store, clock, keep) == {}
    clock.move(timedelta(seconds=1))
    assert await tidied(store, clock, keep) == {"patients": 1, "appointments": 3}


async def test_a_large_store_is_tidied_in_portions(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hmo = Hmo(clock.now())
    for number in range(25):
        hmo.visit(f"old{number}", -800 - number, "fulfilled")
    hmo.load(store)
    monkeypatch.setattr(retention, "PORTION", 10)
    assert await tidied(store, clock) == {"patients": 25, "appointments": 25}
    portions = [
        json.loads(entry.detail)["patients"] for entry in store.read_now(entries, "anonymise")
    ]
    assert portions == [10, 10, 5]
    assert len({patient.reference for patient in patients(store)}) == 25


def test_a_portion_begins_where_the_last_one_has_ended(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hmo = Hmo(clock.now())
    for number in range(5):
        hmo.visit(f"old{number}", -800 - number, "fulfilled")
    hmo.load(store)
    monkeypatch.setattr(retention, "PORTION", 2)
    first = store.read_now(retention.past_patients, clock.now())
    second = store.read_now(retention.past_patients, clock.now(), first[-1])
    assert len({*first, *second}) == 4
    assert first == sorted(first) < second == sorted(second)
    if store.is_sqlite:
        plan = plan_of(store, retention.past_patients, clock.now(), first[-1])
        assert plan.startswith("SEARCH patient USING INTEGER PRIMARY KEY (rowid>?)")


async def test_old_rows_that_are_sent_again_bring_nobody_back(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    await tidied(store, clock)
    before = everything(store, but=("audit_entry", "audit_head"))
    report = hmo.load(store)
    assert (report.inserted, report.updated, report.forgotten) == (0, 0, 3)
    assert report.unchanged == len(hmo.rows) - 3
    assert "3 rows left out: older than what is kept of patients" in report.lines()
    assert everything(store, but=("audit_entry", "audit_head")) == before
    assert store.read_now(counters.verify) == []


async def test_a_file_of_nothing_but_forgotten_rows_leaves_nothing_behind(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    await tidied(store, clock)
    before = everything(store, but=("audit_entry", "audit_head"))
    old = Hmo(clock.now())
    old.visit("Sara", -1000, "fulfilled", department="A department long closed")
    assert old.load(store).forgotten == 1
    assert everything(store, but=("audit_entry", "audit_head")) == before


async def test_a_known_old_visit_of_who_still_comes_can_be_corrected(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    await tidied(store, clock)
    next(row for row in hmo.rows if row["appointment_id"] == "Lea900")["status"] = "fulfilled"
    assert hmo.load(store).updated == 1
    assert store.read_now(counters.verify) == []


def test_old_rows_come_in_where_nobody_was_forgotten(store: Store, clock: HandClock) -> None:
    old = Hmo(clock.now())
    old.visit("Sara", -1000, "fulfilled")
    report = old.load(store)
    assert (report.inserted, report.forgotten) == (1, 0)


async def test_somebody_forgotten_who_comes_again_begins_anew(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    await tidied(store, clock)
    hmo.visit("Ruth", 3, key="Ruth again")
    assert hmo.load(store).new_patients == 1
    (coming,) = [visit for visit in visits(store, None) if visit.external_id == "Ruth again"]
    assert coming.prior_no_shows == 0
    assert store.read_now(counters.verify) == []


async def test_a_patient_who_was_booked_in_the_meantime_is_left_alone(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    before = clock.now() - KEEP.patients
    due = store.read_now(retention.past_patients, before)
    assert len(due) == 1
    hmo.visit("Ruth", 3)
    hmo.load(store)
    assert store.write_now(retention.anonymise, due, before, clock.now()) == {}
    assert "Ruth" in references(store)


async def test_old_pushes_go_and_what_waits_stays(store: Store, clock: HandClock, hmo: Hmo) -> None:
    dana = join(store, Role.STAFF, 1, "Dana", clock.now())
    states = {"sent": 31, "failed": 31, "waiting": 31, "sending": 31, "new": 29}
    for state, days in states.items():
        at = clock.now() - days * DAY
        enqueue = outbox.enqueue
        store.write_now(enqueue, dana.id, "summary", at, key=state, kind=PushKind.SUMMARY)
        store.write_now(set_state, state, "sent" if state == "new" else state)
    assert (await tidied(store, clock))["pushes"] == 2
    assert store.read_now(keys_of_pushes) == {"waiting", "sending", "new"}


async def test_old_notices_go_once_the_visit_is_past_and_what_waits_stays(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    await store.write(write_notices, clock.now() - KEEP.outbox - DAY)
    assert (await tidied(store, clock))["notices"] == 2
    left = await store.read(lambda session: set(session.scalars(select(col(Notice.key)))))
    assert left == {"past:waiting", "coming:sent"}


async def test_ids_of_replies_go_with_the_notices(store: Store, clock: HandClock) -> None:
    now = clock.now()
    for name, at in (("old", now - KEEP.outbox - DAY), ("new", now)):
        await store.write(_add_reply, name, at)
    assert (await tidied(store, clock))["replies"] == 1
    assert await store.read(lambda session: list(session.scalars(select(col(ReplyRow.id))))) == [
        "new"
    ]


async def test_reminders_stay_while_a_trial_tells_by_them(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    noa = join(store, Role.MANAGER, 1, "Noa", clock.now())
    trial = Trial(salt="salt", share=20, threshold=2, started_at=clock.now(), started_by=noa.id)
    await store.write(lambda session: session.add(trial))
    await store.write(write_notices, clock.now() - KEEP.outbox - DAY)
    assert (await tidied(store, clock))["notices"] == 1
    ended = update(Trial).values(ended_at=clock.now())
    await store.write(lambda session: session.execute(ended).close())
    assert (await tidied(store, clock))["notices"] == 1


def write_notices(session: Session, at: datetime) -> None:
    """A question sent, one that waits, and a reminder about the past; one about what comes."""
    for name, visit, kind, state in (
        ("past:sent", "Lea800", NoticeKind.CONFIRM, NoticeState.SENT),
        ("past:waiting", "Lea800", NoticeKind.CONFIRM, NoticeState.WAITING),
        ("past:reminder", "Lea800", NoticeKind.REMINDER, NoticeState.SENT),
        ("coming:sent", "Lea", NoticeKind.CONFIRM, NoticeState.SENT),
    ):
        about = select(Appointment).where(col(Appointment.external_id) == visit)
        appointment = session.scalars(about).one()
        session.add(
            Notice(
                key=name,
                patient_id=appointment.patient_id,
                kind=kind,
                channel=Channel.SMS,
                state=state,
                counts=True,
                appointment_id=key_of(appointment),
                created_at=at,
                due_at=at,
            )
        )


async def test_who_waits_for_a_visit_stays_recognisable_until_they_do_not(
    store: Store, clock: HandClock, hmo: Hmo
) -> None:
    def wait(session: Session) -> None:
        ruth = session.scalars(select(Patient).where(col(Patient.external_id) == "Ruth")).one()
        department = session.scalars(select(col(Appointment.department_id)).limit(1)).one()
        session.add(
            Waiting(
                external_id="W-1",
                patient_id=key_of(ruth),
                department_id=department,
                urgency=3,
                since=clock.now() - KEEP.patients - DAY,
                notice_hours=24,
                state=WaitState.WAITING,
            )
        )

    await store.write(wait)
    assert (await tidied(store, clock))["patients"] == 0
    withdrawn = update(Waiting).values(state=WaitState.WITHDRAWN)
    await store.write(lambda session: session.execute(withdrawn).close())
    assert (await tidied(store, clock))["patients"] == 1
    (place,) = await store.read(lambda session: session.scalars(select(Waiting)).all())
    assert place.external_id.startswith(NOBODY)


async def test_old_views_go_and_decisions_stay(store: Store, clock: HandClock, hmo: Hmo) -> None:
    noa = join(store, Role.MANAGER, 2, "Noa", clock.now())
    decided = draft(store, clock, noa)
    store.write_now(batches.confirm, noa, decided, clock.now(), HOUSE.threshold)
    store.write_now(leave_out, decided)
    draft(store, clock, noa)
    store.write_now(make_call_list, HOUSE.calendar.day_of(clock.now()))
    clock.move(89 * DAY)
    young = draft(store, clock, noa)
    store.write_now(make_call_list, HOUSE.calendar.day_of(clock.now()))
    actions_before = contents(store, ("action", "batch"))
    clock.move(2 * DAY)
    draft_items = store.read_now(items_of, young)
    done = await tidied(store, clock, replace(KEEP, patients=3_000 * DAY))
    assert (done["call_lists"], done["call_list_items"], done["batch_items"]) == (1, 2, 1)
    assert store.read_now(items_of, young) == draft_items
    assert store.read_now(items_of, decided) == 0
    assert contents(store, ("action", "batch")) == actions_before
    assert store.read_now(count, CallList) == 1
    assert store.read_now(counters.verify) == []
    assert len(store.read_now(entries, "tidy")) == 1


async def test_of_several_processes_one_tidies(postgres_store: Store, clock: HandClock) -> None:
    night = date(2026, 11, 23)
    postgres_store.write_now(retention.mark_done, night - DAY)
    with postgres_store.engine.begin() as other:
        other.execute(select(Fact).where(col(Fact.name) == "retention").with_for_update())
        with pytest.raises(TidiedElsewhere):
            await tidied(postgres_store, clock)
        with pytest.raises(TidiedElsewhere):
            postgres_store.write_now(retention.mark_done, night)
    assert await tidied(postgres_store, clock) == {}


def test_a_night_is_done_once(store: Store) -> None:
    night = date(2026, 11, 23)
    assert store.read_now(retention.is_due, night)
    store.write_now(retention.mark_done, night)
    assert not store.read_now(retention.is_due, night)
    assert store.read_now(retention.is_due, night + DAY)


def test_what_was_done_is_told_in_words() -> None:
    done = Tidied(patients=1_200, call_lists=3)
    assert retention.told(done) == ["1,200 patients made anonymous", "3 call lists deleted"]
    assert retention.told(Tidied(pushes=1)) == ["1 push deleted"]
    assert retention.told(Tidied()) == ["Nothing was old enough."]


async def tidied(store: Store, clock: HandClock, keep: Retention = KEEP) -> Tidied:
    return await retention.tidy(store, keep, HOUSE.calendar, clock.now())


def contents(store: Store, tables: Sequence[str] = ("patient", "appointment")) -> list[str]:
    def work(session: Session) -> list[str]:
        found = [SQLModel.metadata.tables[name] for name in tables]
        return sorted(repr(row) for table in found for row in session.execute(select(table)))

    return store.read_now(work)


def everything(store: Store, but: tuple[str, ...] = ()) -> str:
    """All that is kept, in one text."""
    return repr(contents(store, sorted(set(SQLModel.metadata.tables) - set(but))))


def patients(store: Store) -> list[Patient]:
    return store.read_now(lambda session: list(session.scalars(select(Patient)).all()))


def references(store: Store) -> dict[str, str]:
    return {patient.external_id: patient.reference for patient in patients(store)}


def visits(store: Store, patient: Patient | None) -> list[Appointment]:
    def work(session: Session) -> list[Appointment]:
        found = session.scalars(select(Appointment)).all()
        return [row for row in found if patient is None or row.patient_id == patient.id]

    return store.read_now(work)


def actions_about(store: Store, theirs: Sequence[Appointment]) -> list[Action]:
    keys = {visit.id for visit in theirs}

    def work(session: Session) -> list[Action]:
        return [row for row in session.scalars(select(Action)).all() if row.appointment_id in keys]

    return store.read_now(work)


def entries(session: Session, event: str) -> list[AuditEntry]:
    wanted = select(AuditEntry).where(col(AuditEntry.event) == event).order_by(col(AuditEntry.id))
    return list(session.scalars(wanted).all())


def set_state(session: Session, key: str, state: str) -> None:
    session.execute(update(Push).where(col(Push.key) == key).values(state=state))


def keys_of_pushes(session: Session) -> set[str]:
    return set(session.scalars(select(col(Push.key))))


def draft(store: Store, clock: HandClock, noa: Member) -> int:
    week = select_criteria(Criteria(), noa, HOUSE, clock.now())
    return store.write_now(batches.draft_from_list, noa, "risk:7.-.-:0", week, clock.now())


def leave_out(session: Session, batch: int) -> None:
    (key, *_) = session.scalars(select(col(Appointment.id))).all()
    session.add(BatchItem(batch_id=batch, appointment_id=key or 0))


def items_of(session: Session, batch: int) -> int:
    wanted = select(func.count()).where(col(BatchItem.batch_id) == batch)
    return session.scalar(wanted) or 0


def make_call_list(session: Session, day: date) -> None:
    first, second, *_ = session.scalars(select(Appointment)).all()
    made = CallList(department_id=first.department_id, day=day, made_at=first.start)
    session.add(made)
    session.flush()
    for place, visit in enumerate((first, second), 1):
        session.add(
            CallListItem(call_list_id=key_of(made), place=place, appointment_id=key_of(visit))
        )


def count(session: Session, table: type[SQLModel]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _add_reply(session: Session, name: str, at: datetime) -> None:
    session.add(ReplyRow(id=name, at=at))
