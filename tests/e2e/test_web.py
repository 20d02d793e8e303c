"""The pages by which the program is watched: alive, ready, and in figures."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlmodel import Session

from bot import web
from bot.demo.first_words import first_button
from bot.demo.server import PATIENCE, Fault
from domain.clock import HandClock
from tests.e2e.town import DANA, TOKEN, Town, a_small_hmo, town, watched
from tests.waiting import until

Figures = dict[str, float]

ALL_WELL = "ok  database\nok  telegram\nok  courier\nok  messenger\nok  jobs\n"


@pytest.fixture
async def place(tmp_path: Path, clock: HandClock) -> AsyncIterator[Town]:
    """A town whose bot has pages; everybody has joined."""
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found:
        watched(found)
        async with found.bot_at_work():
            await found.everybody_joins()
            yield found


async def test_a_bot_at_work_is_alive_and_ready(place: Town) -> None:
    code, page = await read(place, "healthz")
    assert code == 200
    assert re.fullmatch(r"event loop \d+\.\d{3} s late\n", page)
    assert await read(place, "readyz") == (200, ALL_WELL)
    assert (await read(place, ""))[0] == 404


async def test_an_event_loop_that_hung_is_told(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    time.sleep(2)  # noqa: ASYNC251 - it is to hang
    assert (await measured(place))["slotwise_loop_lag_seconds"] >= 0.5
    monkeypatch.setattr(web, "STUCK_AFTER", 0)
    assert (await read(place, "healthz"))[0] == 503


async def test_a_database_that_is_away_is_named(place: Town) -> None:
    place.store.write_now(run, "ALTER TABLE push RENAME TO away")
    code, page = await read(place, "readyz")
    assert code == 503
    assert page.splitlines()[0] == "NO  database: no such table: push"
    assert page.splitlines()[1:] == ALL_WELL.splitlines()[1:]
    figures = await measured(place)
    assert figures["slotwise_database_up"] == 0
    assert figures['slotwise_database_errors_total{work="read"}'] >= 2
    assert not any(name.startswith("slotwise_outbox{") for name in figures)
    place.store.write_now(run, "ALTER TABLE away RENAME TO push")
    assert await read(place, "readyz") == (200, ALL_WELL)
    assert (await measured(place))["slotwise_database_up"] == 1


async def test_before_telegram_is_reached_the_bot_is_alive_and_not_ready(
    tmp_path: Path, clock: HandClock
) -> None:
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as place:
        watched(place)
        place.server.faults.add(Fault("getMe", code=502, times=None))
        starting = asyncio.create_task(comes_up(place))
        await until(lambda: bool(place.server.calls("getMe")), 10)
        assert (await read(place, "healthz"))[0] == 200
        assert await read(place, "readyz") == (503, "ok  database\nNO  telegram: not reached yet\n")
        place.server.faults.clear()
        await asyncio.wait_for(starting, 10)


async def test_what_people_do_is_counted_and_timed(place: Town) -> None:
    before = await measured(place)
    await place.dana.says("/risk")
    listed = await place.dana.sees("High-risk")
    await place.dana.presses(listed, "Refresh")
    await place.dana.says("what is this")
    await place.dana.sees("I did not understand")
    await place.root.uploads("may.csv", b"nothing of use")
    await place.root.sees("may.csv")
    for kind in ("press", "text", "file"):  # each is counted a moment after it was answered
        await measured(place, f'slotwise_updates_total{{kind="{kind}",outcome="handled"}}')
    after = await measured(place)
    for kind in ("command", "press", "text", "file"):
        assert grown(before, after, f'slotwise_updates_total{{kind="{kind}",outcome="handled"}}')
        assert grown(before, after, f'slotwise_update_seconds_count{{kind="{kind}"}}')
    assert grown(before, after, 'slotwise_telegram_calls_total{method="sendMessage",status="200"}')
    assert grown(before, after, "slotwise_telegram_call_seconds_count")
    assert grown(before, after, 'slotwise_database_seconds_count{work="read"}')
    assert after["slotwise_open_messages"] >= 1
    assert 0 <= after["slotwise_telegram_silence_seconds"] < 60
    told = f'{{database="sqlite",mode="polling",version="{version("slotwise")}"}}'
    assert after[f"slotwise_info{told}"] == 1


async def test_updates_that_go_wrong_are_counted_by_why(place: Town) -> None:
    with structlog.testing.capture_logs():
        await place.dana.uploads("may.csv", b"no admin")
        await place.dana.sees("Only admins can load data")
        place.server.faults.add(Fault("sendMessage", retry_after=100))
        await place.dana.says("/help")
        await until(lambda: not place.server.faults.as_json())
        place.store.write_now(run, "ALTER TABLE member RENAME TO away")
        await place.dana.says("/help")
        await place.dana.sees("The database cannot be reached")
        place.store.write_now(run, "ALTER TABLE away RENAME TO member")
    for outcome in ("telegram", "database"):
        name = f'slotwise_updates_total{{kind="command",outcome="{outcome}"}}'
        figures = await measured(place, name)
    assert figures['slotwise_updates_total{kind="command",outcome="telegram"}'] == 1
    assert figures['slotwise_telegram_calls_total{method="sendMessage",status="429"}'] == 1


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({}, "sent"),
        ({"retry_after": 600}, "not sent"),
        ({"code": 403, "description": "Forbidden: bot was blocked by the user"}, "not sent"),
    ],
    ids=["sent", "put off", "failed"],
)
async def test_pushes_are_counted_by_what_became_of_them(
    place: Town, fault: dict[str, Any], outcome: str
) -> None:
    for phone in (place.noa, place.avi):
        if fault:
            place.server.faults.add(Fault("sendMessage", chat_id=phone.chat.chat_id, **fault))
    with structlog.testing.capture_logs():
        await proposes(place)
        await measured(place, f'slotwise_pushes_total{{outcome="{outcome}"}}')


async def test_what_waits_is_seen_with_its_age(place: Town) -> None:
    fault = Fault("sendMessage", chat_id=place.noa.chat.chat_id, retry_after=600)
    place.server.faults.add(fault)
    with structlog.testing.capture_logs():
        await proposes(place)
        await measured(place, 'slotwise_pushes_total{outcome="not sent"}')
    place.clock.move(timedelta(seconds=300))
    figures = await measured(place)
    async with asyncio.timeout(PATIENCE):
        while figures['slotwise_outbox{state="sending"}']:  # to another manager
            figures = await measured(place)
    assert figures['slotwise_outbox{state="waiting"}'] == 1
    assert figures["slotwise_outbox_oldest_seconds"] == 300


async def test_nothing_personal_and_no_secret_stands_on_the_pages(place: Town) -> None:
    await place.dana.says("/find P-7K3MQD")
    await place.dana.sees("P-7K3MQD")
    page = "".join([(await read(place, name))[1] for name in ("healthz", "readyz", "metrics")])
    for told in (TOKEN, TOKEN.split(":")[1], "Dana", "P-7K3MQD", "Cardiology", "@", "staff"):
        assert told not in page
    assert not [name for name in await measured(place) if str(DANA.user_id) in name]


async def test_a_port_that_is_taken_is_told_and_polling_goes_on_without(place: Town) -> None:
    await place.dana.says("/help")
    await place.dana.sees("Slotwise for staff")
    server, store = place.server, place.store
    with structlog.testing.capture_logs() as logs:
        second = Town(server, store, place.clock, place.settings)
        starting = asyncio.create_task(comes_up(second))
        await asyncio.wait_for(starting, 10)
    told = [line for line in logs if line["event"] == "there are no pages to watch the program by"]
    assert len(told) == 1
    assert "SLOTWISE_WEB_PORT: 127.0.0.1 port" in told[0]["reason"]
    assert "Address already in use" in told[0]["reason"]


async def proposes(place: Town) -> None:
    """Staff propose a transfer, and managers are told."""
    await place.dana.says("/risk")
    listed = await place.dana.sees("High-risk")
    await place.dana.presses(listed, first_button(listed))
    await place.dana.presses(await place.dana.sees("Nothing decided yet"), "Propose transfer")
    await place.dana.sees("Transfer proposed")


async def comes_up(place: Town) -> None:
    async with place.bot_at_work():
        pass


async def read(place: Town, name: str) -> tuple[int, str]:
    """A page's status and text."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        found = await client.get(f"http://127.0.0.1:{place.settings.web_port}/{name}")
        return found.status_code, found.text


async def measured(place: Town, awaited: str = "") -> Figures:
    """All figures by name and labels; waits until the one that is awaited is more than 0."""
    async with asyncio.timeout(PATIENCE):
        while True:
            code, page = await read(place, "metrics")
            assert code == 200
            figures = {
                sample.name + labelled(sample.labels): sample.value
                for family in text_string_to_metric_families(page)
                for sample in family.samples
            }
            if not awaited or figures.get(awaited, 0) > 0:
                return figures


def labelled(labels: dict[str, str]) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{{{inside}}}" if inside else ""


def grown(before: Figures, after: Figures, name: str) -> bool:
    return after[name] > before.get(name, 0)


def run(session: Session, statement: str) -> None:
    session.execute(text(statement))
