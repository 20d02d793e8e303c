"""Screens: what makes two of them the same, and lines that fit a phone."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session
from telegram.constants import MessageLimit

from bot.demo.server.html_mode import parse_html
from domain.ages import AGE_GROUPS
from domain.calls import REACHED, CallOutcome
from domain.monospace import width
from domain.people import Member, Role
from domain.statuses import Status
from domain.transfers import Kind, State
from handlers import invitations, people, words
from handlers.call_list import call_row_lines
from handlers.desk import Desk
from handlers.risk_list import list_lines, row_button, row_line
from handlers.router import open_screen
from handlers.screens import Screen, button
from storage.call_lists import CallRow
from storage.calls import CallView
from storage.invitations import InvitationView, Stage
from storage.membership import MemberView
from storage.risk import RiskRow
from storage.tables import Action, Call
from tests.conftest import MONDAY_MORNING
from tests.handlers.desks import APPOINTMENT, CALL_LIST, LONG_NAME, MEMBER, visit
from tests.hmo import HOUSE

SCREEN = Screen("text", [[button("Next ›", "risk:7.-.-:1")]], "risk:7.-.-:0", version=1)

chances = st.integers(0, 999)
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
    assert "56 older actions not shown" in screen.text
    assert "Transfer proposed" in screen.text
    assert "reason 59" in screen.text


async def test_a_card_tells_of_the_last_calls_and_counts_the_others(desk: Desk) -> None:
    now = desk.clock.now()

    def work(session: Session) -> None:
        for number in range(40):
            outcome = CallOutcome.NO_ANSWER if number < 39 else CallOutcome.WRONG_NUMBER
            session.add(Call(appointment_id=APPOINTMENT, member_id=1, outcome=outcome, at=now))

    await desk.store.write(work)
    screen = await open_screen(visit(desk, Role.STAFF), f"card:{APPOINTMENT}:-")
    assert "35 older calls not shown" in screen.text
    assert screen.text.count("No answer 08:00 by Noa &lt;b&gt;") == 5
    assert "Wrong number 08:00 by Noa" in screen.text
    assert "Phone number: look up <code>P-7K3MQD</code> in the HMO's own system" in screen.text
    assert (
        "Phone number"
        not in (await open_screen(visit(desk, Role.ADMIN), f"card:{APPOINTMENT}:-")).text
    )


async def test_outcomes_of_a_call_stand_first_on_a_card_that_came_from_a_call_list(
    desk: Desk,
) -> None:
    here = visit(desk, Role.STAFF)
    for back, first in (("risk:7.-.-:0", "Propose call"), (f"calls:{CALL_LIST}:0", "Confirmed")):
        screen = await open_screen(here, f"card:{APPOINTMENT}:{back}")
        assert screen.buttons[0][0].text == first


async def test_who_undid_a_call_is_named_as_far_as_that_is_known(desk: Desk) -> None:
    now = desk.clock.now()

    def work(session: Session) -> None:
        for outcome, by, minutes, undone in (
            (CallOutcome.WRONG_NUMBER, 1, -30, -25),
            (CallOutcome.CANCELS, 1, -30, 0),
            (CallOutcome.CONFIRMED, MEMBER, 0, None),
        ):
            call = Call(appointment_id=APPOINTMENT, member_id=by, outcome=outcome, at=now)
            call.at += timedelta(minutes=minutes)
            call.undone_at = None if undone is None else now + timedelta(minutes=undone)
            session.add(call)
            session.flush()

    await desk.store.write(work)
    told = (await open_screen(visit(desk, Role.STAFF), f"card:{APPOINTMENT}:-")).text
    assert "Wrong number 07:30 by Noa &lt;b&gt;, undone 07:35 by Noa &lt;b&gt;\n" in told
    assert "Cancels 07:30 by Noa &lt;b&gt;, undone 08:00 by Gastroenterology" in told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(1, 9_999),
    missed=st.integers(2, 99),
    chance=chances,
    start=starts,
    outcome=st.none() | st.sampled_from(CallOutcome),
    at=starts,
    name=st.text(min_size=1, max_size=60),
    is_next=st.booleans(),
)
def test_a_row_of_a_call_list_is_at_most_two_lines_of_34_columns_whoever_called(
    desk: Desk,
    *,
    place: int,
    missed: int,
    chance: int,
    start: datetime,
    outcome: CallOutcome | None,
    at: datetime,
    name: str,
    is_next: bool,
) -> None:
    last = CallView(1, 1, outcome, at, name, 1, None, decided=False) if outcome else None
    reached, tried = outcome in REACHED, outcome is not None and outcome not in REACHED
    row = CallRow(
        place,
        1,
        "P-7K3MQD",
        start,
        missed,
        Status.BOOKED,
        reached,
        tried,
        last,
        chance / 1000 or None,
    )
    lines = call_row_lines(visit(desk, Role.STAFF), row, (place, 1) if is_next else None)
    assert len(lines) == (2 if outcome else 1)
    for line in lines:
        assert width(line) <= words.WIDTH
        assert len(line.splitlines()) == 1
    mark = "›" if is_next else "✓" if reached else "○" if tried else "·"
    assert f" {mark} P-7K3MQD" in lines[0]
    if outcome:
        assert f"{words.CALLS[outcome]} " in lines[1]


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
    missed=st.integers(0, 99),
    chance=chances,
    state=st.none() | st.sampled_from(State),
    place=st.integers(1, 9_999_999),
)
def test_a_row_of_a_list_is_two_lines_of_34_columns_whatever_the_department_is_called(
    desk: Desk,
    *,
    department: str,
    group: int,
    start: datetime,
    missed: int,
    chance: int,
    state: State | None,
    place: int,
) -> None:
    row = RiskRow(1, "P-7K3MQD", department, group, start, missed, state, chance)
    lines = list_lines(visit(desk, Role.STAFF), [row], place)
    assert len(lines) == 2
    for line in lines:
        assert width(line) <= words.WIDTH
        assert len(line.splitlines()) == 1
    assert lines[1].endswith(f" · {words.STATES[state]}" if state else AGE_GROUPS[group])
    assert f" {missed}×" in lines[0]
    assert ("%" in lines[0]) == (chance > 0)
    assert f"{start.astimezone(HOUSE.calendar.zone):%d %H:%M}" in lines[0]


def test_a_row_shows_both_marks_and_narrows_before_it_lets_go_of_the_weekday(desk: Desk) -> None:
    here = visit(desk, Role.STAFF)
    row = RiskRow(1, "P-7K3MQD", "Eyes", 1, MONDAY_MORNING, 9, None)
    assert row_line(here, 1, row) == "1 P-7K3MQD  9×  Mon 23 08:00"
    likely = replace(row, thousandths=414, prior_no_shows=0, picked=True)
    assert row_line(here, 1, likely) == "1 P-7K3MQD  0×  41%  Mon 23 08:00"
    assert row_line(here, 101, likely) == "101 P-7K3MQD  0× 41% Mon 23 08:00"
    assert row_line(here, 9_999_999, likely) == "9999999 P-7K3MQD  0× 41% 23 08:00"


def test_no_chance_reads_as_certain() -> None:
    assert [words.chance(value) for value in (0.001, 0.416, 0.999)] == [1, 42, 99]


def test_a_button_names_place_and_reference_as_long_as_four_stand_side_by_side() -> None:
    row = RiskRow(1, "P-7K3MQD", "Eyes", 1, MONDAY_MORNING, 2, None)
    assert [row_button(place, row, "-").text for place in (9, 99, 100)] == [
        "9 7K3MQD",
        "99 7K3MQD",
        "7K3MQD",
    ]


names = st.text(min_size=1, max_size=80) | st.text(alphabet="אבגד 漢字é", min_size=30)


@given(
    name=names,
    department=names,
    role=st.sampled_from(Role),
    suspended=st.booleans(),
    reachable=st.booleans(),
)
def test_a_member_is_two_lines_of_34_columns_whatever_they_are_called(
    name: str, department: str, role: Role, suspended: bool, reachable: bool
) -> None:
    member = Member(1, 1, 1, name, role, frozenset({1, 2}))
    row = MemberView(member, suspended, reachable, MONDAY_MORNING)
    lines = people.row_lines(8, row, {1: department, 2: "Eyes"})
    assert len(lines) == 2
    for line in lines:
        assert width(line) <= words.WIDTH
        assert len(line.splitlines()) == 1
    mark = "suspended" if suspended else "unreachable"
    assert lines[1].endswith(f" · {mark}") == (suspended or not reachable)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names, department=names, role=st.sampled_from(Role))
def test_an_open_invitation_is_three_lines_of_34_columns(
    desk: Desk, name: str, department: str, role: Role
) -> None:
    now = MONDAY_MORNING
    places = (department, "Eyes")
    found = InvitationView(1, role, places, Stage.OPEN, now, name, now, None, None)
    lines = invitations.row_lines(visit(desk, Role.ADMIN), 6, found)
    assert len(lines) == 3
    assert all(line.startswith("  ") for line in lines[1:])
    for line in lines:
        assert width(line) <= words.WIDTH
        assert len(line.splitlines()) == 1
