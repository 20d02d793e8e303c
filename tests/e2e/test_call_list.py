"""The call list on several phones: frozen, ticked live, and what follows when a patient cancels."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot.demo.server import Phone
from domain.clock import HandClock
from domain.people import Role
from storage import counters, invitations
from storage.tables import Call, Department
from tests.e2e.town import Message, Town, all_labels, body, labels, offers, shows, town, with_button
from tests.hmo import Hmo

HOUR = 1 / 24


@pytest.fixture
def hmo(clock: HandClock) -> Hmo:
    """Ten high-risk appointments of today in Cardiology, three in Dermatology."""
    found = Hmo(clock.now())
    for number in range(10):
        found.regular(f"p{number}", 2 + number % 4, coming=HOUR * (1 + number / 2))
    for number in range(3):
        found.regular(f"d{number}", 2 + number, coming=HOUR * 3, department="Dermatology")
    found.regular("steady", 1, coming=HOUR * 2)
    return found


@pytest.fixture
async def place(tmp_path: Path, clock: HandClock, hmo: Hmo) -> AsyncIterator[Town]:
    async with town(tmp_path, clock, hmo) as found, found.bot_at_work():
        await found.everybody_joins()
        yield found


async def test_staff_choose_a_department_and_work_through_its_list(place: Town) -> None:
    dana = place.dana
    await dana.says("/today")
    asked = await dana.sees("Call lists · Mon 23 Nov")
    assert labels(asked)[:2] == [["Cardiology · 10 to call"], ["Dermatology · 3 to call"]]
    await dana.presses(asked, "Dermatology · 3 to call")
    opened = await dana.sees("Call list · Dermatology · Mon 23 Nov")
    assert "3 appointments: 0 reached, 0 tried" in body(opened)
    assert "Most earlier no-shows (×) first, as of 08:00" in body(opened)
    shown = opened
    for at, outcome, mark, count in (
        (1, "Confirmed", "✓", "1 reached, 0 tried"),
        (2, "No answer", "○", "1 reached, 1 tried"),
        (3, "Wrong number", "○", "1 reached, 2 tried"),
    ):
        reference = rows(shown)[at - 1]
        await dana.presses(shown, "Next to call ›")
        card = await dana.sees(f"look up {reference} in the HMO's own system")
        query = await dana.presses(card, outcome)
        assert (await dana.toast(query)).text == f"Noted: {outcome.lower()}."
        shown = await dana.sees(count)
        assert f"{mark} {reference}" in body(shown)
        assert f"{outcome.lower()} 08:00 Dana" in body(shown)
        place.clock.move(timedelta(seconds=1))
    for at, left in ((2, "2 reached, 1 tried"), (3, "3 reached, 0 tried")):
        assert f"› {rows(shown)[at - 1]}" in body(shown)
        await dana.presses(shown, "Next to call ›")
        await dana.presses(await dana.sees(f"look up {rows(shown)[at - 1]}"), "Confirmed")
        shown = await dana.sees(left)
    assert not offers(shown, "Next to call ›")
    await dana.presses(shown, "Departments")
    asked = await dana.sees("Call lists")
    assert labels(asked)[1] == ["Dermatology · 3 of 3 reached"]


async def test_who_has_one_department_gets_its_list_at_once(place: Town) -> None:
    await place.avi.says("/today")
    opened = await place.avi.sees("Call list · Cardiology")
    assert "10 appointments: 0 reached, 0 tried, 1–8 shown" in body(opened)
    assert not offers(opened, "Departments")
    await place.avi.presses(opened, "Next ›")
    await place.avi.sees("9–10 shown")


async def test_two_phones_see_each_others_ticks(place: Town) -> None:
    dana, avi = place.dana, place.avi
    seen = [await opened(phone) for phone in (dana, avi)]
    assert rows(seen[0]) == rows(seen[1])
    await call_next(dana, "No answer")
    ticked = await avi.sees("0 reached, 1 tried")
    assert "no answer 08:00 Dana" in body(ticked)
    await call_next(avi, "Confirmed")
    assert "confirmed 08:00 Avi" in body(await dana.sees("1 reached, 1 tried"))
    assert rows(await dana.sees("1 reached, 1 tried")) == rows(seen[0])


async def test_the_list_stays_frozen_while_an_import_adds_and_removes_risk(
    place: Town, hmo: Hmo, clock: HandClock
) -> None:
    dana, avi = place.dana, place.avi
    before = rows(await opened(dana))
    hmo.regular("late", 9, coming=HOUR * 4)
    first = next(row for row in hmo.rows if row["patient_id"] == "p3" and row["status"] == "booked")
    first["status"] = "cancelled"
    hmo.visit("p0", -60, "noshow")
    await asyncio.to_thread(hmo.load, place.store, clock.now())
    offered = await dana.sees(lambda m: offers(m, "Add 1 new appointment"))
    assert rows(offered) == before
    assert rows(await opened(avi)) == before
    assert "no longer booked" in body(offered)
    await dana.presses(offered, "Add 1 new appointment")
    added = await dana.sees("11 appointments: 0 reached, 0 tried, 9–11 shown")
    assert re.search(r"^11 . P-\w{6} \d\d:\d\d  9×$", body(added), re.MULTILINE)
    await avi.sees("11 appointments")


async def test_a_patient_who_cancels_frees_a_slot_that_a_manager_authorises(place: Town) -> None:
    dana, noa = place.dana, place.noa
    reference = rows(await opened(dana))[0]
    await dana.presses(await dana.sees("0 reached, 0 tried"), "Next to call ›")
    await dana.presses(await dana.sees("Phone number"), "Cancels")
    asked = await dana.sees("Give this slot back?")
    assert labels(asked) == [["Confirm", "‹ Back"]]
    await dana.presses(asked, "‹ Back")
    await dana.presses(await dana.sees("Phone number"), "Cancels")
    query = await dana.presses(await dana.sees("Give this slot back?"), "Confirm")
    told = "Noted: cancels. Slot given back, 2 managers told."
    assert (await dana.toast(query)).text == told
    await dana.sees("1 reached, 0 tried")
    pushed = await noa.sees(shows(reference, "Slot given back"))
    assert labels(pushed)[0] == ["Authorize", "Decline"]
    await noa.says("/pending")
    waiting = await noa.sees("1 proposal waiting")
    assert '"patient cancelled by phone"' in body(waiting)
    await noa.presses(pushed, "Authorize")
    await noa.sees("Transfer authorized")
    await dana.sees(shows("Transfer authorized", "by Noa"))
    await noa.sees("Nothing waits")
    await noa.says("/efficiency")
    await noa.sees("(0 ÷ 13)")
    assert place.store.read_now(counters.verify) == []


async def test_a_call_is_undone_on_the_card_for_ten_minutes(place: Town) -> None:
    dana, noa = place.dana, place.noa
    await opened(dana)
    await cancels(dana)
    await noa.sees("Slot given back")
    card = await open_first(dana)
    assert ["Confirmed after all"] in labels(card)
    query = await dana.presses(card, "Undo: cancels")
    assert (await dana.toast(query)).text == "Undone."
    again = await dana.sees("undone 08:00")
    assert "Transfer withdrawn 08:00 by Dana: the call was noted in error" in body(again)
    assert ["Confirmed", "Cancels"] in labels(again)
    withdrawn = await noa.sees("Transfer withdrawn")
    assert "withdrawn 08:00 by Dana: the call was noted in error" in body(withdrawn)
    assert not offers(withdrawn, "Authorize")
    await dana.presses(again, "No answer")
    await dana.sees("0 reached, 1 tried")
    card = await open_first(dana)
    place.clock.move(timedelta(minutes=11))
    late = await dana.toast(await dana.presses(card, "Undo: no answer"))
    assert "ten minutes" in (late.text or "")
    assert place.store.read_now(counters.verify) == []


async def test_a_double_press_notes_one_call_and_both_presses_say_so(place: Town) -> None:
    dana = place.dana
    await opened(dana)
    await dana.presses(await dana.sees("0 reached, 0 tried"), "Next to call ›")
    card = await dana.sees("Phone number")
    queries = [await dana.presses(card, "No answer") for _ in range(3)]
    toasts = {(await dana.toast(query)).text for query in queries}
    assert toasts == {"Noted: no answer."}
    assert len(place.store.read_now(calls_kept)) == 1


async def test_two_who_cancel_and_confirm_at_once_are_both_told_what_holds(place: Town) -> None:
    dana, avi = place.dana, place.avi
    for phone in (dana, avi):
        await opened(phone)
        await phone.presses(await phone.sees("0 reached, 0 tried"), "Next to call ›")
    key = about(await dana.sees("Phone number"), "Confirmed")
    carriers = [
        with_button(await phone.sees("Phone number"), f"called:{key}:{letter}:-")
        for phone, letter in ((dana, "x"), (avi, "n"))
    ]
    queries = await asyncio.gather(
        dana.presses(carriers[0], "old"), avi.presses(carriers[1], "old")
    )
    said = [(await phone.toast(q)).text for phone, q in zip((dana, avi), queries, strict=True)]
    assert said[0] is not None
    assert said[0].startswith("Noted: cancels.")
    assert said[1] in {
        "Noted: no answer.",
        "Nothing changed: the slot was given back before.",
    }
    assert place.store.read_now(counters.verify) == []


async def test_staff_withdraw_their_own_proposal_on_its_card(place: Town) -> None:
    dana, noa = place.dana, place.noa
    await dana.says("/risk Dermatology")
    await dana.presses(await dana.sees("High-risk"), all_labels(await dana.sees("High-risk"))[0])
    await dana.presses(await dana.sees("Nothing decided yet"), "Propose transfer")
    mine = await dana.sees("Transfer proposed")
    await noa.sees("Transfer proposed")
    query = await dana.presses(mine, "Withdraw transfer")
    assert (await dana.toast(query)).text == "Withdrawn."
    await noa.sees("Transfer withdrawn 08:00 by Dana")
    late = await noa.toast(
        await noa.presses(with_button(await noa.sees("withdrawn"), "act:yes:1:proposal:1"), "old")
    )
    assert late.text == "Nothing changed: already withdrawn 08:00 by Dana."


async def test_calls_of_another_department_are_refused_to_a_limited_member(place: Town) -> None:
    code = place.store.write_now(
        invitations.invite, Role.STAFF, ("Dermatology",), place.clock.now()
    )
    lior = place.stranger
    await lior.says(f"/start {code}")
    await lior.sees("Welcome")
    await opened(place.dana)
    key = place.store.read_now(cardiology)
    message = await lior.sees("Welcome")
    slot = about(await place.dana.sees("0 reached, 0 tried"), "Next to call ›")
    for data in (f"callopen:{key}", "calls:1:0", "calladd:1", f"called:{slot}:x:-"):
        toast = await lior.toast(await lior.presses(with_button(message, data), "old"))
        assert (
            toast.text == "Only staff and managers of Cardiology can see call lists and note calls."
        )
    await place.root.says("/today")
    await place.root.sees("Only staff and managers can see call lists and note calls.")
    assert place.store.read_now(calls_kept) == []


async def test_a_day_without_high_risk_says_where_to_look(place: Town) -> None:
    place.clock.move(timedelta(hours=8))
    await place.dana.says("/today")
    nothing = await place.dana.sees("No high-risk appointment is left to call about today")
    await place.dana.presses(nothing, "Risk list")
    await place.dana.sees("High-risk")


async def test_yesterdays_list_stays_as_it_was_and_leads_to_todays(
    place: Town, hmo: Hmo, clock: HandClock
) -> None:
    dana = place.dana
    yesterday = rows(await opened(dana))
    place.clock.move(timedelta(days=1))
    hmo.regular("p20", 3, coming=1 + HOUR * 5)
    await asyncio.to_thread(hmo.load, place.store, clock.now())
    old = await dana.sees(lambda m: offers(m, "Today's list"))
    assert rows(old) == yesterday
    await dana.presses(old, "Today's list")
    await dana.sees("Call list · Cardiology · Tue 24 Nov")


async def opened(phone: Phone) -> Message:
    """Cardiology's list of today."""
    await phone.says("/today")
    found = await phone.sees("Call list")
    label = next((each for each in all_labels(found) if each.startswith("Cardiology")), None)
    if label:
        await phone.presses(found, label)
    return await phone.sees("Call list · Cardiology")


