"""The waitlist: patients who want an earlier slot, or any."""
# ruff: noqa: S608 - statements are made of this module's constants; values are bound

from datetime import date, datetime
from typing import Final

from sqlalchemy import column, or_, select, table, update
from sqlmodel import Session, col

from domain.ages import OLDEST, age_on
from domain.days import Calendar
from domain.offers import OfferState
from domain.statuses import NOT_SCHEDULED
from domain.waiting import NOTICE_HOURS, URGENCIES, WaitState
from storage import backfills
from storage.feeds import cells
from storage.feeds.cells import Known, checked_text
from storage.feeds.kind import Kind
from storage.feeds.layout import Fields, Layout
from storage.feeds.merging import Changes
from storage.feeds.report import KindWord, RowRejected
from storage.feeds.rows import PatientRowReader, Record, Words
from storage.feeds.staging import Staged, Staging
from storage.tables import OfferRow, Waiting
from storage.waves import hasten

FIELDS: Final = Fields(
    needed=("waiting_id", "patient_id", "department", "urgency", "since"),
    optional=(
        "earliest",
        "latest",
        "notice_hours",
        "visit_type",
        "status",
        "phone",
        "email",
        "language",
        "consent",
        "birth_date",
    ),
)

_WANTED: Final = {
    "urgency": "integer",
    "since": "integer",
    "earliest": "day",
    "latest": "day",
    "notice_hours": "integer",
    "visit_type": "text",
    "state": "text",
}
_PEOPLE: Final = {
    "phone": "text",
    "email": "text",
    "language": "text",
    "consent": "boolean",
    "birth_date": "day",
}
STAGED: Final = Staged(
    columns={
        "line": "key",
        "waiting": "text",
        "patient": "text",
        "department": "integer",
        **_WANTED,
        **_PEOPLE,
    },
    key=("waiting",),
    people=tuple(_PEOPLE),
    forgotten=f"""
        since < :before AND state IN ('{WaitState.BOOKED}', '{WaitState.WITHDRAWN}')
        AND NOT EXISTS (SELECT 1 FROM waiting AS w WHERE w.external_id = waiting)
    """,
    tables={
        "feed_change": {
            "id": "key",
            "patient_id": "integer",
            "department_id": "integer",
            **_WANTED,
            "appointment_id": "integer",
        }
    },
)

_LONGEST_NOTICE: Final = 24 * 90
"""Hours."""

_LIVE: Final = f"""
    booked.id IS NOT NULL AND booked.status NOT IN ({", ".join(f"'{s}'" for s in NOT_SCHEDULED)})
"""
"""The slot that the patient accepted from us is theirs."""

_SAID: Final = f"""
    coalesce(feed.state, CASE WHEN known.state = '{WaitState.BOOKED}' AND booked.id IS NOT NULL
        THEN '{WaitState.WAITING}' ELSE known.state END)
"""
_STATE: Final = f"""
    CASE WHEN {_SAID} = '{WaitState.WAITING}' AND known.state = '{WaitState.BOOKED}' AND {_LIVE}
        THEN known.state ELSE {_SAID} END
"""
"""A feed that still says `waiting` does not know yet of the slot that the patient accepted."""

_NEW: Final = {
    "patient_id": "patient.id",
    "department_id": "department.id",
    **{
        name: f"coalesce(feed.{name}, known.{name})"
        for name in ("urgency", "since", "earliest", "latest", "notice_hours", "visit_type")
    },
    "state": _STATE,
    "appointment_id": f"CASE WHEN {_STATE} <> '{WaitState.WAITING}' THEN known.appointment_id END",
}
"""What a known place on the list becomes."""

_STAGED: Final = """
    FROM feed_row AS feed
    JOIN patient ON patient.external_id = feed.patient
    JOIN feed_department AS department ON department.number = feed.department
"""
_CHANGE: Final = table("feed_change", *map(column, ("id", "patient_id", "department_id", "state")))


