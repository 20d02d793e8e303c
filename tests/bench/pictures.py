"""Pictures: the studio against kaleido alone, in turn, each with a warm browser of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from kaleido import Kaleido

from bot.demo.sample_store import SAMPLE_HOUSE
from bot.pictures.browser import browser_path
from bot.pictures.chromium import ChromiumRenderer
from bot.pictures.heatmap import heatmap_figure
from bot.pictures.studio import Studio
from domain.ages import AGE_GROUPS
from domain.density import Measure, density
from handlers.desk import HeatmapRequest
from storage.density import outcomes
from tests.bench.history import NOW
from tests.bench.measuring import medians_of_tasks
from tests.bench.results import Result, at_most
from tests.bench.sample import sample_store

_HEADING = ("No-show rate · all departments", "90 days · all ages", "no-shows ÷ known outcomes")


async def pictures(folder: Path, rounds: int) -> list[Result]:
    """A new picture, the same by bare kaleido, and a picture that was made before."""
    with sample_store(folder, "pictures.db") as store:
        span = SAMPLE_HOUSE.calendar.back(NOW, 90)
        figures = density(store.read_now(outcomes, span).table, AGE_GROUPS)
    figure = heatmap_figure(figures, Measure.RATE, _HEADING)
    requests = (HeatmapRequest((n,), figures, Measure.RATE, _HEADING) for n in count())
    async with _studio() as (studio, renderer), _kaleido() as kaleido:
        ours, bare = await medians_of_tasks(
            lambda: studio.heatmap(next(requests)),
            lambda: kaleido.calc_fig(figure, opts={"format": "png", "scale": 1}),
            rounds=rounds,
        )
        again, made = next(requests), renderer.renders
        await studio.heatmap(again)
        studio.remember(again.key, "the file id that Telegram gives it")
        (repeated,) = await medians_of_tasks(lambda: studio.heatmap(again), rounds=rounds)
        renders = renderer.renders - made - 1
    return list(_results(ours, bare, repeated, renders))


def _results(ours: float, bare: float, repeated: float, renders: int) -> Iterator[Result]:
    yield Result("picture, warm", "studio", ours, "ms")
    yield Result("picture, warm", "bare kaleido", bare, "ms")
    yield Result("picture, warm", "studio ÷ kaleido", ours / bare, "×", at_most(1.2))
    yield Result("picture, repeated", "studio", repeated, "ms")
    yield Result("picture, repeated", "studio", renders, "renders", at_most(0))


@asynccontextmanager
async def _studio() -> AsyncIterator[tuple[Studio, ChromiumRenderer]]:
    renderer = ChromiumRenderer()
    try:
        await renderer.start()
        yield Studio(renderer), renderer
    finally:
        await renderer.close()


@asynccontextmanager
async def _kaleido() -> AsyncIterator[Kaleido]:
    async with Kaleido(n=1, timeout=None, mathjax=False, path=browser_path()) as kaleido:
        yield kaleido
