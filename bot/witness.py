"""What happened on the wire while Apprise sent something.

Apprise tells of a message only whether all went well. That is not enough: one that was surely not
taken may be sent again, one of which nobody knows may not. So its two ways out, requests for HTTP
and smtplib for mail, are watched from below, in the thread that sends and nowhere else.
"""

import contextlib
import functools
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import requests
from urllib3.exceptions import NewConnectionError

from domain.notices import NoticeEvent

_OTHER_THAN_REFUSED: Final = frozenset({408})
"""HTTP codes below 500 that do not say whether the request was taken: "too slow"."""
_ABOUT_THE_MESSAGE: Final = frozenset({400, 410, 413, 422})
"""HTTP codes that refuse this message and this recipient. The others below 500 are about us, such
as an unknown key or too many calls: the same message may well be taken later."""
_ABOUT_US_ALONE: Final = frozenset({401, 402, 429})
"""No key, no credit, too many calls. Of the rest some gateways refuse one recipient by, too."""


@dataclass(frozen=True)
class Ending:
    """How a try ended that did not surely succeed.

    Attributes:
        event: `NOT_YET` and `HOPELESS`: it was surely not taken. `LOST`: nobody knows.
        problem: In a few words of our own, for the log and for people; never an address.
        for_all: What is wrong is between the provider and us: no other message would be taken.
        unless_taken: … but once another one is, it was wrong with this message.
    """

    event: NoticeEvent
    problem: str
    for_all: bool = False
    unless_taken: bool = False


@dataclass
class Witness:
    """What was seen of one message.

    Attributes:
        text_left: Whether its text was given to a mail server.
        seen: What became of each call, in order; `None` of one that was answered well.
    """

    text_left: bool = False
    seen: list[Ending | None] = field(default_factory=list)

    def ending(self) -> Ending:
        """How a message ended of which Apprise says that it was not sent.

        That it was not taken is sure only if all that was tried was surely refused.
        """
        sure = [each for each in self.seen if each and each.event is not NoticeEvent.LOST]
        if self.seen and len(sure) == len(self.seen):
            return sure[-1]
        lost = [each for each in self.seen if each and each.event is NoticeEvent.LOST]
        return lost[-1] if lost else Ending(NoticeEvent.LOST, "not understood what became of it")


_present: ContextVar[Witness | None] = ContextVar("witness", default=None)


@contextlib.contextmanager
def witnessed() -> Iterator[Witness]:
    """See what this thread sends by HTTP and mail until the block is left."""
    _watch()
    witness = Witness()
    token = _present.set(witness)
    try:
        yield witness
    finally:
        _present.reset(token)


@functools.cache
def _watch() -> None:
    """Put the watchers in place, once; without a witness in their thread they see nothing."""
    _around(requests.Session, "send", _by_http)
    _around(smtplib.SMTP, "data", _by_mail_text)
    _around(smtplib.SMTP, "sendmail", _by_mail)
    for step in ("connect", "starttls", "login"):
        _around(smtplib.SMTP, step, _before_mail)


def _around(kind: type, name: str, watcher: Callable[[Witness, Callable[[], Any]], Any]) -> None:
    method = getattr(kind, name)

    @functools.wraps(method)
    def watched(*args: Any, **kwargs: Any) -> Any:
        call = functools.partial(method, *args, **kwargs)
        witness = _present.get()
        return call() if witness is None else watcher(witness, call)

    setattr(kind, name, watched)


def _by_http(witness: Witness, call: Callable[[], Any]) -> Any:
    try:
        answer = call()
    except Exception as error:
        witness.seen.append(_of_http_error(error))
        raise
    witness.seen.append(_of_code(answer.status_code))
    return answer


