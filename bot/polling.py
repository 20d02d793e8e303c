"""Asking Telegram for updates, so that no answer of it leaves the bot deaf."""

from http import HTTPStatus
from typing import Any, Final

from telegram.error import NetworkError
from telegram.request import HTTPXRequest

REFUSED_AT_MOST: Final = 5
"""Refusals in a row after which the token counts as withdrawn."""


class PollingRequest(HTTPXRequest):
    """The connection on which updates are asked for.

    python-telegram-bot ends polling for good, and without a word, at the first 401 or 404. A proxy
    on the way may answer so once; such an answer is therefore tried again like any other trouble.

    Attributes:
        refusals: 401 and 404 in a row.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refusals = 0

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """See `telegram.request.BaseRequest.do_request`.

        Raises:
            NetworkError: Also where the server says that it does not know the token.
        """
        code, payload = await super().do_request(*args, **kwargs)
        if code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}:
            self.refusals += 1
            raise NetworkError("the server does not know the token")
        self.refusals = 0
        return code, payload
