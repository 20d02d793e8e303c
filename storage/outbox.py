"""The outbox: what must be told to people, written with the decision that causes it.

How a push comes along stands in `domain/deliveries.py`. A delivery loop *claims* what is due: it
still waits, but no other process takes it for a while. Right before the call it *begins*, and
afterwards it records the ending. So of a process that was killed the database knows what it had
not begun (sent as if nothing had happened) and what it may have sent (in doubt).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select, text, update
from sqlmodel import Session, col

from domain.deliveries import (
    EXPECTED,
    ORDER,
    TRIES,
    Ending,
    Event,
    Reason,
    State,
    back_off,
    next_state,
)
from domain.people import Member, Right
from domain.pushes import USUAL, Choice, PushKind
from storage import audit, open_messages, people
from storage.open_messages import Shown
from storage.tables import Action, MemberRow, OpenMessage, Push, PushChoice, key_of

CLAIMED_FOR: Final = timedelta(seconds=30)
"""A push that was claimed and not begun is claimed anew after this time."""

BEGUN_FOR: Final = timedelta(seconds=30)
"""A push that was begun and not ended after this time: who sent it has died."""

ALERTS: Final = "deliveries:0"
"""The screen that admins are sent when something could not be delivered."""

REPLACED: Final = "a newer one took its place"
"""What is noted of a push that was dropped for that."""

_ALERT_EVERY: Final = timedelta(hours=1)
_FOREVER: Final = 10**12 - 1
_ABOUT_ACTIONS: Final = frozenset({"proposal", "told"})
"""Screens (see `storage/actions.py`) whose first argument is an action."""

IS_OPEN: Final = text("push.state IN ('waiting', 'sending')")
"""Word for word as the index has it: with values bound to it, no database would use that."""

_OPEN: Final = (State.WAITING, State.SENDING)


@dataclass(frozen=True)
class DuePush:
    """A push that is this process's to send, and to whom.

    Attributes:
        attempts: Tries before.
        uncertain: One of them may have arrived.
        until: When it is no longer this process's.
    """

    id: int
    member: Member
    kind: PushKind
    address: str
    silent: bool
    attempts: int
    uncertain: bool
    until: datetime


def enqueue(
    session: Session,
    member_id: int,
    address: str,
    now: datetime,
    *,
    key: str,
    kind: PushKind,
    due: datetime | None = None,
) -> bool:
    """Tell `member_id` what the screen at `address` shows, once per `key`, at `due` or at once.

    Returns:
        Whether it is to be told: `False` if it was before, if the member wants none of `kind`, or
        if they cannot be reached.
    """
    member = session.get(MemberRow, member_id)
    choice = choice_of(session, member_id, kind)
    if member is None or not member.reachable or choice is Choice.OFF or _by_key(session, key):
        return False
    session.add(
        Push(
            key=key,
            kind=kind,
            member_id=member_id,
            address=address,
            silent=choice is Choice.SILENT,
            created_at=now,
            due_at=due or now,
        )
    )
    return True


def supersede(session: Session, members: Collection[int], kind: PushKind) -> None:
    """Drop what waits of a kind and has certainly not arrived: something newer takes its place."""
    session.execute(
        update(Push)
        .where(
            IS_OPEN,
            col(Push.member_id).in_(members),
            col(Push.kind) == kind,
            col(Push.state) == State.WAITING,
            col(Push.uncertain).is_(False),
        )
        .values(state=State.DROPPED, problem=REPLACED)
    )


def choice_of(session: Session, member_id: int, kind: PushKind) -> Choice:
    """How a member wants a kind of push."""
    chosen = session.get(PushChoice, (member_id, kind))
    return chosen.choice if chosen else USUAL[kind]


def claim_due(
    session: Session, now: datetime, limit: int, closed: Collection[int]
) -> list[DuePush]:
    """Claim up to `limit` pushes that are due; no other process gets them for `CLAIMED_FOR`.

    What somebody waits for comes before what all get, then the oldest comes first.

    Args:
        session: The unit of work.
        now: The present (aware).
        limit: How many at most.
        closed: Chats to which nothing may be sent now; of every other chat one push is claimed.
    """
    claimed: dict[int, DuePush] = {}
    for kind in ORDER:
        due = (
            select(Push)
            .join(MemberRow, col(MemberRow.id) == col(Push.member_id))
            .where(
                IS_OPEN,
                col(Push.kind) == kind,
                col(Push.due_at) <= now,
                col(MemberRow.chat_id).not_in([*closed, *claimed]),
            )
            .order_by(col(Push.due_at), col(Push.id))
            .limit(limit - len(claimed))
            .with_for_update(skip_locked=True, of=Push)
        )
        for row in session.scalars(due).all():
            member = _receiver(session, row, now)
            if member is not None and member.chat_id not in claimed:
                claimed[member.chat_id] = _claim(row, member, now)
    return list(claimed.values())


def release(session: Session, pushes: Collection[DuePush], now: datetime) -> None:
    """Give back what was claimed and not begun; what others have claimed meanwhile stays theirs."""
    for push in pushes:
        session.execute(update(Push).where(*_still_claimed(push)).values(due_at=now))


def begin(session: Session, push: DuePush, now: datetime) -> bool:
    """Note that the push is about to be sent; `False` if it is no longer this process's."""
    begun = session.execute(
        update(Push)
        .where(*_still_claimed(push))
        .values(
            state=State.SENDING, attempts=col(Push.attempts) + 1, due_at=_round_up(now + BEGUN_FOR)
        )
        .returning(col(Push.id))
    )
    return begun.first() is not None


