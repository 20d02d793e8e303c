"""Joining: what a code makes of its bearer, and what it does not."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, text, update
from sqlmodel import Session, SQLModel, col

from domain.clock import HandClock
from domain.people import Member, Role
from storage import invitations, joining, people, risk
from storage.invitations import VALID_FOR
from storage.joining import Ending, Joining, Newcomer
from storage.store import Store
from storage.tables import AuditEntry, Department, Invitation, MemberRow
from tests.hmo import join
from tests.waiting import until

DANA = Newcomer(1001, 1001, "Dana")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("role", Role)
def test_a_code_makes_its_bearer_what_it_was_made_for(
    store: Store, clock: HandClock, role: Role
) -> None:
    code = invite(store, clock, role, "Cardiology", "Eyes")
    member = redeem(store, clock, code)
    assert member is not None
    assert (member.role, member.name, member.chat_id) == (role, "Dana", 1001)
    names = store.read_now(risk.departments)
    assert {names[key] for key in member.departments} == {"Cardiology", "Eyes"}
    assert store.read_now(people.member_by_telegram, 1001) == member
    assert store.read_now(people.member_by_id, member.id) == member


def test_a_code_works_once_and_whoever_used_it_is_told_so(store: Store, clock: HandClock) -> None:
    code = invite(store, clock)
    assert come(store, clock, code).ending is Ending.JOINED
    assert come(store, clock, code).ending is Ending.YOURS
    assert come(store, clock, code, Newcomer(7, 7, "Somebody")).ending is Ending.REFUSED
    assert store.read_now(people.member_by_telegram, 7) is None


def test_of_several_who_redeem_one_code_at_once_one_joins(store: Store, clock: HandClock) -> None:
    code = invite(store, clock)
    together = Barrier(4)

    def bearer(number: int) -> Member | None:
        together.wait(10)
        return redeem(store, clock, code, Newcomer(number, number, f"No. {number}"))

    with ThreadPoolExecutor(4) as pool:
        joined = list(pool.map(bearer, range(1, 5)))
    assert sum(member is not None for member in joined) == 1
    assert count(store, MemberRow) == 1


async def test_who_presses_a_link_twice_in_the_same_moment_is_not_turned_away(
    postgres_store: Store, clock: HandClock
) -> None:
    code, store = invite(postgres_store, clock), postgres_store
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")

    def second_waits() -> bool:
        return bool(store.read_now(lambda session: session.scalar(waits)))

    with Session(store.engine) as first:
        assert joining.redeem(first, code, DANA, clock.now()).ending is Ending.JOINED
        second = asyncio.create_task(store.write(joining.redeem, code, DANA, clock.now()))
        await until(second_waits)
        first.commit()
    answer = await second
    assert answer.ending is Ending.YOURS
    assert answer.member is not None
    assert (answer.member.name, count(store, MemberRow)) == ("Dana", 1)


@pytest.mark.parametrize(("late", "works"), [(-SECOND, True), (timedelta(), False)])
def test_a_code_expires_after_seven_days(
    store: Store, clock: HandClock, late: timedelta, works: bool
) -> None:
    code = invite(store, clock)
    assert timedelta(days=7) == VALID_FOR
    clock.move(VALID_FOR + late)
    assert (redeem(store, clock, code) is not None) == works


def test_the_database_keeps_a_hash_and_never_the_code(store: Store, clock: HandClock) -> None:
    code = invite(store, clock, Role.ADMIN)
    redeem(store, clock, code)
    redeem(store, clock, code)
    kept = store.read_now(everything)
    assert code not in kept
    assert hashlib.sha256(code.encode()).hexdigest() in kept


def test_codes_are_long_and_never_the_same(store: Store, clock: HandClock) -> None:
    codes = {invite(store, clock) for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) >= 22 for code in codes)


@pytest.mark.parametrize("code", ["", " ", "x" * 4000, "'; DROP TABLE member; --", "\u202eabc"])
def test_an_unknown_code_is_refused_and_noted(store: Store, clock: HandClock, code: str) -> None:
    assert redeem(store, clock, code) is None
    assert store.read_now(events) == ["code refused"]


def test_an_invitation_makes_departments_that_are_not_known_yet(
    store: Store, clock: HandClock
) -> None:
    join(store, Role.STAFF, 1, "Dana", clock.now(), ("Cardiology",))
    join(store, Role.STAFF, 2, "Avi", clock.now(), ("Cardiology", "Eyes", "Eyes"))
    assert sorted(store.read_now(risk.departments).values()) == ["Cardiology", "Eyes"]


def test_two_invitations_at_once_may_name_the_same_new_department(
    store: Store, clock: HandClock
) -> None:
    for number in range(5):
        together = Barrier(4)

        def asks(_: int, name: str = f"New {number}", together: Barrier = together) -> str:
            together.wait(10)
            return invite(store, clock, Role.STAFF, name)

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(asks, range(4)))) == 4
    assert count(store, Department) == 5
    assert count(store, Invitation) == 20


def test_a_member_with_a_new_code_becomes_what_it_says_and_stays_one_person(
    store: Store, clock: HandClock
) -> None:
    first = redeem(store, clock, invite(store, clock, Role.STAFF, "Cardiology"))
    second = redeem(store, clock, invite(store, clock, Role.MANAGER))
    assert first is not None
    assert second is not None
    assert (second.id, second.role, second.departments) == (first.id, Role.MANAGER, frozenset())
    assert count(store, MemberRow) == 1


def test_a_suspended_member_does_not_come_back_by_a_code(store: Store, clock: HandClock) -> None:
    noa = join(store, Role.MANAGER, DANA.telegram_id, "Noa", clock.now())
    suspend(store, noa)
    code = invite(store, clock, Role.MANAGER)
    assert redeem(store, clock, code) is None
    assert store.read_now(people.member_by_telegram, DANA.telegram_id) is None
    assert redeem(store, clock, code, Newcomer(42, 42, "Avi")), "the code is not used up"


def test_a_long_name_is_cut_to_what_is_kept(store: Store, clock: HandClock) -> None:
    member = redeem(store, clock, invite(store, clock), Newcomer(1, 1, "נועה <b>" * 60))
    assert member is not None
    assert len(member.name) == 100


def invite(store: Store, clock: HandClock, role: Role = Role.STAFF, *departments: str) -> str:
    return store.write_now(invitations.invite, role, departments, clock.now())


def redeem(store: Store, clock: HandClock, code: str, newcomer: Newcomer = DANA) -> Member | None:
    return come(store, clock, code, newcomer).member


def come(store: Store, clock: HandClock, code: str, newcomer: Newcomer = DANA) -> Joining:
    return store.write_now(joining.redeem, code, newcomer, clock.now())


def suspend(store: Store, member: Member) -> None:
    def work(session: Session) -> None:
        row = update(MemberRow).where(col(MemberRow.id) == member.id)
        session.execute(row.values(suspended=True))

    store.write_now(work)


def count(store: Store, table: type[SQLModel]) -> int:
    def work(session: Session) -> int:
        return session.scalar(select(func.count()).select_from(table)) or 0

    return store.read_now(work)


def everything(session: Session) -> str:
    """All that is kept, in one text."""
    tables = SQLModel.metadata.sorted_tables
    return repr([session.execute(select(table)).all() for table in tables])


def events(session: Session) -> list[str]:
    return list(session.scalars(select(col(AuditEntry.event)).order_by(col(AuditEntry.id))))
