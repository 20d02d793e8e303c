"""Inviting from the chat: a role, departments, and a link that is shown once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session

from domain.membership import ORDER
from domain.people import Right, Role
from handlers import words
from handlers.addresses import UnknownAddress, join, whole
from handlers.department_choice import HINT, department_buttons, read_change
from handlers.paging import Pages, pager
from handlers.people import INVITATIONS, INVITE, PEOPLE, role_lines
from handlers.screens import Answer, Buttons, Screen, Visit, button
from storage import invitations, risk
from storage.invitations import VALID_FOR, InvitationView, Stage
from storage.joining import PUSHED_INVITATION

INVITATION: Final = PUSHED_INVITATION

NEW: Final = "newinvite"
SET_INVITED: Final = "setinvite"
MAKE_LINK: Final = "makelink"
REVOKE: Final = "revoke"

PAGE: Final = 6


async def choose_role(visit: Visit, _arguments: Sequence[str]) -> Screen:
    """Which role somebody is invited to."""
    visit.member.require(Right.PEOPLE)
    rows: Buttons = [
        [button(f"Invite {_article(role)} {role.value}", join(NEW, role.value))] for role in ORDER
    ]
    rows.append([button("‹ Back", join(PEOPLE, 0))])
    text = [words.bold("Invite somebody: as what?"), "", *role_lines()]
    return Screen("\n".join(text), rows, INVITE)


async def invitation(visit: Visit, arguments: Sequence[str]) -> Screen:
    """One invitation: which, and while it is a draft the page of departments."""
    visit.member.require(Right.PEOPLE)
    key, page = whole(arguments[0]), whole(arguments[1])
    found, names = await visit.desk.store.read(_read_one, key, visit.desk.clock.now())
    if found.stage is Stage.DRAFT:
        return _draft(found, names, page)
    rows: Buttons = [[button("‹ Back", join(INVITATIONS, 0))]]
    if found.stage is Stage.OPEN:
        rows.insert(0, [button("Revoke", join(REVOKE, key, 0), "danger")])
    return Screen("\n".join(_lines(visit, found)), rows, join(INVITATION, key, page))


async def open_invitations(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The invitations that can still be used: page."""
    visit.member.require(Right.PEOPLE)
    page, now = whole(arguments[0]), visit.desk.clock.now()
    total, found = await visit.desk.store.read(invitations.open_invitations, now, page * PAGE, PAGE)
    pages = Pages(page, total, PAGE)
    if page > pages.last:
        return await open_invitations(visit, [str(pages.last)])
    lines = [words.bold(words.count(total, "open invitation"))]
    if found:
        rows = [line for place, row in enumerate(found, 1) for line in row_lines(visit, place, row)]
        lines += [pages.shown + ", newest first", words.block(rows)]
    else:
        lines.append("Invite makes a link for one person; until it is used it is listed here.")
    revoking = [
        button(f"Revoke {place}", join(REVOKE, row.id, page), "danger")
        for place, row in enumerate(found, 1)
    ]
    buttons: Buttons = [revoking[at : at + 3] for at in range(0, len(revoking), 3)]
    buttons += pager(pages, lambda to: join(INVITATIONS, to))
    buttons.append([button("Invite", INVITE), button("‹ Back", join(PEOPLE, 0))])
    return Screen("\n".join(lines), buttons, join(INVITATIONS, page))