def mark_sent(session: Session, push_id: int, shown: Shown, now: datetime) -> None:
    """The push arrived, and its message shows this: both are noted together."""
    session.execute(
        update(Push)
        .where(col(Push.id) == push_id, col(Push.state) != State.SENT)
        .values(state=State.SENT, message_id=shown.message_id, sent_at=now)
    )
    open_messages.remember(session, shown, now)


def end(session: Session, push: DuePush, ending: Ending, now: datetime, chance: float) -> None:
    """Record how a try ended that did not succeed.

    Args:
        session: The unit of work.
        push: As it was claimed.
        ending: What happened.
        now: The present (aware).
        chance: From 0 to 1; spreads what failed together.
    """
    row = session.get(Push, push.id, with_for_update=True, populate_existing=True)
    if row is None or not _is_ours(row, push):
        return
    if row.state is State.WAITING and ending.counts:
        row.attempts += 1  # it could not even be made ready
    if row.state is State.SENDING and not ending.counts:
        row.attempts -= 1
    row.uncertain = row.uncertain or ending.event is Event.LOST
    if ending.event is Event.HOPELESS:
        fail(session, row, ending.reason, now, ending.problem)
        if ending.reason is Reason.UNREACHABLE:
            lose_touch(session, row.member_id, now)
    elif row.attempts >= TRIES:
        fail(session, row, Reason.TRIES, now, ending.problem)
    else:
        wait = back_off(row.attempts, chance) if ending.wait is None else ending.wait
        row.state = _moved(row, ending.event)
        row.problem = ending.problem[:200]
        row.due_at = _round_up(now + wait)


def lose_touch(session: Session, member_id: int, now: datetime) -> None:
    """Note that the member cannot be reached: whatever waits for them has failed."""
    people.mark_unreachable(session, member_id)
    waiting = select(Push).where(
        IS_OPEN, col(Push.member_id) == member_id, col(Push.state) == State.WAITING
    )
    for row in session.scalars(waiting.with_for_update(skip_locked=True)).all():
        fail(session, row, Reason.UNREACHABLE, now)


def fail(
    session: Session, row: Push, reason: Reason, now: datetime, problem: str | None = None
) -> None:
    """The push is a dead letter: that is audited, and admins are told within the hour."""
    row.state, row.due_at = _moved(row, Event.HOPELESS), now
    row.problem = f"{reason.value}: {problem}"[:200] if problem else reason.value
    audit.record(
        session,
        "delivery failed",
        at=now,
        appointment_id=_appointment_of(session, row.address),
        push=row.id,
        kind=row.kind,
        to=row.member_id,
        reason=reason.value,
    )
    if row.kind is not PushKind.ALERT and reason not in EXPECTED:
        alert(session, now)


def alert(session: Session, now: datetime) -> None:
    """Tell admins that something could not be delivered, each at most once in an hour."""
    for admin in people.members_with(session, Right.DELIVERIES, None):
        _alert(session, admin.id, now)


