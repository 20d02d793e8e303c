"""What managers are told when a waiting patient has accepted a slot of their departments."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from domain.ages import AGE_GROUPS
from domain.people import Refused, Right
from handlers import words
from handlers.addresses import UnknownAddress, join, whole
from handlers.risk_list import CARD
from handlers.screens import Screen, Visit, button
from storage import accepting, risk
from storage.accepting import PUSHED_FILLED, Filled
from storage.efficiency import figures_version
from storage.risk import Card

FILLED: Final = PUSHED_FILLED


async def filled(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Who has the slot now: the backfill."""
    key = whole(arguments[0])
    version, found, about = await visit.desk.store.read(_read, key)
    if found is None or about is None:
        raise UnknownAddress(arguments[0])
    if not visit.member.may(Right.SEE, about.department_id):
        raise Refused(Right.SEE, about.row.department)
    here = join(FILLED, key)
    return Screen(
        text="\n".join(_lines(visit, found, about)),
        buttons=[
            [button("Open the card", join(CARD, found.replacement_id, here))],
            [button("Card of the first patient", join(CARD, found.appointment_id, here))],
        ],
        address=here,
        department_id=about.department_id,
        version=version,
    )


def _lines(visit: Visit, found: Filled, about: Card) -> list[str]:
    row, zone, now = about.row, visit.desk.house.calendar.zone, visit.desk.clock.now()
    return [
        f"{words.bold('Slot filled')} · {words.plain(row.department)}",
        f"{words.short_moment(row.start, zone)}"
        f" · {words.bold(row.reference)} · {AGE_GROUPS[row.age_group]}",
        f"Accepted {words.clock_time(found.at, zone, now)}, "
        f"offered to {words.count(found.offers, 'waiting patient')}",
    ]


def _read(session: Session, key: int) -> tuple[int, Filled | None, Card | None]:
    found = accepting.filled(session, key)
    about = risk.card(session, found.replacement_id) if found else None
    return figures_version(session, about.department_id if about else None), found, about
