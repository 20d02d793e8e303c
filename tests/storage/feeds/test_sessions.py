"""Clinicians' sessions: what a file says of them."""

import pytest
from sqlmodel import Session, select

from storage.feeds.report import KindWord
from storage.store import Store
from storage.tables import ClinicSession
from tests.storage.feeds.helpers import TakeIn, contents

HEADER = "clinician,department,start,end,slot_minutes,visit_types,blocked"
FULL = f"""\
{HEADER}
Dr. Bar,Eyes,2026-11-24T08:00,2026-11-24T13:00,15,first visit; follow-up;first visit,
Dr. Bar,Eyes,2026-11-24T14:00,2026-11-24T16:00,,,yes
"""


def sessions(store: Store) -> list[ClinicSession]:
    def work(session: Session) -> list[ClinicSession]:
        return list(session.exec(select(ClinicSession).order_by("start")))

    return store.read_now(work)


def test_sessions_are_told_by_their_header_and_kept(store: Store, take_in: TakeIn) -> None:
    report = take_in(FULL)
    assert (report.kind, report.inserted, report.new_patients) == (KindWord.SESSIONS, 2, 0)
    morning, afternoon = sessions(store)
    assert (morning.slot_minutes, morning.visit_types) == (15, "first visit;follow-up")
    assert (morning.until - morning.start).total_seconds() == 5 * 3600
    assert (afternoon.slot_minutes, afternoon.visit_types, afternoon.blocked) == (20, None, True)
    assert not morning.blocked


def test_a_known_session_is_updated_and_the_same_file_again_changes_nothing(
    store: Store, take_in: TakeIn
) -> None:
    take_in(FULL)
    before = contents(store, "clinic_session", "clinician", "department")
    assert take_in(FULL).unchanged == 2
    assert contents(store, "clinic_session", "clinician", "department") == before
    report = take_in(f"{HEADER}\nDr. Bar,Eyes,2026-11-24T08:00,2026-11-24T12:00,,,1\n")
    assert (report.inserted, report.updated) == (0, 1)
    changed = sessions(store)[0]
    assert ((changed.until - changed.start).total_seconds(), changed.blocked) == (4 * 3600, True)
    assert (changed.slot_minutes, changed.visit_types) == (15, "first visit;follow-up")


def test_the_last_row_about_a_session_counts(store: Store, take_in: TakeIn) -> None:
    row = "Dr. Bar,Eyes,2026-11-24T08:00,2026-11-24T1{}:00,,,\n"
    report = take_in(f"{HEADER}\n{row.format(2)}{row.format(3)}")
    assert (report.inserted, report.duplicates) == (1, 1)
    assert report.lines()[-1].endswith("of the same clinician, department and start")
    assert (sessions(store)[0].until - sessions(store)[0].start).total_seconds() == 5 * 3600


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("2026-11-24T09:00,2026-11-24T09:00,,,", "end is not after start"),
        ("2026-11-24T09:00,2026-11-25T09:01,,,", "it is longer than 24 hours"),
        ("2026-11-24T09:00,,,,", "end is no ISO 8601 date or time"),
        ("2026-11-24T09:00,2026-11-24T09:30,31,,", "slot_minutes is longer than the session"),
        ("2026-11-24T09:00,2026-11-24T09:30,0,,", "slot_minutes is no whole number"),
        ("2026-11-24T09:00,2026-11-24T09:30,,=x,", "visit_types begins like a formula"),
        ("2026-11-24T09:00,2026-11-24T09:30,,,maybe", "blocked is neither yes nor no"),
    ],
)
def test_a_session_that_makes_no_sense_is_rejected(
    take_in: TakeIn, cells: str, reason: str
) -> None:
    good = "Dr. Bar,Eyes,2026-11-24T08:00,2026-11-24T09:00,,,"
    report = take_in(f"{HEADER}\n{good}\nDr. Bar,Eyes,{cells}\n")
    assert report.inserted == 1
    assert report.reasons[0][0].startswith(reason)


def test_a_schedule_with_an_end_of_its_own_is_still_a_schedule(take_in: TakeIn) -> None:
    header = "appointment_id,patient_id,department,start,status,clinician,end"
    report = take_in(f"{header}\nA1,P1,Eyes,2026-11-24T08:00,booked,Dr. Bar,2026-11-24T08:20\n")
    assert report.kind is KindWord.APPOINTMENTS