def _of_code(code: int) -> Ending | None:
    said = f"the provider answered {code}"
    if 200 <= code < 300:
        return None
    if 300 <= code < 400:  # not followed: it wants to be called elsewhere
        return Ending(NoticeEvent.NOT_YET, said, for_all=True)
    if not 400 <= code < 500 or code in _OTHER_THAN_REFUSED:
        return Ending(NoticeEvent.LOST, said)
    if code in _ABOUT_THE_MESSAGE:
        return Ending(NoticeEvent.HOPELESS, said)
    alone = code not in _ABOUT_US_ALONE
    return Ending(NoticeEvent.NOT_YET, said, for_all=True, unless_taken=alone)


def _of_http_error(error: Exception) -> Ending:
    """Only a call for which there was no connection was surely not made."""
    causes = list(_causes(error))
    if isinstance(error, requests.ConnectTimeout) or any(
        isinstance(cause, NewConnectionError | ssl.SSLCertVerificationError) for cause in causes
    ):
        return Ending(NoticeEvent.NOT_YET, _no_connection(causes), for_all=True)
    problem = "no answer in time" if isinstance(error, requests.Timeout) else "connection lost"
    return Ending(NoticeEvent.LOST, f"the provider: {problem}")


def _before_mail(witness: Witness, call: Callable[[], Any]) -> Any:
    """Connecting and logging in: if that fails, no text has left."""
    try:
        return call()
    except Exception as error:
        refused = isinstance(error, smtplib.SMTPResponseException)
        problem = _answered(error) if refused else _no_connection(list(_causes(error)))
        witness.seen.append(Ending(NoticeEvent.NOT_YET, problem, for_all=True))
        raise


def _by_mail_text(witness: Witness, call: Callable[[], Any]) -> Any:
    witness.text_left = True
    return call()


def _by_mail(witness: Witness, call: Callable[[], Any]) -> Any:
    try:
        refused = call()
    except Exception as error:
        witness.seen.append(_of_mail_error(error, text_left=witness.text_left))
        raise
    witness.seen.append(None)
    return refused


def _of_mail_error(error: Exception, *, text_left: bool) -> Ending:
    """By the server's reply; without one, a message whose text has not left was surely not taken.

    A reply of 400 to 599, at whatever step, leaves the message with us (RFC 5321, 4.2.1).
    """
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            code = max(int(reply[0]) for reply in recipients.values())
            return Ending(_refusal(code), f"the mail server refused the recipient: {code}")
        case smtplib.SMTPDataError() if 400 <= error.smtp_code < 600:
            return Ending(_refusal(error.smtp_code), _answered(error))
        case smtplib.SMTPDataError():
            return Ending(NoticeEvent.LOST, _answered(error))
        case smtplib.SMTPResponseException():  # the sender, or we
            return Ending(NoticeEvent.NOT_YET, _answered(error), for_all=True)
    is_late = any(isinstance(cause, TimeoutError) for cause in _causes(error))
    problem = "no answer in time" if is_late else "connection lost"
    if text_left:
        return Ending(NoticeEvent.LOST, f"the mail server, after the text: {problem}")
    return Ending(NoticeEvent.NOT_YET, f"the mail server, before the text: {problem}")


def _refusal(code: int) -> NoticeEvent:
    return NoticeEvent.HOPELESS if code >= 500 else NoticeEvent.NOT_YET


def _answered(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f"the mail server answered {code}"


def _no_connection(causes: list[BaseException]) -> str:
    """Why there is no connection; the errors' own texts hold addresses."""
    for kind, why in (
        (ssl.SSLError, "its certificate or encryption cannot be used"),
        (socket.gaierror, "its name is not known"),
        (ConnectionRefusedError, "it refused the connection"),
        (TimeoutError, "no connection in time"),
    ):
        if any(isinstance(cause, kind) for cause in causes):
            return f"the provider cannot be reached: {why}"
    return "the provider cannot be reached"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what is inside of it: requests and urllib3 wrap one into the other."""
    todo, met = [error], set[int]()
    while todo:
        present = todo.pop()
        if id(present) in met:
            continue
        met.add(id(present))
        yield present
        inside = (present.__cause__, present.__context__, getattr(present, "reason", None))
        todo += [each for each in (*inside, *present.args) if isinstance(each, BaseException)]
