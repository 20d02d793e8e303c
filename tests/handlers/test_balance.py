"""`/balance`: shown without sending anything, confirmed by what was shown, sent once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col
from telegram.constants import MessageLimit

from bot.demo.server.html_mode import parse_html
from bot.demo.server.utf16 import units
from domain.balance.outcome import Change
from domain.clock import HandClock
from domain.monospace import width
from domain.notices import Manners, NoticeKind, Unsaid
from domain.people import Member, Refused, Role
from domain.waiting import WaitState
from handlers import words
from handlers.addresses import UnknownAddress
from handlers.balance_figures import (
    changed_lines,
    department_line,
    picture_rows,
    unasked_line,
)
from handlers.balance_view import Shown
from handlers.router import ACTS, open_screen
from handlers.screens import Answer, Screen, Visit
from storage.store import Store
from storage.tables import Department, Notice, Patient, Waiting
from tests.handlers.desks import LONG_NAME, desk_at
from tests.handlers.test_mornings import Painter
from tests.hmo import join
from tests.storage.offering import Clinic, a_small_clinic


@dataclass
class Office:
    """A clinic with free slots, and its manager at the desk."""

    clinic: Clinic
    noa: Visit

    def as_(self, member: Member) -> Visit:
        return replace(self.noa, member=member)


@pytest.fixture
def office(
    sqlite_store: Store, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    clinic = a_small_clinic(sqlite_store, clock)
    with desk_at(sqlite_store, clock, tmp_path) as desk:
        yield Office(clinic, Visit(desk, clinic.noa))


def data(screen: Screen) -> dict[str, str]:
    return {each.text: str(each.callback_data) for row in screen.buttons for each in row}


async def press(here: Visit, address: str) -> Answer:
    word, *arguments = address.split(":")
    return await ACTS[word](here, arguments)


async def test_without_a_free_slot_it_says_what_would_fill_it(office: Office) -> None:
    screen = await open_screen(office.noa, "balance:-:0")
    assert "No slot is free to be offered now" in screen.text
    assert "transfer is authorized and its patient gives it back" in screen.text
    buttons = data(screen)
    assert {"Risk list", "Proposals", "To confirm by phone", "Refresh"} <= buttons.keys()
    assert not any(label.startswith("Confirm") for label in buttons)


async def test_without_a_provider_each_screen_says_that_nothing_goes_out(office: Office) -> None:
    said = "No provider of SMS or e-mail is set: offers and reminders go nowhere"
    addresses = ["balance:-:0", "balanceslots:-:0:0", "policy:1:0", "trial"]
    for address in addresses:
        assert said not in (await open_screen(office.noa, address)).text
    office.noa.desk.house = replace(office.noa.desk.house, manners=Manners())
    assert said in (await open_screen(office.noa, "balance:-:0")).text  # no slot is free
    office.clinic.given_back("p1")
    office.clinic.waits("a")
    for address in addresses:
        text = (await open_screen(office.noa, address)).text
        assert said in text
        assert "suits anybody" not in text


async def test_the_plan_is_told_in_figures_by_department_and_by_slot(office: Office) -> None:
    clinic = office.clinic
    clinic.given_back("p1")
    clinic.given_back("d1")
    clinic.waits("late", urgency=4)
    place = clinic.waits("no consent")
    clinic.change(Patient, clinic.all(_patient_of(place))[0], consent=None)
    screen = await open_screen(office.noa, "balance:-:0")
    text = parse_html(screen.text)[0]
    assert text.startswith(
        "Balance · All departments\n2 free slots, 1 with a proposal\nOffers to 1 patient\n"
        "Idle hours 0.7 → 0.6, as expected\n"
    )
    assert "Cannot be asked: 1 did not agree to be written to\nAs of Mon 23 Nov 08:00\n" in text
    assert "Cardiology           1     0.3→0.3" in text
    assert "As text, because" in text
    assert all(width(line) <= words.WIDTH for line in block(screen))
    buttons = data(screen)
    listed = await open_screen(office.noa, buttons["Slots (2)"])
    (late,) = clinic.all(select(col(Patient.reference)).where(col(Patient.external_id) == "late"))
    assert block(listed) == [
        "Fri 27 08:00 Cardiology         8%",
        f"→ {late} urgency 4 waits 10 d",
        "Fri 27 08:00 Dermatology",
        "→ suits nobody who can be asked",
    ]
    assert data(listed)["Confirm 1"] == buttons["Confirm 1"]
    assert clinic.told(NoticeKind.OFFER) == []
    left = await open_screen(office.noa, buttons["Cancel"])
    assert left.text == "Nothing was sent. The slots stay free."


async def test_confirmed_it_is_sent_once_and_tells_until_when_and_who_was_not_reached(
    office: Office,
) -> None:
    clinic = office.clinic
    clinic.given_back("p1")
    clinic.waits("a", urgency=5)
    clinic.waits("b")
    confirm = data(await open_screen(office.noa, "balance:-:0"))["Confirm 2"]
    sent = await press(office.noa, confirm)
    assert sent.toast == "Sent 2 offers."
    assert "2 offers for 1 slot, 08:00 by Noa\nThey hold until 20:00 at the latest\n2 open" in (
        sent.screen.text
    )
    again = await press(
        office.as_(join(clinic.store, Role.MANAGER, 9, "Ed", clinic.clock.now())), confirm
    )
    assert again.toast == "Nothing was sent again: this plan was sent before."
    assert again.screen.text == sent.screen.text
    assert sorted(clinic.told(NoticeKind.OFFER)) == ["a", "b"]
    empty = await open_screen(office.noa, "balance:-:0")
    assert "1 slot being offered at the moment" in empty.text

    notice = clinic.all(_first_notice())[0]
    clinic.fails(notice)
    told = await open_screen(office.noa, sent.screen.address)
    assert "1 open, 1 withdrawn\nCould not be reached: P-a" in told.text
    assert told.version is not None


async def test_a_plan_that_is_another_by_now_is_shown_anew_and_not_sent(office: Office) -> None:
    clinic = office.clinic
    clinic.given_back("p1")
    first = clinic.waits("a", urgency=5)
    clinic.waits("b")
    confirm = data(await open_screen(office.noa, "balance:-:0"))["Confirm 2"]
    clinic.change(Waiting, first, state=WaitState.WITHDRAWN)
    answer = await press(office.noa, confirm)
    assert answer.toast == "Nothing was sent."
    assert answer.screen.text.startswith(
        "Nothing was sent, since the plan has changed: patients 2 → 1.\n\n<b>Balance"
    )
    assert clinic.told(NoticeKind.OFFER) == []
    by_now = data(answer.screen)["Confirm 1"]
    clinic.change(Waiting, clinic.waits("c", urgency=5), since=clinic.clock.now())
    clinic.change(Waiting, clinic.all(_place_of("b"))[0], state=WaitState.WITHDRAWN)
    swapped = await press(office.noa, by_now)
    assert "as many as before, but other slots or patients" in swapped.screen.text
    assert (await press(office.noa, data(swapped.screen)["Confirm 1"])).toast == "Sent 1 offer."


async def test_a_cap_is_asked_for_and_sent_with_the_plan(office: Office) -> None:
    office.clinic.given_back("p1")
    for number in range(12):
        office.clinic.waits(f"w{number}")
    free = await open_screen(office.noa, "balance:-:0")
    assert "Longest mean wait: age unknown" in free.text
    capped = await open_screen(office.noa, data(free)["Cap 30 d"])
    assert "Cap 30 days: kept, at no cost" in capped.text
    assert "• Cap 30 d" in data(capped)
    confirm = next(it for label, it in data(capped).items() if label.startswith("Confirm"))
    assert confirm.startswith("sendplan:-:30:")
    assert (await press(office.noa, confirm)).toast == "Sent 12 offers."


async def test_only_managers_of_the_departments_look_and_send(office: Office) -> None:
    clinic = office.clinic
    clinic.given_back("p1")
    clinic.waits("a")
    screen = await open_screen(office.noa, "balance:1:0")
    sent = await press(office.noa, data(screen)["Confirm 1"])
    now = clinic.clock.now()
    limited = office.as_(join(clinic.store, Role.MANAGER, 7, "Avi", now, ("Dermatology",)))
    staff = office.as_(join(clinic.store, Role.STAFF, 8, "Dana", now))
    pages = ("balance:1:0", "balanceslots:1:0:0", "advice:1", sent.screen.address)
    for address in pages:
        for visitor in (limited, staff):
            with pytest.raises(Refused):
                await open_screen(visitor, address)
    for visitor in (limited, staff):
        with pytest.raises(Refused):
            await press(visitor, data(screen)["Confirm 1"])
    own = await open_screen(limited, "balance:-:0")
    assert "No slot is free" in own.text
    for made_up in ("balance:-:45", "sendplan:-:0:xyz:1.1.1", "sendplan:-:0:abc:1.1"):
        with pytest.raises(UnknownAddress):
            await press(office.noa, made_up) if made_up.startswith("send") else await open_screen(
                office.noa, made_up
            )


async def test_under_a_picture_the_longest_texts_fit_a_caption(office: Office) -> None:
    clinic = office.clinic
    clinic.change(Department, 1, name=LONG_NAME)
    for patient in ("p1", "p2", "p3"):
        clinic.given_back(patient)
    for number in range(11):
        clinic.waits(f"w{number}", department=LONG_NAME)
    painted = replace(office.noa, desk=replace(office.noa.desk, pictures=Painter()))
    seen, listed = [
        await open_screen(painted, address) for address in ("balance:1:30", "balanceslots:1:0:0")
    ]
    assert seen.picture is not None
    shown = Shown("0" * 12, 9_999, 9_999, 99_999)
    spare = [
        *changed_lines(shown, replace(shown, slots=1_000, proposals=1_000, offers=10_000)),
        *unasked_line(dict.fromkeys(set(Unsaid) - {Unsaid.SAID}, 99_999)),
        "Offers go out after quiet hours, Mon 23 Nov 08:00",
        *[" " * words.WIDTH] * 6,
    ]
    for screen, more in ((seen, spare), (listed, [" " * words.WIDTH] * 14)):
        text = parse_html(screen.text)[0]
        assert units("\n".join([text, *more])) <= MessageLimit.CAPTION_LENGTH


hours = st.floats(0, 99_999)


@given(st.text(), st.integers(0, 99_999), hours, hours)
def test_a_department_is_one_line_of_34_columns(
    name: str, slots: int, before: float, after: float
) -> None:
    assert width(department_line(name, slots, Change(before, after))) <= words.WIDTH


def test_a_picture_of_many_departments_has_one_row_for_the_last_of_them() -> None:
    rows = picture_rows([(f"D{number}", Change(2, 1)) for number in range(20)])
    assert len(rows) == 12
    assert rows[-1] == ("9 others", 18, 9)


def block(screen: Screen) -> list[str]:
    return screen.text.split("<pre>")[1].split("</pre>")[0].splitlines()


def _patient_of(place: int) -> Any:
    return select(col(Waiting.patient_id)).where(col(Waiting.id) == place)


def _place_of(patient: str) -> Any:
    known = select(col(Patient.id)).where(col(Patient.external_id) == patient)
    return select(col(Waiting.id)).where(col(Waiting.patient_id).in_(known))


def _first_notice() -> Any:
    wanted = select(col(Notice.id)).where(col(Notice.kind) == NoticeKind.OFFER)
    return wanted.order_by(col(Notice.id)).limit(1)
