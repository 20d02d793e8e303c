"""Letters: each notice in the patient's words, short by SMS, with a subject by e-mail.

They say a department and a time, no name, no clinician and no reason.
"""

from typing import Final

from domain.criteria import House
from domain.notices import Channel, Letter, NoticeKind
from handlers.patients.texts import WORDS, long_moment, short_moment
from handlers.patients.vocabulary import Language, LetterWords, Saying, Words
from handlers.patients.ways import Ways
from storage.visits import NoticeView

_SMS_NAME: Final = 24
_NAME: Final = 80
"""Characters that a department, or the HMO, takes at most."""

_ASKS: Final = frozenset({NoticeKind.CONFIRM, NoticeKind.REMINDER})


def letter_of(
    view: NoticeView, ways: Ways, house: House, hmo_name: str, language: Language
) -> Letter:
    """A notice in words.

    Args:
        view: What it tells.
        ways: How it can be answered.
        house: The HMO's calendar.
        hmo_name: Who writes; may be empty.
        language: The patient's.
    """
    words = WORDS[language]
    if view.channel is Channel.SMS:
        return _sms(view, ways, house, hmo_name, words)
    return _email(view, ways, house, hmo_name, words)


def _sms(view: NoticeView, ways: Ways, house: House, hmo_name: str, words: Words) -> Letter:
    letter, zone = words.letter, house.calendar.zone
    said = _saying(view.kind, letter).sms
    own, until = (
        short_moment(moment, zone, words) if moment else None
        for moment in (view.own_start, view.until)
    )
    parts = [said]
    if own:
        parts.append(letter.own_stays_sms)
    if until and view.released_by_silence:
        parts.append(letter.or_lose_sms)
    text = " ".join(parts).format(
        department=_line(view.department, _SMS_NAME),
        when=short_moment(view.start, zone, words),
        until=until,
        own=own,
    )
    sender = f"{_line(hmo_name, _SMS_NAME)}: " if hmo_name else ""
    lines = [sender + text, *_sms_ways(view, ways, letter)]
    return Letter("", "\n".join(lines))


def _sms_ways(view: NoticeView, ways: Ways, letter: LetterWords) -> list[str]:
    """How to answer and to stop; where a reply does, no second link takes up room."""
    lines = []
    if ways.replies:
        is_offer = view.kind is NoticeKind.OFFER
        asks = letter.reply_offer if is_offer else letter.reply
        lines.append(asks if is_offer or view.kind in _ASKS else letter.reply_stop)
    if ways.answer:
        lines.append(ways.answer)
    if ways.stop and not ways.replies:
        lines.append(letter.stop_here_sms.format(link=ways.stop))
    return lines


def _email(view: NoticeView, ways: Ways, house: House, hmo_name: str, words: Words) -> Letter:
    letter, zone = words.letter, house.calendar.zone
    said = _saying(view.kind, letter)
    when = long_moment(view.start, zone, words)
    until = long_moment(view.until, zone, words) if view.until else None
    own = long_moment(view.own_start, zone, words) if view.own_start else None
    department = _line(view.department, _NAME)
    parts = [said.text.format(department=department, when=when, until=until)]
    if own:
        parts.append(letter.own_stays.format(own=own))
    if until and view.kind in _ASKS:
        asked = letter.or_lose if view.released_by_silence else letter.until
        parts.append(asked.format(until=until))
    if ways.answer:
        parts.append(letter.answer_here.format(link=ways.answer))
    if hmo_name:
        parts.append(_line(hmo_name, _NAME))
    if ways.stop:
        parts.append(letter.stop_here.format(link=ways.stop))
    return Letter(said.subject.format(when=when), "\n\n".join(parts) + "\n")


def _saying(kind: NoticeKind, letter: LetterWords) -> Saying:
    return {
        NoticeKind.CONFIRM: letter.confirm,
        NoticeKind.REMINDER: letter.reminder,
        NoticeKind.OFFER: letter.offer,
        NoticeKind.GONE: letter.gone,
        NoticeKind.BOOKED: letter.booked,
        NoticeKind.RELEASED: letter.released,
    }[kind]


def _line(name: str, at_most: int) -> str:
    """A name that a feed told, on one line, without what turns text around or sends it astray."""
    clean = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
    return clean if len(clean) <= at_most else f"{clean[: at_most - 1].rstrip()}."
