"""Whom to call about an authorised slot, and how each department follows its slots up."""

from datetime import datetime

import pytest
from sqlmodel import Session, select

from bot.demo.server.html_mode import parse_html
from domain.answers import Answer, Source
from domain.backfills import Stage
from domain.monospace import width
from domain.people import Refused, Role
from domain.policies import Policy, Silence
from handlers import calling, policies, words
from handlers.addresses import UnknownAddress
from handlers.desk import Desk
from handlers.router import open_screen
from handlers.screens import Screen
from storage.policies import policy_of
from storage.tables import Appointment, BackfillRow, MemberRow, PatientAnswer
from tests.handlers.desks import ACTION, APPOINTMENT, DEPARTMENT, visit


def to_call(session: Session, now: datetime) -> None:
    """The appointment at risk is to be called about; who called before has a long name."""
    session.get_one(MemberRow, 1).name = "名前 & <b>" * 12
    row = BackfillRow(
        appointment_id=APPOINTMENT,
        action_id=ACTION,
        stage=Stage.CALLING,
        day=session.get_one(Appointment, APPOINTMENT).day,
        start=session.get_one(Appointment, APPOINTMENT).start,
        opened_at=now,
    )
    session.add(row)


def wishes(session: Session, now: datetime) -> None:
    answer = PatientAnswer(
        appointment_id=APPOINTMENT, answer=Answer.CALL_ME, source=Source.SMS, at=now
    )
    session.add(answer)


def labels(screen: Screen) -> list[str]:
    return [button.text for row in screen.buttons for button in row]


async def test_while_nobody_is_to_be_called_the_screen_says_who_would_be(desk: Desk) -> None:
    screen = await open_screen(visit(desk, Role.STAFF), "toconfirm:0")
    assert "Nobody is left to be called." in screen.text
    assert labels(screen) == ["Call list", "Refresh"]
    assert "To confirm" not in str(labels(await open_screen(visit(desk, Role.STAFF), "calldep:0")))


async def test_who_is_to_be_called_stands_in_lines_that_fit_a_phone(desk: Desk) -> None:
    await desk.store.write(to_call, desk.clock.now())
    screen = await open_screen(visit(desk, Role.STAFF), "toconfirm:9")
    said = parse_html(screen.text)[0]
    assert "1 P-7K3MQD Tue 24 Nov 08:00" in said
    assert "no message possible" in said
    block = screen.text.partition("<pre>")[2].partition("</pre>")[0]
    lines = parse_html(block)[0].split("\n")
    assert len(lines) == 3
    assert max(map(width, lines)) <= words.WIDTH
    assert screen.buttons[0][0].callback_data == f"card:{APPOINTMENT}:toconfirm:0"


async def test_who_asks_to_be_called_says_so(desk: Desk) -> None:
    await desk.store.write(wishes, desk.clock.now())
    screen = await open_screen(visit(desk, Role.STAFF), "toconfirm:0")
    assert "asks to be called" in screen.text


@pytest.mark.parametrize("address", ["calldep:0", "summary"])
async def test_the_call_list_and_the_morning_lead_there(desk: Desk, address: str) -> None:
    await desk.store.write(to_call, desk.clock.now())
    screen = await open_screen(visit(desk, Role.STAFF), address)
    assert "To confirm by phone (1)" in labels(screen)
    if address == "summary":
        assert "1 to confirm by phone" in screen.text


async def test_an_outcome_noted_on_the_card_leads_back_to_who_is_next(desk: Desk) -> None:
    await desk.store.write(to_call, desk.clock.now())
    here = visit(desk, Role.STAFF)
    answer = await calling.note(here, [str(APPOINTMENT), "c", "toconfirm", "0"])
    assert answer.toast == "Noted: confirmed."
    assert "Nobody is left to be called." in answer.screen.text
    mine = select(BackfillRow).where(BackfillRow.appointment_id == APPOINTMENT)
    kept = await desk.store.read(lambda session: session.exec(mine).one())
    assert kept.stage is Stage.KEPT


async def test_another_departments_slots_are_not_shown(desk: Desk) -> None:
    await desk.store.write(to_call, desk.clock.now())
    screen = await open_screen(visit(desk, Role.STAFF, DEPARTMENT + 1), "toconfirm:0")
    assert "Nobody is left to be called." in screen.text
    with pytest.raises(Refused):
        await open_screen(visit(desk, Role.ADMIN), "toconfirm:0")


async def test_a_manager_settles_what_silence_means_with_one_press(desk: Desk) -> None:
    here = visit(desk, Role.MANAGER)
    shown = await open_screen(here, f"policy:{DEPARTMENT}:0")
    assert "If the patient stays silent: staff are asked to call" in shown.text
    assert "• Silent: ask staff to call" in labels(shown)
    for what, value in (("silent", "release"), ("hours", "24"), ("remind", "1"), ("offer", "1")):
        answer = await policies.choose(here, [str(DEPARTMENT), what, value, "0"])
        assert answer.toast == "Changed."
    assert "the slot is offered to waiting patients" in answer.screen.text
    assert {"• 24 h", "• Silent: release the slot", "• Offer at once"} <= set(labels(answer.screen))
    assert (await policies.choose(here, [str(DEPARTMENT), "hours", "24", "0"])).toast is None
    settled = await desk.store.read(policy_of, DEPARTMENT)
    assert settled == Policy(24, Silence.RELEASE, reminders=True, automatic=True)


@pytest.mark.parametrize("wish", [("hours", "5"), ("silent", "maybe"), ("remind", "2"), ("x", "1")])
async def test_a_made_up_wish_leads_nowhere(desk: Desk, wish: tuple[str, str]) -> None:
    with pytest.raises(UnknownAddress):
        await policies.choose(visit(desk, Role.MANAGER), [str(DEPARTMENT), *wish, "0"])


async def test_only_managers_of_a_department_settle_its_policy(desk: Desk) -> None:
    for role, places in ((Role.STAFF, ()), (Role.MANAGER, (DEPARTMENT + 1,))):
        with pytest.raises(Refused):
            await policies.choose(visit(desk, role, *places), [str(DEPARTMENT), "hours", "24", "0"])


async def test_what_is_settled_is_audited_and_old_lists_are_renewed(desk: Desk) -> None:
    here = visit(desk, Role.MANAGER)
    before = (await open_screen(here, "pending:0")).version or 0
    await policies.choose(here, [str(DEPARTMENT), "offer", "1", "0"])
    assert ((await open_screen(here, "pending:0")).version or 0) > before
    trail = await open_screen(here, "audit:-:-:-:0")
    assert "changed how authorized slots are followed up" in parse_html(trail.text)[0].replace(
        "\n", " "
    )
