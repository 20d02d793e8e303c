"""Replies by SMS come in by a door that opens to the provider alone."""

import json
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest
import structlog
from starlette.applications import Starlette

from bot.serving import listen, serving
from bot.sms_door import (
    CURRENT,
    LARGEST,
    PATH,
    SENT_AT,
    SIGNATURE,
    TWILIO,
    Reply,
    SmsDoor,
    signature,
    twilio_signature,
    twilio_token,
)

SECRET = "an-sms-secret-of-some-length"
TOKEN = "12345"
URL = "https://mycompany.example/sms"
NOW = 1_800_000_000
SAID = {"from": "050-123-4567", "text": "1", "id": "m-1"}
REPLY = Reply("+972501234567", "1", "m-1")
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


class Clinic:
    """The door, what it handed on, and a provider that calls it."""

    def __init__(self) -> None:
        self.taken: list[Reply] = []
        self.is_away = False
        self.door = SmsDoor(SECRET, URL, "972", self.take, TOKEN, lambda: float(NOW))
        self.provider: httpx.AsyncClient

    async def take(self, reply: Reply) -> None:
        if self.is_away:
            raise OSError(f"cannot keep {reply}")
        self.taken.append(reply)

    async def brings(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await self.provider.post(PATH, content=body, headers=headers)

    async def brings_signed(self, body: bytes, kind: dict[str, str] = JSON, at: int = NOW) -> int:
        proof = {SENT_AT: str(at), SIGNATURE: signature(SECRET, str(at), body)}
        return (await self.brings(body, {**kind, **proof})).status_code


@pytest.fixture
async def clinic() -> AsyncIterator[Clinic]:
    found = Clinic()
    listener = listen(0)
    place = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with (
        serving(Starlette(routes=[found.door.route]), listener),
        httpx.AsyncClient(base_url=place, trust_env=False) as found.provider,
    ):
        yield found


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps(SAID).encode(), JSON),
        (json.dumps({"From": "+972 50 123 4567", "Body": " 1\n", "id": "m-1"}).encode(), JSON),
        (urlencode(SAID).encode(), FORM),
    ],
    ids=["json", "other names", "form"],
)
async def test_a_signed_reply_is_handed_on_with_the_number_in_its_one_form(
    clinic: Clinic, body: bytes, kind: dict[str, str]
) -> None:
    assert await clinic.brings_signed(body, kind) == 200
    assert clinic.taken == [REPLY]


async def test_a_reply_in_any_script_is_one_clean_line(clinic: Clinic) -> None:
    said = SAID | {"text": "לא אגיע\r\n\x00תודה \ud800", "id": 17}
    assert await clinic.brings_signed(json.dumps(said).encode()) == 200
    assert clinic.taken == [Reply(REPLY.sender, "לא אגיע תודה ?", "17")]


async def test_a_reply_that_is_brought_again_is_handed_on_again_under_its_id(
    clinic: Clinic,
) -> None:
    body = json.dumps(SAID).encode()
    assert [await clinic.brings_signed(body) for _ in range(2)] == [200, 200]
    assert clinic.taken == [REPLY, REPLY]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {SENT_AT: str(NOW)},
        {SENT_AT: str(NOW), SIGNATURE: ""},
        {SENT_AT: str(NOW), SIGNATURE: "0" * 64},
        {SENT_AT: str(NOW), SIGNATURE: signature("another secret", str(NOW), b"{}")},
        {SENT_AT: str(NOW), SIGNATURE: signature(SECRET, str(NOW), b"{} ")},
        {SENT_AT: str(NOW), SIGNATURE: signature(SECRET, str(NOW - 1), b"{}")},
        {SENT_AT: "now", SIGNATURE: signature(SECRET, "now", b"{}")},
        {TWILIO: ""},
        {TWILIO: "0/KCTR6DLpKmkAf8muzZqo1nDgQ="},
        {TWILIO: twilio_signature(TOKEN, URL, [])},
    ],
)
async def test_whoever_cannot_prove_to_be_the_provider_is_sent_away_without_a_word(
    clinic: Clinic, headers: dict[str, str]
) -> None:
    for kind in (JSON, FORM):
        answer = await clinic.brings(b"{}", {**kind, **headers})
        assert (answer.status_code, answer.content) == (401, b"")
    assert clinic.taken == []


