"""`/deliveries`: how the outbox stands, what could not be delivered, and what to do about it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from domain.deliveries import State
from domain.people import Member, Right
from handlers import words
from handlers.addresses import UnknownAddress, join, split, whole
from handlers.paging import Pages, pager
from handlers.screens import Answer, Buttons, Screen, Visit, button
from storage import deliveries, outbox
from storage.deliveries import DeadLetter, Standing

DELIVERIES: Final = split(outbox.ALERTS)[0]
LETTER: Final = "delivery"
RESEND: Final = "resend"
DROP: Final = "drop"

PAGE: Final = 6

Decision = Callable[[Session, Member, int, datetime], bool]


async def delivery_list(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What waits, and what has failed, the latest first: page."""
    visit.member.require(Right.DELIVERIES)
    page = whole(arguments[0])
    standing, letters = await visit.desk.store.read(_read, visit, page * PAGE)
    if page and not letters and standing.failed:
        return await delivery_list(visit, ["0"])
    pages, here = Pages(page, standing.failed, PAGE), join(DELIVERIES, page)
    labels = [
        button(f"{place} {words.cut(letter.name, 12)}", join(LETTER, letter.id, page))
        for place, letter in enumerate(letters, 1)
    ]
    rows: Buttons = [labels[at : at + 3] for at in range(0, len(labels), 3)]
    rows += pager(pages, lambda to: join(DELIVERIES, to))
    rows.append([button("Refresh", here)])
    return Screen("\n".join(_list_text(visit, standing, letters, pages)), rows, here)


async def delivery(visit: Visit, arguments: Sequence[str]) -> Screen:
    """One push that has failed: its key, the page to go back to."""
    visit.member.require(Right.DELIVERIES)
    key, page = whole(arguments[0]), whole(arguments[1])
    letter = await visit.desk.store.read(deliveries.letter, key)
    if letter is None:
        raise UnknownAddress(arguments[0])
    rows: Buttons = [[button("‹ Back", join(DELIVERIES, page))]]
    if letter.state is State.FAILED:
        decisions = [button("Drop", join(DROP, key, page), "danger")]
        if letter.reachable:
            decisions.insert(0, button("Send again", join(RESEND, key, page), "success"))
        rows.insert(0, decisions)
    return Screen("\n".join(_letter_text(visit, letter)), rows, join(LETTER, key, page))


async def resend(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Try a push that has failed anew: its key, the page to go back to."""
    return await _decide(visit, arguments, deliveries.send_again, "It is being sent again.")


async def drop(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Let a push that has failed go: its key, the page to go back to."""
    return await _decide(visit, arguments, deliveries.drop, "Dropped.")


async def _decide(visit: Visit, arguments: Sequence[str], decision: Decision, done: str) -> Answer:
    key, page = whole(arguments[0]), whole(arguments[1])
    now = visit.desk.clock.now()
    moved = await visit.desk.store.write(decision, visit.member, key, now)
    visit.desk.changed.set()
    said = done if moved else "Nothing changed: it is no longer among the failed."
    return Answer(await delivery_list(visit, [str(page)]), said)


def _read(session: Session, visit: Visit, offset: int) -> tuple[Standing, list[DeadLetter]]:
    calendar, now = visit.desk.house.calendar, visit.desk.clock.now()
    standing = deliveries.standing(session, now, calendar.start_of(calendar.day_of(now)))
    return standing, deliveries.dead_letters(session, offset, PAGE)


def _list_text(
    visit: Visit, standing: Standing, letters: list[DeadLetter], pages: Pages
) -> list[str]:
    now, zone = visit.desk.clock.now(), visit.desk.house.calendar.zone
    lines = [
        words.bold(f"Deliveries: {words.number(standing.failed_today)} failed today"),
        f"{words.number(standing.waiting)} waiting, {words.number(standing.sending)} being sent, "
        f"{words.number(standing.unknown)} unknown",
    ]
    if standing.oldest:
        lines.append(f"the oldest waits for {_age(now - standing.oldest)}")
    lines.append("")
    if not letters:
        lines.append("Nothing has failed. What could not be delivered appears here.")
        return lines
    lines.append(f"{words.count(standing.failed, 'failed push', 'failed pushes')}, {pages.shown}")
    block = []
    for place, letter in enumerate(letters, 1):
        block.append(f"{place} {words.cut(letter.name, words.WIDTH - 2)}")
        when = f"{words.list_moment(letter.at, zone)} · {letter.kind}"
        block.append(f"  {words.cut(when, words.WIDTH - 2)}")
        block.append(f"  {words.cut(letter.problem, words.WIDTH - 2)}")
    return [*lines, words.block(block)]


def _letter_text(visit: Visit, letter: DeadLetter) -> list[str]:
    now, zone = visit.desk.clock.now(), visit.desk.house.calendar.zone
    states = {State.FAILED: "Not delivered", State.DROPPED: "Dropped", State.SENT: "Delivered"}
    heading = words.bold(states.get(letter.state, "Waits to be delivered"))
    lines = [
        f"{heading} · {letter.kind}",
        f"to {words.plain(words.cut(letter.name, 60))}, {letter.role}",
        "",
        f"{words.clock_time(letter.at, zone, now)}: {words.plain(letter.problem)}"
        if letter.problem
        else "No try has failed.",
        f"{words.count(letter.attempts, 'try', 'tries')}; "
        f"written {words.clock_time(letter.since, zone, now)}",
    ]
    if letter.uncertain:
        lines.append("A try may have arrived; sent again it says so.")
    if not letter.reachable:
        lines.append("Nothing is sent to them until they write to the bot again.")
    return lines


def _age(age: timedelta) -> str:
    """`40 s`, `12 min`, `3 h`, `2 days`: enough to see whether something hangs."""
    seconds = max(int(age.total_seconds()), 0)
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
