"""Phone numbers: however people and files write them, in the one form of E.164."""

import re
import unicodedata
from typing import Final

SHORTEST: Final = 8
LONGEST: Final = 15
"""Digits of a number with its country code: E.164 allows 15; those of fewer than 8 are short codes,
from which companies write and at which nobody can be reached."""

E164: Final = re.compile(rf"\+[1-9]\d{{{SHORTEST - 1},{LONGEST - 1}}}", re.ASCII)
"""What `normal` makes."""

_KEEPS_ZERO: Final = frozenset({"39", "225", "242", "378"})
"""Countries in which a leading 0 is a part of the number (Italy, Côte d'Ivoire, Congo, San Marino);
elsewhere it is only dialled within the country."""

_FILLING: Final = re.compile(r"[\s().\-/\u2010-\u2015\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Spaces, brackets, dashes, and the invisible marks that right-to-left writing leaves."""


def normal(number: str, country: str) -> str | None:
    """A phone number as E.164, such as `+972501234567`; `None` if it is none.

    Args:
        number: As it is written: with spaces, dashes or brackets, with `+` or `00`, with a leading
            0, or without any of these; digits of any script.
        country: The calling code of the country of numbers that name none, such as `972`.
    """
    plain = _FILLING.sub("", number.replace("(0)", ""))
    digits = plain.removeprefix("+")
    if not digits.isdecimal():
        return None
    digits = "".join(str(unicodedata.decimal(sign)) for sign in digits)
    found = f"+{_with_country(digits, country, is_whole=plain.startswith('+'))}"
    return found if E164.fullmatch(found) else None


def _with_country(digits: str, country: str, *, is_whole: bool) -> str:
    """The digits with the country's code before them.

    Without `+`, `00` or 0 it cannot be seen whether the code is there. It is taken to be if the
    number begins with it and is longer than a national one: numbers have nine digits or ten.
    """
    if is_whole:
        return digits
    if digits.startswith("00"):
        return digits[2:]
    if digits.startswith("0"):
        return country + (digits if country in _KEEPS_ZERO else digits[1:])
    if digits.startswith(country) and len(digits) > 10:
        return digits
    return country + digits
