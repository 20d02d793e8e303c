"""The sample HMO's later news come in through the product, and each visit has its fate."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot.demo.outcomes import SampleFeed
from bot.demo.sample import SAMPLE_ZONE, sample_rows
from domain.answers import Answer, Source
from domain.statuses import Status
from storage import answers
from storage.store import Store
from storage.tables import Appointment
from tests.hmo import HOUSE, Hmo

NOW = datetime(2026, 11, 24, 7, 40, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture(scope="module")
def missed() -> list[str]:
    """Appointments of the sample that are booked now, and missed by tomorrow."""
    coming = {row["appointment_id"] for row in rows() if row["status"] == Status.BOOKED}
    return [
        row["appointment_id"]
        for row in rows(TOMORROW)
        if row["appointment_id"] in coming and row["status"] == Status.NOSHOW
    ]


def test_the_past_stays_as_it_was_and_the_future_stays_open(missed: list[str]) -> None:
    before = {row["appointment_id"]: row for row in rows()}
    for row in rows(TOMORROW):
        was = before.pop(row["appointment_id"])
        start = datetime.fromisoformat(row["start"])
        assert row | {"status": ""} == was | {"status": ""}
        if start > TOMORROW:
            assert row["status"] in (was["status"], Status.CANCELLED)
        elif start <= NOW:
            assert row["status"] == was["status"]
    assert before == {}
    assert missed


def test_who_does_not_come_is_told_and_who_said_so_comes(
    sqlite_store: Store, tmp_path: Path, missed: list[str]
) -> None:
    hmo, (first, second) = Hmo(NOW), missed[:2]
    hmo.visit("Silent", 0.3, key=first)
    hmo.visit("Sure", 0.4, key=second)
    hmo.visit("Later", 5, key="not of the sample")
    hmo.load(sqlite_store)
    confirmed = key_of_visit(sqlite_store, second)
    said = (confirmed, Answer.CONFIRM, Source.PAGE)
    sqlite_store.write_now(answers.answer_visit, *said, HOUSE, NOW)
    feed = SampleFeed(sqlite_store, tmp_path, HOUSE.calendar, NOW)
    assert feed.tell(TOMORROW) == 2
    assert sqlite_store.read_now(statuses) == {
        first: Status.NOSHOW,
        second: Status.FULFILLED,
        "not of the sample": Status.BOOKED,
    }
    assert feed.tell(TOMORROW) == 0


def rows(later: datetime | None = None) -> list[dict[str, str]]:
    return list(sample_rows(NOW, SAMPLE_ZONE, later=later))


def key_of_visit(store: Store, number: str) -> int:
    wanted = select(Appointment.id).where(col(Appointment.external_id) == number)
    return store.read_now(lambda session: session.exec(wanted).one()) or 0


def statuses(session: Session) -> dict[str, Status]:
    return {it.external_id: it.status for it in session.exec(select(Appointment))}
