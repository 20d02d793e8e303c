"""Watching models: what their chances came to, and telling admins what they should know of.

Once a month the chances that appointments had are compared with what became of them; what was
found stays here until the next month, for whoever shows it.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Final

import pandas as pd
from sqlalchemy import Integer, case, select, type_coerce
from sqlmodel import Session, col

from domain.days import Span
from domain.people import Right
from domain.pushes import PushKind
from domain.statuses import OUTCOMES, Status
from storage import audit, outbox, people
from storage.tables import Appointment, Fact

PUSHED_NEWS: Final = "modelnews"
"""The address of the screen that tells admins of a model."""

DRIFTED: Final = "model drifted"
"""The event where chances did not mean what they say for a month."""

_WATCHED: Final = "model watched"
_TRIED: Final = "model retrained"
"""Facts: what the last look found, and when training was last begun by itself."""


@dataclass(frozen=True)
class Watched:
    """What the last monthly look found.

    Attributes:
        month: Its first day, as an ISO date.
        rows: How many appointments had both a chance and an outcome.
        problem: What is out of its band, in plain words; `None` if all is well, or too little
            was there to say so.
        is_enough: Whether enough was there to say so.
        foretold: Mean chance, 0–1; this and the rest `None` without any that has a value.
        missed: Share of no-shows, 0–1.
        auc: How well the order was, 0–1.
        slope: Of the calibration; 1 is right.
    """

    month: str
    rows: int
    problem: str | None
    is_enough: bool = False
    foretold: float | None = None
    missed: float | None = None
    auc: float | None = None
    slope: float | None = None


def last_month(today: date) -> Span:
    """The whole month before the one of a day."""
    last = today.replace(day=1) - timedelta(days=1)
    return Span(last.replace(day=1), last)


def watched(session: Session) -> Watched | None:
    """What the last look found; `None` before the first one."""
    fact = session.get(Fact, _WATCHED)
    return Watched(**json.loads(fact.value)) if fact else None


def past_chances(session: Session, span: Span) -> pd.DataFrame:
    """Past appointments that had a chance, and what became of them.

    Returns:
        Columns `appointment`, `department` (keys), `day` (dates), `chance` (0–1), `outcome`
        (1 no-show, 0 came) and `picked` (whether it was singled out by its chance).
    """
    missed = case((col(Appointment.status) == Status.NOSHOW, 1), else_=0)
    rows = session.execute(
        select(
            col(Appointment.id),
            col(Appointment.department_id),
            col(Appointment.day),
            col(Appointment.chance),
            missed,
            type_coerce(col(Appointment.picked), Integer),
        ).where(
            col(Appointment.day).between(span.first, span.last),
            col(Appointment.chance) > 0,
            col(Appointment.status).in_(OUTCOMES),
            ~col(Appointment.excused),
        )
    ).all()
    names = ["appointment", "department", "day", "chance", "outcome", "picked"]
    frame = pd.DataFrame.from_records(rows, columns=names)
    kinds = {"appointment": "int64", "department": "int64", "outcome": "float64", "picked": "bool"}
    frame = frame.astype(kinds)
    frame["chance"] = frame["chance"].astype("float64") / 1000
    return frame


def note(session: Session, found: Watched, model_id: int, now: datetime) -> bool:
    """Keep what a look found and tell admins of a problem; `False` if another process did."""
    fact = session.get(Fact, _WATCHED, with_for_update=True)
    if fact and json.loads(fact.value)["month"] >= found.month:
        return False
    fact = fact or Fact(name=_WATCHED, value="")
    fact.value = json.dumps(asdict(found))
    session.add(fact)
    session.flush()
    if found.problem:
        audit.record(session, DRIFTED, at=now, month=found.month)
        tell_admins(session, model_id, "drift", now)
    return True


def take_turn(session: Session, now: datetime, every: timedelta) -> bool:
    """Whether this process may train now: nobody has begun to for that long."""
    fact = session.get(Fact, _TRIED, with_for_update=True)
    if fact and datetime.fromisoformat(fact.value) + every > now:
        return False
    fact = fact or Fact(name=_TRIED, value="")
    fact.value = now.isoformat()
    session.add(fact)
    session.flush()
    return True


def tell_admins(session: Session, model_id: int, what: str, now: datetime) -> None:
    """Push to all admins what happened to a model (`refused`, `kept` or `drift`)."""
    for admin in people.members_with(session, Right.PEOPLE):
        outbox.enqueue(
            session,
            admin.id,
            f"{PUSHED_NEWS}:{what}:{model_id}",
            now,
            key=f"{PUSHED_NEWS}:{what}:{model_id}:{admin.id}:{int(now.timestamp())}",
            kind=PushKind.ALERT,
        )
