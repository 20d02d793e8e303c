"""Screens: what makes two of them the same, and lines that fit a phone."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session
from telegram.constants import MessageLimit

from bot.demo.server.html_mode import parse_html
from domain.ages import AGE_GROUPS
from domain.monospace import width
from domain.people import Role
from domain.transfers import Kind, State
from handlers import words
from handlers.desk import Desk
from handlers.risk_list import row_lines
from handlers.router import open_screen
from handlers.screens import Screen, button
from storage.risk import RiskRow
from storage.tables import Action
from tests.conftest import MONDAY_MORNING
from tests.handlers.desks import APPOINTMENT, LONG_NAME, visit

SCREEN = Screen("text", [[button("Next ›", "risk:7.-.-:1")]], "risk:7.-.-:0", version=1)

starts = st.integers(0, 60 * 24 * 400).map(
    lambda minutes: MONDAY_MORNING + timedelta(minutes=minutes)
)


def test_a_screen_changes_with_what_a_person_sees_or_presses() -> None:
    assert replace(SCREEN, version=2, department_id=3).digest == SCREEN.digest
    assert replace(SCREEN, text="other").digest != SCREEN.digest
    for other in (button("Next", "risk:7.-.-:1"), button("Next ›", "risk:7.-.-:2")):
        assert replace(SCREEN, buttons=[[other]]).digest != SCREEN.digest


def test_a_screen_without_buttons_has_no_keyboard() -> None:
    assert Screen("text").keyboard is None
    assert SCREEN.keyboard is not None


async def test_a_card_of_many_decisions_fits_a_message_and_shows_what_is_open(desk: Desk) -> None:
    now = desk.clock.now()

    def work(session: Session) -> None:
        for number in range(60):
            action = Action(
                appointment_id=APPOINTMENT,
                kind=Kind.PROACTIVE,
                state=State.DECLINED,
                note="<&>" * 66,
                proposed_by=1,
                proposed_at=now,
                decided_by=1,
                decided_at=now,
                reason=f"reason {number} " + "x" * 180,
            )
            session.add(action)

    await desk.store.write(work)
    screen = await open_screen(visit(desk, Role.MANAGER), f"card:{APPOINTMENT}:-")
    assert len(parse_html(screen.text)[0]) <= MessageLimit.MAX_TEXT_LENGTH
    assert "54 older actions not shown" in screen.text
    assert "Transfer proposed" in screen.text
    assert "reason 59" in screen.text


async def test_a_row_of_the_trail_is_told_in_a_line_with_time_department_and_reference(
    desk: Desk,
) -> None:
    screen = await open_screen(visit(desk, Role.ADMIN), "audit:-:-:-:0")
    told = parse_html(screen.text)[0].splitlines()
    assert told[:3] == ["Audit trail", "everything", "20 entries, 1–8 shown, newest first"]
    where = words.cut(LONG_NAME, 40)
    who = "19 Oct 2025 09:00 Noa <b>"
    assert told[4:8] == [
        f"{who}: something <new> · P-7K3MQD · {where}",
        f"{who} imported a file: some rows, some rejected · P-7K3MQD · {where}",
        f"{who} authorized a batch: 999,999,999 appointments · P-7K3MQD · {where}",
        f"{who} authorized a transfer or call · P-7K3MQD · {where}",
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    department=st.text(min_size=1, max_size=80) | st.text(alphabet="אבגד 漢字é", min_size=30),
    group=st.integers(0, len(AGE_GROUPS) - 1),
    start=starts,
    missed=st.integers(2, 99),
    state=st.none() | st.sampled_from(State),
)
def test_a_row_of_a_list_is_two_lines_of_34_columns_whatever_the_department_is_called(
    desk: Desk, department: str, group: int, start: datetime, missed: int, state: State | None
) -> None:
    row = RiskRow(1, "P-7K3MQD", department, group, start, missed, state)
    lines = row_lines(visit(desk, Role.STAFF), 8, row)
    assert len(lines) == 2
    for line in lines:
        assert width(line) <= words.WIDTH
        assert len(line.splitlines()) == 1
    assert lines[1].endswith(f" · {words.STATES[state]}" if state else AGE_GROUPS[group])
