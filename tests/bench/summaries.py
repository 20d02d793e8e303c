"""The daily summary to many people at once, through the real courier, over loopback HTTP.

The bot finds all of them due when it starts. The strict Bot API server enforces Telegram's limits,
so whatever goes too fast is turned down and counted. Half the people are managers and get a
picture: of all departments, or of the one that they manage.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import insert
from sqlmodel import Session

from bot.demo.sample import SAMPLE_ZONE
from bot.demo.server import BotApiServer, Call, Limits, Person
from domain.people import Role
from storage import risk
from storage.tables import MemberDepartment, MemberRow
from tests.bench.history import NOW
from tests.bench.measuring import on_core
from tests.bench.program import TOKEN, program
from tests.bench.results import Result, at_least, at_most, short
from tests.bench.sample import sample_store

_FIRST: Final = 100_001
_DUE: Final = NOW - timedelta(minutes=1)
_ALLOWED: Final = Limits().overall


async def summaries(folder: Path, people: int) -> list[Result]:
    """Tell so many people at the same time."""
    crowd = [Person(_FIRST + number, "", started=True) for number in range(people)]
    server = BotApiServer(TOKEN, crowd, limits=Limits())
    due = f"{_DUE.astimezone(SAMPLE_ZONE):%H:%M}"
    with on_core(0), sample_store(folder, "summaries.db") as store:
        pictures = store.write_now(_join, people)
        async with (
            server.running(),
            program(server, folder, "summaries.db", SUMMARY_TIME=due) as bot,
        ):
            await _all_sent(server, people)
            peak = _peak(bot.pid)
    return list(_results(server.calls(), people, pictures, peak))


def _join(session: Session, people: int) -> int:
    """Members who are due: staff and managers by turns, some managers of one department.

    Returns:
        How many different pictures they are to get.
    """
    departments = sorted(risk.departments(session))
    rows, limits = [], []
    for number in range(people):
        key = _FIRST + number
        role = Role.MANAGER if number % 2 else Role.STAFF
        rows.append(
            {
                "id": key,
                "telegram_id": key,
                "chat_id": key,
                "name": f"No. {number}",
                "role": role,
                "joined_at": _DUE,
                "summary_due_at": _DUE,
            }
        )
        if number % 10 == 1:
            department = departments[number // 10 % len(departments)]
            limits.append({"member_id": key, "department_id": department})
    session.execute(insert(MemberRow), rows)
    if limits:
        session.execute(insert(MemberDepartment), limits)
    return len({limit["department_id"] for limit in limits}) + (people > 2)


async def _all_sent(server: BotApiServer, people: int) -> None:
    """Wait until all have theirs, at most three times as long as the limits ask for."""
    async with asyncio.timeout(60 + 3 * people / _ALLOWED):
        while len(_sent(server.calls())) < people:  # noqa: ASYNC110
            await asyncio.sleep(0.5)


def _sent(calls: list[Call]) -> list[Call]:
    """The messages that arrived."""
    return [call for call in calls if call.method.startswith("send") and call.code == 200]


def _peak(pid: int) -> float:
    """The most memory that a process has held at once, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _results(calls: list[Call], people: int, pictures: int, peak: float) -> Iterator[Result]:
    work = f"summaries to {short(people)} people"
    sent = _sent(calls)
    seconds = (sent[-1].at - sent[0].at).total_seconds()
    share = 100 * (len(sent) - 1) / seconds / _ALLOWED if seconds else 100.0
    refused = sum(call.code == 429 for call in calls)
    photos = [call for call in sent if call.method == "sendPhoto"]
    uploads = sum(not str(call.params["photo"]).startswith("photo-") for call in photos)
    where = "loopback HTTP"
    yield Result(work, f"{where}, of the allowed rate", share, "%", at_least(95))
    yield Result(work, where, refused, "× 429", at_most(0))
    yield Result(f"{work}: pictures", where, uploads, "uploads", at_most(pictures))
    yield Result(f"{work}, peak", where, peak, "MB")
