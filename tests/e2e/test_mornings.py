"""The daily summary and `/settings`, end to end: once a day, at one's own time."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.demo.demo import MANAGER, STAFF, SUMMARY_IN, demo
from bot.demo.server import Call, Fault, Person, Phone
from bot.mornings import push_summaries
from bot.pictures.browser import browser_path, font_available
from domain.clock import HandClock
from domain.people import Role
from storage import invitations
from storage.tables import AuditEntry, MemberRow, Push
from tests.e2e.test_live import coming, decide, propose
from tests.e2e.town import (
    DANA,
    NOA,
    Message,
    Town,
    a_small_hmo,
    all_labels,
    body,
    labels,
    shows,
    town,
)
from tests.hmo import ZONE, Hmo
from tests.waiting import until

needs_chromium = pytest.mark.skipif(
    browser_path() is None or not font_available(), reason="needs Chromium and a font"
)


def at(text: str) -> datetime:
    """A moment of November 2026 from its local time, such as `24 07:30`."""
    return local(f"2026-11-{text}")


def local(text: str) -> datetime:
    """A moment from its local time, such as `2026-11-24 07:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@pytest.fixture
async def place(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """A town without Chromium, the bot not yet at work."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found:
        yield found


@pytest.fixture
async def busy_town(tmp_path: Path, clock: HandClock) -> AsyncIterator[Town]:
    """A town with visits enough to show rates, and the bot at work."""
    hmo = a_small_hmo(clock.now())
    for number in range(240):
        status = "noshow" if number % 5 == 0 else "fulfilled"
        hmo.visit(f"busy{number}", -1 - number % 80, status, department="Eyes & <ears>", age=25)
    async with town(tmp_path, clock, hmo) as found, found.bot_at_work():
        await everybody_joins(found)
        yield found


async def test_it_comes_once_at_its_time_to_everybody(place: Town) -> None:
    everybody = (place.dana, place.noa, place.avi, place.root)
    async with place.bot_at_work():
        await everybody_joins(place)
        await comes(place, "24 07:29")
        assert mornings(place) == [0, 0, 0, 0]
        place.clock.at = at("24 07:30")
        for phone in everybody:
            await phone.sees("Good morning · Tue 24 Nov 07:30")
        await comes(place, "24 07:31")
        assert mornings(place) == [1, 1, 1, 1]
    place.clock.at = at("24 07:40")
    async with place.bot_at_work():
        await comes(place, "24 23:00")
        assert mornings(place) == [1, 1, 1, 1]
        await comes(place, "25 07:30")
        assert mornings(place) == [2, 2, 2, 2]


@pytest.mark.parametrize("up_at", ["24 07:50", "24 22:10"], ids=["for a while", "all day"])
async def test_a_bot_that_was_down_tells_it_once_when_it_is_back_that_day(
    place: Town, up_at: str
) -> None:
    async with place.bot_at_work():
        await everybody_joins(place)
    place.clock.at = at(up_at)
    async with place.bot_at_work():
        for phone in (place.dana, place.noa, place.avi, place.root):
            await phone.sees(f"Tue {up_at[:2]} Nov {up_at[3:]}")
        await comes(place, "24 23:59")
        assert mornings(place) == [1, 1, 1, 1]
        await comes(place, "25 07:30")
        assert mornings(place) == [2, 2, 2, 2]


async def test_what_was_missed_yesterday_is_not_told_before_todays_time(place: Town) -> None:
    async with place.bot_at_work():
        await everybody_joins(place)
    place.clock.at = at("26 06:00")
    async with place.bot_at_work():
        await comes(place, "26 07:29")
        assert mornings(place) == [0, 0, 0, 0]
        await comes(place, "26 07:30")
        assert mornings(place) == [1, 1, 1, 1]


async def test_clocks_that_skip_the_time_move_it_forward(place: Town) -> None:
    """On 27 March 2026 there is no half past two."""
    place.clock.at = local("2026-03-26 20:00")
    async with place.bot_at_work():
        await everybody_joins(place)
        await choose(place.dana, "Change the time, 07:30", "02")
        place.clock.at = local("2026-03-27 01:59")
        await push(place)
        assert mornings(place)[0] == 0
        place.clock.move(timedelta(minutes=31))
        await place.dana.sees("Good evening · Fri 27 Mar 03:30")
        place.clock.move(timedelta(hours=23))
        await place.dana.sees("Sat 28 Mar 02:30")
        assert mornings(place)[0] == 2


async def test_who_is_suspended_gets_none(place: Town) -> None:
    async with place.bot_at_work():
        await everybody_joins(place)

        def suspend(session: Session) -> None:
            chosen = update(MemberRow).where(col(MemberRow.telegram_id) == DANA.user_id)
            session.execute(chosen.values(suspended=True))

        place.store.write_now(suspend)
        await comes(place, "24 07:30")
        assert mornings(place) == [0, 1, 1, 1]


async def test_staff_see_the_most_urgent_and_come_back_from_a_card(place: Town) -> None:
    dana = place.dana
    async with place.bot_at_work():
        await everybody_joins(place)
        await propose(place, coming(place)[0])
        await dana.says("/summary")
        message = await dana.sees("Good morning · Mon 23 Nov 08:00")
        assert body(message).splitlines()[1:4] == [
            "1 high-risk appointment today, 2 tomorrow",
            "All departments · all ages",
            "Most earlier no-shows (×) first",
        ]
        assert "1 proposal waiting for a manager" in body(message)
        assert labels(message)[1:] == [["Call list", "Risk list", "See the proposal"], ["Refresh"]]
        await dana.presses(message, all_labels(message)[0])
        card = await dana.sees("Phone number")
        assert card["message_id"] == message["message_id"]
        await dana.presses(card, "‹ Back")
        again = await dana.sees("1 high-risk appointment today")
        assert again["message_id"] == message["message_id"]


async def test_managers_decide_from_the_summary_and_read_what_was_done(place: Town) -> None:
    noa = place.noa
    async with place.bot_at_work():
        await everybody_joins(place)
        for key in coming(place)[:3]:
            await propose(place, key)
        await decide(place, coming(place)[3])
        await comes(place, "24 07:00")
        await noa.says("/summary")
        message = await noa.sees("3 proposals wait for you")
        assert "Last 24 hours: 3 proposed, 1 authorized" in body(message)
        assert "Last import Mon 23 Nov 08:00: " in body(message)
        assert "No picture, because BROWSER_PATH names no program" in body(message)
        await noa.presses(message, "Authorize Risk Transfer (3)")
        asked = await noa.sees("3 appointments")
        await noa.presses(asked, "Confirm 3")
        await noa.sees("3 appointments authorized")
        await noa.says("/summary")
        after = await noa.sees(shows("No proposals wait for you", "3 proposed, 4 authorized"))
        assert "Authorize" not in repr(all_labels(after))
        await place.avi.says("/summary")
        assert "authorized" in body(await place.avi.sees("Last 24 hours"))


async def test_a_day_on_which_nothing_happens_reads_well(tmp_path: Path, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    hmo.visit("p", 200)
    async with town(tmp_path, clock, hmo) as place, place.bot_at_work():
        await everybody_joins(place)
        await comes(place, "24 07:30")
        assert body(await place.dana.sees("Good morning")).splitlines()[1:] == [
            "No high-risk appointment today or tomorrow",
            "All departments · all ages",
            "None in the next 7 days either",
        ]
        assert body(await place.noa.sees("Good morning")).splitlines()[1:] == [
            "Efficiency Gain – (0 ÷ 0) in 7 days",
            "no figure of the 7 days before; nothing was scheduled yesterday",
            "No proposals wait for you",
            "No high-risk appointment today or tomorrow",
            "No outcome of the last 90 days is known, so there is no heatmap",
            "",
            "Last 24 hours: nothing proposed, nothing decided",
            "Last import Mon 23 Nov 08:00: 1 new appointment, 0 changed",
        ]
        assert body(await place.root.sees("Good morning")).splitlines()[1:] == [
            "Last import Mon 23 Nov 08:00: 1 new appointment, 0 changed",
            "Last 24 hours: 0 messages delivered, 0 not delivered, 0 still waiting",
            "4 people: 1 staff, 2 managers, 1 admin",
        ]


@needs_chromium
async def test_a_picture_goes_up_once_and_others_get_it_by_its_id(busy_town: Town) -> None:
    bot, phones = busy_town.bot, [busy_town.noa, *await more_managers(busy_town, 6)]
    assert bot is not None
    busy_town.server.journal.clear()
    busy_town.clock.at = at("24 07:30")
    seen = [await phone.sees("Good morning · Tue") for phone in phones]
    await busy_town.avi.sees("Good morning · Tue")
    assert len({message["photo"][-1]["file_id"] for message in seen}) == 1
    assert bot.renderer.renders == 2, "Avi's shows Cardiology alone"
    sent = busy_town.server.calls("sendPhoto")
    assert len(sent) == len(phones) + 1
    assert len(uploads(sent)) == 2
    first = body(seen[0])
    assert "Highest no-show rate, last 90 days: Eyes & <ears>, 18–29: " in first
    assert len(first) <= 1024


@needs_chromium
async def test_when_the_one_who_uploads_has_to_wait_another_one_does(busy_town: Town) -> None:
    phones = [busy_town.noa, *await more_managers(busy_town, 3)]
    busy_town.server.journal.clear()
    busy_town.server.faults.add(Fault("sendPhoto", NOA.user_id, retry_after=2))
    busy_town.clock.at = at("24 07:30")
    for phone in phones[1:]:
        await phone.sees("Good morning · Tue")
    busy_town.clock.move(timedelta(seconds=3))
    await busy_town.noa.sees("Good morning · Tue")
    mine = busy_town.server.calls("sendPhoto", NOA.user_id)
    assert [call.code for call in mine] == [429, 200]
    assert len(uploads(busy_town.server.calls("sendPhoto"))) <= 4


async def test_settings_are_chosen_in_one_message_that_says_what_holds(place: Town) -> None:
    dana = place.dana
    async with place.bot_at_work():
        await everybody_joins(place)
        await dana.says("/settings")
        first = await dana.sees("Summary at 07:30, every day, the default")
        assert "Back to the default" not in all_labels(first)
        await dana.presses(first, "Change the time, 07:30")
        await dana.presses(await dana.sees("Press an hour"), "08")
        said = await dana.presses(await dana.sees("Summary at 08:30"), ":15")
        assert (await dana.toast(said)).text == "Summary at 08:15, every day"
        times = await dana.sees("The next one comes Mon 23 Nov 08:15 (Asia/Jerusalem)")
        await dana.presses(times, "‹ Back")
        await dana.presses(await dana.sees("Press a day"), "• Fri")
        said = await dana.presses(await dana.sees("Sat–Thu"), "• Sat")
        assert (await dana.toast(said)).text == "Summary at 08:15, Sun–Thu"
        seen = await dana.sees("Sun–Thu")
        assert "People: on" in all_labels(seen)
        said = await dana.presses(seen, "Decisions: silent")
        assert (await dana.toast(said)).text == "Decisions: off"
        seen = await dana.sees("Decisions: off")
        assert not any("Proposals" in label for label in all_labels(seen)), "staff get none"
        assert audited(place) == 5
        await dana.presses(seen, "Back to the default")
        last = await dana.sees("Summary at 07:30, every day, the default")
        shown = {m["message_id"] for m in (first, times, seen, last)}
        assert shown == {first["message_id"]}
        await dana.presses(seen, "Back to the default")
        assert audited(place) == 6


async def test_the_last_day_cannot_be_taken_away(place: Town) -> None:
    dana = place.dana
    async with place.bot_at_work():
        await everybody_joins(place)
        await dana.says("/settings")
        message = await dana.sees("every day")
        for day in ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri"):
            await dana.presses(message, f"• {day}")
            message = await dana.sees(offers_day(day))
        toast = await dana.toast(await dana.presses(message, "• Sat"))
        assert (toast.text or "").startswith("At least one day is needed")
        assert "Summary at 07:30, Sat" in body(await dana.sees("Settings"))


async def test_a_silent_summary_makes_no_sound_and_one_that_is_off_does_not_come(
    place: Town,
) -> None:
    async with place.bot_at_work():
        await everybody_joins(place)
        await choose(place.dana, "Summary: on")
        await choose(place.noa, "Summary: on", "Summary: silent")
        assert "It is off; /summary shows it" in body(await place.noa.sees("Settings"))
        await comes(place, "24 07:30")
        assert mornings(place) == [1, 0, 1, 1]
        for phone, silent in ((place.dana, True), (place.avi, False)):
            assert (await phone.sees("Good morning"))["silent"] == silent
        await place.noa.says("/summary")
        await place.noa.sees("Good morning")


async def test_ones_own_time_holds_beside_that_of_the_others(place: Town) -> None:
    async with place.bot_at_work():
        await everybody_joins(place)
        await choose(place.dana, "Change the time, 07:30", "06")
        await comes(place, "24 06:29")
        assert mornings(place) == [0, 0, 0, 0]
        await comes(place, "24 06:30")
        assert mornings(place) == [1, 0, 0, 0]
        await comes(place, "24 07:30")
        assert mornings(place) == [1, 1, 1, 1]


async def test_in_the_demo_both_phones_get_their_summary_soon(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    async with demo(tmp_path, 0, clock, summary_in=SUMMARY_IN) as at_work:
        await push_summaries(at_work.bot.desk)
        clock.move(SUMMARY_IN)
        staff, manager = (at_work.server.person(key.user_id) for key in (STAFF, MANAGER))
        assert "today" in body(await staff.sees("Good morning"))
        assert "1 proposal waits for you" in body(await manager.sees("Good morning"))


async def everybody_joins(place: Town) -> None:
    """All but the stranger join, and their first summaries are planned."""
    await place.everybody_joins()
    await push(place)


async def comes(place: Town, when: str) -> None:
    """A local time comes, and all that is due then has arrived."""
    place.clock.at = at(when)
    await push(place)
    await until(lambda: not place.store.read_now(under_way))


async def push(place: Town) -> None:
    """What the program's jobs do every second."""
    assert place.bot is not None
    await push_summaries(place.bot.desk)


async def choose(phone: Phone, *buttons: str) -> None:
    """Press these on the settings, each where the one before has led to."""
    since = phone.now()
    await phone.says("/settings")
    message = await phone.sees("Settings", since=since)
    for label in buttons:
        since = phone.now()
        await phone.toast(await phone.presses(message, label))
        message = await phone.sees(lambda _: True, since=since)


def mornings(place: Town) -> list[int]:
    """How many summaries stand in the chats of Dana, Noa, Avi and Root."""
    phones = (place.dana, place.noa, place.avi, place.root)
    return [sum(body(message).startswith("Good ") for message in p.messages) for p in phones]


async def more_managers(place: Town, number: int) -> list[Phone]:
    """Further managers of everything."""

    phones = []
    for key in range(number):
        phone = place.server.add(Person(2000 + key, f"Manager {key}"))
        code = await place.store.write(invitations.invite, Role.MANAGER, [], place.clock.now())
        await phone.says(f"/start {code}")
        await phone.sees("Welcome")
        phones.append(phone)
    await push(place)
    return phones


def offers_day(day: str) -> Callable[[Message], bool]:
    """A condition: the day is not chosen."""
    return lambda message: day in all_labels(message)


def uploads(calls: list[Call]) -> list[Call]:
    """Those that carried a picture."""
    return [call for call in calls if not str(call.params["photo"]).startswith("photo-")]


def under_way(session: Session) -> int:
    wanted = select(Push).where(col(Push.state).in_(["waiting", "sending"]))
    return len(session.scalars(wanted).all())


def audited(place: Town) -> int:
    wanted = select(AuditEntry).where(col(AuditEntry.event) == "change settings")
    return place.store.read_now(lambda session: len(session.scalars(wanted).all()))
