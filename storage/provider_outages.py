"""Providers that take nobody's messages: since when, kept for whoever looks, and told to admins."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlmodel import Session, col

from domain.notices import Channel
from domain.people import Right
from domain.pushes import PushKind
from storage import outbox, people
from storage.tables import Fact

TOLD_AFTER: Final = timedelta(minutes=15)
"""A provider is away for this long before admins are told, once."""


@dataclass(frozen=True)
class Down:
    """A provider that takes nothing.

    Attributes:
        since: Since when (aware).
        problem: What it meets us with, in a few words.
    """

    channel: Channel
    since: datetime
    problem: str


def note_down(session: Session, channel: Channel, problem: str, now: datetime) -> None:
    """A provider has taken nothing again: noted since when, and told to admins after a while.

    Args:
        session: A unit of work of its own.
        channel: Whose provider it is.
        problem: What it meets us with, without an address.
        now: The present (aware).
    """
    fact = session.get(Fact, _name(channel), with_for_update=True)
    if fact is None:
        since = now.replace(microsecond=0).isoformat()
        session.add(Fact(name=_name(channel), value=f"{since} {problem[:100]}"))
        return
    found = _down(fact)
    if now - found.since < TOLD_AFTER:
        return
    for admin in people.members_with(session, Right.DELIVERIES, None):
        key = f"{fact.name}:{found.since.isoformat()}:{admin.id}"
        outbox.enqueue(session, admin.id, outbox.ALERTS, now, key=key, kind=PushKind.ALERT)


def note_up(session: Session, channel: Channel) -> None:
    """A provider takes messages again."""
    session.execute(delete(Fact).where(col(Fact.name) == _name(channel)))


def down(session: Session, channels: Collection[Channel]) -> list[Down]:
    """The providers, of those that are set, that take nothing as far as is known."""
    names = [_name(channel) for channel in Channel if channel in channels]
    facts = session.scalars(select(Fact).where(col(Fact.name).in_(names)).order_by(col(Fact.name)))
    return [_down(fact) for fact in facts]


def _name(channel: Channel) -> str:
    return f"down {channel}"


def _down(fact: Fact) -> Down:
    since, _, problem = fact.value.partition(" ")
    channel = Channel(fact.name.partition(" ")[2])
    return Down(channel, datetime.fromisoformat(since), problem)
