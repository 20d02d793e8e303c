"""What a file leaves in the store: rows, histories, counters, the audit."""

import io
import json
from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from domain.clock import HandClock
from domain.people import Role
from domain.statuses import Status
from domain.transfers import Kind
from storage import actions, audit
from storage.feeds import merging
from storage.feeds.kinds import appointment_merge
from storage.feeds.report import ImportRefused
from storage.store import Store
from storage.tables import AuditEntry, DailyCount, Department, Patient, key_of
from tests.hmo import join
from tests.storage.feeds.helpers import (
    HEADER,
    MANY,
    TakeIn,
    appointment,
    contents,
    is_true,
    patient,
)

FULL = """\
appointment_id,patient_id,department,start,status,booked_at,birth_date,sex,clinician,duration,phone,email,language,reminder_sent,ward
A1,P1,Cardiology,2026-11-02T09:00,noshow,2026-10-01,1980-05-05,female,Dr. Bar,20,+972 3 555 0101,p1@example.org,he,yes,7
A2,P1,Cardiology,2026-11-09T09:00,noshow,2026-10-01,1980-05-05,female,Dr. Bar,20,,,,no,
A3,P1,Neurology,2026-11-30T09:00,booked,2026-10-01,1980-05-05,female,,,,,,,
A4,P2,Neurology,2026-11-30T09:00,fulfilled,2026-10-01,2016-12-01,male,,,,,,,
A5,P2,Neurology,2026-11-01T09:00,cancelled,2026-10-01,2016-12-01,male,,,,,,,
A6,P3,Neurology,2026-12-01T09:00,booked,2026-11-24,1990-01-01,male,,,,,,,
"""  # noqa: E501


def test_a_file_fills_the_store_and_its_counters(store: Store, take_in: TakeIn) -> None:
    report = take_in(FULL)
    assert (report.rows, report.inserted, report.not_booked_yet) == (6, 5, 1)
    assert (report.outcome_withheld, report.new_patients) == (1, 2)
    assert report.new_departments == ("Cardiology", "Neurology")
    first, third = appointment(store, "A1"), appointment(store, "A3")
    assert (first.age, first.duration, first.reminder_sent) == (46, 20, True)
    assert json.loads(first.extra or "") == {"ward": "7"}
    assert third.prior_no_shows == 2
    assert appointment(store, "A4").status is Status.BOOKED
    one = patient(store, "P1")
    assert (one.birth_date, one.phone, one.language) == (date(1980, 5, 5), "+972 3 555 0101", "he")
    assert is_true(store)


def test_the_same_file_again_changes_nothing(store: Store, take_in: TakeIn) -> None:
    take_in(FULL)
    kept = ("appointment", "patient", "department", "clinician", "daily_count", "fact")
    before = contents(store, *kept)
    report = take_in(FULL)
    assert (report.inserted, report.updated, report.unchanged) == (0, 0, 5)
    assert (report.new_patients, report.patients_updated, report.new_departments) == (0, 0, ())
    assert contents(store, *kept) == before


def test_outcomes_come_in_once_time_has_passed(
    store: Store, take_in: TakeIn, clock: HandClock
) -> None:
    take_in(FULL)
    clock.move(timedelta(days=30))
    report = take_in(FULL)
    assert (report.inserted, report.updated, report.unchanged) == (1, 1, 4)
    assert appointment(store, "A4").status is Status.FULFILLED
    assert appointment(store, "A3").status is Status.BOOKED  # nobody said what became of it
    assert is_true(store)


def test_a_known_id_updates_its_row_and_an_empty_cell_erases_nothing(
    store: Store, take_in: TakeIn
) -> None:
    take_in(FULL)
    report = take_in(
        f"{HEADER},sex,phone\nA1,P1,Neurology,2026-11-02T10:00,fulfilled,,03-5550102\n"
    )
    assert (report.updated, report.patients_updated) == (1, 1)
    changed, one = appointment(store, "A1"), patient(store, "P1")
    assert (changed.status, changed.age, changed.duration) == (Status.FULFILLED, 46, 20)
    assert changed.clinician_id is not None
    assert changed.extra is not None
    assert (one.sex, one.phone, one.email) == ("female", "03-5550102", "p1@example.org")
    assert appointment(store, "A3").prior_no_shows == 1
    assert is_true(store)


