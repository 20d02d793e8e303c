"""The pages that patients open from a message: their visit, an offer, no more messages.

Each says what holds now and what can be done next, and shows nothing of a patient but a department
and a time.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from domain.answers import Answer, Holds
from domain.offers import OfferState
from handlers.patients.layout import Button, Content, Slot, html_of
from handlers.patients.texts import WORDS, long_moment
from handlers.patients.vocabulary import Language, PageWords, Words
from storage.visits import VisitView

TAKE: Final = "take"
DECLINE: Final = "decline"
STOP: Final = "stop"
"""What buttons post, besides the values of `Answer`."""


_OFFERED: Final = MappingProxyType(
    {
        Holds.UNANSWERED: (Answer.CONFIRM, Answer.CANCEL, Answer.CALL_ME),
        Holds.COMING: (Answer.CANCEL, Answer.CALL_ME),
        Holds.TO_BE_CALLED: (Answer.CONFIRM, Answer.CANCEL),
        Holds.GIVEN_BACK: (Answer.CONFIRM,),
    }
)
"""What a patient is offered to say; of a visit that is not theirs any more, nothing."""


class OfferSeen(Protocol):
    """An offer as its patient sees it."""

    @property
    def state(self) -> OfferState:
        """How far it has come."""

    @property
    def department(self) -> str:
        """The name of the slot's department."""

    @property
    def start(self) -> datetime:
        """When the slot starts (aware)."""

    @property
    def expires_at(self) -> datetime:
        """Until when it can be accepted (aware)."""

    @property
    def own_start(self) -> datetime | None:
        """When the visit starts that the patient would give up for it (aware)."""

    @property
    def waits(self) -> bool:
        """Whether the patient is on the waiting list still."""

    @property
    def is_booked(self) -> bool:
        """Whether the visit that it became, once accepted, is booked still."""


@dataclass(frozen=True)
class Page:
    """A page to be sent.

    Attributes:
        status: HTTP's.
    """

    status: int
    html: str
    language: Language


