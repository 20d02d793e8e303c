"""`Wrong record…`: a patient's recorded no-shows, excusing one and undoing that.

Addresses end with a place: the page of the list that one came from, the
appointment whose card that came from, and where the card's own way back leads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session
from telegram import InlineKeyboardButton

from domain.corrections import IN_WORDS, NEEDS, Barrier, Excuse, standing
from domain.people import Member, Refused
from domain.statuses import Status
from domain.transfers import OPEN
from handlers import words
from handlers.addresses import NOWHERE, UnknownAddress, join, whole
from handlers.paging import Pages, pager
from handlers.risk_list import CARD
from handlers.screens import Answer, Buttons, Screen, Visit, button
from storage import corrections, risk
from storage.corrections import Record
from storage.efficiency import figures_version
from storage.risk import Card

WRONG: Final = "wrong"
RECORD: Final = "record"
EXCUSE: Final = "excuse"
UNDO: Final = "unexcuse"

PAGE: Final = 8
LETTERS: Final = {
    Excuse.ADMINISTRATIVE: "a",
    Excuse.LATE_CANCEL: "c",
    Excuse.CAME_LATE: "l",
    Excuse.OTHER: "o",
}
"""How a reason is written in an address, which is short of room."""

_REASONS: Final = {letter: reason for reason, letter in LETTERS.items()}


@dataclass(frozen=True)
class _Place:
    """Where one came from."""

    page: int
    card_id: int
    back: str

    @classmethod
    def read(cls, arguments: Sequence[str]) -> "_Place":
        return cls(whole(arguments[0]), whole(arguments[1]), ":".join(arguments[2:]) or NOWHERE)

    def __str__(self) -> str:
        return join(self.page, self.card_id, self.back)

    @property
    def card(self) -> str:
        return join(CARD, self.card_id, self.back)


@dataclass(frozen=True)
class _Seen:
    """A record beside the appointment that one came from."""

    version: int
    record: Record
    card: Card

    @property
    def counted(self) -> bool:
        """Whether the record is one of the card's earlier no-shows unless it is excused."""
        return self.record.status is Status.NOSHOW and self.record.start < self.card.row.start


def wrong_record_button(visit: Visit, found: Card, back: str) -> list[InlineKeyboardButton]:
    """`Wrong record…`, if the patient has any that the visitor may correct."""
    visits = [(past.status, past.department_id) for past in found.history]
    visits.append((found.status, found.department_id))
    if not any(status is Status.NOSHOW and visit.member.may(NEEDS, at) for status, at in visits):
        return []
    return [button("Wrong record…", join(WRONG, 0, found.row.appointment_id, back))]


