"""Deliveries through every kind of trouble: nothing is lost, and what is repeated says so."""

import asyncio
import contextlib
import io
import os
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from PIL import Image
from plotly.graph_objects import Figure
from sqlalchemy import func, select, update
from sqlmodel import Session, col

from bot.demo.server import BotApiServer, Fault, Limits, Person, Phone
from bot.pace import Pace
from domain.clock import HandClock
from domain.deliveries import TRIES, State
from domain.people import Member, Role
from domain.pushes import PushKind
from handlers.desk import Desk
from handlers.gateway import SENT_AGAIN
from handlers.heatmap import DEFAULT as HEATMAP
from storage import outbox, people
from storage.store import Store
from storage.tables import Push
from tests.couriers import courier_at_work, pace_of
from tests.e2e.test_live import coming, decide, proposals, propose, settled, somebody
from tests.e2e.town import (
    AVI,
    DANA,
    NOA,
    TOKEN,
    Message,
    Town,
    a_small_hmo,
    all_labels,
    body,
    labels,
    town,
    turned,
)
from tests.hmo import HOUSE, join
from tests.waiting import until

ROOT_FOLDER = Path(__file__).parents[2]
DAILY = "gain:7.-.-:0"
"""What stands for the daily summary: any screen does."""
MANAGERS = [Person(2001 + number, f"Manager {number}") for number in range(5)]


@pytest.fixture
async def managed_town(tmp_path: Path, clock: HandClock) -> AsyncIterator[Town]:
    """A town with five more managers of everything, under Telegram's flood limits."""
    hmo = a_small_hmo(clock.now())
    async with town(tmp_path, clock, hmo, limits=Limits()) as found, found.bot_at_work():
        await found.everybody_joins()
        for person in MANAGERS:
            found.server.add(Person(person.user_id, person.first_name, started=True))
            join(found.store, Role.MANAGER, person.user_id, person.first_name, clock.now())
        yield found


def phones(place: Town) -> list[Phone]:
    return [place.server.person(person.user_id) for person in MANAGERS]


@pytest.mark.parametrize(
    "trouble",
    [
        Fault("sendMessage", MANAGERS[0].user_id, delay=18),
        Fault("sendMessage", MANAGERS[0].user_id, retry_after=30, times=None),
        Fault("sendMessage", MANAGERS[0].user_id, code=500, times=None),
        Fault("sendMessage", MANAGERS[0].user_id, drop="before", times=None),
        None,
    ],
    ids=["slow", "told to wait", "a broken server", "cut off", "blocked"],
)
async def test_one_managers_trouble_holds_up_no_other_and_the_first_decision_reaches_all_copies(
    managed_town: Town, trouble: Fault | None
) -> None:
    troubled, *others = phones(managed_town)
    if trouble:
        managed_town.server.faults.add(trouble)
    else:
        troubled.blocks()
    key = coming(managed_town, "Cardiology")[0]
    await propose(managed_town, key)
    for phone in (*others, managed_town.noa, managed_town.avi):
        await phone.sees("Transfer proposed")
    await others[0].presses(await others[0].sees("Transfer proposed"), "Authorize")
    for phone in (*others, managed_town.noa, managed_town.avi):
        seen = await phone.sees("Transfer authorized")
        assert "by Manager 1" in body(seen)
    await managed_town.dana.sees(lambda m: m["silent"] and "Transfer authorized" in body(m))
    assert not proposals(troubled)
    managed_town.server.faults.clear()


async def test_whoever_writes_after_having_blocked_the_bot_is_told_again(
    small_town: Town,
) -> None:
    noa = small_town.noa
    noa.blocks()
    first, second, third = coming(small_town, "Cardiology")[:3]
    await propose(small_town, first)
    await until(lambda: not is_reachable(small_town, NOA))
    await propose(small_town, second)
    await settled(small_town)
    noa.unblocks()
    await noa.says("/pending")
    seen = await noa.sees("2 proposals waiting")
    assert "Authorize" in all_labels(seen)
    assert is_reachable(small_town, NOA)
    await propose(small_town, third)
    await noa.sees("Transfer proposed")


