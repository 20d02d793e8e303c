"""What has to be said to a patient, whatever the language: each is a module that fills it in.

Places in braces are filled in: `{department}`, `{when}` (the visit's time), `{until}` (a deadline),
`{own}` (the time of the visit that they have), `{link}`. No text needs the HMO's name: it stands
above a page and at the beginning of a letter.
"""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """Languages that patients are written to in; the value is the code of BCP 47."""

    ENGLISH = "en"
    HEBREW = "he"
    ARABIC = "ar"
    RUSSIAN = "ru"


@dataclass(frozen=True)
class CalendarWords:
    """How times are written.

    Attributes:
        weekdays: From Monday on.
        weekdays_short: The same for an SMS.
        months: From January on, as they stand in a date.
        long: A date and time, from `{weekday}`, `{day}`, `{month}`, `{time}`.
        short: The same for an SMS; `{number}` is the month's, `{weekday}` a short one.
    """

    weekdays: tuple[str, ...]
    weekdays_short: tuple[str, ...]
    months: tuple[str, ...]
    long: str
    short: str


@dataclass(frozen=True)
class PageWords:
    """The words of pages: a headline for each state, what follows from it, and the buttons."""

    ask: str
    ask_until: str
    ask_or_lose: str
    yes: str
    no: str
    call_me: str
    expected: str
    expected_more: str
    no_after_all: str
    to_be_called: str
    to_be_called_more: str
    given_back: str
    given_back_more: str
    yes_after_all: str
    taken: str
    cancelled: str
    past: str
    call_us: str
    offer: str
    offer_until: str
    offer_keeps: str
    take: str
    decline: str
    yours: str
    yours_more: str
    declined: str
    declined_more: str
    take_after_all: str
    gone: str
    ended: str
    withdrawn: str
    stay: str
    stop: str
    stop_more: str
    stop_button: str
    stopped: str
    stopped_more: str
    expired: str
    unknown: str
    unknown_more: str
    later: str
    later_more: str


@dataclass(frozen=True)
class Saying:
    """A notice in words.

    Attributes:
        subject: Of an e-mail.
        text: What an e-mail says, without greeting and links.
        sms: What an SMS says, short and without links.
    """

    subject: str
    text: str
    sms: str


@dataclass(frozen=True)
class LetterWords:
    """The words of letters.

    Attributes:
        own_stays: Follows an offer to who has a visit, in an e-mail; `own_stays_sms` in an SMS.
        or_lose: Follows a question where silence releases the slot; `or_lose_sms` in an SMS.
        until: Follows it where silence does not; an SMS does without.
        reply: How to answer a question by SMS; `reply_offer` an offer.
        reply_stop: How to stop by SMS what asks nothing.
        answer_here: Leads to the page to answer on, in an e-mail; an SMS has the bare link.
        stop_here: Leads to the page that stops; `stop_here_sms` in an SMS.
    """

    confirm: Saying
    reminder: Saying
    offer: Saying
    gone: Saying
    booked: Saying
    released: Saying
    own_stays: str
    own_stays_sms: str
    or_lose: str
    or_lose_sms: str
    until: str
    reply: str
    reply_offer: str
    reply_stop: str
    answer_here: str
    stop_here: str
    stop_here_sms: str


@dataclass(frozen=True)
class Words:
    """All words of one language.

    Attributes:
        is_rtl: Whether it is written from right to left.
    """

    language: Language
    is_rtl: bool
    calendar: CalendarWords
    page: PageWords
    letter: LetterWords
