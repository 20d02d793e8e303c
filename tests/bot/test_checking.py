"""`check`: a line for each part, and 1 if one of them fails."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import running
from bot.demo.server import BotApiServer, Person
from bot.pictures.browser import browser_path, font_available
from bot.prediction import model_files
from bot.serving import listen
from bot.settings import PREFIX, Settings, read_settings
from domain.clock import HandClock, SystemClock
from storage.store import Store
from tests.bot.command import slotwise
from tests.bot.prediction.clinic import in_charge
from tests.e2e.town import TOKEN
from tests.gateways import MailServer
from tests.waiting import until

PARTS = ["settings", "database", "token", "Chromium", "font", "model"]

Said = pytest.CaptureFixture[str]


@pytest.fixture
async def telegram(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[BotApiServer]:
    """Telegram, and settings that lead to it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    server = BotApiServer(TOKEN, [Person(1001, "Dana")])
    async with server.running() as url:
        monkeypatch.setenv(f"{PREFIX}BOT_TOKEN", TOKEN)
        monkeypatch.setenv(f"{PREFIX}BOT_API_URL", url)
        monkeypatch.setenv(f"{PREFIX}DATABASE_URL", f"sqlite:///{tmp_path / 'slotwise.db'}")
        monkeypatch.setenv(f"{PREFIX}TIMEZONE", "Asia/Jerusalem")
        yield server


@pytest.mark.skipif(
    browser_path() is None or not font_available(), reason="needs Chromium and a font"
)
async def test_all_is_well(
    telegram: BotApiServer, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    code, lines = await check(monkeypatch, capsys)
    assert code == 0
    assert [line.split()[:2] for line in lines] == [["ok", part] for part in PARTS]
    assert "Asia/Jerusalem" in lines[0]
    assert "sqlite, up to date" in lines[1]
    assert "@slotwise_bot" in lines[2]


@pytest.mark.parametrize(
    ("part", "name", "value", "words"),
    [
        ("settings", f"{PREFIX}TIMEZONE", "Mars", "SLOTWISE_TIMEZONE: Mars is no time zone"),
        ("database", f"{PREFIX}DATABASE_URL", "sqlite:////dev/null/x.db", "/dev/null"),
        ("database", f"{PREFIX}DATABASE_URL", "postgresql://u:s3cret@127.0.0.1:1/x", "refused"),
        ("token", f"{PREFIX}BOT_TOKEN", "", "get one from @BotFather"),
        ("token", f"{PREFIX}BOT_TOKEN", "1000001:another-token-than-the-bots", "does not know"),
        ("token", f"{PREFIX}BOT_API_URL", "http://127.0.0.1:1", "cannot be reached"),
        ("Chromium", "BROWSER_PATH", "/nowhere/chromium", "BROWSER_PATH"),
    ],
)
async def test_what_is_wrong_is_told_in_its_line_and_the_rest_is_checked_too(
    telegram: BotApiServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Said,
    part: str,
    name: str,
    value: str,
    words: str,
) -> None:
    monkeypatch.setenv(name, value)
    code, lines = await check(monkeypatch, capsys)
    assert code == 1
    wrong = [line for line in lines if line.startswith("NO")]
    assert [line.split()[1] for line in wrong] == [part]
    assert words in wrong[0]
    assert len(lines) == (1 if part == "settings" else len(PARTS))
    assert "s3cret" not in "".join(lines)


async def test_the_model_in_charge_has_its_line(
    telegram: BotApiServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Said,
    tmp_path: Path,
    clock: HandClock,
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", str(tmp_path))
    _, (*_, model) = await check(monkeypatch, capsys)
    assert model == "ok  model     the rule is in charge"
    store = Store(f"sqlite:///{tmp_path / 'slotwise.db'}")
    version = in_charge(store, tmp_path, clock.now())
    store.close()
    _, (*_, model) = await check(monkeypatch, capsys)
    assert model == f"ok  model     {version.name} is in charge, its file in order"
    model_files.model_path(tmp_path, version.name).unlink()
    code, (*_, model) = await check(monkeypatch, capsys)
    assert code == 1
    assert model.startswith(f"NO  model     {version.name}: ")
    assert model.endswith("cannot be read: No such file or directory; activate another one")


async def test_a_port_and_a_webhook_have_their_lines(
    telegram: BotApiServer, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv(f"{PREFIX}WEB_PORT", str(port))
        monkeypatch.setenv(f"{PREFIX}WEBHOOK_URL", f"http://127.0.0.1:{port}/telegram")
        _, (*_, web, _) = await check(monkeypatch, capsys)
        assert web == f"NO  web       SLOTWISE_WEB_PORT: 127.0.0.1 port {port}: " + os.strerror(
            errno.EADDRINUSE
        )
    _, (*_, web, webhook) = await check(monkeypatch, capsys)
    assert web == f"ok  web       127.0.0.1 port {port} is free"
    assert webhook == "ok  webhook   not set; the bot sets it when it starts"
    async with running(read_settings(), SystemClock()):
        _, (*_, web, webhook) = await check(monkeypatch, capsys)
        assert web == f"ok  web       the bot answers on 127.0.0.1 port {port}"
        assert webhook == "ok  webhook   set"
    await telegram.person(1001).says("hello?")
    await until(lambda: bool(telegram.webhook_trouble))
    _, (*_, webhook) = await check(monkeypatch, capsys)
    assert webhook == "NO  webhook   updates that wait: 1; Telegram says: Connection refused"


async def test_each_channel_to_patients_has_its_line_and_nothing_is_sent(
    telegram: BotApiServer, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv(f"{PREFIX}PUBLIC_URL", "https://clinic.example")
    monkeypatch.setenv(f"{PREFIX}WEB_PORT", str(free_port()))
    async with MailServer().running() as mail:
        monkeypatch.setenv(f"{PREFIX}EMAIL_URL", mail.url)
        monkeypatch.setenv(f"{PREFIX}SMS_URL", "twilio://AC0a:s3cret@15551234567")
        _, (*_, sms, email, patients) = await check(monkeypatch, capsys)
        await until(lambda: len(mail.calls) == 1)
    where = f"127.0.0.1 port {mail.port}"
    assert sms == "ok  sms       set; whether its provider is there is seen by the first message"
    assert email == f"ok  email     {where} is there, without encryption"
    assert patients.startswith("NO  patients  SLOTWISE_HMO_NAME is not set")
    assert mail.taken == []
    monkeypatch.setenv(f"{PREFIX}HMO_NAME", "Clinic Galil")
    monkeypatch.setenv(f"{PREFIX}SMS_URL", "gotify://host/s3cret")
    _, (*_, sms, email, patients) = await check(monkeypatch, capsys)
    assert sms == "NO  sms       SLOTWISE_SMS_URL: this provider writes to no chosen recipient"
    assert email == f"NO  email     {where}: {os.strerror(errno.ECONNREFUSED)}"
    links = "links to https://clinic.example signed by a key made of the token"
    assert patients == f"ok  patients  Clinic Galil, {links}"


def free_port() -> int:
    with listen(0) as found:
        return int(found.getsockname()[1])


async def check(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> tuple[int, list[str]]:
    """Run it beside the event loop; its exit code and lines."""
    code = await asyncio.to_thread(slotwise, monkeypatch, "check")
    said = capsys.readouterr()
    assert said.err == ""
    return code, said.out.splitlines()