async def test_a_press_too_makes_a_person_reachable(small_town: Town) -> None:
    noa = small_town.noa
    await noa.says("/pending")
    message = await noa.sees("Nothing waits")
    small_town.store.write_now(people.mark_unreachable, somebody(small_town, NOA.user_id).id)
    await noa.toast(await noa.presses(message, "Refresh"))
    assert is_reachable(small_town, NOA)


async def test_a_chat_that_is_gone_is_a_dead_letter_that_an_admin_sees_and_drops(
    small_town: Town,
) -> None:
    root, store = small_town.root, small_town.store
    small_town.server.faults.add(
        Fault("sendMessage", AVI.user_id, code=400, description="Bad Request: chat not found")
    )
    await propose(small_town, coming(small_town, "Cardiology")[0])
    told = await root.sees("1 message not delivered today")
    assert "Avi" in body(told)
    assert "has no chat with the bot" in body(told)
    await root.presses(told, "1 Avi")
    letter = await root.sees("Not delivered · proposal")
    assert labels(letter)[0] == ["Drop"]
    assert "until they write to the bot again" in body(letter)
    await root.presses(letter, "Drop")
    await root.sees("Every message was delivered or waits")
    assert not is_reachable(small_town, AVI)
    assert count(store, State.DROPPED) == 1


async def test_what_telegram_refused_is_sent_again_by_an_admin(small_town: Town) -> None:
    root, avi = small_town.root, small_town.avi
    small_town.server.faults.add(
        Fault("sendMessage", AVI.user_id, code=400, description="Bad Request: odd")
    )
    with structlog.testing.capture_logs() as logs:
        await propose(small_town, coming(small_town, "Cardiology")[0])
        told = await root.sees("refused by Telegram")
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "a push was refused"
    ]
    await root.presses(told, "1 Avi")
    letter = await root.sees("Not delivered")
    toast = await root.toast(await root.presses(letter, "Send again"))
    assert toast.text == "It is being sent again."
    seen = await avi.sees("Transfer proposed")
    assert not body(seen).startswith(SENT_AGAIN)
    late = await root.toast(await root.presses(letter, "Drop"))
    assert (late.text or "").startswith("Nothing changed")


async def test_all_that_was_not_delivered_is_sent_again_at_one_confirmation(
    small_town: Town,
) -> None:
    root, avi, noa = small_town.root, small_town.avi, small_town.noa
    for person in (AVI, NOA):
        odd = Fault("sendMessage", person.user_id, code=400, description="Bad Request: odd")
        small_town.server.faults.add(odd)
    await propose(small_town, coming(small_town, "Cardiology")[0])
    await until(lambda: count(small_town.store, State.FAILED) == 2)
    await root.says("/deliveries")
    listed = await root.sees(offers_all)
    asked = await turned(root, listed, "Send all again", "Send 2 messages again?")
    assert labels(asked) == [["Confirm 2", "Cancel"]]
    again = await turned(root, asked, "Cancel", "2 messages not delivered")
    asked = await turned(root, again, "Send all again", "Send 2 messages again?")
    toast = await root.toast(await root.presses(asked, "Confirm 2"))
    assert toast.text == "2 messages are being sent again."
    for phone in (avi, noa):
        await phone.sees("Transfer proposed")
    await until(lambda: count(small_town.store, State.SENT) >= 2)
    late = await root.toast(await root.presses(asked, "Confirm 2"))
    assert (late.text or "").startswith("Nothing changed")
    await settled(small_town)
    assert len(proposals(avi)) == len(proposals(noa)) == 1


async def test_an_admin_reads_in_plain_words_who_blocked_the_bot(small_town: Town) -> None:
    root = small_town.root
    small_town.avi.blocks()
    await propose(small_town, coming(small_town, "Cardiology")[0])
    told = await root.sees("has blocked the bot")
    assert body(told).splitlines()[0] == "1 message not delivered today"
    assert "Send all again" not in all_labels(told)


