"""What was won back, by the two visits of each filled slot; on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select as select_rows
from sqlmodel import Session, col

from domain.ages import age_group
from domain.backfills import Release, Stage
from domain.clock import HandClock
from domain.criteria import Criteria, Selection, select
from domain.gains import Outcome, Realised
from domain.people import Member, Role
from domain.statuses import Status
from domain.transfers import Kind, State
from storage import actions, gains, risk
from storage.store import Store
from storage.tables import Action, Appointment, BackfillRow, key_of
from tests.hmo import HOUSE, Hmo, join
from tests.storage.plans import plan_of

WON = (Status.CANCELLED, Status.FULFILLED)
COLLISION = (Status.FULFILLED, Status.FULFILLED)
LOST = (Status.CANCELLED, Status.NOSHOW)
OPEN = (Status.CANCELLED, Status.BOOKED)
SLOT = {"WON": WON, "COLLISION": COLLISION, "LOST": LOST, "OPEN": OPEN}


@pytest.fixture
def noa(store: Store, clock: HandClock) -> Member:
    """A manager of an HMO that filled a slot of each kind three days ago, and two elsewhere."""
    hmo = Hmo(clock.now())
    for name, (first, replacement) in SLOT.items():
        hmo.visit(f"first {name}", -3, first, key=name)
        hmo.visit(f"other {name}", -3, replacement, key=f"{name} again", age=70)
    for name, days, department in (("eyes", -3, "Eyes"), ("long ago", -20, "Cardiology")):
        hmo.visit(f"first {name}", days, "cancelled", key=name, department=department)
        hmo.visit(f"other {name}", days, "fulfilled", key=f"{name} again", department=department)
    for name, status in (("came", "fulfilled"), ("missed", "noshow"), ("open", "booked")):
        hmo.visit(f"kept {name}", -3, status, key=name)
    hmo.load(store)
    member = join(store, Role.MANAGER, 1, "Noa", clock.now())

    def work(session: Session) -> None:
        for name in (*SLOT, "eyes", "long ago"):
            followed(session, name, Stage.FILLED, member)
        for name in ("came", "missed", "open"):
            followed(session, name, Stage.KEPT, member)

    store.write_now(work)
    return member


def followed(session: Session, name: str, stage: Stage, member: Member) -> None:
    """A backfill of an appointment as it stands at its end; the replacement is called `… again`."""
    known = {row.external_id: row for row in session.scalars(select_rows(Appointment))}
    first = known[name]
    filled = stage is Stage.FILLED
    at = first.start - timedelta(days=2)
    action = Action(
        appointment_id=key_of(first),
        kind=Kind.TRANSFER,
        state=State.AUTHORIZED,
        decided_by=member.id,
        decided_at=at,
    )
    session.add(action)
    session.flush()
    if filled:
        first.duration, known[f"{name} again"].duration = 30, 20 if name == "WON" else None
    session.add(
        BackfillRow(
            appointment_id=key_of(first),
            action_id=key_of(action),
            day=first.day,
            start=first.start,
            stage=stage,
            opened_at=at,
            release=Release.WORD if filled else None,
            replacement_id=key_of(known[f"{name} again"]) if filled else None,
            ended_at=at if filled else None,
        )
    )


def last_days(
    member: Member, clock: HandClock, days: int, criteria: Criteria | None = None
) -> Selection:
    chosen = select(criteria or Criteria(), member, HOUSE, clock.now())
    return replace(chosen, span=HOUSE.calendar.back(clock.now(), days))


def test_each_filled_slot_counts_by_both_of_its_visits(
    store: Store, clock: HandClock, noa: Member
) -> None:
    week = store.read_now(gains.realised, last_days(noa, clock, 7))
    assert week == Realised(
        won=2,
        collisions=1,
        lost=1,
        unknown=1,
        minutes=20 + 30 - 30,
        kept=1,
        kept_unknown=1,
    )
    assert (week.filled, week.slots) == (5, 1)
    assert store.read_now(gains.realised, last_days(noa, clock, 30)).won == 3
    assert store.read_now(gains.realised, last_days(noa, clock, 1)) == Realised()


def test_it_counts_within_departments_and_the_age_groups_of_who_came_instead(
    store: Store, clock: HandClock, noa: Member
) -> None:
    names = {name: key for key, name in store.read_now(risk.departments).items()}
    eyes = last_days(noa, clock, 7, Criteria(department_id=names["Eyes"]))
    assert store.read_now(gains.realised, eyes) == Realised(won=1, minutes=30)
    older = last_days(noa, clock, 7, Criteria(age_group=age_group(70)))
    younger = last_days(noa, clock, 7, Criteria(age_group=age_group(45)))
    assert store.read_now(gains.realised, older).filled == 4
    assert store.read_now(gains.realised, older).kept == 0
    assert store.read_now(gains.realised, younger).filled == 1


def test_a_patient_who_turns_up_after_all_makes_a_collision_of_it(
    store: Store, clock: HandClock, noa: Member
) -> None:
    before = store.read_now(gains.realised, last_days(noa, clock, 7))

    def work(session: Session) -> None:
        first = session.scalars(
            select_rows(Appointment).where(col(Appointment.external_id) == "WON")
        ).one()
        first.status = Status.ARRIVED

    store.write_now(work)
    after = store.read_now(gains.realised, last_days(noa, clock, 7))
    assert (before.slots, after.slots) == (1, -1)
    assert after.minutes == before.minutes - 40


@pytest.mark.parametrize(
    ("moved", "becomes"),
    [("COLLISION", Outcome.WON), ("WON again", Outcome.LOST)],
)
def test_a_visit_that_the_hmo_moves_elsewhere_is_none_in_the_slot(
    store: Store, clock: HandClock, noa: Member, moved: str, becomes: Outcome
) -> None:
    before = store.read_now(gains.realised, last_days(noa, clock, 7))

    def work(session: Session) -> None:
        which = col(Appointment.external_id) == moved
        session.scalars(select_rows(Appointment).where(which)).one().start += timedelta(hours=1)

    store.write_now(work)
    after = store.read_now(gains.realised, last_days(noa, clock, 7))
    assert after.filled == before.filled
    grows = {Outcome.WON: after.won - before.won, Outcome.LOST: after.lost - before.lost}
    assert grows[becomes] == 1


def test_an_authorised_slot_is_followed_on_its_own_day(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("anna", 2, coming=5)
    hmo.load(store)
    noa = join(store, Role.MANAGER, 1, "Noa", clock.now())
    (row,) = store.read_now(risk.risk_rows, select(Criteria(), noa, HOUSE, clock.now()), 0, 9)
    what = (row.appointment_id, Kind.TRANSFER, clock.now(), HOUSE.threshold)
    store.write_now(actions.authorize_directly, noa, *what)
    (day,) = store.read_now(
        lambda session: session.scalars(select_rows(col(BackfillRow.day))).all()
    )
    assert day == HOUSE.calendar.day_of(row.start)


def test_sqlite_reads_the_days_alone_whatever_is_stored(
    sqlite_store: Store, clock: HandClock
) -> None:
    member = Member(1, 1, 1, "Noa", Role.MANAGER)
    plan = plan_of(sqlite_store, gains.realised, last_days(member, clock, 30))
    assert plan.count("backfill USING INDEX ix_backfill_day (stage=? AND day>? AND day<?)") == 2
    assert "SCAN" not in plan
