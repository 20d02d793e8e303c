"""A desk without Telegram, and a store in which every number is as long as it may get."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session
from telegram import Bot

from bot.pictures.chromium import ChromiumRenderer
from bot.pictures.studio import Studio
from domain.backfills import Release, Stage
from domain.calls import CallOutcome
from domain.clock import HandClock
from domain.corrections import Excuse
from domain.deliveries import State as DeliveryState
from domain.notices import Channel, Manners
from domain.people import Member, Role
from domain.pushes import PushKind
from domain.statuses import Status
from domain.transfers import Kind, State
from domain.waiting import WaitState
from handlers.desk import Desk
from handlers.gateway import Gateway
from handlers.screens import Visit
from storage import audit
from storage.store import Store
from storage.tables import (
    Action,
    Appointment,
    BackfillRow,
    Batch,
    Call,
    CallList,
    CallListItem,
    Correction,
    DailyCount,
    Department,
    Invitation,
    MemberDepartment,
    MemberRow,
    ModelRow,
    ModelUse,
    Patient,
    Push,
    SentPlan,
    Stranger,
    Waiting,
    key_of,
)
from tests.chances import REPORT
from tests.hmo import HOUSE

APPOINTMENT = 987_654_321
ACTION = 876_543_210
FILLED_BY = 876_543_211
BACKFILL = 98_765_430
FREE_SLOT = 987_654_320
SENT_PLAN = 43_210_987
WAITING = 32_109_876
BATCH = 765_432
CALL_LIST = 87_654_321
CALL = 98_765_432
MISSED = 987_654_310
EXCUSED = 987_654_311
DEPARTMENT = 9876
MEMBER = 654_321_098
INVITATION = 543_210_987
DRAFT = 543_210_988
STRANGER = 4_503_599_627_370_495
"""A Telegram user id has up to 52 bits."""
PUSH = 76_543_210
TRAINED = 98_765_431
MODEL = 654_321
USE = 765_432_109
LAST_PAGE = 1_249_999
"""Of a list of ten million rows."""
LONG_NAME = "Gastroenterology & <Hepatology>, Northern District Outpatient Clinics"


@contextlib.contextmanager
def desk_at(store: Store, clock: HandClock, folder: Path) -> Iterator[Desk]:
    """A desk whose pictures need a Chromium, and whose gateway is not to be used."""
    studio = Studio(ChromiumRenderer())
    bot = Bot("1000001:made-up-token-for-the-tests")
    gateway = Gateway(bot, store, studio, clock)
    house = replace(HOUSE, manners=Manners(frozenset({Channel.SMS})))
    yield Desk(store, clock, house, studio, gateway, folder, audit_groups=(LONG_NAME,))


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
    for key, name, role in ((1, "Noa <b>", Role.MANAGER), (2, "Root", Role.ADMIN)):
        session.add(
            MemberRow(id=key, telegram_id=key, chat_id=key, name=name, role=role, joined_at=now)
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
            chance=999,
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
    _people(session, now)
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
    _call(session, now)
    _miss(session, now - timedelta(days=8))
    _backfill(session, now)
    _free_slot(session, now)
    _model(session, now)
    _audit(session, now)
    session.add(
        ModelRow(
            id=TRAINED,
            name="2026-11-23-999999",
            kind="boosted",
            made_at=now,
            sha256="0" * 64,
            report=json.dumps({"verdict": "it is no better than <lead time>"}),
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


def _backfill(session: Session, now: datetime) -> None:
    """A slot that another patient has accepted, once it was theirs."""
    day = HOUSE.calendar.day_of(now - timedelta(days=8))
    transfer = Action(id=FILLED_BY, appointment_id=MISSED, kind=Kind.TRANSFER, state=State.REVOKED)
    session.add(transfer)
    session.flush()
    session.add(
        BackfillRow(
            id=BACKFILL,
            appointment_id=MISSED,
            day=day,
            start=now - timedelta(days=8),
            action_id=FILLED_BY,
            stage=Stage.FILLED,
            opened_at=now,
            release=Release.WORD,
            released_at=now,
            waves=1,
            replacement_id=EXCUSED,
            ended_at=now,
        )
    )


def _free_slot(session: Session, now: datetime) -> None:
    """A slot that its patient gave back, somebody who waits for one, and a plan that was sent."""
    start = now + timedelta(days=3)
    day = HOUSE.calendar.day_of(start)
    session.add(
        Patient(
            id=WAITING, external_id="w1", reference="P-W8XN5Q", phone="0525550102", consent=True
        )
    )
    session.flush()
    session.add(
        Appointment(
            id=FREE_SLOT,
            external_id="free",
            patient_id=1,
            department_id=DEPARTMENT,
            clinician_id=None,
            start=start,
            day=day,
            status=Status.CANCELLED,
            age_group=8,
        )
    )
    session.add(
        Waiting(
            id=WAITING,
            external_id="W-desk",
            patient_id=WAITING,
            department_id=DEPARTMENT,
            urgency=5,
            since=now - timedelta(days=41),
            notice_hours=24,
            state=WaitState.WAITING,
        )
    )
    session.flush()
    transfer = Action(appointment_id=FREE_SLOT, kind=Kind.TRANSFER, state=State.AUTHORIZED)
    session.add(transfer)
    session.flush()
    session.add(
        BackfillRow(
            appointment_id=FREE_SLOT,
            day=day,
            start=start,
            action_id=key_of(transfer),
            stage=Stage.RELEASED,
            opened_at=now,
            release=Release.WORD,
            released_at=now,
        )
    )
    session.add(
        SentPlan(id=SENT_PLAN, digest="0" * 12, member_id=1, sent_at=now, backfills=f"{BACKFILL}")
    )


def _call(session: Session, now: datetime) -> None:
    """A call list with one appointment, which was called about."""
    day = HOUSE.calendar.day_of(now + timedelta(days=1))
    session.add(CallList(id=CALL_LIST, department_id=DEPARTMENT, day=day, made_at=now))
    session.flush()
    session.add(CallListItem(call_list_id=CALL_LIST, place=1, appointment_id=APPOINTMENT))
    outcome = CallOutcome.NO_ANSWER
    session.add(Call(id=CALL, appointment_id=APPOINTMENT, member_id=1, outcome=outcome, at=now))


def _people(session: Session, now: datetime) -> None:
    """A member of the department, both kinds of invitation, and a stranger."""
    session.add(
        MemberRow(
            id=MEMBER,
            telegram_id=MEMBER,
            chat_id=MEMBER,
            name=LONG_NAME,
            role=Role.STAFF,
            joined_at=now,
            reachable=False,
        )
    )
    session.flush()
    session.add(MemberDepartment(member_id=MEMBER, department_id=DEPARTMENT))
    for key, code_hash in ((INVITATION, "0" * 64), (DRAFT, "draft:0")):
        session.add(
            Invitation(
                id=key,
                code_hash=code_hash,
                role=Role.MANAGER,
                departments=json.dumps([LONG_NAME]),
                created_at=now,
                created_by=MEMBER,
                expires_at=now + timedelta(days=7),
            )
        )
    session.add(Stranger(telegram_id=STRANGER, since=now, tries=9, quiet_until=now))


def _miss(session: Session, start: datetime) -> None:
    """Two recorded no-shows of the patient, the second excused for the reason of most words."""
    for key in (MISSED, EXCUSED):
        session.add(
            Appointment(
                id=key,
                external_id=f"a{key}",
                patient_id=1,
                department_id=DEPARTMENT,
                clinician_id=None,
                start=start,
                day=HOUSE.calendar.day_of(start),
                status=Status.NOSHOW,
                age_group=8,
                excused=key == EXCUSED,
            )
        )
    session.flush()
    session.add(
        Correction(appointment_id=EXCUSED, member_id=1, reason=Excuse.ADMINISTRATIVE, at=start)
    )


def _model(session: Session, now: datetime) -> None:
    """A model of the longest name, put in charge by somebody of the longest name."""
    name = "2026-11-22-" + "9" * 29
    report = {**REPORT, "rows": 9_999_999_999, "no_shows": 999_999_999}
    row = ModelRow(
        id=MODEL, name=name, kind="boosted", made_at=now, sha256="0" * 64, report=json.dumps(report)
    )
    session.add(row)
    session.flush()
    session.add(ModelUse(id=USE, model_id=MODEL, since=now, member_id=MEMBER))


def _audit(session: Session, now: datetime) -> None:
    """Rows of the trail, one of which nobody has words for."""
    for event in ("authorize", "authorize batch", "import", "something <new>") * 5:
        audit.record(
            session,
            event,
            at=now - timedelta(days=400),
            member_id=1,
            appointment_id=APPOINTMENT,
            done=999_999_999,
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
