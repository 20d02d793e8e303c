"""Sessions: the time that clinicians have for patients of a department."""
# ruff: noqa: S608 - statements are made of this module's constants; values are bound

from datetime import datetime
from typing import Final

from domain.days import Calendar
from domain.sessions import LONGEST, SLOT_MINUTES
from storage.feeds import cells
from storage.feeds.cells import Known, checked_text
from storage.feeds.kind import Kind
from storage.feeds.layout import Fields, Layout
from storage.feeds.merging import Changes
from storage.feeds.report import KindWord, RowRejected
from storage.feeds.rows import Record, RowReader, Words
from storage.feeds.staging import Staged, Staging

FIELDS: Final = Fields(
    needed=("clinician", "department", "start", "end"),
    optional=("slot_minutes", "visit_types", "blocked"),
)

STAGED: Final = Staged(
    columns={
        "line": "key",
        "clinician": "integer",
        "department": "integer",
        "start": "integer",
        "until": "integer",
        "slot_minutes": "integer",
        "visit_types": "text",
        "blocked": "boolean",
    },
    key=("clinician", "department", "start"),
)

_LONGEST: Final = int(LONGEST.total_seconds())
_LONGEST_TYPE: Final = 40
_TYPES_AT_MOST: Final = 400

_UPDATED: Final = ("until", "slot_minutes", "visit_types", "blocked")
_STAGED: Final = """
    feed_row AS feed
    JOIN feed_department AS department ON department.number = feed.department
    JOIN feed_clinician AS clinician ON clinician.number = feed.clinician
"""


class SessionReader(RowReader):
    """Reads the rows of clinicians' sessions."""

    def __init__(self, layout: Layout, words: Words, calendar: Calendar, now: datetime) -> None:
        super().__init__(layout, words, calendar, now)
        self._clinician = Known(self._number("clinician", self.clinicians))
        self._start, self._end = self._seconds("start"), self._seconds("end")
        minutes = cells.whole("slot_minutes", 1, _LONGEST // 60)
        self._slot_minutes = self._optional("slot_minutes", minutes)
        self._types = self._optional("visit_types", _visit_types)
        self._blocked = self._optional("blocked", cells.yes_no("blocked"))

    def _record(self, line: int, given: tuple[str, ...], _row: list[str]) -> Record:
        clinician, department, start_text, end_text, slot_text, types, blocked = given
        start, end = self._start[start_text], self._end[end_text]
        slot_minutes = self._slot_minutes[slot_text]
        if end <= start:
            raise RowRejected("end is not after start")
        if end - start > _LONGEST:
            raise RowRejected("it is longer than 24 hours")
        if slot_minutes is not None and slot_minutes * 60 > end - start:
            raise RowRejected("slot_minutes is longer than the session")
        return (
            line,
            self._clinician[clinician],
            self._department[department],
            start,
            end,
            slot_minutes,
            self._types[types] or None,
            self._blocked[blocked],
        )


def take_in(staged: Staging, _now: datetime, _member_id: int | None) -> Changes:
    """Add and update sessions; see `storage.feeds.kind.Kind.take_in`."""
    new = {name: f"coalesce(feed.{name}, known.{name})" for name in _UPDATED}
    news = " OR ".join(f"known.{name} {staged.dialect.differs} {new[name]}" for name in new)
    updated = staged.run(f"""
        UPDATE clinic_session AS known SET {", ".join(f"{n} = {value}" for n, value in new.items())}
        FROM {_STAGED}
        WHERE known.clinician_id = clinician.id AND known.department_id = department.id
            AND known.start = feed.start AND ({news})
    """)
    inserted = staged.run(f"""
        INSERT INTO clinic_session (
            clinician_id, department_id, start, until, slot_minutes, visit_types, blocked
        )
        SELECT clinician.id, department.id, feed.start, feed.until,
            coalesce(feed.slot_minutes, {SLOT_MINUTES}), feed.visit_types,
            coalesce(feed.blocked, {"0" if staged.is_sqlite else "FALSE"})
        FROM {_STAGED}
        WHERE true
        ORDER BY feed.line
        ON CONFLICT (clinician_id, department_id, start) DO NOTHING
    """)
    return Changes(inserted, updated)


def _visit_types(text: str) -> str:
    """`first visit;follow-up`: each once, spaces around them dropped."""
    types = dict.fromkeys(" ".join(each.split()) for each in text.split(";"))
    told = [checked_text("visit_types", each, _LONGEST_TYPE) for each in types if each]
    if sum(map(len, told)) + len(told) > _TYPES_AT_MOST:
        raise RowRejected(f"visit_types is longer than {_TYPES_AT_MOST} characters")
    return ";".join(told)


SESSIONS: Final = Kind(KindWord.SESSIONS, FIELDS, SessionReader, STAGED, take_in)
