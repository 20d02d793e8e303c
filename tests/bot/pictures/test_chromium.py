"""The renderer against a real Chromium, and against all that can befall one."""

import asyncio
import io
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import plotly.graph_objects as go
import psutil
import pytest
import pytest_asyncio
from PIL import Image

from bot.demo.server import PATIENCE
from bot.pictures.browser import font_available as has_font
from bot.pictures.chromium import ChromiumRenderer, PictureUnavailable, browser_path
from tests.waiting import until

LIMIT: Final = 5.0
"""Seconds for a picture, after which a frozen browser is given up."""
BOUND: Final = 60.0
"""Seconds to recover in on a busy machine; a quiet one takes the limit and a second or two."""

needs_chromium = pytest.mark.skipif(
    browser_path() is None or not has_font(), reason="needs Chromium and a font"
)


def coloured(number: int, size: int = 64) -> go.Figure:
    """A figure of one colour, which is its number."""
    return go.Figure(
        layout={
            "width": size,
            "height": size,
            "paper_bgcolor": f"rgb({number % 256}, {number // 256}, 77)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": {"visible": False},
            "yaxis": {"visible": False},
        }
    )


def heavy() -> go.Figure:
    """A figure that takes long enough to be interrupted in its middle."""
    return go.Figure(go.Heatmap(z=[[i * j % 97 for i in range(300)] for j in range(300)]))


def number_of(picture: bytes) -> int:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    pixel = image.getpixel((2, 2))
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    assert blue == 77
    return red + 256 * green


def family() -> list[psutil.Process]:
    """All processes that this one started, directly or not."""
    return [each for each in psutil.Process().children(recursive=True) if not is_gone(each)]


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended, be it that nobody has asked for its last word yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def renderers() -> list[psutil.Process]:
    return [p for p in family() if "--type=renderer" in p.cmdline()]


def profiles() -> set[Path]:
    """Where the running browsers keep their files."""
    option = "--user-data-dir="
    parts = [part for p in family() for part in p.cmdline() if part.startswith(option)]
    return {Path(part.removeprefix(option)) for part in parts}


def the_browser() -> psutil.Process:
    (browser,) = [p for p in family() if _is_browser(p.cmdline())]
    return browser


def _is_browser(command: list[str]) -> bool:
    return bool(command) and "chrom" in Path(command[0]).name and "--type=" not in "".join(command)


def kill_browser() -> None:
    the_browser().kill()


def kill_renderers() -> None:
    for process in renderers():
        process.kill()


def freeze_renderers() -> None:
    for process in renderers():
        process.suspend()


def freeze_browser() -> None:
    the_browser().suspend()


def kaleidos_threads() -> int:
    return sum(not thread.name.startswith("asyncio") for thread in threading.enumerate())


@needs_chromium
async def test_a_picture_that_cannot_be_made_is_refused_in_bounded_time() -> None:
    renderer = ChromiumRenderer(limit=0.05)
    try:
        await renderer.start()
        with pytest.raises(PictureUnavailable, match=r"within 0.05 s"):
            await renderer.png(heavy())
        assert renderer.restarts == 2
    finally:
        await renderer.close()
    assert not family()


@needs_chromium
async def test_closing_in_the_middle_ends_every_process_and_tells_who_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLOTWISE_BOT_TOKEN", "1:secret")
    renderer = ChromiumRenderer()
    await renderer.start()
    directories = profiles()
    assert directories
    assert all("SLOTWISE_BOT_TOKEN" not in p.environ() for p in family()), "no secret is passed on"
    waiting = [asyncio.create_task(renderer.png(heavy())) for _ in range(3)]
    await asyncio.sleep(0.1)
    await renderer.close()
    for answer in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(answer, PictureUnavailable)
    assert not any(directory.exists() for directory in directories)
    assert not family()
    with pytest.raises(PictureUnavailable, match="closed"):
        await renderer.png(coloured(1))


