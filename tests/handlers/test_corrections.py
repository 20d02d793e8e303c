"""What a wrong record looks like, with the longest numbers and names."""

import re

import pytest
from sqlmodel import Session

from bot.demo.server.html_mode import parse_html
from domain.corrections import Excuse
from domain.monospace import width
from domain.people import Refused, Role
from domain.statuses import Status
from handlers import corrected, corrections, words
from handlers.addresses import UnknownAddress
from handlers.desk import Desk
from handlers.router import open_screen
from handlers.screens import Screen
from storage.tables import Appointment, MemberRow, Patient
from tests.handlers.desks import APPOINTMENT, DEPARTMENT, EXCUSED, MISSED, visit

PLACE = f"0:{APPOINTMENT}:risk:7.-.-:0"


@pytest.mark.parametrize("address", [f"wrong:{PLACE}", "corrections:30:0", "corrections:365:0"])
async def test_a_line_of_a_list_fits_a_phone_whatever_people_and_departments_are_called(
    desk: Desk, address: str
) -> None:
    def rename(session: Session) -> None:
        session.get_one(MemberRow, 1).name = "名前 & <b>" * 12

    await desk.store.write(rename)
    screen = await open_screen(visit(desk, Role.MANAGER), address)
    lines = block(screen)
    assert lines
    assert max(map(width, lines)) <= words.WIDTH


async def test_a_list_tells_which_records_are_excused_and_opens_each(desk: Desk) -> None:
    screen = await open_screen(visit(desk, Role.STAFF), f"wrong:{PLACE}")
    said = said_by(screen)
    assert said.startswith("Wrong record · P-7K3MQD\n2 recorded no-shows, 1–2 shown, latest first")
    assert re.search(
        r"1 Sun 15 Nov 2026 08:00 · excused\n  Gastro.*…\n  administrative error", said
    )
    assert "2 Sun 15 Nov 2026 08:00\n" in said
    targets = [str(button.callback_data) for button in screen.buttons[0]]
    assert targets == [f"record:{EXCUSED}:{PLACE}", f"record:{MISSED}:{PLACE}"]


async def test_a_list_beyond_its_end_shows_its_last_page(desk: Desk) -> None:
    screen = await open_screen(visit(desk, Role.STAFF), f"wrong:7:{APPOINTMENT}:-")
    assert screen.address == f"wrong:0:{APPOINTMENT}:-"
    report = await open_screen(visit(desk, Role.MANAGER), "corrections:90:999")
    assert report.address == "corrections:90:0"


async def test_each_reason_is_a_button_and_an_excused_record_offers_undo(desk: Desk) -> None:
    here = visit(desk, Role.STAFF)
    asked = await open_screen(here, f"record:{MISSED}:{PLACE}")
    assert [[button.text for button in row] for row in asked.buttons] == [
        ["Administrative error", "Late cancellation"],
        ["Came late", "Other"],
        ["‹ Back", "Open the card"],
    ]
    assert set(corrections.LETTERS) == set(Excuse)
    excused = await open_screen(here, f"record:{EXCUSED}:{PLACE}")
    assert [[button.text for button in row] for row in excused.buttons] == [
        ["Undo"],
        ["‹ Back", "Open the card"],
    ]
    assert "by Noa <b>: administrative error" in said_by(excused)
    assert "P-7K3MQD now has 99 earlier no-shows: still high-risk" in said_by(excused)


async def test_a_record_that_is_no_longer_a_no_show_offers_only_the_way_back(desk: Desk) -> None:
    await desk.store.write(came, MISSED)
    screen = await open_screen(visit(desk, Role.STAFF), f"record:{MISSED}:{PLACE}")
    assert "recorded as fulfilled" in said_by(screen)
    assert "Only a recorded no-show can be excused." in said_by(screen)
    assert len(screen.buttons) == 1


