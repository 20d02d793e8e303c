"""Where patients come in: below any path of the public address, with proof."""

from pathlib import Path

import httpx
from starlette.applications import Starlette

from bot.patients import Patients, reach_patients
from bot.settings import GivenSettings
from domain.clock import HandClock
from domain.links import Link, Purpose, address
from storage.store import Store
from tests.e2e.town import TOKEN
from tests.handlers.desks import desk_at
from tests.patients import a_few_letters

SITE = "https://clinic.example"


async def test_pages_and_replies_are_below_the_path_of_the_public_address(
    sqlite_store: Store, clock: HandClock, tmp_path: Path
) -> None:
    written = a_few_letters(sqlite_store, clock.now())
    settings = given(public_url=f"{SITE}/care", sms_webhook_secret="x" * 16)
    with desk_at(sqlite_store, clock, tmp_path) as desk:
        patients = reach_patients(settings, desk, lambda *_: None)
        link = Link(Purpose.VISIT, written.asked, clock.now().replace(year=2030))
        page = address(settings.public_url, settings.link_key, link)
        async with browser(patients) as at:
            assert (await at.get(page)).status_code == 200
            assert not desk.changed.is_set()
            pressed = await at.post(page, data={"answer": "confirm"})
            assert (pressed.status_code, f"{SITE}{pressed.headers['location']}") == (303, page)
            assert desk.changed.is_set()  # so that open messages are renewed at once
            assert (await at.get(page.replace("/care", ""))).status_code == 404
            assert (await at.post(f"{SITE}/care/sms", content="{}")).status_code == 401


def test_without_a_public_address_or_proof_nothing_is_open(
    sqlite_store: Store, clock: HandClock, tmp_path: Path
) -> None:
    with desk_at(sqlite_store, clock, tmp_path) as desk:
        assert reach_patients(given(), desk, lambda *_: None).routes == []
        pages = reach_patients(given(public_url=SITE), desk, lambda *_: None)
        assert len(pages.routes) == 1  # the pages: a reply could not be proven
        twilio = given(public_url=SITE, sms_url="twilio://AC0a1b2c:abcdef@15551234567")
        assert len(reach_patients(twilio, desk, lambda *_: None).routes) == 2


def given(**values: str) -> GivenSettings:
    return GivenSettings.model_validate({"bot_token": TOKEN, "web_port": 9464} | values)


def browser(patients: Patients) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=patients.routes)))
