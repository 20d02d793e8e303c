"""The job that scores: all once a day, and whoever something has happened to, a few at a time."""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from sqlmodel import Session

from bot.prediction.predictor import ModelAtWork, Predictor
from domain.days import Calendar
from handlers.desk import Desk
from storage import models, rescoring
from storage.store import Store
from storage.tables import Fact

PATIENTS: Final = 200
DAYS: Final = 5
"""In a transaction: it stays short, and people's decisions pass in between."""

_ASKED: Final = "scored for"
"""The fact that holds the last day for which all were asked to be scored."""


class Overtaken(Exception):  # noqa: N818 - a state of things
    """Another model was put in charge while appointments were being scored by this one."""


def scoring(predictor: Predictor) -> Callable[[Desk], Awaitable[None]]:
    """The job, with the predictor that it asks."""

    async def score_who_waits(desk: Desk) -> None:
        """Score whoever waits, then single out anew on the days whose chances moved."""
        calendar, now = desk.house.calendar, desk.clock.now()
        today = calendar.day_of(now).isoformat()
        if await desk.store.read(_asked_for) != today:
            await desk.store.write(_ask_for_the_day, calendar, today, now)
        if await desk.store.read(_is_done):
            return
        at_work = await predictor.at_work()
        with contextlib.suppress(Overtaken):  # then the next look scores by the other model
            await _work_off(desk.store, at_work, calendar, now)
        desk.changed.set()

    return score_who_waits


async def score_all(
    store: Store, predictor: Predictor, calendar: Calendar, now: datetime
) -> int | None:
    """Score everybody anew now; how many patients were done, `None` while the rule is in charge.

    Raises:
        Overtaken: Another model was put in charge meanwhile.
    """
    at_work = await predictor.at_work()
    await store.write(rescoring.ask_for_the_day, calendar, now)
    done = await _work_off(store, at_work, calendar, now)
    return done if at_work else None


async def _work_off(
    store: Store, at_work: ModelAtWork | None, calendar: Calendar, now: datetime
) -> int:
    """Score and single out until nobody waits; how many patients were done."""
    done, portion = 0, PATIENTS
    while portion == PATIENTS:
        portion = await store.write(_score, at_work, calendar, now)
        done += portion
    while await store.write(rescoring.pick, DAYS) == DAYS:
        pass
    return done


def _asked_for(session: Session) -> str | None:
    fact = session.get(Fact, _ASKED)
    return fact.value if fact else None


def _ask_for_the_day(session: Session, calendar: Calendar, today: str, now: datetime) -> None:
    fact = session.get(Fact, _ASKED, with_for_update=True) or Fact(name=_ASKED, value="")
    if fact.value != today:
        fact.value = today
        session.add(fact)
        session.flush()
        rescoring.ask_for_the_day(session, calendar, now)


def _is_done(session: Session) -> bool:
    return not (rescoring.number_waiting(session) or rescoring.days_waiting(session))


def _score(session: Session, at_work: ModelAtWork | None, calendar: Calendar, now: datetime) -> int:
    """Score a portion, by the model that is in charge when the portion is done.

    Who puts another one in charge asks for all anew. Those rows wait for the ones that are taken
    here, so what is in charge is compared at the end.
    """
    done = rescoring.score(session, at_work, calendar, now, PATIENTS)
    if done and models.key_in_charge(session) != (at_work.model_id if at_work else None):
        raise Overtaken
    return done
