"""Reading what a stranger sends to one of our doors, no more of it than fits."""

import contextlib

from starlette.requests import ClientDisconnect, Request


async def read_body(request: Request, at_most: int) -> bytes | None:
    """The body of a request, or `None` if it has more than `at_most` bytes.

    Of one that breaks off only the beginning is there: whoever understands bodies refuses that.
    """
    body = bytearray()
    with contextlib.suppress(ClientDisconnect):
        async for chunk in request.stream():
            body += chunk
            if len(body) > at_most:
                return None
    return bytes(body)
