"""Columns: how keys, moments and the field's words are kept, alike on both databases."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Column, Dialect, ForeignKey, Integer, String
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


def generated_key() -> Column[int]:
    """A primary key that the database gives."""
    return Column(Key, primary_key=True, autoincrement=True)


def key_part(target: str) -> Column[int]:
    """A reference to a column such as `batch.id` that is (a part of) the primary key."""
    return Column(Key, ForeignKey(target), primary_key=True, autoincrement=False)


def refers(target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    """A reference to a column such as `member.id`."""
    return Column(Key, ForeignKey(target), nullable=nullable, index=index)


def moment(*, nullable: bool = False) -> Column[datetime]:
    """A column that holds a `Moment`."""
    return Column(Moment, nullable=nullable)
