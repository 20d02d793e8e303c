"""A provider of SMS or mail, described by an Apprise URL: one message to one recipient.

The URL names the provider, its keys and the sender, never a recipient: that is added for each
message, in the provider's own way (`docs/patients.md` has examples).
"""

import logging
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from apprise import Apprise, AppriseAsset, NotifyFormat, PersistentStoreMode
from apprise.plugins import url_to_dict

from bot.witness import Ending, witnessed
from domain.notices import Channel, Letter, NoticeEvent
from domain.phones import E164

PLACE: Final = "{to}"
"""Where the recipient goes, in URLs that have to say it."""

log = structlog.get_logger()

_CONNECT: Final = 5.0
_ANSWER: Final = 20.0
"""Seconds that a provider may take, unless its URL says otherwise (`cto`, `rto`)."""

_UNSEEN: Final = logging.CRITICAL + 1

_BY_MAIL_SERVER: Final = frozenset({"mailto", "mailtos"})
_TAKES_MAIL_HEADERS: Final = _BY_MAIL_SERVER | {"mailgun"}
"""Where Apprise's `headers` are those of the mail, not those of an HTTP call."""

_MAIL: Final = re.compile(
    r"[\w.!#$&'*+/=?^`{|}~-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", re.ASCII | re.IGNORECASE
)
_LONGEST_MAIL: Final = 254
_SAMPLES: Final[Mapping[Channel, str]] = {
    Channel.SMS: "+12125550123",
    Channel.EMAIL: "somebody@example.org",
}
_LINK: Final = re.compile(r"https?://[^\s<>\"]+", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Place:
    """Where a provider takes messages, and whether they are encrypted on the way."""

    host: str
    port: int
    is_encrypted: bool


class UnusableProvider(Exception):  # noqa: N818 - told in one line, not traced
    """A URL that leads to no provider that can be used; the text says why, without the URL."""


class Provider:
    """Sends messages by one provider. Safe to be used by several threads.

    Args:
        channel: What it sends.
        url: Apprise's URL.

    Raises:
        UnusableProvider: The URL is none of Apprise's, or a recipient stands in it.
    """

    def __init__(self, channel: Channel, url: str) -> None:
        _hush()
        self._channel = channel
        self._asset = AppriseAsset(
            app_id="Slotwise",
            app_desc="Slotwise",
            storage_mode=PersistentStoreMode.MEMORY,
            http_redirects=False,  # the call that follows one would be another call
        )
        self._parts = _parts(url)
        if self._plugin(_SAMPLES[channel], {}) is None:
            raise UnusableProvider("it cannot be used as it stands; a key or the sender is wrong")

    def send(self, to: str, letter: Letter, stop: str = "") -> Ending | None:
        """Send one message, and wait for what becomes of it.

        Args:
            to: An e-mail address, or a phone number as E.164.
            letter: What it says.
            stop: The address at which the recipient says that they want no more; mail programs
                show it as a button (RFC 2369 and 8058).

        Returns:
            `None` if the provider surely took it, otherwise how it ended.
        """
        plugin = self._plugin(to, _headers(stop)) if _is_address(self._channel, to) else None
        if plugin is None:
            return Ending(NoticeEvent.HOPELESS, "no such address can be written to")
        title = "" if self._channel is Channel.SMS else _CONTROL.sub(" ", letter.subject)
        with witnessed() as witness:
            try:
                if plugin.notify(body=letter.text, title=title):
                    return None
            except Exception as error:  # whatever a provider's own code raises
                log.warning("a provider's code failed", error=type(error).__name__)
        return witness.ending()

    @property
    def place(self) -> Place | None:
        """Where messages are handed over; `None` if that cannot be seen."""
        plugin: Any = self._plugin(_SAMPLES[self._channel], {})
        if self._parts["schema"] in _BY_MAIL_SERVER:
            return Place(plugin.smtp_host, plugin.port, is_encrypted=plugin.secure)
        if "payload" in self._parts:
            usual = 443 if plugin.secure else 80
            return Place(plugin.host, plugin.port or usual, is_encrypted=plugin.secure)
        url = urlsplit(str(getattr(plugin, "notify_url", "")))
        if not url.hostname or "{" in url.netloc:
            return None
        return Place(url.hostname, url.port or 443, is_encrypted=url.scheme == "https")

    def _plugin(self, to: str, headers: Mapping[str, str]) -> Any:
        """Apprise's own sender for one recipient; `None` if it would have another, or none.

        Some send to the sender when they take a recipient for none.
        """
        parts = dict(self._parts)
        if "targets" in parts:
            parts["targets"] = [to]
        else:
            parts["payload"] = _filled(parts["payload"], to)
        if headers and parts["schema"] in _TAKES_MAIL_HEADERS:
            parts["headers"] = {**parts["headers"], **headers}
        plugin: Any = Apprise.instantiate(parts, asset=self._asset)
        if (
            plugin is None
            or len(plugin) != 1
            or getattr(plugin, "targets", True) in ([], (), set())
        ):
            return None
        if parts["schema"] in _BY_MAIL_SERVER and plugin.targets != [(False, to)]:
            return None
        return plugin


def _parts(url: str) -> dict[str, Any]:
    """What Apprise reads out of a URL, and what we ask of every provider."""
    with warnings.catch_warnings():  # it loads all its providers, and one uses an old module
        warnings.simplefilter("ignore", DeprecationWarning)
        parts: dict[str, Any] | None = url_to_dict(url)  # type: ignore[no-untyped-call]
    if not parts:
        raise UnusableProvider("Apprise knows no such provider; one is json://gateway.example/sms")
    if set(parts.get("targets") or ()) - {"", PLACE} or parts["qsd"].keys() & {"to", "cc", "bcc"}:
        raise UnusableProvider("a recipient stands in it; each message has its own")
    if "targets" not in parts and "payload" not in parts:
        raise UnusableProvider("this provider writes to no chosen recipient")
    one_limit = parts["schema"] in _BY_MAIL_SERVER  # for connecting and for each answer
    usual = {"cto": _ANSWER if one_limit else _CONNECT, "rto": _ANSWER}
    # One message is one call: nothing is repeated, cut into pieces or turned into HTML.
    fixed = {"retry": 0, "overflow": "upstream", "emojis": False, "format": NotifyFormat.TEXT}
    return {**usual, **parts, **fixed}


def _filled(payload: Mapping[str, str], to: str) -> dict[str, str]:
    """The extra fields of a generic HTTP call: the recipient in its place, or as `to`."""
    if not any(PLACE in value for value in payload.values()):
        return {**payload, "to": to}
    return {name: value.replace(PLACE, to) for name, value in payload.items()}


def _is_address(channel: Channel, to: str) -> bool:
    """Whether it is one address, and nothing that a mail or a call could take for more."""
    if channel is Channel.SMS:
        return E164.fullmatch(to) is not None
    return len(to) <= _LONGEST_MAIL and _MAIL.fullmatch(to) is not None


def _headers(stop: str) -> dict[str, str]:
    """Headers of a mail that nobody answers by machine, and that one can stop by a press."""
    automatic = {"Auto-Submitted": "auto-generated"}
    if not _LINK.fullmatch(stop):
        return automatic
    one_click = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return {**automatic, "List-Unsubscribe": f"<{stop}>", **one_click}


def _hush() -> None:
    """Apprise and urllib3 write addresses and keys to their logs: nothing of it is let out."""
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(_UNSEEN)
