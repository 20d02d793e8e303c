"""`/audit`: who did what, when; all of it, or a day's, a person's, a patient's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlmodel import Session

from domain.days import Span
from domain.people import Right, Role
from domain.references import read_reference
from handlers import words
from handlers.addresses import UnknownAddress, join, maybe_whole, whole
from handlers.audit_words import sentence
from handlers.matching import named
from handlers.paging import Pages, pager
from handlers.screens import Buttons, Screen, Visit, button
from storage import trail
from storage.trail import COUNTED_AT_MOST, Sought, TrailPage, TrailRow

TRAIL: Final = "audit"
BY_PERSON: Final = "auditwho"
PAGE: Final = 8
PEOPLE_PAGE: Final = 10


@dataclass(frozen=True)
class _View:
    """What is looked for: a day, a person (id), a patient (the reference, without `P-`)."""

    day: date | None = None
    member_id: int | None = None
    patient: str | None = None

    @classmethod
    def read(cls, arguments: Sequence[str]) -> "_View":
        day, member, patient = arguments[0], arguments[1], arguments[2]
        if patient != "-" and read_reference(patient) != f"P-{patient}":
            raise UnknownAddress(patient)
        return cls(_day(day), maybe_whole(member), None if patient == "-" else patient)

    def address(self, page: int = 0, word: str = TRAIL) -> str:
        day = f"{self.day:%Y%m%d}" if self.day else None
        return join(word, day, self.member_id, self.patient, page)

    def sought(self, visit: Visit) -> Sought:
        calendar, since, before = visit.desk.house.calendar, None, None
        if self.day:
            since = calendar.start_of(self.day)
            before = calendar.end_of(Span(self.day, self.day))
        reference = f"P-{self.patient}" if self.patient else None
        return Sought(since, before, self.member_id, reference)


EVERYTHING: Final = _View()


async def audit_trail(visit: Visit, arguments: Sequence[str]) -> Screen:
    """A page of the trail: day, person, patient, page."""
    visit.member.require(Right.AUDIT)
    view, page = _View.read(arguments), whole(arguments[3])
    found, people = await visit.desk.store.read(_read, visit, view.sought(visit), page)
    pages = Pages(page, found.total, PAGE)
    if page and not found.rows and found.total:
        return await audit_trail(visit, [*arguments[:3], str(min(page - 1, pages.last))])
    return Screen(
        _text(visit, view, found, pages, people), _buttons(visit, view, pages), view.address(page)
    )


async def choose_person(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The people whose actions may be looked at: day, person, patient, page."""
    visit.member.require(Right.AUDIT)
    view, page = _View.read(arguments), whole(arguments[3])
    people = await visit.desk.store.read(trail.people_in_trail, visit.member)
    pages = Pages(page, len(people), PEOPLE_PAGE)
    rows: Buttons = [[button("Everybody", replace(view, member_id=None).address())]]
    rows += [
        [button(words.cut(people[key], 40), replace(view, member_id=key).address())]
        for key in pages.cut(list(people))
    ]
    rows += pager(pages, lambda to: view.address(to, BY_PERSON))
    rows.append([button("‹ Back", view.address())])
    text = (
        f"{words.bold('Whose actions?')}\n{words.count(len(people), 'person', 'people')}, by name"
    )
    return Screen(text, rows, view.address(page, BY_PERSON))


async def audit_typed(visit: Visit, typed: Sequence[str]) -> Screen:
    """The trail for what was typed: a day, a patient's reference, the rest a person's name."""
    visit.member.require(Right.AUDIT)
    today = visit.desk.house.calendar.day_of(visit.desk.clock.now())
    view, rest = EVERYTHING, []
    for word in typed:
        day = _typed_day(word, today)
        if day:
            view = replace(view, day=day)
        elif word.upper().startswith("P-") and (reference := read_reference(word)):
            view = replace(view, patient=reference.removeprefix("P-"))
        else:
            rest.append(word)
    if rest:
        return await _of_person(visit, view, " ".join(rest))
    return await _opened(visit, view)


