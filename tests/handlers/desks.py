"""A desk without Telegram, and a store in which every number is as long as it may get."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlmodel import Session
from telegram import Bot

from bot.pictures.chromium import ChromiumRenderer
from bot.pictures.studio import Studio
from domain.clock import HandClock
from domain.deliveries import State as DeliveryState
from domain.people import Member, Role
from domain.pushes import PushKind
from domain.statuses import Status
from domain.transfers import Kind, State
from handlers.desk import Desk
from handlers.gateway import Gateway
from handlers.screens import Visit
from storage.store import Store
from storage.tables import (
    Action,
    Appointment,
    Batch,
    DailyCount,
    Department,
    MemberRow,
    Patient,
    Push,
)
from tests.hmo import HOUSE

APPOINTMENT = 987_654_321
ACTION = 876_543_210
BATCH = 765_432
DEPARTMENT = 9876
PUSH = 76_543_210
LAST_PAGE = 1_249_999
"""Of a list of ten million rows."""
LONG_NAME = "Gastroenterology & <Hepatology>, Northern District Outpatient Clinics"


@contextlib.contextmanager
def desk_at(store: Store, clock: HandClock, folder: Path) -> Iterator[Desk]:
    """A desk whose pictures need a Chromium, and whose gateway is not to be used."""
    studio = Studio(ChromiumRenderer())
    bot = Bot("1000001:made-up-token-for-the-tests")
    yield Desk(store, clock, HOUSE, studio, Gateway(bot, store, studio, clock), folder)


def visit(desk: Desk, role: Role, *departments: int) -> Visit:
    """A visit of the manager whom `fill` makes, or of somebody in another role."""
    key = 1 if role is Role.MANAGER else 2
    return Visit(desk, Member(key, key, key, "Noa", role, frozenset(departments)))


def fill(session: Session, clock: HandClock) -> None:
    """One appointment at risk, with a proposal and a batch, all with the longest numbers."""
    now = clock.now()
    start = now + timedelta(days=1)
    day = HOUSE.calendar.day_of(start)
    session.add(Department(id=DEPARTMENT, name=LONG_NAME))
    session.add(Patient(id=1, external_id="p1", reference="P-7K3MQD"))
    session.add(
        MemberRow(id=1, telegram_id=1, chat_id=1, name="Noa <b>", role=Role.MANAGER, joined_at=now)
    )
    session.flush()
    session.add(
        Appointment(
            id=APPOINTMENT,
            external_id="a1",
            patient_id=1,
            department_id=DEPARTMENT,
            clinician_id=None,
            start=start,
            day=day,
            status=Status.BOOKED,
            age_group=8,
            prior_no_shows=99,
            action_state=State.PROPOSED,
        )
    )
    session.add(DailyCount(day=day, department_id=DEPARTMENT, age_group=8, scheduled=1))
    session.add(
        DailyCount(
            day=day - timedelta(days=9),
            department_id=DEPARTMENT,
            age_group=8,
            scheduled=90,
            attended=50,
            no_shows=40,
        )
    )
    session.flush()
    session.add(
        Action(
            id=ACTION,
            appointment_id=APPOINTMENT,
            kind=Kind.TRANSFER,
            state=State.PROPOSED,
            proposed_by=1,
            proposed_at=now,
            note='no "answer" <twice>',
        )
    )
    session.add(
        Batch(
            id=BATCH,
            member_id=1,
            source="risk:30.9876.8:1249999",
            state=State.AUTHORIZED,
            size=9,
            done=9,
            created_at=now,
            decided_at=now,
        )
    )
    for number in range(20):
        session.add(
            Push(
                id=PUSH - number,
                key=str(number),
                kind=PushKind.PROPOSAL,
                member_id=1,
                address=f"proposal:{ACTION}",
                state=DeliveryState.FAILED,
                attempts=8,
                uncertain=True,
                created_at=now,
                due_at=now,
                problem="refused by Telegram: <" + "x" * 150,
            )
        )
