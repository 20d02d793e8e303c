"""One running Chromium: found, started, asked for a picture, and ended for certain."""

import asyncio
import logging
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final

import psutil
from choreographer.browsers import Chromium
from choreographer.channels import Pipe
from kaleido import Kaleido, PageGenerator

NAMES: Final = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
)
FONT_DIRECTORIES: Final = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".fonts",
    Path.home() / ".local/share/fonts",
    Path("/System/Library/Fonts"),
)
PACKAGES: Final = (
    "apt-get install --no-install-recommends chromium-headless-shell fonts-dejavu-core"
)

# It reports every end of a browser, those that we bring about as well.
logging.getLogger("choreographer").setLevel(logging.CRITICAL)

_GLANCE: Final = 0.2
"""Seconds between two looks at whether the browser still lives."""
_FAREWELL: Final = 5.0
"""Seconds that clearing up after a dead browser may take."""


def browser_path() -> Path | None:
    """The Chromium to use: what BROWSER_PATH names, otherwise one found on this machine."""
    named = os.environ.get("BROWSER_PATH")
    if named:
        found = shutil.which(named)
        return Path(found) if found else None
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    installed = Chromium.find_browser(skip_local=False)  # also where kaleido_get_chrome puts it
    return Path(installed) if installed else None


def font_available(directories: Iterable[Path] = FONT_DIRECTORIES) -> bool:
    """Whether there is any font. Without one all text is missing from a picture, silently."""
    endings = {".ttf", ".otf", ".ttc", ".pfb"}
    return any(
        file.suffix.lower() in endings
        for directory in directories
        if directory.is_dir()
        for file in directory.rglob("*.*")
    )


class BrowserTrouble(Exception):  # noqa: N818 - it is met, not made
    """The browser did not start, died or does not answer; another one may do."""


class _Offline(Chromium):
    """Chromium that fetches nothing and is told none of this program's secrets."""

    def get_cli(self) -> Sequence[str]:
        return [
            *super().get_cli(),
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND",
        ]

    def get_env(self) -> MutableMapping[str, str]:
        return {k: v for k, v in super().get_env().items() if not k.startswith("SLOTWISE_")}


class _Pipe(Pipe):
    """Choreographer's pipe, closed so that its reading thread does no harm.

    That thread may be between two reads when the pipe is closed. If it lost its end, the number
    could be that of the next browser's pipe at once, and it would take what is meant for that
    one. And if the browser died in the middle of a message, it would read on for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self._reading = threading.Lock()

    def read_jsons(self, *, blocking: bool = True) -> tuple[Sequence[Any], float]:
        """See `choreographer.channels.Pipe`."""
        with self._reading:
            messages: tuple[Sequence[Any], float] = super().read_jsons(blocking=blocking)
            return messages

    def close(self) -> None:
        """Close all ends but the one that is read, which gets a message's end and then nothing."""
        if not self.shutdown_lock.acquire(blocking=False):
            return
        last, word = os.pipe()
        os.write(word, b"\0")
        os.dup2(last, self._read_from_browser)
        for end in (
            last,
            word,
            self.from_external_to_choreo,
            self.from_choreo_to_external,
            self._write_to_browser,
        ):
            os.close(end)

    def let_go(self) -> None:
        """Close the last end, once nobody reads it any more."""
        with self._reading:
            os.close(self._read_from_browser)


