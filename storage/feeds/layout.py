"""Which fields a kind of file has, and where they stand in one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from storage.feeds.report import ImportRefused

REJECT_COLUMNS: Final = ("rejected_line", "rejected_because")
"""What a rejects file has before the file's own columns; not kept when it comes back corrected."""


@dataclass(frozen=True)
class Fields:
    """The fields of a kind of file.

    Attributes:
        needed: Those without which a file is none of the kind.
        optional: Those that are used when they are there.
        keeps_others: Whether every other column is kept too.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    keeps_others: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        """The needed ones, then the optional ones."""
        return self.needed + self.optional

    def found_in(self, header: Sequence[str], columns: Mapping[str, str]) -> int:
        """How many needed fields a header has; see `lay_out`."""
        there = set(map(_key, header))
        return sum(_key(columns.get(name, name)) in there for name in self.needed)


@dataclass(frozen=True)
class Layout:
    """Where the fields stand in the rows of one file.

    Attributes:
        positions: For each of `Fields.all` the position of its column; -1 where there is none.
        extras: Name and position of every other column that is kept.
        of_rejects: Whether the file is a rejects file that comes back corrected.
    """

    width: int
    positions: tuple[int, ...]
    extras: tuple[tuple[str, int], ...]
    of_rejects: bool


class MissingColumns(Exception):  # noqa: N818 - it becomes an answer to a person
    """A header lacks needed or named columns; `names` says which, and for what."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def lay_out(fields: Fields, header: Sequence[str], columns: Mapping[str, str]) -> Layout:
    """Find the fields in a header; capitals and spaces around a name do not matter.

    Args:
        fields: Those of the file's kind.
        header: The names of its columns.
        columns: Field → the file's column, where that has another name.

    Raises:
        MissingColumns: A needed or a named column is missing.
        ImportRefused: A name appears twice.
    """
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        if places.setdefault(_key(name), place) != place:
            raise ImportRefused(f"the column {name[:60]} appears twice")
    wanted = {name: columns.get(name, name) for name in fields.all}
    missing = [
        column if column == name else f"{column} (for {name})"
        for name, column in wanted.items()
        if _key(column) not in places and (name in fields.needed or name in columns)
    ]
    if missing:
        raise MissingColumns(missing)
    positions = tuple(places.get(_key(column), -1) for column in wanted.values())
    ours = {places[name] for name in REJECT_COLUMNS if name in places}
    other = set(range(len(header))) - set(positions) - ours if fields.keeps_others else set()
    extras = tuple((header[place], place) for place in sorted(other))
    return Layout(len(header), positions, extras, of_rejects=bool(ours))


def _key(name: str) -> str:
    return name.strip().casefold()
