"""The daily summary in the database: who is due, once a day, whatever happens in between."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text, update
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.days import Calendar
from domain.people import Member, Role
from domain.pushes import Choice, PushKind
from storage import mornings, wishes
from storage.store import Store
from storage.tables import MemberRow, Push
from tests.hmo import HOUSE, ZONE, join

MONDAY = date(2026, 11, 23)


def at(text: str) -> datetime:
    """A moment from its local time, such as `23 07:30` in November."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


@pytest.fixture
def noa(store: Store, clock: HandClock) -> Member:
    """Somebody who joined on Sunday evening."""
    clock.at = at("22 20:00").astimezone(UTC)
    member = join(store, Role.MANAGER, 1, "Noa", clock.now())
    tick(store, clock)
    return member


def tick(store: Store, clock: HandClock, limit: int = 100) -> int:
    return store.write_now(mornings.tick, HOUSE, clock.now(), limit)


def told(store: Store, clock: HandClock, when: str) -> list[str]:
    """Move to a local time, tick as often as there is anything to do; all keys told so far."""
    clock.at = at(when).astimezone(UTC)
    for _ in range(20):
        if not store.read_now(mornings.is_anybody_due, clock.now()):
            return store.read_now(keys)
        tick(store, clock)
    raise AssertionError("there is always something to do")


def keys(session: Session) -> list[str]:
    return list(session.scalars(select(col(Push.key)).order_by(col(Push.id))))


def row_of(store: Store, member: Member) -> MemberRow:
    return store.read_now(lambda session: session.get_one(MemberRow, member.id))


def test_it_is_told_at_its_time_and_once_a_day(store: Store, clock: HandClock, noa: Member) -> None:
    first, second = f"summary:{noa.id}:2026-11-23", f"summary:{noa.id}:2026-11-24"
    assert told(store, clock, "23 07:29") == []
    assert told(store, clock, "23 07:30") == [first]
    assert told(store, clock, "23 07:31") == [first]
    assert told(store, clock, "23 23:59") == [first]
    assert told(store, clock, "24 07:29") == [first]
    assert told(store, clock, "24 07:30") == [first, second]
    row = row_of(store, noa)
    assert row.summary_day == date(2026, 11, 24)
    assert row.summary_due_at == at("25 07:30")


@pytest.mark.parametrize("up_at", ["23 07:50", "23 23:50"])
def test_who_was_down_at_the_time_tells_it_later_that_day(
    store: Store, clock: HandClock, noa: Member, up_at: str
) -> None:
    assert told(store, clock, up_at) == [f"summary:{noa.id}:2026-11-23"]
    assert row_of(store, noa).summary_due_at == at("24 07:30")


def test_who_was_down_for_days_tells_todays_alone_and_not_before_its_time(
    store: Store, clock: HandClock, noa: Member
) -> None:
    assert told(store, clock, "26 07:00") == []
    assert row_of(store, noa).summary_due_at == at("26 07:30")
    assert told(store, clock, "26 09:00") == [f"summary:{noa.id}:2026-11-26"]


def test_who_joins_gets_the_first_one_at_the_next_due_time(store: Store, clock: HandClock) -> None:
    clock.at = at("23 10:00").astimezone(UTC)
    join(store, Role.STAFF, 1, "Dana", clock.now())
    assert told(store, clock, "23 10:00") == []
    assert told(store, clock, "23 23:00") == []
    assert len(told(store, clock, "24 07:30")) == 1


def test_the_suspended_and_the_unreachable_get_none_and_no_old_one_once_they_are_back(
    store: Store, clock: HandClock, noa: Member
) -> None:
    avi = join(store, Role.MANAGER, 2, "Avi", clock.now())
    tick(store, clock)

    def away(session: Session, is_away: bool) -> None:
        for who, column in ((noa, "suspended"), (avi, "reachable")):
            value = is_away if column == "suspended" else not is_away
            row = update(MemberRow).where(col(MemberRow.id) == who.id)
            session.execute(row.values({column: value}))

    store.write_now(away, True)
    assert told(store, clock, "23 08:00") == []
    store.write_now(away, False)
    assert told(store, clock, "23 09:00") == []
    assert len(told(store, clock, "24 08:00")) == 2


def test_a_kind_that_is_off_is_not_told_and_a_silent_one_without_a_sound(
    store: Store, clock: HandClock, noa: Member
) -> None:
    for choice in (Choice.OFF, Choice.SILENT):
        wish = (PushKind.SUMMARY, choice)
        store.write_now(wishes.choose_push, noa.id, HOUSE, clock.now(), wish)
        found = told(store, clock, "23 08:00" if choice is Choice.OFF else "24 08:00")
        assert len(found) == (choice is Choice.SILENT)
    (push,) = store.read_now(lambda session: session.scalars(select(Push)).all())
    assert push.silent
    assert push.kind is PushKind.SUMMARY