async def wrong(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The recorded no-shows of the patient on a card: place."""
    place = _Place.read(arguments)
    version, about, (records, total) = await visit.desk.store.read(_read_list, visit.member, place)
    pages = Pages(place.page, total, PAGE)
    if place.page and not records and total:
        return await wrong(visit, [str(pages.last), *arguments[1:]])
    return Screen(
        text=_list_text(visit, about, records, pages),
        buttons=_list_buttons(visit, records, pages, place),
        address=join(WRONG, place),
        version=version,
    )


async def record(visit: Visit, arguments: Sequence[str]) -> Screen:
    """One recorded no-show, and the reasons to excuse it with: the record, place."""
    record_id, place = whole(arguments[0]), _Place.read(arguments[1:])
    seen = await visit.desk.store.read(_see, visit.member, record_id, place)
    return _record_screen(visit, seen, place)


async def excuse(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Excuse a recorded no-show: the record, why, place."""
    reason = _REASONS.get(arguments[1])
    if reason is None:
        raise UnknownAddress(arguments[1])
    return await _correct(visit, whole(arguments[0]), _Place.read(arguments[2:]), reason)


async def undo(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Let an excused no-show count again: the record, place."""
    return await _correct(visit, whole(arguments[0]), _Place.read(arguments[1:]), None)


async def _correct(visit: Visit, record_id: int, place: _Place, reason: Excuse | None) -> Answer:
    seen, barrier = await visit.desk.store.write(_decide, visit, record_id, place, reason)
    visit.desk.changed.set()
    if barrier:
        return Answer(_record_screen(visit, seen, place), _nothing_changed(visit, seen, barrier))
    done, step = ("Undone", 1) if reason is None else ("Excused", -1)
    said = f"{done}. {_what_follows(visit, seen, step)}."
    return Answer(_record_screen(visit, seen, place), said)


def _decide(
    session: Session, visit: Visit, record_id: int, place: _Place, reason: Excuse | None
) -> tuple[_Seen, Barrier | None]:
    member, now = visit.member, visit.desk.clock.now()
    _see(session, member, record_id, place)  # looked for first: a made-up address does nothing
    if reason is None:
        outcome = corrections.undo_excuse(session, member, record_id, now)
    else:
        outcome = corrections.excuse(session, member, record_id, reason, now)
    return _see(session, member, record_id, place), outcome.barrier


def _see(session: Session, member: Member, record_id: int, place: _Place) -> _Seen:
    about, found = _card(session, member, place), corrections.record(session, record_id)
    if found is None or found.patient_id != about.patient_id:
        raise UnknownAddress(str(record_id))
    _require(member, found.department_id, found.department)
    return _Seen(figures_version(session, found.department_id), found, about)


def _card(session: Session, member: Member, place: _Place) -> Card:
    about = risk.card(session, place.card_id)
    if about is None:
        raise UnknownAddress(place.card)
    _require(member, about.department_id, about.row.department)
    return about


def _require(member: Member, department_id: int, department: str) -> None:
    if not member.may(NEEDS, department_id):
        raise Refused(NEEDS, department)


def _read_list(
    session: Session, member: Member, place: _Place
) -> tuple[int, Card, tuple[list[Record], int]]:
    about, version = _card(session, member, place), figures_version(session, None)
    offset = place.page * PAGE
    found = corrections.recorded_no_shows(
        session, about.patient_id, member.departments, offset, PAGE
    )
    return version, about, found


def _list_text(visit: Visit, about: Card, records: Sequence[Record], pages: Pages) -> str:
    heading = f"{words.bold('Wrong record')} · {words.bold(about.row.reference)}"
    if not records:
        return (
            f"{heading}\nNo recorded no-show in your departments. "
            "What the schedule records as one appears here."
        )
    counted = f"{words.count(pages.total, 'recorded no-show')}, {pages.shown}, latest first"
    rows = [line for at, each in enumerate(records, 1) for line in _row_lines(visit, at, each)]
    return f"{heading}\n{counted}\n{words.block(rows)}\nWhich one is wrong?"


def _row_lines(visit: Visit, place: int, found: Record) -> list[str]:
    """When and where, and if it is excused why and by whom, at most 34 columns wide."""
    zone = visit.desk.house.calendar.zone
    lines = [
        f"{place} {words.full_moment(found.start, zone)}",
        f"  {words.cut(found.department, words.WIDTH - 2)}",
    ]
    if found.excused:
        when = words.clock_time(found.excused.at, zone, visit.desk.clock.now())
        lines[0] += " · excused"
        lines.append(f"  {IN_WORDS[found.excused.reason]}")
        lines.append(f"  {words.cut(f'{when} by {found.excused.by}', words.WIDTH - 2)}")
    return lines


def _list_buttons(visit: Visit, records: Sequence[Record], pages: Pages, place: _Place) -> Buttons:
    zone = visit.desk.house.calendar.zone
    choices = [
        button(
            f"{at} {found.start.astimezone(zone):%d %b}", join(RECORD, found.appointment_id, place)
        )
        for at, found in enumerate(records, 1)
    ]
    rows = [choices[at : at + 4] for at in range(0, len(choices), 4)]
    rows += pager(pages, lambda to: join(WRONG, to, place.card_id, place.back))
    rows.append([button("‹ Back", place.card), button("Refresh", join(WRONG, place))])
    return rows


def _record_screen(visit: Visit, seen: _Seen, place: _Place) -> Screen:
    found = seen.record
    return Screen(
        text="\n".join([*_record_heading(visit, found), *_record_text(visit, seen)]),
        buttons=_record_buttons(found, place),
        address=join(RECORD, found.appointment_id, place),
        department_id=found.department_id,
        version=seen.version,
    )


def _record_heading(visit: Visit, found: Record) -> list[str]:
    when = words.full_moment(found.start, visit.desk.house.calendar.zone)
    status = "a no-show" if found.status is Status.NOSHOW else found.status.value
    return [
        f"{words.bold(found.reference)} · {words.plain(found.department)}",
        f"{when} · recorded as {status}",
    ]


def _record_text(visit: Visit, seen: _Seen) -> list[str]:
    found, row = seen.record, seen.card.row
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    if found.excused is None:
        if found.status is not Status.NOSHOW:
            return ["", "Only a recorded no-show can be excused."]
        return [
            "",
            "Why is it wrong? Excused, it no longer counts; this can be undone at any time.",
        ]
    when = words.clock_time(found.excused.at, zone, now)
    who, why = words.plain(found.excused.by), IN_WORDS[found.excused.reason]
    lines = [f"Excused {when} by {who}: {why}", "", _what_follows(visit, seen, -1)]
    if row.action_state in OPEN and row.prior_no_shows < visit.desk.house.threshold:
        lines.append(
            f"What was {words.STATES[row.action_state]} for"
            f" {words.short_moment(row.start, zone)} stays as it is"
        )
    return lines


def _record_buttons(found: Record, place: _Place) -> Buttons:
    key, rows = found.appointment_id, list[list[InlineKeyboardButton]]()
    if found.excused:
        rows.append([button("Undo", join(UNDO, key, place))])
    elif found.status is Status.NOSHOW:
        reasons = [
            button(IN_WORDS[reason].capitalize(), join(EXCUSE, key, letter, place))
            for reason, letter in LETTERS.items()
        ]
        rows += [reasons[:2], reasons[2:]]
    rows.append([button("‹ Back", join(WRONG, place)), button("Open the card", place.card)])
    return rows


def _what_follows(visit: Visit, seen: _Seen, step: int) -> str:
    """`P-7K3MQD now has 1 earlier no-show: no longer high-risk`, after a change by `step`."""
    row = seen.card.row
    after = row.prior_no_shows
    before = after - step if seen.counted else after
    number = words.count(after, "earlier no-show")
    return f"{row.reference} now has {number}: " + standing(
        before, after, visit.desk.house.threshold
    )


def _nothing_changed(visit: Visit, seen: _Seen, barrier: Barrier) -> str:
    excused = seen.record.excused
    if barrier is not Barrier.ALREADY or excused is None:
        return f"Nothing changed: {barrier.value}."
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    when = words.clock_time(excused.at, zone, now)
    return f"Nothing changed: already excused {when} by {excused.by}, {IN_WORDS[excused.reason]}."
