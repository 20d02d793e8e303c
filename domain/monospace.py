"""Text in columns of one width, whatever script it is in."""

import unicodedata
from typing import Final

_ISOLATE: Final = "\u2068"
_END: Final = "\u2069"


def width(text: str) -> int:
    """Columns that `text` takes in a monospaced block."""
    if _is_plain(text):
        return len(text)
    return sum(map(_columns, text))


def fit(text: str, columns: int) -> str:
    """`text` on one line, cut with "…" or padded on the right to exactly `columns`.

    Control characters become spaces. A name in a right-to-left script is isolated, so that it
    does not turn the figures after it around.
    """
    harmless = text if _is_plain(text) else "".join(map(_harmless, text))
    clean = " ".join(harmless.split())
    if width(clean) > columns:
        while clean and width(clean) > columns - 1:
            clean = clean[:-1]
        clean = clean.rstrip() + "…"
    padding = " " * (columns - width(clean))
    if not clean.isascii() and any(map(_runs_leftwards, clean)):
        clean = f"{_ISOLATE}{clean}{_END}"
    return clean + padding


def _is_plain(text: str) -> bool:
    """Whether each sign takes one column and none needs a closer look: most texts, and quick."""
    return text.isascii() and text.isprintable()


def _runs_leftwards(sign: str) -> bool:
    return unicodedata.bidirectional(sign) in ("R", "AL")


def _columns(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Cc", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _harmless(sign: str) -> str:
    """Separators and control signs as a space; signs that only steer the text's direction gone."""
    category = unicodedata.category(sign)
    if category == "Cf":
        return ""
    return " " if category in ("Cc", "Cs", "Co", "Zl", "Zp") else sign
