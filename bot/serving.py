"""Serving HTTP inside an event loop that is already at work."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

_LAST_WORDS: Final = 3.0
"""Seconds that requests under way are given when the server stops."""


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """Open a port, 0 for a free one.

    The protocol is named because asyncio turns off Nagle's algorithm only then, and with it on
    every answer waits 40 ms for an acknowledgement.

    Raises:
        OSError: If the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket, **options: Any) -> AsyncIterator[None]:
    """Serve `app` until the block is left; what is under way then is answered.

    Args:
        app: The application.
        listener: From `listen`.
        options: More of uvicorn's settings.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=60,
        **options,
    )
    server = _Server(config)
    work = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.ready.wait()
        yield
    finally:
        server.stop()
        await work


class _Server(uvicorn.Server):
    """Uvicorn inside somebody else's loop: signals stay theirs, and it stops at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._stopping.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """As uvicorn's own, without its pauses of a tenth of a second."""
        for listener in self.servers:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if under_way := set(self.server_state.tasks):
            _, late = await asyncio.wait(under_way, timeout=_LAST_WORDS)
            for task in late:
                task.cancel()
        await asyncio.sleep(0)  # lets the connections notice

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
