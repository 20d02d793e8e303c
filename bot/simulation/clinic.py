"""A clinic in one arm, hour by hour: what managers, staff and the program itself do.

Each of them does it by the storage calls behind their buttons, commands and jobs.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlmodel import Session, col

from bot.simulation.arms import Arm
from bot.simulation.feeds import import_rows
from bot.simulation.hospital import Hospital
from bot.simulation.patients import About, Patients, about
from bot.simulation.world import World
from domain.clock import HandClock
from domain.criteria import Criteria, House
from domain.criteria import select as select_as
from domain.notices import Channel, NoticeEvent
from domain.people import Member
from domain.policies import Policy
from storage import backfills, balance, batches, calls, notice_queue, policies, risk, slot_steps
from storage import to_confirm as lists
from storage.notice_queue import DueNotice, Outgoing
from storage.store import Store
from storage.tables import Action, Appointment

HOURS: Final = range(7, 22)
"""Hours of a day in which anything happens."""
AUTHORIZES_AT: Final = 8
PLANS_AT: Final = (9, 12, 15, 18)
CALLS_AT: Final = (10, 16)
CALLS_AT_ONCE: Final = 20
"""Calls that staff have time for, each time."""
CLOSED_ON: Final = 5
"""Saturday."""

_AT_ONCE: Final = 500


class Clinic:
    """One arm.

    Args:
        store: A copy of the store as it is on the first morning.
        world: What all arms share.
        arm: How it is run.
        member: The manager, who does what staff do, too.
        house: The HMO's calendar and manners.
        folder: Where files may be written.
    """

    def __init__(
        self, store: Store, world: World, arm: Arm, member: Member, house: House, folder: Path
    ) -> None:
        self.store, self._world, self._arm = store, world, arm
        self._member, self._house, self._folder = member, house, folder
        self._clock = HandClock(world.begin)
        self.hospital = Hospital(world)
        self._patients = Patients(world, self.hospital, house)
        self._chance = np.random.default_rng((world.seed, 4))
        self.authorized: set[str] = set()
        """The feed's ids of the visits whose transfers managers authorised, cancelled or not."""

    def run(self) -> None:
        """Let all days pass, and the morning after, which brings what became of the last one."""
        self.hospital.schedule(self._world.begin)  # what the store holds already
        self.hospital.waitlist(self._world.begin)
        if self._arm.policy is not None:
            self._settle(self._arm.policy)
        for day in range(self._world.days):
            if day:
                self._take_files(day)
            if self._arm.policy is not None:
                self._pass_day(day)
        self._take_files(self._world.days)

    def _settle(self, policy: Policy) -> None:
        for department in sorted(self.store.read_now(risk.departments)):
            about_it = (self._member, department, policy, self._clock.now())
            self.store.write_now(policies.change, *about_it)

    def _take_files(self, day: int) -> None:
        now = self._clock.at = self._world.feed_time(day)
        self.store.read_now(self.hospital.enter)
        for rows in (self.hospital.schedule(now), self.hospital.waitlist(now)):
            import_rows(self.store, rows, self._folder, self._house, now, self._chance)

    def _pass_day(self, day: int) -> None:
        is_closed = (self._world.span.first + timedelta(days=day)).weekday() == CLOSED_ON
        for hour in HOURS:
            self._clock.at = self._world.at(day, hour)
            for does in self._patients.due(self._clock.now()):
                self.store.write_now(does, self._clock.now())
            self._follow_up()
            if not is_closed:
                self._work(hour)
            self._follow_up()
            self._deliver()

    def _work(self, hour: int) -> None:
        """What people do in an opening hour."""
        if hour == AUTHORIZES_AT:
            self._authorize()
        if hour in CALLS_AT:
            self._call()
        if hour in PLANS_AT:
            self.store.write_now(self._balance, self._clock.now())

    def _authorize(self) -> None:
        """Both batches: the risk list, and the proposals that wait."""
        now, member = self._clock.now(), self._member
        selection = select_as(Criteria(), member, self._house, now)
        drafts = (
            self.store.write_now(batches.draft_from_list, member, "", selection, now),
            self.store.write_now(batches.draft_from_waiting, member, "", now),
        )
        for batch in drafts:
            self.store.write_now(batches.confirm, member, batch, now, self._house.threshold)
            self.authorized.update(self.store.read_now(_authorized, batch))

    def _call(self) -> None:
        """Staff call the first patients on *To confirm by phone*."""
        now = self._clock.now()
        page = self.store.read_now(lists.to_confirm, frozenset(), now, (0, CALLS_AT_ONCE))
        for each in page.rows:
            visit = self.store.read_now(_name, each.row.appointment_id)
            spoken = self._patients.called(visit)
            if spoken is not None:
                call = (each.row.appointment_id, spoken.outcome, now, self._house.threshold)
                self.store.write_now(calls.record_call, self._member, *call)

    def _balance(self, session: Session, now: datetime) -> None:
        """A manager has the free slots planned, and sends the plan."""
        way, house = self._arm.way, self._house
        plan = balance.plan(session, frozenset(), house, now, way=way)
        if plan.proposals:
            balance.send_plan(session, self._member, plan, house, now, way)

    def _follow_up(self) -> None:
        """All that is due about slots, as `bot/backfilling.py` does it."""
        now = self._clock.now()
        while due := self.store.read_now(backfills.due, now, _AT_ONCE):
            for key in due:
                self.store.write_now(slot_steps.step, key, self._house, now)

    def _deliver(self) -> None:
        """All messages that are due, as `bot/messenger.py` does it."""
        now = self._clock.now()
        for channel in Channel:
            about_it = (self._house, now, channel, _AT_ONCE)
            while claimed := self.store.write_now(notice_queue.claim, *about_it):
                for claim in claimed:
                    self._send(claim, now)

    def _send(self, claim: DueNotice, now: datetime) -> None:
        sent = self.store.write_now(notice_queue.begin, claim, self._house, now)
        if sent is None:
            return
        message = self.store.read_now(about, claim.id)
        taken = self._world.behaviour.arrives(_key(message, sent))
        if taken:
            self.store.write_now(notice_queue.arrived, sent, now)
        else:
            event = NoticeEvent.LOST if taken is None else NoticeEvent.HOPELESS
            why = (event, "a simulated failure", self._house, now)
            self.store.write_now(notice_queue.end, sent, *why)
        if taken is not False:  # one of which nobody knows has come
            self._patients.read(message, now)


def _key(message: About, sent: Outgoing) -> str:
    return f"{message.kind} {message.visit} {message.place} {sent.channel}"


def _name(session: Session, appointment_id: int) -> str:
    return session.get_one(Appointment, appointment_id).external_id


def _authorized(session: Session, batch_id: int) -> list[str]:
    wanted = (
        select(col(Appointment.external_id))
        .join(Action, col(Action.appointment_id) == col(Appointment.id))
        .where(col(Action.batch_id) == batch_id)
    )
    return list(session.scalars(wanted))
