"""Lettering: text in a figure, of any script and any intent, in lines that fit."""

import math
import unicodedata
from collections.abc import Sequence
from typing import Final

FONT: Final = "DejaVu Sans, sans-serif"

_WIDTHS: Final = {
    sign: width
    for signs, width in (
        ("ijlIJ'|", 0.3),
        (" .,:;!", 0.32),
        ("ftr()[]/-·", 0.41),
        ("csz", 0.55),
        ("w", 0.82),
        ("mMW%@÷×…—", 1.0),
    )
    for sign in signs
}
"""Advance widths of DejaVu Sans in em, where they are far from the usual one."""
_ISOLATE: Final = "\u2068"
_END: Final = "\u2069"


def extent(text: str, size: float) -> float:
    """About how wide `text` is in DejaVu Sans of `size` px, rather too much than too little."""
    return size * sum(map(_em, text))


def _em(sign: str) -> float:
    if unicodedata.combining(sign):
        return 0
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.0
    return _WIDTHS.get(sign, 0.75 if sign.isupper() else 0.636)


def wrapped(text: str, size: float, room: float, most: int = 99) -> list[str]:
    """`text` in lines of at most `room` px; "…" ends what does not go into `most` lines.

    A word that is too long for a line goes on in the next, after a hyphen.
    """
    lines: list[str] = []
    parts = [part for word in plain(text).split() for part in _parts(word, size, room)]
    for word in parts:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and extent(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        lines[most - 1 :] = [" ".join(lines[most - 1 :])]
    return [_cut(line, size, room) for line in lines]


def _parts(word: str, size: float, room: float) -> list[str]:
    """A word in parts that fit a line each: about equal ones, so that none is a letter or two."""
    for number in range(1, len(word)):
        length = math.ceil(len(word) / number)
        parts = [word[at : at + length] for at in range(0, len(word), length)]
        parts[:-1] = [f"{part}-" for part in parts[:-1]]
        if all(extent(part, size) <= room for part in parts):
            return parts
    return [word]


def shortened(name: str, size: float, room: float, most: int) -> list[str]:
    """`name` in at most `most` lines; if it is too long, words in its middle become "…".

    Long names of one house differ at their ends more often than at their beginnings.
    """
    words = plain(name).split()
    lines = wrapped(name, size, room)
    while len(lines) > most and len(words) > 2:
        middle = len(words) // 2
        words = [word for word in words if word != "…"]
        words[middle - 1 : middle + 1] = ["…"]
        lines = wrapped(" ".join(words), size, room)
    return lines[:most]


def _cut(line: str, size: float, room: float) -> str:
    if extent(line, size) <= room:
        return line
    while line and extent(line + "…", size) > room:
        line = line[:-1]
    return line.rstrip() + "…"


def plain(text: str) -> str:
    """`text` without signs that steer terminals, lines or the direction of other text."""
    return "".join(
        " " if unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs", "Co") else sign
        for sign in text
        if unicodedata.category(sign) != "Cf"
    )


def escaped(text: str) -> str:
    """`text` as plotly shows it literally: plotly reads HTML-like tags and entities.

    Right-to-left text is isolated, so that its brackets and digits stay in order.
    """
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in safe):
        return f"{_ISOLATE}{safe}{_END}"
    return safe


def stacked(lines: Sequence[str]) -> str:
    """Lines, escaped, one under the other."""
    return "<br>".join(map(escaped, lines))
