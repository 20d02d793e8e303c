"""Proposing, authorising, declining and undoing, between several phones."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from bot.demo.server import Phone
from domain.clock import HandClock
from domain.people import Role
from handlers.guard import STRANGER, SUSPENDED
from storage import counters, invitations
from storage.tables import MemberRow
from tests.e2e.town import (
    DANA,
    Message,
    Town,
    a_small_hmo,
    all_labels,
    body,
    labels,
    offers,
    shows,
    town,
    with_button,
)


async def test_a_proposal_reaches_the_managers_and_their_decision_the_proposer(
    small_town: Town,
) -> None:
    dana, noa, avi = small_town.dana, small_town.noa, small_town.avi
    reference = await propose_first(dana, "Cardiology")
    for manager in (noa, avi):
        pushed = await manager.sees("Transfer proposed")
        assert reference in body(pushed)
        assert "by Dana" in body(pushed)
        assert labels(pushed)[0] == ["Authorize", "Decline"]
    await noa.presses(await noa.sees("Transfer proposed"), "Authorize")
    await noa.sees("Transfer authorized")
    other = await avi.sees("Transfer authorized")
    assert "by Noa" in body(other)
    assert "Undo" not in all_labels(other)
    await dana.sees(lambda m: m["silent"] and "Transfer authorized" in body(m))


async def test_a_proposal_in_another_department_is_not_pushed(small_town: Town) -> None:
    await propose_first(small_town.dana, "Dermatology")
    await small_town.noa.sees("Transfer proposed")
    assert not [m for m in small_town.avi.messages if "Transfer proposed" in body(m)]


async def test_the_figure_moves_on_every_open_message(
    small_town: Town,
) -> None:
    dana, noa = small_town.dana, small_town.noa
    await dana.says("/efficiency")
    await dana.sees("Efficiency Gain 0.00 % (0 ÷ 20)")
    await dana.says("/risk")
    await dana.sees("Efficiency Gain 0.00 % (0 ÷ 20)")
    await authorize_first(noa)
    await dana.sees(shows("High-risk", "Efficiency Gain 5.00 % (1 ÷ 20)"))
    await dana.sees(shows("÷ scheduled", "Efficiency Gain 5.00 % (1 ÷ 20)"))


async def test_the_second_of_two_managers_is_told_who_was_first(small_town: Town) -> None:
    await propose_first(small_town.dana, "Cardiology")
    noa, avi = small_town.noa, small_town.avi
    seen = [(phone, await phone.sees("Transfer proposed")) for phone in (noa, avi)]
    queries = await asyncio.gather(*(phone.presses(m, "Authorize") for phone, m in seen))
    toasts = [
        (await phone.toast(query)).text or ""
        for (phone, _), query in zip(seen, queries, strict=True)
    ]
    assert sorted(toast.startswith("Authorized.") for toast in toasts) == [False, True]
    late = next(toast for toast in toasts if not toast.startswith("Authorized."))
    assert re.fullmatch(r"Nothing changed: already authorized \d\d:\d\d by (Noa|Avi)\.", late)


async def test_a_decline_takes_a_reason_by_button_or_in_ones_own_words(small_town: Town) -> None:
    dana, noa = small_town.dana, small_town.noa
    await propose_first(dana, "Cardiology")
    await noa.presses(await noa.sees("Transfer proposed"), "Decline")
    asked = await noa.sees("for what reason")
    await noa.presses(asked, "Not now")
    assert '"not now"' in body(await noa.sees("Transfer declined"))
    await dana.sees("Transfer declined")
    await propose_first(dana, "Cardiology", nth=1)
    await noa.presses(await noa.sees(lambda m: offers(m, "Decline")), "Decline")
    asked = await noa.sees("for what reason")
    await noa.says("she confirmed <b>by phone</b>", reply_to=asked["message_id"])
    await noa.sees("Declined.")
    await dana.sees('"she confirmed <b>by phone</b>"')


async def test_a_note_is_added_by_replying_to_the_card(small_town: Town) -> None:
    dana, noa = small_town.dana, small_town.noa
    await propose_first(dana, "Cardiology")
    card = await dana.sees("Transfer proposed")
    await dana.says("no answer twice", reply_to=card["message_id"])
    await dana.sees("Noted")
    await noa.sees('"no answer twice"')


async def test_undo_is_offered_for_ten_minutes(small_town: Town) -> None:
    noa = small_town.noa
    card = await authorize_first(noa)
    assert "Undo transfer" in all_labels(card)
    await noa.presses(card, "Undo transfer")
    undone = await noa.sees("Transfer undone 08:00 by Noa")
    again = next(label for label in all_labels(undone) if label == "Authorize transfer")
    await noa.presses(undone, again)
    done = await noa.sees(lambda m: body(m).count("Transfer authorized") == 2)
    small_town.clock.move(timedelta(minutes=11))
    query = await noa.presses(done, "Undo transfer")
    assert "ten minutes" in ((await noa.toast(query)).text or "")


async def test_a_batch_asks_once_and_then_authorises_all(small_town: Town) -> None:
    noa, dana = small_town.noa, small_town.dana
    await dana.says("/risk")
    await noa.says("/risk")
    message = await noa.sees("High-risk")
    await noa.presses(message, "Authorize Risk Transfer (12)")
    asked = await noa.sees("12 appointments · All departments")
    assert "Efficiency Gain 0.00 % → 60.00 % (12 ÷ 20)" in body(asked)
    assert labels(asked) == [["Confirm 12", "Cancel"]]
    await noa.presses(asked, "Confirm 12")
    done = await noa.sees("12 appointments authorized")
    assert "Efficiency Gain 60.00 % (12 ÷ 20)" in body(done)
    await dana.sees(shows("12 decided", "60.00 %"))
    late = await noa.toast(await noa.presses(asked, "Confirm 12"))
    assert "already authorized" in (late.text or "")
    await noa.presses(done, "Undo")
    await noa.sees("Undone 08:00 by Noa. What it had authorized is open again.")
    assert small_town.store.read_now(counters.verify) == []


async def test_a_cancelled_batch_changes_nothing(small_town: Town) -> None:
    noa = small_town.noa
    await noa.says("/risk Cardiology")
    await noa.presses(await noa.sees("High-risk"), "Authorize Risk Transfer (6)")
    await noa.presses(await noa.sees("6 appointments · Cardiology"), "Cancel")
    await noa.sees("Nothing was changed.")
    await noa.says("/efficiency")
    await noa.sees("(0 ÷ 20)")


async def test_pending_lists_what_waits_and_acts_on_all_of_it(small_town: Town) -> None:
    dana, noa = small_town.dana, small_town.noa
    await noa.says("/pending")
    await noa.sees("Nothing waits")
    await propose_first(dana, "Cardiology")
    await propose_first(dana, "Dermatology", nth=1)
    waiting = await noa.sees("2 proposals waiting")
    await noa.presses(waiting, "Authorize Risk Transfer (2)")
    asked = await noa.sees("2 appointments · all waiting proposals")
    query = await noa.presses(asked, "Confirm 2")
    assert (await noa.toast(query)).text == "Authorized 2 appointments."
    await noa.sees("2 appointments authorized")
    told = await dana.sees("Your proposals were authorized")
    assert "2 proposals" in body(told)
    await noa.presses(await noa.sees("2 appointments authorized"), "Undo")
    told = await dana.sees("authorized and undone")
    assert "Undone 08:00 by Noa. They are closed; propose anew if need be." in body(told)
    undone = await noa.sees("The 2 proposals among it are closed.")
    await noa.presses(undone, "Risk list")
    await noa.sees("High-risk · next 30 days")


async def test_of_two_proposals_about_an_appointment_each_button_names_its_kind(
    small_town: Town,
) -> None:
    dana, noa = small_town.dana, small_town.noa
    reference = await propose_first(dana, "Cardiology")
    await dana.presses(await dana.sees(shows(reference, "Transfer proposed")), "Propose call")
    pushed = await noa.sees("Call proposed")
    assert labels(pushed)[0] == ["Authorize", "Decline"]
    await noa.says("/pending")
    waiting = await noa.sees("2 proposals for 1 appointment waiting")
    assert "Authorize Risk Transfer (1)" in all_labels(waiting)
    await noa.says("/summary")
    await noa.sees("2 proposals for 1 appointment wait for you")
    await noa.says(f"/find {reference}")
    card = await noa.sees(shows(reference, "earlier no-shows", "Call proposed"))
    text = body(card)
    assert text.index("Transfer proposed") < text.index("Call proposed")
    assert labels(card)[:2] == [
        ["Authorize transfer", "Decline transfer"],
        ["Authorize call", "Decline call"],
    ]
    await noa.presses(card, "Decline call")
    await noa.presses(await noa.sees("Decline the call: for what reason?"), "Not now")
    left = await noa.sees(shows(reference, "Call declined"))
    assert ["Authorize", "Decline"] in labels(left)


async def test_staff_cannot_decide_even_with_a_made_up_button(small_town: Town) -> None:
    dana = small_town.dana
    await propose_first(dana, "Cardiology")
    card = await dana.sees("Transfer proposed")
    for data in ("act:yes:1:proposal:1", "act:no:1:0:proposal:1", "draft:1:risk:7.-.-:0"):
        toast = await dana.toast(await dana.presses(with_button(card, data), "old"))
        assert toast.text is not None
        assert toast.text.startswith("Only managers")
    assert small_town.store.read_now(counters.verify) == []


async def test_buttons_answer_after_a_restart_and_nothing_is_pushed_twice(
    tmp_path: Path, clock: HandClock
) -> None:
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as place:
        async with place.bot_at_work():
            await place.everybody_joins()
            await propose_first(place.dana, "Cardiology")
            pushed = await place.noa.sees("Transfer proposed")
        await place.noa.presses(pushed, "Authorize")
        async with place.bot_at_work():
            await place.noa.sees("Transfer authorized")
            await place.dana.sees("Transfer authorized")
        assert len([m for m in place.noa.messages if "Transfer" in body(m)]) == 1


@pytest.mark.parametrize("command", ["/risk", "/pending", "/efficiency", "/heatmap", "/summary"])
async def test_a_stranger_and_a_suspended_person_get_nothing(
    small_town: Town, command: str
) -> None:
    small_town.store.write_now(suspend, DANA.user_id)
    told = ((small_town.stranger, STRANGER), (small_town.dana, SUSPENDED))
    for phone, said in told:
        since = phone.now()
        await phone.says(command)
        assert body(await phone.sees(lambda _: True, since=since)) == said


def suspend(session: Session, telegram_id: int) -> None:
    rows = update(MemberRow).where(col(MemberRow.telegram_id) == telegram_id)
    session.execute(rows.values(suspended=True))


async def test_a_code_works_once(small_town: Town) -> None:
    code = small_town.store.write_now(invitations.invite, Role.STAFF, (), small_town.clock.now())
    stranger = small_town.stranger
    since = small_town.dana.now()
    await small_town.dana.says(f"/start {code}")
    await small_town.dana.sees(shows("Welcome", "staff"), since=since)
    await stranger.says(f"/start {code}")
    await stranger.sees("unknown, used or expired")
    late = small_town.store.write_now(invitations.invite, Role.STAFF, (), small_town.clock.now())
    small_town.clock.move(timedelta(days=8))
    since = stranger.now()
    await stranger.says(f"/start {late}")
    await stranger.sees("unknown, used or expired", since=since)


async def propose_first(phone: Phone, department: str, nth: int = 0) -> str:
    """Propose a transfer for the nth row of a department's list; its reference."""
    await phone.says(f"/risk {department}")
    message = await phone.sees(shows("High-risk", f"{department} · all ages"))
    reference = str(re.findall(r"P-\w{6}", body(message))[nth])
    await phone.presses(message, all_labels(message)[nth])
    card = await phone.sees(lambda m: reference in body(m) and offers(m, "Propose transfer"))
    await phone.presses(card, "Propose transfer")
    await phone.sees(shows(reference, "Transfer proposed"))
    return reference


async def authorize_first(phone: Phone) -> Message:
    """Authorise a transfer for the first row of the list; the card."""
    await phone.says("/risk")
    message = await phone.sees("High-risk")
    await phone.presses(message, all_labels(message)[0])
    card = await phone.sees("Nothing decided yet")
    await phone.presses(card, "Authorize transfer")
    return await phone.sees("Transfer authorized")
