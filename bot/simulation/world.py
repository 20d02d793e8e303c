"""The world that all arms share: the sample HMO, who waits, and what everybody has in mind."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final

import numpy as np
from numpy.random import Generator

from bot.demo.sample import SAMPLE_ZONE, Town, draw_town
from bot.demo.sample_lists import WAITLIST_COLUMNS, Visit, session_rows, waiting_row
from bot.demo.sample_rates import SPECIALTIES, SURNAMES
from bot.simulation.behaviour import Behaviour, Mind
from bot.simulation.chance import Chance
from domain.ages import AGE_GROUPS, age_group, age_on
from domain.days import Calendar, Span
from domain.statuses import NOT_SCHEDULED, Status
from domain.waiting import TARGET_DAYS, WaitState

FEED_AT: Final = time(6)
"""When the HMO's files come, local time."""

DEPARTMENTS: Final = range(0, len(SPECIALTIES), 2)
"""Every second department of the sample, half of its visits: enough to tell arms apart, and each of
them takes about a minute."""

WAITING: Final = 25
"""Patients on the list of a department on the first day …"""
ARRIVE_EVERY: Final = 2
"""… and so often, in days, another one comes."""

_FAR_AHEAD: Final = timedelta(days=10)
_HAVE_ONE: Final = 0.5
"""Share of them who have a visit far ahead, which they would like to be earlier."""
_TURN: Final = (2.0, 1.2)
"""Shape, and mean in targets, of how long the others wait until the HMO has a visit for them."""


@dataclass(frozen=True)
class Place:
    """A place on the waitlist.

    Attributes:
        row: What `WAITLIST_COLUMNS` names.
        patient: The number of the patient.
        since: Since when they wait (aware).
        turn: When the HMO sees them without us (aware).
        group: Their age group's label.
    """

    row: dict[str, str]
    patient: int
    urgency: int
    since: datetime
    turn: datetime
    group: str

    @property
    def name(self) -> str:
        """The feed's id of it."""
        return self.row["waiting_id"]


