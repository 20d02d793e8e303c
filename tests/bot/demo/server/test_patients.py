"""Patients' phones: the gateway that fills them, what the page is told, what is written back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.demo.server import BotApiServer, Inboxes, Leap, Outside, Patients
from bot.demo.server.inboxes import KEPT_INBOXES
from domain.clock import HandClock
from domain.notices import Channel
from tests.bot.demo.server.helpers import TOKEN, people

PAGES = "http://127.0.0.1:8082"
NUMBER = "+12125550101"
QUESTION = f"Are you coming? {PAGES}/v/{'q' * 39}"
OFFER = f"A visit is free. {PAGES}/o/{'o' * 39}"


class World:
    """What the outside does, and what was asked of it."""

    def __init__(self, clock: HandClock) -> None:
        self.replies: list[tuple[str, str]] = []
        self.leaps: list[Leap] = []
        self.takes_replies = True
        patients = Patients(Inboxes(clock, self.named), self.reply, PAGES)
        self.outside = Outside(patients, self.travel)

    async def named(self, channel: Channel, address: str) -> str:
        return f"P-{channel.upper()}{address[-2:]}"

    async def reply(self, sender: str, text: str) -> bool:
        self.replies.append((sender, text))
        return self.takes_replies

    async def travel(self, leap: Leap) -> int:
        self.leaps.append(leap)
        return 91


@pytest.fixture
def world(clock: HandClock) -> World:
    return World(clock)


@pytest.fixture
async def page(clock: HandClock, world: World) -> AsyncIterator[httpx.AsyncClient]:
    server = BotApiServer(TOKEN, people(), clock=clock, outside=world.outside)
    async with (
        server.running() as url,
        httpx.AsyncClient(base_url=url, headers={"Origin": url}, trust_env=False) as client,
    ):
        yield client


async def test_messages_come_into_the_inbox_of_their_address_and_show_no_address(
    page: httpx.AsyncClient, clock: HandClock
) -> None:
    await sent(page, QUESTION)
    await sent(page, "Booked.")
    await sent(page, "Mail", to="hmo-01@example.org", channel="email", title="Your visit")
    found = await inboxes(page)
    assert [inbox["name"] for inbox in found] == ["P-SMS01", "P-EMAILrg"]
    assert [message["text"] for message in found[0]["messages"]] == [QUESTION, "Booked."]
    assert found[0]["messages"][0]["at"] == int(clock.now().timestamp())
    assert found[1]["messages"][0]["subject"] == "Your visit"
    assert NUMBER not in str(found)


async def test_who_is_offered_a_slot_is_on_the_other_phone(page: httpx.AsyncClient) -> None:
    await sent(page, QUESTION)
    await sent(page, OFFER, to="+12125550102")
    assert [inbox["side"] for inbox in await inboxes(page)] == ["asked", "offered"]
    await sent(page, OFFER)
    assert [inbox["side"] for inbox in await inboxes(page)] == ["offered", "offered"]


async def test_a_reply_leaves_by_the_number_it_was_written_on(
    page: httpx.AsyncClient, world: World
) -> None:
    await sent(page, QUESTION)
    [inbox] = await inboxes(page)
    answer = await page.post(f"/patients/{inbox['inbox_id']}/reply", json={"text": "2"})
    assert answer.status_code == 200
    assert world.replies == [(NUMBER, "2")]
    [inbox] = await inboxes(page)
    assert inbox["messages"][-1]["outgoing"]


async def test_a_reply_that_is_not_taken_says_so_and_stands_nowhere(
    page: httpx.AsyncClient, world: World
) -> None:
    await sent(page, QUESTION)
    world.takes_replies = False
    answer = await page.post("/patients/1/reply", json={"text": "2"})
    assert answer.status_code == 502
    assert "did not take" in answer.json()["error"]
    [inbox] = await inboxes(page)
    assert len(inbox["messages"]) == 1


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": 2}, {"text": "x" * 1_601}, []])
async def test_only_words_can_be_written_back(
    page: httpx.AsyncClient, world: World, body: Any
) -> None:
    await sent(page, QUESTION)
    assert (await page.post("/patients/1/reply", json=body)).status_code == 400
    assert (await page.post("/patients/9/reply", json={"text": "2"})).status_code == 404
    assert world.replies == []


async def test_the_oldest_inboxes_give_way(page: httpx.AsyncClient, world: World) -> None:
    inboxes_ = world.outside.patients.inboxes
    for number in range(KEPT_INBOXES + 5):
        await inboxes_.take(Channel.SMS, f"+121255501{number:02}", "", QUESTION)
    await sent(page, "again", to="+12125550105")
    found = await inboxes(page)
    assert len(found) == KEPT_INBOXES
    assert (found[0]["name"], found[-1]["name"]) == ("P-SMS06", "P-SMS05")
    assert len({inbox["inbox_id"] for inbox in found}) == KEPT_INBOXES


async def test_the_clock_is_put_on_by_three_leaps_and_no_others(
    page: httpx.AsyncClient, world: World
) -> None:
    for leap in Leap:
        assert (await page.post("/clock", json={"leap": leap})).json() == {"told": 91}
    assert (await page.post("/clock", json={"leap": "year"})).status_code == 400
    assert world.leaps == list(Leap)


async def test_a_foreign_page_can_neither_send_nor_reply_nor_move_the_clock(
    page: httpx.AsyncClient, world: World
) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    for path in ("/patients/sent/sms", "/patients/1/reply", "/clock"):
        answer = await page.post(path, json={"leap": "day"}, headers=foreign)
        assert answer.status_code == 403
    assert (await inboxes(page), world.replies, world.leaps) == ([], [], [])


async def test_what_is_no_message_is_refused(page: httpx.AsyncClient) -> None:
    whole = {"to": NUMBER, "title": "", "message": "text"}
    for path, body in (("pigeon", whole), ("sms", {"to": NUMBER}), ("sms", [])):
        assert (await page.post(f"/patients/sent/{path}", json=body)).status_code == 400
    assert await inboxes(page) == []


async def sent(
    page: httpx.AsyncClient, text: str, to: str = NUMBER, channel: str = "sms", title: str = ""
) -> None:
    said = {"version": "1.0", "title": title, "message": text, "type": "info", "to": to}
    answer = await page.post(f"/patients/sent/{channel}", json=said)
    assert answer.status_code == 200


async def inboxes(page: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await page.get("/patients/inboxes")).json()["inboxes"]
    return found
