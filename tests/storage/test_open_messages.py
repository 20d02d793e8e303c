"""Open messages: which of them show old figures."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session

from domain.clock import HandClock
from domain.people import Member, Role
from storage import actions, open_messages
from storage.efficiency import figures_version
from storage.open_messages import KEPT_TRUE_FOR, Shown
from storage.people import department_named
from storage.store import Store
from storage.tables import MemberRow, key_of
from tests.hmo import join
from tests.storage.plans import plan_of

SECOND = timedelta(seconds=1)


@pytest.fixture
def dana(store: Store, clock: HandClock) -> Member:
    return join(store, Role.STAFF, 1, "Dana", clock.now())


@pytest.fixture
def cardiology(store: Store) -> int:
    return store.write_now(named, "Cardiology")


@pytest.fixture
def eyes(store: Store) -> int:
    return store.write_now(named, "Eyes")


def test_a_message_is_outdated_once_its_departments_figures_moved(
    store: Store, clock: HandClock, dana: Member, cardiology: int, eyes: int
) -> None:
    everywhere = shows(store, clock, dana, 1, None)
    heart = shows(store, clock, dana, 2, cardiology)
    shows(store, clock, dana, 3, eyes)
    assert outdated(store, clock) == []
    store.write_now(actions.touch_figures, [cardiology])
    assert sorted(outdated(store, clock), key=by_message) == [everywhere, heart]


def test_messages_to_be_removed_are_the_old_and_those_of_who_was_suspended_oldest_first(
    store: Store, clock: HandClock, dana: Member
) -> None:
    avi = join(store, Role.MANAGER, 2, "Avi", clock.now())
    for number, who in enumerate((dana, avi, dana, avi), 1):
        shows(store, clock, who, number, None)
        clock.move(SECOND)

    def to_be_removed(limit: int = 9) -> list[int]:
        before = clock.now() - 3 * SECOND
        found = store.read_now(open_messages.to_be_removed, before, limit)
        return [message.message_id for message in found]

    assert to_be_removed() == [1]
    suspend(store, avi)
    assert to_be_removed() == [1, 2, 4]
    suspend(store, dana)
    assert to_be_removed() == [1, 2, 3, 4]
    assert to_be_removed(2) == [1, 2]


def test_messages_to_be_removed_are_found_by_indexes(sqlite_store: Store, clock: HandClock) -> None:
    plan = plan_of(sqlite_store, open_messages.to_be_removed, clock.now(), 9)
    assert "ix_open_message_sent_at (sent_at<?)" in plan
    assert "SCAN open_message" not in plan


def test_a_message_shown_after_the_figures_moved_is_true(
    store: Store, clock: HandClock, dana: Member, cardiology: int
) -> None:
    store.write_now(actions.touch_figures, [cardiology])
    shows(store, clock, dana, 1, None)
    shows(store, clock, dana, 2, cardiology)
    assert outdated(store, clock) == []


def test_figures_that_moved_while_a_screen_was_made_outdate_it(
    store: Store, clock: HandClock, dana: Member, cardiology: int
) -> None:
    before = screen(store, dana, 1, cardiology)
    store.write_now(actions.touch_figures, [cardiology])
    store.write_now(open_messages.remember, before, clock.now())
    assert outdated(store, clock) == [before]


def test_a_message_that_shows_another_screen_meanwhile_is_left_alone(
    store: Store, clock: HandClock, dana: Member, cardiology: int
) -> None:
    first = shows(store, clock, dana, 1, cardiology)
    assert store.read_now(open_messages.still_shown, first)
    turned = replace(first, address="pending:0", department_id=None)
    store.write_now(open_messages.remember, turned, clock.now())
    assert not store.read_now(open_messages.still_shown, first)
    assert store.read_now(open_messages.still_shown, turned)
    assert store.read_now(open_messages.address_of, dana.chat_id, 1) == "pending:0"


def test_a_forgotten_message_is_neither_shown_nor_outdated(
    store: Store, clock: HandClock, dana: Member, cardiology: int
) -> None:
    first = shows(store, clock, dana, 1, cardiology)
    store.write_now(open_messages.forget, dana.chat_id, 1)
    store.write_now(open_messages.forget, dana.chat_id, 1)
    store.write_now(actions.touch_figures, [cardiology])
    assert not store.read_now(open_messages.still_shown, first)
    assert store.read_now(open_messages.address_of, dana.chat_id, 1) is None
    assert outdated(store, clock) == []


def test_a_message_untouched_for_two_days_is_history(
    store: Store, clock: HandClock, dana: Member, cardiology: int
) -> None:
    shows(store, clock, dana, 1, cardiology)
    store.write_now(actions.touch_figures, [cardiology])
    clock.move(KEPT_TRUE_FOR - SECOND)
    assert len(outdated(store, clock)) == 1
    clock.move(SECOND)
    assert outdated(store, clock) == []


def test_the_message_shown_last_comes_first_and_the_rest_later(
    store: Store, clock: HandClock, dana: Member, cardiology: int
) -> None:
    for number in range(1, 6):
        shows(store, clock, dana, number, cardiology)
        clock.move(SECOND)
    store.write_now(actions.touch_figures, [cardiology])
    found = outdated(store, clock, limit=2)
    assert [shown.message_id for shown in found] == [5, 4]


def test_a_closed_chat_with_many_messages_holds_up_nobody_else(
    store: Store, clock: HandClock, dana: Member, cardiology: int
) -> None:
    noa = join(store, Role.MANAGER, 2, "Noa", clock.now())
    mine = shows(store, clock, noa, 1, cardiology)
    clock.move(SECOND)
    for number in range(2, 9):
        shows(store, clock, dana, number, cardiology)
    store.write_now(actions.touch_figures, [cardiology])
    found = store.read_now(open_messages.outdated, clock.now(), 3, {dana.chat_id})
    assert found == [mine]


def outdated(store: Store, clock: HandClock, limit: int = 100) -> list[Shown]:
    return store.read_now(open_messages.outdated, clock.now(), limit, ())


def screen(store: Store, member: Member, message_id: int, department: int | None) -> Shown:
    version = store.read_now(figures_version, department)
    address = f"risk:7.{department or '-'}.-:0"
    return Shown(member.chat_id, message_id, member.id, address, department, version, "digest")


def shows(
    store: Store, clock: HandClock, member: Member, message_id: int, department: int | None
) -> Shown:
    shown = screen(store, member, message_id, department)
    store.write_now(open_messages.remember, shown, clock.now())
    return shown


def named(session: Session, name: str) -> int:
    return key_of(department_named(session, name))


def by_message(shown: Shown) -> int:
    return shown.message_id


def suspend(store: Store, member: Member) -> None:
    def work(session: Session) -> None:
        session.get_one(MemberRow, member.id).suspended = True

    store.write_now(work)
