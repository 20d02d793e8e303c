"""The courier in trouble: the database's, Telegram's and its own."""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select, text
from sqlmodel import Session, col

from bot.demo.server import Fault
from domain.clock import HandClock
from domain.deliveries import State
from handlers.desk import Desk
from storage.store import Store
from storage.tables import Push
from tests.couriers import courier_at_work, pace_of
from tests.e2e.conftest import small_town  # noqa: F401 - a fixture
from tests.e2e.test_deliveries import arrive, count, crowd_of, summaries
from tests.e2e.test_live import coming, decide, propose, settled
from tests.e2e.town import Town, body
from tests.hmo import HOUSE
from tests.waiting import until


async def test_a_bad_moment_of_the_database_is_logged_and_survived(small_town: Town) -> None:  # noqa: F811
    store = small_town.store
    await small_town.dana.says("/efficiency")
    await small_town.dana.sees("(0 ÷ 20)")
    with structlog.testing.capture_logs() as logs:
        store.write_now(run, "ALTER TABLE push RENAME TO away")
        await until(lambda: any("trying again" in entry["event"] for entry in logs))
        store.write_now(run, "ALTER TABLE away RENAME TO push")
    store.write_now(run, "UPDATE department SET figures = figures + 1")
    store.write_now(run, "UPDATE daily_count SET scheduled = scheduled + 1 WHERE scheduled > 0")
    await small_town.dana.sees(lambda m: "(0 ÷ 20)" not in body(m) and "÷" in body(m))


async def test_while_the_database_is_away_people_are_told_once_and_nothing_else_happens(
    small_town: Town,  # noqa: F811
) -> None:
    dana, store = small_town.dana, small_town.store
    await dana.says("/risk")
    message = await dana.sees("High-risk")
    store.write_now(run, "ALTER TABLE member RENAME TO away")
    since, before = dana.now(), len(dana.messages)
    with structlog.testing.capture_logs():
        await dana.says("/risk")
        await dana.sees("The database cannot be reached right now", since=since)
        toast = await dana.toast(await dana.presses(message, "Refresh"))
        assert (toast.text or "").startswith("The database cannot be reached")
    store.write_now(run, "ALTER TABLE away RENAME TO member")
    await dana.presses(message, "Age")
    await dana.sees("Choose an age group")
    assert len(dana.messages) == before + 2


async def test_an_outage_of_telegram_costs_few_calls_and_no_push(
    sqlite_store: Store, clock: HandClock
) -> None:
    server, people = crowd_of(sqlite_store, clock, 60)
    down = server.faults.add(Fault("sendMessage", code=502, times=None))
    at_work = courier_at_work(sqlite_store, server, clock, HOUSE, pace_of(clock))
    async with server.running(), at_work as desk:
        await passes(desk, clock, timedelta(minutes=20))
        assert len(server.calls("sendMessage")) <= 45
        assert max(sqlite_store.read_now(attempts)) <= 2
        server.faults.clear()
        await arrive(desk, clock, 60)
    assert down.times is None
    assert count(sqlite_store, State.FAILED) == 0
    assert all(len(summaries(server.person(person.user_id))) == 1 for person in people)


async def test_what_could_not_be_renewed_in_an_outage_is_renewed_after_it(
    small_town: Town,  # noqa: F811
) -> None:
    phones = (small_town.dana, small_town.noa, small_town.avi, small_town.root)
    for phone in phones:
        await phone.says("/efficiency")
        await phone.sees("Efficiency Gain 0.00 %")
    small_town.server.faults.add(Fault("editMessageText", code=502, times=None))
    with structlog.testing.capture_logs() as logs:
        await decide(small_town, coming(small_town, "Cardiology")[0])
        await until(lambda: "telegram fails for everybody" in str(logs))
        small_town.server.faults.clear()
        small_town.clock.move(timedelta(seconds=11))
        for phone in phones:
            await phone.sees(lambda m: "(1 ÷ " in body(m))
    assert "telegram works again" in str(logs)
    assert [call.code for call in small_town.server.calls("editMessageText")].count(502) <= 5


async def test_a_message_that_cannot_be_made_anew_is_tried_seldom_and_holds_up_no_other(
    small_town: Town,  # noqa: F811
) -> None:
    noa, store = small_town.noa, small_town.store
    await propose(small_town, coming(small_town, "Cardiology")[0])
    await noa.sees("Transfer proposed")
    await noa.says("/efficiency")
    await noa.sees("(0 ÷ 20)")
    store.write_now(run, "UPDATE action SET kind = 'odd'")
    with structlog.testing.capture_logs() as logs:
        await decide(small_town, coming(small_town, "Cardiology")[1])
        await noa.sees("(1 ÷ 20)")
        await until(lambda: failures(logs) == 2)  # to Noa and to Avi
        await settled(small_town)
        assert failures(logs) == 2
        small_town.clock.move(timedelta(seconds=11))
        await until(lambda: failures(logs) == 4)
        small_town.clock.move(timedelta(seconds=9))
        await settled(small_town)
        assert failures(logs) == 4
    store.write_now(run, "UPDATE action SET kind = 'transfer', state = 'declined'")
    store.write_now(run, "UPDATE department SET figures = figures + 1")
    small_town.clock.move(timedelta(seconds=12))
    await noa.sees("Transfer declined")


def run(session: Session, statement: str) -> None:
    session.execute(text(statement))


def failures(logs: list[Any]) -> int:
    return len([entry for entry in logs if "could not be renewed" in entry["event"]])


def attempts(session: Session) -> list[int]:
    return list(session.scalars(select(col(Push.attempts))))


async def passes(desk: Desk, clock: HandClock, span: timedelta) -> None:
    """Let time pass, a few seconds at each look of the courier while nothing is on its way."""
    end = clock.now() + span

    def is_over() -> bool:
        if not count(desk.store, State.SENDING):
            clock.move(timedelta(seconds=4))
        desk.changed.set()
        return clock.now() >= end

    await until(is_over)
