"""`/capacity`: how full the sessions are, what is open, and what was used."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import HandClock
from domain.monospace import width
from domain.people import Role
from domain.sessions import Fill, Use
from handlers import words
from handlers.availability import department_line, week_line
from handlers.router import open_screen
from handlers.screens import Screen, Visit
from storage.sessions import DepartmentFill
from storage.store import Store
from tests.conftest import MONDAY_MORNING
from tests.handlers.desks import desk_at
from tests.hmo import Hmo, join, load

HEADER = "clinician,department,start,end"


@pytest.fixture
def noa(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> Iterator[Visit]:
    member = join(sqlite_store, Role.MANAGER, 1, "Noa", clock.now())
    with desk_at(sqlite_store, clock, tmp_path) as desk:
        yield Visit(desk, member)


def fill(noa: Visit) -> None:
    """Tomorrow Eyes has nine slots, two of them taken; a week ago it had three, one attended."""
    now = noa.desk.clock.now()
    hmo = Hmo(now)
    hmo.visit("p1", 1, department="Eyes")
    hmo.visit("p2", 1 + 1 / 72, department="Eyes")
    hmo.visit("p3", -7, "fulfilled", department="Eyes")
    hmo.visit("p4", 2, department="Ears")
    hmo.load(noa.desk.store)
    lines = [
        f"Dr. Eyes,Eyes,{start.isoformat()},{(start + timedelta(hours=hours)).isoformat()}"
        for start, hours in ((now + timedelta(days=1), 3), (now - timedelta(days=7), 1))
    ]
    load(noa.desk.store, HEADER, lines, now)


def block(screen: Screen) -> list[str]:
    return screen.text.split("<pre>")[1].split("</pre>")[0].splitlines()


async def test_without_sessions_it_says_what_would_fill_it(noa: Visit) -> None:
    screen = await open_screen(noa, "availability:-:0")
    assert "No clinician's session is known for these days.\nA file of sessions" in screen.text


async def test_departments_stand_in_lines_with_fill_free_time_and_third_open_slot(
    noa: Visit,
) -> None:
    fill(noa)
    screen = await open_screen(noa, "availability:-:5")
    assert screen.text.startswith(
        "<b>Capacity · 7 days from tomorrow</b>\nAll departments\nFill rate 33.33 % (3 ÷ 9)\n"
        "scheduled ÷ template slots\n6 free slots, 2.0 hours\n"
    )
    assert block(screen) == [
        "                fill  free h third",
        "Eyes             22%     2.3   1 d",
        "Ears               –     0.0     –",
    ]


async def test_a_department_is_told_with_its_weeks(noa: Visit) -> None:
    fill(noa)
    chooser = await open_screen(noa, "availabilitydep:0")
    screen = await open_screen(noa, str(chooser.buttons[2][0].callback_data))
    assert "\nEyes\nFill rate 22.22 % (2 ÷ 9)\n" in screen.text
    # Two are taken, so the third open one is the fifth: 08:00 and 80 minutes.
    assert "Third next available in 1 day: Tue 24 Nov 09:20" in screen.text
    assert "Utilisation 33.33 % (0.3 ÷ 1.0 hours)" in screen.text
    assert block(screen) == [
        "week from       fill  used    of h",
        "Mon 26 Oct         –     –       0",
        "Mon 02 Nov         –     –       0",
        "Mon 09 Nov         –     –       0",
        "Mon 16 Nov       33%   33%       1",
    ]
    labels = [button.text for row in screen.buttons for button in row]
    assert labels == ["‹ Back", "Department", "Waitlist", "Refresh"]


@given(
    name=st.text(min_size=1, max_size=80),
    scheduled=st.integers(0, 999_999),
    slots=st.integers(0, 999_999),
    days=st.none() | st.integers(0, 91),
)
def test_lines_have_34_columns_whatever_stands_in_them(
    name: str, scheduled: int, slots: int, days: int | None
) -> None:
    figure = Fill(scheduled, slots, slots * 20)
    today = MONDAY_MORNING.date()
    third = None if days is None else today + timedelta(days=days)
    lines = [
        department_line(DepartmentFill(1, name, figure), third, today),
        week_line(today, figure, Use(scheduled * 20, slots * 20)),
    ]
    assert [width(line) for line in lines] == [words.WIDTH] * 2
