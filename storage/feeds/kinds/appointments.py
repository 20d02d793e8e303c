"""Appointments: the schedule itself."""

import json
import re
import unicodedata
from datetime import date, datetime
from typing import Final

from domain.ages import OLDEST, age_group, age_on
from domain.days import Calendar, day_finder
from domain.statuses import Status, status_known_at
from storage.feeds import cells
from storage.feeds.cells import Known, checked_text
from storage.feeds.kind import Kind
from storage.feeds.kinds import appointment_merge
from storage.feeds.layout import Fields, Layout
from storage.feeds.rejects import FORMULA
from storage.feeds.report import KindWord, RowRejected
from storage.feeds.rows import PatientRowReader, Record, Words
from storage.feeds.staging import Staged

FIELDS: Final = Fields(
    needed=("appointment_id", "patient_id", "department", "start", "status"),
    optional=(
        "booked_at",
        "age",
        "birth_date",
        "sex",
        "clinician",
        "duration",
        "phone",
        "email",
        "language",
        "reminder_sent",
        "consent",
    ),
    keeps_others=True,
)

_EXTRA_AT_MOST: Final = 1_000
_LONGEST: Final = 24 * 60
_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)*%?")

_SCHEDULED: Final = {
    "start": "integer",
    "day": "day",
    "status": "text",
    "booked_at": "integer",
    "age": "integer",
    "age_group": "integer",
    "duration": "integer",
    "reminder_sent": "boolean",
    "extra": "text",
}
_PEOPLE: Final = {
    "birth_date": "day",
    "sex": "text",
    "language": "text",
    "phone": "text",
    "email": "text",
    "consent": "boolean",
}
STAGED: Final = Staged(
    columns={
        "line": "key",
        "appointment": "text",
        "patient": "text",
        "department": "integer",
        "clinician": "integer",
        **_SCHEDULED,
        **_PEOPLE,
    },
    key=("appointment",),
    people=tuple(_PEOPLE),
    forgotten="""
        start < :before
        AND NOT EXISTS (SELECT 1 FROM appointment AS a WHERE a.external_id = appointment)
    """,
    tables={
        "feed_change": {
            "id": "key",
            "patient_id": "integer",
            "department_id": "integer",
            "clinician_id": "integer",
            **_SCHEDULED,
            "released_at": "integer",
        },
        "feed_overtaken": dict.fromkeys(("call", "answer", "appointment", "action"), "integer"),
        "feed_ours": {
            "patient": "text",
            "department": "integer",
            "start": "integer",
            "id": "integer",
        },
        "feed_adopted": {"id": "key", "name": "text", "other": "integer"},
        "feed_recount": {"id": "key", "department_id": "integer", "counted": "integer"},
        "touched_patient": {"id": "key"},
        "touched_department": {"id": "key"},
    },
)


class AppointmentReader(PatientRowReader):
    """Reads the rows of a schedule."""

    def __init__(self, layout: Layout, words: Words, calendar: Calendar, now: datetime) -> None:
        super().__init__(layout, words, calendar, now)
        self._day_of = day_finder(calendar.zone)
        self._clinician = self._optional("clinician", self._number("clinician", self.clinicians))
        self._start = Known(self._start_of)
        self._status = Known(self._worded("status", _statuses))
        self._age = self._optional("age", cells.whole("age", 0, OLDEST))
        self._sex = self._optional("sex", cells.short("sex"))
        self._duration = self._optional("duration", cells.whole("duration", 1, _LONGEST))
        self._reminder = self._optional("reminder_sent", cells.yes_no("reminder_sent"))

    def _record(self, line: int, given: tuple[str, ...], row: list[str]) -> Record | None:
        (
            appointment,
            patient,
            department,
            start_text,
            status_text,
            booked_text,
            age_text,
            birth_text,
            sex,
            clinician,
            duration,
            phone,
            email,
            language,
            reminder,
            consent,
        ) = given  # fmt: skip

        start, day, day_text = self._start[start_text]
        status, status_before = self._status[status_text]
        booked_at = self._booked_at(booked_text, start, day) if booked_text else None
        born = self._birth_date[birth_text]
        age = _age(born, day) if born else self._age[age_text]
        record = (
            line,
            checked_text("appointment_id", appointment, 100),
            checked_text("patient_id", patient, 100),
            self._department[department],
            self._clinician[clinician],
            start,
            day_text,
            status if start <= self._now else status_before,
            booked_at,
            age,
            age_group(age),
            self._duration[duration],
            self._reminder[reminder],
            self._extra(row) if self._layout.extras else None,
            born.isoformat() if born else None,
            self._sex[sex],
            self._language[language],
            self._phone[phone],
            self._email[email],
            self._consent[consent],
        )
        if booked_at is not None and booked_at > self._now:
            self.not_booked_yet += 1
            return None
        if start > self._now and status != status_before:
            self.outcome_withheld += 1
        return record

    def _start_of(self, text: str) -> tuple[int, date, str]:
        moment = self._moment("start", text)
        day = self._day_of(moment)
        return int(moment.timestamp()), day, day.isoformat()

    def _booked_at(self, text: str, start: int, day: date) -> int:
        moment = self._moment("booked_at", text.strip(" "))
        booked_at = int(moment.timestamp())
        if booked_at > start and self._day_of(moment) > day:
            raise RowRejected("booked_at is on a later day than start")
        return booked_at

    def _extra(self, row: list[str]) -> str | None:
        told = ((name, row[place].strip(" ")) for name, place in self._layout.extras)
        kept = {name: cell for name, cell in told if cell}
        for value in kept.values():
            _check_extra(value)
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else None


def _check_extra(text: str) -> None:
    if text.isalnum() and len(text) <= _EXTRA_AT_MOST:
        return
    if len(text) > _EXTRA_AT_MOST:
        raise RowRejected(f"an extra column is longer than {_EXTRA_AT_MOST:,} characters")
    if text.startswith(FORMULA) and not _NUMBER.fullmatch(text):
        raise RowRejected("an extra column begins like a formula")
    if any(unicodedata.category(sign) == "Cc" and sign not in "\n\r\t" for sign in text):
        raise RowRejected("an extra column has control characters")


def _statuses(text: str) -> tuple[str, str]:
    """The status's word once the appointment has started, and before."""
    if not text:
        raise RowRejected("status is empty")
    try:
        status = Status(text.lower())
    except ValueError:
        raise RowRejected(
            "status is none of FHIR's words, such as booked, fulfilled, noshow, cancelled"
        ) from None
    return status.value, status_known_at(status, started=False).value


def _age(born: date, day: date) -> int:
    age = age_on(day, born)
    if not 0 <= age <= OLDEST:
        raise RowRejected(f"birth_date makes an age that is not within 0–{OLDEST}")
    return age


APPOINTMENTS: Final = Kind(
    KindWord.APPOINTMENTS, FIELDS, AppointmentReader, STAGED, appointment_merge.take_in
)