async def test_deliveries_says_what_waits_and_refreshes(small_town: Town) -> None:
    root = small_town.root
    small_town.server.faults.add(Fault("sendMessage", NOA.user_id, drop="before"))
    await propose(small_town, coming(small_town, "Cardiology")[0])
    await until(lambda: in_doubt(small_town.store) == 1)
    await until(lambda: count(small_town.store, State.SENT) == 1)  # to Avi
    small_town.clock.move(timedelta(seconds=4))
    await root.says("/deliveries")
    message = await root.sees("0 waiting, 0 being sent, 1 unknown")
    assert "the oldest waits for 4 s" in body(message)
    assert "Every message was delivered or waits" in body(message)
    small_town.clock.move(timedelta(minutes=1))
    await small_town.noa.sees("Transfer proposed")
    await until(lambda: count(small_town.store, State.SENDING) == 0)
    await root.presses(message, "Refresh")
    await root.sees("0 waiting, 0 being sent, 0 unknown")


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_summary_whose_answer_was_lost_comes_again_and_says_so(
    small_town: Town, drop: Any
) -> None:
    noa = small_town.noa
    small_town.server.faults.add(Fault("sendMessage", NOA.user_id, drop=drop))
    push(small_town, NOA, DAILY, PushKind.SUMMARY)
    await until(lambda: in_doubt(small_town.store) == 1)
    small_town.clock.move(timedelta(seconds=11))
    again = await noa.sees(SENT_AGAIN)
    assert body(again).splitlines()[0] == SENT_AGAIN
    assert len(summaries(noa)) == (2 if drop == "after" else 1)


@pytest.mark.parametrize("comes_back", [True, False])
async def test_a_proposal_whose_answer_was_lost_is_not_repeated_once_it_was_pressed(
    small_town: Town, comes_back: bool
) -> None:
    noa = small_town.noa
    small_town.server.faults.add(Fault("sendMessage", NOA.user_id, drop="after"))
    await propose(small_town, coming(small_town, "Cardiology")[0])
    first = await noa.sees("Transfer proposed")
    await until(lambda: in_doubt(small_town.store) == 1)
    await noa.presses(first, "Decline")
    reasons = await noa.sees("for what reason")
    if comes_back:
        await noa.presses(reasons, "‹ Back")
        await noa.sees("Transfer proposed")
    small_town.clock.move(timedelta(seconds=11))
    await until(lambda: in_doubt(small_town.store) == 0)
    if not comes_back:
        await noa.presses(reasons, "‹ Back")
    await until(lambda: len(proposals(noa)) == 1)
    assert [m["message_id"] for m in proposals(noa)] == [first["message_id"]]
    await decide(small_town, coming(small_town, "Cardiology")[0])
    await noa.sees("Transfer authorized")


async def test_a_chat_that_goes_on_under_another_id_is_written_to_there(small_town: Town) -> None:
    avi = small_town.avi
    moved = small_town.server.add(Person(7001, "Avi elsewhere", started=True))
    small_town.server.faults.add(Fault("sendMessage", AVI.user_id, migrate_to=moved.person.user_id))
    await propose(small_town, coming(small_town, "Cardiology")[0])
    await until(lambda: chat_of(small_town, AVI) == moved.person.user_id)
    await until(lambda: count(small_town.store, State.SENDING) == 0)
    small_town.clock.move(timedelta(seconds=11))
    await moved.sees("Transfer proposed")
    assert proposals(avi) == []


async def test_a_storm_of_waits_delays_everything_and_loses_nothing(
    sqlite_store: Store, clock: HandClock
) -> None:
    server, people_ = crowd_of(sqlite_store, clock, 20)
    server.faults.add(Fault("sendMessage", retry_after=1, times=30))
    at_work = courier_at_work(sqlite_store, server, clock, HOUSE, pace_of(clock))
    async with server.running(), at_work as desk:
        await arrive(desk, clock, 20)
    assert len([call for call in server.calls() if call.code == 429]) == 30
    for person in people_:
        seen = summaries(server.person(person.user_id))
        assert [body(message).startswith(SENT_AGAIN) for message in seen] == [False]


