"""The HMO's own system in one arm: its files, what its desk enters, and who was really seen.

The desk enters once a day what Slotwise has changed: who gave a slot back, and who took one. The
HMO gives that booking an id of its own, so that the feed has to recognise ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from bot.demo.sample import SAMPLE_ZONE
from bot.simulation.behaviour import Mind
from bot.simulation.world import Place, World
from domain.backfills import Release, Stage
from domain.offers import OfferState
from domain.statuses import Status
from domain.waiting import WaitState
from storage.tables import (
    Appointment,
    BackfillRow,
    Clinician,
    Department,
    OfferRow,
    Waiting,
)

_VISIT, _BOOKING = "APT-", "NEW-"
"""How the HMO's ids begin: of the sample's visits, and of what was first booked by us."""


@dataclass(frozen=True)
class Booking:
    """A slot that somebody from the waitlist took.

    Attributes:
        row: As the HMO's schedule has it.
        first: The number of the visit whose slot it was.
        is_silent: Whether silence had released it.
        comes: Whether who took it comes.
    """

    row: dict[str, str]
    place: Place
    first: int
    start: datetime
    is_silent: bool
    comes: bool


class Hospital:
    """Keeps what an arm changes in the shared world.

    Attributes:
        lost_at: When the patient of a visit gave it up, or lost it, by the visit's number.
        turned_up: Visits to which somebody comes only because they were asked.
        told_gone: Visits whose patients have read that somebody else has the slot.
        swapped: Visits that their patients gave up for an earlier slot that they took.
        bookings: What was booked by us, by the number of the slot's visit.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._places = {place.name: place for place in world.places}
        self._told: dict[object, str] = {}
        self.lost_at: dict[int, datetime] = {}
        self.turned_up: set[int] = set()
        self.told_gone: set[int] = set()
        self.swapped: set[int] = set()
        self.bookings: dict[int, Booking] = {}

    @property
    def taken(self) -> dict[str, Booking]:
        """What was booked by us, by the place on the waitlist."""
        return {booking.place.name: booking for booking in self.bookings.values()}

    def swap(self, place_name: str, own_start: datetime) -> None:
        """Somebody gives up their own visit at that time (aware) for a slot that they took."""
        patient = self._places[place_name].patient
        self.swapped.update(self._world.visits_of(patient, own_start))

    def comes(self, number: int) -> bool:
        """Whether the patient of a visit stands at the door, whoever has their slot."""
        mind = self._world.mind(number)
        if number in self.lost_at:
            booking = self.bookings.get(number)
            unaware = booking is not None and booking.is_silent and number not in self.told_gone
            return mind is Mind.COMES and unaware
        return mind is Mind.COMES or number in self.turned_up

    def schedule(self, now: datetime) -> list[dict[str, str]]:
        """The file of the appointments that are new, or are not as the last file said."""
        town, present = self._world.town, int(now.timestamp() // 60)
        statuses = town.statuses(now)
        for number in self.lost_at.keys() | self.turned_up:
            if town.starts[number] <= present and self.comes(number):
                statuses[number] = Status.FULFILLED
            elif number in self.lost_at:
                statuses[number] = Status.CANCELLED
        booked = (town.booked <= present).tolist()
        fresh = [
            number
            for number, status in enumerate(statuses)
            if booked[number] and self._is_news(number, status)
        ]
        return [*town.rows(fresh, statuses, now), *self._booked(now)]

    def waitlist(self, now: datetime) -> list[dict[str, str]]:
        """The file of who has come to wait, and of whom the HMO has seen or booked itself."""
        taken = self.taken
        found = []
        for place in self._world.places:
            is_over = place.turn <= now or place.name in taken
            state = WaitState.BOOKED if is_over else WaitState.WAITING
            if place.since <= now and self._is_news(place.name, state):
                found.append(place.row | {"status": state.value})
        return found

    def enter(self, session: Session) -> None:
        """Read what Slotwise has changed, as the desk does once a day."""
        for backfill_id, *facts in session.execute(_FILLED):
            booking = self._booking(backfill_id, *facts)
            self.bookings.setdefault(booking.first, booking)
        for name, at in session.execute(_GIVEN_BACK):
            number = number_of(name)
            if number is not None:
                self.lost_at.setdefault(number, at)

    def _booking(
        self,
        backfill_id: int,
        first_name: str,
        place_name: str,
        release: Release,
        slot: Appointment,
        department: str,
        clinician: str,
    ) -> Booking:
        place, first = self._places[place_name], number_of(first_name)
        if first is None:
            raise ValueError(f"{first_name} is none of the sample's visits")
        row = {
            "appointment_id": f"{_BOOKING}{backfill_id:06}",
            "department": department,
            "start": slot.start.astimezone(SAMPLE_ZONE).isoformat(),
            "booked_at": (slot.booked_at or slot.start).astimezone(SAMPLE_ZONE).isoformat(),
            "clinician": clinician,
            "duration": str(slot.duration),
            "reminder_sent": "false",
            **self._world.town.people[place.patient],
        }
        misses = self._world.misses[place.patient]
        comes = self._world.behaviour.comes_to(place.name, first_name, misses)
        return Booking(row, place, first, slot.start, release is Release.SILENCE, comes)

    def _booked(self, now: datetime) -> Iterator[dict[str, str]]:
        for booking in self.bookings.values():
            status = Status.BOOKED
            if booking.start <= now:
                status = Status.FULFILLED if booking.comes else Status.NOSHOW
            row = booking.row | {"status": status.value}
            if self._is_news(row["appointment_id"], status):
                yield row

    def _is_news(self, about: object, word: str) -> bool:
        if self._told.get(about) == word:
            return False
        self._told[about] = word
        return True


def number_of(name: str) -> int | None:
    """The number of a visit of the sample, from its id in the feed; `None` for any other."""
    return int(name.removeprefix(_VISIT)) - 1 if name.startswith(_VISIT) else None


def _filled() -> Any:
    first, replacement = aliased(Appointment), aliased(Appointment)
    return (
        select(
            col(BackfillRow.id),
            col(first.external_id),
            col(Waiting.external_id),
            col(BackfillRow.release),
            replacement,
            col(Department.name),
            col(Clinician.name),
        )
        .select_from(BackfillRow)
        .join(first, col(first.id) == col(BackfillRow.appointment_id))
        .join(replacement, col(replacement.id) == col(BackfillRow.replacement_id))
        .join(Department, col(Department.id) == col(replacement.department_id))
        .join(Clinician, col(Clinician.id) == col(replacement.clinician_id))
        .join(OfferRow, col(OfferRow.backfill_id) == col(BackfillRow.id))
        .join(Waiting, col(Waiting.id) == col(OfferRow.waiting_id))
        .where(col(BackfillRow.stage) == Stage.FILLED, col(OfferRow.state) == OfferState.ACCEPTED)
        .order_by(col(BackfillRow.id))
    )


_FILLED: Final = _filled()
_GIVEN_BACK: Final = (
    select(col(Appointment.external_id), col(Appointment.released_at))
    .where(col(Appointment.status) == Status.CANCELLED, col(Appointment.released_at).is_not(None))
    .order_by(col(Appointment.id))
)
