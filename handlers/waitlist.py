"""`/waitlist`: who waits for a slot, by department and urgency, and who for too long."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain.monospace import fit
from domain.waiting import TARGET_DAYS
from handlers import words
from handlers.addresses import join, maybe_whole, whole
from handlers.department_pick import (
    AVAILABILITY,
    WAITLIST,
    WAITLIST_DEPARTMENTS,
    named_department,
    pick_department,
)
from handlers.paging import Pages, pager
from handlers.screens import Buttons, Screen, Visit, button
from storage import waitlist
from storage.waitlist import Queue

PAGE: Final = 12

_NAME: Final = 14
_FILLED_BY: Final = (
    "A waitlist file fills this: waiting_id, patient_id, department, urgency and since. "
    "An admin imports it, or sends it to me."
)
_HEAD: Final = f"{'':{_NAME}}{'waiting':>7}{'late':>5}{'longest':>8}"


async def waiting_list(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Who waits: a department or all, page."""
    department_id, page = maybe_whole(arguments[0]), whole(arguments[1])
    where = await named_department(visit, department_id)
    now = visit.desk.clock.now()
    seen = visit.member.sees(() if department_id is None else (department_id,))
    found = await visit.desk.store.read(waitlist.queues, seen, now)
    lines = [words.bold("Waitlist"), words.plain(where), _total(visit, found, now)]
    pages = Pages(0, 1, PAGE)
    if not found:
        lines.append(_FILLED_BY)
    elif department_id is None:
        departments = _by_department(found)
        pages = Pages(page, len(departments), PAGE)
        pages = Pages(min(page, pages.last), pages.total, PAGE)
        counted = words.count(len(departments), "department")
        lines += ["", f"{counted}{pages.part}, most late first"]
        lines.append(
            _block([queue_line(name, queue, now) for name, queue in pages.cut(departments)])
        )
        lines.append("late = longer than the urgency allows")
    else:
        lines.append("")
        lines.append(_block([queue_line(_urgency(each), each, now) for each in found]))
        lines.append("late = longer than the days in brackets")
    here = join(WAITLIST, department_id, pages.page)
    return Screen("\n".join(lines), _buttons(department_id, pages, here), here)


async def choose_department(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The departments to choose from: page."""
    return await pick_department(visit, WAITLIST, WAITLIST_DEPARTMENTS, "Waitlist", arguments[0])


def _total(visit: Visit, found: Sequence[Queue], now: datetime) -> str:
    if not found:
        return "Nobody waits here."
    waiting, late = sum(each.waiting for each in found), sum(each.late for each in found)
    since = min(each.since for each in found)
    day = words.short_day(visit.desk.house.calendar.day_of(since))
    return (
        f"{words.count(waiting, 'patient')} waiting, {words.number(late)} of them late\n"
        f"Longest wait {words.count(_days(since, now), 'day')}, since {day} {since:%Y}"
    )


def _by_department(found: Sequence[Queue]) -> list[tuple[str, Queue]]:
    """All urgencies of a department as one queue; the department with most who are late first."""
    whole_queues: dict[int, Queue] = {}
    for each in found:
        sofar = whole_queues.get(each.department_id)
        whole_queues[each.department_id] = _together(sofar, each) if sofar else each
    order = sorted(whole_queues.values(), key=lambda it: (-it.late, -it.waiting, it.department))
    return [(each.department, each) for each in order]


def _together(one: Queue, other: Queue) -> Queue:
    return Queue(
        one.department_id,
        one.department,
        one.urgency,
        one.waiting + other.waiting,
        one.late + other.late,
        min(one.since, other.since),
    )


def _block(lines: list[str]) -> str:
    return words.block([_HEAD, *lines])


def queue_line(name: str, queue: Queue, now: datetime) -> str:
    """A line of 34 columns."""
    longest = f"{words.number(_days(queue.since, now))} d"
    waiting, late = words.number(queue.waiting), words.number(queue.late)
    room = words.WIDTH - max(len(waiting), 7) - max(len(late) + 1, 5) - max(len(longest) + 1, 8)
    return f"{fit(name, room)}{waiting:>7}{' ' + late:>5}{' ' + longest:>8}"


def _urgency(queue: Queue) -> str:
    """`Urgency 5 (3)`."""
    return f"Urgency {queue.urgency} ({TARGET_DAYS[queue.urgency]})"


def _days(since: datetime, now: datetime) -> int:
    """Whole days."""
    return max((now - since).days, 0)


def _buttons(department_id: int | None, pages: Pages, here: str) -> Buttons:
    rows = pager(pages, lambda to: join(WAITLIST, department_id, to))
    if department_id is not None:
        rows.append([button("‹ Back", join(WAITLIST, None, 0))])
    rows.append(
        [
            button("Department", join(WAITLIST_DEPARTMENTS, 0)),
            button("Capacity", join(AVAILABILITY, department_id, 0)),
        ]
    )
    rows.append([button("Refresh", here)])
    return rows
