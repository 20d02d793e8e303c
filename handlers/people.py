"""`/people`: who there is and what each may do, for admins, in one message."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session

from domain.membership import ORDER
from domain.people import Member, Right, Role
from handlers import words
from handlers.addresses import UnknownAddress, join, maybe_whole, whole
from handlers.department_choice import HINT, department_buttons
from handlers.paging import Pages, pager
from handlers.screens import Buttons, Screen, Visit, button
from storage import invitations, membership, risk, strangers
from storage.membership import PUSHED_CHANGE, MemberView, People
from storage.strangers import PUSHED_STRANGER, Sighting

PEOPLE: Final = "people"
MEMBER: Final = "member"
ROLE: Final = "role"
PLACES: Final = "places"
SUSPEND: Final = "suspend"
YOU: Final = PUSHED_CHANGE
STRANGER: Final = PUSHED_STRANGER
INVITE: Final = "invite"
INVITATIONS: Final = "invites"

SET_ROLE: Final = "setrole"
SET_PLACES: Final = "setplaces"
SUSPEND_NOW: Final = "suspendnow"
REINSTATE: Final = "reinstate"

PAGE: Final = 8

ABOUT_ROLES: Final = {
    Role.STAFF: "sees the lists, calls and proposes",
    Role.MANAGER: "does that too, and decides",
    Role.ADMIN: "runs the system: people, data, deliveries; decides nothing about patients",
}


async def everybody(visit: Visit, arguments: Sequence[str]) -> Screen:
    """All members: page, then what their names have in them."""
    visit.member.require(Right.PEOPLE)
    page, named = whole(arguments[0]), ":".join(arguments[1:])
    found, invited, names = await visit.desk.store.read(_read_everybody, visit, page, named)
    pages = Pages(page, found.found, PAGE)
    if page > pages.last:
        return await everybody(visit, [str(pages.last), *arguments[1:]])
    rows = [
        button(f"{place} {words.cut(row.member.name, 16)}", join(MEMBER, row.member.id, page))
        for place, row in enumerate(found.rows, 1)
    ]
    buttons: Buttons = [rows[at : at + 2] for at in range(0, len(rows), 2)]
    buttons += pager(pages, lambda to: join(PEOPLE, to, *arguments[1:]))
    if named:
        buttons.append([button("Everybody", join(PEOPLE, 0))])
    buttons.append([button("Invite", INVITE)])
    if invited:
        label = f"Open invitations ({words.number(invited)})"
        buttons.append([button(label, join(INVITATIONS, 0))])
    here = join(PEOPLE, page, *arguments[1:])
    buttons.append([button("Refresh", here)])
    return Screen(_everybody_text(found, pages, names, named), buttons, here)


async def member(visit: Visit, arguments: Sequence[str]) -> Screen:
    """One member: who, the list's page to go back to."""
    visit.member.require(Right.PEOPLE)
    key, page = whole(arguments[0]), whole(arguments[1])
    found, names = await visit.desk.store.read(_read_one, key)
    here = (key, page)
    if found.suspended:
        rows: Buttons = [[button("Reinstate", join(REINSTATE, *here), "success")]]
    else:
        rows = [
            [
                button("Change role", join(ROLE, *here)),
                button("Change departments", join(PLACES, key, 0, page)),
            ],
            [button("Suspend", join(SUSPEND, *here), "danger")],
        ]
    rows.append([button("‹ Back", join(PEOPLE, page))])
    return Screen("\n".join(_member_lines(visit, found, names)), rows, join(MEMBER, *here))


