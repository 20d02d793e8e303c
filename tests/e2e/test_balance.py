"""`/balance` on a manager's phone: the picture, whom each slot is for, and one press that sends."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.pictures.browser import browser_path, font_available
from domain.clock import HandClock
from domain.notices import NoticeKind
from domain.people import Role
from tests.e2e.town import NOA, Town, all_labels, body, labels, town, turned
from tests.gateways import SmsGateway
from tests.hmo import Hmo, join
from tests.storage.offering import Clinic

needs_chromium = pytest.mark.skipif(
    browser_path() is None or not font_available(), reason="needs Chromium and a font"
)


@dataclass
class Place:
    town: Town
    clinic: Clinic


@pytest.fixture
async def place(tmp_path: Path, clock: HandClock) -> AsyncIterator[Place]:
    """A slot that was given back, and two who wait for it."""
    hmo = Hmo(clock.now())
    hmo.regular("p1", 3, coming=4)
    async with SmsGateway().running() as sms, town(tmp_path, clock, hmo) as found:
        provider = {"sms_url": SecretStr(sms.url)}
        found.settings = found.settings.model_copy(update=provider)
        noa = join(found.store, Role.MANAGER, NOA.user_id, "Noa", clock.now())
        found.noa.chat.started = True
        clinic = Clinic(found.store, clock, noa, found.settings.house)
        clinic.given_back("p1")
        for patient in ("a", "b"):
            clinic.waits(patient)
        async with found.bot_at_work():
            yield Place(found, clinic)


@needs_chromium
async def test_a_plan_is_seen_in_a_picture_and_sent_once(place: Place) -> None:
    noa, clinic = place.town.noa, place.clinic
    await noa.says("/balance")
    shown = await noa.sees("Balance · All departments")
    assert shown["photo"][-1]["width"] == 1080
    assert "1 free slot, 1 with a proposal\nOffers to 2 patients\nIdle hours 0.3 → " in body(shown)
    assert labels(shown)[:2] == [["Confirm 2", "Cancel"], ["Slots (1)"]]

    listed = await turned(noa, shown, "Slots (1)", "Fri 27 08:00 Cardiology")
    assert listed["photo"] == shown["photo"]
    shown = await turned(noa, listed, "‹ Balance", "Idle hours")
    left = await turned(noa, shown, "Cancel", "Nothing was sent.")
    assert clinic.told(NoticeKind.OFFER) == []
    shown = await turned(noa, left, "Balance", "Idle hours")

    query = await noa.presses(shown, "Confirm 2")
    assert (await noa.toast(query)).text == "Sent 2 offers."
    sent = await noa.sees("2 offers for 1 slot, 08:00 by Noa")
    assert sent["message_id"] == shown["message_id"]
    assert "They hold until 20:00 at the latest" in body(sent)
    assert sorted(clinic.told(NoticeKind.OFFER)) == ["a", "b"]

    since = noa.now()
    query = await noa.presses(shown, "Confirm 2")
    again = "Nothing was sent again: this plan was sent before."
    assert (await noa.toast(query)).text == again
    await noa.says("/balance cardio")
    empty = await noa.sees("No slot is free to be offered now", since=since)
    assert "photo" not in empty
    assert "Proposals" in all_labels(empty)
