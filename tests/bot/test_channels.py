"""Messages to patients leave by real SMTP and HTTP, and what became of each is told as it is."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from bot.channels import AT_ONCE, Channels
from bot.providers import Place
from bot.settings import WrongSetting
from bot.witness import Ending
from domain.notices import Channel, Letter, NoticeEvent
from tests.gateways import SENDER, MailServer, SmsGateway
from tests.waiting import until

NOA = "noa+care@example.org"
PHONE = "+972501234567"
STOP = "https://clinic.example/stop/abc.def"
LETTER = Letter(
    "Your appointment on Sunday", "Please tell us whether you come.\nhttps://c.example/x"
)
HEBREW = Letter("התור שלך ביום ראשון", "האם תגיעי?\nמוקד הזימון")
ARABIC = Letter("موعدك يوم الأحد", "هل ستأتي؟\nمركز المواعيد")


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with MailServer().running() as server:
        yield server


@pytest.fixture
async def sms() -> AsyncIterator[SmsGateway]:
    async with SmsGateway().running() as gateway:
        yield gateway


def by_mail(server: MailServer, more: str = "") -> Channels:
    return Channels({Channel.EMAIL: SecretStr(server.url + more)})


def by_sms(gateway: SmsGateway, more: str = "") -> Channels:
    return Channels({Channel.SMS: SecretStr(gateway.url + more)})


async def test_a_mail_comes_to_one_person_with_its_words_and_a_way_to_stop(
    mail: MailServer,
) -> None:
    channels = by_mail(mail)
    assert await channels.send(Channel.EMAIL, NOA, LETTER, STOP) is None
    (taken,) = mail.taken
    assert taken.to == (NOA,)
    assert (taken.parsed["From"], taken.parsed["To"]) == (SENDER, NOA)
    assert taken.parsed["Subject"] == LETTER.subject
    assert taken.parsed.get_content_type() == "text/plain"
    assert taken.text.splitlines() == LETTER.text.splitlines()
    assert taken.parsed["List-Unsubscribe"] == f"<{STOP}>"
    assert taken.parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert taken.parsed["Auto-Submitted"] == "auto-generated"
    await channels.close()


@pytest.mark.parametrize("letter", [HEBREW, ARABIC], ids=["Hebrew", "Arabic"])
async def test_a_mail_in_any_script_comes_as_it_was_written(
    mail: MailServer, letter: Letter
) -> None:
    assert await by_mail(mail).send(Channel.EMAIL, NOA, letter) is None
    assert mail.taken[0].parsed["Subject"] == letter.subject
    assert mail.taken[0].text.splitlines() == letter.text.splitlines()
    assert "List-Unsubscribe" not in mail.taken[0].parsed


async def test_nothing_that_is_sent_can_add_a_header_or_a_recipient(mail: MailServer) -> None:
    channels = by_mail(mail)
    evil = Letter("Sunday\r\nBcc: evil@example.org\n\nhello", LETTER.text)
    stop = "https://c.example/x>\r\nBcc: evil@example.org"
    assert await channels.send(Channel.EMAIL, NOA, evil, stop) is None
    (taken,) = mail.taken
    assert taken.to == (NOA,)
    assert (taken.parsed["Bcc"], taken.parsed["List-Unsubscribe"]) == (None, None)
    assert taken.text.splitlines() == LETTER.text.splitlines()


@pytest.mark.parametrize(
    "to",
    [
        "",
        "noa",
        "noa@example.org,evil@example.org",
        "noa@example.org evil@example.org",
        "noa@example.org\nBcc: evil@example.org",
        "Noa <noa@example.org>",
        '"noa,evil"@example.org',
        "noa@localhost",
        f"{'n' * 250}@example.org",
    ],
)
async def test_what_is_not_exactly_one_address_is_written_to_by_nobody(
    mail: MailServer, to: str
) -> None:
    assert event(await by_mail(mail).send(Channel.EMAIL, to, LETTER)) is NoticeEvent.HOPELESS
    assert mail.taken == []


@pytest.mark.parametrize(
    ("reply", "expected", "problem"),
    [
        ("550 5.1.1 no such user", NoticeEvent.HOPELESS, "refused the recipient: 550"),
        ("451 4.7.1 try again later", NoticeEvent.NOT_YET, "refused the recipient: 451"),
    ],
)
async def test_a_recipient_that_the_server_refuses_gets_nothing_for_sure(
    mail: MailServer, reply: str, expected: NoticeEvent, problem: str
) -> None:
    mail.refused[NOA] = reply
    ending = await by_mail(mail).send(Channel.EMAIL, NOA, LETTER)
    assert ending == Ending(expected, f"the mail server {problem}")
    assert mail.taken == []


async def test_of_many_at_once_each_has_its_own_ending(mail: MailServer) -> None:
    mail.refused[NOA] = "550 5.1.1 no such user"
    channels = by_mail(mail)
    others = [f"patient{number}@example.org" for number in range(10)]
    sending = [channels.send(Channel.EMAIL, to, LETTER) for to in (*others, NOA, *others)]
    endings = await asyncio.gather(*sending)
    assert [event(ending) for ending in endings].index(NoticeEvent.HOPELESS) == len(others)
    assert endings.count(None) == len(mail.taken) == 2 * len(others)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("554 spam", NoticeEvent.HOPELESS), ("452 disk full", NoticeEvent.NOT_YET)],
)
async def test_a_text_that_the_server_refuses_was_not_taken(
    mail: MailServer, answer: str, expected: NoticeEvent
) -> None:
    mail.answer = answer
    ending = await by_mail(mail).send(Channel.EMAIL, NOA, LETTER)
    assert ending == Ending(expected, f"the mail server answered {answer[:3]}")


async def test_a_mail_server_that_goes_silent_or_away_after_the_text_leaves_it_open(
    mail: MailServer,
) -> None:
    mail.drops = True
    lost = await by_mail(mail).send(Channel.EMAIL, NOA, LETTER)
    assert lost == Ending(NoticeEvent.LOST, "the mail server, after the text: connection lost")
    mail.drops, mail.hangs = False, True
    late = await by_mail(mail, "&cto=0.3").send(Channel.EMAIL, NOA, LETTER)
    assert late == Ending(NoticeEvent.LOST, "the mail server, after the text: no answer in time")
    await until(lambda: len(mail.taken) == 2)  # it had them both


async def test_a_mail_server_that_goes_away_before_the_text_has_none(mail: MailServer) -> None:
    mail.drops_early = True
    ending = await by_mail(mail).send(Channel.EMAIL, NOA, LETTER)
    assert ending == Ending(
        NoticeEvent.NOT_YET, "the mail server, before the text: connection lost"
    )


async def test_a_mail_server_without_the_encryption_or_login_that_is_set_has_none(
    mail: MailServer,
) -> None:
    plain = await by_mail(mail, "&mode=starttls").send(Channel.EMAIL, NOA, LETTER)
    assert event(plain) is NoticeEvent.NOT_YET
    login = await by_mail(mail, "&user=clinic&password=s3cret").send(Channel.EMAIL, NOA, LETTER)
    assert event(login) is NoticeEvent.NOT_YET
    assert mail.taken == []


async def test_an_sms_goes_to_one_number_with_its_text_alone(sms: SmsGateway) -> None:
    assert await by_sms(sms).send(Channel.SMS, PHONE, HEBREW, STOP) is None
    (taken,) = sms.taken
    assert (taken["to"], taken["message"], taken["title"]) == (PHONE, HEBREW.text, "")


async def test_a_gateway_gets_the_number_and_the_text_under_the_names_that_it_knows(
    sms: SmsGateway,
) -> None:
    channels = by_sms(sms, "&:recipient=tel:{to}&:message=text&:title=&:sender=Clinic")
    assert await channels.send(Channel.SMS, PHONE, LETTER) is None
    (taken,) = sms.taken
    assert (taken["recipient"], taken["text"]) == (f"tel:{PHONE}", LETTER.text)
    assert (taken["sender"], taken.keys() & {"to", "title", "message"}) == ("Clinic", set())


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (400, NoticeEvent.HOPELESS),
        (422, NoticeEvent.HOPELESS),
        (401, NoticeEvent.NOT_YET),
        (404, NoticeEvent.NOT_YET),
        (429, NoticeEvent.NOT_YET),
        (408, NoticeEvent.LOST),
        (500, NoticeEvent.LOST),
        (503, NoticeEvent.LOST),
        (302, NoticeEvent.NOT_YET),
    ],
)
async def test_an_http_answer_says_whether_the_message_was_surely_refused(
    sms: SmsGateway, code: int, expected: NoticeEvent
) -> None:
    sms.code = code
    ending = await by_sms(sms).send(Channel.SMS, PHONE, LETTER)
    for_all = expected is NoticeEvent.NOT_YET  # such as a wrong key: nothing would be taken
    alone = code == 404  # or it means this recipient
    assert ending == Ending(expected, f"the provider answered {code}", for_all, alone)


async def test_a_gateway_that_goes_silent_or_away_leaves_it_open(sms: SmsGateway) -> None:
    sms.drops = True
    lost = await by_sms(sms).send(Channel.SMS, PHONE, LETTER)
    assert lost == Ending(NoticeEvent.LOST, "the provider: connection lost")
    sms.drops, sms.hangs = False, True
    late = await by_sms(sms, "&rto=0.3").send(Channel.SMS, PHONE, LETTER)
    assert late == Ending(NoticeEvent.LOST, "the provider: no answer in time")
    await until(lambda: len(sms.taken) == 2)  # it had them both, and once each


async def test_a_provider_that_cannot_be_reached_has_surely_taken_nothing() -> None:
    async with MailServer().running() as mail, SmsGateway().running() as sms:
        pass
    channels = Channels({Channel.EMAIL: SecretStr(mail.url), Channel.SMS: SecretStr(sms.url)})
    why = "the provider cannot be reached: "
    refused = Ending(NoticeEvent.NOT_YET, f"{why}it refused the connection", for_all=True)
    assert await channels.send(Channel.EMAIL, NOA, LETTER) == refused
    assert await channels.send(Channel.SMS, PHONE, LETTER) == refused
    nowhere = Channels(
        {
            Channel.EMAIL: SecretStr("mailto://mail.invalid/?from=a@example.org"),
            Channel.SMS: SecretStr("json://sms.invalid/"),
        }
    )
    unknown = Ending(NoticeEvent.NOT_YET, f"{why}its name is not known", for_all=True)
    assert await nowhere.send(Channel.EMAIL, NOA, LETTER) == unknown
    assert await nowhere.send(Channel.SMS, PHONE, LETTER) == unknown


async def test_a_message_that_takes_too_long_is_given_up_and_its_place_comes_back(
    sms: SmsGateway,
) -> None:
    told: list[tuple[Channel, str]] = []
    channels = Channels(
        {Channel.SMS: SecretStr(f"{sms.url}&rto=60")},
        watch=lambda channel, what, _: told.append((channel, what)),
        within=0.3,
    )
    sms.hangs = True
    sending = [channels.send(Channel.SMS, PHONE, LETTER) for _ in range(AT_ONCE + 1)]
    *first, last = await asyncio.gather(*sending)
    assert {event(ending) for ending in first} == {NoticeEvent.LOST}
    assert last == Ending(NoticeEvent.NOT_YET, "all messages on their way hang", for_all=True)
    await until(lambda: len(sms.taken) == AT_ONCE)
    assert told == [(Channel.SMS, "lost")] * AT_ONCE
    sms.hangs = False
    sms.let_go()
    await until(lambda: not messages_under_way())
    assert await channels.send(Channel.SMS, PHONE, LETTER) is None
    assert told[-1] == (Channel.SMS, "arrived")


async def test_what_is_on_its_way_is_waited_for_at_the_end_and_nothing_follows(
    sms: SmsGateway,
) -> None:
    channels = by_sms(sms, "&rto=60")
    sms.hangs = True
    sending = asyncio.create_task(channels.send(Channel.SMS, PHONE, LETTER))
    await until(lambda: bool(sms.taken))
    closing = asyncio.create_task(channels.close())
    await asyncio.sleep(0)  # it begins
    after = await channels.send(Channel.SMS, PHONE, LETTER)
    assert after == Ending(NoticeEvent.NOT_YET, "the program ends", for_all=True)
    assert not closing.done()
    sms.let_go()
    await closing
    assert await sending is None
    assert len(sms.taken) == 1


async def test_a_channel_without_a_provider_is_told_so() -> None:
    channels = Channels({Channel.SMS: SecretStr("")})
    assert not channels.has(Channel.SMS)
    assert not channels.has(Channel.EMAIL)
    assert event(await channels.send(Channel.SMS, PHONE, LETTER)) is NoticeEvent.NOT_YET


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nothing://user:s3cret@host", "Apprise knows no such provider"),
        ("mailto://user:s3cret@example.org/noa@example.org", "a recipient stands in it"),
        ("mailto://user:s3cret@example.org?to=noa@example.org", "a recipient stands in it"),
        ("mailto://user:s3cret@example.org?bcc=noa@example.org", "a recipient stands in it"),
        ("gotify://host/s3cret", "writes to no chosen recipient"),
        ("twilio://s3cret:s3cret@15551234567", "it cannot be used as it stands"),
    ],
)
def test_a_url_that_cannot_be_used_is_named_without_being_shown(url: str, why: str) -> None:
    with pytest.raises(WrongSetting, match="SLOTWISE_EMAIL_URL: ") as wrong:
        Channels({Channel.EMAIL: SecretStr(url)})
    assert why in str(wrong.value)
    assert "s3cret" not in str(wrong.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("mailtos://u:p@mail.example/?from=a@x.org", Place("mail.example", 587, is_encrypted=True)),
        ("mailto://mail.example/?from=a@x.org", Place("mail.example", 25, is_encrypted=False)),
        ("jsons://gateway.example/sms", Place("gateway.example", 443, is_encrypted=True)),
        ("json://gateway.example:81/sms", Place("gateway.example", 81, is_encrypted=False)),
        ("mailgun://a@x.org/" + "f" * 32 + "-00000000-00000000", None),
    ],
)
def test_where_messages_are_handed_over_can_be_seen_in_most_urls(
    url: str, place: Place | None
) -> None:
    assert Channels({Channel.EMAIL: SecretStr(url)}).place(Channel.EMAIL) == place


@pytest.mark.parametrize(
    "url",
    [
        "twilio://AC0a1b2c:abcdef@15551234567",
        "vonage://abcdef:abcdef@15551234567",
        "bulksms://user:password@",
        "msgbird://abcdefghijklmnopqrstuvwxy/15551234567",
        "form://gateway.example/send?:recipient={to}",
    ],
)
def test_usual_providers_can_be_set(url: str) -> None:
    assert Channels({Channel.SMS: SecretStr(url)}).has(Channel.SMS)


async def test_no_log_line_holds_an_address_a_text_or_a_key(
    mail: MailServer, sms: SmsGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mail.refused[NOA] = "550 no"
    sms.code = 500
    await by_mail(mail, "&name=s3cret-name").send(Channel.EMAIL, NOA, LETTER)
    await by_sms(sms, "&:key=s3cret-key").send(Channel.SMS, PHONE, LETTER)
    ours = [record for record in caplog.records if record.name != "mail.log"]  # the server's own
    written = "".join(f"{record.getMessage()} {record.args}" for record in ours)
    for told in (NOA, PHONE, LETTER.text, "s3cret", "/sms"):
        assert told not in written


def event(ending: Ending | None) -> NoticeEvent | None:
    return ending.event if ending else None


def messages_under_way() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "message"]
