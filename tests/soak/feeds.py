"""New files of the schedule: what changes in them, how they come in, and whether they are in."""

import asyncio
import csv
import hashlib
import io
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from bot.demo.sample import COLUMNS, SAMPLE_ZONE
from bot.demo.server import Phone
from domain.statuses import Status
from storage.tables import Appointment, Call
from tests.soak.bots import begin_program
from tests.soak.clinic import Clinic
from tests.soak.shift import Shift

SOON: Final = timedelta(days=10)
"""What people have on their screens: there a change meets a decision."""
EACH: Final = 3
"""Rows of each kind of change in a file."""
PAUSE: Final = (1.0, 4.0)
"""Seconds between two files."""

Row = dict[str, str]


class Expected(NamedTuple):
    """What a file says of an appointment."""

    start: datetime
    status: Status


@dataclass
class Feed:
    """One file.

    Attributes:
        rows: As they are in it; no other file has any of them.
        came_in: Somebody was told that it is in.
    """

    name: str
    rows: list[Row]
    came_in: bool = False

    @property
    def content(self) -> bytes:
        """The file."""
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue().encode()

    @property
    def digest(self) -> str:
        """By which the audit trail knows it."""
        return hashlib.sha256(self.content).hexdigest()

    def expected(self) -> dict[str, Expected]:
        """What is to be kept of each appointment."""
        return {
            row["appointment_id"]: Expected(_moment(row["start"]), Status(row["status"]))
            for row in self.rows
        }


@dataclass
class Feeds:
    """Makes files and brings them in, by the command line and in the chat.

    Attributes:
        made: All files so far.
        killed: How many imports were killed on their way.
    """

    place: Clinic
    chance: random.Random
    made: list[Feed] = field(default_factory=list)
    killed: int = 0
    _coming: list[Row] = field(default_factory=list)
    _past: list[Row] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 100_000)))

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        with self.place.sample.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                start, status = _moment(row["start"]), row["status"]
                if status == Status.BOOKED and now + timedelta(days=1) < start < now + SOON:
                    self._coming.append(row)
                elif status == Status.FULFILLED and start < now:
                    self._past.append(row)
        self.chance.shuffle(self._coming)
        self.chance.shuffle(self._past)

    async def keep_coming_in(self, admin: Phone, shift: Shift) -> None:
        """One file after another until the shift is over, by both ways in turn."""
        while await shift.goes_on(self.chance.uniform(*PAUSE)):
            feed = self._next()
            if len(self.made) % 2:
                await self._import(feed)
            else:
                await self._upload(feed, admin)

    async def _import(self, feed: Feed) -> None:
        """By `python -m bot import`, which one time in four is killed on its way."""
        place = self.place
        file = place.folder / feed.name
        file.write_bytes(feed.content)
        importing = await begin_program(
            place, "import", str(file), log=place.folder / "imports.log"
        )
        dies_in = self.chance.uniform(0.5, 3) if self.chance.random() < 0.25 else None
        try:
            async with asyncio.timeout(dies_in):
                feed.came_in = await importing.wait() == 0
        except TimeoutError:
            self.killed += 1
        finally:
            if importing.returncode is None:
                importing.send_signal(signal.SIGKILL)
                await importing.wait()

    async def _upload(self, feed: Feed, admin: Phone) -> None:
        await admin.uploads(feed.name, feed.content)
        with suppress(AssertionError):  # the bot is dead, or they are no admin at the moment
            await admin.sees(lambda message: _reports(str(message.get("text")), feed), within=5)
            feed.came_in = True

    def _next(self) -> Feed:
        """A file with new, cancelled and moved appointments, and outcomes put right."""
        cancelled = [self._coming.pop() | {"status": Status.CANCELLED} for _ in range(EACH)]
        moved = [_moved(self._coming.pop(), self.chance.randint(1, 9)) for _ in range(EACH)]
        missed = [self._past.pop() | {"status": Status.NOSHOW} for _ in range(EACH)]
        new = [self._new(self._coming[at]) for at in range(EACH)]
        feed = Feed(f"feed-{next(self._numbers)}.csv", [*cancelled, *moved, *missed, *new])
        self.made.append(feed)
        return feed

    def _new(self, like: Row) -> Row:
        """One more appointment of somebody's, some days later."""
        key = f"NEW-{next(self._numbers):06}"
        return _moved(like, self.chance.randint(1, 9)) | {"appointment_id": key}


def problems_of(session: Session, feeds: Feeds) -> list[str]:
    """What of the files is not kept as it should be.

    A file that somebody was told of is in as a whole. One that nobody was told of is in wholly or
    not at all.
    """
    called: set[int | None] = set(session.scalars(select(col(Call.appointment_id))))
    found = []
    for feed in feeds.made:
        expected = feed.expected()
        wanted = select(Appointment).where(col(Appointment.external_id).in_(expected))
        kept = {row.external_id: row for row in session.scalars(wanted)}
        if not feed.came_in:  # what a patient said in a call may look as if the file had said it
            expected = {
                key: row
                for key, row in expected.items()
                if key not in kept or kept[key].id not in called
            }
        wrong = [key for key, row in expected.items() if not _holds(kept.get(key), row, called)]
        if wrong and (feed.came_in or len(wrong) < len(expected)):
            told = "told of" if feed.came_in else "not told of"
            found.append(f"{feed.name}, {told}, is not kept for {', '.join(wrong)}")
    return found


def unrecorded(feeds: Feeds, digests: Counter[str]) -> list[str]:
    """The files that somebody was told of and the audit trail knows nothing of."""
    return [
        f"{feed.name} is not in the trail"
        for feed in feeds.made
        if feed.came_in and not digests[feed.digest]
    ]


def _holds(kept: Appointment | None, row: Expected, called: set[int | None]) -> bool:
    if kept is None or kept.start != row.start:
        return False
    # What a patient said in a call may have come after the file.
    return kept.status is row.status or kept.id in called


def _reports(text: str, feed: Feed) -> bool:
    return text.startswith(f"{feed.name}:") and "rows in" in text


def _moved(row: Row, days: int) -> Row:
    return row | {"start": (datetime.fromisoformat(row["start"]) + timedelta(days)).isoformat()}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=SAMPLE_ZONE)
