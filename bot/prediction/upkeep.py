"""Upkeep: a model is trained anew every so often, and once a month chances are held to account."""

import asyncio
import contextlib
import math
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import pandas as pd
import structlog
from sqlmodel import Session

from bot.settings import PREFIX, Settings
from domain.days import Span
from domain.prediction.drift import months
from handlers.desk import Desk
from storage import models, watching
from storage.models import Version
from storage.watching import Watched

TRIES_EVERY: Final = timedelta(days=1)
"""A training that failed, or made a model that is not put in charge, is tried again after this."""

_LAST_WORDS: Final = 10.0
"""Seconds that a training is given to end when the bot does."""

log = structlog.get_logger()


def retraining(settings: Settings) -> Callable[[Desk], Awaitable[None]]:
    """The job that trains by schedule, in a process of its own, as `train` does by hand.

    Only where a model is in charge: that the rule is, somebody has decided.
    """

    async def retrain(desk: Desk) -> None:
        """Train if the latest model is old enough; of several processes one does."""
        now = desk.clock.now()
        every = timedelta(days=settings.retrain_days)
        if not every or not await desk.store.read(_is_old, now - every):
            return
        if await desk.store.write(watching.take_turn, now, TRIES_EVERY):
            await _train(settings, desk)

    return retrain


async def watch_chances(desk: Desk) -> None:
    """Once a month: did the chances of the last one mean what they say?"""
    now = desk.clock.now()
    month = watching.last_month(desk.house.calendar.day_of(now))
    model_id = await desk.store.read(_to_be_watched, month)
    if model_id is None:
        return
    table = await desk.store.read(watching.past_chances, month)
    found = await asyncio.to_thread(_held_to_account, month, table)
    if await desk.store.write(watching.note, found, model_id, now) and found.problem:
        log.warning("chances do not mean what they say", month=found.month, problem=found.problem)
        desk.changed.set()


def _is_old(session: Session, before: datetime) -> bool:
    """Whether a model is in charge, and none was trained since."""
    made_at = models.last_made_at(session)
    return bool(models.key_in_charge(session) and made_at and made_at <= before)


def _to_be_watched(session: Session, month: Span) -> int | None:
    """The model in charge, if the month was not looked at yet."""
    seen = watching.watched(session)
    is_new = seen is None or seen.month < month.first.isoformat()
    return models.key_in_charge(session) if is_new else None


def _held_to_account(month: Span, table: pd.DataFrame) -> Watched:
    """What became of the chances of one whole month."""
    name, found = month.first.isoformat(), months(table)
    if not found:
        return Watched(name, 0, None)
    (seen,) = found
    figures = (seen.mean, seen.rate, seen.auc, seen.slope)
    known = (value if math.isfinite(value) else None for value in figures)
    return Watched(name, seen.rows, seen.problem, seen.is_enough, *known)


async def _train(settings: Settings, desk: Desk) -> None:
    before = await desk.store.read(models.versions)
    log.info("a new model is being trained")
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "train"),
        env=_environment(settings, desk.clock.now()),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    try:
        _, errors = await program.communicate()
    finally:
        await _ended(program)
    if program.returncode:
        said = errors.decode(errors="replace").strip().splitlines()
        log.error("no new model could be trained", reason=said[-1] if said else "")
        return
    known = {version.id for version in before}
    for version in await desk.store.read(models.versions):
        if version.id not in known:
            await _tell(desk, version)


async def _tell(desk: Desk, version: Version) -> None:
    log.info("a new model was trained", model=version.name, in_charge=version.in_charge)
    if not version.in_charge:
        now = desk.clock.now()
        await desk.store.write(watching.tell_admins, version.id, "kept", now)
    desk.changed.set()


async def _ended(program: Process) -> None:
    """Do not leave it behind when the bot ends."""
    if program.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        program.terminate()
    try:
        await asyncio.wait_for(program.wait(), _LAST_WORDS)
    except TimeoutError:
        program.kill()
        await program.wait()


def _environment(settings: Settings, now: datetime) -> dict[str, str]:
    """The bot's own settings and time of day, wherever they came from."""
    given = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "TIMEZONE": settings.timezone,
        "RISK_THRESHOLD": str(settings.risk_threshold),
        "DATA_DIR": str(settings.data_dir.absolute()),
        "AUDIT_GROUPS": settings.audit_groups,
        "AS_OF": now.isoformat(),
    }
    return os.environ | {PREFIX + name: value for name, value in given.items()}