async def test_a_patient_without_no_shows_has_no_wrong_record(desk: Desk) -> None:
    here = visit(desk, Role.STAFF)
    card = await open_screen(here, f"card:{APPOINTMENT}:-")
    assert "Wrong record…" in [button.text for row in card.buttons for button in row]
    for key in (MISSED, EXCUSED):
        await desk.store.write(came, key)
    card = await open_screen(here, f"card:{APPOINTMENT}:-")
    assert "Wrong record…" not in [button.text for row in card.buttons for button in row]
    empty = await open_screen(here, f"wrong:{PLACE}")
    assert "No recorded no-show in your departments." in said_by(empty)
    none = await open_screen(visit(desk, Role.MANAGER, DEPARTMENT + 1), "corrections:30:0")
    assert "No recorded no-show here." in said_by(none)


async def test_a_card_explains_the_mark_of_an_excused_no_show(desk: Desk) -> None:
    card = await open_screen(visit(desk, Role.STAFF), f"card:{APPOINTMENT}:-")
    assert "✗○\n✗ did not come, ✓ came, ○ excused, oldest first" in said_by(card)


async def test_the_report_counts_and_divides_and_names_the_reasons(desk: Desk) -> None:
    screen = await open_screen(visit(desk, Role.MANAGER), "corrections:30:0")
    said = said_by(screen)
    assert said.startswith(
        "Corrections · last 30 days\nAppointments of 24 Oct 2026 – 22 Nov 2026\n"
    )
    assert "Excused 2.44 % (1 ÷ 41 recorded no-shows)" in said
    assert "Administrative error 1, late cancellation 0, came late 0, other 0" in said
    assert block(screen)[0].endswith(" 2.44 % 1÷41")


@pytest.mark.parametrize(
    "address",
    [
        f"record:{MISSED}:0:{MISSED + 99}:-",
        f"record:{MISSED + 99}:{PLACE}",
        f"record:{MISSED}",
        f"wrong:0:{MISSED + 99}:-",
        "corrections:7:0",
        "corrections:30",
    ],
)
async def test_what_is_made_up_leads_nowhere(desk: Desk, address: str) -> None:
    with pytest.raises(UnknownAddress):
        await open_screen(visit(desk, Role.MANAGER), address)


async def test_a_record_opens_only_from_a_card_of_its_patient(desk: Desk) -> None:
    def another(session: Session) -> None:
        session.add(Patient(id=2, external_id="p2", reference="P-Q2D8XN"))
        session.flush()
        session.get_one(Appointment, APPOINTMENT).patient_id = 2

    await desk.store.write(another)
    with pytest.raises(UnknownAddress):
        await open_screen(visit(desk, Role.STAFF), f"record:{MISSED}:{PLACE}")
    with pytest.raises(UnknownAddress):
        await corrections.excuse(visit(desk, Role.STAFF), [str(MISSED), "a", *PLACE.split(":")])
    with pytest.raises(UnknownAddress):
        await corrections.excuse(visit(desk, Role.STAFF), [str(MISSED), "z", *PLACE.split(":")])


async def test_staff_see_no_report_and_admins_no_wrong_record(desk: Desk) -> None:
    with pytest.raises(Refused):
        await corrected.report(visit(desk, Role.STAFF), ["90", "0"])
    with pytest.raises(Refused):
        await open_screen(visit(desk, Role.ADMIN), f"wrong:{PLACE}")
    card = await open_screen(visit(desk, Role.ADMIN), f"card:{APPOINTMENT}:-")
    assert "Wrong record…" not in [button.text for row in card.buttons for button in row]


def came(session: Session, key: int) -> None:
    session.get_one(Appointment, key).status = Status.FULFILLED


def said_by(screen: Screen) -> str:
    return parse_html(screen.text)[0]


def block(screen: Screen) -> list[str]:
    found = re.search(r"<pre>(.*)</pre>", screen.text, re.DOTALL)
    assert found
    return parse_html(found[1])[0].splitlines()
