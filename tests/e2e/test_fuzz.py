"""Whatever is sent, something is answered, nothing fails, and nothing is decided."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from structlog.typing import EventDict

from bot.demo.server import Phone
from domain.clock import HandClock
from domain.criteria import Criteria, select
from domain.transfers import Kind
from handlers.addresses import split
from handlers.router import ACTS, SCREENS
from storage import actions, people, risk
from tests.e2e.town import DANA, Message, Town, a_small_hmo, body, decided, town, with_button
from tests.hmo import HOUSE

SEED = 20261123
PIECES = (
    *("-", "", "0", "1", "2", "7", "12", "90", "365", "999999999999999999", "9" * 40, "-1", "1.5"),
    *("7.-.-", "7.1.-", "30.2.8", "31.-.-", "0.0.0", "7.-.9", "rate", "count", "share", "RATE"),
    *("t", "c", "x", "ask", "now", "yes", "no", "undo", "7K3MQD", "P-7K3MQD", "risk", "card"),
    *("\u202e\u05d0\u05d1", "<b>", "&amp;", "%s", "'; --", "\x00", "\n", "é", "💊", "٣"),
)
COMMANDS = (
    *(
        "risk",
        "pending",
        "today",
        "heatmap",
        "efficiency",
        "find",
        "summary",
        "help",
        "start",
        "settings",
    ),
    *("RISK", "start@slotwise_bot", "risk@another_bot", "", "unknown", "risk_"),
)
TEXTS = (
    *("hello", "<b>bold</b>", "<script>alert(1)</script>", "&lt;&#60;&", "</pre>", "a < b > c"),
    *("שלום עולם", "\u202egnp.exe", "\u2066\u2067\u2068", "🙂" * 50, "x" * 4096, "\x01\x02", "٣٤"),
    *("/", "//", "/risk" * 200, "1" * 4000, "P-7K3MQD", "{}", "[]", "null", "-", "\\", "`*_~"),
)


@pytest.fixture
async def place(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found:
        yield found


async def test_nothing_that_can_be_sent_fails_or_decides_anything(place: Town) -> None:
    chance = random.Random(SEED)  # noqa: S311 - the same each time
    with structlog.testing.capture_logs() as logs:
        async with place.bot_at_work():
            await place.everybody_joins()
            a_proposal(place)
            before = decided(place.store)
            phones = (place.dana, place.noa, place.root, place.stranger)
            for phone in phones:
                await phone.says("/risk")
                await phone.says("/efficiency")
                await phone.sees(lambda message: bool(body(message)))
            for _ in range(25):
                queries = [(phone, await presses(phone, chance)) for phone in phones * 5]
                for phone in phones:
                    await speaks(phone, chance)
                for phone, query in queries:
                    toast = await phone.toast(query)
                    assert toast.text is None or 0 < len(toast.text) <= 200
            for phone in phones[:3]:
                await is_alive(phone)
            assert decided(place.store) == before
    assert failures(logs) == []
    refused = [c for c in place.server.calls() if c.code == 400 and "not modified" not in c.outcome]
    assert refused == []


async def test_replies_with_any_words_to_any_message_fail_nowhere(place: Town) -> None:
    """A reply to a card is a note, so Dana's own proposal may get one; nothing else changes."""
    chance = random.Random(SEED)  # noqa: S311 - the same each time
    with structlog.testing.capture_logs() as logs:
        async with place.bot_at_work():
            await place.everybody_joins()
            a_proposal(place)
            before = decided(place.store)
            for phone in (place.noa, place.root, place.stranger):
                for command in ("/risk", "/pending", "/start"):
                    await phone.says(command)
                await phone.sees(lambda message: bool(body(message)))
                for _ in range(40):
                    numbers = [message["message_id"] for message in phone.messages]
                    text = chance.choice(TEXTS).strip() or "x"
                    await phone.says(text, reply_to=chance.choice(numbers))
            await is_alive(place.noa)
            await is_alive(place.root)
            assert decided(place.store) == before
    assert failures(logs) == []


async def presses(phone: Phone, chance: random.Random) -> str:
    """Press a made-up button, or a real one after some damage to it."""
    data = made_up(chance) if chance.random() < 0.5 else damaged(chance, phone.messages)
    if decides(phone, data):
        data = "risk:7.-.-:0"
    carrier = next(message for message in phone.messages if not message["outgoing"])
    return await phone.presses(with_button(carrier, data), "old")


def made_up(chance: random.Random) -> str:
    word = chance.choice([*SCREENS, *ACTS, "nothing", ""])
    return in_bytes(":".join([word, *chance.choices(PIECES, k=chance.randrange(6))]))


def damaged(chance: random.Random, messages: list[Message]) -> str:
    rows = [row for m in messages for row in m.get("reply_markup", {}).get("inline_keyboard", [])]
    known = [button["callback_data"] for row in rows for button in row] or ["risk:7.-.-:0"]
    data = chance.choice(known)
    at = chance.randrange(len(data))
    return in_bytes(
        chance.choice(
            [data, data[:at], data[at:], data[:at] + chance.choice(PIECES) + data[at:], data * 2]
        )
    )


def decides(phone: Phone, data: str) -> bool:
    """Whether the person could decide something by it: that is what others are tried for."""
    staff, manager = phone.person.first_name == "Dana", phone.person.first_name == "Noa"
    if staff:
        return data.startswith(("act:ask", "act:drop", "called", "uncall"))
    return manager and split(data)[0] in ACTS


def in_bytes(data: str) -> str:
    """What fits into a button: 1 to 64 bytes."""
    return data.encode()[:64].decode(errors="ignore") or "-"


async def speaks(phone: Phone, chance: random.Random) -> None:
    text = chance.choice(TEXTS)
    if chance.random() < 0.5:
        text = f"/{chance.choice(COMMANDS)} {chance.choice([text, *PIECES])}"
    await phone.says(text.strip()[:2000] or "x")


async def is_alive(phone: Phone) -> None:
    since = phone.now()
    await phone.says("/help")
    await phone.sees("Slotwise for", within=10, since=since)


def a_proposal(place: Town) -> None:
    """One action to be talked and pressed about."""
    store, now = place.store, place.clock.now()
    dana = store.read_now(people.member_by_telegram, DANA.user_id)
    assert dana is not None
    week = select(Criteria(), dana, HOUSE, now)
    (first, *_) = store.read_now(risk.risk_rows, week, 0, 1)
    key = first.appointment_id
    store.write_now(actions.propose, dana, key, Kind.TRANSFER, now, HOUSE.threshold)


def failures(logs: list[EventDict]) -> list[EventDict]:
    return [entry for entry in logs if entry["log_level"] not in {"debug", "info"}]
