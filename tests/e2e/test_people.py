"""People, over HTTP: inviting by a link, changing and suspending members, strangers at the door."""

import re

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.demo.server import Fault, Phone
from domain.clock import HandClock
from domain.people import Role
from handlers.guard import SUSPENDED
from storage import invitations, membership, people
from storage.tables import OpenMessage, Push
from tests.conftest import MONDAY_MORNING
from tests.e2e.town import (
    DANA,
    NOA,
    ROOT,
    Message,
    Town,
    all_labels,
    body,
    shows,
    turned,
    with_button,
)
from tests.hmo import join
from tests.waiting import until

LINK = re.compile(r"https://t\.me/slotwise_bot\?start=([\w-]{22})")


# Inviting


async def test_an_admin_invites_by_a_link_and_is_told_who_came(place: Town) -> None:
    root, stranger = place.root, place.stranger
    shown = await listed(root)
    assert "4 members\n1 admin, 2 managers, 1 staff\n0 suspended · 0 unreachable" in body(shown)
    shown = await turned(root, shown, "Invite", "Invite somebody: as what?")
    shown = await turned(root, shown, "Invite a manager", "manager for all departments")
    shown = await turned(root, shown, "Cardiology", "manager for Cardiology")
    assert "✓ Cardiology" in all_labels(shown)
    shown = await turned(root, shown, "Make the link", "Invitation open")
    link = await root.sees("It works once")
    found = LINK.search(body(link))
    assert found
    assert "manager for Cardiology" in body(link)
    (sent,) = [call for call in place.server.calls() if found[1] in repr(call) and call.chat_id]
    assert "protect_content" not in sent.params, "it can be forwarded"
    assert found[1] not in body(shown)
    await stranger.says(f"/start {found[1]}")
    await stranger.sees("Welcome, Stranger. You are manager for Cardiology.")
    await root.sees(shows("Invitation used Mon 23 Nov 08:00 by Stranger", "manager for"))
    assert {"pending", "risk"} <= {command["command"] for command in stranger.commands}
    await stranger.says(f"/start {found[1]}")
    await stranger.sees("You have used this invitation already.")


async def test_somebody_is_found_by_a_part_of_the_name(place: Town) -> None:
    root = place.root
    await root.says("/people an")
    shown = await root.sees('1 name fits "an"')
    assert "1 Dana" in all_labels(shown)
    shown = await turned(root, shown, "Everybody", "4 members")
    for nobody in ("<b>:%\u202e", "נועה" * 30):
        await root.says(f"/people {nobody}")
        since = root.now()
        await turned(root, await root.sees("0 names fit"), "Invite", "as what?")
        assert root.now() > since


async def test_a_link_is_shown_once_and_a_second_press_makes_no_other(place: Town) -> None:
    root = place.root
    shown = await turned(root, await listed(root), "Invite", "as what?")
    drafted = await turned(root, shown, "Invite as staff", "Make the link", label=True)
    opened = await turned(root, drafted, "Make the link", "Invitation open")
    assert "kept nowhere" in body(opened)
    made = calls(place, "It works once")
    make = next(data for data in data_of(drafted) if data.startswith("makelink"))
    toast = await root.toast(await root.presses(with_button(opened, make), "old"))
    assert "older message" in (toast.text or "")
    assert calls(place, "It works once") == made == 1


async def test_a_revoked_link_lets_nobody_in(place: Town) -> None:
    root, stranger = place.root, place.stranger
    shown = await turned(root, await listed(root), "Invite", "as what?")
    drafted = await turned(root, shown, "Invite an admin", "Make the link", label=True)
    await turned(root, drafted, "Make the link", "Invitation open")
    code = LINK.search(body(await root.sees("It works once")))
    shown = await turned(root, await listed(root), "Open invitations (1)", "1 open invitation")
    assert "admin · all departments" in body(shown)
    shown = await turned(root, shown, "Revoke 1", "0 open invitations")
    assert code
    await stranger.says(f"/start {code[1]}")
    await stranger.sees("unknown, used or expired")
    assert stranger.commands == []