def test_a_patient_changed_by_mistake_and_back_leaves_both_histories_right(
    store: Store, take_in: TakeIn
) -> None:
    take_in(FULL)
    take_in(f"{HEADER}\nA1,P2,Cardiology,2026-11-02T09:00,noshow\n")
    assert appointment(store, "A3").prior_no_shows == 1
    assert appointment(store, "A4").prior_no_shows == 1
    assert is_true(store)
    take_in(f"{HEADER}\nA1,P1,Cardiology,2026-11-02T09:00,noshow\n")
    assert appointment(store, "A3").prior_no_shows == 2
    assert is_true(store)


def test_an_authorised_appointment_counts_until_the_hmo_moves_it(
    store: Store, take_in: TakeIn, clock: HandClock
) -> None:
    take_in(FULL)
    manager = join(store, Role.MANAGER, 7, "Noa", clock.now())
    key = key_of(appointment(store, "A3"))
    store.write_now(actions.authorize_directly, manager, key, Kind.TRANSFER, clock.now(), 2)

    def actioned() -> list[tuple[date, int]]:
        rows = store.read_now(lambda session: session.exec(select(DailyCount)).all())
        return [(row.day, row.actioned) for row in rows if row.actioned]

    take_in(f"{HEADER},age\nA3,P1,Neurology,2026-11-30T09:00,booked,70\n")
    assert actioned() == [(date(2026, 11, 30), 1)]
    assert appointment(store, "A3").action_state == "authorized"
    assert is_true(store)
    take_in(f"{HEADER}\nA3,P1,Neurology,2026-12-01T09:00,booked\n")
    assert actioned() == []
    assert appointment(store, "A3").action_state is None
    assert is_true(store)


def test_departments_get_a_new_version_if_their_figures_or_lists_have_changed(
    store: Store, take_in: TakeIn
) -> None:
    def versions() -> dict[str, tuple[int, int]]:
        return store.read_now(
            lambda session: {
                row.name: (row.figures, row.outcomes) for row in session.exec(select(Department))
            }
        )

    take_in(FULL)
    take_in(f"{HEADER}\nA7,P4,Eyes,2026-11-30T09:00,booked\n")
    before = versions()
    take_in(
        f"{HEADER}\nA1,P1,Cardiology,2026-11-02T09:00,fulfilled\nA7,P4,Eyes,2026-11-30T09:00,booked\n"
    )
    assert appointment(store, "A3").prior_no_shows == 1
    assert versions() == before | {"Cardiology": (2, 2), "Neurology": (2, 1)}
    take_in(f"{HEADER}\nA7,P4,Neurology,2026-11-30T09:00,booked\n")
    assert versions() == {"Cardiology": (2, 2), "Neurology": (3, 2), "Eyes": (2, 2)}


def test_the_last_row_of_an_id_wins(store: Store, take_in: TakeIn) -> None:
    report = take_in(
        f"{HEADER}\nA1,P1,Ghosts,2026-11-02,noshow\nA2,P1,Eyes,2026-11-03,noshow\n"
        "A1,P1,Eyes,2026-11-04,fulfilled\n"
    )
    assert (report.rows, report.inserted, report.duplicates) == (3, 2, 1)
    assert report.new_departments == ("Eyes",)
    assert appointment(store, "A1").status is Status.FULFILLED


def test_an_older_row_counts_for_the_later_ones_already_there(
    store: Store, take_in: TakeIn
) -> None:
    take_in(f"{HEADER}\nA2,P1,Eyes,2026-11-10T09:00,noshow\nA3,P1,Eyes,2026-11-30,booked\n")
    take_in(
        f"{HEADER}\nA1,P1,Eyes,2026-11-10T08:59:59,noshow\nA0,P1,Eyes,2026-11-10T09:00,noshow\n"
    )
    assert appointment(store, "A2").prior_no_shows == 1
    assert appointment(store, "A0").prior_no_shows == 1
    assert appointment(store, "A3").prior_no_shows == 3
    assert is_true(store)


