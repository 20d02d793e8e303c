"""Settings: the environment or `.env`, prefix `SLOTWISE_`; `.env.example` explains each."""

import hmac
import re
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from domain.criteria import House
from domain.days import Calendar
from domain.notices import Channel, Manners
from domain.retention import Retention

PREFIX: Final = "SLOTWISE_"
TELEGRAM: Final = "https://api.telegram.org"
# `telegram.constants.WebhookLimit`, which takes half a second to load.
_SECRET: Final = re.compile(r"[\w-]{1,256}", re.ASCII)
_PROVIDER: Final = re.compile(r"[A-Za-z0-9]+://\S+")
_HOUR: Final = r"([01]\d|2[0-3]):[0-5]\d"
_QUIET_HOURS: Final = re.compile(f"{_HOUR}-{_HOUR}")
_TOKEN: Final = re.compile(r"\d+:[\w-]{20,}")


class WrongSetting(Exception):  # noqa: N818 - told in one line, not traced
    """A setting has a value that cannot be used; the text names it."""


class LogFormat(StrEnum):
    """How log lines look: for people or for machines."""

    CONSOLE = "console"
    JSON = "json"


class Settings(BaseSettings):
    """All settings. Nothing is configured anywhere else."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
    )

    bot_token: SecretStr = SecretStr("")
    bot_api_url: str = TELEGRAM
    database_url: SecretStr = SecretStr("sqlite:///slotwise.db")
    timezone: str = "UTC"
    risk_threshold: int = Field(default=2, ge=1, le=50)
    summary_time: time = time(7, 30)
    as_of: datetime | None = None
    log_format: LogFormat = LogFormat.CONSOLE
    data_dir: Path = Path("data")
    audit_groups: str = ""
    retrain_days: int = Field(default=30, ge=0, le=3_650)
    keep_patients_days: int = Field(default=730, ge=30, le=36_500)
    keep_messages_hours: int = Field(default=36, ge=1, le=47)
    keep_outbox_days: int = Field(default=30, ge=2, le=3_650)
    keep_views_days: int = Field(default=90, ge=2, le=3_650)
    web_port: int = Field(default=0, ge=0, le=65535)
    web_host: str = "127.0.0.1"
    webhook_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    hmo_name: str = Field(default="", max_length=40)
    public_url: str = ""
    link_secret: SecretStr = SecretStr("")
    sms_url: SecretStr = SecretStr("")
    email_url: SecretStr = SecretStr("")
    sms_webhook_secret: SecretStr = SecretStr("")
    quiet_hours: str = "21:00-08:00"
    notices_a_week: int = Field(default=3, ge=1, le=50)
    phone_country: str = Field(default="972", pattern=r"^[1-9]\d{0,2}$")

    @field_validator("bot_token")
    @classmethod
    def _token_shape(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if token and not _TOKEN.fullmatch(token):
            raise ValueError("a token looks like 123456:ABC…, as BotFather gives it")
        return value

    @field_validator("bot_api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
            raise ValueError("an address such as https://api.telegram.org is needed")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if not url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("it must begin with sqlite:/// or postgresql://")
        if url in {"sqlite:///", "sqlite:///:memory:"}:
            raise ValueError("a file is needed, as in sqlite:///slotwise.db")
        try:
            make_url(url)
        except (ArgumentError, ValueError):
            raise ValueError("it is no address of a database") from None
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value} is no time zone; one is Asia/Jerusalem")
        return value

    @field_validator("as_of")
    @classmethod
    def _moment(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)

    @field_validator("web_host")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            return str(ip_address(value))
        except ValueError:
            raise ValueError("an address of this machine is needed, such as 127.0.0.1") from None

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, value: str, others: ValidationInfo) -> str:
        if value and not _may_be_called(value):
            raise ValueError("an address that Telegram can call is needed: https://host/path")
        if value and others.data.get("web_port") == 0:
            raise ValueError(f"{PREFIX}WEB_PORT is needed too: there the calls arrive")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _webhook_secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("it has 1 to 256 letters, digits, _ and - only")
        return value

    @field_validator("hmo_name")
    @classmethod
    def _hmo_name(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("it is one line of letters, as patients read it")
        return value.strip()

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str, others: ValidationInfo) -> str:
        if value and not _may_be_called(value):
            raise ValueError("an address that patients can open is needed: https://host/path")
        if value and others.data.get("web_port") == 0:
            raise ValueError(f"{PREFIX}WEB_PORT is needed too: there patients' answers arrive")
        return value.rstrip("/")

    @field_validator("link_secret")
    @classmethod
    def _link_secret(cls, value: SecretStr) -> SecretStr:
        return _long_enough(value, 32)

    @field_validator("sms_webhook_secret")
    @classmethod
    def _sms_webhook_secret(cls, value: SecretStr, others: ValidationInfo) -> SecretStr:
        if value.get_secret_value() and not others.data.get("public_url", "unusable"):
            raise ValueError(f"{PREFIX}PUBLIC_URL is needed too: below it replies arrive")
        return _long_enough(value, 16)

    @field_validator("sms_url", "email_url")
    @classmethod
    def _provider(cls, value: SecretStr, others: ValidationInfo) -> SecretStr:
        """Nobody is asked who could not answer: silence would be taken for one."""
        url = value.get_secret_value()
        if url and not _PROVIDER.fullmatch(url):
            raise ValueError("one of Apprise's URLs is needed, such as mailtos://user:pass@host")
        if url and not others.data.get("public_url", "unusable"):
            raise ValueError(f"{PREFIX}PUBLIC_URL is needed too: there patients answer")
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _quiet(cls, value: str) -> str:
        if not _QUIET_HOURS.fullmatch(value):
            raise ValueError("two times are needed, from and until, as in 21:00-08:00")
        return value

    @property
    def link_key(self) -> bytes:
        """The key that patients' links are signed with: made of the token where none is set.

        So it is the same after a restart and in every program of one bot. Empty without both.
        """
        secret, token = self.link_secret.get_secret_value(), self.bot_token.get_secret_value()
        if secret:
            return secret.encode()
        return hmac.digest(token.encode(), b"patients' links", "sha256") if token else b""

    @property
    def house(self) -> House:
        """The HMO's calendar, threshold, time of the daily summary, and manners with patients."""
        calendar, minute = Calendar(ZoneInfo(self.timezone)), _minute(self.summary_time)
        return House(calendar, self.risk_threshold, minute, self._manners)

    @property
    def provider_urls(self) -> dict[Channel, SecretStr]:
        """Apprise's URL for each channel that has a provider."""
        urls = {Channel.SMS: self.sms_url, Channel.EMAIL: self.email_url}
        return {channel: url for channel, url in urls.items() if url.get_secret_value()}

    @property
    def _manners(self) -> Manners:
        begin, _, end = self.quiet_hours.partition("-")
        quiet = _minute(time.fromisoformat(begin)), _minute(time.fromisoformat(end))
        return Manners(frozenset(self.provider_urls), *quiet, self.notices_a_week)

    @property
    def audit_columns(self) -> tuple[str, ...]:
        """Columns of the feed by which fairness is audited, besides sex and age."""
        named = (name.strip() for name in self.audit_groups.split(","))
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def keep(self) -> Retention:
        """How long what is kept."""
        return Retention(
            timedelta(days=self.keep_patients_days),
            timedelta(hours=self.keep_messages_hours),
            timedelta(days=self.keep_outbox_days),
            timedelta(days=self.keep_views_days),
        )

    @property
    def token(self) -> str:
        """The bot's token.

        Raises:
            WrongSetting: There is none.
        """
        token = self.bot_token.get_secret_value()
        if not token:
            raise WrongSetting(f"{PREFIX}BOT_TOKEN is not set: get one from @BotFather")
        return token


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _long_enough(secret: SecretStr, least: int) -> SecretStr:
    if 0 < len(secret.get_secret_value()) < least:
        raise ValueError(f"it has at least {least} characters; openssl rand -hex 32 makes one")
    return secret


def _may_be_called(url: str) -> bool:
    """Whether it is an https address, or one of this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.query or parts.fragment or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and host in {"127.0.0.1", "localhost", "::1"}
    )


class GivenSettings(Settings):
    """Settings that are given in code alone, whatever the environment or `.env` say."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Of all sources only the arguments."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def read_settings() -> Settings:
    """Read the settings.

    Raises:
        WrongSetting: One cannot be used; the text is one line and names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise WrongSetting(f"{name}: {reason}") from None
