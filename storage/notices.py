"""Notices: messages to patients, written with what causes them, at most once each.

Who may be written to, by which channel and when is decided here: consent, an address, a provider
for it, no stop, not too many in a week, no quiet hours. The words are made when a notice is sent.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlmodel import Session, col

from domain.criteria import House
from domain.notices import ANSWERS, WEEK, Channel, NoticeKind, NoticeState, Unsaid, same_number
from storage.tables import Notice, OptOut, Patient, key_of

T = TypeVar("T")

ANOTHER_WAY: Final = "another way"
"""Which of two notices it is that goes out by another channel, once one has failed."""

_IN_VAIN: Final = (NoticeState.DROPPED, NoticeState.FAILED)
"""Notices that reached nobody do not count as a patient's share of a week."""

AT_ONCE: Final = 10_000
"""Values that a statement is given at most."""


@dataclass(frozen=True)
class About:
    """What a notice is about.

    Attributes:
        appointment_id: The visit that it asks or tells about; of an offer, the slot's.
    """

    kind: NoticeKind
    appointment_id: int
    backfill_id: int | None = None
    offer_id: int | None = None

    def key(self, patient_id: int, which: str = "") -> str:
        """The unique key: one cause writes to one patient once.

        Args:
            patient_id: To whom.
            which: What else tells it from others, e.g. which of several reminders.
        """
        cause = self.offer_id or self.backfill_id or self.appointment_id
        return f"{self.kind}:{cause}:{patient_id}:{which}"


def digest_of(channel: Channel, address: str) -> str:
    """What is kept of an address that is never written to again (SHA-256, hexadecimal).

    A phone number has the same one however a feed writes it.
    """
    same = same_number(address) if channel is Channel.SMS else address.strip().lower()
    return hashlib.sha256(f"{channel}:{same}".encode()).hexdigest()


def address_of(patient: Patient, channel: Channel) -> str | None:
    """A patient's phone number or e-mail address, if it is known."""
    return (patient.phone if channel is Channel.SMS else patient.email) or None


def stop(session: Session, channel: Channel, address: str, now: datetime) -> bool:
    """Never write to an address again; `False` if that was so before."""
    digest = digest_of(channel, address)
    if session.get(OptOut, digest) is not None:
        return False
    session.add(OptOut(digest=digest, at=now))
    session.flush()
    return True


def has_stopped(session: Session, patient: Patient) -> bool:
    """Whether one of a patient's addresses is never written to again; then none is."""
    addresses = ((channel, address_of(patient, channel)) for channel in Channel)
    digests = [digest_of(channel, address) for channel, address in addresses if address]
    found = select(col(OptOut.digest)).where(col(OptOut.digest).in_(digests)).limit(1)
    return bool(digests) and session.scalar(found) is not None


def channel_of(
    session: Session, patient: Patient, house: House, but: Channel | None = None
) -> Channel | Unsaid:
    """How a patient is written to, or why they are not.

    A stop on one channel stops all of them: who has had enough has had enough.

    Args:
        session: A unit of work.
        patient: To whom.
        house: The HMO's calendar and manners.
        but: A channel that has failed.
    """
    return channels_of(session, [patient], house, but)[key_of(patient)]


def channels_of(
    session: Session, patients: Iterable[Patient], house: House, but: Channel | None = None
) -> dict[int, Channel | Unsaid]:
    """The same for many patients, by key."""
    found: dict[int, Channel | Unsaid] = {}
    known: list[tuple[str, int]] = []
    for patient in patients:
        key = key_of(patient)
        if not patient.consent:
            found[key] = Unsaid.NO_CONSENT
            continue
        addresses = {it: address for it in Channel if (address := address_of(patient, it))}
        known += [(digest_of(*item), key) for item in addresses.items()]
        usable = (it for it in addresses if it in house.manners.channels and it is not but)
        found[key] = next(usable, Unsaid.NO_CHANNEL)
    stopped = _stopped(session, [digest for digest, _ in known])
    enough = {key for digest, key in known if digest in stopped}
    return found | dict.fromkeys(enough, Unsaid.OPTED_OUT)


