"""Models: which there are, which one is in charge, and who put it there.

The register holds what a model's card tells and the checksum of its text; the text itself lies in
a file (`bot/model_files.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from storage import audit, rescoring
from storage.tables import ModelRow, ModelUse, key_of

ACTIVATED: Final = "model activated"
"""The event of the audit trail; without a model in its detail, the rule is in charge again."""

REFUSED: Final = "model refused"
"""The event where a model's file cannot be used any more."""


@dataclass(frozen=True)
class Version:
    """A model that was trained.

    Attributes:
        id: Its key.
        name: Which is also its file's.
        kind: `boosted` or `forest`.
        made_at: When (aware, UTC).
        sha256: Of its text, in hexadecimal.
        report: What its card tells.
        in_charge: Whether chances come from it.
    """

    id: int
    name: str
    kind: str
    made_at: datetime
    sha256: str
    report: Mapping[str, Any]
    in_charge: bool


class NoSuchModel(LookupError):  # noqa: N818 - a state of things
    """There is no model of that name, or none to go back to. The message says which."""


def add(
    session: Session,
    *,
    name: str,
    kind: str,
    sha256: str,
    report: Mapping[str, Any],
    now: datetime,
) -> int:
    """Enter a model that was trained, and return its key; it is not in charge yet."""
    row = ModelRow(
        name=name, kind=kind, made_at=now, sha256=sha256, report=json.dumps(report, sort_keys=True)
    )
    session.add(row)
    session.flush()
    audit.record(session, "model trained", at=now, model=name)
    return key_of(row)


def versions(session: Session) -> list[Version]:
    """All models, the latest first."""
    in_charge = _in_charge(session)
    rows = session.scalars(select(ModelRow).order_by(col(ModelRow.id).desc()))
    return [_version(row, in_charge) for row in rows]


def version_in_charge(session: Session) -> Version | None:
    """The model from which chances come, or `None`: the rule is in charge."""
    key = _in_charge(session)
    row = session.get(ModelRow, key) if key else None
    return _version(row, key) if row else None


def key_in_charge(session: Session) -> int | None:
    """The key of that model, without reading what its card tells."""
    return _in_charge(session)


def last_made_at(session: Session) -> datetime | None:
    """When the latest model was made."""
    return session.scalar(select(col(ModelRow.made_at)).order_by(col(ModelRow.id).desc()).limit(1))


def version(session: Session, name: str) -> Version:
    """The model of a name.

    Raises:
        NoSuchModel: There is none.
    """
    row = _by_name(session, name)
    return _version(row, _in_charge(session))


def with_key(session: Session, key: int) -> Version | None:
    """The model of a key, `None` if there is none."""
    row = session.get(ModelRow, key)
    return _version(row, _in_charge(session)) if row else None


def activate(
    session: Session, name: str | None, now: datetime, member_id: int | None = None
) -> Version | None:
    """Put a model in charge, or with `None` the rule; all coming appointments are scored anew.

    Args:
        session: The unit of work.
        name: The model's name.
        now: The present (aware).
        member_id: Who does it; `None` is the command line, or the program by itself.

    Returns:
        The model that is in charge now.

    Raises:
        NoSuchModel: There is none of that name.
    """
    row = None if name is None else _by_name(session, name)
    return _put_in_charge(session, row, now, member_id)


def take_out_of_charge(session: Session, key: int, now: datetime) -> bool:
    """Put the rule in charge since a model's file cannot be used; whether it still was in charge.

    Of several processes that meet the file at once, one is told that it did it.
    """
    # Locked, so that they come one after another.
    row = session.get(ModelRow, key, with_for_update=True)
    if row is None or key != _in_charge(session):
        return False
    audit.record(session, REFUSED, at=now, model=row.name)
    _put_in_charge(session, None, now, None)
    return True


def roll_back(session: Session, now: datetime, member_id: int | None = None) -> Version | None:
    """Put in charge what was in charge before; pressed twice, that is a step back each time.

    Returns:
        The model that is in charge now, `None` for the rule.

    Raises:
        NoSuchModel: No model has been in charge.
    """
    uses = session.scalars(select(ModelUse).order_by(col(ModelUse.id).desc()).limit(2)).all()
    if not uses:
        raise NoSuchModel("no model has been in charge, so there is none to go back from")
    before = uses[1].model_id if len(uses) > 1 else None
    return _put_in_charge(
        session, session.get(ModelRow, before) if before else None, now, member_id
    )


def _put_in_charge(
    session: Session, row: ModelRow | None, now: datetime, member_id: int | None
) -> Version | None:
    key = key_of(row) if row else None
    if key != _in_charge(session):
        session.add(ModelUse(model_id=key, since=now, member_id=member_id))
        session.flush()
        audit.record(session, ACTIVATED, at=now, member_id=member_id, model=row and row.name)
        rescoring.ask_anew(session)
    return _version(row, key) if row else None


def _by_name(session: Session, name: str) -> ModelRow:
    row = session.scalars(select(ModelRow).where(col(ModelRow.name) == name)).first()
    if row is None:
        raise NoSuchModel(f"there is no model {name}")
    return row


def _in_charge(session: Session) -> int | None:
    return session.scalar(
        select(col(ModelUse.model_id)).where(
            col(ModelUse.id) == select(func.max(col(ModelUse.id))).scalar_subquery()
        )
    )


def _version(row: ModelRow, in_charge: int | None) -> Version:
    key = key_of(row)
    report = json.loads(row.report)
    return Version(key, row.name, row.kind, row.made_at, row.sha256, report, key == in_charge)
