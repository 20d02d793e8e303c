"""Screens: what a message shows. Each has an address, so it can be opened, refreshed and renewed.

A screen is made by a function from a visit (who looks, with what at hand) and the address's
arguments. `SCREENS` in `handlers/router.py` lists them all.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from domain.people import Member
from handlers.desk import Desk

Buttons = list[list[InlineKeyboardButton]]


@dataclass(frozen=True)
class Picture:
    """A picture to show.

    Attributes:
        key: Everything it depends on; under this Telegram's file id of it is remembered.
        content: A PNG, or the file id of one that was sent before.
        again: Makes the content anew, for when Telegram takes that file id no longer.
    """

    key: tuple[object, ...]
    content: bytes | str
    again: Callable[[], Awaitable[bytes | str]]


@dataclass(frozen=True)
class Screen:
    """What a message shows.

    Attributes:
        text: HTML; the caption where there is a picture.
        buttons: Rows of inline buttons.
        address: What opens this screen again.
        department_id: The one department it is about, `None` for several or all.
        version: `figures_version` from before its figures were read; `None` if it shows no
            figure or state that a decision may change.
        picture: Shown above the text.
        keeps_picture: The message's picture stays and only text and buttons change.
    """

    text: str
    buttons: Buttons = field(default_factory=list)
    address: str = ""
    department_id: int | None = None
    version: int | None = None
    picture: Picture | None = None
    keeps_picture: bool = False

    @property
    def keyboard(self) -> InlineKeyboardMarkup | None:
        """The buttons as Telegram takes them."""
        return InlineKeyboardMarkup(self.buttons) if self.buttons else None

    @property
    def digest(self) -> str:
        """Changes with the text or the buttons."""
        labels = [(button.text, button.callback_data) for row in self.buttons for button in row]
        return hashlib.sha256(repr((self.text, labels)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Visit:
    """Who looks, and what is at hand."""

    desk: Desk
    member: Member


ScreenMaker = Callable[[Visit, Sequence[str]], Awaitable[Screen]]


@dataclass(frozen=True)
class Answer:
    """What an act answers: the screen to show in its place, and a few words over it."""

    screen: Screen
    toast: str | None = None
    alert: bool = False


Actor = Callable[[Visit, Sequence[str]], Awaitable[Answer]]


def button(label: str, address: str, style: str | None = None) -> InlineKeyboardButton:
    """A button that opens (or does) what is at `address`.

    Args:
        label: What it says.
        address: See `handlers/addresses.py`.
        style: `success` (green) or `danger` (red) for decisions.
    """
    return InlineKeyboardButton(label, callback_data=address, style=style)