async def test_a_bad_quarter_of_an_hour_loses_nothing_and_repeats_only_what_says_so(
    sqlite_store: Store, clock: HandClock
) -> None:
    """Each troubled in its own way: how many messages come, and how many say that they repeat."""
    ways: dict[int, tuple[dict[str, Any], list[bool]]] = {
        0: ({"code": 500, "times": 2}, [True]),
        1: ({"code": 502, "times": 2}, [True]),
        2: ({"drop": "before", "times": 2}, [True]),
        3: ({"drop": "after", "times": 2}, [False, True, True]),
        4: ({"retry_after": 2, "times": 3}, [False]),
        5: ({"delay": 0.4}, [False]),
    }
    server, people_ = crowd_of(sqlite_store, clock, 30)
    for number, person in enumerate(people_):
        trouble, _ = ways[number % len(ways)]
        server.faults.add(Fault("sendMessage", person.user_id, **trouble))
    at_work = courier_at_work(sqlite_store, server, clock, HOUSE, pace_of(clock))
    async with server.running(), at_work as desk:
        await arrive(desk, clock, 30)
    for number, person in enumerate(people_):
        _, repeats = ways[number % len(ways)]
        seen = summaries(server.person(person.user_id))
        assert [body(message).startswith(SENT_AGAIN) for message in seen] == repeats


async def test_while_telegram_cannot_be_reached_nothing_fails_and_nothing_is_in_doubt(
    sqlite_store: Store, clock: HandClock
) -> None:
    noa = join(sqlite_store, Role.MANAGER, NOA.user_id, "Noa", clock.now())
    server = BotApiServer(TOKEN, [Person(NOA.user_id, "Noa", started=True)], clock=clock)
    async with contextlib.AsyncExitStack() as there:
        await there.enter_async_context(server.running())
        async with courier_at_work(sqlite_store, server, clock, HOUSE, pace_of(clock)) as desk:
            await there.aclose()
            enqueue(sqlite_store, clock, noa, DAILY, PushKind.SUMMARY)
            for _ in range(TRIES + 1):
                clock.move(timedelta(seconds=6))
                desk.changed.set()
                await until(lambda: problem(sqlite_store) == "NotConnected")
                forget_problem(sqlite_store)
            async with server.running(server.port):
                clock.move(timedelta(seconds=6))
                seen = await server.person(NOA.user_id).sees("Efficiency Gain")
                assert SENT_AGAIN not in body(seen)
                await until(lambda: count(sqlite_store, State.SENT) == 1)


async def test_a_kill_between_about_to_send_and_sent_is_known_as_such_after_the_restart(
    tmp_path: Path, clock: HandClock
) -> None:
    """A real process, a real SIGKILL: the summary comes, and a second one says that it is."""
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as place:
        noa, avi, dana = (
            join(place.store, Role.MANAGER, person.user_id, person.first_name, clock.now())
            for person in (NOA, AVI, DANA)
        )
        for phone in (place.noa, place.avi, place.dana):
            phone.chat.started = True
        place.server.faults.add(Fault("sendMessage", NOA.user_id, delay=4))
        place.server.faults.add(Fault("sendMessage", AVI.user_id, delay=4, drop="before"))
        async with bot_process(place, clock.now()) as process:
            for member in (noa, avi):
                enqueue(place.store, clock, member, DAILY, PushKind.SUMMARY)
            await until(lambda: place.server.faults.as_json() == [])
            assert count(place.store, State.SENDING) == 2
            process.kill()
            await process.wait()
        enqueue(place.store, clock, dana, DAILY, PushKind.SUMMARY)
        await until(lambda: len(summaries(place.noa)) == 1)
        assert count(place.store, State.SENDING) == 2
        async with bot_process(place, clock.now() + timedelta(minutes=5)):
            for phone in (place.noa, place.avi):
                await phone.sees(SENT_AGAIN)
            await place.dana.sees("Efficiency Gain")
            await until(lambda: count(place.store, State.SENT) == 3)
        assert [len(summaries(phone)) for phone in (place.noa, place.avi)] == [2, 1]
        assert [body(m).startswith(SENT_AGAIN) for m in summaries(place.dana)] == [False]


