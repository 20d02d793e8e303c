"""`Authorized slots`, of `/settings`: how each department follows them up.

Only who may decide sees it. Every button names what is to hold once it is pressed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlmodel import Session
from telegram import InlineKeyboardButton

from domain.people import Member, Refused, Right
from domain.policies import DEADLINES, Policy, Silence
from handlers import words
from handlers.addresses import UnknownAddress, join, whole
from handlers.no_provider import no_provider_lines
from handlers.paging import Pages, pager
from handlers.screens import Answer, Buttons, Screen, Visit, button
from handlers.settings import POLICIES, SETTINGS
from storage import policies
from storage.policies import PolicyView

POLICY: Final = "policy"
SET: Final = "setpolicy"

PAGE: Final = 10

_TITLE: Final = "Authorized slots"
_ABOUT: Final = (
    "The patient of an authorized slot is asked first. What they give back is offered to waiting "
    "patients; the first to accept has it."
)
_SILENCE: Final = {
    Silence.CALL: "staff are asked to call",
    Silence.RELEASE: "the slot is offered to waiting patients, and theirs until one accepts",
}
_SILENCE_LABELS: Final[Mapping[object, str]] = {
    Silence.CALL: "Silent: ask staff to call",
    Silence.RELEASE: "Silent: release the slot",
}
_REMINDERS: Final = {
    False: "high-risk patients get none",
    True: "high-risk patients who agreed get one 14, 4 and 1 days ahead",
}
_REMINDERS_LABELS: Final[Mapping[object, str]] = {False: "No reminders", True: "Send reminders"}
_OFFERS: Final = {
    False: "a manager sends them",
    True: "sent as soon as a slot is free",
}
_OFFERS_LABELS: Final[Mapping[object, str]] = {False: "Managers offer", True: "Offer at once"}


async def choose_department(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The departments with their deadlines: page."""
    visit.member.require(Right.DECIDE)
    found = await visit.desk.store.read(policies.policies, visit.member.departments)
    pages = Pages(whole(arguments[0]), len(found), PAGE)
    pages = Pages(min(pages.page, pages.last), pages.total, PAGE)
    rows: Buttons = [
        [
            button(
                words.label(each.department, _short(each.policy)),
                join(POLICY, each.department_id, pages.page),
            )
        ]
        for each in pages.cut(found)
    ]
    rows += pager(pages, lambda to: join(POLICIES, to))
    rows.append([button("‹ Settings", SETTINGS)])
    lines = [words.bold(_TITLE), _ABOUT, "Press a department to change how it does."]
    return Screen("\n".join(lines), rows, join(POLICIES, pages.page))


async def choose_policy(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What holds in a department: the department, then the page to go back to."""
    found, page = await _found(visit, whole(arguments[0])), whole(arguments[1])
    policy, key = found.policy, found.department_id

    usual = ", the default" if found.is_usual else ""
    lines = [
        words.bold(_TITLE),
        words.plain(f"{found.department}{usual}"),
        "",
        f"Answer due: {words.count(policy.deadline_hours, 'hour')} before the visit",
        f"If the patient stays silent: {_SILENCE[policy.silence]}",
        f"Reminders: {_REMINDERS[policy.reminders]}",
        f"Offers to waiting patients: {_OFFERS[policy.automatic]}",
        *no_provider_lines(visit.desk.house.manners),
        "",
        "Press what is to hold; • marks what does.",
    ]
    return Screen("\n".join(lines), _choices(found, page), join(POLICY, key, page))


async def choose(visit: Visit, arguments: Sequence[str]) -> Answer:
    """A choice: the department, what about, what is to hold, then the page to go back to."""
    key, page = whole(arguments[0]), whole(arguments[3])
    await _found(visit, key)
    now = visit.desk.clock.now()
    changed = await visit.desk.store.write(
        _change, visit.member, key, (arguments[1], arguments[2]), now
    )
    visit.desk.changed.set()
    screen = await choose_policy(visit, [str(key), str(page)])
    return Answer(screen, "Changed." if changed else None)


def _choices(found: PolicyView, page: int) -> Buttons:
    """A button for all that may be chosen, those that hold marked."""
    policy = found.policy

    def choices(
        what: str, labels: Mapping[object, str], chosen: object
    ) -> list[InlineKeyboardButton]:
        return [
            button(
                words.marked(label, value == chosen),
                join(SET, found.department_id, what, _written(value), page),
            )
            for value, label in labels.items()
        ]

    return [
        choices("hours", {hours: f"{hours} h" for hours in DEADLINES}, policy.deadline_hours),
        *([each] for each in choices("silent", _SILENCE_LABELS, policy.silence)),
        choices("remind", _REMINDERS_LABELS, policy.reminders),
        choices("offer", _OFFERS_LABELS, policy.automatic),
        [button("‹ Departments", join(POLICIES, page))],
    ]


def _written(value: object) -> object:
    """A value in an address."""
    return int(value) if isinstance(value, bool) else value


def _change(
    session: Session, member: Member, department_id: int, wish: tuple[str, str], now: datetime
) -> bool:
    """Change one thing of what holds now, whatever a colleague has changed since."""
    policy = _wished(policies.policy_of(session, department_id), *wish)
    return policies.change(session, member, department_id, policy, now)


def _wished(policy: Policy, what: str, value: str) -> Policy:
    if what == "hours" and whole(value) in DEADLINES:
        return replace(policy, deadline_hours=whole(value))
    if what == "silent" and value in set(Silence):
        return replace(policy, silence=Silence(value))
    if what == "remind" and value in {"0", "1"}:
        return replace(policy, reminders=value == "1")
    if what == "offer" and value in {"0", "1"}:
        return replace(policy, automatic=value == "1")
    raise UnknownAddress(f"{what}:{value}")


async def _found(visit: Visit, department_id: int) -> PolicyView:
    visit.member.require(Right.DECIDE)
    found = await visit.desk.store.read(policies.policies, [department_id])
    if not found:
        raise UnknownAddress(str(department_id))
    if not visit.member.may(Right.DECIDE, department_id):
        raise Refused(Right.DECIDE, found[0].department)
    return found[0]


def _short(policy: Policy) -> str:
    """`48 h, call`."""
    return f"{policy.deadline_hours} h, {policy.silence}"
