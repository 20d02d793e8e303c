"""Pages say what holds and what can be done next, to be read by anybody and by programs."""

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from domain.answers import ANSWERABLE, Holds
from domain.offers import OfferState
from handlers.patients.layout import HEADERS
from handlers.patients.pages import Page, Pages
from handlers.patients.texts import WORDS
from handlers.patients.vocabulary import Language
from storage.visits import VisitView
from tests.hmo import ZONE
from tests.patients import Shown

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
START = datetime(2026, 11, 29, 7, 20, tzinfo=UTC)
PAGES = Pages("Northside Clinics", ZONE)
ENGLISH, HEBREW, *_ = Language

BOOKED = VisitView(11, "Cardiology", START, Holds.UNANSWERED, "en")
OFFER = Shown(OfferState.OPEN, "Cardiology", START, NOW + timedelta(hours=12), None)
COMES, CANNOT, CALL = ("confirm", "cancel", "call-me")


@pytest.mark.parametrize(
    ("holds", "title", "buttons"),
    [
        (Holds.UNANSWERED, "Are you coming to your visit?", [COMES, CANNOT, CALL]),
        (Holds.COMING, "Thank you. We are expecting you.", [CANNOT, CALL]),
        (Holds.TO_BE_CALLED, "We will call you.", [COMES, CANNOT]),
        (Holds.GIVEN_BACK, "You have given this visit back.", [COMES]),
        (Holds.TAKEN, "Another patient has this time now.", []),
        (Holds.CHANGED, "This visit is not booked any more.", []),
        (Holds.STARTED, "The time of this visit has passed.", []),
    ],
)
def test_a_visit_says_what_holds_and_what_may_still_be_said(
    holds: Holds, title: str, buttons: list[str]
) -> None:
    seen = read(PAGES.visit(replace(BOOKED, holds=holds), ENGLISH))
    assert (seen.title, seen.buttons) == (title, buttons)
    assert "Cardiology" in seen.text
    assert (holds in ANSWERABLE) is bool(buttons)
    if not buttons:
        assert "For a new time, please call us." in seen.text


def test_a_question_says_by_when_to_answer_and_what_silence_does() -> None:
    view = replace(BOOKED, deadline=START - timedelta(days=2))
    by = "Please answer by Friday 27 November, 09:20."
    lost = "Without an answer this time may go to another patient."
    assert by in read(PAGES.visit(view, ENGLISH)).text
    assert lost not in read(PAGES.visit(view, ENGLISH)).text
    warned = PAGES.visit(replace(view, released_by_silence=True), ENGLISH)
    assert f"{by} {lost}" in read(warned).text


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (OfferState.ACCEPTED, "The visit is yours."),
        (OfferState.DECLINED, "You have declined this visit."),
        (OfferState.GONE, "Somebody was quicker."),
        (OfferState.EXPIRED, "This offer has ended."),
        (OfferState.WITHDRAWN, "This visit is no longer free."),
    ],
)
def test_an_offer_that_has_ended_says_how_and_asks_nothing(state: OfferState, title: str) -> None:
    seen = read(PAGES.offer(replace(OFFER, state=state), ENGLISH, OFFER.expires_at))
    assert (seen.title, seen.buttons) == (title, [])
    assert ("You stay on the waiting list" in seen.text) is (state is not OfferState.ACCEPTED)


def test_an_old_offer_says_what_holds_by_now() -> None:
    given_back = replace(OFFER, state=OfferState.ACCEPTED, is_booked=False)
    assert read(PAGES.offer(given_back, ENGLISH, NOW)).title == "This visit is not booked any more."
    elsewhere = replace(OFFER, state=OfferState.WITHDRAWN, waits=False)
    seen = read(PAGES.offer(elsewhere, ENGLISH, NOW))
    assert "waiting list" not in seen.text
    assert "For a new time, please call us." in seen.text


def test_a_declined_offer_can_still_be_taken_until_it_ends() -> None:
    seen = read(PAGES.offer(replace(OFFER, state=OfferState.DECLINED), ENGLISH, NOW))
    assert (seen.title, seen.buttons) == ("You have declined this visit.", ["take"])
    assert "you can still take it until Monday 23 November, 20:00." in seen.text