@dataclass(frozen=True)
class Pages:
    """Makes the pages of one HMO.

    Attributes:
        hmo_name: Stands above each page; may be empty.
        zone: The HMO's.
    """

    hmo_name: str
    zone: ZoneInfo

    def visit(self, seen: VisitView, language: Language) -> Page:
        """What holds of a visit, with what may still be said about it."""
        words = WORDS[language]
        title, more = _holding_words(words.page)[seen.holds]
        lines = self._question(seen, words) if seen.holds is Holds.UNANSWERED else (more,)
        slot = self._slot(seen.department, seen.start, words)
        buttons = _answers(seen.holds, words.page)
        return self._page(words, Content(title, lines, buttons, slot))

    def offer(self, seen: OfferSeen, language: Language, now: datetime) -> Page:
        """An offer that can be taken, or what became of it."""
        words = WORDS[language]
        slot = self._slot(seen.department, seen.start, words)
        if now < min(seen.expires_at, seen.start):
            if seen.state is OfferState.OPEN:
                return self._page(words, self._open_offer(seen, slot, words))
            if seen.state is OfferState.DECLINED:
                return self._page(words, self._declined(seen, slot, words))
        title, more = _ended_words(seen, words.page)
        return self._page(words, Content(title, (more,), (), slot))

    def stop(self, language: Language, *, stopped: bool) -> Page:
        """No more messages: the one button, or that it was pressed."""
        words = WORDS[language]
        if stopped:
            return self._page(words, Content(words.page.stopped, (words.page.stopped_more,)))
        button = Button(STOP, words.page.stop_button, is_main=True)
        return self._page(words, Content(words.page.stop, (words.page.stop_more,), (button,)))

    def expired(self, language: Language) -> Page:
        """A link that was ours, and holds no longer."""
        words = WORDS[language]
        content = Content(words.page.expired, (words.page.call_us,))
        return self._page(words, content, HTTPStatus.GONE)

    def unknown(self, language: Language) -> Page:
        """A link that is not ours, or leads nowhere any more."""
        words = WORDS[language]
        content = Content(words.page.unknown, (words.page.unknown_more,))
        return self._page(words, content, HTTPStatus.NOT_FOUND)

    def later(self, language: Language) -> Page:
        """The database is away, or something broke: nothing was shown, nothing saved."""
        words = WORDS[language]
        content = Content(words.page.later, (words.page.later_more,))
        return self._page(words, content, HTTPStatus.SERVICE_UNAVAILABLE)

    def _question(self, seen: VisitView, words: Words) -> tuple[str, ...]:
        if seen.deadline is None:
            return ()
        text = words.page.ask_or_lose if seen.released_by_silence else words.page.ask_until
        return (text.format(until=long_moment(seen.deadline, self.zone, words)),)

    def _open_offer(self, seen: OfferSeen, slot: Slot, words: Words) -> Content:
        until = long_moment(seen.expires_at, self.zone, words)
        lines = [words.page.offer_until.format(until=until)]
        if seen.own_start:
            own = long_moment(seen.own_start, self.zone, words)
            lines.append(words.page.offer_keeps.format(own=own))
        buttons = Button(TAKE, words.page.take, is_main=True), Button(DECLINE, words.page.decline)
        return Content(words.page.offer, tuple(lines), buttons, slot)

    def _declined(self, seen: OfferSeen, slot: Slot, words: Words) -> Content:
        """Who has said no may think again while the offer holds."""
        until = long_moment(seen.expires_at, self.zone, words)
        more = words.page.declined_more.format(until=until)
        buttons = (Button(TAKE, words.page.take_after_all),)
        return Content(words.page.declined, (more, words.page.stay), buttons, slot)

    def _slot(self, department: str, start: datetime, words: Words) -> Slot:
        local = start.astimezone(self.zone)
        return Slot(
            department, long_moment(start, self.zone, words), local.isoformat("T", "minutes")
        )

    def _page(self, words: Words, content: Content, status: int = HTTPStatus.OK) -> Page:
        return Page(status, html_of(content, words, self.hmo_name), words.language)


def _holding_words(page: PageWords) -> dict[Holds, tuple[str, str]]:
    return {
        Holds.UNANSWERED: (page.ask, ""),
        Holds.COMING: (page.expected, page.expected_more),
        Holds.TO_BE_CALLED: (page.to_be_called, page.to_be_called_more),
        Holds.GIVEN_BACK: (page.given_back, page.given_back_more),
        Holds.TAKEN: (page.taken, page.call_us),
        Holds.CHANGED: (page.cancelled, page.call_us),
        Holds.STARTED: (page.past, page.call_us),
    }


def _ended_words(seen: OfferSeen, page: PageWords) -> tuple[str, str]:
    if seen.state is OfferState.ACCEPTED:
        return (page.yours, page.yours_more) if seen.is_booked else (page.cancelled, page.call_us)
    titles = {
        OfferState.OPEN: page.ended,
        OfferState.DECLINED: page.declined,
        OfferState.GONE: page.gone,
        OfferState.EXPIRED: page.ended,
        OfferState.WITHDRAWN: page.withdrawn,
    }
    return titles[seen.state], page.stay if seen.waits else page.call_us


def _answers(holds: Holds, page: PageWords) -> tuple[Button, ...]:
    """A button for each answer that would change something; coming stands out."""
    labels = {
        Answer.CONFIRM: page.yes_after_all if holds is Holds.GIVEN_BACK else page.yes,
        Answer.CANCEL: page.no_after_all if holds is Holds.COMING else page.no,
        Answer.CALL_ME: page.call_me,
    }
    return tuple(
        Button(answer, labels[answer], is_main=answer is Answer.CONFIRM)
        for answer in _OFFERED.get(holds, ())
    )
