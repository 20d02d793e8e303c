"""The sample HMO's sessions and waitlist fit its schedule."""

import csv
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.demo.sample import SAMPLE_ZONE, write_sample
from bot.demo.sample_lists import WAITING, write_lists
from bot.demo.sample_store import SAMPLE_HOUSE, fill_with_sample
from domain.days import Span
from storage import sessions, waitlist
from storage.migrate import upgrade
from storage.store import Store

NOW = datetime(2026, 11, 24, 7, 40, tzinfo=UTC)  # a Tuesday morning
Rows = list[dict[str, str]]


def rows_of(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample in it, also as a database."""
    folder = tmp_path_factory.mktemp("sample")
    store = Store(f"sqlite:///{folder / 'sample.db'}")
    upgrade(store)
    fill_with_sample(store, folder, NOW)
    store.close()
    return folder


def test_the_same_moment_gives_the_same_files_to_the_byte(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "sample.csv"
    write_sample(again, NOW, SAMPLE_ZONE)
    for file in write_lists(tmp_path, again, NOW, SAMPLE_ZONE):
        assert file.read_bytes() == (folder / file.name).read_bytes()


def test_every_scheduled_visit_of_these_days_is_within_a_session_of_its_clinician(
    folder: Path,
) -> None:
    openings = defaultdict(list)
    for row in rows_of(folder / "sessions.csv"):
        if row["blocked"] == "no":
            span = [datetime.fromisoformat(row[name]) for name in ("start", "end")]
            openings[row["clinician"], row["department"]].append(span)
    checked = 0
    for row in rows_of(folder / "sample.csv"):
        start = datetime.fromisoformat(row["start"])
        if abs(start - NOW) > timedelta(days=29) or row["status"] in (
            "cancelled",
            "entered-in-error",
        ):
            continue
        end = start + timedelta(minutes=int(row["duration"]))
        known = openings[row["clinician"], row["department"]]
        assert any(first <= start and end <= last for first, last in known), row["appointment_id"]
        checked += 1
    assert checked > 4_000


def test_nothing_is_rejected_and_departments_are_filled_by_about_nine_tenths(folder: Path) -> None:
    assert not (folder / "rejects.csv").exists()
    store, calendar = Store(f"sqlite:///{folder / 'sample.db'}"), SAMPLE_HOUSE.calendar
    today = calendar.day_of(NOW)
    for first, last in ((-28, -1), (1, 28)):
        span = Span(today + timedelta(days=first), today + timedelta(days=last))
        found = store.read_now(sessions.fills, (), span, calendar)
        assert len(found) == 12
        for each in found:
            assert 85 <= (each.fill.rate or 0) <= 95, each
    for each in found:
        key = each.department_id
        assert store.read_now(sessions.third_next, key, calendar, NOW)
        used = store.read_now(sessions.use, key, calendar.back(NOW, 28), calendar)
        assert 70 < (used.rate or 0) < 92
    store.close()


def test_who_waits_is_a_patient_of_the_department_and_some_wait_for_too_long(folder: Path) -> None:
    listed = rows_of(folder / "waitlist.csv")
    schedule = rows_of(folder / "sample.csv")
    homes = {(row["patient_id"], row["department"]) for row in schedule}
    assert len({row["patient_id"] for row in listed}) == len(listed) == WAITING
    assert all((row["patient_id"], row["department"]) in homes for row in listed)
    ahead = (NOW + timedelta(days=10)).isoformat()
    booked = {row["patient_id"] for row in schedule if row["start"] > ahead}
    assert sum(row["patient_id"] in booked for row in listed) >= WAITING // 2
    assert Counter(row["status"] for row in listed)["waiting"] > 130
    store = Store(f"sqlite:///{folder / 'sample.db'}")
    found = store.read_now(waitlist.queues, (), NOW)
    store.close()
    assert len({each.department for each in found}) >= 10
    assert 10 <= sum(each.late for each in found) <= 50


def test_most_patients_agreed_to_be_written_to(folder: Path) -> None:
    consents = {row["patient_id"]: row["consent"] for row in rows_of(folder / "sample.csv")}
    shares = Counter(consents.values())
    assert shares["yes"] / len(consents) > 0.85
    assert set(shares) == {"yes", "no", ""}
