"""Pushes and open messages: what reaches whom, how fast, and through which troubles."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlmodel import Session
from sqlmodel import select as select_rows

from bot.demo.server import Call, Fault, Limits, Phone
from domain.clock import HandClock
from domain.criteria import Criteria, select
from domain.people import Member
from domain.transfers import Kind
from storage import actions, people, risk
from storage.tables import OpenMessage
from tests.e2e.town import DANA, NOA, Town, a_small_hmo, all_labels, body, town
from tests.hmo import HOUSE
from tests.waiting import until


@pytest.fixture
async def strict_town(tmp_path: Path, clock: HandClock) -> AsyncIterator[Town]:
    """A town under Telegram's flood limits."""
    hmo = a_small_hmo(clock.now())
    async with town(tmp_path, clock, hmo, limits=Limits()) as found, found.bot_at_work():
        await found.everybody_joins()
        yield found


async def test_ten_quick_decisions_cost_few_edits_and_end_with_the_true_figure(
    small_town: Town,
) -> None:
    dana = small_town.dana
    await dana.says("/efficiency")
    message = await dana.sees("Efficiency Gain 0.00 % (0 ÷ 20)")
    small_town.server.journal.clear()
    for key in coming(small_town)[:10]:
        await decide(small_town, key)
    last = await dana.sees("Efficiency Gain 50.00 % (10 ÷ 20)")
    assert last["message_id"] == message["message_id"]
    assert 1 <= len(edits(small_town, dana)) <= 5


async def test_a_decision_made_by_another_process_is_shown_too(
    small_town: Town,
) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    message = await dana.sees("Efficiency Gain 0.00 %")
    await decide(small_town, coming(small_town)[0], here=False)
    renewed = await dana.sees("Efficiency Gain 5.00 % (1 ÷ 20)")
    assert renewed["message_id"] == message["message_id"]
    assert "1 decided" in body(renewed)


