"""Log lines: structured, and without a secret in any of them."""

import contextlib
import json
import logging
from collections.abc import Iterator

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import hide, redact, start_logging
from bot.settings import LogFormat

TOKEN = "1234567890:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
URL = f"https://api.telegram.org/bot{TOKEN}/sendMessage"
HOOK_SECRET = "hook_secret-9"
LINK = "dgAAAAAAAAAHahyJ2CmTtFqV9Hqk4nVYp9Zp6-_"  # as long as a patient's
CODE = "kQ7h-Zt3Lw0_bN5x"
DATABASE = "postgresql://slotwise:s3cret-w0rd@db.example/slotwise"


@contextlib.contextmanager
def logging_as(style: LogFormat) -> Iterator[None]:
    """Logging as the program starts it, and as it was before when the test has ended."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    start_logging(style)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()


@pytest.mark.parametrize("style", LogFormat)
def test_no_secret_stands_in_any_line_tracebacks_included(
    style: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    hide(HOOK_SECRET)
    with logging_as(style):
        log = structlog.get_logger("some.module")
        log.info("calling", url=URL, nested={"database": [DATABASE]})
        log.info("called", headers={"x-telegram-bot-api-secret-token": HOOK_SECRET})
        log.info("said", text=f"/start {CODE}", link=f"https://t.me/slotwise_bot?start={CODE}")
        logging.getLogger("telegram").warning("no answer from %s", URL)
        log.warning("not answered", path=f"/v/{LINK}", url=f"https://clinic.example/s/{LINK}")
        errors = (httpx.ConnectError(URL), ValueError(DATABASE), LookupError(HOOK_SECRET))
        for error in (*errors, KeyError(f"/start@slotwise_bot {CODE}")):
            try:
                try:
                    raise error
                except (httpx.ConnectError, ValueError, LookupError) as first:
                    raise RuntimeError(f"while asking {URL}") from first
            except RuntimeError:
                log.exception("a handler failed")
                logging.getLogger("telegram.ext").exception("no error handlers are registered")
    written = capsys.readouterr().err
    assert "RuntimeError" in written
    assert "a handler failed" in written
    assert "api.telegram.org" in written
    for secret in (TOKEN, TOKEN.split(":")[1], "s3cret-w0rd", HOOK_SECRET, CODE, LINK):
        assert secret not in written


@pytest.mark.parametrize("style", LogFormat)
def test_the_values_of_variables_do_not_stand_in_tracebacks(
    style: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(phone: str) -> None:
        raise LookupError("no such row")

    number = "-".join(["+972", "50", "1234567"])
    with logging_as(style):
        try:
            work(number)
        except LookupError:
            structlog.get_logger("other.module").exception("failed")
    written = capsys.readouterr().err
    assert "no such row" in written
    assert "1234567" not in written


@pytest.mark.parametrize("style", LogFormat)
def test_libraries_that_print_addresses_are_quiet(
    style: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_as(style):
        logging.getLogger("httpx").info("HTTP Request: POST %s", URL)
        logging.getLogger("httpcore").info("connect")
    assert capsys.readouterr().err == ""


def test_lines_for_machines_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as(LogFormat.JSON):
        structlog.get_logger("third.module").info("פנוי", number=3)
        logging.getLogger("any.library").warning("two\nlines")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["פנוי", "two\nlines"]
    assert [line["level"] for line in lines] == ["info", "warning"]
    assert lines[0]["number"] == 3
    assert all(line["timestamp"].endswith("Z") for line in lines)


@given(
    st.integers(10**7, 10**11),
    st.from_regex(r"[A-Za-z0-9_-]{35}", fullmatch=True),
    st.text(alphabet=" /:=\"'()[]{},\n", max_size=5),
    st.text(alphabet=" /:=\"'()[]{},\n", max_size=5),
)
def test_a_token_is_found_wherever_it_stands(
    number: int, secret: str, before: str, after: str
) -> None:
    token = f"{number}:{secret}"
    for text in (f"{before}{token}{after}", f"{before}/bot{token}/getMe{after}"):
        told = redact(text)
        assert secret not in told
        assert told.startswith(before)
        assert told.endswith(after)


@given(st.text(alphabet="abcXYZ0189-_.~!%$&*+,;=:/", min_size=12, max_size=30))
def test_a_password_is_found_in_any_address(password: str) -> None:
    for scheme in ("postgresql", "http", "redis"):
        told = redact(f"cannot reach {scheme}://user:{password}@host/name now")
        assert password not in told
        assert told.endswith("@host/name now")


def test_a_secret_so_short_that_it_is_in_every_line_spoils_none() -> None:
    hide("a")
    hide("")
    assert redact("a bad day") == "a bad day"


@pytest.mark.parametrize(
    "text",
    [
        "/start",
        "/started today",
        "12:30 and 2026-11-23T06:00:00Z",
        "P-7K3MQD at 08:15",
        "http://127.0.0.1:8081/page",
        "a:b@c",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text
