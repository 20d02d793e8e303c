"""The doors for patients: pages that are opened from a message, and what is pressed on them.

Opening a page changes nothing, since mail scanners and previews open links too; only a press does.
The token in the address is all the proof there is, so it is not logged, not stored in caches and
not told to other sites. After a press the page is asked for anew and says what holds now.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

import structlog
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.bodies import read_body
from domain.answers import Answer, Source
from domain.clock import Clock
from domain.criteria import House
from domain.links import Link, Purpose, opened
from handlers.patients.layout import HEADERS
from handlers.patients.pages import DECLINE, TAKE, OfferSeen, Page, Pages
from handlers.patients.texts import language_of, language_of_browser
from handlers.patients.vocabulary import Language
from storage import answers, visits
from storage.store import Store, StoreUnavailable

LARGEST: Final = 1 << 10
"""Bytes of a press: many times what our own buttons post."""

log = structlog.get_logger()

_Shown = Callable[[Link, Request], Awaitable[Response]]


@dataclass(frozen=True)
class Offers:
    """What presses on an offer lead to: units of work of the store.

    Attributes:
        look: An offer as its patient sees it.
        accept: Takes the slot, if nobody was quicker.
        decline: Says no to an offer.
    """

    look: Callable[[Session, int], OfferSeen | None]
    accept: Callable[[Session, int, House, datetime], object]
    decline: Callable[[Session, int, House, datetime], object]


class Doors:
    """Answers what patients open and press.

    Args:
        store: Where it is looked up and kept.
        offers: What presses on an offer lead to.
        house: The HMO's calendar and manners.
        clock: Tells the time.
        secret: Signs the links.
        hmo_name: Stands above each page; may be empty.
        pressed: Called after a press, of which others may have to be told.
    """

    def __init__(
        self,
        store: Store,
        offers: Offers,
        house: House,
        clock: Clock,
        secret: bytes,
        hmo_name: str,
        pressed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._offers, self._house, self._clock = store, offers, house, clock
        self._secret, self._pressed = secret, pressed
        self._pages = Pages(hmo_name, house.calendar.zone)

    def routes(self) -> list[Route]:
        """The paths; all of them, and no others, are for a proxy to pass on."""
        doors = {
            Purpose.VISIT: (self._visit, self._answer),
            Purpose.OFFER: (self._offer, self._decide),
            Purpose.STOP: (self._ask_to_stop, self._stop),
        }
        return [
            Route(
                f"/{purpose}/{{token}}",
                partial(self._open, purpose, *both),
                methods=["GET", "POST"],
            )
            for purpose, both in doors.items()
        ]

    async def _open(
        self, purpose: Purpose, show: _Shown, press: _Shown, request: Request
    ) -> Response:
        """Check the token, then show or do what it is for."""
        spoken = language_of_browser(request.headers.get("accept-language", ""))
        link = opened(self._secret, request.path_params["token"])
        try:
            if link is None or link.purpose is not purpose:
                answer = _sent(self._pages.unknown(spoken))
            elif link.is_over(self._clock.now()):
                answer = _sent(self._pages.expired(await self._language(link, spoken)))
            else:
                is_press = request.method == "POST"
                answer = await (press if is_press else show)(link, request)
                if is_press:
                    self._pressed()
        except StoreUnavailable:
            log.warning("a patient's page could not be shown: the database is away")
            answer = _sent(self._pages.later(spoken))
        except Exception:
            log.exception("a patient's page could not be shown")
            answer = _sent(self._pages.later(spoken))
        answer.headers.update(HEADERS)
        return answer

    async def _visit(self, link: Link, request: Request) -> Response:
        seen = await self._store.read(visits.look, link.notice_id, self._clock.now())
        if seen is None:
            return self._unknown(request)
        return _sent(self._pages.visit(seen, language_of(seen.language)))

    async def _answer(self, link: Link, request: Request) -> Response:
        pressed = await _pressed(request)
        now = self._clock.now()
        seen = await self._store.read(visits.look, link.notice_id, now)
        if seen is None:
            return self._unknown(request)
        said = next((it for it in Answer if it == pressed), None)
        if said is not None:
            about = (seen.appointment_id, said, Source.PAGE)
            await self._store.write(answers.answer_visit, *about, self._house, now)
        return _once_more(request)

    async def _offer(self, link: Link, request: Request) -> Response:
        found = await self._store.read(self._offered, link.notice_id)
        if found is None:
            return self._unknown(request)
        offer, language = found
        return _sent(self._pages.offer(offer, language, self._clock.now()))

    async def _decide(self, link: Link, request: Request) -> Response:
        pressed = await _pressed(request)
        written_to = await self._store.read(visits.addressee, link.notice_id)
        if written_to is None or written_to.offer_id is None:
            return self._unknown(request)
        act = {TAKE: self._offers.accept, DECLINE: self._offers.decline}.get(pressed)
        if act is not None:
            await self._store.write(act, written_to.offer_id, self._house, self._clock.now())
        return _once_more(request)

    async def _ask_to_stop(self, link: Link, request: Request) -> Response:
        written_to = await self._store.read(visits.addressee, link.notice_id)
        if written_to is None:
            return self._unknown(request)
        language = language_of(written_to.language)
        return _sent(self._pages.stop(language, stopped=written_to.stopped))

    async def _stop(self, link: Link, request: Request) -> Response:
        """Whatever was posted: the one button, or a mail program's own (RFC 8058).

        Answered at once, since mail programs do not follow us to another page.
        """
        written_to = await self._store.read(visits.addressee, link.notice_id)
        if written_to is not None and not written_to.stopped:
            await self._store.write(
                answers.stop_for, written_to.patient_id, written_to.channel, self._clock.now()
            )
        return await self._ask_to_stop(link, request)

    def _offered(self, session: Session, notice_id: int) -> tuple[OfferSeen, Language] | None:
        written_to = visits.addressee(session, notice_id)
        if written_to is None or written_to.offer_id is None:
            return None
        offer = self._offers.look(session, written_to.offer_id)
        return None if offer is None else (offer, language_of(written_to.language))

    async def _language(self, link: Link, spoken: Language) -> Language:
        """The patient's language, or the browser's where the notice is not kept any more."""
        written_to = await self._store.read(visits.addressee, link.notice_id)
        return language_of(written_to.language) if written_to else spoken

    def _unknown(self, request: Request) -> Response:
        spoken = language_of_browser(request.headers.get("accept-language", ""))
        return _sent(self._pages.unknown(spoken))


async def _pressed(request: Request) -> str:
    """The value of the button that was pressed; empty if what came is no press."""
    body = await read_body(request, LARGEST) or b""
    with contextlib.suppress(ValueError):
        return parse_qs(body.decode("ascii"), max_num_fields=4).get("answer", [""])[0]
    return ""


def _once_more(request: Request) -> Response:
    """Ask for the same page anew: it says what holds now, and reloading it presses nothing."""
    return RedirectResponse(request.url.path, HTTPStatus.SEE_OTHER)


def _sent(page: Page) -> Response:
    return HTMLResponse(page.html, page.status, {"Content-Language": page.language})
