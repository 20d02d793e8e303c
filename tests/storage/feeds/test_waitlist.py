"""Places on the waitlist: what a file says of them, and what it cannot undo."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from domain.backfills import Stage
from domain.clock import HandClock
from domain.offers import OfferBarrier, OfferState
from domain.statuses import Status
from domain.transfers import Kind, State
from domain.waiting import WaitState
from storage import retention
from storage.feeds.kinds.waitlist import WAITLIST, WaitlistReader
from storage.feeds.layout import lay_out
from storage.feeds.report import ImportRefused, ImportReport, KindWord, RowRejected
from storage.store import Store
from storage.tables import (
    Action,
    Appointment,
    BackfillRow,
    Department,
    OfferRow,
    Waiting,
    key_of,
)
from tests.conftest import MONDAY_MORNING
from tests.hmo import HOUSE, Hmo
from tests.storage.feeds.helpers import TakeIn, contents, is_true, patient
from tests.storage.offering import a_small_clinic

HEADER = "waiting_id,patient_id,department,urgency,since"
FULL = f"""\
{HEADER},earliest,latest,notice_hours,visit_type,status,phone,email,language,consent,birth_date
W1,P1,Cardiology,5,2026-11-02,2026-11-25,2026-12-10,4,first  visit,waiting,+972 3 555 0101,p1@example.org,he,yes,1980-05-05
W2,P2,Eyes,1,2026-09-01T10:00,,,,,,,,,no,
W3,P3,Eyes,2,2026-09-01,,,,,withdrawn,,,,,
"""  # noqa: E501


def place(store: Store, external_id: str) -> Waiting:
    def work(session: Session) -> Waiting:
        return session.exec(select(Waiting).where(col(Waiting.external_id) == external_id)).one()

    return store.read_now(work)


def book(store: Store, clock: HandClock, external_id: str) -> int:
    """Give a place on the list a slot of ours, as an accepted offer does."""
    hmo = Hmo(clock.now())
    hmo.visit("P1", 5, key="B1")
    hmo.load(store)

    def work(session: Session) -> int:
        slot = session.exec(select(Appointment)).one()
        row = session.exec(select(Waiting).where(col(Waiting.external_id) == external_id)).one()
        row.state, row.appointment_id = WaitState.BOOKED, key_of(slot)
        return key_of(slot)

    return store.write_now(work)


def cancel(store: Store) -> None:
    def work(session: Session) -> None:
        session.exec(select(Appointment)).one().status = Status.CANCELLED

    store.write_now(work)


def test_a_waitlist_is_told_by_its_header_and_fills_the_list(store: Store, take_in: TakeIn) -> None:
    report: ImportReport = take_in(FULL)
    assert (report.kind, report.inserted, report.new_patients) == (KindWord.WAITLIST, 3, 3)
    assert report.lines()[0].startswith("feed.csv: 3 waitlist rows in ")
    first, second = place(store, "W1"), place(store, "W2")
    assert (first.urgency, first.notice_hours, first.visit_type) == (5, 4, "first visit")
    assert (first.earliest, first.latest) == (date(2026, 11, 25), date(2026, 12, 10))
    assert (second.state, second.notice_hours, second.earliest) == (WaitState.WAITING, 24, None)
    assert place(store, "W3").state is WaitState.WITHDRAWN
    one = patient(store, "P1")
    assert (one.consent, one.phone, one.birth_date) == (True, "+972 3 555 0101", date(1980, 5, 5))
    assert patient(store, "P2").consent is False
    assert patient(store, "P3").consent is None
    assert is_true(store)


def test_the_same_waitlist_again_changes_nothing(store: Store, take_in: TakeIn) -> None:
    take_in(FULL)
    before = contents(store, "waiting", "patient", "department")
    report = take_in(FULL)
    assert (report.inserted, report.updated, report.unchanged) == (0, 0, 3)
    assert contents(store, "waiting", "patient", "department") == before


def test_a_known_place_is_updated_and_who_is_missing_from_a_file_stays(
    store: Store, take_in: TakeIn
) -> None:
    take_in(FULL)
    report = take_in(f"{HEADER},status,consent\nW1,P1,Eyes,3,2026-11-02,,no\n")
    assert (report.inserted, report.updated, report.patients_updated) == (0, 1, 1)
    moved = place(store, "W1")
    assert (moved.urgency, moved.notice_hours, moved.state) == (3, 4, WaitState.WAITING)
    eyes = store.read_now(lambda session: session.get_one(Department, moved.department_id).name)
    assert eyes == "Eyes"
    assert patient(store, "P1").consent is False
    assert place(store, "W2").state is WaitState.WAITING
    take_in(f"{HEADER},status\nW1,P1,Eyes,3,2026-11-02,Withdrawn\n")
    assert place(store, "W1").state is WaitState.WITHDRAWN
    take_in(f"{HEADER}\nW1,P1,Eyes,3,2026-11-02\n")
    assert place(store, "W1").state is WaitState.WITHDRAWN


@pytest.mark.parametrize("status", ["waiting", ""])
def test_who_accepted_a_slot_waits_again_only_once_that_is_cancelled(
    store: Store, take_in: TakeIn, clock: HandClock, status: str
) -> None:
    stale = f"{HEADER},status\nW1,P1,Cardiology,5,2026-11-02,{status}\n"
    take_in(stale)
    slot = book(store, clock, "W1")
    assert take_in(stale).updated == 0
    assert (place(store, "W1").state, place(store, "W1").appointment_id) == ("booked", slot)
    cancel(store)
    assert take_in(stale).updated == 1
    assert (place(store, "W1").state, place(store, "W1").appointment_id) == ("waiting", None)


def test_who_no_longer_waits_has_no_open_offer_any_more(
    store: Store, take_in: TakeIn, clock: HandClock
) -> None:
    take_in(FULL)
    book(store, clock, "W3")  # any appointment will do, whose slot is offered

    def offer(session: Session) -> None:
        now, appointment = clock.now(), session.exec(select(Appointment)).one()
        action = Action(
            appointment_id=key_of(appointment), kind=Kind.TRANSFER, state=State.AUTHORIZED
        )
        session.add(action)
        session.flush()
        backfill = BackfillRow(
            appointment_id=key_of(appointment),
            action_id=key_of(action),
            stage=Stage.OFFERING,
            day=appointment.day,
            start=appointment.start,
            opened_at=now,
        )
        session.add(backfill)
        session.flush()
        for rank, name in enumerate(("W1", "W2"), 1):
            row = session.exec(select(Waiting).where(col(Waiting.external_id) == name)).one()
            session.add(
                OfferRow(
                    backfill_id=key_of(backfill),
                    waiting_id=key_of(row),
                    wave=1,
                    rank=rank,
                    state=OfferState.OPEN,
                    made_at=now,
                    expires_at=now + timedelta(hours=2),
                )
            )

    store.write_now(offer)
    take_in(
        f"{HEADER},status\nW1,P1,Cardiology,5,2026-11-02,withdrawn\n"
        "W2,P2,Eyes,3,2026-09-01T10:00,waiting\n"
    )
    states = store.read_now(
        lambda session: session.exec(select(OfferRow.state).order_by(col(OfferRow.rank))).all()
    )
    assert states == [OfferState.WITHDRAWN, OfferState.OPEN]


@pytest.mark.parametrize("change", ["late,Dermatology", "p3,Cardiology"])
def test_who_waits_elsewhere_or_in_whose_place_another_waits_has_no_offer_any_more(
    store: Store, take_in: TakeIn, clock: HandClock, change: str
) -> None:
    clinic = a_small_clinic(store, clock)
    first, second = clinic.given_back("p1"), clinic.given_back("p2")
    place = clinic.waits("late")
    (declined,) = clinic.send(first, [place])
    assert clinic.declines(declined) is None
    (waits,) = clinic.send(second, [place])
    take_in(f"{HEADER}\nW-late-Cardiology,{change},3,2026-11-10\n")
    (offer,) = clinic.offers(second)
    assert offer.state is OfferState.WITHDRAWN
    for each in (waits, declined):
        assert clinic.accepts(each) is OfferBarrier.WITHDRAWN


@given(st.lists(st.text(max_size=24), min_size=15, max_size=15))
def test_whatever_stands_in_a_row_it_is_read_or_rejected(cells: list[str]) -> None:
    fields = WAITLIST.fields.all
    good = ["W1", "P1", "Eyes", "1", "2026-11-02", *[""] * (len(fields) - 5)]
    layout = lay_out(WAITLIST.fields, fields, {})
    rows = WaitlistReader(layout, {}, HOUSE.calendar, MONDAY_MORNING)
    for place, cell in enumerate(cells):
        with suppress(RowRejected):
            record = rows.read(2, [*good[:place], cell, *good[place + 1 :]])
            assert record is not None
            assert len(record) == len(WAITLIST.staged.columns)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("W1,P1,Eyes,6,2026-11-02,,,", "urgency is no whole number from 1 to 5"),
        ("W1,P1,Eyes,,2026-11-02,,,", "urgency is no whole number from 1 to 5"),
        ("W1,P1,Eyes,1,2026-11-24,,,", "since is in the future"),
        ("W1,P1,Eyes,1,soon,,,", "since is no ISO 8601 date or time"),
        ("W1,P1,Eyes,1,2026-11-02,2026-12-02,2026-12-01,", "latest is before earliest"),
        ("W1,P1,Eyes,1,2026-11-02,,,gone", "status is none of waiting, booked, withdrawn"),
        (",P1,Eyes,1,2026-11-02,,,", "waiting_id is empty"),
    ],
)
def test_a_place_that_makes_no_sense_is_rejected(take_in: TakeIn, cells: str, reason: str) -> None:
    good = "W9,P9,Eyes,1,2026-11-02,,,"
    report = take_in(f"{HEADER},earliest,latest,status\n{good}\n{cells}\n")
    assert (report.inserted, report.reasons) == (1, ((reason, 1),))


def test_a_list_without_a_needed_column_is_refused_by_its_name(take_in: TakeIn) -> None:
    with pytest.raises(ImportRefused, match="missing column of a waitlist file: since; found: "):
        take_in("waiting_id,patient_id,department,urgency\nW1,P1,Eyes,1\n")


def test_a_row_that_withdraws_somebody_already_forgotten_is_left_out(
    store: Store, take_in: TakeIn, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.visit("P1", -900, "fulfilled", booked_days_ahead=1)
    hmo.load(store)
    before = clock.now() - timedelta(days=730)
    gone = store.read_now(retention.past_patients, before)
    store.write_now(retention.anonymise, gone, before, clock.now())
    report = take_in(
        f"{HEADER},status\nW1,P1,Eyes,1,2024-01-01,withdrawn\nW2,P2,Eyes,1,2024-01-01,waiting\n"
    )
    assert (report.forgotten, report.inserted, report.new_patients) == (1, 1, 1)
    assert store.read_now(retention.past_patients, before) == []
