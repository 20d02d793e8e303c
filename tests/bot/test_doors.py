"""The doors for patients: opening changes nothing, pressing does, and no link is ever logged."""

import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import Session, col
from starlette.applications import Starlette

from bot.doors import LARGEST, Doors, Offers
from bot.logs import start_logging
from bot.serving import listen, serving
from bot.settings import LogFormat
from domain.answers import Answer, Source
from domain.clock import HandClock
from domain.links import Link, Purpose, sign
from domain.offers import OfferState
from storage import answers
from storage.store import Store, StoreUnavailable
from storage.tables import Notice, OfferRow, OptOut, PatientAnswer
from tests.patients import OFFERS, WRITING, Written, a_few_letters, goes_to_another

SECRET = b"only this clinic knows it"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Place:
    """A browser in front of the doors.

    Attributes:
        written: What the patients were sent.
    """

    client: httpx.AsyncClient
    store: Store
    clock: HandClock
    written: Written

    def link(self, purpose: Purpose, days: float = 3) -> str:
        """The path of a link that holds for so many days."""
        notice = self.written.offered if purpose is Purpose.OFFER else self.written.asked
        until = self.clock.now() + timedelta(days=days)
        return f"/{purpose}/{sign(SECRET, Link(purpose, notice, until))}"

    async def reads(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return await self.client.get(path, headers=headers)

    async def presses(self, path: str, answer: str) -> httpx.Response:
        """Press a button, and see what holds then."""
        return await self.client.post(path, data={"answer": answer}, follow_redirects=True)

    def answers(self) -> list[tuple[Answer, Source]]:
        """What patients have said."""
        return self.store.read_now(_answers)


@pytest.fixture
async def place(sqlite_store: Store, clock: HandClock) -> AsyncIterator[Place]:
    written = a_few_letters(sqlite_store, clock.now())
    transport = httpx.ASGITransport(app_of(sqlite_store, clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic") as client:
        yield Place(client, sqlite_store, clock, written)


async def test_opening_a_page_changes_nothing_however_often(place: Place) -> None:
    before = place.store.read_now(_everything)
    for purpose, title in (
        (Purpose.VISIT, "Are you coming to your visit?"),
        (Purpose.OFFER, "A visit has become free. Do you want it?"),
        (Purpose.STOP, "Do you want no more messages?"),
    ):
        for method in ("GET", "HEAD", "GET"):
            answer = await place.client.request(method, place.link(purpose) + "?answer=cancel")
            assert answer.status_code == 200
        assert title_of(answer) == title
    assert place.store.read_now(_everything) == before


async def test_a_press_is_taken_and_the_page_says_what_holds(place: Place) -> None:
    path = place.link(Purpose.VISIT)
    pressed = await place.client.post(path, data={"answer": "confirm"})
    assert (pressed.status_code, pressed.headers["location"]) == (303, path)
    assert place.answers() == [(Answer.CONFIRM, Source.PAGE)]
    assert title_of(await place.reads(path)) == "Thank you. We are expecting you."
    assert title_of(await place.presses(path, "cancel")) == "You have given this visit back."
    assert title_of(await place.presses(path, "confirm")) == "Thank you. We are expecting you."
    assert title_of(await place.presses(path, "call-me")) == "We will call you."
    assert len(place.answers()) == 4


async def test_what_cannot_be_said_any_more_is_not_said(place: Place) -> None:
    path = place.link(Purpose.VISIT)
    await place.presses(path, "confirm")
    await place.presses(path, "confirm")
    assert len(place.answers()) == 1
    place.store.write_now(goes_to_another, place.written.backfill)
    again = await place.presses(path, "confirm")
    assert title_of(again) == "Another patient has this time now."
    assert len(place.answers()) == 1


@pytest.mark.parametrize(
    "body", [b"", b"answer=", b"answer=everything", b"answer=%ff", b"\xff\x00", b"&" * 99, b"take"]
)
async def test_a_body_that_is_none_of_our_buttons_only_shows_the_page(
    place: Place, body: bytes
) -> None:
    for purpose in (Purpose.VISIT, Purpose.OFFER):
        answer = await place.client.post(
            place.link(purpose), content=body, headers=FORM, follow_redirects=True
        )
        assert answer.status_code == 200
        assert "<button" in answer.text
    assert place.answers() == []


async def test_a_body_that_is_too_large_is_not_read(place: Place) -> None:
    body = b"answer=confirm&" + b"x" * LARGEST
    path = place.link(Purpose.VISIT)
    answer = await place.client.post(path, content=body, headers=FORM, follow_redirects=True)
    assert title_of(answer) == "Are you coming to your visit?"
    assert place.answers() == []


async def test_the_first_to_take_an_offer_has_it_and_pressing_again_says_so(place: Place) -> None:
    path = place.link(Purpose.OFFER)
    assert title_of(await place.presses(path, "take")) == "The visit is yours."
    assert title_of(await place.presses(path, "decline")) == "The visit is yours."
    assert place.store.read_now(_state_of, place.written.offer) is OfferState.ACCEPTED


async def test_who_declines_an_offer_may_think_again_while_it_holds(place: Place) -> None:
    path = place.link(Purpose.OFFER)
    declined = await place.presses(path, "decline")
    assert title_of(declined) == "You have declined this visit."
    assert "I take it after all" in declined.text
    assert title_of(await place.presses(path, "take")) == "The visit is yours."


async def test_who_is_late_learns_that_somebody_was_quicker(place: Place) -> None:
    place.store.write_now(_end, place.written.offer, OfferState.GONE)
    answer = await place.presses(place.link(Purpose.OFFER), "take")
    assert title_of(answer) == "Somebody was quicker."
    assert place.store.read_now(_state_of, place.written.offer) is OfferState.GONE


async def test_messages_stop_by_one_press_and_by_a_mail_programs_own(place: Place) -> None:
    path = place.link(Purpose.STOP)
    one_click = {"List-Unsubscribe": "One-Click"}
    answer = await place.client.post(path, data=one_click)
    assert answer.status_code == 200
    assert title_of(answer) == "You get no more messages from us."
    assert place.store.read_now(_stops) == 1
    assert title_of(await place.presses(path, "stop")) == "You get no more messages from us."
    assert place.store.read_now(_stops) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_forged_foreign_and_broken_links_lead_nowhere(place: Place, method: str) -> None:
    visit, offer = place.link(Purpose.VISIT), place.link(Purpose.OFFER)
    other = sign(
        b"another clinic",
        Link(Purpose.VISIT, place.written.asked, datetime(2100, 1, 1, tzinfo=UTC)),
    )
    bad = [
        "/o/" + visit[3:],
        "/s/" + visit[3:],
        "/v/" + offer[3:],
        visit[:-1] + ("A" if visit[-1] != "A" else "B"),
        visit + "A",
        "/v/" + other,
        "/v/" + "A" * 39,
        "/v/תור",
    ]
    for path in bad:
        answer = await place.client.request(method, path, data=pressed_if(method))
        assert answer.status_code == 404
        assert title_of(answer) == "This link does not work."
        assert "call us" in answer.text
    assert place.answers() == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_whose_notice_is_gone_or_anothers_leads_nowhere(
    place: Place, method: str
) -> None:
    until = place.clock.now() + timedelta(days=3)
    for purpose, notice in (
        (Purpose.VISIT, 999),
        (Purpose.VISIT, place.written.offered),
        (Purpose.OFFER, 999),
        (Purpose.OFFER, place.written.asked),
        (Purpose.STOP, 999),
    ):
        path = f"/{purpose}/{sign(SECRET, Link(purpose, notice, until))}"
        answer = await place.client.request(method, path, data=pressed_if(method))
        assert answer.status_code == 404
    assert place.answers() == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_has_expired_says_so_and_does_nothing(place: Place, method: str) -> None:
    paths = [place.link(purpose) for purpose in Purpose]
    place.clock.move(timedelta(days=3))
    for path in paths:
        answer = await place.client.request(method, path, data=pressed_if(method))
        assert answer.status_code == 410
        assert title_of(answer) == "This link has expired."
        assert "Cardiology" not in answer.text
    assert place.answers() == []
    assert place.store.read_now(_stops) == 0


async def test_pages_are_in_the_patients_language_and_else_in_the_browsers(
    sqlite_store: Store, clock: HandClock
) -> None:
    written = a_few_letters(sqlite_store, clock.now(), "Hebrew")
    transport = httpx.ASGITransport(app_of(sqlite_store, clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic") as client:
        place = Place(client, sqlite_store, clock, written)
        known = await place.reads(place.link(Purpose.VISIT), **{"accept-language": "en"})
        assert (title_of(known), known.headers["content-language"]) == ("האם תגיעו לתור?", "he")
        unknown = await place.reads("/v/nothing", **{"accept-language": "ru, en;q=0.5"})
        assert unknown.headers["content-language"] == "ru"


async def test_every_answer_keeps_the_link_to_itself(place: Place) -> None:
    visit = place.link(Purpose.VISIT)
    answers = [await place.reads(visit), await place.reads("/s/nothing")]
    answers.append(await place.client.post(visit, data={"answer": "confirm"}))
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert visit[3:] not in answer.text


async def test_no_other_method_and_no_other_path_is_answered(place: Place) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await place.client.request(method, place.link(Purpose.VISIT))
        assert answer.status_code == 405
    for path in ("/v", "/v/", "/v/a/b", "/x/a", "/"):
        assert (await place.reads(path)).status_code == 404


async def test_while_the_database_is_away_nothing_is_said_to_be_saved(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(place.store, "write", away)
    answer = await place.presses(place.link(Purpose.VISIT), "confirm")
    assert answer.status_code == 503
    assert "What you pressed was not saved." in answer.text
    assert "disk" not in answer.text


async def test_no_link_reaches_a_log_not_even_when_something_breaks(
    sqlite_store: Store, clock: HandClock, capsys: pytest.CaptureFixture[str]
) -> None:
    written = a_few_letters(sqlite_store, clock.now())
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    start_logging(LogFormat.JSON)
    try:
        with listen(0) as listener:
            port = listener.getsockname()[1]
            app = app_of(sqlite_store, clock, replace(OFFERS, accept=_breaks))
            async with (
                serving(app, listener),
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
            ):
                place = Place(client, sqlite_store, clock, written)
                path = place.link(Purpose.OFFER)
                assert (await place.reads(path)).status_code == 200
                broken = await place.presses(path, "take")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    logged = capsys.readouterr().err
    assert (broken.status_code, title_of(broken)) == (503, "This does not work just now.")
    assert "it broke" in logged
    assert path[3:] not in logged


async def test_who_has_stopped_by_another_way_sees_that_it_holds(place: Place) -> None:
    place.store.write_now(_stop_all, place)
    assert "<button" not in (await place.reads(place.link(Purpose.STOP))).text


def app_of(store: Store, clock: HandClock, offers: Offers = OFFERS) -> Starlette:
    doors = Doors(store, offers, WRITING, clock, SECRET, "Northside Clinics")
    return Starlette(routes=doors.routes())


def title_of(answer: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    assert found is not None
    return found[1]


def pressed_if(method: str) -> dict[str, str] | None:
    return {"answer": "cancel"} if method == "POST" else None


def _breaks(*_: object) -> None:
    raise LookupError("it broke")


def _answers(session: Session) -> list[tuple[Answer, Source]]:
    rows = session.scalars(select(PatientAnswer).order_by(col(PatientAnswer.id)))
    return [(row.answer, row.source) for row in rows]


def _everything(session: Session) -> list[str]:
    """Every row that a press may change."""
    tables = (PatientAnswer, OfferRow, OptOut)
    return [str(row.model_dump()) for table in tables for row in session.scalars(select(table))]


def _stops(session: Session) -> int:
    return len(session.scalars(select(OptOut)).all())


def _stop_all(session: Session, place: Place) -> None:
    notice = session.get_one(Notice, place.written.asked)
    answers.stop_for(session, notice.patient_id, notice.channel, place.clock.now())


def _state_of(session: Session, offer_id: int) -> OfferState:
    return session.get_one(OfferRow, offer_id).state


def _end(session: Session, offer_id: int, state: OfferState) -> None:
    session.get_one(OfferRow, offer_id).state = state