async def _of_person(visit: Visit, view: _View, name: str) -> Screen:
    people = await visit.desk.store.read(trail.people_in_trail, visit.member)
    found = named(people, name)
    if len(found) == 1:
        return await _opened(visit, replace(view, member_id=found[0]))
    reference = read_reference(name)
    if not found and reference:
        return await _opened(visit, replace(view, patient=reference.removeprefix("P-")))
    typed = words.plain(words.quoted(words.cut(name, 60)))
    if not found:
        return Screen(
            f"Nobody here is called {typed}. /audit takes a name, a day such as "
            "2026-11-24 or yesterday, and a reference such as P-7K3MQD.",
            [[button("Choose a person", view.address(0, BY_PERSON))]],
        )
    return Screen(
        words.which(len(found), "name", typed),
        [
            [button(words.cut(people[key], 40), replace(view, member_id=key).address())]
            for key in found[: words.CHOICES]
        ],
    )


async def _opened(visit: Visit, view: _View) -> Screen:
    return await audit_trail(visit, view.address().split(":")[1:])


def _read(
    session: Session, visit: Visit, sought: Sought, page: int
) -> tuple[TrailPage, dict[int, str]]:
    found = trail.trail_page(session, visit.member, sought, page * PAGE, PAGE)
    people = {} if sought.member_id is None else trail.people_in_trail(session, visit.member)
    return found, people


def _text(visit: Visit, view: _View, found: TrailPage, pages: Pages, people: dict[int, str]) -> str:
    lines = [words.bold("Audit trail"), words.plain(_looked_for(visit, view, people))]
    if not found.rows:
        lines += ["", "Nothing is recorded here. Another day, person or reference may hold some."]
        return "\n".join(lines)
    more = "more than " if found.total >= COUNTED_AT_MOST else ""
    counted = words.count(found.total, "entry", "entries")
    lines += [f"{more}{counted}, {pages.shown}, newest first", ""]
    lines += [_told(visit, row) for row in found.rows]
    if view == EVERYTHING and not pages.page:
        lines += ["", "For less, send /audit P-7K3MQD, /audit yesterday or /audit NAME."]
    return "\n".join(lines)


def _told(visit: Visit, row: TrailRow) -> str:
    """`08:15 Noa authorized a transfer · P-7K3MQD · Cardiology`."""
    parts = [f"{words.bold(_when(visit, row.at))} {words.plain(sentence(row))}"]
    if row.reference:
        parts.append(f"<code>{words.plain(row.reference)}</code>")
    if row.department:
        parts.append(words.plain(words.cut(row.department, 40)))
    return " · ".join(parts)


def _when(visit: Visit, at: datetime) -> str:
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    local = at.astimezone(zone)
    if local.year != now.astimezone(zone).year:
        return f"{local:%d %b %Y %H:%M}"
    return words.clock_time(at, zone, now)


def _looked_for(visit: Visit, view: _View, people: dict[int, str]) -> str:
    """`Tue 24 Nov 2026 · Noa`, and whose trail it is where nothing limits it."""
    parts = [f"{view.day:%a %d %b %Y}"] if view.day else []
    if view.member_id is not None:
        parts.append(words.cut(people.get(view.member_id, "somebody unknown"), 40))
    if view.patient:
        parts.append(f"P-{view.patient}")
    if visit.member.role is not Role.ADMIN:
        where = "your departments" if visit.member.departments else "all departments"
        parts.append(f"{where} and what you did yourself")
    return " · ".join(parts or ["everything"])


def _buttons(visit: Visit, view: _View, pages: Pages) -> Buttons:
    today = visit.desk.house.calendar.day_of(visit.desk.clock.now())
    days = (("Today", today), ("Yesterday", today - timedelta(days=1)))
    rows = pager(pages, view.address)
    rows.append(
        [
            *(
                button(f"• {label}" if day == view.day else label, replace(view, day=day).address())
                for label, day in days
            ),
            button("Person", view.address(0, BY_PERSON)),
        ]
    )
    if view != EVERYTHING:
        rows.append([button("Everything", EVERYTHING.address())])
    rows.append([button("Refresh", view.address(pages.page))])
    return rows


def _day(argument: str) -> date | None:
    if argument == "-":
        return None
    whole(argument)
    try:
        return date.fromisoformat(argument)
    except ValueError as error:
        raise UnknownAddress(argument) from error


def _typed_day(word: str, today: date) -> date | None:
    """The day that a word names, if it names one."""
    named_days = {"today": today, "yesterday": today - timedelta(days=1)}
    if word.casefold() in named_days:
        return named_days[word.casefold()]
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None
