"""From an authorised slot to who is called about it, on the phones of a manager and of staff."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.clock import HandClock
from tests.e2e.town import Town, body, offers, town, turned
from tests.hmo import Hmo


@pytest.fixture
async def place(tmp_path: Path, clock: HandClock) -> AsyncIterator[Town]:
    """Two high-risk patients whom nobody can write to."""
    hmo = Hmo(clock.now())
    hmo.regular("p1", 4, coming=3)
    hmo.regular("p2", 2, coming=2)
    async with town(tmp_path, clock, hmo) as found, found.bot_at_work():
        await found.everybody_joins()
        yield found


async def test_whom_no_message_reaches_is_called_and_the_slot_is_free_or_kept(
    place: Town,
) -> None:
    noa, dana = place.noa, place.dana
    await noa.says("/risk")
    shown = await noa.sees("2 appointments")
    shown = await turned(noa, shown, "Authorize Risk Transfer (2)", "Confirm 2", label=True)
    await turned(noa, shown, "Confirm 2", "2 appointments authorized")

    await dana.says("/today")
    shown = await dana.sees(lambda message: offers(message, "To confirm by phone (2)"))
    shown = await turned(dana, shown, "To confirm by phone (2)", "no message possible")
    soonest, other = (line[2:10] for line in body(shown).split("\n") if line[2:4] == "P-")

    card = await turned(dana, shown, f"1 {soonest.removeprefix('P-')}", "To confirm by phone")
    assert "Transfer authorized 08:00 by Noa" in body(card)
    shown = await turned(dana, card, "Confirmed", "1 appointment")
    assert soonest not in body(shown)

    card = await turned(dana, shown, f"1 {other.removeprefix('P-')}", "To confirm by phone")
    asked = await turned(dana, card, "Cancels", "Give this slot back?")
    since = dana.now()
    query = await dana.presses(asked, "Confirm")
    assert (await dana.toast(query)).text == (
        "Noted: cancels. The slot is free for waiting patients."
    )
    await dana.sees("Nobody is left to be called.", since=since)

    await dana.says(f"/find {soonest}")
    await dana.sees("Slot kept by its patient")