def test_the_zone_of_the_first_import_is_kept_to(store: Store, take_in: TakeIn) -> None:
    take_in(FULL)
    with pytest.raises(ImportRefused, match="filled in the time zone Asia/Jerusalem; this is UTC"):
        take_in(FULL, zone="UTC")


def test_an_import_is_audited_by_counts_alone(
    store: Store, take_in: TakeIn, clock: HandClock
) -> None:
    report = take_in(FULL)
    entry = store.read_now(lambda session: session.exec(select(AuditEntry)).one())
    detail = json.loads(entry.detail)
    assert (entry.event, entry.at, entry.member_id) == ("import", clock.now(), None)
    assert (detail["sha256"], detail["inserted"]) == (report.sha256, 5)
    assert "P1" not in entry.detail
    assert "Cardiology" not in entry.detail
    assert store.read_now(audit.verify) is None


def test_patients_get_unique_references_even_if_the_draw_repeats(
    store: Store, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = np.random.default_rng(1)

    def poor_draw(count: int, _chance: np.random.Generator) -> list[str]:
        return [f"P-{number:06}" for number in draws.integers(0, 40, count)]

    monkeypatch.setattr(merging, "draw_references", poor_draw)
    monkeypatch.setattr(merging, "_PATIENTS_AT_ONCE", 8)
    rows = "".join(f"A{n},P{n},Eyes,2026-11-02,noshow\n" for n in range(30))
    assert take_in(f"{HEADER}\n{rows}").new_patients == 30
    assert take_in(f"{HEADER}\n{rows}").new_patients == 0
    found = store.read_now(lambda session: session.exec(select(Patient.reference)).all())
    assert len(set(found)) == 30


def test_a_first_load_that_builds_its_indexes_afresh_leaves_them_all(
    store: Store, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexes = (
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        if store.is_sqlite
        else "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
    )
    before = store.read_now(lambda session: session.execute(text(indexes)).all())
    monkeypatch.setattr(appointment_merge, "_MANY", 100)
    assert take_in(f"{HEADER}\n{MANY}").inserted == 3_000
    assert store.read_now(lambda session: session.execute(text(indexes)).all()) == before
    assert is_true(store)


def test_decisions_taken_while_a_file_is_read_are_not_lost(
    store: Store, take_in: TakeIn, clock: HandClock
) -> None:
    take_in(FULL)
    manager = join(store, Role.MANAGER, 7, "Noa", clock.now())
    key, threshold = key_of(appointment(store, "A3")), 2

    def decide(session: Session) -> actions.Outcome:
        return actions.authorize_directly(
            session, manager, key, Kind.TRANSFER, clock.now(), threshold
        )

    outcomes: list[actions.Outcome] = []

    class Slow(io.BytesIO):
        """A file whose second half comes after a decision was made."""

        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() and not outcomes:
                outcomes.append(store.write_now(decide))
            return super().read(min(size or -1, 50_000))

    older = "A3,P1,Neurology,2026-11-30T09:00,booked,70\n"
    others = MANY.replace("A", "B").replace("noshow", "noshow,")
    take_in(Slow(f"{HEADER},age\n{older}{others}".encode()))
    assert [outcome.barrier for outcome in outcomes] == [None]
    assert appointment(store, "A3").action_state == "authorized"
    assert is_true(store)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # there the merge checks no keys
def test_every_key_that_a_merge_writes_refers_to_something(
    store: Store, take_in: TakeIn, clock: HandClock
) -> None:
    take_in(FULL)
    clock.move(timedelta(days=30))
    take_in(FULL)
    broken = text("PRAGMA foreign_key_check")
    assert store.read_now(lambda session: session.execute(broken).all()) == []
    enforced = text("PRAGMA foreign_keys")
    assert store.read_now(lambda session: session.scalar(enforced)) == 1
