"""Dead letters: what admins are told of them, see of them and do about them."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.deliveries import Ending, Event, Reason, State
from domain.people import Member, Refused, Role
from domain.pushes import PushKind
from domain.statuses import Status
from domain.transfers import Kind
from storage import actions, deliveries, outbox, people
from storage.deliveries import Again, Standing
from storage.open_messages import Shown
from storage.outbox import ALERTS, DuePush
from storage.store import Store
from storage.tables import Appointment, AuditEntry, Push
from tests.hmo import Hmo, join

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def root(store: Store, clock: HandClock) -> Member:
    return join(store, Role.ADMIN, 1, "Root", clock.now())


@pytest.fixture
def noa(store: Store, clock: HandClock) -> Member:
    return join(store, Role.MANAGER, 2, "Noa", clock.now())


def test_a_dead_letter_is_audited_with_its_reason_and_what_it_was_about(
    store: Store, clock: HandClock, noa: Member
) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("p1", 3)
    hmo.load(store)
    avi = join(store, Role.MANAGER, 3, "Avi", clock.now())
    key = store.read_now(the_coming_appointment)
    store.write_now(actions.propose, avi, key, Kind.TRANSFER, clock.now(), 2)
    dies(store, clock, noa, "proposal:1")
    (entry,) = store.read_now(audited)
    detail = json.loads(entry.detail)
    assert entry.appointment_id == key
    assert (detail["kind"], detail["reason"]) == ("proposal", Reason.REFUSED)
    assert "secret" not in entry.detail


def test_admins_are_told_once_of_many_and_again_an_hour_later(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    for _ in range(3):
        dies(store, clock, noa)
    (alert,) = take(store, clock)
    assert (alert.member, alert.address, alert.kind) == (root, ALERTS, PushKind.ALERT)
    arrives(store, clock, alert)
    for _ in range(59):
        clock.move(MINUTE)
        dies(store, clock, noa)
        assert take(store, clock) == []
    clock.move(MINUTE)
    (again,) = take(store, clock)
    assert again.member == root
    arrives(store, clock, again)
    clock.move(timedelta(days=1))
    assert take(store, clock) == []


@pytest.mark.parametrize("minutes", [7, 31, 59, 60, 61, 90, 150])
def test_between_two_alerts_there_is_an_hour_at_least(
    store: Store, clock: HandClock, root: Member, noa: Member, minutes: int
) -> None:
    told = []
    for _ in range(5):
        clock.move(minutes * MINUTE)
        dies(store, clock, noa)
        for alert in take(store, clock):
            told.append(clock.now())
            arrives(store, clock, alert)
    assert told
    gaps = [later - earlier for earlier, later in pairwise(told)]
    assert all(gap >= timedelta(hours=1) for gap in gaps)


def test_of_an_alert_that_failed_nobody_is_alerted(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    dies(store, clock, noa)
    (alert,) = take(store, clock)
    ends(store, clock, alert, Ending(Event.HOPELESS, "refused"))
    clock.move(timedelta(days=1))
    assert take(store, clock) == []
    assert len(store.read_now(audited)) == 2


def test_what_a_person_may_no_longer_see_is_no_reason_to_alert(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    dies(store, clock, noa, reason=Reason.NOT_ALLOWED)
    assert take(store, clock) == []


def test_the_outbox_is_counted_by_what_is_known_of_it(
    store: Store, clock: HandClock, noa: Member, root: Member
) -> None:
    day_began = clock.now() - timedelta(hours=6)
    dies(store, clock, noa)
    (alert,) = take(store, clock)
    arrives(store, clock, alert)
    clock.move(timedelta(hours=8))
    lost, doubted = (tell(store, clock, noa, "proposal:1") for _ in range(2))
    (push,) = take(store, clock)
    assert push.id == lost
    store.write_now(outbox.begin, push, clock.now())
    clock.move(MINUTE)
    assert standing(store, clock, day_began) == Standing(
        waiting=1, oldest=clock.now() - MINUTE, sending=0, unknown=1, failed_today=1, failed=1
    )
    store.write_now(doubt, doubted)
    tell(store, clock, root, "proposal:1")
    (mine,) = [push for push in take(store, clock) if push.member == root]
    store.write_now(outbox.begin, mine, clock.now())
    assert standing(store, clock, clock.now()) == Standing(
        waiting=0, oldest=clock.now() - MINUTE, sending=1, unknown=2, failed_today=0, failed=1
    )


def test_dead_letters_are_listed_the_latest_first(
    store: Store, clock: HandClock, noa: Member
) -> None:
    for number in range(5):
        clock.move(MINUTE)
        dies(store, clock, noa, problem=f"no. {number}")
    found = store.read_now(deliveries.dead_letters, 1, 2)
    assert [letter.problem.rpartition(" ")[2] for letter in found] == ["3", "2"]
    assert (found[0].name, found[0].kind, found[0].at) == (
        "Noa",
        PushKind.PROPOSAL,
        clock.now() - MINUTE,
    )


def test_what_is_sent_again_is_due_at_once_with_all_its_tries_and_still_in_doubt(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    key = dies(store, clock, noa)
    store.write_now(doubt, key)
    clock.move(timedelta(hours=3))
    assert store.write_now(deliveries.send_again, root, key, clock.now())
    assert not store.write_now(deliveries.send_again, root, key, clock.now())
    assert not store.write_now(deliveries.drop, root, key, clock.now())
    (push,) = [push for push in take(store, clock) if push.member == noa]
    assert (push.attempts, push.uncertain) == (0, True)
    assert [entry.event for entry in store.read_now(audited, "resend delivery")] != []


def test_what_is_dropped_leaves_the_list_and_says_by_whom(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    key = dies(store, clock, noa)
    assert store.write_now(deliveries.drop, root, key, clock.now())
    assert not store.write_now(deliveries.send_again, root, key, clock.now())
    assert store.read_now(deliveries.dead_letters, 0, 9) == []
    letter = store.read_now(deliveries.letter, key)
    assert letter is not None
    assert (letter.state, letter.problem) == (State.DROPPED, "dropped by Root")
    assert store.read_now(deliveries.letter, 999) is None
    assert [entry.member_id for entry in store.read_now(audited, "drop delivery")] == [root.id]


def test_all_that_failed_until_it_was_asked_about_is_sent_again_once(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    avi, dana = (join(store, Role.MANAGER, key, str(key), clock.now()) for key in (3, 4))
    for member in (noa, avi, dana):
        dies(store, clock, member, "proposal:1")
    dies(store, clock, noa, "proposal:2")
    store.write_now(people.mark_unreachable, dana.id)
    assert store.read_now(deliveries.again) == Again(messages=3, repeats=0, withheld=1)
    asked_at = clock.now()
    clock.move(MINUTE)
    later = dies(store, clock, avi, "proposal:3")
    clock.move(MINUTE)
    assert again(store, clock, root, asked_at) == 3
    assert again(store, clock, root, asked_at) == 0
    assert store.read_now(deliveries.dead_letters, 0, 1)[0].id == later
    assert store.read_now(deliveries.again) == Again(messages=1, repeats=0, withheld=1)
    assert len(store.read_now(audited, "resend delivery")) == 3
    sent = [push for push in take(store, clock) if push.member in (noa, avi, dana)]
    assert {push.member.name for push in sent} == {"Noa", "3"}
    assert {push.attempts for push in sent} == {0}


def test_of_what_would_show_a_person_the_same_only_the_latest_is_sent_again(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    keys = [dies(store, clock, noa, "summary") for _ in range(3)]
    assert store.read_now(deliveries.again) == Again(messages=1, repeats=2, withheld=0)
    assert again(store, clock, root, clock.now()) == 1
    assert store.read_now(deliveries.dead_letters, 0, 9) == []
    assert [push.id for push in take(store, clock) if push.member == noa] == keys[-1:]
    assert len(store.read_now(audited, "drop delivery")) == 2


def test_two_admins_who_send_all_again_at_once_send_each_once(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    for number in range(30):
        dies(store, clock, noa, f"proposal:{number}")
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: again(store, clock, root, clock.now()), range(4)))
    assert sorted(sent) == [0, 0, 0, 30]
    assert len(store.read_now(audited, "resend delivery")) == 30


def test_only_an_admin_decides_about_dead_letters(
    store: Store, clock: HandClock, noa: Member
) -> None:
    key = dies(store, clock, noa)
    for decision in (deliveries.send_again, deliveries.drop):
        with pytest.raises(Refused):
            store.write_now(decision, noa, key, clock.now())
    with pytest.raises(Refused):
        again(store, clock, noa, clock.now())
    assert len(store.read_now(deliveries.dead_letters, 0, 9)) == 1


def test_an_admin_who_cannot_be_reached_is_not_told(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    store.write_now(people.mark_unreachable, root.id)
    dies(store, clock, noa)
    assert take(store, clock) == []


def the_coming_appointment(session: Session) -> int:
    booked = select(col(Appointment.id)).where(col(Appointment.status) == Status.BOOKED)
    return session.scalars(booked).one() or 0


def tell(
    store: Store,
    clock: HandClock,
    member: Member,
    address: str,
    kind: PushKind = PushKind.PROPOSAL,
) -> int:
    """Put a push into the outbox; its key."""

    def work(session: Session) -> int:
        number = session.scalar(select(func.count()).select_from(Push)) or 0
        key = f"test {number}"
        assert outbox.enqueue(session, member.id, address, clock.now(), key=key, kind=kind)
        session.flush()
        return session.scalars(select(col(Push.id)).where(col(Push.key) == key)).one() or 0

    return store.write_now(work)


def dies(
    store: Store,
    clock: HandClock,
    member: Member,
    address: str = "proposal:1",
    reason: Reason = Reason.REFUSED,
    problem: str = "the secret is out",
) -> int:
    """A push that failed; its key."""
    key = tell(store, clock, member, address)

    def work(session: Session) -> None:
        outbox.fail(session, session.get_one(Push, key), reason, clock.now(), problem)

    store.write_now(work)
    return key


def doubt(session: Session, push_id: int) -> None:
    session.get_one(Push, push_id).uncertain = True


def take(store: Store, clock: HandClock) -> list[DuePush]:
    return store.write_now(outbox.claim_due, clock.now(), 100, ())


def arrives(store: Store, clock: HandClock, push: DuePush) -> None:
    shown = Shown(push.member.chat_id, push.id, push.member.id, push.address, None, None, "digest")
    assert store.write_now(outbox.begin, push, clock.now())
    store.write_now(outbox.mark_sent, push.id, shown, clock.now())


def ends(store: Store, clock: HandClock, push: DuePush, ending: Ending) -> None:
    assert store.write_now(outbox.begin, push, clock.now())
    store.write_now(outbox.end, push, ending, clock.now(), 1.0)


def again(store: Store, clock: HandClock, member: Member, until: datetime) -> int:
    return store.write_now(deliveries.send_all_again, member, until, clock.now())


def standing(store: Store, clock: HandClock, day_began: datetime) -> Standing:
    return store.read_now(deliveries.standing, clock.now(), day_began)


def audited(session: Session, event: str = "delivery failed") -> list[AuditEntry]:
    found = session.scalars(select(AuditEntry).where(col(AuditEntry.event) == event)).all()
    for entry in found:
        session.expunge(entry)
    return list(found)
