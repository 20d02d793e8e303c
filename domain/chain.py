"""The audit chain: each row's hash covers the row and the hash before it.

So no row can be changed, left out, put in or moved without every later hash being wrong. The rule
is as fixed as the rows that it was applied to: a trail of last year must verify next year.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple


class Entry(NamedTuple):
    """What a row of the trail tells.

    Attributes:
        at: Whole seconds since 1970 UTC.
        detail: A JSON object, as the text that is kept.
    """

    at: int
    event: str
    member_id: int | None = None
    appointment_id: int | None = None
    department_id: int | None = None
    detail: str = "{}"


class Head(NamedTuple):
    """A row's number and hash; that of the last row vouches for all before it."""

    id: int
    hash: str


BEFORE_THE_FIRST: Final = Head(0, "")


@dataclass(frozen=True)
class Problem:
    """The first row that is not as it was written, and what is wrong with it."""

    id: int
    what: str

    def __str__(self) -> str:
        return f"row {self.id:,} {self.what}"


# Keys sorted, no spaces, ASCII only, so that another program can write the same text. What no row
# can hold by right (`repr`) must not stop the check either.
_TEXT: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=repr)


def link(previous: Head, entry: Entry) -> Head:
    """The number and the hash of the row that follows `previous`."""
    number = previous.id + 1
    text = _TEXT.encode({"id": number, **entry._asdict()})
    return Head(number, hashlib.sha256((previous.hash + text).encode()).hexdigest())


def first_problem(
    rows: Iterable[tuple[Head, Entry]], head: Head | None, noted: Head | None = None
) -> Problem | None:
    """Walk the chain from its first row on; what is wrong first, or `None` if nothing is.

    Args:
        rows: All rows, by number.
        head: Where the chain ends, as it was kept beside the rows.
        noted: A head that somebody wrote down earlier: it must still be part of the chain.
    """
    last = BEFORE_THE_FIRST
    for claimed, entry in rows:
        problem = _misplaced(claimed, last, head) or _altered(claimed, link(last, entry), noted)
        if problem:
            return problem
        last = claimed
    return _wrong_end(last, head, noted)


def _misplaced(claimed: Head, last: Head, head: Head | None) -> Problem | None:
    if claimed.id <= last.id:
        return Problem(claimed.id, "was put in: the first row is row 1")
    if claimed.id > last.id + 1:
        return Problem(last.id + 1, "is missing")
    if head and claimed.id > head.id:
        return Problem(claimed.id, f"was put in: the chain ends with row {head.id:,}")
    return None


def _altered(claimed: Head, right: Head, noted: Head | None) -> Problem | None:
    if claimed.hash != right.hash:
        return Problem(claimed.id, "was changed, or does not follow the row before it")
    if noted and claimed.id == noted.id and claimed.hash != noted.hash:
        return Problem(claimed.id, "is not the one that was noted: the chain was written anew")
    return None


def _wrong_end(last: Head, head: Head | None, noted: Head | None) -> Problem | None:
    if head is None:
        return Problem(last.id, "may not be the last: where the chain ends is not known any more")
    if last.id < head.id:
        return Problem(last.id + 1, "is missing")
    if last.hash != head.hash:
        return Problem(last.id, "is not the one that the chain ended with")
    if noted and noted.id > last.id:
        return Problem(last.id + 1, f"is missing: row {noted.id:,} was noted")
    return None
