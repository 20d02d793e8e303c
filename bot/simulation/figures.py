"""The figures of an arm: what Slotwise counts itself, and what only the simulated world knows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import mean
from typing import Final, TypeVar

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.simulation.behaviour import Mind
from bot.simulation.clinic import Clinic
from bot.simulation.hospital import Hospital, number_of
from bot.simulation.world import Place, World
from domain.backfills import Stage
from domain.balance.outcome import FEWEST_OF_A_GROUP
from domain.criteria import House, Selection
from domain.offers import OfferState
from storage import counters, gains
from storage.efficiency import efficiency
from storage.tables import BackfillRow, OfferRow

K = TypeVar("K")

REFILLED: Final = timedelta(days=7)
"""A slot that is lost longer before is filled by the HMO itself, in every arm."""

REBOOKED: Final = timedelta(days=14)
"""Who does not come to the slot that they took is seen so much later."""


@dataclass(frozen=True)
class Figures:
    """What came of an arm, over the simulated days.

    Attributes:
        actioned: Slots in the Efficiency Gain's numerator.
        scheduled: … and its denominator.
        expected: No-shows to expect among the visits whose transfers were authorised, by the true
            chances of the world, as if nothing were done about them.
        authorized: Those visits.
        won: Slots won back, as `storage.gains` counts them; the same for `collisions` and `lost`.
        hours_won: Of care, those of collisions taken off.
        kept: Patients who confirmed and came.
        prompted: Visits to which somebody came only because they were asked, which is an assumption
            of `bot.simulation.behaviour`.
        displaced: First patients who would have come, and whose slot somebody else has.
        filled: Slots that somebody from the waitlist took.
        unfilled: Slots that nobody took in time.
        offers: Offers that were answered or expired.
        accepted: … of which so many were accepted.
        seen: Patients who were seen in the HMO's slots.
        no_shows: Visits to which nobody came, though they were still booked.
        idle_hours: Hours of slots in which nobody was seen, of those that were lost within
            `REFILLED` or not at all.
        waits: Mean days on the waitlist by urgency, of all who ever waited.
        wait: … of all together.
        worst_group: The age group that waits longest …
        worst_wait: … and its mean.
        agrees: Whether Slotwise's own counts are right: slots won back beside what has happened in
            the world, counters and rollup beside a recount.
    """

    actioned: int
    scheduled: int
    expected: float
    authorized: int
    won: int
    collisions: int
    lost: int
    hours_won: float
    kept: int
    prompted: int
    displaced: int
    filled: int
    unfilled: int
    offers: int
    accepted: int
    seen: int
    no_shows: int
    idle_hours: float
    waits: dict[int, float]
    wait: float
    worst_group: str
    worst_wait: float
    agrees: bool

    @property
    def gain(self) -> float:
        """The Efficiency Gain, per cent."""
        return 100 * self.actioned / self.scheduled if self.scheduled else 0.0

    @property
    def realised(self) -> float:
        """The realised gain, per cent."""
        return 100 * (self.won - self.collisions) / self.scheduled if self.scheduled else 0.0


def figures(session: Session, world: World, clinic: Clinic, house: House) -> Figures:
    """Count what came of an arm, once the morning after its last day has passed."""
    hospital, selection = clinic.hospital, _selection(world, house)
    figure, realised = efficiency(session, selection), gains.realised(session, selection)
    within = world.visits_within()
    numbers = {number_of(name) for name in clinic.authorized} & set(within)
    waits = [(place, _wait(place, hospital)) for place in world.places]
    worst_group, worst_wait = _worst_off(waits)
    stages, offers = _stages(session, selection), _offers(session)
    ended = sum(offers[state] for state in _ENDED)
    return Figures(
        actioned=figure.actioned,
        scheduled=figure.scheduled,
        expected=float(sum(world.town.risk[number] for number in numbers if number is not None)),
        authorized=len(numbers),
        won=realised.won,
        collisions=realised.collisions,
        lost=realised.lost,
        hours_won=realised.hours,
        kept=realised.kept,
        prompted=len(hospital.turned_up & set(within)),
        displaced=_displaced(world, hospital),
        filled=realised.filled,
        unfilled=stages[Stage.UNFILLED],
        offers=ended,
        accepted=offers[OfferState.ACCEPTED],
        seen=sum(_is_seen(hospital, number) for number in within),
        no_shows=sum(_is_missed(world, hospital, number) for number in within),
        idle_hours=sum(world.hours(number) for number in within if _idles(world, hospital, number)),
        waits=dict(sorted(_means((place.urgency, days) for place, days in waits).items())),
        wait=mean(days for _, days in waits),
        worst_group=worst_group,
        worst_wait=worst_wait,
        agrees=_won(world, hospital) == (realised.won, realised.collisions)
        and not counters.verify(session),
    )


_ENDED: Final = (OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED)


def _selection(world: World, house: House) -> Selection:
    """All departments and ages on the simulated days."""
    first, end = world.calendar.start_of(world.span.first), world.calendar.end_of(world.span)
    return Selection(frozenset(), None, world.span, first, end, house.threshold)


def _stages(session: Session, selection: Selection) -> Counter[Stage]:
    days = col(BackfillRow.day).between(selection.span.first, selection.span.last)
    rows = session.execute(
        select(col(BackfillRow.stage), func.count()).where(days).group_by(col(BackfillRow.stage))
    )
    return Counter({stage: int(number) for stage, number in rows})


def _offers(session: Session) -> Counter[OfferState]:
    rows = session.execute(select(col(OfferRow.state), func.count()).group_by(col(OfferRow.state)))
    return Counter({state: int(number) for state, number in rows})


def _is_seen(hospital: Hospital, number: int) -> bool:
    """Whether anybody was seen in a visit's slot."""
    booking = hospital.bookings.get(number)
    return hospital.comes(number) or (booking is not None and booking.comes)