async def begin(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Begin an invitation: role."""
    if arguments[0] not in list(Role):
        raise UnknownAddress(arguments[0])
    now = visit.desk.clock.now()
    key = await visit.desk.store.write(invitations.draft, visit.member, Role(arguments[0]), now)
    return Answer(await invitation(visit, [str(key), "0"]))


async def limit(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Put a department into the invitation or out of it: which, what, department, page."""
    key, page = whole(arguments[0]), whole(arguments[3])
    department_id, in_it = read_change(arguments[1:3])
    obstacle = await visit.desk.store.write(
        invitations.limit_draft,
        visit.member,
        key,
        department_id,
        in_it=in_it,
        now=visit.desk.clock.now(),
    )
    screen = await invitation(visit, [str(key), str(page)])
    return Answer(screen, words.why_not(obstacle))


async def make_link(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Make the link and send it: which.

    It goes into a message of its own, which can be forwarded as it is.
    """
    key, now = whole(arguments[0]), visit.desk.clock.now()
    code = await visit.desk.store.write(invitations.publish, visit.member, key, now)
    found = await visit.desk.store.read(invitations.view, key, now)
    await visit.desk.gateway.say(visit.member.chat_id, _link_text(visit, found, code))
    return Answer(await invitation(visit, [str(key), "0"]), "The link stands below.")


async def revoke(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Make an invitation worthless: which, the list's page."""
    key, page, now = whole(arguments[0]), whole(arguments[1]), visit.desk.clock.now()
    revoked = await visit.desk.store.write(invitations.revoke, visit.member, key, now)
    found = await visit.desk.store.read(invitations.view, key, now)
    said = (
        "Revoked: its link lets nobody in."
        if revoked
        else f"Nothing changed: it is {_stage(visit, found)}."
    )
    return Answer(await open_invitations(visit, [str(page)]), said)


def row_lines(visit: Visit, place: int, row: InvitationView) -> list[str]:
    """The monospaced lines of an open invitation, at most 34 columns wide."""
    zone = visit.desk.house.calendar.zone
    role = f"{place} {row.role.value} · "
    return [
        role + words.cut(words.departments(row.departments), words.WIDTH - len(role)),
        "  " + words.cut(f"by {row.created_by or 'the command line'}", words.WIDTH - 2),
        f"  until {words.short_moment(row.expires_at, zone)}",
    ]


def _read_one(
    session: Session, invitation_id: int, now: datetime
) -> tuple[InvitationView, dict[int, str]]:
    return invitations.view(session, invitation_id, now), risk.departments(session)


def _draft(found: InvitationView, names: Mapping[int, str], page: int) -> Screen:
    chosen = {key for key, name in names.items() if name in found.departments}
    rows: Buttons = [[button("Make the link", join(MAKE_LINK, found.id), "success")]]
    rows += department_buttons(
        names,
        chosen,
        page,
        lambda verb, place, at: join(SET_INVITED, found.id, verb, place, at),
        lambda to: join(INVITATION, found.id, to),
    )
    rows.append([button("‹ Back", INVITE)])
    text = [words.bold("Invite somebody: where?"), _who(found), "", HINT]
    return Screen("\n".join(text), rows, join(INVITATION, found.id, page))


def _lines(visit: Visit, found: InvitationView) -> list[str]:
    zone = visit.desk.house.calendar.zone
    lines = [
        words.bold(f"Invitation {_stage(visit, found)}"),
        _who(found),
        f"made {words.short_moment(found.created_at, zone)} "
        f"by {words.plain(found.created_by or 'the command line')}",
    ]
    if found.stage is Stage.OPEN:
        lines += [
            f"valid until {words.short_moment(found.expires_at, zone)}, for one person",
            "",
            "Its link was shown once and is kept nowhere. If it is lost, revoke and invite anew.",
        ]
    return lines


def _link_text(visit: Visit, found: InvitationView, code: str) -> str:
    until = words.short_moment(found.expires_at, visit.desk.house.calendar.zone)
    link = words.plain(visit.desk.gateway.link(code))
    return "\n".join(
        [
            f"{words.bold('Slotwise')} invites you as {_who(found)}.",
            link,
            f"Open the link and press Start, or send the bot <code>/start {code}</code>.",
            f"It works once, for one person, until {until} ({VALID_FOR.days} days).",
        ]
    )


def _who(found: InvitationView) -> str:
    where = words.departments(found.departments, words.ALL_NAMED)
    return f"{words.bold(found.role.value)} for {words.plain(where)}"


def _stage(visit: Visit, found: InvitationView) -> str:
    """`open`, `used Mon 30 Nov 08:15 by Noa`, `revoked Mon 30 Nov 08:15`."""
    if found.ended_at is None:
        return found.stage.value
    when = words.short_moment(found.ended_at, visit.desk.house.calendar.zone)
    return f"{found.stage.value} {when}" + (f" by {found.used_by}" if found.used_by else "")


def _article(role: Role) -> str:
    return "an" if role is Role.ADMIN else "a" if role is Role.MANAGER else "as"
