"""The composition root: read this, and you know what the bot is made of."""

import asyncio
import contextlib
import importlib.metadata
import secrets
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import structlog
from starlette.routing import BaseRoute
from telegram import Update
from telegram.ext import (
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    TypeHandler,
    filters,
)

from bot.backfilling import follow_up_slots, remind_patients
from bot.connection import Connection, PollingConnection
from bot.courier import Courier
from bot.handling import WatchedApp
from bot.health import Health
from bot.jobs import Job, run_jobs
from bot.logs import hide
from bot.metrics import Metrics, TimedRenderer
from bot.mornings import push_summaries
from bot.pace import Pace
from bot.patients import Patients, reach_patients
from bot.pictures.chromium import ChromiumRenderer
from bot.pictures.studio import Studio
from bot.prediction.predictor import Predictor
from bot.prediction.scoring import scoring
from bot.prediction.upkeep import retraining, watch_chances
from bot.receiving import by_webhook, polling, reach, silence
from bot.removal import remove_old_messages
from bot.settings import Settings
from bot.tidying import tidy_nightly
from bot.web import Web, web_at_work
from bot.webhook import Webhook
from domain.clock import Clock
from handlers.commands import COMMANDS
from handlers.context import App, Context
from handlers.desk import Desk
from handlers.errors import on_error
from handlers.gateway import Gateway
from handlers.guard import FIRST, guard
from handlers.received import SECOND, note_received
from handlers.router import on_press, on_text
from handlers.start import on_start
from handlers.uploads import on_document
from storage import mornings
from storage.migrate import upgrade
from storage.store import Store, StoreUnavailable

log = structlog.get_logger()

UPDATES_AT_ONCE: Final = 32
"""Updates handled side by side; more only queue for the connection."""

JOBS: Final[tuple[Job, ...]] = (
    push_summaries,
    tidy_nightly,
    remove_old_messages,
    watch_chances,
    follow_up_slots,
    remind_patients,
)
"""What the program does by itself; each reads from the database whether it is due. Scoring and
retraining, which need more than the desk, are added in `put_together`."""

DATABASE_WAITS: Final = (1, 2, 4, 8, 15, 30)
"""Seconds between tries to reach a PostgreSQL that may come up after this program."""


@dataclass
class Running:
    """A bot at work.

    Attributes:
        stopped: Done when the bot cannot go on; its result is why.
    """

    app: App
    desk: Desk
    renderer: ChromiumRenderer
    stopped: asyncio.Future[str]

    def end(self, reason: str) -> None:
        """The bot cannot go on."""
        if not self.stopped.done():
            self.stopped.set_result(reason)


