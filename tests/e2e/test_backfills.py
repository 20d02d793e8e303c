"""From authorised to won back: patients are asked, slots offered, and the first to accept has one.

Over real HTTP and SMTP, with the whole program at work.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from domain.backfills import Release, Stage
from domain.balance.plan import Plan
from domain.clock import HandClock
from domain.notices import NoticeKind, NoticeState
from domain.people import Role
from domain.policies import Policy, Silence
from domain.statuses import Status
from storage import balance, notice_queue
from storage.tables import Patient, PatientAnswer
from tests.e2e.patients import Outside, all_of, heading, link_in, outside, together
from tests.e2e.test_deliveries import bot_process
from tests.e2e.test_transfers import authorize_first
from tests.e2e.town import ROOT, body
from tests.hmo import join
from tests.waiting import until

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OTHER = "another secret of that length"


@pytest.fixture
async def asleep(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Outside]:
    """A clinic with the bot not yet at work."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    async with outside(tmp_path, clock) as found:
        yield found


@pytest.fixture
async def clinic(asleep: Outside) -> AsyncIterator[Outside]:
    """The same with the bot at work."""
    async with asleep.place.bot_at_work():
        yield asleep


async def test_a_patient_who_is_asked_by_sms_keeps_the_slot_by_a_press_and_the_card_says_so(
    clinic: Outside,
) -> None:
    noa = clinic.place.noa
    card = await authorize_first(noa)
    text = await clinic.gets("p1")
    assert text.startswith("Clinic Galil: are you coming to Cardiology, Fri 27 Nov 08:00?")
    link = link_in(text)
    for _ in range(2):  # a mail scanner, then the patient
        assert await clinic.opens(link) == "Are you coming to your visit?"
    assert clinic.clinic.number(PatientAnswer) == 0
    await noa.sees(lambda m: m["message_id"] == card["message_id"] and "Asked by SMS" in body(m))
    assert await clinic.presses(link, "confirm") == "Thank you. We are expecting you."
    kept = await noa.sees("Slot kept by its patient")
    assert kept["message_id"] == card["message_id"]
    assert "Patient confirmed by page" in body(kept)
    assert len(clinic.texts("p1")) == 1


async def test_of_two_who_accept_at_once_one_has_the_slot_and_the_other_is_told(
    clinic: Outside,
) -> None:
    waiting = [clinic.clinic.waits(f"w{number}") for number in (1, 2)]
    backfill = clinic.clinic.authorized("p1")
    own, noa = clinic.clinic.coming("w1"), clinic.place.noa
    await noa.says("/efficiency")
    await noa.sees("(1 ÷ 4)")
    link = await clinic.link("p1")
    assert await clinic.presses(link, "cancel") == "You have given this visit back."
    assert sends(clinic, plan_of(clinic)) == len(waiting)
    links = await together(clinic.link("w1"), clinic.link("w2"))
    said = await together(*(clinic.presses(each, "take") for each in links))
    assert sorted(said) == ["Somebody was quicker.", "The visit is yours."]
    winner, loser = ("w1", "w2") if said[0] == "The visit is yours." else ("w2", "w1")
    assert "booked for you: Cardiology, Fri 27 Nov 08:00." in await clinic.gets(winner, 2)
    assert "no longer free" in await clinic.gets(loser, 2)
    found = clinic.clinic.backfill(backfill)
    assert found.stage is Stage.FILLED
    assert found.replacement_id is not None
    replacement = clinic.clinic.appointment(found.replacement_id)
    assert (replacement.external_id, replacement.status) == (
        f"slotwise-{backfill}",
        Status.BOOKED,
    )
    if winner == "w1":
        assert clinic.clinic.appointment(own.id or 0).status is Status.CANCELLED
    assert await clinic.opens(links[said.index("Somebody was quicker.")]) == "Somebody was quicker."
    assert await clinic.presses(link, "confirm") == "Another patient has this time now."
    assert clinic.clinic.is_true()
    assert "w1" not in body(await noa.sees("Slot filled"))
    since = noa.now()
    await noa.says("/efficiency")
    await noa.sees("(1 ÷ 4)", since=since)


