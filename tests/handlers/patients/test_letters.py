"""Letters: short by SMS, whole by e-mail, and nothing in them but a department and a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.links import Purpose, opened
from domain.notices import Channel, Letter, NoticeKind
from handlers.patients.letters import letter_of
from handlers.patients.vocabulary import Language
from handlers.patients.ways import STOP_HOLDS, Reachable, Ways
from storage.visits import NoticeView
from tests.hmo import HOUSE

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
START = datetime(2026, 11, 29, 7, 20, tzinfo=UTC)
DAY = timedelta(days=1)
HMO = "Northside Clinics"
SECRET = b"only this clinic knows it"
REACHED = Reachable("https://visits.clinic.example", SECRET, takes_replies=True)
DEPARTMENTS = {
    Language.ENGLISH: "Cardiology",
    Language.HEBREW: "קרדיולוגיה",
    Language.ARABIC: "أمراض القلب",
    Language.RUSSIAN: "Кардиология",
}
GSM = set(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà\n\r"
)
"""The letters of GSM 03.38: a text of these alone has 160 to a message, any other 70."""

UNTIL = "Monday 23 November, 20:00"
ASKED = NoticeView(7, NoticeKind.CONFIRM, Channel.SMS, "Cardiology", START, "en")


def test_an_sms_asks_and_tells_how_to_answer() -> None:
    view = replace(ASKED, until=START - 2 * DAY)
    assert said(view).text.splitlines()[:2] == [
        "Northside Clinics: are you coming to Cardiology, Sun 29 Nov 09:20?",
        "Reply 1 = I come, 2 = I cannot come, 3 = call me, STOP = no more messages",
    ]
    warned = said(replace(view, released_by_silence=True)).text
    assert "09:20? Unanswered by Fri 27 Nov 09:20 it may go to another patient." in warned
    assert said(view).subject == ""


def test_an_sms_that_cannot_be_replied_to_does_not_ask_for_a_reply() -> None:
    ways = replace(REACHED, takes_replies=False).ways(ASKED, NOW)
    lines = said(ASKED, ways).text.splitlines()
    assert lines[1:] == [ways.answer, f"No more messages: {ways.stop}"]
    assert said(ASKED, Ways()).text.splitlines()[1:] == []


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("language", Language)
def test_an_sms_is_short_besides_its_link(language: Language, kind: NoticeKind) -> None:
    view = replace(ASKED, kind=kind, department=DEPARTMENTS[language])
    if kind is NoticeKind.OFFER:
        view = replace(view, until=START - DAY)
    text = words_of_sms(view, language)
    if language is Language.ENGLISH:
        assert set(text) <= GSM
        assert len(text) <= 160
    else:
        assert len(text) <= 2 * 70


@pytest.mark.parametrize("language", Language)
def test_an_sms_that_has_more_to_say_takes_a_part_more_at_most(language: Language) -> None:
    view = replace(ASKED, department=DEPARTMENTS[language], until=START - 2 * DAY)
    longest = (
        replace(view, released_by_silence=True),
        replace(view, kind=NoticeKind.OFFER, own_start=START + 20 * DAY),
    )
    for one in longest:
        assert len(words_of_sms(one, language)) <= (306 if language is Language.ENGLISH else 201)


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("language", Language)
def test_an_email_has_a_subject_and_all_that_there_is_to_know(
    language: Language, kind: NoticeKind
) -> None:
    view = replace(
        ASKED,
        kind=kind,
        channel=Channel.EMAIL,
        department=DEPARTMENTS[language],
        until=START - 2 * DAY,
        own_start=START + 20 * DAY if kind is NoticeKind.OFFER else None,
    )
    ways = REACHED.ways(view, NOW)
    letter = said(view, ways, language)
    assert "\n" not in letter.subject
    assert letter.subject
    assert DEPARTMENTS[language] in letter.text
    assert HMO in letter.text
    assert "{" not in letter.subject + letter.text
    assert (str(ways.answer) in letter.text) is (ways.answer is not None)
    assert letter.text.rstrip().endswith(str(ways.stop))


def test_an_email_offers_a_time_and_says_what_becomes_of_the_present_one() -> None:
    view = replace(
        ASKED,
        kind=NoticeKind.OFFER,
        channel=Channel.EMAIL,
        until=NOW + timedelta(hours=12),
        own_start=START + 20 * DAY,
    )
    ways = REACHED.ways(view, NOW)
    assert said(view, ways) == Letter(
        "A visit is free: Sunday 29 November, 09:20",
        f"""A visit has become free: Cardiology, Sunday 29 November, 09:20.
Others are asked too: whoever takes it first has it. The offer holds until {UNTIL}.

You keep your visit on Saturday 19 December, 09:20 until you take this one. Then it is given back.

Answer here: {ways.answer}

Northside Clinics

If you want no more messages: {ways.stop}
""",
    )


def test_each_notice_leads_to_its_own_page_while_the_visit_is_ahead() -> None:
    leads = {kind: REACHED.ways(replace(ASKED, kind=kind), NOW) for kind in NoticeKind}
    purposes = {kind: purpose_of(ways.answer) for kind, ways in leads.items() if ways.answer}
    assert purposes == {
        NoticeKind.CONFIRM: (Purpose.VISIT, START),
        NoticeKind.REMINDER: (Purpose.VISIT, START),
        NoticeKind.BOOKED: (Purpose.VISIT, START),
        NoticeKind.OFFER: (Purpose.OFFER, START),
    }
    stops = {purpose_of(ways.stop) for ways in leads.values()}
    assert stops == {(Purpose.STOP, NOW + STOP_HOLDS)}


def test_where_there_are_no_pages_only_replies_answer() -> None:
    assert Reachable("", b"", takes_replies=True).ways(ASKED, NOW) == Ways(replies=True)
    by_email = replace(ASKED, channel=Channel.EMAIL)
    assert Reachable("", b"", takes_replies=True).ways(by_email, NOW) == Ways()


def test_a_name_from_a_feed_stays_on_its_line_and_turns_nothing_around() -> None:
    hostile = "Eyes\r\nBcc: all@clinic.example\u202e{when}" + "x" * 300
    for channel in Channel:
        view = replace(ASKED, channel=channel, department=hostile)
        usual, letter = said(replace(view, department="Eyes")), said(view)
        assert len(letter.text.splitlines()) == len(usual.text.splitlines())
        assert "\u202e" not in letter.text
        assert len(letter.text) < len(usual.text) + 100


def said(
    view: NoticeView, ways: Ways | None = None, language: Language = Language.ENGLISH
) -> Letter:
    return letter_of(view, ways or REACHED.ways(view, NOW), HOUSE, HMO, language)


def words_of_sms(view: NoticeView, language: Language) -> str:
    """An SMS that can be replied to, without its link."""
    ways = REACHED.ways(view, NOW)
    text = said(view, ways, language).text
    assert "STOP" in text
    return text.replace(ways.answer, "").rstrip() if ways.answer else text


def purpose_of(url: str | None) -> tuple[Purpose, datetime]:
    assert url is not None
    link = opened(SECRET, url.rpartition("/")[2])
    assert link is not None
    assert f"/{link.purpose}/" in url
    return link.purpose, link.expires