def _alert(session: Session, member_id: int, now: datetime) -> None:
    """Tell an admin of dead letters, at most once in an hour: later, if they were told lately."""
    last = session.scalars(
        select(Push)
        .where(
            col(Push.key).between(_alert_key(member_id, 0), _alert_key(member_id, _FOREVER)),
            col(Push.member_id) == member_id,
        )
        .order_by(col(Push.key).desc())
        .limit(1)
    ).first()
    if last is not None and last.state in _OPEN:
        return
    due = max(now, (last.sent_at or last.due_at) + _ALERT_EVERY) if last else now
    key = _alert_key(member_id, int(due.timestamp()))
    enqueue(session, member_id, ALERTS, now, key=key, kind=PushKind.ALERT, due=due)


def _alert_key(member_id: int, at: int) -> str:
    """Keys in the order of time, so that the last is found by the index of keys."""
    return f"{ALERTS}:{member_id}:{at:012}"


def _receiver(session: Session, row: Push, now: datetime) -> Member | None:
    """Whom a push that is due is to be sent to; `None` if it is settled without that."""
    member = people.member_by_id(session, row.member_id)
    if row.state is State.SENDING:  # who began it has died
        row.state, row.uncertain = State.WAITING, True
    if member is None:
        fail(session, row, Reason.NOT_ALLOWED, now)
    elif not member.reachable:
        fail(session, row, Reason.UNREACHABLE, now)
    elif row.attempts >= TRIES:
        fail(session, row, Reason.TRIES, now)
    elif not _has_arrived(session, row, member, now):
        return member
    return None


def _claim(row: Push, member: Member, now: datetime) -> DuePush:
    row.due_at = until = _round_up(now + CLAIMED_FOR)
    return DuePush(
        key_of(row),
        member,
        row.kind,
        row.address,
        row.silent,
        row.attempts,
        row.uncertain,
        until,
    )


def _still_claimed(push: DuePush) -> tuple[ColumnElement[bool], ...]:
    """Conditions: a claim ends at a moment of its own, so whoever claims later ends at another."""
    waits = col(Push.state) == State.WAITING
    return col(Push.id) == push.id, waits, col(Push.due_at) == push.until


def _is_ours(row: Push, push: DuePush) -> bool:
    """Whether nobody has taken the push over meanwhile."""
    if row.state is State.WAITING:
        return row.due_at == push.until
    return row.state is State.SENDING and row.attempts == push.attempts + 1


def _has_arrived(session: Session, row: Push, member: Member, now: datetime) -> bool:
    """Settle a push in doubt whose message is known: somebody pressed a button on it.

    It is then kept true like every open message. A summary's screen can be opened at any time,
    so there it proves nothing.
    """
    if not row.uncertain or row.kind is PushKind.SUMMARY:
        return False
    message_id = session.scalar(
        select(col(OpenMessage.message_id)).where(
            col(OpenMessage.chat_id) == member.chat_id,
            or_(
                col(OpenMessage.address) == row.address,
                # What its buttons open, such as the reasons to decline with, ends in the way back.
                col(OpenMessage.address).endswith(f":{row.address}", autoescape=True),
            ),
            col(OpenMessage.sent_at) >= row.created_at,
        )
    )
    if message_id is None:
        return False
    row.state, row.message_id, row.sent_at = _moved(row, Event.ARRIVED), message_id, now
    return True


def _moved(row: Push, event: Event) -> State:
    moved = next_state(row.state, event)
    if moved is None:
        raise ValueError(f"{row.state} does not follow on {event}")
    return moved


def _by_key(session: Session, key: str) -> Push | None:
    return session.scalars(select(Push).where(col(Push.key) == key)).first()


def _appointment_of(session: Session, address: str) -> int | None:
    word, _, rest = address.partition(":")
    if word not in _ABOUT_ACTIONS or not rest.isdecimal():
        return None
    return session.scalar(select(col(Action.appointment_id)).where(col(Action.id) == int(rest)))


def _round_up(moment: datetime) -> datetime:
    """Moments are kept in whole seconds; a wait must not become shorter by that."""
    whole = moment.replace(microsecond=0)
    return moment if whole == moment else whole + timedelta(seconds=1)
