"""A wrong record is excused from a card, and everything on every phone follows."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.demo.server import Phone
from domain.clock import HandClock
from storage import counters
from storage.tables import Correction
from tests.e2e.town import (
    Message,
    Town,
    a_small_hmo,
    all_labels,
    body,
    offers,
    shows,
    town,
    with_button,
)


@pytest.fixture
async def place(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """A town without Chromium; the first on the list of Cardiology missed two visits there."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    hmo = a_small_hmo(clock.now())
    for number in range(2):
        hmo.visit("wronged", -8 - number, "noshow", age=45, department="Cardiology")
    hmo.visit("wronged", 0.1, age=45, department="Cardiology")
    async with town(tmp_path, clock, hmo) as found, found.bot_at_work():
        await found.everybody_joins()
        yield found


async def test_an_excuse_moves_the_list_the_card_and_the_heatmap_and_undo_moves_them_back(
    place: Town,
) -> None:
    dana, noa = place.dana, place.noa
    await noa.says("/risk Cardiology")
    await noa.sees(shows("High-risk", "7 appointments"))
    await noa.says("/heatmap")
    await noa.presses(await noa.sees("No-show rate"), "Count")
    count = await noa.sees("No-shows · all departments")
    missed = cell(count)
    asked = await wrong_record(dana)
    assert all_labels(asked)[:4] == [
        "Administrative error",
        "Late cancellation",
        "Came late",
        "Other",
    ]
    query = await dana.presses(asked, "Late cancellation")
    reference = re.findall(r"P-\w{6}", body(asked))[0]
    told = f"Excused. {reference} now has 1 earlier no-show: no longer high-risk."
    assert (await dana.toast(query)).text == told
    done = await dana.sees(shows("Excused 08:00 by Dana: late cancellation"))
    await noa.sees(shows("High-risk", "6 appointments"))
    await noa.presses(count, "Refresh")
    await noa.sees(lambda m: "No-shows · all" in body(m) and cell(m) == missed - 1)
    await dana.presses(done, "Open the card")
    card = await dana.sees(shows("1 earlier no-show in 2 earlier visits", "✗○", "○ excused"))
    assert "Not high-risk: that takes 2 earlier no-shows" in body(card)
    assert "Propose transfer" not in all_labels(card)
    assert place.store.read_now(counters.verify) == []

    place.clock.move(timedelta(hours=1))
    await noa.says(f"/find {reference}")
    await noa.presses(await noa.sees(shows("Not high-risk", reference)), "Wrong record…")
    listed = await noa.sees(shows("2 recorded no-shows, latest first", "08:00 by Dana"))
    await noa.presses(listed, all_labels(listed)[0])
    query = await noa.presses(await noa.sees(lambda m: offers(m, "Undo")), "Undo")
    told = f"Undone. {reference} now has 2 earlier no-shows: high-risk again."
    assert (await noa.toast(query)).text == told
    await noa.sees("Why is it wrong?")
    await dana.sees(shows("2 earlier no-shows in 2 earlier visits", "✗✗"))
    assert place.store.read_now(counters.verify) == []


async def test_what_was_proposed_stays_and_the_card_says_it_is_no_longer_high_risk(
    place: Town,
) -> None:
    dana, avi = place.dana, place.avi
    card = await first_card(dana)
    await dana.presses(card, "Propose transfer")
    pushed = await avi.sees(shows("Transfer proposed", "2×"))
    done = await excuse(dana, await dana.sees("Transfer proposed"), "Came late")
    assert "What was proposed for Mon 23 Nov 10:24 stays as it is" in body(done)
    renewed = await avi.sees(shows("Transfer proposed", "1×"))
    assert renewed["message_id"] == pushed["message_id"]
    await dana.presses(done, "Open the card")
    await dana.sees(
        shows("Transfer proposed", "No longer high-risk: that takes 2 earlier no-shows")
    )
    query = await avi.presses(renewed, "Authorize")
    assert (await avi.toast(query)).text == "Nothing changed: the patient is not high-risk."
    await avi.presses(renewed, "Decline")
    await avi.presses(await avi.sees("for what reason"), "Not now")
    await avi.sees("Transfer declined")


