"""Answers: what a patient can say about their visit, by page, by SMS or by phone."""

from enum import StrEnum


class Answer(StrEnum):
    """What a patient says about their own visit."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    CALL_ME = "call-me"


class Source(StrEnum):
    """How an answer came."""

    PAGE = "page"
    SMS = "sms"
