"""The patients of one arm: they get messages and calls, and answer as the pages would have it."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot.simulation.behaviour import Behaviour, Reply, Spoken
from bot.simulation.hospital import Hospital, number_of
from bot.simulation.world import World
from domain.answers import Holds, Source
from domain.criteria import House
from domain.notices import NoticeKind
from storage import answers, offers
from storage.tables import Appointment, Notice, OfferRow, Waiting


@dataclass(frozen=True)
class About:
    """What a message is about.

    Attributes:
        visit: The feed's id of the visit, or of the first visit of an offered slot.
        place: The place on the waitlist to which a slot is offered.
    """

    kind: NoticeKind
    appointment_id: int
    visit: str
    offer_id: int | None
    place: str | None
    urgency: int


@dataclass(order=True)
class _Answer:
    """Something that a patient does later on; of two in one moment the first thought of."""

    at: datetime
    order: int
    does: Callable[[Session, datetime], None] = field(compare=False)


def about(session: Session, notice_id: int) -> About:
    """What a message is about."""
    row = session.execute(
        select(Notice, col(Appointment.external_id), col(Waiting.external_id), col(Waiting.urgency))
        .join(Appointment, col(Appointment.id) == col(Notice.appointment_id))
        .join(OfferRow, col(OfferRow.id) == col(Notice.offer_id), isouter=True)
        .join(Waiting, col(Waiting.id) == col(OfferRow.waiting_id), isouter=True)
        .where(col(Notice.id) == notice_id)
    ).one()
    notice, visit, place, urgency = row
    return About(
        notice.kind, notice.appointment_id, visit, notice.offer_id, place, int(urgency or 0)
    )


class Patients:
    """All of them.

    Args:
        world: What they have in mind.
        hospital: Where they then come, or not.
        house: The HMO's calendar and manners.
    """

    def __init__(self, world: World, hospital: Hospital, house: House) -> None:
        self._world, self._hospital, self._house = world, hospital, house
        self._behaviour: Behaviour = world.behaviour
        self._coming: list[_Answer] = []
        self._order = itertools.count()
        self._asked: Counter[str] = Counter()
        self._called: Counter[str] = Counter()

    def read(self, message: About, at: datetime) -> None:
        """A message has reached one of them."""
        if message.kind is NoticeKind.CONFIRM:
            self._read_question(message, at)
        elif message.kind is NoticeKind.OFFER:
            self._read_offer(message, at)
        elif message.kind is NoticeKind.RELEASED:
            number = number_of(message.visit)
            if number is not None and self._behaviour.knows(message.visit):
                self._hospital.told_gone.add(number)

    def due(self, now: datetime) -> list[Callable[[Session, datetime], None]]:
        """What they do by now, each to be run in a unit of work of its own."""
        found = []
        while self._coming and self._coming[0].at <= now:
            found.append(heapq.heappop(self._coming).does)
        return found

    def called(self, visit: str) -> Spoken | None:
        """How a call about a visit of the sample ends; `None` for any other."""
        number = number_of(visit)
        if number is None:
            return None
        self._called[visit] += 1
        spoken = self._behaviour.spoken(visit, self._world.mind(number), self._called[visit])
        if spoken.turns_up:
            self._hospital.turned_up.add(number)
        return spoken

    def _read_question(self, message: About, at: datetime) -> None:
        number = number_of(message.visit)
        if number is None:
            return
        self._asked[message.visit] += 1
        times = self._asked[message.visit]
        reply = self._behaviour.reply(message.visit, self._world.mind(number), times)
        if reply is not None:
            later = at + self._behaviour.thinks(message.visit, times)
            self._plan(later, self._answers(message.appointment_id, number, reply))

    def _read_offer(self, message: About, at: datetime) -> None:
        place, offer_id = message.place, message.offer_id
        if place is None or offer_id is None:
            return
        takes = self._behaviour.takes(place, message.visit, message.urgency)
        if takes is not None:
            later = at + self._behaviour.decides(place, message.visit)
            self._plan(later, self._decides(offer_id, place, takes=takes))

    def _answers(
        self, appointment_id: int, number: int, reply: Reply
    ) -> Callable[[Session, datetime], None]:
        def work(session: Session, now: datetime) -> None:
            said = (appointment_id, reply.answer, Source.PAGE)
            told = answers.answer_visit(session, *said, self._house, now)
            if reply.turns_up and told.holds is Holds.COMING:
                self._hospital.turned_up.add(number)

        return work

    def _decides(
        self, offer_id: int, place: str, *, takes: bool
    ) -> Callable[[Session, datetime], None]:
        def work(session: Session, now: datetime) -> None:
            if not takes:
                offers.decline(session, offer_id, self._house, now)
                return
            shown = offers.look(session, offer_id)
            done = offers.accept(session, offer_id, self._house, now)
            if done.barrier is None and shown.own_start is not None:
                self._hospital.swap(place, shown.own_start)

        return work

    def _plan(self, at: datetime, does: Callable[[Session, datetime], None]) -> None:
        heapq.heappush(self._coming, _Answer(at, next(self._order), does))
