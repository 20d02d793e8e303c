"""Pushes: what people are told unasked, and how each may choose to be told."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class PushKind(StrEnum):
    """What a push is about."""

    SUMMARY = "summary"
    PROPOSAL = "proposal"
    DECISION = "decision"
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
        PushKind.ALERT: Choice.ON,
    }
)
"""How each kind comes unless a person chose otherwise: what can wait makes no sound."""