async def test_several_couriers_on_one_postgresql_share_the_work_and_each_push_arrives_once(
    postgres_store: Store, clock: HandClock
) -> None:
    url = postgres_store.engine.url.set(drivername="postgresql").render_as_string(
        hide_password=False
    )
    server, people_ = crowd_of(postgres_store, clock, 90)
    stores = [Store(url) for _ in range(3)]
    async with server.running(), contextlib.AsyncExitStack() as couriers:
        for store in stores:
            at_work = courier_at_work(store, server, clock, HOUSE)
            desk = await couriers.enter_async_context(at_work)
        await arrive(desk, clock, 90)
    for store in stores:
        store.close()
    for person in people_:
        seen = summaries(server.person(person.user_id))
        assert [body(message).startswith(SENT_AGAIN) for message in seen] == [False]


async def test_a_graceful_end_gives_back_what_was_not_begun(
    sqlite_store: Store, clock: HandClock
) -> None:
    server, people_ = crowd_of(sqlite_store, clock, 12)
    pace = Pace(overall=0.01, burst=2)
    async with server.running():
        async with courier_at_work(sqlite_store, server, clock, HOUSE, pace):
            await until(lambda: count(sqlite_store, State.SENT) == 2)
        assert count(sqlite_store, State.WAITING) == 10
        async with courier_at_work(sqlite_store, server, clock, HOUSE):
            await until(lambda: count(sqlite_store, State.SENT) == 12)
    assert all(len(summaries(server.person(person.user_id))) == 1 for person in people_)


async def test_urgent_pushes_overtake_a_flood_and_renewals_have_their_share(
    tmp_path: Path, clock: HandClock
) -> None:
    hmo = a_small_hmo(clock.now())
    async with town(tmp_path, clock, hmo, limits=Limits()) as place, place.bot_at_work():
        await place.everybody_joins()
        await place.dana.says("/efficiency")
        await place.dana.sees("(0 ÷ 20)")
        for person in crowd(place, 400):
            push(place, person, DAILY, PushKind.SUMMARY, rings=False)
        ring(place)
        await until(lambda: count(place.store, State.SENT) > 20)
        key = coming(place, "Cardiology")[0]
        await propose(place, key)
        for phone in (place.noa, place.avi):
            await phone.sees("Transfer proposed")
        await decide(place, key)
        await place.dana.sees("(1 ÷ 20)")
        await place.avi.sees("Transfer authorized")
        assert count(place.store, State.WAITING) > 200
        assert [call for call in place.server.calls() if call.code == 429] == []


async def test_many_who_wait_for_a_picture_hold_up_nobody_else(
    tmp_path: Path, clock: HandClock
) -> None:
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as place:
        people_ = crowd(place, 40)
        waiting, others = people_[:30], people_[30:]
        for person in waiting:
            push(place, person, HEATMAP, PushKind.SUMMARY, rings=False)
        for person in others:
            push(place, person, DAILY, PushKind.SUMMARY, rings=False)
        easel = Easel()
        at_work = courier_at_work(place.store, place.server, clock, HOUSE, renderer=easel)
        async with at_work as desk:
            await arrive(desk, clock, len(others))
            assert all(summaries(place.server.person(person.user_id)) for person in others)
            easel.dried.set()
            await arrive(desk, clock, len(waiting) + len(others))


class Easel:
    """A renderer whose picture is ready when it is told so."""

    def __init__(self) -> None:
        self.dried = asyncio.Event()

    async def png(self, _figure: Figure) -> bytes:
        await self.dried.wait()
        file = io.BytesIO()
        Image.new("RGB", (100, 100)).save(file, "PNG")
        return file.getvalue()