async def test_a_draft_outlives_a_restart(place: Town, clock: HandClock) -> None:
    root = place.root
    shown = await turned(root, await listed(root), "Invite", "as what?")
    drafted = await turned(root, shown, "Invite as staff", "Make the link", label=True)
    shown = await turned(root, drafted, "Dermatology", "staff for Dermatology")
    assert place.bot
    await place.bot.app.stop()
    await place.bot.app.start()
    await turned(root, shown, "Make the link", "Invitation open")
    assert "staff for Dermatology" in body(await root.sees("It works once"))


# Changing


async def test_a_role_that_changes_is_told_and_the_menu_follows(place: Town) -> None:
    root, dana = place.root, place.dana
    assert "people" not in {command["command"] for command in dana.commands}
    shown = await turned(root, await member_shown(root, "Dana"), "Change role", "decides nothing")
    await turned(root, shown, "Make admin", "admin for all departments")
    await dana.sees(shows("You are admin for all departments.", "Changed 08:00 by Root."))
    assert "people" in {command["command"] for command in dana.commands}


async def test_departments_that_change_are_told_once_when_they_have_settled(
    place: Town, clock: HandClock
) -> None:
    root, avi = place.root, place.avi
    shown = await member_shown(root, "Avi")
    shown = await turned(root, shown, "Change departments", "manager for Cardiology")
    toast = await root.toast(await root.presses(shown, "✓ Cardiology"))
    assert "one department stays" in (toast.text or "")
    shown = await turned(root, shown, "Dermatology", "manager for Cardiology, Dermatology")
    await turned(root, shown, "✓ Cardiology", "manager for Dermatology")
    await avi.says("/risk")
    listed = await avi.sees("High-risk")
    assert "Cardiology" not in body(listed)
    clock.move(membership.SETTLES_WITHIN)
    await avi.sees(shows("You are manager for Dermatology.", "by Root"))
    assert sum("You are manager" in body(m) for m in avi.messages) == 2, "the first greeted"


async def test_what_telegram_refuses_about_a_menu_undoes_no_change(place: Town) -> None:
    place.dana.blocks()
    shown = await member_shown(place.root, "Dana")
    shown = await turned(place.root, shown, "Change role", "decides nothing")
    shown = await turned(place.root, shown, "Make manager", "manager for all departments")
    place.dana.unblocks()
    assert "people" not in {command["command"] for command in place.dana.commands}
    await place.dana.says("/start")
    await place.dana.sees("Welcome, Dana. You are manager for all departments")
    place.server.faults.add(Fault(method="setMyCommands", code=500, times=1))
    shown = await turned(place.root, shown, "Change role", "decides nothing")
    await turned(place.root, shown, "Make admin", "admin for all departments")
    await place.dana.says("/start")
    await place.dana.sees("Welcome, Dana. You are admin for all departments")
    assert "people" in {command["command"] for command in place.dana.commands}


async def test_who_is_suspended_is_stopped_in_the_middle_of_it(place: Town) -> None:
    root, noa = place.root, place.noa
    await noa.says("/risk")
    risky = await noa.sees("High-risk")
    shown = await turned(root, await member_shown(root, "Noa"), "Suspend", "Suspend Noa?")
    shown = await turned(root, shown, "Cancel", "manager for all departments")
    shown = await turned(root, shown, "Suspend", "Suspend Noa?")
    # What a suspended person was shown is removed at once; here their thumb is quicker.
    place.server.faults.add(Fault("deleteMessages", code=500, times=None))
    shown = await turned(
        root, shown, "Confirm", "suspended: whatever they send or press is refused"
    )
    assert noa.commands == []
    for label in all_labels(risky):
        toast = await noa.toast(await noa.presses(risky, label))
        assert toast.text in {None, SUSPENDED} or "Too many tries" in (toast.text or "")
    await turned(root, shown, "Reinstate", "joined")
    await noa.sees("You are manager for all departments.", since=1)
    assert noa.commands
    toast = await noa.toast(await noa.presses(risky, "Refresh"))
    assert toast.text is None


async def test_a_suspended_person_gets_no_push_that_waits_and_no_renewed_figures(
    place: Town,
) -> None:
    await place.noa.says("/pending")
    await place.noa.sees("0 proposals waiting")
    place.store.write_now(suspend, NOA.user_id, ROOT.user_id)
    since = place.noa.now()
    await place.dana.says("/risk")
    shown = await place.dana.sees("High-risk")
    card = await turned(place.dana, shown, all_labels(shown)[0], "Nothing decided yet")
    await turned(place.dana, card, "Propose transfer", "Transfer proposed")
    await until(lambda: place.store.read_now(unsettled, NOA.user_id) == 0)
    assert place.noa.now() == since


