"""Ways for a patient to answer a notice: a page, a reply by SMS, and one way to hear no more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from domain.links import Link, Purpose, address
from domain.notices import Channel, NoticeKind
from storage.visits import NoticeView

STOP_HOLDS: Final = timedelta(days=365)
"""How long a link to stop works: an old message is a good reason to press it."""

_ANSWERED_BY: Final = MappingProxyType(
    {
        NoticeKind.CONFIRM: Purpose.VISIT,
        NoticeKind.REMINDER: Purpose.VISIT,
        NoticeKind.BOOKED: Purpose.VISIT,
        NoticeKind.OFFER: Purpose.OFFER,
    }
)
"""The page that a notice leads to; the others tell how something ended."""


@dataclass(frozen=True)
class Ways:
    """How a patient can answer one notice.

    Attributes:
        answer: The address of the page to answer on, if there is one.
        stop: The address of the page to hear no more, if there is one.
        replies: Whether a reply to the message reaches us.
    """

    answer: str | None = None
    stop: str | None = None
    replies: bool = False


@dataclass(frozen=True)
class Reachable:
    """Where patients reach us.

    Attributes:
        public_url: Where their pages are, without a slash at the end; empty: nowhere.
        secret: Signs the links.
        takes_replies: Whether replies by SMS come in.
    """

    public_url: str
    secret: bytes
    takes_replies: bool = False

    def ways(self, view: NoticeView, now: datetime) -> Ways:
        """How one notice can be answered. Its links hold until the visit starts."""
        replies = self.takes_replies and view.channel is Channel.SMS
        if not self.public_url:
            return Ways(replies=replies)
        purpose = _ANSWERED_BY.get(view.kind)
        answer = self._address(purpose, view.notice_id, view.start) if purpose else None
        stop = self._address(Purpose.STOP, view.notice_id, now + STOP_HOLDS)
        return Ways(answer, stop, replies)

    def _address(self, purpose: Purpose, notice_id: int, expires: datetime) -> str:
        return address(self.public_url, self.secret, Link(purpose, notice_id, expires))
