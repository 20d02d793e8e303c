"""Whatever happens in whatever order, everything kept up to date equals a count from scratch."""

import csv
import io
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.calls import CallOutcome
from domain.corrections import Excuse
from domain.people import Member, Role
from domain.statuses import OUTCOMES, Status, status_known_at
from domain.transfers import Kind
from storage import actions, calls, corrections, counters
from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.feeds.report import ImportRefused
from storage.slots import is_given_back
from storage.store import Store
from storage.tables import Action, Appointment, Call, Department, Patient, key_of
from tests.conftest import MONDAY_MORNING
from tests.hmo import HOUSE, join
from tests.storage.tampering import unguard

THRESHOLD = 2
EMPTIED = (
    "push", "audit_entry", "call", "correction", "action", "appointment", "daily_count",
    "patient", "department",
)  # fmt: skip

OUTCOMES_OF_CALLS = (CallOutcome.CANCELS, CallOutcome.CANCELS, *CallOutcome)
NAMES = ("appointment_id", "patient_id", "department", "start", "booked", "status", "age")

rows = st.fixed_dictionaries(
    {
        "appointment_id": st.sampled_from([f"A{n}" for n in range(9)]),
        "patient_id": st.sampled_from(["P1", "P2", "P3"]),
        "department": st.sampled_from(["Eyes", "Ears"]),
        # Hours from the present, in steps that make equal starts and day boundaries frequent.
        "start": st.sampled_from([-72, -48, -30, -30, -24, -7, -1, 0, 1, 8, 24, 48]),
        "booked": st.sampled_from([None, -100, -100, -2, 0, 5]),
        "status": st.sampled_from(["noshow", "noshow", "noshow", *Status]),
        "age": st.sampled_from(["", "17", "18", "80"]),
    }
)
steps = st.one_of(
    st.tuples(st.just("import"), st.lists(rows, min_size=1, max_size=12)),
    st.tuples(st.just("import again"), st.just(None)),
    st.tuples(st.just("correct"), st.tuples(st.integers(0, 8), st.sampled_from(list(Status)))),
    st.tuples(st.just("authorize"), st.integers(0, 8)),
    st.tuples(st.just("propose"), st.integers(0, 8)),
    st.tuples(st.just("decide"), st.sampled_from(["undo", "decline", "authorize"])),
    st.tuples(st.just("call"), st.tuples(st.integers(0, 8), st.sampled_from(OUTCOMES_OF_CALLS))),
    st.tuples(st.just("undo call"), st.just(None)),
    st.tuples(st.just("excuse"), st.tuples(st.integers(0, 8), st.sampled_from(Excuse))),
    st.tuples(st.just("undo excuse"), st.integers(0, 8)),
    st.tuples(st.just("wait"), st.sampled_from([1, 6, 30])),
)