async def test_admins_may_step_down_or_out_but_not_the_last(place: Town, clock: HandClock) -> None:
    root = place.root
    shown = await turned(root, await member_shown(root, "Root"), "Suspend", "Suspend Root?")
    toast = await root.toast(await root.presses(shown, "Confirm"))
    assert toast.text == (
        "Nothing changed: the last admin stays one; make somebody else admin first."
    )
    join(place.store, Role.ADMIN, DANA.user_id, "Dana", clock.now())
    shown = await turned(root, await member_shown(root, "Root"), "Change role", "decides nothing")
    await turned(root, shown, "Make staff", "You are staff for all departments.")
    assert "people" not in {command["command"] for command in root.commands}
    toast = await root.toast(await root.presses(with_button(shown, "people:0"), "old"))
    assert toast.text == "Only admins can manage people."


async def test_two_admins_who_suspend_each_other_at_once_leave_one(
    place: Town, clock: HandClock
) -> None:
    root, dana = place.root, place.dana
    other = join(place.store, Role.ADMIN, DANA.user_id, "Dana", clock.now())
    asked = await turned(root, await member_shown(root, "Dana"), "Suspend", "Suspend Dana?")
    asks = await turned(dana, await member_shown(dana, "Root"), "Suspend", "Suspend Root?")
    presses = [await root.presses(asked, "Confirm"), await dana.presses(asks, "Confirm")]
    toasts = [await phone.toast(press) for phone, press in zip((root, dana), presses, strict=True)]
    assert sum(toast.text == "Suspended." for toast in toasts) == 1
    left = [key for key in (other.id, 4) if place.store.read_now(people.member_by_id, key)]
    assert len(left) == 1


async def test_a_lower_role_by_invitation_is_asked_about(place: Town, clock: HandClock) -> None:
    noa = place.noa
    code = place.store.write_now(invitations.invite, Role.STAFF, (), clock.now())
    await noa.says(f"/start {code}")
    asked = await noa.sees("This invitation would make you staff")
    kept = await turned(noa, asked, "Keep", "You are manager for all departments.")
    assert all_labels(kept) == []
    await noa.says(f"/start {code}")
    asked = await noa.sees("This invitation would make you staff")
    await turned(noa, asked, "Change", "You are staff for all departments.")
    await noa.says(f"/start {code}")
    await noa.sees("You have used this invitation already.")


async def listed(phone: Phone) -> Message:
    since = phone.now()
    await phone.says("/people")
    return await phone.sees(lambda message: "Invite" in all_labels(message), since=since)


async def member_shown(phone: Phone, name: str) -> Message:
    shown = await listed(phone)
    label = next(label for label in all_labels(shown) if label.endswith(f" {name}"))
    return await turned(phone, shown, label, "joined")


def data_of(message: Message) -> list[str]:
    rows = message["reply_markup"]["inline_keyboard"]
    return [button["callback_data"] for row in rows for button in row]


def calls(place: Town, text: str) -> int:
    """How many messages were sent with these words."""
    sent = [call for call in place.server.calls() if call.method == "sendMessage"]
    return sum(text in repr(call) for call in sent)


def suspend(session: Session, telegram_id: int, by: int) -> None:
    whom, admin = (people.member_by_telegram(session, key) for key in (telegram_id, by))
    assert whom
    assert admin
    membership.suspend(session, admin, whom.id, MONDAY_MORNING)


def unsettled(session: Session, telegram_id: int) -> int:
    """Pushes that wait for a person, and messages of theirs whose figures are kept true."""
    waiting = select(func.count()).where(
        col(Push.state).in_(["waiting", "sending"]), col(Push.member_id) == 2
    )
    kept = select(func.count()).where(
        col(OpenMessage.chat_id) == telegram_id, col(OpenMessage.version).is_not(None)
    )
    return (session.scalar(waiting) or 0) + (session.scalar(kept) or 0)
