"""The sample HMO: plausible as a whole, honest about the future, nobody's real data."""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.demo.sample import COLUMNS, SAMPLE_ZONE, sample_rows, write_sample
from bot.demo.sample_rates import AGE_BANDS, OLDEST, SPECIALTIES, Specialty
from domain.ages import age_on
from domain.statuses import OUTCOMES, Status

NOW = datetime(2026, 11, 24, 7, 40, tzinfo=UTC)  # a Tuesday morning
HIGH_RISK = 2


@dataclass(frozen=True)
class Visit:
    row: dict[str, str]
    start: datetime
    booked_at: datetime
    status: Status
    age: int

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=int(self.row["duration"]))

    @property
    def met(self) -> bool:
        """Whether the patient was awaited and it is known if they came."""
        return self.status in OUTCOMES


def visits_at(now: datetime) -> list[Visit]:
    return [_visit(row) for row in sample_rows(now, SAMPLE_ZONE)]


def _visit(row: dict[str, str]) -> Visit:
    start = datetime.fromisoformat(row["start"])
    return Visit(
        row=row,
        start=start,
        booked_at=datetime.fromisoformat(row["booked_at"]),
        status=Status(row["status"]),
        age=age_on(start.date(), date.fromisoformat(row["birth_date"])),
    )


@pytest.fixture(scope="module")
def visits() -> list[Visit]:
    return visits_at(NOW)


def coming(visits: Iterable[Visit], days: int) -> list[Visit]:
    return [visit for visit in visits if NOW < visit.start <= NOW + timedelta(days=days)]


def no_shows_by_patient(visits: Iterable[Visit]) -> Counter[str]:
    return Counter(visit.row["patient_id"] for visit in visits if visit.status is Status.NOSHOW)


def share_missed(visits: list[Visit]) -> float:
    return sum(visit.status is Status.NOSHOW for visit in visits) / len(visits)