async def test_silence_releases_a_slot_only_where_the_department_has_settled_on_that(
    clinic: Outside,
) -> None:
    clinic.settle(Policy(silence=Silence.RELEASE))
    let_go, to_call = clinic.clinic.authorized("p1"), clinic.clinic.authorized("d1")
    assert "Unanswered by" in await clinic.gets("p1")
    assert "Unanswered by" not in await clinic.gets("d1")
    await clinic.soon(lambda: all_of(clinic.states(NoticeKind.CONFIRM), NoticeState.SENT))
    clinic.place.clock.move(2 * DAY + HOUR)
    await clinic.comes_to(let_go, Stage.RELEASED)
    await clinic.comes_to(to_call, Stage.CALLING)
    assert clinic.clinic.backfill(let_go).release is Release.SILENCE
    assert clinic.clinic.slot(let_go).status is Status.BOOKED
    clinic.clinic.waits("w1")
    assert sends(clinic, plan_of(clinic)) == 1
    assert await clinic.presses(await clinic.link("w1"), "take") == "The visit is yours."
    assert clinic.clinic.slot(let_go).status is Status.CANCELLED
    assert "went to another patient" in await clinic.gets("p1", len(clinic.texts("p1")) + 1)
    assert clinic.clinic.is_true()


async def test_an_offer_that_nobody_answers_expires_and_the_next_wave_goes_to_others(
    clinic: Outside,
) -> None:
    clinic.settle(Policy(automatic=True))
    clinic.clinic.waits("w1")
    backfill = clinic.clinic.authorized("p1")
    await clinic.presses(await clinic.link("p1"), "cancel")
    first = await clinic.link("w1")
    clinic.clinic.waits("w2")
    clinic.place.clock.move(13 * HOUR)
    assert await clinic.opens(first) == "This offer has ended."
    assert await clinic.presses(await clinic.link("w2"), "decline") == (
        "You have declined this visit."
    )
    clinic.place.clock.move(4 * DAY - 15 * HOUR)
    await clinic.comes_to(backfill, Stage.UNFILLED)
    assert len(clinic.texts("w1")) == 1
    assert clinic.clinic.is_true()


async def test_a_stop_by_sms_or_by_the_button_of_a_mail_program_holds_for_good(
    clinic: Outside,
) -> None:
    clinic.agree_by_mail("p2", "p2@mail.example")
    by_sms, by_mail = clinic.clinic.authorized("p1"), clinic.clinic.authorized("p2")
    await clinic.gets("p1")
    await clinic.soon(lambda: len(clinic.mail.taken) == 1)
    (mail,) = clinic.mail.taken
    assert mail.to == ("p2@mail.example",)
    assert await clinic.opens(link_in(mail.text)) == "Are you coming to your visit?"
    assert await clinic.replies("p1", "STOP") == HTTPStatus.OK
    await clinic.comes_to(by_sms, Stage.CALLING)
    stop = link_in(str(mail.parsed["List-Unsubscribe"]))
    assert await clinic.opens(stop) == "Do you want no more messages?"
    one_click = await clinic.browser.post(stop, data={"List-Unsubscribe": "One-Click"})
    assert heading(one_click.text) == "You get no more messages from us."
    await clinic.comes_to(by_mail, Stage.CALLING)
    clinic.clinic.change(Patient, consent=True)  # whatever the feed says afterwards
    clinic.clinic.waits("p1")
    await clinic.presses(await clinic.link_of("p3"), "cancel")
    assert plan_of(clinic).proposals == ()
    assert (len(clinic.texts("p1")), len(clinic.mail.taken)) == (1, 1)


