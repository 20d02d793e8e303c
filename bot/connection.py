"""The connection to the Bot API, by aiohttp.

python-telegram-bot's own, by httpx, spends several times as long on a call; of a press answered
under load that was most (`docs/decisions/0007`).
"""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import httpx
from telegram._utils.defaultvalue import DefaultValue
from telegram.error import Conflict, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

CALLS_AT_ONCE: Final = 64
"""Connections that are open at a time; further calls wait for one."""
REFUSED_AT_MOST: Final = 5
"""Refusals in a row after which the token counts as withdrawn."""
FIRST_WAIT: Final = 1.0
"""Seconds from a failure to asking for updates again; after further ones it is longer."""

_READ: Final = 5.0
_WRITE_FILE: Final = 30.0
_CONNECT: Final = 5.0
_WAIT_FOR_ONE: Final = 30.0
_LONGEST_WAIT: Final = 30.0

_UNKNOWN_TOKEN: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND})


class NotConnected(NetworkError):  # noqa: N818 - named like its kin, `TimedOut`
    """The server could not be reached, so it got nothing: the call was certainly not made."""


Watch = Callable[[str, str, float], None]
"""Told of every call: its method, its HTTP status or `timeout` or `lost`, and its seconds."""


class Connection(BaseRequest):
    """Calls of the Bot API over at most `CALLS_AT_ONCE` connections that are kept open.

    Args:
        at_once: Connections at a time.
        watch: Told of every call.

    Attributes:
        answered_at: When Telegram last answered (monotonic, in seconds), if it did.
    """

    def __init__(
        self, at_once: int = CALLS_AT_ONCE, watch: Watch = lambda _method, _status, _seconds: None
    ) -> None:
        self._at_once, self._watch = at_once, watch
        self._session: aiohttp.ClientSession | None = None
        self.answered_at: float | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take."""
        return _READ

    async def initialize(self) -> None:
        """Be ready to connect."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._at_once, ssl=_certificates(), ttl_dns_cache=300
            )
            self._session = aiohttp.ClientSession(
                connector=connector, trust_env=True, headers={"User-Agent": self.USER_AGENT}
            )

    async def shutdown(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer. python-telegram-bot's own writes one that it cannot read to the log.

        Raises:
            NetworkError: It is not the Bot API's: a proxy's page, for example, or cut off.
        """
        try:
            return dict(json.loads(payload.decode(errors="replace")))
        except (ValueError, TypeError):
            raise NetworkError("the answer is not the Bot API's") from None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one call; its status and body.

        Raises:
            NotConnected: It could not be made.
            TimedOut: It was not answered in time; it may have been carried out all the same.
            NetworkError: The connection was lost; it may have been carried out all the same.
        """
        if self._session is None:
            raise RuntimeError("the connection is not initialized")
        slack = _WRITE_FILE if request_data and request_data.contains_files else 0.0
        timeout = aiohttp.ClientTimeout(
            total=None,
            connect=_chosen(connect_timeout, _CONNECT) + _chosen(pool_timeout, _WAIT_FOR_ONE),
            sock_connect=_chosen(connect_timeout, _CONNECT),
            sock_read=_chosen(read_timeout, _READ) + _chosen(write_timeout, slack),
        )
        began, status = time.monotonic(), "lost"
        try:
            async with self._session.request(
                method, url, data=_body(request_data), timeout=timeout
            ) as answer:
                code, payload = answer.status, await answer.read()
                status = str(code)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotConnected(type(error).__name__) from None
        except TimeoutError as error:
            status = "timeout"
            raise TimedOut from error
        except aiohttp.ClientError as error:
            # The error's own text may hold the address, and with it the token.
            raise NetworkError(type(error).__name__) from None
        finally:
            self._watch(_called(url), status, time.monotonic() - began)
        if code < HTTPStatus.INTERNAL_SERVER_ERROR and code not in _UNKNOWN_TOKEN:
            self.answered_at = time.monotonic()
        return code, payload


class PollingConnection(Connection):
    """The connection on which updates are asked for. It waits by itself after a failure.

    Left to python-telegram-bot, polling would end for good, and without a word, at the first 401 or
    404, which a proxy on the way may answer once; and its waits go on when the program is to end.

    Args:
        watch: Told of every call.

    Attributes:
        on_trouble: Told of every call that failed.
        refusals: 401 and 404 in a row.
    """

    def __init__(self, watch: Watch = lambda _method, _status, _seconds: None) -> None:
        super().__init__(1, watch)
        self.on_trouble: Callable[[TelegramError], None] = lambda _error: None
        self.refusals = 0
        self._wait = FIRST_WAIT
        self._ends = self._is_silent = False

    def end(self, *, confirm: bool) -> None:
        """The program ends: nothing is waited for any more.

        Args:
            confirm: Whether the last call is made, which tells Telegram what was taken. It ends the
                call that another program may have waiting.
        """
        self._ends, self._is_silent = True, not confirm

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """See `Connection.do_request`.

        Raises:
            TimedOut: It failed, and the wait after that is over; the caller asks again at once.
            NetworkError: It failed while the program ends.
        """
        if self._is_silent:
            return HTTPStatus.OK, b'{"ok": true, "result": []}'
        try:
            code, payload = await super().do_request(*args, **kwargs)
            self._check(code)
        except TelegramError as error:
            self.on_trouble(error)
            if self._ends:
                raise
            await asyncio.sleep(self._wait)
            if not isinstance(error, Conflict):  # another program may be leaving just now
                self._wait = min(self._wait * 1.5, _LONGEST_WAIT)
            raise TimedOut from error
        self._wait = FIRST_WAIT
        return code, payload

    def _check(self, code: int) -> None:
        if code in _UNKNOWN_TOKEN:
            self.refusals += 1
            raise NetworkError("the server does not know the token")
        self.refusals = 0
        if code == HTTPStatus.CONFLICT:
            raise Conflict("somebody else asks for the updates")
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise NetworkError(f"the server answers with {code}")


def _called(url: str) -> str:
    """The method that an address calls; the address itself holds the token."""
    return "download" if "/file/bot" in url else url.rpartition("/")[2]


def _chosen(timeout: Any, otherwise: float) -> float:
    return otherwise if timeout is None or isinstance(timeout, DefaultValue) else float(timeout)


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: the same certificates and environment variables as python-telegram-bot's own."""
    return httpx.create_ssl_context()


def _body(request_data: RequestData | None) -> aiohttp.FormData | None:
    if request_data is None or not (request_data.json_parameters or request_data.contains_files):
        return None
    body = aiohttp.FormData(quote_fields=False)  # a file name is written as it is
    for name, value in request_data.json_parameters.items():
        body.add_field(name, value)
    for name, (filename, content, kind) in (request_data.multipart_data or {}).items():
        body.add_field(name, content, filename=filename, content_type=kind)
    return body
