"""Chances without training: a model in the register, and appointments that it has scored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import Session, col

from domain.statuses import Status
from storage import models
from storage.tables import Appointment

REPORT: Final[Mapping[str, Any]] = {
    "first_day": "2025-11-24",
    "last_day": "2026-11-22",
    "rows": 88_208,
    "no_shows": 17_866,
    "kind": "boosted",
    "judged": {
        "model": {
            "rows": 26_104,
            "rate": 0.2036,
            "auc": 0.7412,
            "flags": 3_453,
            "precision": 0.4512,
            "recall": 0.2931,
            "rule_precision": 0.3187,
        },
        "rule": {"auc": 0.5213, "flags": 3_453, "precision": 0.3187, "recall": 0.2066},
        "lead time": {"auc": 0.6871, "precision": 0.3802},
        "prior rate": {"auc": 0.5604, "precision": 0.3304},
    },
    "calibration": [[0.04, 0.05, 400], [0.21, 0.19, 400], [0.58, 0.6, 400]],
    "gains": [[0.0, 0.0], [0.1, 0.26], [0.2, 0.45], [0.5, 0.81], [1.0, 1.0]],
    "weights": {"lead": 0.52, "history": 0.21, "department": 0.17, "other bookings": 0.1},
    "verdict": None,
    "judged_on": "12 to 22 Nov 2026",
}
"""What the card of a model tells."""


def put_in_charge(
    session: Session, now: datetime, name: str = "2026-11-22-1", member_id: int | None = None
) -> int:
    """Enter a model and put it in charge; its key."""
    key = models.add(
        session, name=name, kind="boosted", sha256="0" * 64, report=dict(REPORT), now=now
    )
    models.activate(session, name, now, member_id)
    return key


def score(session: Session, thousandths: int, /, *, picked: bool = False, **where: Any) -> None:
    """Give booked appointments a chance: all, or those with these values."""
    chosen = [col(getattr(Appointment, name)) == value for name, value in where.items()]
    session.execute(
        update(Appointment)
        .where(col(Appointment.status) == Status.BOOKED, *chosen)
        .values(chance=thousandths, picked=picked)
    )
