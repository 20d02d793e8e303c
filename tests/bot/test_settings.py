"""Settings: a wrong value is named in one line, and `.env.example` tells of every one."""

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.settings import PREFIX, LogFormat, Settings, WrongSetting, read_settings
from domain.notices import Channel, Manners
from domain.retention import Retention

EXAMPLE = Path(__file__).parents[2] / ".env.example"
TOKEN = "123456:AAbbCCddEEffGGhhIIjjKK"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No environment and no `.env` but the test's own."""
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", "hello"),
        ("BOT_TOKEN", "123:short"),
        ("BOT_API_URL", "api.telegram.org"),
        ("BOT_API_URL", "ftp://api.telegram.org"),
        ("BOT_API_URL", "https://api.telegram.org?x=1"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DATABASE_URL", "slotwise.db"),
        ("DATABASE_URL", "postgresql://slotwise:s3cret@host:port/slotwise"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("TIMEZONE", "Mars/Olympus"),
        ("TIMEZONE", "../../etc/passwd"),
        ("RISK_THRESHOLD", "0"),
        ("RISK_THRESHOLD", "two"),
        ("SUMMARY_TIME", "25:00"),
        ("SUMMARY_TIME", "breakfast"),
        ("AS_OF", "yesterday"),
        ("LOG_FORMAT", "xml"),
        ("KEEP_PATIENTS_DAYS", "29"),
        ("KEEP_PATIENTS_DAYS", "for ever"),
        ("KEEP_MESSAGES_HOURS", "0"),
        ("KEEP_MESSAGES_HOURS", "48"),
        ("KEEP_OUTBOX_DAYS", "1"),
        ("KEEP_VIEWS_DAYS", "-90"),
        ("WEB_PORT", "70000"),
        ("WEB_PORT", "http"),
        ("WEB_HOST", "localhost"),
        ("WEBHOOK_URL", "http://example.org/hook"),
        ("WEBHOOK_URL", "https://user:s3cret@example.org/hook"),
        ("WEBHOOK_URL", "https://[example.org/hook"),
        ("WEBHOOK_URL", "https://example.org/hook?secret=s3cret"),
        ("WEBHOOK_URL", "https://example.org/hook"),  # without a port
        ("WEBHOOK_SECRET", "with space s3cret"),
        ("WEBHOOK_SECRET", "x" * 257),
        ("HMO_NAME", "Clinic\nBcc: everybody"),
        ("HMO_NAME", "x" * 41),
        ("PUBLIC_URL", "http://clinic.example"),
        ("PUBLIC_URL", "https://clinic.example/?x=1"),
        ("LINK_SECRET", "s3cret"),
        ("SMS_URL", "gateway.example?key=s3cret"),
        ("EMAIL_URL", "mailtos://user:s3cret@host with space"),
        ("SMS_WEBHOOK_SECRET", "s3cret"),
        ("QUIET_HOURS", "21-8"),
        ("QUIET_HOURS", "21:00-24:00"),
        ("NOTICES_A_WEEK", "0"),
        ("PHONE_COUNTRY", "+972"),
        ("PHONE_COUNTRY", "IL"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(WrongSetting) as wrong:
        read_settings()
    told = str(wrong.value)
    assert told.startswith(f"{PREFIX}{name}: ")
    assert len(told.splitlines()) == 1
    assert "s3cret" not in told


def test_a_token_that_is_missing_is_asked_for() -> None:
    with pytest.raises(WrongSetting, match=r"SLOTWISE_BOT_TOKEN is not set: .*@BotFather"):
        _ = read_settings().token


def test_the_defaults_hold_where_nothing_is_set_or_set_to_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing = read_settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(PREFIX + name.upper(), "")
    assert read_settings() == nothing
    assert nothing.bot_api_url == "https://api.telegram.org"
    assert (nothing.risk_threshold, nothing.summary_time) == (2, time(7, 30))
    assert (nothing.as_of, nothing.log_format) == (None, LogFormat.CONSOLE)


def test_the_environment_goes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{PREFIX}TIMEZONE=Asia/Jerusalem\n{PREFIX}RISK_THRESHOLD=3\n")
    monkeypatch.setenv(f"{PREFIX}RISK_THRESHOLD", "4")
    settings = read_settings()
    assert (settings.timezone, settings.risk_threshold) == ("Asia/Jerusalem", 4)
    assert settings.house.threshold == 4
    assert str(settings.house.calendar.zone) == "Asia/Jerusalem"


@pytest.mark.parametrize("url", ["https://example.org/hook", "http://127.0.0.1:9464/"])
def test_a_webhook_has_a_port_where_the_calls_arrive(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}WEBHOOK_URL", url)
    with pytest.raises(WrongSetting, match="SLOTWISE_WEB_PORT is needed too"):
        read_settings()
    monkeypatch.setenv(f"{PREFIX}WEB_PORT", "9464")
    assert read_settings().webhook_url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMS_WEBHOOK_SECRET", "0123456789abcdef"),
        ("SMS_URL", "json://gateway.example/sms"),
        ("EMAIL_URL", "mailtos://user:s3cret@host"),
    ],
)
def test_patients_are_written_to_only_where_they_can_answer(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(WrongSetting, match="SLOTWISE_PUBLIC_URL is needed too"):
        read_settings()
    monkeypatch.setenv(f"{PREFIX}PUBLIC_URL", "https://clinic.example")
    with pytest.raises(WrongSetting, match="SLOTWISE_WEB_PORT is needed too"):
        read_settings()
    monkeypatch.setenv(f"{PREFIX}WEB_PORT", "9464")
    assert read_settings().public_url == "https://clinic.example"


@pytest.mark.parametrize("written", ["2016-05-29T20:00Z", "2016-05-29T23:00+03:00"])
def test_the_moment_at_which_the_clock_starts_is_utc(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}AS_OF", written)
    assert read_settings().as_of == datetime(2016, 5, 29, 20, tzinfo=UTC)


def test_how_long_what_is_kept_comes_in_days_and_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().keep == Retention()
    for name, value in (("PATIENTS_DAYS", 365), ("MESSAGES_HOURS", 47), ("VIEWS_DAYS", 10)):
        monkeypatch.setenv(f"{PREFIX}KEEP_{name}", str(value))
    keep = read_settings().keep
    assert (keep.patients.days, keep.outbox.days, keep.views.days) == (365, 30, 10)
    assert keep.messages == timedelta(hours=47)


def test_how_patients_are_written_to_is_a_part_of_the_house(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_settings().house.manners == Manners()
    monkeypatch.setenv(f"{PREFIX}QUIET_HOURS", "20:30-09:15")
    monkeypatch.setenv(f"{PREFIX}NOTICES_A_WEEK", "2")
    monkeypatch.setenv(f"{PREFIX}WEB_PORT", "9464")
    monkeypatch.setenv(f"{PREFIX}PUBLIC_URL", "https://clinic.example")
    monkeypatch.setenv(f"{PREFIX}SMS_URL", "json://gateway.example/sms")
    manners = read_settings().house.manners
    assert manners == Manners(frozenset({Channel.SMS}), 20 * 60 + 30, 9 * 60 + 15, 2)


def test_links_are_signed_by_the_secret_that_is_set_and_otherwise_by_one_made_of_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_settings().link_key == b""
    monkeypatch.setenv(f"{PREFIX}BOT_TOKEN", TOKEN)
    made = read_settings().link_key
    assert len(made) == 32
    assert TOKEN.encode() not in made
    assert read_settings().link_key == made
    monkeypatch.setenv(f"{PREFIX}LINK_SECRET", "0123456789abcdef" * 2)
    assert read_settings().link_key == b"0123456789abcdef" * 2


def test_an_address_is_used_without_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}BOT_API_URL", "http://127.0.0.1:8081/")
    assert read_settings().bot_api_url == "http://127.0.0.1:8081"
    monkeypatch.setenv(f"{PREFIX}WEB_PORT", "9464")
    monkeypatch.setenv(f"{PREFIX}PUBLIC_URL", "https://clinic.example/care/")
    assert read_settings().public_url == "https://clinic.example/care"


def test_secrets_do_not_stand_in_what_is_printed_of_settings() -> None:
    settings = Settings.model_validate(
        {
            "bot_token": TOKEN,
            "database_url": "postgresql://slotwise:s3cret@host/slotwise",
            "webhook_secret": "s3cret",
            "link_secret": "s3cret" * 6,
            "sms_url": "twilio://AC0:s3cret@15551234567",
            "email_url": "mailtos://user:s3cret@host",
            "web_port": 9464,
            "public_url": "https://clinic.example",
            "sms_webhook_secret": "s3cret" * 3,
        }
    )
    for printed in (repr(settings), str(settings), settings.model_dump_json()):
        assert TOKEN not in printed
        assert "s3cret" not in printed
    assert settings.token == TOKEN


def test_the_example_names_exactly_the_settings_that_there_are_each_with_a_comment() -> None:
    lines = EXAMPLE.read_text().splitlines()
    places = {
        match[1]: number
        for number, line in enumerate(lines)
        if (match := re.match(rf"(?:# )?({PREFIX}\w+)=", line))
    }
    assert set(places) == {PREFIX + name.upper() for name in Settings.model_fields}
    for name, number in places.items():
        comment = lines[number - 1]
        assert comment.startswith("# "), name
        assert PREFIX not in comment, name


def test_the_example_as_it_stands_sets_the_defaults(tmp_path: Path) -> None:
    defaults = read_settings()
    (tmp_path / ".env").write_text(EXAMPLE.read_text())
    assert read_settings() == defaults


def test_columns_by_which_fairness_is_audited_are_named_once_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_settings().audit_columns == ()
    monkeypatch.setenv(f"{PREFIX}AUDIT_GROUPS", " Scholarship,, insurance ,Scholarship")
    assert read_settings().audit_columns == ("Scholarship", "insurance")
