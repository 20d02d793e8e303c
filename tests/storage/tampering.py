"""Changing an audit trail behind the product's back."""

from sqlalchemy import text
from sqlmodel import Session


def unguard(session: Session) -> None:
    """Let the trail's rows be changed and removed, referring to anything, in this transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    session.execute(text("PRAGMA defer_foreign_keys = ON"))
    triggers = text("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    for name in session.scalars(triggers).all():
        session.execute(text(f"DROP TRIGGER {name}"))
