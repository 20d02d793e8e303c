"""Strangers, groups and other chats, over HTTP: what they get, and that they are slowed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from telegram import Update

from domain.clock import HandClock
from domain.people import Role
from handlers.guard import PRIVATE_ONLY
from storage import invitations
from tests.e2e.town import (
    DANA,
    NOA,
    STRANGER,
    Message,
    Town,
    a_small_hmo,
    body,
    events,
    town,
    with_button,
)
from tests.waiting import until


async def test_a_stranger_who_tries_codes_is_slowed_and_an_admin_told(
    place: Town, clock: HandClock
) -> None:
    stranger, root = place.stranger, place.root
    for number in range(3):
        since = stranger.now()
        await stranger.says(f"/start guess-{number}")
        answer = body(await stranger.sees("unknown, used or expired", since=since))
    assert answer.endswith("Too many tries: I answer again after 08:02.")
    alert = await root.sees("A stranger keeps trying")
    assert "Telegram id 1009\n6 tries since 08:00, wrong codes counted twice" in body(alert)
    assert "ignored until 08:02" in body(alert)
    code = place.store.write_now(invitations.invite, Role.STAFF, (), clock.now())
    before = stranger.now()
    await stranger.says(f"/start {code}")
    await stranger.says("/risk")
    press = await stranger.presses(with_button(stranger.messages[-3], "risk:7.-.-:0"), "old")
    assert (await stranger.toast(press)).text is None
    assert not [m for m in stranger.messages if "Welcome" in body(m)]
    assert stranger.now() == before + 4, "two messages, a press, and its wordless answer"
    clock.move(timedelta(minutes=2))
    await stranger.says(f"/start {code}")
    await stranger.sees("Welcome")
    trail = place.store.read_now(events)
    assert trail.count("code refused") == 3
    assert trail.count("stranger slowed") == 1


async def test_a_command_that_is_refused_is_audited_too(place: Town) -> None:
    await place.dana.says("/people")
    await place.dana.sees("Only admins can manage people.")
    await until(lambda: place.store.read_now(events).count("refused") == 1)


async def test_a_bot_that_is_added_to_a_group_says_where_it_answers(place: Town) -> None:
    group = place.server.group(-5, [DANA.user_id, NOA.user_id])
    group.adds_bot()
    await group.person(DANA.user_id).sees(PRIVATE_ONLY)
    assert len(group.messages) == 1


async def test_a_group_that_became_a_supergroup_is_answered_where_it_is_now(
    tmp_path: Path, clock: HandClock
) -> None:
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found:
        group = found.server.group(-5, [DANA.user_id])
        await group.person(DANA.user_id).says("/risk")
        moved = group.becomes_supergroup()
        async with found.bot_at_work():
            await moved.person(DANA.user_id).sees(PRIVATE_ONLY)


async def test_strangers_in_a_group_are_slowed_as_elsewhere(place: Town) -> None:
    group = place.server.group(-5, [STRANGER.user_id, DANA.user_id])
    phone = group.person(STRANGER.user_id)
    for _ in range(9):
        await phone.says("/risk")
    dana = group.person(DANA.user_id)
    await dana.says("/risk@slotwise_bot")
    await until(lambda: len(answers(group.messages)) == 6)
    assert place.store.read_now(events).count("stranger refused") == 5


@pytest.mark.parametrize("kind", ["edited_message", "channel_post", "inline_query"])
async def test_what_is_neither_said_nor_pressed_does_nothing(place: Town, kind: str) -> None:
    assert place.bot
    user = {"id": DANA.user_id, "is_bot": False, "first_name": "Dana"}
    stranger = user | {"id": STRANGER.user_id}
    chat = {"id": DANA.user_id, "type": "private", "first_name": "Dana"}
    channel = {"id": -1001, "type": "channel", "title": "News"}
    said = {"message_id": 1, "date": 1_800_000_000, "text": "/risk"}
    said["entities"] = [{"type": "bot_command", "offset": 0, "length": 5}]
    bodies: dict[str, list[dict[str, Any]]] = {
        "edited_message": [said | {"from": who, "chat": chat} for who in (user, stranger)],
        "channel_post": [said | {"chat": channel}],
        "inline_query": [
            {"id": "1", "from": who, "query": "risk", "offset": ""} for who in (user, stranger)
        ],
    }
    before = len(place.server.calls()), place.store.read_now(events)
    app = place.bot.app
    for number, content in enumerate(bodies[kind]):
        update = Update.de_json({"update_id": number, kind: content}, app.bot)
        await app.process_update(update)
    calls = [call for call in place.server.calls()[before[0] :] if call.method != "getUpdates"]
    assert calls == []
    assert place.store.read_now(events) == before[1]


def answers(messages: list[Message]) -> list[Message]:
    return [message for message in messages if body(message).startswith(PRIVATE_ONLY)]
