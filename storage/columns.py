"""Column types: how moments and the field's words are kept, alike on both databases."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator

W = TypeVar("W", bound=StrEnum)

Key = BigInteger().with_variant(Integer, "sqlite")
"""A generated primary key or a reference to one (SQLite counts only in INTEGER)."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime kept as whole seconds since 1970 UTC.

    Integers are the narrowest form in which indexes order and windows (`RANGE … PRECEDING`)
    count, and SQLite has no type with a zone.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Seconds since 1970 UTC."""
        return None if value is None else int(value.timestamp())

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """An aware datetime in UTC."""
        return None if value is None else datetime.fromtimestamp(value, UTC)


class Word(TypeDecorator[W], Generic[W]):
    """A member of a `StrEnum` kept as its own word."""

    impl = String(16)
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: W | str | None, dialect: Dialect) -> str | None:
        """The word; anything outside the vocabulary is refused."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> W | None:
        """The enumeration's member."""
        return None if value is None else self.words(value)