@needs_chromium
async def test_an_overfull_queue_refuses_at_once() -> None:
    renderer = ChromiumRenderer(queue=2)
    tasks = [asyncio.create_task(renderer.png(coloured(i))) for i in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(PictureUnavailable, match="too many"):
        await renderer.png(coloured(9))
    await renderer.close()
    for answer in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(answer, PictureUnavailable)
    assert not family(), "a browser that was about to start is ended as well"


@needs_chromium
async def test_one_who_waits_too_long_for_a_turn_is_told() -> None:
    renderer = ChromiumRenderer(patience=0.1)
    first = asyncio.create_task(renderer.start())
    await asyncio.sleep(0)
    with pytest.raises(PictureUnavailable, match="too long"):
        await renderer.png(coloured(1))
    await renderer.close()
    assert isinstance(*await asyncio.gather(first, return_exceptions=True), PictureUnavailable)
    assert not family()


@needs_chromium
async def test_a_fresh_browser_takes_over_after_so_many_pictures() -> None:
    renderer = ChromiumRenderer(recycle_after=1)
    try:
        await renderer.start()
        first, files, threads = the_browser(), psutil.Process().num_fds(), kaleidos_threads()
        for number in (1, 2):
            assert number_of(await renderer.png(coloured(number))) == number
        await renderer.start()  # waits its turn, so the last change is over
        await until(lambda: is_gone(first))
        assert renderer.restarts == 0
        assert psutil.Process().num_fds() <= files
        await until(lambda: kaleidos_threads() <= threads)
    finally:
        await renderer.close()
    assert not family()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Chromium keeps a socket in its folder, and a socket's path has at most 107 bytes."""
    with TemporaryDirectory(prefix="slotwise-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@needs_chromium
@pytest.mark.parametrize("ending", ["is killed", "ends without closing it"])
async def test_no_browser_outlives_the_program_that(ending: str, short_folder: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from bot.pictures.chromium import ChromiumRenderer\n"
        "async def main():\n"
        "    await ChromiumRenderer().start()\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.readline()\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "TMPDIR": str(short_folder)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        assert await process.stdout.readline() == b"ready\n"
        started = psutil.Process(process.pid).children(recursive=True)
        assert started
        if ending == "is killed":
            process.kill()
        else:
            process.stdin.write(b"\n")
        await process.wait()
    await until(lambda: all(map(is_gone, started)))


async def test_a_missing_browser_is_told_at_once_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    monkeypatch.setattr("choreographer.browsers.Chromium.find_browser", lambda **_: None)
    assert browser_path() is None
    start = time.monotonic()
    with pytest.raises(PictureUnavailable, match="apt-get install") as refusal:
        await ChromiumRenderer().png(coloured(1))
    assert "\n" not in refusal.value.reason
    assert time.monotonic() - start < BOUND


async def test_a_wrong_browser_path_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    with pytest.raises(PictureUnavailable, match="BROWSER_PATH"):
        await ChromiumRenderer().png(coloured(1))


async def test_a_program_that_is_no_browser_is_given_up_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/bin/true")
    renderer = ChromiumRenderer(start_limit=2)
    start = time.monotonic()
    with pytest.raises(PictureUnavailable, match="did not start"):
        await renderer.png(coloured(1))
    assert time.monotonic() - start < BOUND
    await renderer.close()
    assert not family()


def test_a_machine_without_fonts_is_noticed(tmp_path: Path) -> None:
    assert not has_font([tmp_path, tmp_path / "absent"])
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "DejaVuSans.ttf").touch()
    assert has_font([tmp_path])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def renderer() -> AsyncIterator[ChromiumRenderer]:
    """One for the tests from here on: it has to recover from what each of them does to it."""
    made = ChromiumRenderer(limit=LIMIT)
    yield made
    await made.close()
    assert not family(), "a process outlived the renderer"


def kill_browser_of_frozen_page() -> None:
    freeze_renderers()
    kill_browser()


FAULTS: Final = [
    pytest.param(kill_browser, id="browser killed"),
    pytest.param(kill_renderers, id="page killed"),
    pytest.param(freeze_renderers, id="page frozen"),
    pytest.param(freeze_browser, id="browser frozen"),
    pytest.param(kill_browser_of_frozen_page, id="browser of a frozen page killed"),
]


@needs_chromium
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("fault", FAULTS)
async def test_it_recovers_by_itself_from_a_fault_between_and_amid_pictures(
    renderer: ChromiumRenderer, fault: Callable[[], None]
) -> None:
    renders, restarts = renderer.renders, renderer.restarts
    assert number_of(await renderer.png(coloured(1))) == 1
    before = family()
    fault()
    start = time.monotonic()
    assert number_of(await renderer.png(coloured(2))) == 2
    assert time.monotonic() - start < BOUND
    await until(lambda: all(map(is_gone, before)))

    start = time.monotonic()
    long = asyncio.create_task(renderer.png(heavy()))
    after = asyncio.create_task(renderer.png(coloured(3)))
    await asyncio.sleep(0.05)
    assert not long.done()
    fault()
    assert len(await long) > 5_000
    assert number_of(await after) == 3
    assert time.monotonic() - start < BOUND
    assert (renderer.renders, renderer.restarts) == (renders + 4, restarts + 2)


@needs_chromium
@pytest.mark.asyncio(loop_scope="module")
async def test_each_of_many_askers_gets_their_own_picture(renderer: ChromiumRenderer) -> None:
    restarts = renderer.restarts
    pictures = await asyncio.gather(*(renderer.png(coloured(300 + i)) for i in range(36)))
    assert [number_of(picture) for picture in pictures] == list(range(300, 336))
    assert renderer.restarts == restarts


@needs_chromium
@pytest.mark.asyncio(loop_scope="module")
async def test_one_who_gives_up_does_not_shift_the_pictures_of_others(
    renderer: ChromiumRenderer,
) -> None:
    await renderer.start()
    tasks = [asyncio.create_task(renderer.png(coloured(i))) for i in range(9)]
    await asyncio.sleep(0.05)
    for task in tasks[::3]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for number, answer in enumerate(answers):
        if number % 3:
            assert isinstance(answer, bytes)
            assert number_of(answer) == number
        else:
            assert isinstance(answer, asyncio.CancelledError)
