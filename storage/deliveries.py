"""What admins see of the outbox, and what they can do about dead letters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, and_, case, func, select, text, update
from sqlmodel import Session, col

from domain.deliveries import Event, State, next_state
from domain.people import Member, Right, Role
from domain.pushes import PushKind
from storage import audit
from storage.outbox import IS_OPEN, REPLACED
from storage.tables import MemberRow, Push, key_of

HAS_FAILED: Final = text("push.state = 'failed'")
"""Word for word as the index has it, like `IS_OPEN`."""


@dataclass(frozen=True)
class Standing:
    """How the outbox stands.

    Attributes:
        waiting: Pushes to be sent that were not yet, or that certainly did not arrive.
        oldest: Since when the oldest of them, or of the unknown, waits; `None` if none does.
        sending: Pushes on their way.
        unknown: Pushes to be sent of which a try may have arrived.
        failed_today: Pushes that failed since the day began, and were not dropped.
        failed: All that failed and were not dropped.
    """

    waiting: int
    oldest: datetime | None
    sending: int
    unknown: int
    failed_today: int
    failed: int


@dataclass(frozen=True)
class DeadLetter:
    """A push that failed, or what became of it.

    Attributes:
        name: Of whom it was for.
        reachable: Whether they can be sent anything now.
        suspended: Whether that is why they cannot.
        at: When it failed, if it has.
        since: When it was written.
    """

    id: int
    name: str
    role: Role
    reachable: bool
    suspended: bool
    kind: PushKind
    state: State
    problem: str
    attempts: int
    uncertain: bool
    at: datetime
    since: datetime


@dataclass(frozen=True)
class Again:
    """What sending all again comes to.

    Attributes:
        messages: Pushes that failed and can be sent again.
        repeats: Further ones that would show the same to the same person.
        withheld: Those of people to whom nothing can be sent now.
    """

    messages: int
    repeats: int
    withheld: int


def standing(session: Session, now: datetime, day_began: datetime) -> Standing:
    """Count the outbox: cheap, whatever has been sent already."""
    lost = and_(col(Push.state) == State.SENDING, col(Push.due_at) <= now)
    fate = case(
        (lost, "unknown"),
        (col(Push.state) == State.SENDING, "sending"),
        (col(Push.uncertain), "unknown"),
        else_="waiting",
    )
    rows = session.execute(
        select(fate, func.count(), func.min(col(Push.created_at))).where(IS_OPEN).group_by(fate)
    ).all()
    counts = {word: number for word, number, _ in rows}
    since = [oldest for word, _, oldest in rows if word != "sending"]
    failed, today = session.execute(
        select(func.count(), func.count().filter(col(Push.due_at) >= day_began)).where(HAS_FAILED)
    ).one()
    return Standing(
        waiting=counts.get("waiting", 0),
        oldest=min(since, default=None),
        sending=counts.get("sending", 0),
        unknown=counts.get("unknown", 0),
        failed_today=today,
        failed=failed,
    )


def dead_letters(session: Session, offset: int, limit: int) -> list[DeadLetter]:
    """Pushes that failed and were not dropped, the latest first."""
    rows = session.execute(
        _LETTERS.where(HAS_FAILED)
        .order_by(col(Push.due_at).desc(), col(Push.id).desc())
        .offset(offset)
        .limit(limit)
    )
    return [_letter(push, member) for push, member in rows]


def letter(session: Session, push_id: int) -> DeadLetter | None:
    """One push as an admin sees it."""
    row = session.execute(_LETTERS.where(col(Push.id) == push_id)).first()
    return _letter(*row) if row else None


def send_again(session: Session, admin: Member, push_id: int, now: datetime) -> bool:
    """Let a push that failed be tried anew; `False` if it is no longer failed.

    Raises:
        Refused: The member may not.
    """
    return _move(session, admin, push_id, Event.RESEND, now, attempts=0)


def drop(session: Session, admin: Member, push_id: int, now: datetime) -> bool:
    """Let a push that failed go; `False` if it is no longer failed.

    Raises:
        Refused: The member may not.
    """
    by = f"dropped by {admin.name}"[:200]
    return _move(session, admin, push_id, Event.DROP, now, problem=by)


def again(session: Session) -> Again:
    """Count what can be sent again of all that failed and was not dropped."""
    failed = select(col(Push.member_id), col(Push.address)).join(
        MemberRow, col(MemberRow.id) == col(Push.member_id)
    )
    chosen = failed.where(HAS_FAILED, _CAN_BE_SENT_TO)
    messages, able, all_ = (
        session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        for wanted in (chosen.distinct(), chosen, failed.where(HAS_FAILED))
    )
    return Again(messages, repeats=able - messages, withheld=all_ - able)


def send_all_again(session: Session, admin: Member, until: datetime, now: datetime) -> int:
    """Let all pushes that had failed by a moment be tried anew, if anything can be sent to them.

    Of those that would show the same to the same person only the latest is; the others are dropped.

    Args:
        session: The unit of work.
        admin: Who asks for it.
        until: When it was asked about: what fails later is left alone, also when asked twice.
        now: The present (aware).

    Returns:
        How many are sent again.

    Raises:
        Refused: The member may not.
    """
    admin.require(Right.DELIVERIES)
    failed = session.scalars(
        select(Push)
        .join(MemberRow, col(MemberRow.id) == col(Push.member_id))
        .where(HAS_FAILED, _CAN_BE_SENT_TO, col(Push.due_at) <= until)
        .order_by(col(Push.id))
        .with_for_update(of=Push)
    ).all()
    latest = {(row.member_id, row.address): row for row in failed}
    for row in failed:
        row.due_at = now
        if latest[row.member_id, row.address] is row:
            row.state, row.attempts = State.WAITING, 0
            _note(session, admin, Event.RESEND, row, now)
        else:
            row.state, row.problem = State.DROPPED, REPLACED
            _note(session, admin, Event.DROP, row, now)
    return len(latest)


def _move(
    session: Session, admin: Member, push_id: int, event: Event, now: datetime, **values: object
) -> bool:
    admin.require(Right.DELIVERIES)
    row = session.scalars(
        update(Push)
        .where(col(Push.id) == push_id, col(Push.state) == State.FAILED)
        .values(state=next_state(State.FAILED, event), due_at=now, **values)
        .returning(Push)
    ).first()
    if row is None:
        return False
    _note(session, admin, event, row, now)
    return True


def _note(session: Session, admin: Member, event: Event, row: Push, now: datetime) -> None:
    audit.record(
        session,
        f"{event} delivery",
        at=now,
        member_id=admin.id,
        push=row.id,
        kind=row.kind,
        to=row.member_id,
    )


_CAN_BE_SENT_TO: Final = and_(
    col(MemberRow.reachable).is_(True), col(MemberRow.suspended).is_(False)
)

_LETTERS: Select[Push, MemberRow] = select(Push, MemberRow).join(
    MemberRow, col(MemberRow.id) == col(Push.member_id)
)


def _letter(push: Push, member: MemberRow) -> DeadLetter:
    return DeadLetter(
        id=key_of(push),
        name=member.name,
        role=member.role,
        reachable=member.reachable and not member.suspended,
        suspended=member.suspended,
        kind=push.kind,
        state=push.state,
        problem=push.problem or "",
        attempts=push.attempts,
        uncertain=push.uncertain,
        at=push.due_at,
        since=push.created_at,
    )
