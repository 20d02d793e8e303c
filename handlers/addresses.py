"""Addresses: the text behind a button, which says everything needed to answer it.

An address is words joined by `:`, such as `risk:7.-.-:0`: the screen (or the act), then its
arguments. It holds no secret and no state, so a button of any age still answers; rights and
facts are looked up when it is pressed. Telegram allows 64 bytes.
"""

from typing import Final

from telegram.constants import InlineKeyboardButtonLimit

from domain.criteria import Criteria

_LIMIT: Final = int(InlineKeyboardButtonLimit.MAX_CALLBACK_DATA)
_NONE: Final = "-"

NOWHERE: Final = _NONE
"""In place of an address: there is nothing to go back to."""


class UnknownAddress(ValueError):  # noqa: N818 - an answer is given for it
    """No screen or act answers to this: an old button, or a made-up one."""


def join(*parts: object) -> str:
    """Make an address; what is `None` is written `-`.

    Raises:
        UnknownAddress: It is longer than Telegram allows, or no text to be kept; only a
            made-up one leads to such.
    """
    address = ":".join(_NONE if part is None else str(part) for part in parts)
    if len(address.encode()) > _LIMIT or not address.isprintable():
        raise UnknownAddress(address)
    return address


def split(address: str) -> tuple[str, list[str]]:
    """The screen's word and its arguments."""
    word, *arguments = address.split(":")
    return word, arguments


def whole(argument: str) -> int:
    """A whole number from 0 on.

    Raises:
        UnknownAddress: It is none.
    """
    if not (argument.isascii() and argument.isdigit() and len(argument) <= 18):
        raise UnknownAddress(argument)
    return int(argument)


def maybe_whole(argument: str) -> int | None:
    """A whole number, or `None` for `-`."""
    return None if argument == _NONE else whole(argument)


def pack(criteria: Criteria) -> str:
    """Criteria as one argument: days, department, age group."""
    parts = (criteria.days, criteria.department_id, criteria.age_group)
    return ".".join(_NONE if part is None else str(part) for part in parts)


def unpack(argument: str) -> Criteria:
    """Criteria from an argument.

    Raises:
        UnknownAddress: They are none.
    """
    parts = argument.split(".")
    if len(parts) != 3:
        raise UnknownAddress(argument)
    try:
        return Criteria(whole(parts[0]), maybe_whole(parts[1]), maybe_whole(parts[2]))
    except ValueError as error:
        raise UnknownAddress(argument) from error
