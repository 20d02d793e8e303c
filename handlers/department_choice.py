"""Choosing departments one press at a time, for a member and for an invitation."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from handlers import words
from handlers.addresses import UnknownAddress, whole
from handlers.paging import Pages, pager
from handlers.screens import Buttons, button

PAGE: Final = 8

IN: Final = "in"
OUT: Final = "out"
ALL: Final = "all"
"""What a press does with a department. Each says what is to hold, so pressing twice is safe."""

HINT: Final = (
    "✓ stands before what is chosen. A press puts a department in or takes it out; "
    "All departments lifts the limit."
)


def department_buttons(
    names: Mapping[int, str],
    chosen: Collection[int],
    page: int,
    change: Callable[[str, int, int], str],
    turn: Callable[[int], str],
) -> Buttons:
    """A button for each department, and the pages.

    Args:
        names: All departments.
        chosen: Those that somebody is limited to; none for all.
        page: Which page, counted from 0.
        change: The address that does something (`IN`, `OUT`, `ALL`) with a department on a page.
        turn: The address of another page.
    """
    pages = Pages(page, len(names), PAGE)
    pages = Pages(min(page, pages.last), pages.total, PAGE)
    ordered = sorted(names, key=lambda key: (names[key].casefold(), key))
    rows: Buttons = [[button(_label("All departments", not chosen), change(ALL, 0, pages.page))]]
    for key in pages.cut(ordered):
        verb = OUT if key in chosen else IN
        label = _label(words.cut(names[key], words.LABEL - 2), key in chosen)
        rows.append([button(label, change(verb, key, pages.page))])
    return rows + pager(pages, turn)


def read_change(arguments: Sequence[str]) -> tuple[int | None, bool]:
    """What a press does, from its address: the department (`None` for no limit), put in or out.

    Raises:
        UnknownAddress: It is none of these.
    """
    verb, key = arguments[0], whole(arguments[1])
    if verb not in {IN, OUT, ALL}:
        raise UnknownAddress(verb)
    return (None if verb == ALL else key), verb == IN


def _label(name: str, is_chosen: bool) -> str:
    return f"✓ {name}" if is_chosen else name