class World:
    """The sample HMO from some days on.

    Args:
        first: The first simulated day.
        days: How many there are.
        seed: Another one makes another HMO and other patients.
        departments: Those that there are, by their positions in `SPECIALTIES`.
    """

    def __init__(
        self, first: date, days: int, seed: int, departments: Collection[int] = DEPARTMENTS
    ) -> None:
        self.calendar = Calendar(SAMPLE_ZONE)
        self.span = Span(first, first + timedelta(days=days - 1))
        self.behaviour = Behaviour(Chance(seed))
        self.seed = seed
        town = draw_town(self.feed_time(days), SAMPLE_ZONE, seed)
        self.town: Town = town.within(departments)
        self._departments = len(departments)
        self.places = self._draw_places(np.random.default_rng((seed, 2)))

    @property
    def begin(self) -> datetime:
        """When the first day's files come (aware, UTC)."""
        return self.feed_time(0)

    @property
    def days(self) -> int:
        """How many days are simulated."""
        return self.span.days

    def feed_time(self, day: int) -> datetime:
        """When the files of a day, from 0 on, come (aware, UTC)."""
        return self.at(day, FEED_AT.hour)

    def at(self, day: int, hour: int) -> datetime:
        """A full local hour of a day, from 0 on (aware, UTC)."""
        local = datetime.combine(self.span.first + timedelta(days=day), time(hour), SAMPLE_ZONE)
        return local.astimezone(UTC)

    def mind(self, number: int) -> Mind:
        """What the patient of a visit would do if nobody asked.

        Nobody comes to a visit that was entered in error, or wants it.
        """
        outcome = self.town.outcomes[number]
        if np.isfinite(self.town.cancelled_at[number]) or outcome is Status.ENTERED_IN_ERROR:
            return Mind.CANCELS
        return Mind.MISSES if outcome is Status.NOSHOW else Mind.COMES

    def start(self, number: int) -> datetime:
        """When a visit starts (aware, UTC)."""
        return datetime.fromtimestamp(int(self.town.starts[number]) * 60, UTC)

    def cancelled(self, number: int) -> datetime | None:
        """When a visit is cancelled in the HMO's system (aware, UTC), if it is."""
        minutes = self.town.cancelled_at[number]
        return datetime.fromtimestamp(minutes * 60, UTC) if np.isfinite(minutes) else None

    def visits_of(self, patient: int, start: datetime) -> list[int]:
        """The numbers of a patient's visits that start at a moment (aware): one, or none."""
        at = self.town.starts == start.timestamp() // 60
        return [int(each) for each in np.flatnonzero(at & (self.town.visits.patient == patient))]

    def hours(self, number: int) -> float:
        """How long a visit takes."""
        return SPECIALTIES[self.town.visits.department[number]].minutes / 60

    def is_within(self, moment: datetime) -> bool:
        """Whether an aware moment is on one of the simulated days."""
        return self.span.first <= self.calendar.day_of(moment) <= self.span.last

    def visits_within(self) -> list[int]:
        """The numbers of the visits on the simulated days, those entered in error left out."""
        first = self.calendar.start_of(self.span.first).timestamp() / 60
        last = self.calendar.end_of(self.span).timestamp() / 60
        within = np.flatnonzero((self.town.starts >= first) & (self.town.starts < last))
        return [
            number for number in within.tolist() if self.town.outcomes[number] not in NOT_SCHEDULED
        ]

    @cached_property
    def misses(self) -> dict[int, float]:
        """How often each patient misses a visit, by their true chances (0–1)."""
        patient = self.town.visits.patient
        number = np.bincount(patient)
        sums = np.bincount(patient, self.town.risk)
        return {who: float(sums[who] / number[who]) for who in np.flatnonzero(number).tolist()}

    def sessions(self) -> Iterator[tuple[object, ...]]:
        """Clinicians' sessions around all that is booked in the simulated days."""
        statuses = self.town.outcomes
        rows = self.town.visits
        wanted = np.flatnonzero(self.town.starts >= self.begin.timestamp() // 60).tolist()
        visits = [
            Visit(
                str(rows.patient[number]),
                SPECIALTIES[rows.department[number]].name,
                f"Dr. {SURNAMES[rows.clinician[number]]}",
                self.start(number).astimezone(SAMPLE_ZONE),
                SPECIALTIES[rows.department[number]].minutes,
                statuses[number] not in NOT_SCHEDULED,
            )
            for number in wanted
        ]
        return session_rows(np.random.default_rng((self.seed, 3)), visits, SAMPLE_ZONE)

    def _draw_places(self, rng: Generator) -> list[Place]:
        """Who waits on the first day, and who comes later."""
        taken: set[int] = set()
        found: list[Place] = []
        for day in range(self.days):
            come = self._departments * day // ARRIVE_EVERY
            for _ in range(come + self._departments * WAITING - len(found)):
                at = self.feed_time(day)
                place = self._draw_place(rng, at, len(found) + 1, taken, is_new=day > 0)
                taken.add(place.patient)
                found.append(place)
        return found

    def _draw_place(
        self, rng: Generator, at: datetime, number: int, taken: set[int], *, is_new: bool
    ) -> Place:
        minutes = at.timestamp() / 60
        has_one = rng.random() < _HAVE_ONE
        visit = self._draw_visit(rng, minutes, taken, ahead=has_one)
        patient = int(self.town.visits.patient[visit])
        department = SPECIALTIES[self.town.visits.department[visit]].name
        person = self.town.people[patient]
        cells = waiting_row(
            rng, number, person["patient_id"], department, at.astimezone(SAMPLE_ZONE)
        )
        row = dict(zip(WAITLIST_COLUMNS, map(str, cells), strict=True))
        row["status"] = WaitState.WAITING.value
        if is_new:
            row["since"] = at.isoformat()
        since, urgency = datetime.fromisoformat(row["since"]), int(row["urgency"])
        shape, targets = _TURN
        wait = timedelta(days=TARGET_DAYS[urgency] * targets * rng.gamma(shape, 1 / shape))
        turn = self.start(visit) if has_one else max(since + wait, at + timedelta(days=1))
        age = age_on(self.calendar.day_of(at), date.fromisoformat(person["birth_date"]))
        return Place(row, patient, urgency, since, turn, AGE_GROUPS[age_group(age)])

    def _draw_visit(self, rng: Generator, minutes: float, taken: set[int], *, ahead: bool) -> int:
        """A visit of somebody who comes to wait: one of their past ones, or one far ahead."""
        town = self.town
        if ahead:
            far = minutes + _FAR_AHEAD / timedelta(minutes=1)
            among = np.flatnonzero(
                (town.starts > far) & (town.booked <= minutes) & ~np.isfinite(town.cancelled_at)
            )
        else:
            among = np.flatnonzero(town.starts < minutes)
        while True:
            visit = int(rng.choice(among))
            if int(town.visits.patient[visit]) not in taken:
                return visit