async def call_next(phone: Phone, outcome: str) -> None:
    found = await phone.sees(lambda m: offers(m, "Next to call ›"))
    await phone.presses(found, "Next to call ›")
    await phone.presses(await phone.sees("Phone number"), outcome)
    await phone.sees(lambda m: offers(m, "Next to call ›"))


async def cancels(phone: Phone) -> None:
    """The first patient to call cancels."""
    await phone.presses(await phone.sees("0 reached, 0 tried"), "Next to call ›")
    await phone.presses(await phone.sees("Phone number"), "Cancels")
    await phone.presses(await phone.sees("Give this slot back?"), "Confirm")
    await phone.sees("1 reached, 0 tried")


async def open_first(phone: Phone) -> Message:
    """The card of the first on the list."""
    found = await phone.sees("Call list · Cardiology")
    label = next(each for each in all_labels(found) if each.startswith("1 "))
    await phone.presses(found, label)
    return await phone.sees(lambda m: any(each.startswith("Undo") for each in all_labels(m)))


def rows(message: Message) -> list[str]:
    """The references on a list, in its order."""
    return re.findall(r"^ *\d+ . (P-\w{6})", body(message), re.MULTILINE)


def about(message: Message, label: str) -> int:
    """The appointment that a button is about."""
    buttons = [each for row in message["reply_markup"]["inline_keyboard"] for each in row]
    data = next(each["callback_data"] for each in buttons if each["text"] == label)
    return int(data.split(":")[1])


def calls_kept(session: Session) -> list[Call]:
    return list(session.exec(select(Call)).all())


def cardiology(session: Session) -> int:
    named = select(Department.id).where(col(Department.name) == "Cardiology")
    return session.exec(named).one() or 0
