"""The demo's first words: both people join, and something worth looking at is on each phone."""

from collections.abc import Mapping
from typing import Any

from bot.demo.server import BotApiServer, Person, Phone


def first_button(message: dict[str, Any]) -> str:
    """The words on a message's first button."""
    return str(message["reply_markup"]["inline_keyboard"][0][0]["text"])


async def first_words(
    server: BotApiServer, staff: Phone, manager: Phone, codes: Mapping[Person, str], chosen: str
) -> None:
    """Let both people join; the manager looks at the figures, staff call and propose.

    Args:
        server: The server of the phones.
        staff: The front desk's phone.
        manager: The manager's phone.
        codes: Each person's invitation.
        chosen: The reference of whose appointment a transfer is proposed for; empty: the first
            of the risk list.
    """
    for person, code in codes.items():
        phone = server.person(person.user_id)
        await phone.says(f"/start {code}")
        await phone.sees("Welcome")
    await manager.says("/efficiency")
    await manager.reads((await manager.sees("Efficiency Gain"))["message_id"])
    await _call_somebody(staff)
    await _propose_something(staff, chosen)
    await manager.sees("Transfer proposed")


async def _call_somebody(staff: Phone) -> None:
    """Open today's call list and note one call; late in the evening there may be none."""
    await staff.says("/today")
    shown = await staff.sees("Call list")
    if first_button(shown).endswith("to call"):
        await staff.presses(shown, first_button(shown))
        shown = await staff.sees("0 reached, 0 tried")
    if first_button(shown) == "Next to call ›":
        await staff.presses(shown, first_button(shown))
        await staff.presses(await staff.sees("in the HMO"), "No answer")
        await staff.sees("0 reached, 1 tried")


async def _propose_something(staff: Phone, chosen: str) -> None:
    """Propose a transfer of the chosen appointment, and turn to the risk list."""
    if chosen:
        await staff.says(f"/find {chosen}")
    else:
        await staff.says("/risk")
        listed = await staff.sees("High-risk")
        await staff.presses(listed, first_button(listed))
    card = await staff.sees("Nothing decided yet")
    await staff.presses(card, "Propose transfer")
    await staff.sees("Transfer proposed")
    await staff.says("/risk")
    await staff.reads((await staff.sees("High-risk"))["message_id"])