def writable(
    session: Session, patients: Iterable[Patient], house: House, now: datetime
) -> dict[int, Channel]:
    """Which of many patients may be written to now, unasked, and how.

    Those who have had as many notices this week as they get at most are left out.
    """
    channels = channels_of(session, patients, house)
    found = {key: channel for key, channel in channels.items() if isinstance(channel, Channel)}
    had = recent(session, found, now)
    return {key: found[key] for key in found if had.get(key, 0) < house.manners.a_week}


def _stopped(session: Session, digests: Sequence[str]) -> set[str]:
    """Which of these addresses are never written to again."""
    return {
        digest
        for portion in portions(digests)
        for digest in session.scalars(
            select(col(OptOut.digest)).where(col(OptOut.digest).in_(portion))
        )
    }


def write(
    session: Session,
    patient_id: int,
    about: About,
    house: House,
    now: datetime,
    *,
    which: str = "",
    but: Channel | None = None,
) -> Channel | Unsaid:
    """Write a notice to a patient, to be sent as soon as manners allow.

    Args:
        session: The unit of work of what causes it.
        patient_id: To whom.
        about: What it is about.
        house: The HMO's calendar and manners.
        now: The present (aware).
        which: Tells it from other notices of the same kind and cause.
        but: A channel that has failed.

    Returns:
        By which channel it goes, or why it is not written.
    """
    key = about.key(patient_id, which)
    if session.scalar(select(col(Notice.id)).where(col(Notice.key) == key)) is not None:
        return Unsaid.SAID
    channel = channel_of(session, session.get_one(Patient, patient_id), house, but)
    if isinstance(channel, Unsaid):
        return channel
    counts = about.kind not in ANSWERS
    if counts and recent(session, [patient_id], now).get(patient_id, 0) >= house.manners.a_week:
        return Unsaid.ENOUGH
    session.add(
        Notice(
            key=key,
            patient_id=patient_id,
            kind=about.kind,
            channel=channel,
            state=NoticeState.WAITING,
            counts=counts,
            appointment_id=about.appointment_id,
            backfill_id=about.backfill_id,
            offer_id=about.offer_id,
            created_at=now,
            due_at=due_at(about.kind, house, now),
        )
    )
    session.flush()
    return channel


def due_at(kind: NoticeKind, house: House, now: datetime) -> datetime:
    """When a notice written now is sent: at once, or after the quiet hours."""
    if kind is NoticeKind.BOOKED:
        return now
    return house.manners.free_at(now, house.calendar)


def recent(session: Session, patients: Collection[int], now: datetime) -> dict[int, int]:
    """How many notices that count each patient has been written in the last seven days."""
    found: dict[int, int] = {}
    for portion in portions(list(patients)):
        rows = session.execute(
            select(col(Notice.patient_id), func.count())
            .where(
                col(Notice.patient_id).in_(portion),
                col(Notice.created_at) > now - WEEK,
                col(Notice.counts),
                col(Notice.state).not_in(_IN_VAIN),
            )
            .group_by(col(Notice.patient_id))
        )
        found.update(dict(rows.all()))
    return found


def write_many(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    """Add notices whose right to be sent was checked by whole sets."""
    made = list(rows)
    if made:
        session.execute(insert(Notice), made)


def drop(session: Session, *which: ColumnElement[bool], now: datetime) -> int:
    """Drop notices that were not begun: what they would say is no longer true."""
    dropped: Any = session.execute(
        update(Notice)
        .where(*which, col(Notice.state) == NoticeState.WAITING)
        .values(state=NoticeState.DROPPED, ended_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(dropped.rowcount)


def portions(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Values, as many at a time as a statement may be given."""
    for first in range(0, len(values), AT_ONCE):
        yield values[first : first + AT_ONCE]
