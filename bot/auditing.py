"""`audit verify`: whether the audit trail is as it was written."""

import re
from typing import Final

import typer
from sqlmodel import Session

from domain.chain import Head
from domain.counting import count
from storage import audit

_NOTED: Final = re.compile(r"(\d{1,18})[: ]([0-9a-f]{64})")


def noted_head(typed: str | None) -> Head | None:
    """The head that was given as `ID:HASH`.

    Raises:
        typer.BadParameter: It is none.
    """
    if typed is None:
        return None
    found = _NOTED.fullmatch(typed.strip())
    if found is None:
        raise typer.BadParameter("--expect takes ID:HASH, as `audit verify` printed them")
    return Head(int(found[1]), found[2])


def verify(session: Session, noted: Head | None) -> tuple[bool, str]:
    """Whether the trail is intact, and what to say of it in a line."""
    problem = audit.verify(session, noted)
    if problem:
        return False, f"{str(problem)[:1].upper()}{str(problem)[1:]}"
    head = audit.head(session) or Head(0, "")
    return True, f"{count(head.id, 'row')}, chain intact, head {head.id} {head.hash or '-'}"
