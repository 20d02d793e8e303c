"""`/settings`: when the summary comes, and how each kind of push does.

Every button names what is to hold once it is pressed, so an old one, or a second press, does
nothing but what it says.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sqlmodel import Session
from telegram import InlineKeyboardButton

from domain.mornings import EVERY_DAY, MINUTES
from domain.people import Member, Right
from domain.pushes import Choice, PushKind, kinds_for
from handlers import words
from handlers.addresses import UnknownAddress, join, maybe_whole, whole
from handlers.screens import Answer, Buttons, Screen, Visit, button
from storage import wishes
from storage.wishes import Wishes

SETTINGS: Final = "settings"
TIMES: Final = "settime"
CHOOSE: Final = "set"
CAPACITIES: Final = "capacities"
POLICIES: Final = "policies"

_NAMES: Final = {
    PushKind.SUMMARY: "Summary",
    PushKind.PROPOSAL: "Proposals",
    PushKind.DECISION: "Decisions",
    PushKind.FILLED: "Filled slots",
    PushKind.PEOPLE: "People",
    PushKind.ALERT: "Alerts",
}
_ABOUT: Final = {
    PushKind.SUMMARY: "the day at a glance",
    PushKind.PROPOSAL: "what staff propose in your departments",
    PushKind.DECISION: "what became of your proposals",
    PushKind.FILLED: "waiting patients who accepted a slot",
    PushKind.PEOPLE: "what you may do from now on, who joined on your invitation",
    PushKind.ALERT: "what an admin should look at",
}
_NEXT: Final = {Choice.ON: Choice.SILENT, Choice.SILENT: Choice.OFF, Choice.OFF: Choice.ON}
_SUNDAY_FIRST: Final = (6, 0, 1, 2, 3, 4, 5)
_NO_DAY: Final = "At least one day is needed. To get no summary, switch it off."


async def settings(visit: Visit, _arguments: Sequence[str]) -> Screen:
    """What holds now, and everything that a member can choose."""
    return _all(visit, await _found(visit))


async def times(visit: Visit, _arguments: Sequence[str]) -> Screen:
    """The hours and quarter hours to choose from."""
    return _clock(visit, await _found(visit))


async def choose(visit: Visit, arguments: Sequence[str]) -> Answer:
    """A choice: what about, then what is to hold."""
    what, values = arguments[0], list(arguments[1:])
    if (what, values) == ("days", ["0"]):
        return Answer(await settings(visit, []), _NO_DAY, alert=True)
    found = await visit.desk.store.write(_choice(visit, what, values))
    screen = _clock(visit, found) if what == "at" else _all(visit, found)
    if what == "push":
        kind = PushKind(values[0])
        return Answer(screen, f"{_NAMES[kind]}: {found.choices[kind]}")
    return Answer(screen, when(found))


def when(found: Wishes) -> str:
    """`Summary at 08:15, Sun–Thu`."""
    at = words.minute_of_day(found.rhythm.minute)
    return f"Summary at {at}, {words.weekdays(found.rhythm.days)}"


def _choice(visit: Visit, what: str, values: list[str]) -> Callable[[Session], Wishes]:
    """The unit of work that makes a choice.

    Raises:
        UnknownAddress: There is no such choice, or it is not this member's.
    """
    who = (visit.member.id, visit.desk.house, visit.desk.clock.now())
    if what == "at":
        minute = maybe_whole(values[0])
        if minute is None or minute < MINUTES:
            return lambda session: wishes.choose_minute(session, *who, minute)
    elif what == "days":
        days = whole(values[0])
        if 0 < days <= EVERY_DAY:
            return lambda session: wishes.choose_days(session, *who, days)
    elif what == "push":
        wish = _wish(visit.member, values)
        return lambda session: wishes.choose_push(session, *who, wish)
    elif what == "nothing":
        return lambda session: wishes.choose_nothing(session, *who)
    raise UnknownAddress(join(CHOOSE, what, *values))


def _wish(member: Member, values: list[str]) -> tuple[PushKind, Choice]:
    kind, choice = values[0], values[1]
    if kind not in kinds_for(member) or choice not in set(Choice):
        raise UnknownAddress(kind)
    return PushKind(kind), Choice(choice)


async def _found(visit: Visit) -> Wishes:
    return await visit.desk.store.read(wishes.wishes, visit.member.id, visit.desk.house)


def _all(visit: Visit, found: Wishes) -> Screen:
    kinds = kinds_for(visit.member)
    lines = [
        words.bold("Settings"),
        when(found) + (", the default" if found.is_usual_rhythm else ""),
        _next_line(visit, found),
        "",
        *(f"{_NAMES[kind]}: {found.choices[kind]} – {_ABOUT[kind]}" for kind in kinds),
        "",
        "Press a day to add or drop it; • marks those with a summary.",
        "Press a name to change how it comes: on, silent (no sound), off, in turn.",
    ]
    rows = _all_buttons(found, kinds)
    if visit.member.may(Right.DECIDE):
        lines.append("Singled out by chance: how many of a day are listed for their chance alone.")
        lines.append("Authorized slots: when patients are asked, and what their silence means.")
        rows.append([button("Singled out by chance", join(CAPACITIES, 0))])
        rows.append([button("Authorized slots", join(POLICIES, 0))])
    return Screen("\n".join(lines), rows, SETTINGS)


def _next_line(visit: Visit, found: Wishes) -> str:
    if found.choices[PushKind.SUMMARY] is Choice.OFF:
        return "It is off; /summary shows it whenever you ask."
    zone = visit.desk.house.calendar.zone
    if found.next_at is None:
        return f"Times are those of {zone.key}."
    return f"The next one comes {words.short_moment(found.next_at, zone)} ({zone.key})."


def _all_buttons(found: Wishes, kinds: list[PushKind]) -> Buttons:
    days = [_day_button(found.rhythm.days, day) for day in _SUNDAY_FIRST]
    pushes = [
        button(
            f"{_NAMES[kind]}: {found.choices[kind]}",
            join(CHOOSE, "push", kind, _NEXT[found.choices[kind]]),
        )
        for kind in kinds
    ]
    rows: Buttons = [
        [button(f"Change the time, {words.minute_of_day(found.rhythm.minute)}", TIMES)],
        days[:4],
        days[4:],
        *(pushes[at : at + 2] for at in range(0, len(pushes), 2)),
    ]
    if not found.are_usual:
        rows.append([button("Back to the default", join(CHOOSE, "nothing"))])
    return rows


def _day_button(days: int, day: int) -> InlineKeyboardButton:
    chosen = bool(days >> day & 1)
    return button(words.marked(words.WEEK[day], chosen), join(CHOOSE, "days", days ^ 1 << day))


def _clock(visit: Visit, found: Wishes) -> Screen:
    hour, quarter = divmod(found.rhythm.minute, 60)
    hours = [
        button(words.marked(f"{at:02}", at == hour), join(CHOOSE, "at", at * 60 + quarter))
        for at in range(24)
    ]
    quarters = [
        button(words.marked(f":{at:02}", at == quarter), join(CHOOSE, "at", hour * 60 + at))
        for at in (0, 15, 30, 45)
    ]
    rows: Buttons = [*(hours[at : at + 6] for at in range(0, 24, 6)), quarters]
    if found.has_own_time:
        usual = words.minute_of_day(visit.desk.house.summary_minute)
        rows.append([button(f"Back to the default, {usual}", join(CHOOSE, "at", None))])
    rows.append([button("‹ Back", SETTINGS)])
    text = [
        words.bold(when(found)),
        _next_line(visit, found),
        "Press an hour, then the minutes; • marks the chosen ones.",
    ]
    return Screen("\n".join(text), rows, TIMES)