async def test_the_second_of_two_people_is_told_who_was_first(place: Town) -> None:
    phones = (place.dana, place.noa)
    asked = [await wrong_record(phone) for phone in phones]
    queries = await asyncio.gather(
        *(phone.presses(m, "Other") for phone, m in zip(phones, asked, strict=True))
    )
    said = [
        (await phone.toast(query)).text or "" for phone, query in zip(phones, queries, strict=True)
    ]
    late = next(text for text in said if not text.startswith("Excused."))
    assert re.fullmatch(r"Nothing changed: already excused 08:00 by (Dana|Noa), other\.", late)
    undone = [await phone.sees(lambda m: offers(m, "Undo")) for phone in phones]
    for phone, message, told in zip(phones, undone, ("Undone", "Nothing changed"), strict=True):
        query = await phone.presses(with_button(message, address(message, "Undo")), "old")
        assert ((await phone.toast(query)).text or "").startswith(told)
    assert place.store.read_now(counters.verify) == []


async def test_a_wrong_record_is_corrected_only_in_ones_departments(place: Town) -> None:
    dana, avi, root = place.dana, place.avi, place.root
    await dana.says("/risk Dermatology")
    listed = await dana.sees("Dermatology · all ages")
    await dana.presses(listed, all_labels(listed)[0])
    asked = await opened(dana, await dana.sees(lambda m: offers(m, "Wrong record…")))
    message = await first_card(avi)
    for label in ("Other", "‹ Back"):
        made_up = with_button(message, address(asked, label))
        said = (await avi.toast(await avi.presses(made_up, "old"))).text
        assert said == "Only staff and managers of Dermatology can correct this."
        made_up = with_button(root.messages[-1], address(asked, label))
        said = (await root.toast(await root.presses(made_up, "old"))).text
        assert said is not None
        assert said.startswith("Only staff and managers")
    assert place.store.read_now(excused) == 0


async def test_managers_see_how_many_were_corrected_by_department(place: Town) -> None:
    noa, avi, root, dana = place.noa, place.avi, place.root, place.dana
    await noa.says("/corrections")
    none = await noa.sees("Corrections · last 90 days")
    assert "Excused 0.00 % (0 ÷ 57 recorded no-shows)" in body(none)
    await excuse(dana, await first_card(dana), "Administrative error")
    await noa.sees(shows("Excused 1.75 % (1 ÷ 57", "Administrative error 1, late"))
    await noa.presses(none, "30 d")
    month = await noa.sees(shows("last 30 days", "Excused 11.11 % (1 ÷ 9"))
    assert "• 30 d" in all_labels(month)
    for phone in (avi, root):
        await phone.says("/corrections")
    assert "Dermatology" in body(await root.sees("Corrections"))
    mine = body(await avi.sees("Corrections"))
    assert "Cardiology" in mine
    assert "Dermatology" not in mine
    since = dana.now()
    await dana.says("/corrections")
    assert body(await dana.sees(lambda _: True, since=since)).startswith("Only managers")


async def first_card(phone: Phone) -> Message:
    """The card of the soonest of Cardiology: of the patient with a wrong record."""
    await phone.says("/risk Cardiology")
    listed = await phone.sees(shows("High-risk", "Cardiology · all ages"))
    place = next(n for n, line in enumerate(rows(listed)) if "Mon 23 10:24" in line)
    await phone.presses(listed, all_labels(listed)[place])
    return await phone.sees(lambda m: "Mon 23 Nov 10:24" in body(m) and offers(m, "Wrong record…"))


async def opened(phone: Phone, card: Message) -> Message:
    """The latest recorded no-show of a card's patient, with reasons to excuse it."""
    await phone.presses(card, "Wrong record…")
    listed = await phone.sees("Which one is wrong?")
    await phone.presses(listed, all_labels(listed)[0])
    return await phone.sees("Why is it wrong?")


async def wrong_record(phone: Phone) -> Message:
    return await opened(phone, await first_card(phone))


async def excuse(phone: Phone, card: Message, reason: str) -> Message:
    await phone.presses(await opened(phone, card), reason)
    return await phone.sees(lambda m: offers(m, "Undo") and "Excused" in body(m))


def rows(listed: Message) -> list[str]:
    """The first lines of a list's rows."""
    return [line for line in body(listed).splitlines() if re.match(r"\d P-", line)]


def cell(heatmap: Message) -> int:
    """All no-shows that a heatmap's text counts."""
    line = next(line for line in body(heatmap).splitlines() if line.startswith("all "))
    return int(line.split()[1])


def address(message: Message, label: str) -> str:
    """What stands behind a button."""
    keyboard = message["reply_markup"]["inline_keyboard"]
    return str(next(b["callback_data"] for row in keyboard for b in row if b["text"] == label))


def excused(session: Session) -> int:
    return len(session.exec(select(Correction)).all())
