"""Members' own settings: what they change, what is planned then, and what the audit keeps."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.mornings import EVERY_DAY
from domain.people import Member, Role
from domain.pushes import USUAL, Choice, PushKind
from storage import wishes
from storage.store import Store
from storage.tables import AuditEntry, MemberRow, PushChoice
from storage.wishes import Wishes
from tests.hmo import HOUSE, ZONE, join

WORKDAYS = 0b100_1111
"""Sunday to Thursday."""


@pytest.fixture
def dana(store: Store, clock: HandClock) -> Member:
    return join(store, Role.STAFF, 1, "Dana", clock.now())


def changes(store: Store) -> int:
    wanted = select(AuditEntry).where(col(AuditEntry.event) == "change settings")
    return store.read_now(lambda session: len(session.scalars(wanted).all()))


def local(found: Wishes) -> str:
    assert found.next_at is not None
    return f"{found.next_at.astimezone(ZONE):%d %H:%M}"


def test_who_has_chosen_nothing_gets_what_is_usual(store: Store, dana: Member) -> None:
    found = store.read_now(wishes.wishes, dana.id, HOUSE)
    assert (found.rhythm.minute, found.rhythm.days) == (HOUSE.summary_minute, EVERY_DAY)
    assert found.choices == USUAL
    assert found.are_usual


def test_a_chosen_time_plans_the_next_summary_and_a_second_press_changes_nothing(
    store: Store, clock: HandClock, dana: Member
) -> None:
    for _ in range(2):
        found = store.write_now(wishes.choose_minute, dana.id, HOUSE, clock.now(), 8 * 60 + 15)
        assert local(found) == "23 08:15"
        assert found.has_own_time
        assert not found.are_usual
    assert changes(store) == 1


def test_a_time_that_has_passed_today_holds_from_tomorrow_on(
    store: Store, clock: HandClock, dana: Member
) -> None:
    found = store.write_now(wishes.choose_minute, dana.id, HOUSE, clock.now(), 7 * 60)
    assert local(found) == "24 07:00"


def test_who_had_todays_gets_no_second_one_by_choosing_a_later_time(
    store: Store, clock: HandClock, dana: Member
) -> None:
    def served(session: Session) -> None:
        session.get_one(MemberRow, dana.id).summary_day = date(2026, 11, 23)

    store.write_now(served)
    found = store.write_now(wishes.choose_minute, dana.id, HOUSE, clock.now(), 20 * 60)
    assert local(found) == "24 20:00"


def test_chosen_days_leave_the_others_out(store: Store, clock: HandClock, dana: Member) -> None:
    friday_only = 1 << 4
    found = store.write_now(wishes.choose_days, dana.id, HOUSE, clock.now(), friday_only)
    assert local(found) == "27 07:30"
    found = store.write_now(wishes.choose_days, dana.id, HOUSE, clock.now(), WORKDAYS)
    assert local(found) == "24 07:30"
    assert changes(store) == 2


@pytest.mark.parametrize("wrong", [0, 128])
def test_no_day_at_all_is_refused_and_changes_nothing(
    store: Store, clock: HandClock, dana: Member, wrong: int
) -> None:
    with pytest.raises(ValueError, match="weekdays"):
        store.write_now(wishes.choose_days, dana.id, HOUSE, clock.now(), wrong)
    assert store.read_now(wishes.wishes, dana.id, HOUSE).are_usual
    assert changes(store) == 0


def test_a_kind_of_push_is_kept_only_where_it_is_not_as_usual(
    store: Store, clock: HandClock, dana: Member
) -> None:
    def choose(choice: Choice) -> Wishes:
        wish = (PushKind.DECISION, choice)
        return store.write_now(wishes.choose_push, dana.id, HOUSE, clock.now(), wish)

    def kept() -> int:
        return store.read_now(lambda session: len(session.scalars(select(PushChoice)).all()))

    assert choose(Choice.OFF).choices[PushKind.DECISION] is Choice.OFF
    assert choose(Choice.ON).choices[PushKind.DECISION] is Choice.ON
    assert (kept(), changes(store)) == (1, 2)
    assert choose(Choice.SILENT).are_usual
    assert choose(Choice.SILENT).are_usual
    assert (kept(), changes(store)) == (0, 3)


def test_back_to_the_default_takes_everything_back_at_once(
    store: Store, clock: HandClock, dana: Member
) -> None:
    now = clock.now()
    store.write_now(wishes.choose_minute, dana.id, HOUSE, now, 0)
    store.write_now(wishes.choose_days, dana.id, HOUSE, now, 1)
    store.write_now(wishes.choose_push, dana.id, HOUSE, now, (PushKind.SUMMARY, Choice.OFF))
    before = changes(store)
    for _ in range(2):
        found = store.write_now(wishes.choose_nothing, dana.id, HOUSE, now)
        assert found.are_usual
        assert local(found) == "24 07:30"
    assert changes(store) == before + 1