def _is_missed(world: World, hospital: Hospital, number: int) -> bool:
    """Whether whoever had a visit's slot in the end stayed away."""
    booking = hospital.bookings.get(number)
    if booking is not None:
        return not booking.comes
    is_kept = number not in hospital.lost_at and world.mind(number) is Mind.MISSES
    return is_kept and number not in hospital.turned_up


def _idles(world: World, hospital: Hospital, number: int) -> bool:
    if _is_seen(hospital, number):
        return False
    lost = hospital.lost_at.get(number) or world.cancelled(number)
    filled = number in hospital.bookings
    return filled or lost is None or world.start(number) - lost <= REFILLED


def _displaced(world: World, hospital: Hospital) -> int:
    """Slots of patients who would have come, and who have not given them back for another."""
    return sum(
        world.mind(number) is Mind.COMES and number not in hospital.swapped
        for number, booking in hospital.bookings.items()
        if world.is_within(booking.start)
    )


def _won(world: World, hospital: Hospital) -> tuple[int, int]:
    """Slots won back and collisions, as the world knows them."""
    both = Counter(
        hospital.comes(number)
        for number, booking in hospital.bookings.items()
        if booking.comes and world.is_within(booking.start)
    )
    return both[False], both[True]


def _wait(place: Place, hospital: Hospital) -> float:
    """How many days somebody waited until they were seen."""
    booking = hospital.taken.get(place.name)
    seen = place.turn
    if booking is not None:
        rebooked = max(place.turn, booking.start + REBOOKED)
        seen = booking.start if booking.comes else rebooked
    return (seen - place.since) / timedelta(days=1)


def _worst_off(waits: Sequence[tuple[Place, float]]) -> tuple[str, float]:
    """The age group with the longest mean wait, of those that are not too small to tell."""
    means = _means((place.group, days) for place, days in waits)
    sizes = Counter(place.group for place, _ in waits)
    large = [group for group in sorted(means) if sizes[group] >= FEWEST_OF_A_GROUP]
    worst = max(large, key=lambda group: means[group], default="")
    return worst, means.get(worst, 0.0)


def _means(values: Iterable[tuple[K, float]]) -> dict[K, float]:
    gathered: dict[K, list[float]] = defaultdict(list)
    for key, value in values:
        gathered[key].append(value)
    return {key: mean(of) for key, of in gathered.items()}
