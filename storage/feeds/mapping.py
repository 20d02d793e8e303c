"""Which column of a file is which field, and which of its words mean ours."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from storage.feeds.kind import Kind
from storage.feeds.kinds import KINDS
from storage.feeds.layout import Layout, MissingColumns, lay_out
from storage.feeds.report import ImportRefused, KindWord

FIELDS: Final = tuple(dict.fromkeys(name for kind in KINDS for name in kind.fields.all))
"""Every field of any kind."""

_FOUND_SHOWN: Final = 15
_BY_MAP: Final = (
    "Name them by --map, such as --map department=Clinic, "
    f"or say what it holds by --kind {'|'.join(KindWord)}"
)


@dataclass(frozen=True)
class Mapping:
    """A file's own names and words.

    Attributes:
        columns: Field → the file's column. A field that is not named here is looked for under
            its own name.
        words: Field → the file's word → ours.
    """

    columns: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)

    def over(self, base: "Mapping") -> "Mapping":
        """This mapping where it says something, `base` elsewhere."""
        return Mapping(base.columns | self.columns, base.words | self.words)

    def kind_of(self, header: Sequence[str]) -> Kind:
        """The kind of a file with this header; the nearest one, if it is none of them."""
        found = {kind.word: kind.fields.found_in(header, self.columns) for kind in KINDS}
        for kind in KINDS:
            if found[kind.word] == len(kind.fields.needed):
                return kind
        return max(KINDS, key=lambda kind: (found[kind.word], kind.word == KindWord.APPOINTMENTS))

    def fit(self, header: Sequence[str], kind: Kind) -> Layout:
        """Find the fields of a kind in a header.

        Raises:
            ImportRefused: A needed or a named column is missing, or a name appears twice.
        """
        try:
            return lay_out(kind.fields, header, self.columns)
        except MissingColumns as missing:
            raise ImportRefused(_missing(missing.names, header, kind), _BY_MAP) from None


def kind_called(word: KindWord) -> Kind:
    """The kind that a person named."""
    return next(kind for kind in KINDS if kind.word is word)


def read_mapping(given: Iterable[str]) -> Mapping:
    """One mapping out of all that a person gave; what comes later goes before.

    Args:
        given: Each a text such as `department=Clinic` or
            `status=No-show:Yes=noshow,No=fulfilled`, the path of a TOML file with the tables
            `[columns]` and `[words.FIELD]`, or the name of a preset.

    Raises:
        ImportRefused: One is malformed, or names an unknown field, file or preset.
    """
    mapping = Mapping()
    for each in given:
        mapping = _read(each).over(mapping)
    return mapping


def _read(given: str) -> Mapping:
    if given in presets():
        preset = files("storage.feeds") / "presets" / f"{given}.toml"
        return _from_toml(preset.read_text("utf-8"), given)
    if not given.endswith(".toml"):
        return _from_text(given)
    try:
        return _from_toml(Path(given).read_text("utf-8"), given)
    except (OSError, UnicodeDecodeError) as error:
        raise ImportRefused(f"the mapping {given} cannot be read") from error


def presets() -> list[str]:
    """The names of the mappings that come with the program."""
    folder = files("storage.feeds") / "presets"
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )


def _from_toml(text: str, name: str) -> Mapping:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ImportRefused(f"the mapping {name} is not TOML: {error}") from None
    unknown = set(tables) - {"columns", "words"}
    if unknown:
        raise ImportRefused(
            f"the mapping {name} has {min(unknown)}; known are [columns] and [words.FIELD]"
        )
    words = _table(tables.get("words", {}), name)
    return _checked(
        Mapping(
            _texts(tables.get("columns", {}), name),
            {key: _texts(entry, name) for key, entry in words.items()},
        )
    )


def _table(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ImportRefused(f"the mapping {name} needs tables: [columns] and [words.FIELD]")
    return value


def _texts(value: Any, name: str) -> dict[str, str]:
    table = _table(value, name)
    if not all(isinstance(entry, str) for entry in table.values()):
        raise ImportRefused(f"the mapping {name} may hold texts only, in quotes")
    return table


def _from_text(text: str) -> Mapping:
    """`field=Column` or `field=Column:word=ours,word=ours`."""
    name, equals, rest = text.partition("=")
    column, colon, pairs = rest.partition(":")
    if "=" not in pairs:  # the colon belongs to the column's name
        column, colon = rest, ""
    if not (equals and name.strip() and column.strip()):
        raise ImportRefused(
            f"--map {text}: write it like --map department=Clinic"
            " or --map status=No-show:Yes=noshow,No=fulfilled, or name a .toml file or a preset:"
            f" {', '.join(presets())}"
        )
    words: dict[str, dict[str, str]] = {}
    if colon:
        split = [pair.partition("=") for pair in pairs.split(",")]
        if not all(equals for _, equals, _ in split):
            raise ImportRefused(f"--map {text}: every word needs its meaning, as in Yes=noshow")
        words = {name.strip(): {theirs.strip(): ours.strip() for theirs, _, ours in split}}
    return _checked(Mapping({name.strip(): column.strip()}, words))


def _checked(mapping: Mapping) -> Mapping:
    for name in [*mapping.columns, *mapping.words]:
        if name not in FIELDS:
            raise ImportRefused(f"there is no field {name}; there is: {', '.join(FIELDS)}")
    return mapping


def _missing(missing: list[str], header: Sequence[str], kind: Kind) -> str:
    found = ", ".join(name[:40] for name in header[:_FOUND_SHOWN])
    more = f" and {len(header) - _FOUND_SHOWN} more" if len(header) > _FOUND_SHOWN else ""
    return (
        f"missing {'column' if len(missing) == 1 else 'columns'} of {kind.word.file}:"
        f" {', '.join(missing)}; found: {found}{more}"
    )