@dataclass
class World:
    """The store, and beside it what a simple reading of the rules says it should hold."""

    store: Store
    manager: Member
    rejects: Path
    now: datetime = MONDAY_MORNING
    feed: list[dict[str, str]] = field(default_factory=list)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    """What is cancelled by phone and the feed does not know of yet."""
    in_force: set[tuple[str, CallOutcome, datetime]] = field(default_factory=set)
    excused: set[str] = field(default_factory=set)

    def do(self, step: str, given: Any) -> None:
        getattr(self, "do_" + step.replace(" ", "_"))(given)

    def do_wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def do_import(self, rows: list[dict[str, Any]]) -> None:
        self.feed = [self.cells(row) for row in rows]
        self.do_import_again(None)

    def cells(self, row: dict[str, Any]) -> dict[str, str]:
        """The row as it stands in a file, its hours counted from the present."""
        booked = ""
        if row["booked"] is not None:
            hours = row["booked"] + min(row["start"], 0)
            booked = (self.now + timedelta(hours=hours)).isoformat()
        start = (self.now + timedelta(hours=row["start"])).isoformat()
        return row | {"start": start, "booked": booked}

    def do_import_again(self, _: None) -> None:
        file = io.StringIO()
        writer = csv.DictWriter(file, NAMES)
        writer.writeheader()
        writer.writerows(self.feed)
        with suppress(ImportRefused):  # no rows, or every row rejected: nothing was noted either
            import_file(
                self.store,
                io.BytesIO(file.getvalue().encode()),
                name="feed.csv",
                mapping=Mapping({"booked_at": "booked"}),
                calendar=HOUSE.calendar,
                now=self.now,
                chance=np.random.default_rng(),
                rejects=self.rejects,
            )
        self.note()

    def note(self) -> None:
        """The rules of an import, one row at a time."""
        day_of, usable = HOUSE.calendar.day_of, {}
        for row in self.feed:
            start = datetime.fromisoformat(row["start"])
            booked = datetime.fromisoformat(row["booked"]) if row["booked"] else None
            if booked and (day_of(booked) > day_of(start) or booked > self.now):
                continue
            status = Status(row["status"])
            if status in OUTCOMES and start > self.now:
                status = Status.BOOKED
            usable[row["appointment_id"]] = row | {"start": start, "status": status}
        for key in self.released & set(usable):
            says, known = usable[key], self.held[key]
            if (says["status"], says["start"]) == (Status.BOOKED, known["start"]):
                usable[key] = says | {"status": known["status"]}
            else:
                self.released.remove(key)
        for key, says in usable.items():
            known = self.held.get(key, says)
            stays = (says["status"], says["start"]) == (Status.CANCELLED, known["start"])
            if known["status"] is Status.CANCELLED and not stays:
                self.says_otherwise(key, None)
        self.held |= usable

    def appointments(self) -> list[Appointment]:
        query = select(Appointment).order_by("id")
        return list(self.store.read_now(lambda session: session.exec(query).all()))

    def do_correct(self, given: tuple[int, Status]) -> None:
        place, status = given
        found = self.appointments()
        if place < len(found):
            chosen = found[place]
            self.store.write_now(counters.apply_status_change, key_of(chosen), status, self.now)
            known = status_known_at(status, started=chosen.start <= self.now)
            if known is not chosen.status:
                self.released.discard(chosen.external_id)
            self.held[chosen.external_id]["status"] = known

    def do_call(self, given: tuple[int, CallOutcome]) -> None:
        place, outcome = given
        found = self.appointments()
        if place >= len(found):
            return
        key, row = found[place].external_id, self.held[found[place].external_id]
        work, appointment = calls.record_call, key_of(found[place])
        noted = self.store.write_now(work, self.manager, appointment, outcome, self.now, 0)
        if noted.barrier or (key, outcome, self.now) in self.in_force:
            return
        if row["status"] is Status.CANCELLED:
            assert outcome is CallOutcome.CONFIRMED
            self.says_otherwise(key, Status.BOOKED)
        elif outcome is CallOutcome.CANCELS:
            self.says_otherwise(key, Status.CANCELLED)
            self.released.add(key)
        self.in_force.add((key, outcome, self.now))

    def do_undo_call(self, _: None) -> None:
        query = select(Call, Appointment.external_id).join(Appointment).order_by(col(Call.id))
        found = self.store.read_now(lambda session: session.exec(query).all())
        if not found:
            return
        call, key = found[-1]
        noted = self.store.write_now(calls.undo_call, self.manager, key_of(call), self.now)
        if noted.barrier:
            return
        if call.outcome is CallOutcome.CANCELS:
            was_given_back = self.held[key]["status"] is Status.CANCELLED
            self.says_otherwise(key, Status.BOOKED if was_given_back else None)
        else:
            self.in_force.remove((key, call.outcome, call.at))

    def says_otherwise(self, key: str, status: Status | None) -> None:
        """What was cancelled by phone before holds no longer."""
        self.in_force = {call for call in self.in_force if call[:2] != (key, CallOutcome.CANCELS)}
        if status:
            self.held[key]["status"] = status
            self.released.discard(key)

    def do_excuse(self, given: tuple[int, Excuse]) -> None:
        place, reason = given
        found = self.appointments()
        if place < len(found):
            key, name = key_of(found[place]), found[place].external_id
            self.store.write_now(corrections.excuse, self.manager, key, reason, self.now)
            if self.held[name]["status"] is Status.NOSHOW:
                self.excused.add(name)

    def do_undo_excuse(self, place: int) -> None:
        found = self.appointments()
        if place < len(found):
            key = key_of(found[place])
            self.store.write_now(corrections.undo_excuse, self.manager, key, self.now)
            self.excused.discard(found[place].external_id)

    def do_authorize(self, place: int) -> None:
        self.act(actions.authorize_directly, place)

    def do_propose(self, place: int) -> None:
        self.act(actions.propose, place)

    def act(self, act: Any, place: int) -> None:
        found = self.appointments()
        if place < len(found):
            key = key_of(found[place])
            self.store.write_now(act, self.manager, key, Kind.TRANSFER, self.now, 0)

    def do_decide(self, how: str) -> None:
        query = select(Action).order_by("id")
        found = self.store.read_now(lambda session: session.exec(query).all())
        if found:
            key = key_of(found[-1])
            if how == "authorize":
                self.store.write_now(actions.authorize, self.manager, key, self.now, 0)
            else:
                self.store.write_now(getattr(actions, how), self.manager, key, self.now)

    def given_back(self) -> set[str]:
        """What is free because a patient said so on the phone."""
        query = select(Appointment.external_id).where(is_given_back())
        return set(self.store.read_now(lambda session: session.exec(query).all()))

    def counted_given_back(self) -> set[str]:
        """The same, from what is known beside the store."""
        said = {key for key, outcome, _ in self.in_force if outcome is CallOutcome.CANCELS}
        return {key for key in said if self.held[key]["status"] is Status.CANCELLED}

    def risk_list(self) -> list[tuple[Any, ...]]:
        """The store's: most earlier no-shows first, then the soonest."""

        def work(session: Session) -> list[tuple[Any, ...]]:
            query = (
                select(Appointment, Patient.external_id, Department.name)
                .join(Patient)
                .join(Department)
            )
            listed = [
                (-each.prior_no_shows, each.start, each.external_id, patient, department)
                for each, patient, department in session.exec(query)
                if each.status is Status.BOOKED
                and each.start > self.now
                and each.prior_no_shows >= THRESHOLD
            ]
            return sorted(listed)

        return self.store.read_now(work)

    def counted_risk_list(self) -> list[tuple[Any, ...]]:
        """The same by pandas, from what is known beside the store."""
        if not self.held:
            return []
        all_ = pd.DataFrame(self.held.values())
        counts = (all_.status == Status.NOSHOW) & ~all_.appointment_id.isin(self.excused)
        missed = all_[counts][["patient_id", "start"]]
        pairs = all_.merge(missed, on="patient_id", suffixes=("", "_missed"))
        earlier = pairs[pairs.start_missed < pairs.start].groupby("appointment_id").size()
        all_["earlier"] = all_.appointment_id.map(earlier).fillna(0).astype(int)
        coming = all_[
            (all_.status == Status.BOOKED) & (all_.start > self.now) & (all_.earlier >= THRESHOLD)
        ]
        return sorted(
            (-row["earlier"], row["start"], *(row[name] for name in NAMES[:3]))
            for row in coming.to_dict("records")
        )


@pytest.fixture
def manager(store: Store) -> Member:
    return join(store, Role.MANAGER, 7, "Noa", MONDAY_MORNING)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(steps, min_size=1, max_size=12))
def test_after_any_history_everything_kept_equals_a_count_from_scratch(
    store: Store, manager: Member, rejects: Path, history: list[tuple[str, Any]]
) -> None:
    def empty(session: Session) -> None:
        unguard(session)
        for table in EMPTIED:
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608

    store.write_now(empty)
    world = World(store, manager, rejects)
    for step, given_ in history:
        world.do(step, given_)
        assert store.read_now(counters.verify) == []
        assert world.risk_list() == world.counted_risk_list()
        assert world.given_back() == world.counted_given_back()
        shielded = {each.external_id for each in world.appointments() if each.released_at}
        assert shielded == world.released
    kept = {each.external_id: (each.start, each.status) for each in world.appointments()}
    assert kept == {key: (row["start"], row["status"]) for key, row in world.held.items()}
    assert {each.external_id for each in world.appointments() if each.excused} == world.excused
