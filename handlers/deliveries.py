"""`/deliveries`: how the outbox stands, what could not be delivered, and what to do about it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlmodel import Session

from domain.deliveries import Reason, State
from domain.people import Member, Right
from handlers import words
from handlers.addresses import UnknownAddress, join, split, whole
from handlers.paging import Pages, pager
from handlers.patient_messages import SHOWN, patient_lines
from handlers.screens import Answer, Buttons, Screen, Visit, button
from storage import deliveries, notice_figures, outbox
from storage.deliveries import Again, DeadLetter, Standing
from storage.notice_figures import Today

DELIVERIES: Final = split(outbox.ALERTS)[0]
LETTER: Final = "delivery"
RESEND: Final = "resend"
DROP: Final = "drop"
RESEND_ALL: Final = "resendall"
RESEND_NOW: Final = "resendnow"

PAGE: Final = 6
NOTHING_CHANGED: Final = "Nothing changed: it was sent again or dropped meanwhile."

_PROBLEMS: Final = {
    f"{Reason.UNREACHABLE}: Forbidden": "has blocked the bot",
    f"{Reason.UNREACHABLE}: BadRequest": "has no chat with the bot",
    f"{Reason.UNREACHABLE}": "unreachable",
}

Decision = Callable[[Session, Member, int, datetime], bool]


async def delivery_list(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What waits, and what has failed, the latest first: page."""
    visit.member.require(Right.DELIVERIES)
    page = whole(arguments[0])
    standing, letters, again, today = await visit.desk.store.read(_read, visit, page * PAGE)
    if page and not letters and standing.failed:
        return await delivery_list(visit, ["0"])
    pages, here = Pages(page, standing.failed, PAGE), join(DELIVERIES, page)
    labels = [
        button(f"{place} {words.cut(letter.name, 12)}", join(LETTER, letter.id, page))
        for place, letter in enumerate(letters, 1)
    ]
    rows: Buttons = [labels[at : at + 3] for at in range(0, len(labels), 3)]
    rows += pager(pages, lambda to: join(DELIVERIES, to))
    if standing.failed > 1 and again.messages:
        rows.append([button("Send all again", join(RESEND_ALL, page))])
    rows.append([button("Refresh", here)])
    lines = _list_text(visit, standing, letters, pages)
    lines += patient_lines(today, visit.desk.clock.now(), visit.desk.house.calendar.zone)
    return Screen("\n".join(lines), rows, here)


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