async def test_a_signature_counts_for_five_minutes(clinic: Clinic) -> None:
    body = json.dumps(SAID).encode()
    for off in (-CURRENT, CURRENT):
        assert await clinic.brings_signed(body, at=NOW + off) == 200
    for off in (-CURRENT - 1, CURRENT + 1):
        assert await clinic.brings_signed(body, at=NOW + off) == 401


async def test_without_a_secret_no_signature_of_ours_counts(clinic: Clinic) -> None:
    body = json.dumps(SAID).encode()
    proof = {SENT_AT: str(NOW), SIGNATURE: signature("", str(NOW), body)}
    door = SmsDoor("", URL, "972", clinic.take, "", lambda: float(NOW))
    transport = httpx.ASGITransport(Starlette(routes=[door.route]))
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as provider:
        for headers in (proof, {TWILIO: twilio_signature("", URL, [("a", "b")])}):
            answer = await provider.post(PATH, content=body, headers=JSON | headers)
            assert answer.status_code == 401
    assert clinic.taken == []


def test_twilios_signature_is_the_one_of_its_own_example() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+12349013030",
        "Digits": "1234",
        "From": "+12349013030",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio_signature("12345", url, [*fields.items()]) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


async def test_twilios_call_is_taken_and_answered_in_its_own_way(clinic: Clinic) -> None:
    fields = {"MessageSid": "SM1", "From": "+972501234567", "Body": "2 לא", "MediaUrl": ""}
    proof = {TWILIO: twilio_signature(TOKEN, URL, [*fields.items()])}
    answer = await clinic.brings(urlencode(fields).encode(), FORM | proof)
    assert (answer.status_code, answer.text) == (200, "<Response/>")
    assert answer.headers["content-type"].startswith("text/xml")
    assert clinic.taken == [Reply("+972501234567", "2 לא", "SM1")]
    changed = urlencode(fields | {"Body": "1"}).encode()
    assert (await clinic.brings(changed, FORM | proof)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b"null",
        b'{"from": "050-1234567"',
        b'{"from": "050-1234567", "text": "1"}',
        b'{"from": "050-1234567", "text": ["1"], "id": "m-1"}',
        b'{"from": "050-1234567", "text": "1", "id": "m 1"}',
        b'{"from": "050-1234567", "text": "1", "id": true}',
        b"[" * 8_000,
        b'{"id": ' + b"9" * 8_000 + b"}",
    ],
)
async def test_what_is_no_reply_is_refused_though_it_is_signed(clinic: Clinic, body: bytes) -> None:
    for kind in (JSON, FORM):
        assert await clinic.brings_signed(body, kind) == 400
    assert clinic.taken == []


async def test_what_is_too_large_is_not_read(clinic: Clinic) -> None:
    assert await clinic.brings_signed(b"x" * (LARGEST + 1)) == 413


async def test_a_company_that_writes_from_a_name_is_no_patient(clinic: Clinic) -> None:
    assert await clinic.brings_signed(json.dumps(SAID | {"from": "INFO"}).encode()) == 200
    assert clinic.taken == []


async def test_a_reply_that_cannot_be_kept_is_to_be_brought_again_and_nothing_of_it_is_logged(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bot")
    clinic.is_away = True
    said = SAID | {"text": "call my mother"}
    with structlog.testing.capture_logs() as logs:
        assert await clinic.brings_signed(json.dumps(said).encode()) == 503
        assert await clinic.brings_signed(json.dumps(said | {"id": ""}).encode()) == 400
    assert [line["event"] for line in logs] == [
        "a reply could not be kept",
        "what came to the door for replies is no reply",
    ]
    for told in ("1234567", "mother", SECRET):
        assert told not in f"{logs} {caplog.text}"


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("twilio://AC0:abc@15551234567", "abc"),
        ("Twilio://AC0@15551234567?token=abc", "abc"),
        ("json://user:abc@gateway.example", ""),
        ("", ""),
    ],
)
def test_the_token_that_twilio_signs_with_is_the_one_that_we_send_with(
    url: str, token: str
) -> None:
    assert twilio_token(url) == token
