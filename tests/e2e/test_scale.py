"""100 departments with long names and 61,000 high-risk appointments: all of it reads well."""

import re
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from bot.demo.server import Phone
from domain.ages import AGE_GROUPS, UNKNOWN_AGE
from domain.clock import HandClock
from domain.monospace import width
from domain.people import Role
from domain.statuses import Status
from domain.transfers import Kind, State
from storage import counters, invitations
from storage.migrate import upgrade
from storage.store import Store
from storage.tables import Action, Appointment, DailyCount, Department, Patient
from tests.conftest import MONDAY_MORNING
from tests.e2e.town import Message, Town, all_labels, body, labels, town
from tests.hmo import HOUSE, Hmo

WIDTH = 34
ROWS = 61_000
DEPARTMENTS = 100
NAMES = [
    f"Gastroenterology & <Hepatology> of the Northern District, Outpatient Clinic No. {number:03}"
    if number % 2
    else f"מרפאת חוץ לגסטרואנטרולוגיה ומחלות כבד במחוז הצפון, סניף מספר {number:03}"
    for number in range(DEPARTMENTS)
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database, made once and copied for each test."""
    path = tmp_path_factory.mktemp("city") / "filled.db"
    store = Store(f"sqlite:///{path}")
    upgrade(store)
    store.write_now(fill)
    store.close()
    return path


@pytest.fixture
async def city(
    tmp_path: Path, clock: HandClock, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    shutil.copy(filled, tmp_path / "town.db")
    hmo = Hmo(clock.now())
    hmo.visit("one more", 40)
    async with town(tmp_path, clock, hmo) as found:
        with structlog.testing.capture_logs() as logs:
            async with found.bot_at_work():
                await found.everybody_joins()
                yield found
        assert [entry for entry in logs if entry["log_level"] == "error"] == []
        assert [call for call in found.server.calls() if call.code == 400] == []


def fill(session: Session) -> None:
    """Rows as an import leaves them, put in by sets."""
    known = 100
    add(session, Department, [{"id": known + n, "name": name} for n, name in enumerate(NAMES)])
    rows = range(ROWS)
    patients = [{"id": known + n, "external_id": f"p{n}", "reference": f"P-{n:06}"} for n in rows]
    add(session, Patient, patients)
    starts = [MONDAY_MORNING + timedelta(minutes=30 + n * 40 % (28 * 1440)) for n in rows]
    days = [HOUSE.calendar.day_of(start) for start in starts]
    groups = [n % len(AGE_GROUPS) for n in rows]
    appointments = [
        {
            "id": known + n,
            "external_id": f"a{n}",
            "patient_id": known + n,
            "department_id": known + n % DEPARTMENTS,
            "start": starts[n],
            "day": days[n],
            "status": Status.BOOKED,
            "age_group": groups[n],
            "prior_no_shows": 2 + n % 17,
            "action_state": State.PROPOSED if n < 500 else None,
        }
        for n in rows
    ]
    add(session, Appointment, appointments)
    proposals = [
        {
            "appointment_id": known + n,
            "kind": Kind.TRANSFER,
            "state": State.PROPOSED,
            "note": "she <did not> answer, " * 9,
            "proposed_at": MONDAY_MORNING,
        }
        for n in range(500)
    ]
    add(session, Action, proposals)
    counts: dict[tuple[object, ...], int] = {}
    for n in rows:
        cell = (days[n], known + n % DEPARTMENTS, groups[n])
        counts[cell] = counts.get(cell, 0) + 1
    cells = [
        {"day": day, "department_id": key, "age_group": group, "scheduled": number}
        for (day, key, group), number in counts.items()
    ]
    add(session, DailyCount, cells)
    yesterday = HOUSE.calendar.day_of(MONDAY_MORNING) - timedelta(days=1)
    outcomes = [
        {
            "day": yesterday,
            "department_id": known + n,
            "age_group": group,
            "scheduled": 40,
            "attended": 40 - n % 39,
            "no_shows": n % 39,
        }
        for n in range(DEPARTMENTS)
        for group in range(UNKNOWN_AGE)
    ]
    add(session, DailyCount, outcomes)


def add(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> None:
    session.execute(insert(table), [dict(row) for row in rows])


async def test_the_list_reads_well_from_its_first_page_to_its_last(city: Town) -> None:
    noa = city.noa
    await noa.says("/risk 30")
    first = await noa.sees("61,000 appointments, 1–8 shown")
    assert "Efficiency Gain 0.00 % (0 ÷ 61,000)" in body(first)
    assert "Authorize Risk Transfer (61,000)" in all_labels(first)
    reads_well(first)
    await noa.presses(first, "1 / 7,625")
    last = await noa.sees("60,993–61,000 shown")
    reads_well(last)
    assert "Next ›" not in all_labels(last)
    await noa.presses(last, "‹ Back")
    await noa.sees("60,985–60,992 shown")
    await noa.presses(last, all_labels(last)[0])
    reads_well(await noa.sees("No earlier visit with a known outcome"))


async def test_every_page_of_departments_and_ages_can_be_chosen_from(city: Town) -> None:
    dana = city.dana
    await dana.says("/risk 30")
    message = await dana.sees("High-risk")
    await dana.presses(message, "Department")
    page = await dana.sees("100 departments with high-risk appointments")
    chosen = await all_pages(dana, page)
    assert len([label for label in chosen if label.endswith("· 610")]) == DEPARTMENTS
    await dana.presses(message, "Age")
    ages = await dana.sees("Choose an age group")
    reads_well(ages)
    assert sum(numbers(all_labels(ages)[1:])) == ROWS


async def test_the_figure_of_every_department_stands_on_some_page(city: Town) -> None:
    await city.dana.says("/efficiency")
    page = await city.dana.sees("100 departments, highest Efficiency Gain first")
    reads_well(page)
    await all_pages(city.dana, page)


async def test_what_waits_is_told_page_by_page(city: Town) -> None:
    await city.noa.says("/pending")
    page = await city.noa.sees("500 proposals waiting")
    reads_well(page)
    await city.noa.presses(page, "1 / 84")
    reads_well(await city.noa.sees("499–500 shown"))
    await city.noa.says("/summary")
    reads_well(await city.noa.sees("500 proposals wait for you"))


async def test_the_heatmap_comes_as_text_of_one_message(city: Town) -> None:
    await city.dana.says("/heatmap")
    message = await city.dana.sees("As text, because")
    reads_well(message)
    await city.dana.presses(message, "Department")
    await all_pages(city.dana, await city.dana.sees("Choose a department"))


async def test_a_name_that_fits_many_departments_asks_which(city: Town) -> None:
    await city.dana.says("/risk gastro")
    message = await city.dana.sees("50 departments match")
    reads_well(message)
    assert len(labels(message)) == 20
    await city.dana.presses(message, all_labels(message)[3])
    await city.dana.sees("High-risk")


async def test_a_member_of_a_hundred_departments_is_welcomed(city: Town) -> None:
    code = city.store.write_now(invitations.invite, Role.STAFF, NAMES, city.clock.now())
    await city.stranger.says(f"/start {code}")
    await city.stranger.sees("Welcome")
    await city.stranger.says("/risk 30")
    reads_well(await city.stranger.sees("61,000 appointments"))


async def test_61000_are_authorised_by_one_press_and_taken_back_by_another(city: Town) -> None:
    noa = city.noa
    await noa.says("/risk 30")
    message = await noa.sees("High-risk")
    await noa.presses(message, "Authorize Risk Transfer (61,000)")
    asked = await noa.sees("in 100 departments")
    reads_well(asked)
    await noa.presses(asked, "Confirm 61,000")
    done = await noa.sees("61,000 appointments authorized")
    reads_well(done)
    assert "Efficiency Gain 100.00 % (61,000 ÷ 61,000)" in body(done)
    await noa.presses(done, "Undo")
    await noa.sees("Undone")
    assert verified(city.store) == []


async def all_pages(phone: Phone, page: Message) -> list[str]:
    """Turn to the last page; the labels of all of them."""
    found: list[str] = []
    number = 1
    while True:
        reads_well(page)
        found += all_labels(page)
        if "Next ›" not in all_labels(page):
            return found
        await phone.presses(page, "Next ›")
        number += 1
        page = await phone.sees(lambda m: any(f"{number} / " in label for label in all_labels(m)))  # noqa: B023


def reads_well(message: Message) -> None:
    """Monospaced lines fit a phone, a message fits Telegram, a label fits a button."""
    text = body(message)
    assert len(text) <= 4096
    encoded = text.encode("utf-16-le")
    for entity in message.get("entities", []):
        if entity["type"] == "pre":
            start, length = 2 * entity["offset"], 2 * entity["length"]
            block = encoded[start : start + length].decode("utf-16-le")
            assert [line for line in block.splitlines() if width(line) > WIDTH] == []
    for row in labels(message):
        assert 1 <= len(row) <= 8
        assert all(0 < width(label) <= 60 for label in row), row


def numbers(texts: list[str]) -> list[int]:
    """The counts at the ends of labels."""
    found = [re.search(r"· ([\d,]+)$", text) for text in texts]
    return [int(match[1].replace(",", "")) for match in found if match]


def verified(store: Store) -> list[str]:
    """What does not agree of the actions; the rest was put in without its history."""
    return [str(item) for item in store.read_now(counters.verify) if item.what == "action_state"]
