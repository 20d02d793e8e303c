"""Batches: all or nothing, once, and exactly what was shown."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from domain.backfills import Stage, Step
from domain.clock import HandClock
from domain.criteria import Criteria, Selection, select
from domain.people import Member, Refused, Role
from domain.statuses import Status
from domain.transfers import Barrier, Kind, State
from storage import actions, backfills, batches, counters, proposals, risk
from storage.batch_views import BatchView, batch_view
from storage.efficiency import efficiency
from storage.store import Store
from storage.tables import BackfillRow
from tests.courses import accepted
from tests.hmo import HOUSE, Hmo, join

THRESHOLD = HOUSE.threshold
SOURCE = "risk:7.-.-:0"


@pytest.fixture
def hmo(store: Store, clock: HandClock) -> Hmo:
    hmo = Hmo(clock.now())
    for number in range(6):
        department = "Cardiology" if number % 2 else "Dermatology"
        hmo.regular(f"p{number}", 2 + number, coming=1 + number / 2, department=department)
    hmo.regular("steady", 0)
    hmo.load(store)
    return hmo


@pytest.fixture
def staff(store: Store, hmo: Hmo) -> Member:
    return join(store, Role.STAFF, 1, "Dana", hmo.now)


@pytest.fixture
def manager(store: Store, hmo: Hmo) -> Member:
    return join(store, Role.MANAGER, 2, "Noa", hmo.now)


def test_a_batch_authorises_exactly_what_it_asked_about(
    store: Store, clock: HandClock, manager: Member
) -> None:
    batch = draft(store, manager, clock)
    asked = view(store, manager, batch, clock)
    assert (asked.size, asked.state) == (6, State.PROPOSED)
    assert (asked.before.actioned, asked.after.actioned) == (0, 6)
    assert confirm(store, manager, batch, clock)
    done = view(store, manager, batch, clock)
    assert (done.done, done.left_out_total, done.before.actioned) == (6, 0, 6)
    assert store.read_now(risk.risk_totals, selection(manager, clock)) == (6, 0)
    assert store.read_now(counters.verify) == []


def test_a_second_confirm_changes_nothing_and_says_so(
    store: Store, clock: HandClock, manager: Member
) -> None:
    batch = draft(store, manager, clock)
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: confirm(store, manager, batch, clock), range(6)))
    assert sorted(done) == [False] * 5 + [True]
    clock.move(timedelta(hours=1))
    assert not confirm(store, manager, batch, clock)
    assert figure(store, manager, clock) == 6


def test_two_managers_batches_over_the_same_list_share_it_without_a_double(
    store: Store, clock: HandClock, manager: Member, hmo: Hmo
) -> None:
    second = join(store, Role.MANAGER, 3, "Avi", hmo.now)
    drafts = [(member, draft(store, member, clock)) for member in (manager, second)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: confirm(store, pair[0], pair[1], clock), drafts))
    seen = [view(store, member, batch, clock) for member, batch in drafts]
    assert sum(batch.done for batch in seen) == 6
    assert sum(batch.left_out_total for batch in seen) == 6
    assert figure(store, manager, clock) == 6
    assert store.read_now(counters.verify) == []


def test_what_changed_meanwhile_is_named_and_left_out(
    store: Store, clock: HandClock, manager: Member
) -> None:
    batch = draft(store, manager, clock)
    last = store.read_now(risk_rows, selection(manager, clock))[-2]
    store.write_now(counters.apply_status_change, last, Status.CANCELLED, clock.now())
    clock.move(timedelta(days=1, hours=1))
    assert confirm(store, manager, batch, clock)
    done = view(store, manager, batch, clock)
    assert (done.done, done.left_out_total) == (4, 2)
    assert {item.why for item in done.left_out} == {
        Barrier.NOT_BOOKED.value,
        Barrier.STARTED.value,
    }


def test_what_staff_had_proposed_is_authorised_as_proposed_and_they_are_told(
    store: Store, clock: HandClock, staff: Member, manager: Member
) -> None:
    (row, *_) = store.read_now(risk_rows, selection(manager, clock))
    outcome = store.write_now(actions.propose, staff, row, Kind.PROACTIVE, clock.now(), THRESHOLD)
    confirm(store, manager, draft(store, manager, clock), clock)
    assert outcome.action is not None
    action = store.read_now(proposals.view, outcome.action.id)
    assert action is not None
    assert (action.state, action.kind) == (State.AUTHORIZED, Kind.PROACTIVE)
    assert figure(store, manager, clock) == 6


def test_what_was_declined_is_not_authorised_by_a_batch(
    store: Store, clock: HandClock, staff: Member, manager: Member
) -> None:
    (row, *_) = store.read_now(risk_rows, selection(manager, clock))
    outcome = store.write_now(actions.propose, staff, row, Kind.TRANSFER, clock.now(), THRESHOLD)
    assert outcome.action is not None
    store.write_now(actions.decline, manager, outcome.action.id, clock.now())
    batch = draft(store, manager, clock)
    assert view(store, manager, batch, clock).size == 5


def test_a_batch_of_the_waiting_proposals_takes_those_alone(
    store: Store, clock: HandClock, staff: Member, manager: Member
) -> None:
    rows = store.read_now(risk_rows, selection(manager, clock))
    for row in rows[:2]:
        store.write_now(actions.propose, staff, row, Kind.TRANSFER, clock.now(), THRESHOLD)
    batch = store.write_now(batches.draft_from_waiting, manager, "pending:0", clock.now())
    assert view(store, manager, batch, clock).size == 2
    confirm(store, manager, batch, clock)
    assert figure(store, manager, clock) == 2


def test_a_batch_is_undone_by_who_confirmed_it_within_ten_minutes(
    store: Store, clock: HandClock, manager: Member
) -> None:
    batch = draft(store, manager, clock)
    confirm(store, manager, batch, clock)
    assert store.write_now(batches.undo, manager, batch, clock.now()) is None
    assert store.write_now(batches.undo, manager, batch, clock.now()) is Barrier.ALREADY
    assert figure(store, manager, clock) == 0
    again = draft(store, manager, clock)
    assert view(store, manager, again, clock).size == 6
    confirm(store, manager, again, clock)
    clock.move(timedelta(minutes=11))
    assert store.write_now(batches.undo, manager, again, clock.now()) is Barrier.TOO_LATE
    assert store.read_now(counters.verify) == []


def test_undoing_a_batch_leaves_what_other_patients_have_by_now(
    store: Store, clock: HandClock, manager: Member
) -> None:
    batch = draft(store, manager, clock)
    confirm(store, manager, batch, clock)
    one = store.read_now(backfills.due, clock.now(), 1)[0]

    def fill(session: Session) -> bool:
        backfill, _ = backfills.locked(session, one)
        backfills.move(session, backfill, Step.LET_GO, clock.now())
        return accepted(session, one, clock.now())

    assert store.write_now(fill)
    assert store.write_now(batches.undo, manager, batch, clock.now()) is None
    undone = view(store, manager, batch, clock)
    assert (undone.state, undone.filled) == (State.REVOKED, 1)
    (kept,) = store.read_now(
        lambda session: session.scalars(
            sql_select(col(BackfillRow.stage)).where(col(BackfillRow.stage) != Stage.OVER)
        ).all()
    )
    assert kept is Stage.FILLED
    assert store.read_now(counters.verify) == []


def test_a_call_that_waits_beside_an_authorised_transfer_is_authorised_by_a_batch(
    store: Store, clock: HandClock, staff: Member, manager: Member
) -> None:
    (row, *_) = store.read_now(risk_rows, selection(manager, clock))
    for kind in Kind:
        store.write_now(actions.propose, staff, row, kind, clock.now(), THRESHOLD)
    store.write_now(actions.authorize_directly, manager, row, Kind.TRANSFER, clock.now(), THRESHOLD)
    batch = store.write_now(batches.draft_from_waiting, manager, "pending:0", clock.now())
    assert confirm(store, manager, batch, clock)
    done = view(store, manager, batch, clock)
    assert (done.done, done.left_out_total) == (1, 0)
    assert store.read_now(proposals.waiting, manager, clock.now(), 0, 9).total == 0
    assert figure(store, manager, clock) == 1
    assert store.read_now(counters.verify) == []


def test_a_draft_that_nobody_decides_is_cancelled_after_two_days(
    store: Store, clock: HandClock, manager: Member
) -> None:
    forgotten = draft(store, manager, clock)
    clock.move(timedelta(hours=49))
    draft(store, manager, clock)
    assert view(store, manager, forgotten, clock).state is State.DECLINED
    assert not confirm(store, manager, forgotten, clock)


def test_a_cancelled_batch_stays_cancelled(store: Store, clock: HandClock, manager: Member) -> None:
    batch = draft(store, manager, clock)
    assert store.write_now(batches.cancel, manager, batch, clock.now())
    assert not confirm(store, manager, batch, clock)
    assert figure(store, manager, clock) == 0


def test_staff_cannot_draft_or_confirm(
    store: Store, clock: HandClock, staff: Member, manager: Member
) -> None:
    with pytest.raises(Refused):
        draft(store, staff, clock)
    batch = draft(store, manager, clock)
    with pytest.raises(Refused):
        confirm(store, staff, batch, clock)


def test_a_process_killed_in_the_middle_of_a_batch_leaves_it_to_the_next(
    store: Store, clock: HandClock, manager: Member
) -> None:
    batch = draft(store, manager, clock)
    url = store.engine.url.render_as_string(hide_password=False)
    killed = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.half_a_batch", url, str(batch)],
        stdout=subprocess.PIPE,
        env=os.environ | {"NOW": clock.now().isoformat()},
    )
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"half way\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    killed.stdout.close()
    assert figure(store, manager, clock) == 0
    assert view(store, manager, batch, clock).state is State.PROPOSED
    assert confirm(store, manager, batch, clock)
    assert figure(store, manager, clock) == 6
    assert store.read_now(counters.verify) == []


def draft(store: Store, member: Member, clock: HandClock) -> int:
    chosen = selection(member, clock)
    return store.write_now(batches.draft_from_list, member, SOURCE, chosen, clock.now())


def confirm(store: Store, member: Member, batch: int, clock: HandClock) -> bool:
    return store.write_now(batches.confirm, member, batch, clock.now(), THRESHOLD)


def view(store: Store, member: Member, batch: int, clock: HandClock) -> BatchView:
    found = store.read_now(batch_view, batch, selection(member, clock))
    assert found is not None
    return found


def selection(member: Member, clock: HandClock) -> Selection:
    return select(Criteria(), member, HOUSE, clock.now())


def figure(store: Store, member: Member, clock: HandClock) -> int:
    return store.read_now(efficiency, selection(member, clock)).actioned


def risk_rows(session: Session, chosen: Selection) -> list[int]:
    return [row.appointment_id for row in risk.risk_rows(session, chosen, 0, 100)]
