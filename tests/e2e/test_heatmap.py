"""`/heatmap`: a picture that changes in place, and text where there can be none."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.pictures.browser import browser_path, font_available
from bot.pictures.chromium import NO_BROWSER, WRONG_BROWSER
from domain.clock import HandClock
from domain.monospace import width
from tests.e2e.town import Town, a_small_hmo, all_labels, body, labels, town
from tests.hmo import Hmo

WIDTH = 34

needs_chromium = pytest.mark.skipif(
    browser_path() is None or not font_available(), reason="needs Chromium and a font"
)


@pytest.fixture
async def busy_town(tmp_path: Path, clock: HandClock) -> AsyncIterator[Town]:
    """A town with visits enough to show rates."""
    hmo = a_small_hmo(clock.now())
    for number in range(360):
        status = "noshow" if number % 5 == 0 else "fulfilled"
        department = ("Cardiology", "Dermatology", "Eyes & <ears>")[number % 3]
        age = 25 + 20 * (number // 3 % 3)
        hmo.visit(f"busy{number}", -1 - number % 80, status, department=department, age=age)
    async with town(tmp_path, clock, hmo) as found, found.bot_at_work():
        await found.everybody_joins()
        yield found


@needs_chromium
async def test_the_picture_changes_in_place_and_is_never_rendered_twice(busy_town: Town) -> None:
    noa, bot = busy_town.noa, busy_town.bot
    assert bot is not None
    await noa.says("/heatmap")
    first = await noa.sees("No-show rate · all departments")
    assert first["photo"][-1]["width"] == 1080
    assert "Highest: " in body(first)
    assert labels(first) == [
        ["• Rate", "Count", "Share"],
        ["30 d", "• 90 d", "180 d", "365 d"],
        ["Department", "Refresh"],
    ]
    await noa.presses(first, "Count")
    count = await noa.sees("No-shows · all departments")
    await noa.presses(count, "30 d")
    month = await noa.sees(lambda m: "• 30 d" in all_labels(m))
    await noa.presses(month, "Department")
    choosing = await noa.sees("Choose a department")
    assert choosing["photo"] == month["photo"]
    await noa.presses(choosing, "Cardiology")
    last = await noa.sees("No-shows · Cardiology")
    shown = {seen["message_id"] for seen in (first, count, month, choosing, last)}
    assert shown == {first["message_id"]}
    assert bot.renderer.renders == 4
    await noa.presses(last, "Refresh")
    await noa.presses(month, "• 30 d")
    await noa.sees(lambda m: "No-shows · all departments" in body(m))
    await busy_town.dana.says("/heatmap")
    again = await busy_town.dana.sees("No-show rate · all departments")
    assert again["photo"] == first["photo"]
    assert bot.renderer.renders == 4
    sent = busy_town.server.calls("sendPhoto", busy_town.dana.person.user_id)[-1]
    assert sent.params["photo"] == first["photo"][-1]["file_id"]


@needs_chromium
async def test_those_who_ask_at_once_share_a_render_and_nobody_gets_anothers_heading(
    busy_town: Town,
) -> None:
    """Avi sees Cardiology alone: the same figures as Noa's choice, under another heading."""
    noa, avi, dana, bot = busy_town.noa, busy_town.avi, busy_town.dana, busy_town.bot
    assert bot is not None
    await asyncio.gather(*(phone.says("/heatmap") for phone in (noa, dana, avi)))
    whole, _ = [await phone.sees("No-show rate") for phone in (noa, dana)]
    await avi.sees("No-show rate · your departments")
    assert bot.renderer.renders == 2
    await noa.presses(whole, "Department")
    await noa.presses(await noa.sees("Choose a department"), "Cardiology")
    await noa.sees("No-show rate · Cardiology")
    assert bot.renderer.renders == 3


async def test_without_chromium_the_same_figures_come_as_a_table_with_the_reason(
    place: Town,
) -> None:
    noa = place.noa
    await noa.says("/heatmap")
    message = await noa.sees("No-show rate · all departments")
    assert "photo" not in message
    text = body(message)
    assert f"As text, because {WRONG_BROWSER}" in text or f"because {NO_BROWSER}" in text
    table = text.splitlines()
    assert any(line.startswith("Cardiology") for line in table)
    block = next(found for found in message["entities"] if found["type"] == "pre")
    encoded = text.encode("utf-16-le")[2 * block["offset"] :][: 2 * block["length"]]
    assert all(width(line) <= WIDTH for line in encoded.decode("utf-16-le").splitlines())
    await noa.presses(message, "Share")
    shares = await noa.sees("Share of no-shows · all departments")
    await noa.presses(shares, "Department")
    await noa.presses(await noa.sees("Choose a department"), "Cardiology")
    last = await noa.sees("Share of no-shows · Cardiology")
    assert {shares["message_id"], last["message_id"]} == {message["message_id"]}


async def test_an_hmo_without_outcomes_is_told_what_would_fill_the_picture(
    tmp_path: Path, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.visit("p", 200)
    async with town(tmp_path, clock, hmo) as place, place.bot_at_work():
        await place.everybody_joins()
        for command in ("/heatmap", "/risk", "/pending", "/efficiency", "/summary"):
            await place.dana.says(command)
        empty = await place.dana.sees("No appointment with a known outcome")
        assert "A longer period or new data may hold some" in body(empty)
        assert "365 d" in all_labels(empty)
        await place.dana.presses(empty, "365 d")
        again = await place.dana.sees(lambda m: "• 365 d" in all_labels(m))
        assert again["message_id"] == empty["message_id"]
        await place.dana.sees("No coming appointment")
        await place.dana.sees("Nothing waits")
        await place.dana.sees("Nothing is scheduled here")
        await place.dana.sees("No high-risk appointment today or tomorrow")
        assert "Efficiency Gain – (0 ÷ 0)" in body(await place.dana.sees("Nothing is scheduled"))


async def test_a_summary_leads_to_the_heatmap_and_leaves_one_message(place: Town) -> None:
    noa = place.noa
    await noa.says("/summary")
    summary = await noa.sees("Good morning")
    await noa.presses(summary, "Heatmap")
    heat = await noa.sees("No-show rate")
    assert heat["message_id"] == summary["message_id"]