async def test_a_reader_who_turned_to_another_screen_is_not_thrown_back(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    turned = await dana.sees("High-risk")
    await dana.presses(turned, "Department")
    await dana.sees("Choose a department")
    await dana.says("/efficiency")
    await dana.sees("Efficiency Gain 0.00 % (0 ÷ 20)")
    small_town.server.journal.clear()
    await decide(small_town, coming(small_town)[0])
    await dana.sees("Efficiency Gain 5.00 % (1 ÷ 20)")
    await settled(small_town)
    assert [m for m in dana.messages if "Choose a department" in body(m)]
    assert len(edits(small_town, dana)) == 1


async def test_a_decision_elsewhere_does_not_touch_a_list_of_one_department(
    small_town: Town,
) -> None:
    avi, dana = small_town.avi, small_town.dana
    await dana.says("/risk Cardiology")
    await dana.sees("Cardiology · all ages")
    await avi.says("/efficiency")
    await avi.sees("Efficiency Gain")
    small_town.server.journal.clear()
    await decide(small_town, coming(small_town, "Dermatology")[0])
    await settled(small_town)
    assert edits(small_town, dana) == []
    await decide(small_town, coming(small_town, "Cardiology")[0])
    await dana.sees("(1 ÷ 14)")


async def test_a_message_that_was_deleted_is_tried_once_and_forgotten(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    message = await dana.sees("High-risk")
    dana.chat.remove(message["message_id"])
    small_town.server.journal.clear()
    for key in coming(small_town)[:2]:
        await decide(small_town, key)
        await settled(small_town)
    assert len(edits(small_town, dana)) == 1


async def test_an_edit_that_has_to_wait_is_made_and_nobody_is_told_of_it(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/efficiency")
    await dana.sees("(0 ÷ 20)")
    with structlog.testing.capture_logs() as logs:
        small_town.server.faults.add(Fault("editMessageText", retry_after=1))
        await decide(small_town, coming(small_town)[0])
        await dana.sees("(1 ÷ 20)")
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


async def test_under_telegrams_limits_all_pushes_arrive_and_none_is_turned_down(
    strict_town: Town,
) -> None:
    noa, avi = strict_town.noa, strict_town.avi
    for key in coming(strict_town, "Cardiology")[:5]:
        await propose(strict_town, key)
    await until(lambda: len(proposals(noa)) == len(proposals(avi)) == 5)
    calls = [call for call in strict_town.server.calls() if call.code != 200]
    assert calls == []


async def test_a_chat_that_is_told_to_wait_holds_up_nobody_else(small_town: Town) -> None:
    noa, avi = small_town.noa, small_town.avi
    small_town.server.faults.add(Fault("sendMessage", chat_id=NOA.user_id, retry_after=1, times=2))
    for key in coming(small_town, "Cardiology")[:2]:
        await propose(small_town, key)
    await until(lambda: len(proposals(avi)) == 2)
    assert proposals(noa) == []

    def are_there_later() -> bool:
        small_town.clock.move(timedelta(seconds=2))
        return len(proposals(noa)) == 2

    await until(are_there_later)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("sendMessage", NOA.user_id, code=502),
        Fault("sendMessage", NOA.user_id, drop="before"),
    ],
    ids=["a broken server", "a lost connection"],
)
async def test_a_push_that_failed_is_tried_again_later_and_arrives_once(
    small_town: Town, fault: Fault
) -> None:
    noa, avi = small_town.noa, small_town.avi
    small_town.server.faults.add(fault)
    await propose(small_town, coming(small_town, "Cardiology")[0])
    await until(lambda: len(proposals(avi)) == 1)
    await settled(small_town)
    assert proposals(noa) == []
    small_town.clock.move(timedelta(seconds=11))
    await until(lambda: len(proposals(noa)) == 1)
    await settled(small_town)
    assert len(proposals(noa)) == 1
    assert len(proposals(avi)) == 1


async def test_a_push_whose_answer_was_lost_is_told_again_rather_than_never(
    small_town: Town,
) -> None:
    """Telegram had delivered it, which nobody could know: both copies tell the truth."""
    noa = small_town.noa
    small_town.server.faults.add(Fault("sendMessage", NOA.user_id, drop="after"))
    await propose(small_town, coming(small_town, "Cardiology")[0])
    first = await noa.sees("Transfer proposed")
    await settled(small_town)
    small_town.clock.move(timedelta(seconds=11))
    await until(lambda: len(proposals(noa)) == 2)
    await noa.presses(first, "Authorize")
    decided = await noa.sees(
        lambda m: m["message_id"] == first["message_id"] and "Transfer authorized" in body(m)
    )
    assert "Undo" in all_labels(decided)
    await until(lambda: not proposals(noa))


async def test_who_blocked_the_bot_is_left_alone_and_told_again_once_they_are_back(
    small_town: Town,
) -> None:
    noa, avi = small_town.noa, small_town.avi
    noa.blocks()
    first, second, third = coming(small_town, "Cardiology")[:3]
    with structlog.testing.capture_logs() as logs:
        await propose(small_town, first)
        await until(lambda: len(proposals(avi)) == 1)
        await settled(small_town)
        small_town.server.journal.clear()
        await propose(small_town, second)
        await until(lambda: len(proposals(avi)) == 2)
        assert small_town.server.calls(chat_id=NOA.user_id) == []
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
    noa.unblocks()
    since = noa.now()
    await noa.says("/start")
    await noa.sees("Welcome", since=since)
    await propose(small_town, third)
    await until(lambda: len(proposals(noa)) == 1)


async def test_who_is_not_there_any_more_is_no_error(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    await dana.sees("High-risk")
    dana.blocks()
    with structlog.testing.capture_logs() as logs:
        await decide(small_town, coming(small_town)[0])
        await until(lambda: not small_town.store.read_now(kept_true_in, DANA.user_id))
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


def kept_true_in(session: Session, chat_id: int) -> int:
    noted = session.exec(select_rows(OpenMessage).where(OpenMessage.chat_id == chat_id)).all()
    return len([message for message in noted if message.version is not None])


def coming(place: Town, department: str = "") -> list[int]:
    """The appointments of the risk list that come tomorrow or later."""
    noa, now = somebody(place, NOA.user_id), place.clock.now()
    rows = place.store.read_now(risk.risk_rows, select(Criteria(7), noa, HOUSE, now), 0, 99)
    soon = now + timedelta(hours=12)
    return [row.appointment_id for row in rows if row.start > soon and department in row.department]


async def decide(place: Town, key: int, *, here: bool = True) -> None:
    """Noa authorises a transfer, in this process or in another one."""
    await _act(place, actions.authorize_directly, somebody(place, NOA.user_id), key, here)


async def propose(place: Town, key: int) -> None:
    """Dana proposes a transfer."""
    await _act(place, actions.propose, somebody(place, DANA.user_id), key, here=True)


async def _act(place: Town, work: Any, member: Member, key: int, here: bool) -> None:
    now, threshold = place.clock.now(), HOUSE.threshold
    outcome = await place.store.write(work, member, key, Kind.TRANSFER, now, threshold)
    assert outcome.barrier is None
    assert place.bot is not None
    if here:
        place.bot.desk.changed.set()


def somebody(place: Town, telegram_id: int) -> Member:
    found = place.store.read_now(people.member_by_telegram, telegram_id)
    assert found is not None
    return found


def proposals(phone: Phone) -> list[dict[str, Any]]:
    """The pushed proposals that still ask."""
    return [m for m in phone.messages if "Authorize" in all_labels(m)]


def edits(place: Town, phone: Phone) -> list[Call]:
    return place.server.calls("editMessageText", phone.person.user_id)


async def settled(place: Town) -> None:
    """Wait until the courier has looked twice: what it was to do it has begun."""
    assert place.bot is not None
    changed = place.bot.desk.changed
    for _ in range(2):
        changed.set()
        await until(lambda: not changed.is_set())
    before = -1
    while before != (before := len(place.server.calls())):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
