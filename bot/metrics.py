"""What is counted and timed, as Prometheus reads it.

Labels come from short lists alone: never a person, a patient, an address or a text.
"""

import contextlib
import time
from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType
from typing import Final

from plotly.graph_objects import Figure
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from telegram import Update

from bot.pictures.gallery import Renderer
from domain.notices import Channel, NoticeEvent
from storage import outbox
from storage.health import Figures
from storage.notice_figures import NoticeFigures
from storage.store import Done, StoreUnavailable

PUSHES: Final = MappingProxyType({outbox.mark_sent: "sent", outbox.end: "not sent"})
"""How a try to send a push ended, by the unit of work that notes it."""

_UNSENT: Final = (NoticeEvent.NOT_YET, NoticeEvent.LOST, NoticeEvent.HOPELESS)
_PREFIX: Final = "slotwise_"
_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SLOW: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 40)


class Metrics:
    """The figures of one program, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._what_people_do()
        self._what_goes_out()
        self._how_the_program_is()
        self._begin_at_zero()

    def _what_people_do(self) -> None:
        self.updates = self._count(
            "updates", "By what they are and how they ended.", "kind", "outcome"
        )
        self.update_seconds = self._time(
            "update_seconds", "From taking an update to having answered it.", "kind"
        )

    def _what_goes_out(self) -> None:
        self.calls = self._count(
            "telegram_calls", "Calls of the Bot API; 429: it asks to wait.", "method", "status"
        )
        self.call_seconds = self._time(
            "telegram_call_seconds", "Calls other than those that wait for updates."
        )
        self.telegram_silence = self._show(
            "telegram_silence_seconds", "Since Telegram last answered."
        )
        self.pushes = self._count("pushes", "Tries to push by what became of them.", "outcome")
        self.outbox = self._show("outbox", "Pushes that wait.", "state")
        self.outbox_age = self._show("outbox_oldest_seconds", "Age of the oldest of them.")
        self.messages = self._count(
            "patient_messages", "Tries to write to patients.", "channel", "outcome"
        )
        self.message_seconds = self._time(
            "patient_message_seconds", "Until a provider has answered.", "channel", buckets=_SLOW
        )
        self.notices = self._show("notices", "Messages to patients.", "state")
        self.notices_age = self._show(
            "notices_late_seconds", "By how much the latest of those that wait is late."
        )
        self.provider_down = self._show(
            "provider_down_seconds", "For how long a provider has taken nothing.", "channel"
        )
        self.open_messages = self._show("open_messages", "Messages whose figures are kept true.")
        self.renders = self._count("renders", "Pictures asked of the browser.", "outcome")
        self.render_seconds = self._time(
            "render_seconds", "Pictures, waiting for their turn included.", buckets=_SLOW
        )

    def _how_the_program_is(self) -> None:
        self.info = self._show("info", "Always 1.", "version", "mode", "database")
        self.loop_lag = self._show(
            "loop_lag_seconds", "The event loop's lateness at the worst in the last half minute."
        )
        self.renderer_running = self._show(
            "renderer_running", "1 while there is a browser; the first picture starts it."
        )
        self.renderer_restarts = self._show(
            "renderer_restarts", "Browsers given up because they died, hung or did not start."
        )
        self.database_up = self._show("database_up", "1 if the database has just answered.")
        self.database_seconds = self._time(
            "database_seconds", "Units of work, waiting for locks included.", "work"
        )
        self.database_errors = self._count(
            "database_errors", "Units of work that the database could not do.", "work"
        )

    def _count(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(_PREFIX + name, about, labels, registry=self._registry)

    def _show(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(_PREFIX + name, about, labels, registry=self._registry)

    def _time(
        self, name: str, about: str, *labels: str, buckets: tuple[float, ...] = _QUICK
    ) -> Histogram:
        return Histogram(_PREFIX + name, about, labels, registry=self._registry, buckets=buckets)

    def _begin_at_zero(self) -> None:
        """Show what has not happened yet as 0: Prometheus takes no increase from nothing."""
        for outcome in PUSHES.values():
            self.pushes.labels(outcome)
        for outcome in ("made", "failed"):
            self.renders.labels(outcome)
        for channel in Channel:
            for outcome in ("arrived", *(each.value for each in _UNSENT)):
                self.messages.labels(channel, outcome)
        for work in ("read", "write"):
            self.database_errors.labels(work)
            self.database_seconds.labels(work)

    @contextlib.contextmanager
    def update(self, update: object) -> Iterator["Outcome"]:
        """Count and time the handling of an update; its outcome may be changed meanwhile."""
        kind, outcome, began = kind_of(update), Outcome(), time.perf_counter()
        try:
            yield outcome
        finally:
            self.update_seconds.labels(kind).observe(time.perf_counter() - began)
            self.updates.labels(kind, outcome.word).inc()

    def call(self, method: str, status: str, seconds: float) -> None:
        """Note a call of the Bot API: see `bot.connection`."""
        self.calls.labels(method, status).inc()
        if method != "getUpdates":
            self.call_seconds.observe(seconds)

    def message(self, channel: Channel, outcome: str, seconds: float) -> None:
        """Note a try to write to a patient: see `bot.channels.Watch`."""
        self.messages.labels(channel, outcome).inc()
        self.message_seconds.labels(channel).observe(seconds)

    def unit_of_work(self, done: Done) -> None:
        """Note a unit of work of the store."""
        work = "write" if done.writes else "read"
        self.database_seconds.labels(work).observe(done.seconds)
        if isinstance(done.error, StoreUnavailable):
            self.database_errors.labels(work).inc()
        if done.error is None and done.work in PUSHES:
            self.pushes.labels(PUSHES[done.work]).inc()

    def waiting(self, figures: Figures | None, now: datetime) -> None:
        """Note what waits, or that the database did not say."""
        self.database_up.set(figures is not None)
        self.outbox.clear()
        self.notices.clear()
        if figures is None:
            return
        for state, count in figures.pushes.items():
            self.outbox.labels(state).set(count)
        age = (now - figures.oldest).total_seconds() if figures.oldest else 0
        self.outbox_age.set(max(age, 0))
        self.open_messages.set(figures.open_messages)
        self._patients(figures.patients, now)

    def _patients(self, figures: NoticeFigures, now: datetime) -> None:
        for state, count in figures.states.items():
            self.notices.labels(state).set(count)
        late = (now - figures.oldest).total_seconds() if figures.oldest else 0
        self.notices_age.set(max(late, 0))
        self.provider_down.clear()
        for each in figures.down:
            self.provider_down.labels(each.channel).set((now - each.since).total_seconds())

    def page(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)


class Outcome:
    """How an update ended: `handled` unless somebody says otherwise."""

    word: str = "handled"


class TimedRenderer:
    """A renderer whose pictures are counted and timed.

    Args:
        renderer: Makes the pictures.
        metrics: Where it is noted.
    """

    def __init__(self, renderer: Renderer, metrics: Metrics) -> None:
        self._renderer, self._metrics = renderer, metrics

    async def png(self, figure: Figure) -> bytes:
        """See `bot.pictures.gallery.Renderer`."""
        began, outcome = time.perf_counter(), "failed"
        try:
            picture = await self._renderer.png(figure)
            outcome = "made"
            return picture
        finally:
            self._metrics.render_seconds.observe(time.perf_counter() - began)
            self._metrics.renders.labels(outcome).inc()


def kind_of(update: object) -> str:
    """What an update is, in a word of a short list."""
    if not isinstance(update, Update):
        return "other"
    if update.callback_query:
        return "press"
    if update.message and update.message.document:
        return "file"
    if update.message and update.message.text:
        return "command" if update.message.text.startswith("/") else "text"
    return "other"
