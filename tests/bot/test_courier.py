"""The courier: that a bad moment of the database does not end it."""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import text
from sqlmodel import Session

from tests.e2e.conftest import small_town  # noqa: F401 - a fixture
from tests.e2e.town import Town, body


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
    await small_town.dana.sees(lambda m: "(0 ÷ 20)" not in body(m) and "÷" in body(m), within=3)


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


def run(session: Session, statement: str) -> None:
    session.execute(text(statement))


async def until(condition: Callable[[], bool], within: float = 5) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