async def choose_role(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Which role a member is to have: who, the list's page."""
    visit.member.require(Right.PEOPLE)
    key, page = whole(arguments[0]), whole(arguments[1])
    found, names = await visit.desk.store.read(_read_one, key)
    rows: Buttons = [
        [button(f"Make {role.value}", join(SET_ROLE, key, role.value, page))]
        for role in ORDER
        if role is not found.member.role
    ]
    rows.append([button("‹ Back", join(MEMBER, key, page))])
    text = [words.bold("Change role"), _who(found.member, names), "", *role_lines()]
    return Screen("\n".join(text), rows, join(ROLE, key, page))


async def choose_places(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The departments of a member: who, page, the list's page."""
    visit.member.require(Right.PEOPLE)
    key, page, back = (whole(arguments[at]) for at in range(3))
    found, names = await visit.desk.store.read(_read_one, key)
    rows = department_buttons(
        names,
        found.member.departments,
        page,
        lambda verb, place, at: join(SET_PLACES, key, verb, place, at, back),
        lambda to: join(PLACES, key, to, back),
    )
    rows.append([button("‹ Back", join(MEMBER, key, back))])
    text = [words.bold("Change departments"), _who(found.member, names), "", HINT]
    return Screen("\n".join(text), rows, join(PLACES, key, page, back))


async def ask_to_suspend(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Whether a member is really to be suspended: who, the list's page."""
    visit.member.require(Right.PEOPLE)
    key, page = whole(arguments[0]), whole(arguments[1])
    found, names = await visit.desk.store.read(_read_one, key)
    rows: Buttons = [
        [
            button("Confirm", join(SUSPEND_NOW, key, page), "danger"),
            button("Cancel", join(MEMBER, key, page)),
        ]
    ]
    text = [
        words.bold(f"Suspend {found.member.name}?"),
        role_line(found.member, names),
        "",
        "Their buttons and commands stop at once, and nothing more is pushed to them. "
        "What they decided stays. Reinstate gives everything back.",
    ]
    return Screen("\n".join(text), rows, join(SUSPEND, key, page))


async def you(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What the visitor is now: who changed it and when, if somebody did."""
    by_id = maybe_whole(arguments[0]) if arguments else None
    by, names = await visit.desk.store.read(_read_changer, by_id)
    lines = [f"You are {role_line(visit.member, names)}."]
    if by:
        lines.append(f"Changed {_when(visit, whole(arguments[1]))} by {words.plain(by)}.")
    lines.append("/help lists what you can do.")
    return Screen("\n".join(lines), address=join(YOU, *arguments[:2]))


async def stranger(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Somebody who is no member and keeps trying: their Telegram user id."""
    visit.member.require(Right.PEOPLE)
    key = whole(arguments[0])
    found = await visit.desk.store.read(strangers.sighting, key)
    if found is None:
        raise UnknownAddress(arguments[0])
    people_button = button("People", join(PEOPLE, 0))
    rows = [[people_button] if found.suspended else [button("Invite", INVITE), people_button]]
    return Screen(_stranger_text(visit, key, found), rows, join(STRANGER, key))


def role_lines() -> list[str]:
    """What each role is for."""
    return [f"{words.bold(role.value)}: {ABOUT_ROLES[role]}" for role in ORDER]


def _read_everybody(
    session: Session, visit: Visit, page: int, named: str
) -> tuple[People, int, dict[int, str]]:
    found = membership.everybody(session, page * PAGE, PAGE, named)
    invited, _ = invitations.open_invitations(session, visit.desk.clock.now(), 0, 0)
    return found, invited, risk.departments(session)


def _read_one(session: Session, member_id: int) -> tuple[MemberView, dict[int, str]]:
    return membership.one(session, member_id), risk.departments(session)


def _read_changer(session: Session, by_id: int | None) -> tuple[str | None, dict[int, str]]:
    by = membership.one(session, by_id).member.name if by_id is not None else None
    return by, risk.departments(session)


def _everybody_text(found: People, pages: Pages, names: Mapping[int, str], named: str) -> str:
    roles = [
        words.count(number, role.value, words.ROLES[role])
        for role, number in found.active.items()
        if number
    ]
    left = f"{words.number(found.suspended)} suspended"
    lines = [
        words.bold(words.count(sum(found.active.values()), "member")),
        ", ".join(roles),
        f"{left} · {words.number(found.unreachable)} unreachable",
        "",
    ]
    if named:
        fits = words.count(found.found, "name fits", "names fit")
        lines.append(f"{fits} {words.plain(words.quoted(named))}")
    if not found.rows:
        return "\n".join(lines)
    lines.append(pages.shown)
    rows = [
        line for place, row in enumerate(found.rows, 1) for line in row_lines(place, row, names)
    ]
    return "\n".join(lines) + "\n" + words.block(rows)


def row_lines(place: int, row: MemberView, names: Mapping[int, str]) -> list[str]:
    """The two monospaced lines of a member in the list, at most 34 columns wide."""
    mark = "suspended" if row.suspended else "" if row.reachable else "unreachable"
    rest = f" · {mark}" if mark else ""
    role = f"  {row.member.role.value} · "
    where = words.departments(_places(row.member, names))
    first = f"{place} {words.cut(row.member.name, words.WIDTH - len(str(place)) - 1)}"
    return [first, role + words.cut(where, words.WIDTH - len(role) - len(rest)) + rest]


def _member_lines(visit: Visit, found: MemberView, names: Mapping[int, str]) -> list[str]:
    zone = visit.desk.house.calendar.zone
    lines = [
        words.bold(found.member.name),
        role_line(found.member, names),
        f"joined {words.full_moment(found.joined_at, zone)}",
    ]
    if found.suspended:
        lines.append("suspended: whatever they send or press is refused")
    if not found.reachable:
        lines.append("unreachable: has blocked the bot, so nothing is pushed until they write")
    return lines


def _when(visit: Visit, seconds: int) -> str:
    """A moment of the past, from the seconds since 1970 that an address carries."""
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    if seconds > now.timestamp():
        raise UnknownAddress(str(seconds))
    return words.clock_time(datetime.fromtimestamp(seconds, zone), zone, now)


def _who(found: Member, names: Mapping[int, str]) -> str:
    return f"{words.plain(found.name)} is {role_line(found, names)}"


def role_line(found: Member, names: Mapping[int, str]) -> str:
    """`manager for Cardiology, Eyes`: what somebody is, and where, all of it."""
    where = words.departments(_places(found, names), words.ALL_NAMED)
    return f"{words.bold(found.role.value)} for {words.plain(where)}"


def _places(found: Member, names: Mapping[int, str]) -> list[str]:
    return [names.get(key, "?") for key in found.departments]


def _stranger_text(visit: Visit, telegram_id: int, found: Sighting) -> str:
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    tries = found.tries
    since = words.clock_time(tries.since, zone, now)
    lines = [
        words.bold(f"A {'suspended member' if found.suspended else 'stranger'} keeps trying"),
        f"Telegram id <code>{telegram_id}</code>",
        f"{words.count(tries.number, 'try', 'tries')} since {since}, wrong codes counted twice",
    ]
    if found.suspended:
        lines.insert(1, words.plain(found.suspended))
    if tries.quiet_until:
        until = words.clock_time(tries.quiet_until, zone, now)
        lines.append(
            f"ignored until {until}" if tries.is_quiet(now) else f"was ignored until {until}"
        )
    what = (
        "Reinstate, on their entry under People, gives everything back."
        if found.suspended
        else "Whoever belongs here needs a link: Invite makes one."
    )
    lines += ["", f"Nothing was shown to them. {what}"]
    return "\n".join(lines)
