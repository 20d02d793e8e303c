"""`/waitlist`: a line for each department, then for each urgency."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import HandClock
from domain.monospace import width
from domain.people import Refused, Role
from handlers import words
from handlers.router import open_screen
from handlers.screens import Screen, Visit
from handlers.waitlist import queue_line
from storage.store import Store
from storage.waitlist import Queue
from tests.conftest import MONDAY_MORNING
from tests.handlers.desks import desk_at
from tests.hmo import join, load

HEADER = "waiting_id,patient_id,department,urgency,since"


@pytest.fixture
def noa(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> Iterator[Visit]:
    member = join(sqlite_store, Role.MANAGER, 1, "Noa", clock.now())
    with desk_at(sqlite_store, clock, tmp_path) as desk:
        yield Visit(desk, member)


def fill(noa: Visit) -> None:
    """Two wait in Eyes, one of them for too long; five in Ears, none for too long."""
    now = noa.desk.clock.now()
    rows = [("Eyes", 5, 20), ("Eyes", 1, 40), *[("Ears & <more>", 2, 10 + n) for n in range(5)]]
    lines = [
        f"W{number},P{number},{name},{urgency},{(now - timedelta(days=days)).isoformat()}"
        for number, (name, urgency, days) in enumerate(rows)
    ]
    load(noa.desk.store, HEADER, lines, now)


def block(screen: Screen) -> list[str]:
    return screen.text.split("<pre>")[1].split("</pre>")[0].splitlines()


async def test_an_empty_list_says_what_would_fill_it(noa: Visit) -> None:
    screen = await open_screen(noa, "waitlist:-:0")
    assert "Nobody waits here.\nA waitlist file fills this: waiting_id" in screen.text
    assert [row[0].text for row in screen.buttons] == ["Department", "Refresh"]


async def test_departments_stand_in_lines_those_with_most_late_first(noa: Visit) -> None:
    fill(noa)
    screen = await open_screen(noa, "waitlist:-:7")
    assert screen.text.startswith(
        "<b>Waitlist</b>\nAll departments\n7 patients waiting, 1 of them late\n"
        "Longest wait 40 days, since Wed 14 Oct 2026\n\n2 departments, most late first"
    )
    assert block(screen) == [
        "              waiting late longest",
        "Eyes                2    1    40 d",
        "Ears &amp; &lt;more&gt;       5    0    14 d",
    ]
    assert screen.address == "waitlist:-:0"


async def test_a_department_is_told_by_urgency_with_the_days_it_allows(noa: Visit) -> None:
    fill(noa)
    chooser = await open_screen(noa, "waitlistdep:0")
    assert [row[0].text for row in chooser.buttons] == [
        "All departments", "Ears & <more>", "Eyes", "‹ Waitlist",
    ]  # fmt: skip
    screen = await open_screen(noa, str(chooser.buttons[2][0].callback_data))
    assert screen.text.startswith("<b>Waitlist</b>\nEyes\n2 patients waiting, 1 of them late")
    assert block(screen)[1:] == [
        "Urgency 5 (2)       1    1    20 d",
        "Urgency 1 (60)      1    0    40 d",
    ]
    labels = [button.text for row in screen.buttons for button in row]
    assert labels == ["‹ Back", "Department", "Capacity", "Refresh"]


async def test_who_is_limited_to_a_department_sees_that_one_alone(noa: Visit) -> None:
    fill(noa)
    store, now = noa.desk.store, noa.desk.clock.now()
    avi = Visit(noa.desk, join(store, Role.STAFF, 2, "Avi", now, ("Eyes",)))
    screen = await open_screen(avi, "waitlist:-:0")
    assert "Your departments\n2 patients waiting" in screen.text
    assert "Ears" not in screen.text
    (eyes,) = avi.member.departments
    for word in ("waitlist", "availability"):
        with pytest.raises(Refused):
            await open_screen(avi, f"{word}:{eyes % 2 + 1}:0")


@given(
    name=st.text(min_size=1, max_size=80),
    waiting=st.integers(1, 9_999_999),
    late=st.integers(0, 9_999_999),
    days=st.integers(0, 9_999),
)
def test_a_line_has_34_columns_whatever_stands_in_it(
    name: str, waiting: int, late: int, days: int
) -> None:
    since = MONDAY_MORNING - timedelta(days=days)
    line = queue_line(name, Queue(1, name, 1, waiting, late, since), MONDAY_MORNING)
    assert width(line) == words.WIDTH
    assert len(line.splitlines()) == 1
