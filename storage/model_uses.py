"""What is in charge, as people see it: since when, by whom, and the way back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from storage import models
from storage.models import Version
from storage.tables import MemberRow, ModelRow, ModelUse, key_of


@dataclass(frozen=True)
class Use:
    """What is in charge.

    Attributes:
        id: Its key.
        version: The model, or `None` for the rule.
        since: From when on (aware, UTC).
        by: Who put it there; `None` is the command line, or the program by itself.
        before: The model that was in charge before, by name; `None` for the rule.
    """

    id: int
    version: Version | None
    since: datetime
    by: str | None
    before: str | None


def latest_use(session: Session) -> Use | None:
    """What is in charge; `None` if no model has ever been."""
    latest = session.execute(
        select(ModelUse, col(ModelRow.name), col(MemberRow.name))
        .join(ModelRow, col(ModelRow.id) == col(ModelUse.model_id), isouter=True)
        .join(MemberRow, col(MemberRow.id) == col(ModelUse.member_id), isouter=True)
        .order_by(col(ModelUse.id).desc())
        .limit(2)
    ).all()
    if not latest:
        return None
    (use, _, by), *earlier = latest
    before = earlier[0][1] if earlier else None
    return Use(key_of(use), models.version_in_charge(session), use.since, by, before)


def has_model(session: Session) -> bool:
    """Whether a model is in charge."""
    latest = select(col(ModelUse.model_id)).order_by(col(ModelUse.id).desc()).limit(1)
    return session.scalar(latest) is not None


def roll_back_from(session: Session, use_id: int, now: datetime, member_id: int) -> bool:
    """Put in charge what was before; `False` if `use_id` is not what is in charge any more.

    So a second press, or a second person, does not step further back.
    """
    asked = select(col(ModelUse.id)).where(col(ModelUse.id) == use_id).with_for_update()
    if session.scalar(asked) is None or session.scalar(select(func.max(ModelUse.id))) != use_id:
        return False
    models.roll_back(session, now, member_id)
    return True