async def ask_to_resend_all(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Ask whether to try all that has failed anew: the page to go back to."""
    visit.member.require(Right.DELIVERIES)
    page, now = whole(arguments[0]), visit.desk.clock.now()
    again = await visit.desk.store.read(deliveries.again)
    answers = [button("Cancel", join(DELIVERIES, page))]
    if again.messages:
        yes = join(RESEND_NOW, int(now.timestamp()), page)
        answers.insert(0, button(f"Confirm {words.number(again.messages)}", yes, "success"))
    return Screen("\n".join(_again_text(again)), [answers], join(RESEND_ALL, page))


async def resend_all(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Try all that had failed anew: when that was asked about, the page to go back to."""
    seconds, page = whole(arguments[0]), whole(arguments[1])
    now = visit.desk.clock.now()
    until = datetime.fromtimestamp(min(seconds, int(now.timestamp())), UTC)
    sent = await visit.desk.store.write(deliveries.send_all_again, visit.member, until, now)
    visit.desk.changed.set()
    verb = "is" if sent == 1 else "are"
    said = f"{words.count(sent, 'message')} {verb} being sent again." if sent else NOTHING_CHANGED
    return Answer(await delivery_list(visit, [str(page)]), said)


async def _decide(visit: Visit, arguments: Sequence[str], decision: Decision, done: str) -> Answer:
    key, page = whole(arguments[0]), whole(arguments[1])
    now = visit.desk.clock.now()
    moved = await visit.desk.store.write(decision, visit.member, key, now)
    visit.desk.changed.set()
    return Answer(await delivery_list(visit, [str(page)]), done if moved else NOTHING_CHANGED)


def _read(
    session: Session, visit: Visit, offset: int
) -> tuple[Standing, list[DeadLetter], Again, Today]:
    house, now = visit.desk.house, visit.desk.clock.now()
    day_began = house.calendar.start_of(house.calendar.day_of(now))
    return (
        deliveries.standing(session, now, day_began),
        deliveries.dead_letters(session, offset, PAGE),
        deliveries.again(session),
        notice_figures.today(session, house.manners.channels, day_began, SHOWN),
    )


def _list_text(
    visit: Visit, standing: Standing, letters: list[DeadLetter], pages: Pages
) -> list[str]:
    now, zone = visit.desk.clock.now(), visit.desk.house.calendar.zone
    lines = [
        words.bold(f"{words.count(standing.failed_today, 'message')} not delivered today"),
        f"{words.number(standing.waiting)} waiting, {words.number(standing.sending)} being sent, "
        f"{words.number(standing.unknown)} unknown",
    ]
    if standing.oldest:
        lines.append(f"the oldest waits for {_age(now - standing.oldest)}")
    lines.append("")
    if not letters:
        lines.append("Every message was delivered or waits. What cannot be delivered appears here.")
        return lines
    lines.append(f"{words.count(standing.failed, 'message')} not delivered{pages.part}")
    block = []
    for place, letter in enumerate(letters, 1):
        block.append(f"{place} {words.cut(letter.name, words.WIDTH - 2)}")
        when = f"{words.list_moment(letter.at, zone)} · {letter.kind}"
        block.append(f"  {words.cut(when, words.WIDTH - 2)}")
        block.append(f"  {words.cut(_problem(letter), words.WIDTH - 2)}")
    return [*lines, words.block(block)]


def _letter_text(visit: Visit, letter: DeadLetter) -> list[str]:
    now, zone = visit.desk.clock.now(), visit.desk.house.calendar.zone
    states = {State.FAILED: "Not delivered", State.DROPPED: "Dropped", State.SENT: "Delivered"}
    heading = words.bold(states.get(letter.state, "Waits to be delivered"))
    lines = [
        f"{heading} · {letter.kind}",
        f"to {words.plain(words.cut(letter.name, 60))}, {letter.role}",
        "",
        f"{words.clock_time(letter.at, zone, now)}: {words.plain(_problem(letter))}"
        if letter.problem
        else "No try has failed.",
        f"{words.count(letter.attempts, 'try', 'tries')}; "
        f"written {words.clock_time(letter.since, zone, now)}",
    ]
    if letter.uncertain:
        lines.append("A try may have arrived; sent again it says so.")
    if letter.suspended:
        lines.append("They are suspended: nothing is sent to them until they are reinstated.")
    elif not letter.reachable:
        lines.append("Nothing is sent to them until they write to the bot again.")
    return lines


def _again_text(again: Again) -> list[str]:
    if again.messages:
        lines = [
            words.bold(f"Send {words.count(again.messages, 'message')} again?"),
            "All that were not delivered. One that may have arrived says that it is repeated.",
        ]
    else:
        lines = [words.bold("Nothing can be sent again now")]
    if again.repeats:
        repeats = words.count(again.repeats, "older message")
        lines.append(f"{repeats} with the same content for the same person: dropped.")
    if again.withheld:
        withheld = words.count(again.withheld, "message")
        lines.append(f"{withheld} for people who are unreachable or suspended: kept in the list.")
    return lines


def _problem(letter: DeadLetter) -> str:
    return _PROBLEMS.get(letter.problem, letter.problem)


def _age(age: timedelta) -> str:
    """`40 s`, `12 min`, `3 h`, `2 days`: enough to see whether something hangs."""
    seconds = max(int(age.total_seconds()), 0)
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
