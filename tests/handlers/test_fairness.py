"""`/fairness`: a line for each group, and none that tells of a few."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.monospace import width
from domain.people import Role
from handlers import words
from handlers.desk import Desk
from handlers.router import open_screen
from handlers.screens import Visit
from storage.store import Store
from storage.tables import Appointment
from tests.handlers.desks import desk_at
from tests.hmo import Hmo, join


@pytest.fixture
def noa(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> Iterator[Visit]:
    """Visits of 25, 45 and 85 year olds, 200 each, of which each fifth was missed; 10 of 70."""
    hmo = Hmo(clock.now())
    for number in range(610):
        age = (25, 45, 85)[number % 3] if number < 600 else 70
        hmo.visit(
            f"p{number}", -2 - number % 60, ("noshow", *["fulfilled"] * 4)[number % 5], age=age
        )
    hmo.load(sqlite_store)
    member = join(sqlite_store, Role.MANAGER, 1, "Noa", clock.now())
    with desk_at(sqlite_store, clock, tmp_path) as desk:
        yield Visit(replace(desk, audit_groups=("Aid <x>",)), member)


def single_out(desk: Desk, age: int, first: int) -> None:
    """Give everybody a chance, and single out the first so many of an age."""

    def work(session: Session) -> None:
        session.execute(update(Appointment).values(chance=200))
        some = select(col(Appointment.id)).where(col(Appointment.age) == age).limit(first)
        session.execute(
            update(Appointment).where(col(Appointment.id).in_(some)).values(picked=True)
        )

    desk.store.write_now(work)


async def shown(noa: Visit, by: str) -> tuple[str, list[str]]:
    screen = await open_screen(noa, f"fairness:{by}")
    return screen.text, screen.text.split("<pre>")[1].split("</pre>")[0].splitlines()


async def test_before_there_are_chances_it_says_what_would_fill_it(noa: Visit) -> None:
    screen = await open_screen(noa, "fairness:sex")
    assert "No group has 30 past appointments with a chance yet" in screen.text
    assert [button.text for button in screen.buttons[0]] == ["• Sex", "Age", "Aid <x>"]


async def test_groups_are_told_in_lines_of_34_columns_and_who_is_out_of_band(noa: Visit) -> None:
    for age, first in ((25, 40), (45, 20), (85, 20)):
        single_out(noa.desk, age, first)
    text, lines = await shown(noa, "age")
    assert [line.split()[0] for line in lines] == ["%", "18–29", "40–49", "80+"]
    assert all(width(line) == words.WIDTH for line in lines)
    assert [line.split()[1] for line in lines[1:]] == ["20.0", "10.0", "10.0"]
    assert "1 group of fewer than 30 appointments left out" in text
    # The ten who are left out could be reckoned from how far others are off.
    assert "Outside 0.8–1.25 times all others:\n18–29: selected more" in text
    assert " ×" not in text.split("</pre>")[1]


async def test_by_a_column_of_the_feed_what_nobody_gave_is_unknown(noa: Visit) -> None:
    single_out(noa.desk, 25, 40)
    text, lines = await shown(noa, "0")
    assert text.startswith("<b>Fairness · by Aid &lt;x&gt;</b>")
    assert lines[1].split()[:2] == ["unknown", "6.6"]
    assert "No group shown is outside" in text


async def test_of_a_group_with_few_selected_no_share_is_told(noa: Visit) -> None:
    single_out(noa.desk, 25, 40)
    single_out(noa.desk, 45, 7)
    text, lines = await shown(noa, "age")
    assert lines[2].split() == ["40–49", "·", "·", "·"]
    assert "3.5" not in text
    assert "· fewer than 11 selected" in text
    assert "40–49: " not in text


async def test_with_nothing_to_hide_it_is_told_how_far_a_group_is_off(noa: Visit) -> None:
    def grow(session: Session) -> None:
        session.execute(update(Appointment).where(col(Appointment.age) == 70).values(age_group=1))

    noa.desk.store.write_now(grow)
    for age, first in ((25, 84), (45, 20), (85, 20)):
        single_out(noa.desk, age, first)
    text, _ = await shown(noa, "age")
    assert "18–29: selected 4.00 ×" in text