@dataclass
class Parts:
    """What a bot is put together from, before anything of it is started."""

    app: App
    calls: Connection
    polls: PollingConnection
    webhook: Webhook | None
    store: Store
    renderer: ChromiumRenderer
    desk: Desk
    health: Health
    metrics: Metrics
    pace: Pace
    jobs: tuple[Job, ...]
    patients: Patients

    @property
    def work(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs beside the handlers as long as the program does, by name."""
        return {
            "courier": Courier(self.desk, self.pace).run(),
            "messenger": self.patients.messenger.run(),
            "jobs": run_jobs(self.desk, self.jobs),
        }

    @property
    def doors(self) -> list[BaseRoute]:
        """Where others come in; the patients' last, since theirs may be below any path."""
        return [*([self.webhook.route] if self.webhook else []), *self.patients.routes]

    @property
    def mode(self) -> str:
        """How updates come."""
        return "webhook" if self.webhook else "polling"


def put_together(settings: Settings, clock: Clock) -> Parts:
    """All parts of the bot."""
    metrics = Metrics()
    calls, polls = Connection(watch=metrics.call), PollingConnection(metrics.call)
    app = build_app(settings, calls, polls)
    store = Store(settings.database_url.get_secret_value(), metrics.unit_of_work)
    renderer = ChromiumRenderer()
    studio = Studio(TimedRenderer(renderer, metrics))
    pace = Pace()
    gateway = Gateway(app.bot, store, studio, clock, pace.count)
    desk = Desk(store, clock, settings.house, studio, gateway, settings.data_dir, settings.keep)
    predictor = Predictor(store, settings.house, settings.data_dir, clock)
    desk.predictor, desk.audit_groups = predictor, settings.audit_columns
    jobs = (*JOBS, scoring(predictor), retraining(settings))
    app.bot_data |= {"desk": desk, "metrics": metrics}
    webhook = _webhook(app, settings) if settings.webhook_url else None
    return Parts(
        app=app,
        calls=calls,
        polls=polls,
        webhook=webhook,
        store=store,
        renderer=renderer,
        desk=desk,
        health=Health(store, channels=settings.house.manners.channels),
        metrics=metrics,
        pace=pace,
        jobs=jobs,
        patients=reach_patients(settings, desk, metrics.message),
    )


def _webhook(app: App, settings: Settings) -> Webhook:
    secret = settings.webhook_secret.get_secret_value() or secrets.token_urlsafe(32)
    hide(secret)
    return Webhook(app, settings.webhook_url, secret)


def build_app(settings: Settings, calls: Connection, polls: PollingConnection) -> App:
    """The application with all its handlers, and nothing started."""
    app: App = (
        ApplicationBuilder()
        .application_class(WatchedApp)
        .token(settings.token)
        .base_url(f"{settings.bot_api_url}/bot")
        .base_file_url(f"{settings.bot_api_url}/file/bot")
        .context_types(ContextTypes(context=Context))
        .concurrent_updates(UPDATES_AT_ONCE)
        .request(calls)
        .get_updates_request(polls)
        .job_queue(None)
        .build()
    )
    add_handlers(app)
    return app


def add_handlers(app: App) -> None:
    """Everything that answers, the guard before all of it."""
    app.add_handler(TypeHandler(Update, guard), group=FIRST)
    app.add_handler(MessageHandler(filters.ALL, note_received), group=SECOND)
    app.add_handler(CommandHandler("start", on_start))
    for command in COMMANDS:
        app.add_handler(CommandHandler(command.name, command.handler))
    app.add_handler(CallbackQueryHandler(on_press))
    app.add_handler(MessageHandler(filters.Document.ALL, on_document))
    app.add_handler(MessageHandler(filters.ALL, on_text))
    app.add_error_handler(on_error)


@contextlib.asynccontextmanager
async def running(settings: Settings, clock: Clock) -> AsyncIterator[Running]:
    """Run the bot until the block is left; then what was taken is finished and answered.

    Raises:
        WrongSetting: The token, an address or the port cannot be used.
        storage.store.StoreUnavailable: The database cannot be opened.
    """
    parts = put_together(settings, clock)
    connections = (parts.calls, parts.polls)
    watched = (parts.health, parts.metrics, parts.renderer, connections)
    web = Web(*watched, clock, parts.doors)
    try:
        async with web_at_work(web, settings):
            await _open(parts.store)
            await parts.store.write(mornings.plan_everybody, settings.house, clock.now())
            await reach(parts.app)
            async with _working(parts) as at_work:
                yield at_work
    finally:
        for connection in connections:
            await connection.shutdown()
        await parts.renderer.close()
        await asyncio.to_thread(parts.store.close)


async def _open(store: Store) -> None:
    for wait in DATABASE_WAITS:
        try:
            return await asyncio.to_thread(upgrade, store)
        except StoreUnavailable as problem:
            if store.is_sqlite:
                raise
            log.warning("the database cannot be reached; trying again", reason=str(problem))
        await asyncio.sleep(wait)
    return await asyncio.to_thread(upgrade, store)


@contextlib.asynccontextmanager
async def _working(parts: Parts) -> AsyncIterator[Running]:
    app, health = parts.app, parts.health
    at_work = Running(app, parts.desk, parts.renderer, asyncio.get_running_loop().create_future())
    facts = {
        "version": importlib.metadata.version("slotwise"),
        "mode": parts.mode,
        "database": parts.store.engine.dialect.name,
    }
    await app.start()
    tasks = {name: _started(at_work, name, work) for name, work in parts.work.items()}
    health.tasks |= tasks
    try:
        async with _receiving(parts, at_work):
            parts.metrics.info.labels(**facts).set(1)
            log.info("at work", **facts)
            try:
                yield at_work
            finally:
                health.is_stopping = True
                log.info("stopping", **facts)
    finally:
        await app.stop()
        for task in tasks.values():
            task.cancel()
        for task in tasks.values():
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await parts.patients.channels.close()
        await app.shutdown()
        log.info("stopped", **facts)


def _started(at_work: Running, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(work)
    task.add_done_callback(lambda _: at_work.end(f"the {name} ended unexpectedly"))
    return task


@contextlib.asynccontextmanager
async def _receiving(parts: Parts, at_work: Running) -> AsyncIterator[None]:
    """Let updates come until the block is left."""
    app, health = parts.app, parts.health
    if parts.webhook:
        async with by_webhook(app, parts.webhook, at_work.end):
            health.telegram = lambda: silence(parts.calls)
            yield
    else:
        async with polling(app, parts.polls, at_work.end):
            health.telegram = lambda: silence(parts.polls)
            yield