@contextlib.asynccontextmanager
async def bot_process(
    place: Town, starts_at: datetime, more: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m bot run` in a process of its own, whose clock starts then, with more settings."""
    settings = {
        "PYTHONPATH": str(ROOT_FOLDER),
        "SLOTWISE_BOT_TOKEN": TOKEN,
        "SLOTWISE_BOT_API_URL": place.server.base_url,
        "SLOTWISE_DATABASE_URL": place.settings.database_url.get_secret_value(),
        "SLOTWISE_TIMEZONE": place.settings.timezone,
        "SLOTWISE_AS_OF": starts_at.isoformat(),
        "BROWSER_PATH": "/nowhere/chromium",
        **(more or {}),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        cwd=place.settings.data_dir,
        env=os.environ | settings,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await place.server.polled()
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def crowd(place: Town, size: int) -> list[Person]:
    """So many more staff, who have written to the bot before."""
    found = [Person(9000 + number, f"P{number}", started=True) for number in range(size)]
    for person in found:
        place.server.add(person)
        join(place.store, Role.STAFF, person.user_id, person.first_name, place.clock.now())
    return found


def push(place: Town, person: Person, address: str, kind: PushKind, *, rings: bool = True) -> None:
    """Put a push for somebody into the outbox."""
    enqueue(place.store, place.clock, somebody(place, person.user_id), address, kind)
    if rings:
        ring(place)


def ring(place: Town) -> None:
    assert place.bot is not None
    place.bot.desk.changed.set()


def enqueue(
    store: Store,
    clock: HandClock,
    member: Member,
    address: str,
    kind: PushKind,
    key: str = "",
) -> None:
    now, key = clock.now(), f"{address}:{member.id}:{key}"
    assert store.write_now(outbox.enqueue, member.id, address, now, key=key, kind=kind)


def crowd_of(store: Store, clock: HandClock, size: int) -> tuple[BotApiServer, list[Person]]:
    """A server and so many people on it, for each of whom a summary is due."""
    found = [Person(5000 + number, f"P{number}", started=True) for number in range(size)]
    for person in found:
        member = join(store, Role.MANAGER, person.user_id, person.first_name, clock.now())
        enqueue(store, clock, member, DAILY, PushKind.SUMMARY)
    return BotApiServer(TOKEN, found, clock=clock), found


async def arrive(desk: Desk, clock: HandClock, number: int) -> None:
    """Let time pass until so many pushes were sent.

    It stands still while one is on its way: on a slow machine it would be taken for lost.
    """

    def are_there() -> bool:
        if not count(desk.store, State.SENDING):
            clock.move(timedelta(seconds=0.2))
        desk.changed.set()
        return count(desk.store, State.SENT) >= number

    await until(are_there)


def offers_all(message: Message) -> bool:
    return "Send all again" in all_labels(message)


def summaries(phone: Phone) -> list[Message]:
    return [m for m in phone.messages if "actioned ÷ scheduled" in body(m)]


def count(store: Store, state: State) -> int:
    def work(session: Session) -> int:
        counted = select(func.count()).select_from(Push).where(col(Push.state) == state)
        return session.scalar(counted) or 0

    return store.read_now(work)


def in_doubt(store: Store) -> int:
    """How many pushes wait of which a try may have arrived."""

    def work(session: Session) -> int:
        waiting = col(Push.state) == State.WAITING
        counted = select(func.count()).where(waiting, col(Push.uncertain))
        return session.scalar(counted.select_from(Push)) or 0

    return store.read_now(work)


def problem(store: Store) -> str | None:
    return store.read_now(lambda session: session.scalars(select(col(Push.problem))).one())


def forget_problem(store: Store) -> None:
    store.write_now(lambda session: session.execute(update(Push).values(problem=None)))


def is_reachable(place: Town, person: Person) -> bool:
    return somebody(place, person.user_id).reachable


def chat_of(place: Town, person: Person) -> int:
    return somebody(place, person.user_id).chat_id