class Browser:
    """One Chromium with one page that turns figures into pictures, one at a time.

    Attributes:
        renders: Pictures made so far.
    """

    def __init__(self, path: Path, *, sandbox: bool) -> None:
        # A snap has a /tmp of its own, so its files must be elsewhere.
        home = Path.home() if "snap" in path.parts else None
        self._directory = Path(tempfile.mkdtemp(prefix="slotwise-chromium-", dir=home))
        page = self._directory / "page.html"
        page.write_text(PageGenerator(mathjax=False).generate_index())
        self._pipe = _Pipe()
        self._kaleido = Kaleido(
            n=1,
            timeout=None,
            page_generator=page,
            path=path,
            browser_cls=_Offline,
            channel_cls=lambda: self._pipe,
            enable_sandbox=sandbox,
            enable_extensions=False,
            tmp_dir=str(self._directory),
        )
        self._crash: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live_and_end())
        self.renders = 0

    @classmethod
    async def start(cls, path: Path, *, sandbox: bool, limit: float) -> "Browser":
        """Start one, within `limit` seconds.

        Raises:
            BrowserTrouble: If it does not start in time. Nothing is left of it then.
        """
        browser = cls(path, sandbox=sandbox)
        try:
            await browser._bounded(browser._open(), limit, "Chromium did not start")
        except BaseException:
            await browser.close()
            raise
        return browser

    async def _open(self) -> None:
        await self._kaleido.open()
        self._leave_pipe_ends_to_browser()
        (page,) = self._kaleido.tabs.values()
        page.subscribe("Inspector.targetCrashed", self._on_crash)
        await page.send_command("Inspector.enable")

    def _leave_pipe_ends_to_browser(self) -> None:
        """Once only the browser holds the other ends, its death ends our reading at once."""
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, self._pipe.from_external_to_choreo)
        os.dup2(nothing, self._pipe.from_choreo_to_external)
        os.close(nothing)

    async def _on_crash(self, _event: object) -> None:
        if not self._crash.done():
            self._crash.set_result(None)

    @property
    def is_alive(self) -> bool:
        """Whether the process runs and its page did not crash. It may be frozen all the same."""
        process: subprocess.Popen[bytes] | None = getattr(self._kaleido, "subprocess", None)
        return process is not None and process.poll() is None and not self._crash.done()

    async def png(self, figure: Any, limit: float) -> bytes:
        """The figure as a PNG, within `limit` seconds.

        Raises:
            BrowserTrouble: If it fails. The browser must then be closed.
        """
        rendering = self._kaleido.calc_fig(figure, opts={"format": "png", "scale": 1})
        picture: bytes = await self._bounded(rendering, limit, "Chromium did not render")
        self.renders += 1
        return picture

    async def _bounded(self, work: Any, limit: float, trouble: str) -> Any:
        """Await `work`, but no longer than `limit` or the browser lives.

        A hanging render swallows cancellation (it reloads its page first), so it is a task of
        its own that is left behind; the browser's end ends it.
        """
        task = asyncio.ensure_future(work)
        task.add_done_callback(_retrieve)
        deadline = asyncio.get_running_loop().time() + limit
        while not task.done():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise BrowserTrouble(f"{trouble} within {limit:g} s")
            await asyncio.wait(
                {task, self._crash},
                timeout=min(left, _GLANCE),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not task.done() and self._has_ended():
                raise BrowserTrouble(f"{trouble}: it crashed")
        if task.cancelled():
            raise BrowserTrouble(f"{trouble}: it was closed")
        if error := task.exception():
            raise BrowserTrouble(f"{trouble}: {type(error).__name__}") from error
        return task.result()

    def _has_ended(self) -> bool:
        return hasattr(self._kaleido, "subprocess") and not self.is_alive

    async def close(self) -> None:
        """End the browser and all that belongs to it, within seconds, whatever its state."""
        self.kill()
        self._life.cancel()
        await asyncio.wait({self._life}, timeout=_FAREWELL)

    async def _live_and_end(self) -> None:
        """Clear up when told to, and also when a program ends its loop without closing us."""
        try:
            await asyncio.Event().wait()
        finally:
            self.kill()
            process: subprocess.Popen[bytes] | None = getattr(self._kaleido, "subprocess", None)
            if process is not None:
                await asyncio.to_thread(process.wait, _FAREWELL)
            self._pipe.close()
            await self._kaleido.close()
            await asyncio.to_thread(self._pipe.let_go)
            await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL every process that was started with our directory: ours and no one else's.

        Not by parentage: an orphan, such as a frozen page of a dead browser, has none.
        """
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self._directory) in part for part in process.info["cmdline"] or ()):
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    continue


def _retrieve(task: "asyncio.Future[Any]") -> None:
    """Look at the outcome of a task that was left behind, lest asyncio report it as lost."""
    if not task.cancelled():
        task.exception()