def test_a_tick_takes_no_more_than_its_portion(store: Store, clock: HandClock) -> None:
    clock.at = at("22 20:00").astimezone(UTC)
    for number in range(7):
        join(store, Role.STAFF, number + 1, f"No. {number}", clock.now())
    assert [tick(store, clock, 5) for _ in range(3)] == [5, 2, 0]
    clock.at = at("23 07:30").astimezone(UTC)
    assert [tick(store, clock, 3) for _ in range(4)] == [3, 3, 1, 0]
    assert len(store.read_now(keys)) == 7


def test_several_processes_share_the_work_without_a_double(
    postgres_store: Store, clock: HandClock
) -> None:
    clock.at = at("22 20:00").astimezone(UTC)
    for number in range(40):
        join(postgres_store, Role.STAFF, number + 1, f"No. {number}", clock.now())
    told(postgres_store, clock, "22 20:00")
    clock.at = at("23 07:30").astimezone(UTC)
    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(lambda _: tick(postgres_store, clock, 5), range(12)))
    while tick(postgres_store, clock, 5):
        pass
    found = postgres_store.read_now(keys)
    assert len(found) == len(set(found)) == 40
    assert max(taken) == 5


def test_another_summary_time_holds_for_all_who_have_not_chosen_one(
    store: Store, clock: HandClock, noa: Member
) -> None:
    avi = join(store, Role.MANAGER, 2, "Avi", clock.now())
    store.write_now(wishes.choose_minute, avi.id, HOUSE, clock.now(), 9 * 60)
    store.write_now(mornings.plan_everybody, HOUSE, clock.now())
    later = replace(HOUSE, summary_minute=8 * 60)
    store.write_now(mornings.plan_everybody, later, clock.now())
    assert row_of(store, noa).summary_due_at == at("23 08:00")
    assert row_of(store, avi).summary_due_at == at("23 09:00")


def test_a_time_set_earlier_while_the_bot_is_down_costs_nobody_todays_summary(
    store: Store, clock: HandClock, noa: Member
) -> None:
    store.write_now(mornings.plan_everybody, HOUSE, clock.now())
    earlier = replace(HOUSE, summary_minute=7 * 60)
    now = at("23 07:10").astimezone(UTC)
    store.write_now(mornings.plan_everybody, earlier, now)
    assert store.write_now(mornings.tick, earlier, now, 10) == 1
    assert store.read_now(keys) == [f"summary:{noa.id}:2026-11-23"]
    later = replace(HOUSE, summary_minute=8 * 60)
    store.write_now(mornings.plan_everybody, later, now)
    assert row_of(store, noa).summary_due_at == at("24 08:00")


def test_the_same_settings_leave_what_is_overdue_as_it_is(
    store: Store, clock: HandClock, noa: Member
) -> None:
    store.write_now(mornings.plan_everybody, HOUSE, clock.now())
    store.write_now(mornings.plan_everybody, HOUSE, at("23 07:50").astimezone(UTC))
    assert row_of(store, noa).summary_due_at == at("23 07:30")


def test_another_time_zone_moves_everybody(store: Store, clock: HandClock, noa: Member) -> None:
    store.write_now(mornings.plan_everybody, HOUSE, clock.now())
    london = replace(HOUSE, calendar=Calendar(ZoneInfo("Europe/London")))
    store.write_now(mornings.plan_everybody, london, clock.now())
    assert row_of(store, noa).summary_due_at == datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


def test_a_tick_that_fails_half_way_is_as_if_it_had_not_been(
    store: Store, clock: HandClock, noa: Member
) -> None:
    clock.at = at("23 07:30").astimezone(UTC)

    def half(session: Session) -> None:
        mornings.tick(session, HOUSE, clock.now(), 10)
        session.flush()
        raise LookupError

    with pytest.raises(LookupError):
        store.write_now(half)
    assert store.read_now(keys) == []
    assert len(told(store, clock, "23 07:30")) == 1


def test_the_question_whether_anybody_is_due_is_answered_by_the_index(
    sqlite_store: Store,
) -> None:
    statement = (
        "EXPLAIN QUERY PLAN SELECT id FROM member "
        "WHERE summary_due_at <= 5 OR summary_due_at IS NULL LIMIT 1"
    )
    plan = sqlite_store.read_now(lambda session: session.execute(text(statement)).all())
    assert "SCAN" not in repr(plan)


@pytest.mark.parametrize(
    ("noon", "minute", "days"),
    [
        (datetime(2026, 3, 25, 10, tzinfo=UTC), 2 * 60 + 30, ["03-26", "03-27", "03-28"]),
        (datetime(2026, 10, 23, 10, tzinfo=UTC), 60 + 30, ["10-24", "10-25", "10-26"]),
    ],
    ids=["a time that does not exist on the 27th", "a time that comes twice on the 25th"],
)
def test_clocks_that_change_neither_skip_nor_double_a_day(
    store: Store, clock: HandClock, noon: datetime, minute: int, days: list[str]
) -> None:
    clock.at = noon
    dana = join(store, Role.STAFF, 1, "Dana", noon)
    store.write_now(wishes.choose_minute, dana.id, HOUSE, noon, minute)
    for _ in range(3 * 24 * 2):
        clock.move(timedelta(minutes=30))
        tick(store, clock)
    assert store.read_now(keys) == [f"summary:{dana.id}:2026-{day}" for day in days]
