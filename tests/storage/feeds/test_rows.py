"""What a row may hold, what becomes of it, and why it is turned away."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.days import Calendar
from storage.feeds.kinds.appointments import APPOINTMENTS, AppointmentReader
from storage.feeds.mapping import Mapping
from storage.feeds.report import ImportRefused, RowRejected
from storage.feeds.rows import DEPARTMENTS_AT_MOST, RowReader

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
JERUSALEM = Calendar(ZoneInfo("Asia/Jerusalem"))

FIELDS = APPOINTMENTS.fields.all
COLUMNS = tuple(APPOINTMENTS.staged.columns)

GOOD = {
    "appointment_id": "A1",
    "patient_id": "P1",
    "department": "Cardiology",
    "start": "2026-11-20T09:30",
    "status": "noshow",
}


def reader(*extras: str, mapping: Mapping | None = None) -> RowReader:
    mapping = mapping or Mapping()
    layout = mapping.fit([*FIELDS, *extras], APPOINTMENTS)
    return AppointmentReader(layout, mapping.words, JERUSALEM, NOW)


def read(into: RowReader | None = None, /, **cells: str) -> dict[str, Any] | None:
    """Read a good row with some cells replaced; extra columns by their name."""
    row = GOOD | cells
    extras = [name for name in row if name not in FIELDS]
    into = into or reader(*extras)
    record = into.read(2, [row.get(name, "") for name in [*FIELDS, *extras]])
    return None if record is None else dict(zip(COLUMNS, record, strict=True))


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def field(name: str, **cells: str) -> Any:
    record = read(**cells)
    assert record is not None
    return record[name]


def test_a_row_with_only_what_is_needed() -> None:
    record = read()
    assert record is not None
    assert record["start"] == seconds("2026-11-20T09:30+02:00")
    assert record["day"] == "2026-11-20"
    assert record["status"] == "noshow"
    assert record["age_group"] == 8
    assert record["extra"] is None


@pytest.mark.parametrize(
    ("start", "moment", "day"),
    [
        ("2026-11-20T09:30:00Z", "2026-11-20T09:30+00:00", "2026-11-20"),
        ("2026-11-20T23:30:00Z", "2026-11-20T23:30+00:00", "2026-11-21"),
        ("2026-11-20T09:30-05:00", "2026-11-20T14:30+00:00", "2026-11-20"),
        ("2026-11-20 09:30", "2026-11-20T07:30+00:00", "2026-11-20"),
        (" 20261120T0930 ", "2026-11-20T07:30+00:00", "2026-11-20"),
        ("2026-05-30", "2026-05-29T21:00+00:00", "2026-05-30"),
        # Summer time begins: 02:30 does not exist and counts as 03:30 does.
        ("2026-03-27T02:30", "2026-03-27T00:30+00:00", "2026-03-27"),
        # Summer time ends: 01:30 comes twice and is the earlier.
        ("2026-10-25T01:30", "2026-10-24T22:30+00:00", "2026-10-25"),
    ],
)
def test_a_start_without_a_zone_is_local(start: str, moment: str, day: str) -> None:
    record = read(start=start)
    assert record is not None
    assert (record["start"], record["day"]) == (seconds(moment), day)


@pytest.mark.parametrize("word", ["fulfilled", "noshow", "arrived", "checked-in"])
def test_an_outcome_of_the_future_is_not_known(word: str) -> None:
    rows = reader()
    assert (read(rows, status=word, start="2026-11-23T08:00:01") or {})["status"] == "booked"
    assert rows.outcome_withheld == 1
    assert (read(rows, status=word, start="2026-11-23T08:00:00") or {})["status"] == word
    assert rows.outcome_withheld == 1


@pytest.mark.parametrize(
    "word",
    ["booked", "cancelled", "proposed", "pending", "waitlist", "entered-in-error", "Booked"],
)
def test_other_words_stay_before_and_after_the_start(word: str) -> None:
    for start in ("2027-01-01", "2026-01-01"):
        assert field("status", status=word, start=start) == word.lower()


def test_a_row_booked_after_now_is_left_out() -> None:
    rows = reader()
    assert read(rows, start="2026-12-01", booked_at="2026-11-23T08:00:01") is None
    assert rows.not_booked_yet == 1
    assert read(rows, start="2026-12-01", booked_at="2026-11-23T08:00:00")


def test_a_booking_later_on_the_day_itself_is_no_error() -> None:
    booked = "2026-11-20T23:59"
    assert field("booked_at", start="2026-11-20", booked_at=booked) == seconds(booked + "+02:00")
    with pytest.raises(RowRejected, match="later day than start"):
        read(start="2026-11-20", booked_at="2026-11-21T00:00")


def test_an_age_is_given_or_follows_from_the_birth_date() -> None:
    assert field("age", age="29") == 29
    assert field("age_group", age="30") == 2
    assert field("age", age="99", birth_date="2000-11-21") == 25
    assert field("age", birth_date="20001120") == 26
    assert field("birth_date", birth_date="20001120") == "2000-11-20"


def test_the_file_s_own_words_are_translated() -> None:
    mapping = Mapping({}, {"status": {"Ja": "noshow"}, "sex": {"W": "female"}})
    rows = reader(mapping=mapping)
    record = read(rows, status="Ja", sex="W")
    assert record is not None
    assert (record["status"], record["sex"]) == ("noshow", "female")
    assert read(rows, status="noshow", sex="M")


def test_a_name_is_one_name_however_it_is_spaced_or_composed() -> None:
    rows = reader()
    for spelling in ("Café  du\nNord", " Cafe\u0301 du Nord ", "\u200fCafé du Nord"):
        assert read(rows, department=spelling)
    assert rows.departments == {"Café du Nord": 0}


def test_unknown_columns_are_kept() -> None:
    extra = field("extra", ward=" 7 ", note='said "no"\nאמר', change="-3.5", empty="")
    assert json.loads(extra) == {"ward": "7", "note": 'said "no"\nאמר', "change": "-3.5"}


def test_everything_else_is_kept_as_it_is() -> None:
    record = read(
        clinician="Dr. Ben-Ami", duration="20", phone="+972 3-555-0101", email="a.b@example.org",
        language="he", reminder_sent="Yes",
    )  # fmt: skip
    assert record is not None
    assert [record[name] for name in ("duration", "phone", "email", "language")] == [
        20,
        "+972 3-555-0101",
        "a.b@example.org",
        "he",
    ]
    assert record["reminder_sent"] is True
    assert field("reminder_sent", reminder_sent="0") is False


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        *(({name: ""}, f"{name} is") for name in GOOD),
        *(
            ({name: sign + "x"}, f"{name} begins like a formula")
            for name in ("appointment_id", "patient_id", "department", "clinician", "sex")
            for sign in "=+-@\t\r"
        ),
        ({"language": "=he"}, "language begins like a formula"),
        ({"note": "=1+1"}, "an extra column begins like a formula"),
        ({"note": "+cmd"}, "an extra column begins like a formula"),
        ({"note": "a\x07b"}, "an extra column has control characters"),
        ({"note": "x" * 1_001}, "an extra column is longer than 1,000"),
        ({"appointment_id": "A\x001"}, "appointment_id has control characters"),
        ({"patient_id": "P\n1"}, "patient_id has control characters"),
        ({"department": "Car\u202egnol"}, "department has control characters"),
        ({"appointment_id": "x" * 101}, "appointment_id is longer than 100"),
        ({"department": "x y" * 100}, "department is longer than 200"),
        ({"sex": "x" * 21}, "sex is longer than 20"),
        ({"start": "20/11/2026"}, "start is no ISO 8601"),
        ({"start": "1899-01-01"}, "start is not within 1970–2100"),
        ({"start": "9999-12-31T23:59"}, "start is not within"),
        ({"booked_at": "yesterday"}, "booked_at is no ISO 8601"),
        ({"status": "missed"}, "status is none of FHIR's words"),
        ({"age": "-1"}, "age is no whole number from 0 to 120"),
        ({"age": "121"}, "age is no whole number"),
        ({"age": "62.5"}, "age is no whole number"),
        ({"age": "9" * 5_000}, "age is no whole number"),
        ({"birth_date": "1.2.1990"}, "birth_date is no ISO 8601"),
        ({"birth_date": "2026-11-21"}, "birth_date makes an age"),
        ({"birth_date": "1900-01-01"}, "birth_date makes an age"),
        ({"duration": "0"}, "duration is no whole number"),
        ({"phone": "=1"}, "phone does not look like one"),
        ({"phone": "+"}, "phone does not look like one"),
        ({"email": "@example.org"}, "email does not look like one"),
        ({"email": "=a@example.org"}, "email does not look like one"),
        ({"reminder_sent": "maybe"}, "reminder_sent is neither"),
        ({"consent": "signed"}, "consent is neither yes nor no"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_its_reason(
    cells: dict[str, str], reason: str
) -> None:
    with pytest.raises(RowRejected, match=f"^{reason}"):
        read(**cells)


def test_too_many_or_too_few_cells_are_rejected() -> None:
    rows = reader()
    for cells in (["x"] * (len(FIELDS) - 1), ["x"] * (len(FIELDS) + 1)):
        with pytest.raises(RowRejected, match="more or fewer cells"):
            rows.read(2, cells)
    with pytest.raises(RowRejected, match="quotes"):
        rows.read(2, None)


def test_a_column_of_ids_taken_for_the_department_is_noticed() -> None:
    rows = reader()
    for number in range(DEPARTMENTS_AT_MOST):
        read(rows, department=f"D{number}")
    with pytest.raises(ImportRefused, match="is another column meant"):
        read(rows, department="one more")


@given(st.lists(st.text(max_size=30), min_size=len(FIELDS) + 1, max_size=len(FIELDS) + 1))
def test_whatever_stands_in_a_row_it_is_read_or_rejected(cells: list[str]) -> None:
    rows = reader("extra")
    good = [GOOD.get(name, "") for name in FIELDS]
    for place, cell in enumerate(cells[:-1]):
        row = [*good[:place], cell, *good[place + 1 :], cells[-1]]
        try:
            record = rows.read(2, row)
        except RowRejected:
            continue
        assert record is None or len(record) == len(COLUMNS)