class WaitlistReader(PatientRowReader):
    """Reads the rows of a waitlist."""

    def __init__(self, layout: Layout, words: Words, calendar: Calendar, now: datetime) -> None:
        super().__init__(layout, words, calendar, now)
        self._today = calendar.day_of(now)
        urgency = cells.whole("urgency", URGENCIES[0], URGENCIES[-1])
        self._urgency = Known(self._worded("urgency", urgency))
        self._since = self._seconds("since")
        self._earliest = self._optional("earliest", cells.day("earliest"))
        self._latest = self._optional("latest", cells.day("latest"))
        hours = cells.whole("notice_hours", 0, _LONGEST_NOTICE)
        self._notice_hours = self._optional("notice_hours", hours)
        self._visit_type = self._optional("visit_type", _visit_type)
        self._state = self._optional("status", _state)

    def _record(self, line: int, given: tuple[str, ...], _row: list[str]) -> Record:
        (
            waiting, patient, department, urgency, since_text,
            earliest_text, latest_text, notice_hours, visit_type, state,
            phone, email, language, consent, birth_text,
        ) = given  # fmt: skip
        since = self._since[since_text]
        if since > self._now:
            raise RowRejected("since is in the future")
        earliest, latest = self._earliest[earliest_text], self._latest[latest_text]
        if earliest and latest and latest < earliest:
            raise RowRejected("latest is before earliest")
        return (
            line,
            checked_text("waiting_id", waiting, 100),
            checked_text("patient_id", patient, 100),
            self._department[department],
            self._urgency[urgency],
            since,
            earliest.isoformat() if earliest else None,
            latest.isoformat() if latest else None,
            self._notice_hours[notice_hours],
            self._visit_type[visit_type],
            self._state[state],
            self._phone[phone],
            self._email[email],
            self._language[language],
            self._consent[consent],
            self._born(birth_text),
        )

    def _born(self, text: str) -> str | None:
        born: date | None = self._birth_date[text]
        if born and not 0 <= age_on(self._today, born) <= OLDEST:
            raise RowRejected(f"birth_date makes an age that is not within 0–{OLDEST}")
        return born.isoformat() if born else None


def take_in(staged: Staging, now: datetime, _member_id: int | None) -> Changes:
    """Add and update places on the list; see `storage.feeds.kind.Kind.take_in`.

    Who no longer waits, or waits elsewhere, is offered nothing more, nor is who had the place of
    another patient before.
    """
    differs = staged.dialect.differs
    staged.run(f"""
        INSERT INTO feed_change (id, {", ".join(_NEW)})
        SELECT known.id, {", ".join(_NEW.values())} {_STAGED}
        JOIN waiting AS known ON known.external_id = feed.waiting
        LEFT JOIN appointment AS booked ON booked.id = known.appointment_id
        WHERE {" OR ".join(f"known.{name} {differs} {new}" for name, new in _NEW.items())}
    """)
    _withdraw_offers(staged, now)
    values = ", ".join(f"{name} = new.{name}" for name in _NEW)
    updated = staged.run(
        f"UPDATE waiting SET {values} FROM feed_change AS new WHERE new.id = waiting.id"
    )
    return Changes(_add(staged), updated)


def _withdraw_offers(staged: Staging, now: datetime) -> None:
    another = _CHANGE.c.patient_id != col(Waiting.patient_id)
    elsewhere = _CHANGE.c.department_id != col(Waiting.department_id)
    no_more = _CHANGE.c.state != WaitState.WAITING.value
    changed = select(_CHANGE.c.id).join(Waiting, col(Waiting.id) == _CHANGE.c.id)
    gone = changed.where(or_(another, elsewhere, no_more))
    with Session(staged.connection) as session:
        theirs = col(OfferRow.waiting_id).in_(gone)
        is_open = col(OfferRow.state) == OfferState.OPEN
        which = session.scalars(select(col(OfferRow.backfill_id)).where(theirs, is_open)).all()
        backfills.withdraw(session, theirs, now)
        hasten(session, which, now)
        # An offer that was declined can still be accepted, but only by who declined it.
        session.execute(
            update(OfferRow)
            .where(
                col(OfferRow.waiting_id).in_(changed.where(another)),
                col(OfferRow.state) == OfferState.DECLINED,
            )
            .values(state=OfferState.WITHDRAWN)
            .execution_options(synchronize_session=False)
        )
        session.flush()


def _add(staged: Staging) -> int:
    return staged.run(f"""
        INSERT INTO waiting (
            external_id, patient_id, department_id, urgency, since, earliest, latest,
            notice_hours, visit_type, state
        )
        SELECT feed.waiting, patient.id, department.id, feed.urgency, feed.since, feed.earliest,
            feed.latest, coalesce(feed.notice_hours, {NOTICE_HOURS}), feed.visit_type,
            coalesce(feed.state, '{WaitState.WAITING}')
        {_STAGED}
        WHERE true
        ORDER BY feed.line
        ON CONFLICT (external_id) DO NOTHING
    """)


def _visit_type(text: str) -> str:
    return checked_text("visit_type", " ".join(text.split()), 40)


def _state(text: str) -> str:
    try:
        return WaitState(text.lower()).value
    except ValueError:
        raise RowRejected(f"status is none of {', '.join(WaitState)}") from None


WAITLIST: Final = Kind(KindWord.WAITLIST, FIELDS, WaitlistReader, STAGED, take_in)
