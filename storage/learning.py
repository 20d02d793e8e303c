"""Learning: from which day on there is enough to learn from, and the groups to audit by."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import pandas as pd
from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.ages import AGE_GROUPS
from domain.days import Span
from domain.statuses import OUTCOMES
from storage.tables import Appointment, DailyCount, Patient

SEX: Final = "sex"
AGE: Final = "age"
"""The groups that every audit names; others are columns of the feed that a setting names."""

_UNKNOWN: Final = "unknown"


def span_of(session: Session, until: date, most: int) -> Span | None:
    """The latest whole days before one that hold at most so many known outcomes.

    Returns:
        First to last day with any; `None` if there is none.
    """
    outcomes = func.sum(col(DailyCount.attended) + col(DailyCount.no_shows))
    rows = session.execute(
        select(col(DailyCount.day), outcomes)
        .where(col(DailyCount.day) < until)
        .group_by(col(DailyCount.day))
        .having(outcomes > 0)
        .order_by(col(DailyCount.day).desc())
    )
    days: list[date] = []
    left = most
    for day, number in rows:
        left -= int(number)
        if left < 0 and days:
            break
        days.append(day)
    return Span(days[-1], days[0]) if days else None


def groups(session: Session, span: Span, columns: Sequence[str]) -> pd.DataFrame:
    """Of which groups each appointment of some days with an outcome is.

    Args:
        session: The unit of work.
        span: The days.
        columns: Names of further columns of the feed.

    Returns:
        Indexed by the appointment's key; columns `sex`, `age`, and `columns`, all texts.
    """
    rows = session.execute(
        select(
            col(Appointment.id),
            col(Patient.sex),
            col(Appointment.age_group),
            col(Appointment.extra),
        )
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .where(col(Appointment.day).between(span.first, span.last))
        .where(col(Appointment.status).in_(OUTCOMES))
    ).all()
    found: dict[str, list[str]] = {
        SEX: [sex or _UNKNOWN for _, sex, _, _ in rows],
        AGE: [AGE_GROUPS[group] for _, _, group, _ in rows],
    }
    extras = [_extras(extra) for *_, extra in rows] if columns else []
    for name in columns:
        found[name] = [str(extra.get(name) or _UNKNOWN) for extra in extras]
    return pd.DataFrame(found, index=pd.Index([key for key, *_ in rows], dtype="int64"))


def _extras(kept: str | None) -> dict[str, Any]:
    found = json.loads(kept) if kept else {}
    return found if isinstance(found, dict) else {}
