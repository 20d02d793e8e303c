"""`export`: the audit trail and the actions as CSV and JSON lines."""

import csv
import hashlib
import io
import json
from datetime import datetime

from sqlmodel import Session

from bot import exporting
from bot.exporting import Format
from domain.clock import HandClock
from domain.criteria import Criteria, select
from domain.people import Member, Role
from domain.transfers import Kind
from storage import actions, audit, risk
from storage.store import Store
from storage.tables import Appointment, Patient
from tests.hmo import HOUSE, Hmo, join

CHAINED = ("id", "at", "event", "member_id", "appointment_id", "department_id", "detail")


def test_every_action_is_told_with_who_decided_what_when(store: Store, clock: HandClock) -> None:
    noa, dana = town(store, clock)
    first, second = coming(store, noa, clock)
    store.write_now(actions.propose, dana, first, Kind.TRANSFER, clock.now(), HOUSE.threshold)
    store.write_now(actions.add_note, dana, first, "=1+1", clock.now())
    store.write_now(actions.decline, noa, 1, clock.now(), 'she said "no",\nthen yes')
    store.write_now(
        actions.authorize_directly, noa, second, Kind.PROACTIVE, clock.now(), HOUSE.threshold
    )
    declined, authorized = exported(store, exporting.actions)
    assert declined["state"] == "declined"
    assert (declined["proposed_by"], declined["decided_by"]) == ("'=Dana", "Noa")
    assert declined["note"] == "'=1+1"
    assert declined["reason"] == 'she said "no",\nthen yes'
    assert datetime.fromisoformat(declined["decided_at"]) == clock.now()
    assert (authorized["kind"], authorized["proposed_by"]) == ("proactive", "")
    assert authorized["reference"].startswith("P-")
    assert authorized["department"] == "Cardiology"


def test_the_trail_is_told_from_its_beginning(store: Store, clock: HandClock) -> None:
    noa, _ = town(store, clock)
    key, _ = coming(store, noa, clock)
    store.write_now(
        actions.authorize_directly, noa, key, Kind.TRANSFER, clock.now(), HOUSE.threshold
    )
    rows = exported(store, exporting.audit)
    assert [row["event"] for row in rows][-1] == "authorize"
    assert (rows[-1]["by"], rows[-1]["appointment_id"]) == ("Noa", str(key))
    assert {"invite", "join"} <= {row["event"] for row in rows}
    assert all(datetime.fromisoformat(row["at"]).utcoffset() is not None for row in rows)
    assert (rows[-1]["department"], rows[-1]["reference"][:2]) == ("Cardiology", "P-")
    head = store.read_now(audit.head)
    assert head
    assert (rows[-1]["id"], rows[-1]["hash"]) == (str(head.id), head.hash)


def test_json_lines_are_enough_to_check_the_chain_by_another_program(
    store: Store, clock: HandClock
) -> None:
    noa, _ = town(store, clock)
    key, _ = coming(store, noa, clock)
    store.write_now(
        actions.authorize_directly, noa, key, Kind.TRANSFER, clock.now(), HOUSE.threshold
    )
    lines = written(store, exporting.audit, Format.JSONL).splitlines()
    before = ""
    for number, line in enumerate(lines, 1):
        row = json.loads(line)
        told = {name: row[name] for name in CHAINED}
        told["at"] = int(datetime.fromisoformat(row["at"]).timestamp())
        text = json.dumps(told, sort_keys=True, separators=(",", ":"))
        before = hashlib.sha256((before + text).encode()).hexdigest()
        assert (row["id"], row["hash"]) == (number, before)
    assert len(lines) > 4


def test_an_empty_store_exports_its_headers(store: Store) -> None:
    for work in (exporting.audit, exporting.actions):
        assert exported(store, work) == []
        assert written(store, work).startswith("id,")


def test_nothing_of_a_patient_but_the_reference_is_exported(store: Store, clock: HandClock) -> None:
    noa, _ = town(store, clock)
    key, _ = coming(store, noa, clock)
    store.write_now(
        actions.authorize_directly, noa, key, Kind.TRANSFER, clock.now(), HOUSE.threshold
    )
    text = written(store, exporting.actions) + written(store, exporting.audit)
    assert "patient-with-a-name" not in text


def town(store: Store, clock: HandClock) -> tuple[Member, Member]:
    hmo = Hmo(clock.now())
    hmo.regular("patient-with-a-name-1", 3)
    hmo.regular("patient-with-a-name-2", 2)
    hmo.load(store)
    return (
        join(store, Role.MANAGER, 1, "Noa", clock.now()),
        join(store, Role.STAFF, 2, "=Dana", clock.now()),
    )


def coming(store: Store, member: Member, clock: HandClock) -> list[int]:
    week = select(Criteria(), member, HOUSE, clock.now())
    return [row.appointment_id for row in store.read_now(risk.risk_rows, week, 0, 9)]


def test_references_tell_the_hmo_who_is_who(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    for patient in ("p1", "p2"):
        hmo.regular(patient, 2)
    hmo.load(store)
    rows = exported(store, exporting.references)
    assert sorted(row["patient_id"] for row in rows) == ["p1", "p2"]
    for row in rows:
        (found,) = store.read_now(risk.coming_of_patient, row["reference"], clock.now(), ())
        assert store.read_now(external_id, found.appointment_id) == row["patient_id"]


def external_id(session: Session, appointment_id: int) -> str:
    appointment = session.get_one(Appointment, appointment_id)
    return session.get_one(Patient, appointment.patient_id).external_id


def written(store: Store, work: object, form: Format = Format.CSV) -> str:
    out = io.StringIO()

    def export(session: Session) -> None:
        assert callable(work)
        work(session, out, form)

    store.read_now(export)
    return out.getvalue()


def exported(store: Store, work: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(store, work), newline="")))