def test_the_same_moment_gives_the_same_file_to_the_byte(tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    count = write_sample(first, NOW, SAMPLE_ZONE)
    assert write_sample(second, NOW.astimezone(SAMPLE_ZONE), SAMPLE_ZONE) == count
    assert first.read_bytes() == second.read_bytes()


def test_the_file_is_utf8_csv_with_the_columns_of_the_feed(
    tmp_path: Path, visits: list[Visit]
) -> None:
    path = tmp_path / "sample.csv"
    count = write_sample(path, NOW, SAMPLE_ZONE)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == COLUMNS
        rows = list(reader)
    assert rows == [visit.row for visit in visits]
    assert len(rows) == count


def test_another_seed_makes_another_hmo() -> None:
    usual = list(islice(sample_rows(NOW, SAMPLE_ZONE), 100))
    assert list(islice(sample_rows(NOW, SAMPLE_ZONE, seed=1), 100)) != usual


def test_it_has_the_size_of_a_small_hmo(visits: list[Visit]) -> None:
    assert 59_000 < len(visits) < 62_000
    assert 7_700 < len({visit.row["patient_id"] for visit in visits}) < 8_300
    assert {visit.row["department"] for visit in visits} == {s.name for s in SPECIALTIES}
    assert len(SPECIALTIES) == 12
    assert timedelta(days=510) < NOW - visits[0].start < timedelta(days=520)
    assert 2_200 <= len(coming(visits, 30)) <= 3_500


def test_rows_come_by_start_and_are_numbered_once(visits: list[Visit]) -> None:
    assert all(earlier.start <= later.start for earlier, later in pairwise(visits))
    assert len({visit.row["appointment_id"] for visit in visits}) == len(visits)


def test_the_future_has_no_outcome(visits: list[Visit]) -> None:
    future = {visit.status for visit in visits if visit.start > NOW}
    assert future == {Status.BOOKED, Status.CANCELLED}


def test_almost_every_past_visit_has_an_outcome(visits: list[Visit]) -> None:
    past = [visit for visit in visits if visit.start <= NOW]
    share = {status: n / len(past) for status, n in Counter(v.status for v in past).items()}
    assert share[Status.FULFILLED] > 0.75
    assert 0.10 < share[Status.CANCELLED] < 0.15
    assert 0.002 < share[Status.BOOKED] < 0.004
    assert 0.001 < share[Status.ENTERED_IN_ERROR] < 0.003
    assert 0.07 < share_missed([visit for visit in past if visit.met]) < 0.09


def test_nothing_is_booked_after_now_or_after_its_start(visits: list[Visit]) -> None:
    assert all(visit.booked_at <= NOW for visit in visits)
    assert all(visit.booked_at < visit.start for visit in visits)


def test_no_reminder_is_sent_before_its_day(visits: list[Visit]) -> None:
    reminded = [visit for visit in visits if visit.row["reminder_sent"] == "true"]
    assert 0.4 < len(reminded) / len(visits) < 0.8
    assert all(visit.start - NOW < timedelta(days=5) for visit in reminded)
    assert {visit.row["reminder_sent"] for visit in visits} == {"true", "false"}


@pytest.mark.parametrize("specialty", SPECIALTIES, ids=lambda specialty: specialty.name)
def test_a_department_misses_like_its_specialty_in_the_source(
    visits: list[Visit], specialty: Specialty
) -> None:
    met = [visit for visit in visits if visit.met and visit.row["department"] == specialty.name]
    assert share_missed(met) == pytest.approx(specialty.no_show_rate, abs=0.015)


@pytest.mark.parametrize(
    ("youngest", "oldest"), [(0, 14), (15, 24), (25, 39), (40, 54), (55, 64), (65, 79), (80, 99)]
)
def test_people_miss_like_their_age_in_the_source(
    visits: list[Visit], youngest: int, oldest: int
) -> None:
    met = [visit for visit in visits if visit.met and youngest <= visit.age <= oldest]
    expected = sum(rate_in_source(visit.age) for visit in met) / len(met)
    assert share_missed(met) == pytest.approx(expected, abs=0.012)


def rate_in_source(age: int) -> float:
    return next(band.no_show_rate for band in reversed(AGE_BANDS) if band.youngest <= age)


def test_ages_suit_the_department(visits: list[Visit]) -> None:
    ages = defaultdict(list)
    for visit in visits:
        ages[visit.row["department"]].append(visit.age)
        assert visit.row["department"] != "Gynaecology" or visit.row["sex"] == "female"
    assert max(ages["Paediatrics"]) < 18
    assert min(ages["Adult Mental Health"]) >= 18
    assert min(min(own) for own in ages.values()) == 0
    assert max(max(own) for own in ages.values()) in range(90, OLDEST + 1)


@pytest.mark.parametrize(
    ("which", "missed_less", "missed_more"),
    [
        ("booked on the day", lambda v: lead(v) == 0, lambda v: lead(v) > 0),
        ("booked shortly before", lambda v: 0 < lead(v) <= 14, lambda v: lead(v) > 60),
        (
            "reminded",
            lambda v: lead(v) > 4 and v.row["reminder_sent"] == "true",
            lambda v: lead(v) > 4 and v.row["reminder_sent"] == "false",
        ),
    ],
)
def test_some_visits_are_missed_less(
    visits: list[Visit],
    which: str,
    missed_less: Callable[[Visit], bool],
    missed_more: Callable[[Visit], bool],
) -> None:
    met = [visit for visit in visits if visit.met]
    less, more = (
        share_missed([*filter(missed_less, met)]),
        share_missed([*filter(missed_more, met)]),
    )
    assert less < 0.9 * more


def lead(visit: Visit) -> int:
    return (visit.start.date() - visit.booked_at.date()).days


def test_who_missed_twice_misses_more_than_others(visits: list[Visit]) -> None:
    seen: Counter[str] = Counter()
    by_history: dict[bool, list[Visit]] = {True: [], False: []}
    for visit in visits:
        if visit.met:
            patient = visit.row["patient_id"]
            by_history[seen[patient] >= HIGH_RISK].append(visit)
            seen[patient] += visit.status is Status.NOSHOW
    assert share_missed(by_history[True]) > 2 * share_missed(by_history[False])


def test_there_is_a_list_of_high_risk_visits_worth_working_through(visits: list[Visit]) -> None:
    earlier = no_shows_by_patient(visits)

    def high_risk(days: int) -> list[Visit]:
        return [
            visit
            for visit in coming(visits, days)
            if visit.status is Status.BOOKED and earlier[visit.row["patient_id"]] >= HIGH_RISK
        ]

    assert 60 <= len(high_risk(7)) <= 150
    assert 200 <= len(high_risk(30)) <= 500
    assert len({visit.row["department"] for visit in high_risk(7)}) == 12
    assert 7 <= max(earlier.values()) <= 15


def test_a_clinician_sees_one_patient_at_a_time_in_one_department(visits: list[Visit]) -> None:
    diaries = defaultdict(list)
    for visit in visits:
        diaries[visit.row["clinician"]].append(visit)
    for diary in diaries.values():
        assert all(earlier.end <= later.start for earlier, later in pairwise(diary))
        assert len({visit.row["department"] for visit in diary}) == 1
    teams = Counter(diary[0].row["department"] for diary in diaries.values())
    assert all(4 <= size <= 8 for size in teams.values())


def test_a_patient_is_one_person_who_comes_once_a_day(visits: list[Visit]) -> None:
    people: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    departments: dict[str, set[str]] = defaultdict(set)
    for visit in visits:
        row = visit.row
        facts = ("birth_date", "sex", "language", "phone", "email", "consent")
        people[row["patient_id"]].add(tuple(row[fact] for fact in facts))
        departments[row["patient_id"]].add(row["department"])
    assert all(len(facts) == 1 for facts in people.values())
    assert all(len(names) <= 2 for names in departments.values())
    days = {(visit.row["patient_id"], visit.start.date()) for visit in visits}
    assert len(days) == len(visits)


def test_nobody_books_before_being_born(visits: list[Visit]) -> None:
    assert all(
        date.fromisoformat(visit.row["birth_date"]) <= visit.booked_at.date() for visit in visits
    )


def test_contacts_reach_nobody_and_ids_look_made_up(visits: list[Visit]) -> None:
    for visit in visits:
        row = visit.row
        assert re.fullmatch(r"HMO-\d{6}", row["patient_id"])
        assert re.fullmatch(r"(\+1\d{3}55501\d{2})?", row["phone"])
        assert re.fullmatch(r"(hmo-\d{6}@example\.org)?", row["email"])


def test_the_clinic_is_open_sunday_to_thursday_and_on_friday_mornings(visits: list[Visit]) -> None:
    for visit in visits:
        closes = {4: 12, 5: 0}.get(visit.start.weekday(), 18)
        end = visit.end
        assert visit.start.hour >= 8
        assert end.hour * 60 + end.minute <= closes * 60


def test_local_hours_stay_when_the_clocks_change(visits: list[Visit]) -> None:
    offsets = set()
    for visit in visits:
        for moment in (visit.start, visit.booked_at):
            offset = moment.utcoffset()
            assert offset == moment.astimezone(SAMPLE_ZONE).utcoffset()
            offsets.add(offset)
    assert offsets == {timedelta(hours=2), timedelta(hours=3)}


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 28, 22, 10, tzinfo=UTC),  # already Sunday in the HMO
        datetime(2027, 3, 25, 23, 30, tzinfo=UTC),  # half an hour before summer time
        datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    ],
)
def test_any_moment_will_do(now: datetime) -> None:
    visits = visits_at(now)
    assert all(visit.booked_at <= now for visit in visits)
    assert not any(visit.met and visit.start > now for visit in visits)
    assert all(8 <= visit.start.hour < 18 for visit in visits)
    assert 0.07 < share_missed([visit for visit in visits if visit.met]) < 0.09


def test_another_zone_will_do() -> None:
    zone = ZoneInfo("America/New_York")
    starts = [datetime.fromisoformat(row["start"]) for row in sample_rows(NOW, zone)]
    assert all(start.utcoffset() == start.astimezone(zone).utcoffset() for start in starts)