async def test_what_is_forged_expired_or_replayed_changes_nothing(clinic: Outside) -> None:
    backfill = clinic.clinic.authorized("p1")
    link = await clinic.link("p1")
    forged = link[:-2] + ("AA" if link[-2:] != "AA" else "AB")
    assert await clinic.presses(forged, "cancel") == "This link does not work."
    assert await clinic.replies("p1", "2", OTHER) == HTTPStatus.UNAUTHORIZED
    assert clinic.clinic.number(PatientAnswer) == 0
    assert await clinic.replies("p1", "1") == HTTPStatus.OK
    await clinic.comes_to(backfill, Stage.KEPT)
    assert await clinic.presses(link, "cancel") == "You have given this visit back."
    assert await clinic.replies("p1", "1") == HTTPStatus.OK  # the provider brings it once more
    assert clinic.clinic.backfill(backfill).stage is Stage.RELEASED
    clinic.place.clock.move(5 * DAY)
    assert await clinic.presses(link, "confirm") == "This link has expired."


async def test_a_provider_that_is_away_for_an_hour_gets_everything_once(
    asleep: Outside,
) -> None:
    patients = ("p1", "p2", "p3")
    for patient in patients:
        asleep.clinic.authorized(patient)
    join(asleep.place.store, Role.ADMIN, ROOT.user_id, "Root", asleep.place.clock.now())
    asleep.place.root.chat.started = True
    asleep.sms.code = 401  # our key is locked: nothing is taken
    async with asleep.place.bot_at_work():
        await asleep.soon(lambda: bool(asleep.down))
        asleep.place.clock.move(HOUR)
        await asleep.place.root.sees("The provider of SMS takes nothing since 08:00")
        await asleep.place.noa.says("/help")
        await asleep.place.noa.sees("Slotwise for managers")
        ready = await asleep.browser.get(f"{asleep.public_url}/readyz")
        assert ready.status_code == HTTPStatus.OK
        assert "--  sms: takes nothing since 2026-11-23T06:00:00+00:00" in ready.text
        asleep.sms.code = 200
        await asleep.soon(lambda: all_of(asleep.states(NoticeKind.CONFIRM), NoticeState.SENT))
        await asleep.soon(lambda: not asleep.down)
    assert [len(asleep.texts(patient)) for patient in patients] == [1, 1, 1]


async def test_a_kill_while_offers_are_on_their_way_repeats_none_and_the_next_wave_goes_out(
    asleep: Outside,
) -> None:
    """A real process, a real SIGKILL between begin and end."""
    asleep.settle(Policy(automatic=True))
    asleep.clinic.waits("w1")
    backfill = asleep.clinic.given_back("p1")
    asleep.sms.hangs = True
    place = asleep.place
    settings = {
        "SLOTWISE_WEB_PORT": str(asleep.place.settings.web_port),
        "SLOTWISE_PUBLIC_URL": asleep.public_url,
        "SLOTWISE_SMS_URL": asleep.sms.url,
        "SLOTWISE_QUIET_HOURS": "00:00-00:00",
    }
    async with bot_process(place, place.clock.now(), settings) as process:
        await until(lambda: len(asleep.texts("w1")) == 1)
        process.kill()
        await process.wait()
    asleep.sms.let_go()
    assert asleep.states(NoticeKind.OFFER) == [NoticeState.SENDING]
    asleep.sms.hangs = False
    place.clock.move(notice_queue.BEGUN_FOR + HOUR)
    async with place.bot_at_work():
        await asleep.soon(lambda: asleep.states(NoticeKind.OFFER) == [NoticeState.DOUBTFUL])
        asleep.clinic.waits("w2")
        place.clock.move(12 * HOUR)
        await asleep.gets("w2")
    assert asleep.clinic.backfill(backfill).waves == 2
    assert [len(asleep.texts(patient)) for patient in ("w1", "w2")] == [1, 1]


def plan_of(clinic: Outside) -> Plan:
    return clinic.clinic.plan()


def sends(clinic: Outside, plan: Plan) -> int:
    """Noa sends what a plan proposes."""
    held = clinic.clinic
    about = (held.noa, plan, held.house, held.clock.now())
    return held.store.write_now(balance.send_plan, *about)
