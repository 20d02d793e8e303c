"""Pushes: what people are told unasked, and how each may choose to be told."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.people import Member, Right


class PushKind(StrEnum):
    """What a push is about."""

    SUMMARY = "summary"
    PROPOSAL = "proposal"
    DECISION = "decision"
    FILLED = "filled"
    PEOPLE = "people"
    ALERT = "alert"


class Choice(StrEnum):
    """How a person wants a kind of push."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


USUAL: Final = MappingProxyType(
    {
        PushKind.SUMMARY: Choice.ON,
        PushKind.PROPOSAL: Choice.ON,
        PushKind.DECISION: Choice.SILENT,
        PushKind.FILLED: Choice.SILENT,
        PushKind.PEOPLE: Choice.ON,
        PushKind.ALERT: Choice.ON,
    }
)
"""How each kind comes unless a person chose otherwise: what can wait makes no sound."""

NEEDS: Final = MappingProxyType(
    {
        PushKind.SUMMARY: Right.SEE,
        PushKind.PROPOSAL: Right.DECIDE,
        PushKind.DECISION: Right.PROPOSE,
        PushKind.FILLED: Right.DECIDE,
        PushKind.PEOPLE: Right.SEE,
        PushKind.ALERT: Right.DELIVERIES,
    }
)
"""Whom each kind concerns: who has the right to what it is about."""


def kinds_for(member: Member) -> list[PushKind]:
    """The kinds of push that a member's role gets."""
    return [kind for kind in PushKind if member.may(NEEDS[kind])]