def test_an_open_offer_says_until_when_and_what_would_be_given_up() -> None:
    seen = read(PAGES.offer(OFFER, ENGLISH, NOW))
    assert seen.buttons == ["take", "decline"]
    assert "The offer holds until Monday 23 November, 20:00." in seen.text
    assert "You keep" not in seen.text
    own = replace(OFFER, own_start=START + timedelta(days=20))
    assert (
        "You keep your visit on Saturday 19 December, 09:20"
        in read(PAGES.offer(own, ENGLISH, NOW)).text
    )
    late = read(PAGES.offer(OFFER, ENGLISH, OFFER.expires_at))
    assert (late.title, late.buttons) == ("This offer has ended.", [])


@pytest.mark.parametrize("language", Language)
def test_a_stop_holds_for_good_so_nothing_is_promised_for_a_call(language: Language) -> None:
    page = WORDS[language].page
    assert page.stopped_more.count(".") == 1  # that visits stay as they are
    seen = read(PAGES.stop(language, stopped=True))
    assert page.stopped in seen.text
    assert seen.buttons == []


@pytest.mark.parametrize("language", Language)
def test_each_page_is_in_its_language_and_direction_with_nothing_left_to_fill_in(
    language: Language,
) -> None:
    words = WORDS[language]
    pages = [
        PAGES.visit(replace(BOOKED, deadline=NOW), language),
        PAGES.offer(replace(OFFER, own_start=START), language, NOW),
        PAGES.stop(language, stopped=False),
        PAGES.stop(language, stopped=True),
        PAGES.expired(language),
        PAGES.unknown(language),
        PAGES.later(language),
    ]
    for page in pages:
        seen = read(page)
        assert (seen.lang, seen.dir) == (language, "rtl" if words.is_rtl else "ltr")
        assert seen.headline == seen.title != ""
        assert "{" not in seen.text
        assert page.language is language


def test_a_hostile_name_is_only_text() -> None:
    hostile = '<script>alert(1)</script>"><img src=x>'
    pages = Pages(hostile, ZONE)
    html = pages.visit(replace(BOOKED, department=hostile), ENGLISH).html
    assert "<script" not in html
    assert "<img" not in html
    assert read(Page(200, html, ENGLISH)).text.count(hostile) == 2


def test_the_style_on_the_page_is_the_one_that_the_policy_allows() -> None:
    html = PAGES.unknown(ENGLISH).html
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = HEADERS["Content-Security-Policy"]
    assert f"style-src 'sha256-{allowed}'" in policy
    assert "script" not in policy
    assert not re.search(r"<script|style=|https?:|\bon\w+=", html)


def test_light_or_dark_all_text_stands_out() -> None:
    html = PAGES.unknown(ENGLISH).html
    schemes = [
        dict(re.findall(r"--([a-z-]+):(#\w+)", part))
        for part in re.findall(r":root\{[^}]+\}", html)
    ]
    assert len(schemes) == 2
    for colours in schemes:
        for ink, ground in itertools.product(("ink", "soft"), ("paper", "card")):
            assert contrast(colours[ink], colours[ground]) >= 4.5
        assert contrast(colours["on-main"], colours["main"]) >= 4.5
        for edge in ("line", "focus", "main"):
            assert contrast(colours[edge], colours["paper"]) >= 3


class Seen(HTMLParser):
    """What is to be seen of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lang = self.dir = self.title = self.headline = self.text = ""
        self.buttons: list[str] = []
        self._within = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._within = tag
        if tag == "html":
            self.lang, self.dir = given["lang"], given["dir"]
        elif tag == "button":
            assert given["name"] == "answer"
            self.buttons.append(given["value"])

    def handle_data(self, data: str) -> None:
        if self._within == "title":
            self.title += data.strip()
        elif self._within == "h1":
            self.headline += data.strip()
        if self._within != "style":
            self.text += data


def read(page: Page) -> Seen:
    return Seen(page.html)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, by WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
