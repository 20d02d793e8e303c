"""The verdict: is everything that was answered recorded once, and everything due delivered?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlmodel import Session

from storage import audit, counters
from storage.tables import AuditEntry
from tests.soak import arrivals, decisions, feeds
from tests.soak.arrivals import Mishaps
from tests.soak.bots import MortalBot
from tests.soak.clinic import Clinic
from tests.soak.crowd import Worker
from tests.soak.feeds import Feeds
from tests.soak.weather import Weather


@dataclass(frozen=True)
class Soaked:
    """What took part in a soak."""

    place: Clinic
    workers: Sequence[Worker]
    bots: Sequence[MortalBot]
    feeds: Feeds
    weather: Weather

    @property
    def mishaps(self) -> Mishaps:
        """What can be the reason of a repeat."""
        return Mishaps(
            deaths=[death for bot in self.bots for death in bot.deaths],
            slow=self.weather.slow,
            blocked={worker.phone.chat.chat_id for worker in self.workers if worker.has_blocked},
        )


@dataclass
class Verdict:
    """What the soak has shown.

    Attributes:
        figures: What is worth knowing, by name.
        problems: What must not be; empty if all is well.
    """

    figures: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


async def judge(soaked: Soaked) -> Verdict:
    """Compare what people were told with what is kept, and what is due with what arrived."""
    verdict, store = Verdict(), soaked.place.store
    answers = [answer for worker in soaked.workers for answer in await worker.answers()]
    told = store.read_now(decisions.account_for, answers)
    verdict.figures["presses"] = sum(len(worker.presses) for worker in soaked.workers)
    verdict.figures["presses answered"] = len(answers)
    verdict.figures["decisions answered"] = told.answered
    verdict.figures["decisions recorded"] = told.recorded
    verdict.problems += told.problems
    _pushes(soaked, verdict)
    _imports(soaked, verdict)
    verdict.problems += feeds.unrecorded(soaked.feeds, told.imports)
    verdict.problems += store.read_now(feeds.problems_of, soaked.feeds)
    _troubles(soaked, verdict)
    store.read_now(_chain, verdict)
    store.read_now(_counters, verdict)
    for bot in soaked.bots:
        _log(bot, verdict)
    return verdict


def _pushes(soaked: Soaked, verdict: Verdict) -> None:
    calls = soaked.place.server.calls()
    found = soaked.place.store.read_now(arrivals.account_for, calls, soaked.mishaps)
    verdict.figures["pushes due"] = found.due
    verdict.figures["pushes delivered"] = found.delivered
    verdict.figures |= {f"not delivered: {why}": n for why, n in sorted(found.failed.items())}
    verdict.figures |= {f"repeated: {why}": n for why, n in sorted(found.repeats.items())}
    verdict.figures["marked, though nothing had come"] = found.for_safety
    verdict.problems += found.problems


def _imports(soaked: Soaked, verdict: Verdict) -> None:
    verdict.figures["imports"] = len(soaked.feeds.made)
    verdict.figures["imports told of"] = sum(feed.came_in for feed in soaked.feeds.made)
    verdict.figures["imports killed"] = soaked.feeds.killed


def _troubles(soaked: Soaked, verdict: Verdict) -> None:
    calls = soaked.place.server.calls()
    verdict.figures["bots killed"] = len(soaked.mishaps.deaths)
    verdict.figures["faults switched on"] = soaked.weather.spells
    verdict.figures["calls answered with 429"] = sum(call.code == 429 for call in calls)
    verdict.figures["calls answered with 5xx"] = sum(call.code >= 500 for call in calls)
    verdict.figures["calls dropped"] = sum("dropped" in call.outcome for call in calls)


def _chain(session: Session, verdict: Verdict) -> None:
    rows = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    problem = audit.verify(session)
    verdict.figures["audit rows verified"] = 0 if problem else rows
    if problem:
        verdict.problems.append(f"audit chain: {problem}")


def _counters(session: Session, verdict: Verdict) -> None:
    verdict.problems += [f"counters: {found}" for found in counters.verify(session)]


def _log(bot: MortalBot, verdict: Verdict) -> None:
    """Nothing but what dying, coming back and bad weather explain was logged as an error."""
    lines = [json.loads(line) for line in bot.log.read_text().splitlines() if line[:1] == "{"]
    wrong = [line for line in lines if line.get("level") in {"error", "critical"}]
    verdict.problems += [f"{bot.name} logged: {line}" for line in wrong[:10]]
