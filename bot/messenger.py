"""The messenger: sends notices to patients, each at most once.

Like the courier it works from the database alone, and takes in hand only what leaves soon. What it
has begun and not ended when it is killed is doubtful, and is not sent again. A provider that fails
for everybody is held and probed with one message at a time, which costs no notice its tries; each
time with another one, since what a provider refuses for one recipient may look like that.
No line that is logged here holds an address, a text or a link.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Concatenate, Final, ParamSpec

import structlog
from sqlmodel import Session

from bot.channels import AT_ONCE, Channels
from bot.outage import Outage
from bot.pace import Pace
from bot.witness import Ending
from domain.notices import Channel, Letter, NoticeEvent
from domain.phones import normal
from handlers.desk import Desk
from handlers.patients.letters import letter_of
from handlers.patients.texts import language_of
from handlers.patients.ways import Reachable
from storage import notice_queue, provider_outages
from storage.notice_queue import DueNotice, Outgoing
from storage.store import StoreUnavailable

P = ParamSpec("P")

LOOKS_EVERY: Final = 1.0
"""Seconds between looks at the database when nothing in this process has changed."""

ENDS_WITHIN: Final = 5.0
"""Seconds that messages on their way are given when the program ends."""

PER_SECOND: Final[Mapping[Channel, float]] = MappingProxyType(
    {Channel.SMS: 5.0, Channel.EMAIL: 10.0}
)
"""Messages a second: what small contracts of the usual providers bear. A clinic's morning of a
thousand reminders is then out within minutes, and offers overtake them."""

IN_HAND: Final = AT_ONCE // len(Channel)
"""Messages in hand or on their way by one channel, so that one that hangs leaves room to others."""

_LOOKS_AT_MOST_EVERY: Final = 0.05
_SPELLED: Final = MappingProxyType({Channel.SMS: "SMS", Channel.EMAIL: "e-mail"})

log = structlog.get_logger()


@dataclass(frozen=True)
class Sender:
    """Who writes, and how patients can answer.

    Attributes:
        hmo_name: As patients read it; may be empty.
        ways: Where patients reach us.
        country: The calling code of numbers without one.
    """

    hmo_name: str
    ways: Reachable
    country: str


class Lane:
    """One channel: how fast it may send, and whether its provider fails for everybody.

    Args:
        channel: Which.
        now: A monotonic clock, in seconds.
    """

    def __init__(self, channel: Channel, now: Callable[[], float]) -> None:
        self.pace = Pace(now, PER_SECOND[channel])
        self.outage = Outage(self.pace, f"the provider of {_SPELLED[channel]}")
        self.is_noted_down = True  # maybe, by a process before this one
        self.refused: set[int] = set()  # as if for all; others are tried before these

    def room(self, busy: int) -> int:
        """How many more messages may be taken in hand, with so many there already."""
        if self.pace.is_held:
            return 0
        return max(0, (1 if self.outage.lasts else IN_HAND) - busy)


class Messenger:
    """Runs beside the handlers until it is stopped.

    Args:
        desk: What it works with.
        channels: The providers.
        sender: Who writes.
        now: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        desk: Desk,
        channels: Channels,
        sender: Sender,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk, self._channels, self._sender = desk, channels, sender
        self._lanes = {channel: Lane(channel, now) for channel in Channel}
        self._busy: dict[int, tuple[Channel, asyncio.Task[None]]] = {}
        self._claimed: dict[int, DueNotice] = {}
        self._free = asyncio.Event()

    async def run(self) -> None:
        """Send until cancelled; a round that fails is logged and tried again."""
        try:
            while True:
                self._free.clear()
                try:
                    await self._round()
                except StoreUnavailable as reason:
                    log.error("the database cannot be reached; trying again", reason=str(reason))
                except Exception:
                    log.exception("a round failed; trying again")
                await self._rest()
        finally:
            await self._finish()

    async def _rest(self) -> None:
        """Wait for something to do: a message has ended, somebody has caused one, or a second."""
        await asyncio.sleep(_LOOKS_AT_MOST_EVERY)
        woken = [asyncio.create_task(event.wait()) for event in (self._free, self._desk.changed)]
        try:
            await asyncio.wait(woken, timeout=LOOKS_EVERY, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in woken:
                each.cancel()

    async def _finish(self) -> None:
        """Let what is on its way arrive and be noted, and give back what is not."""
        tasks = [task for _, task in self._busy.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=ENDS_WITHIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._claimed:
            with contextlib.suppress(StoreUnavailable):
                await self._desk.store.write(notice_queue.release, list(self._claimed.values()))

    async def _round(self) -> None:
        """Claim what there is room for; of a channel that is probed, one."""
        desk = self._desk
        if not await desk.store.read(notice_queue.is_due, desk.house, desk.clock.now()):
            return
        for channel, lane in self._lanes.items():
            room = lane.room(sum(each is channel for each, _ in self._busy.values()))
            if room:
                but = [*self._busy, *lane.refused]
                about = (desk.house, desk.clock.now(), channel, room, but)
                claims = await desk.store.write(notice_queue.claim, *about)
                for claim in claims:
                    self._begin(claim)
                if not claims:
                    lane.refused.clear()  # there is no other: they take turns anew

    def _begin(self, claim: DueNotice) -> None:
        self._lanes[claim.channel].outage.begin(claim.id)
        self._claimed[claim.id] = claim
        task = asyncio.create_task(self._guarded(claim))
        self._busy[claim.id] = (claim.channel, task)
        task.add_done_callback(lambda done: self._ended(claim.id, done))

    def _ended(self, notice_id: int, task: asyncio.Task[None]) -> None:
        self._busy.pop(notice_id, None)
        if not task.cancelled():  # else what it had claimed is still to be given back
            self._claimed.pop(notice_id, None)
        self._free.set()

    async def _guarded(self, claim: DueNotice) -> None:
        try:
            await self._deliver(claim)
        except StoreUnavailable as reason:
            log.error("the database cannot be reached; trying again", reason=str(reason))
        except Exception:
            log.exception("a message to a patient failed", notice=claim.id)

    async def _deliver(self, claim: DueNotice) -> None:
        desk, lane = self._desk, self._lanes[claim.channel]
        await lane.pace.turn(claim.id)
        if not lane.outage.lets_pass(claim.id):
            await desk.store.write(notice_queue.release, [claim])
            return
        now = desk.clock.now()
        outgoing = await desk.store.write(notice_queue.begin, claim, desk.house, now)
        if outgoing is not None:
            await self._send(outgoing, lane)

    async def _send(self, outgoing: Outgoing, lane: Lane) -> None:
        try:
            address, letter, stop = self._made(outgoing)
        except Exception:
            log.exception("a message to a patient could not be made", notice=outgoing.id)
            await self._not_sent(outgoing, Ending(NoticeEvent.NOT_YET, "it could not be made"))
            return
        if address is None:
            ending = Ending(NoticeEvent.HOPELESS, "the phone number is none")
            await self._not_sent(outgoing, ending)
            return
        ended = await self._channels.send(outgoing.channel, address, letter, stop)
        if ended is None:
            lane.outage.answered()
            await self._surely(notice_queue.arrived, outgoing, self._desk.clock.now())
            await self._note_up(outgoing.channel, lane)
        else:
            self._learn(outgoing, ended, lane)
            await self._not_sent(outgoing, ended)
            if ended.unless_taken:
                lane.refused.add(outgoing.id)
            if lane.outage.lasts:
                await self._note_down(outgoing.channel, ended, lane)
        if not lane.outage.lasts:
            await self._count_refused(lane)

    def _made(self, outgoing: Outgoing) -> tuple[str | None, Letter, str]:
        """Where it goes, what it says, and the link by which the recipient wants no more."""
        desk, sender, view = self._desk, self._sender, outgoing.view
        ways = sender.ways.ways(view, desk.clock.now())
        letter = letter_of(view, ways, desk.house, sender.hmo_name, language_of(view.language))
        is_phone = outgoing.channel is Channel.SMS
        address = normal(outgoing.address, sender.country) if is_phone else outgoing.address
        return address, letter, ways.stop or ""

    def _learn(self, outgoing: Outgoing, ending: Ending, lane: Lane) -> None:
        """What an ending says of the provider."""
        if ending.for_all:
            lane.outage.fails(outgoing.id)
        elif ending.event is NoticeEvent.LOST:
            lane.outage.lost(outgoing.id)
        else:
            lane.outage.answered()

    async def _not_sent(self, outgoing: Outgoing, ending: Ending) -> None:
        log.warning(
            "a message to a patient was not sent",
            notice=outgoing.id,
            channel=outgoing.channel.value,
            became=ending.event.value,
            problem=ending.problem,
        )
        desk, said = self._desk, (ending.event, ending.problem)
        counts = not ending.for_all
        about = (outgoing, *said, desk.house, desk.clock.now())
        await self._surely(notice_queue.end, *about, counts=counts)
        desk.changed.set()

    async def _count_refused(self, lane: Lane) -> None:
        """The provider works: what it refused it has refused for their own sake."""
        desk = self._desk
        while lane.refused:
            about = (lane.refused.pop(), desk.house, desk.clock.now())
            await self._surely(notice_queue.count_try, *about)

    async def _note_down(self, channel: Channel, ending: Ending, lane: Lane) -> None:
        lane.is_noted_down = True
        now = self._desk.clock.now()
        await self._desk.store.write(provider_outages.note_down, channel, ending.problem, now)

    async def _note_up(self, channel: Channel, lane: Lane) -> None:
        if lane.is_noted_down:
            await self._desk.store.write(provider_outages.note_up, channel)
            lane.is_noted_down = False

    async def _surely(
        self, work: Callable[Concatenate[Session, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Record what has happened, however long the database is away: it must not be forgotten."""
        while True:
            try:
                await self._desk.store.write(work, *args, **kwargs)
                return
            except StoreUnavailable as reason:
                log.error("what was sent cannot be noted; trying again", reason=str(reason))
                await asyncio.sleep(LOOKS_EVERY)
