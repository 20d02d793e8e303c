"""How each update is handled: with its number in the log lines, and counted and timed."""

from contextvars import ContextVar
from typing import Any, Final

from structlog.contextvars import bound_contextvars
from telegram import Update
from telegram.error import TelegramError
from telegram.ext import Application, ExtBot

from bot.metrics import Metrics, Outcome
from domain.people import Refused
from handlers.context import Bag, Context
from storage.store import StoreUnavailable

_outcome: ContextVar[Outcome] = ContextVar("outcome")

_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (Refused, "refused"),
    (StoreUnavailable, "database"),
    (TelegramError, "telegram"),
)


class WatchedApp(Application[ExtBot[None], Context, Bag, Bag, Bag, Any]):
    """The application, watched: `bot_data["metrics"]` is where it is noted."""

    async def process_update(self, update: object) -> None:
        """Handle one update."""
        metrics: Metrics = self.bot_data["metrics"]
        number = update.update_id if isinstance(update, Update) else None
        with bound_contextvars(update=number), metrics.update(update) as outcome:
            _outcome.set(outcome)
            await super().process_update(update)

    async def process_error(
        self, update: object, error: Exception, job: Any = None, coroutine: Any = None
    ) -> bool:
        """Handle what a handler has raised."""
        outcome = _outcome.get(None)
        if outcome is not None:
            found = (word for kind, word in _WORDS if isinstance(error, kind))
            outcome.word = next(found, "error")
        return await super().process_error(update, error, job, coroutine)
