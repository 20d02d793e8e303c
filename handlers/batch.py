"""`Authorize Risk Transfer (N)`: asks once, then authorises all N in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session

from domain.criteria import Criteria
from domain.days import WINDOWS
from domain.people import Refused, Right
from domain.transfers import UNDO_WITHIN, State
from handlers import words
from handlers.addresses import UnknownAddress, join, pack, split, unpack, whole
from handlers.risk_list import DRAFT, LIST, criteria_line, selected
from handlers.screens import Answer, Buttons, Screen, Visit, button
from handlers.transfers import PENDING
from storage import batches
from storage.batch_views import BatchView, batch_owner, batch_view, proposals_in
from storage.batches import PUSHED_BATCH
from storage.efficiency import figures_version

BATCH: Final = "batch"
CONFIRM: Final = "confirm"
CANCEL: Final = "cancel"
UNDO: Final = "undobatch"
_LONGEST_LIST: Final = join(LIST, pack(Criteria(max(WINDOWS))), 0)
MINE_NAMED: Final = 10
"""References that a proposer is told one by one."""

__all__ = ["DRAFT", "batch", "batch_told", "cancel", "confirm", "draft", "undo"]


async def draft(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Freeze what the list stands for now, and ask: number shown, then the list's address."""
    shown, source = whole(arguments[0]), join(*arguments[1:])
    store, now = visit.desk.store, visit.desk.clock.now()
    word, rest = split(source)
    if word == LIST:
        criteria = unpack(rest[0])
        batch_id = await store.write(
            batches.draft_from_list, visit.member, source, selected(visit, criteria), now
        )
    elif word == PENDING:
        batch_id = await store.write(batches.draft_from_waiting, visit.member, source, now)
    else:
        raise UnknownAddress(source)
    version, found = await _read(visit, batch_id)
    if found.size == 0:
        await store.write(batches.cancel, visit.member, batch_id, now)
    return Answer(_screen(visit, found, version, shown))


async def batch(visit: Visit, arguments: Sequence[str]) -> Screen:
    """A batch as it stands: the batch."""
    return await _shown(visit, await _mine(visit, arguments))


async def batch_told(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What a proposer is told when a batch decided proposals of theirs: the batch."""
    batch_id = whole(arguments[0])
    version, found, mine = await visit.desk.store.read(_read_for_proposer, visit, batch_id)
    rows: Buttons = [[button("Risk list", join(LIST, pack(Criteria()), 0))]]
    here = join(PUSHED_BATCH, batch_id)
    if found is None:
        return Screen("None of your proposals was decided by this batch.", rows, here)
    revoked = found.state is State.REVOKED
    lines = [
        words.bold(f"Your proposals were {'authorized and undone' if revoked else 'authorized'}"),
        f"{words.count(len(mine), 'proposal')}, {_when(visit, found)} "
        f"by {words.plain(found.decided_by)}",
        ", ".join(mine[:MINE_NAMED]) + (" …" if len(mine) > MINE_NAMED else ""),
    ]
    if revoked:
        lines.append(f"{_undone_line(visit, found)} They are closed; propose anew if need be.")
    return Screen("\n".join(lines), rows, here, version=version)


async def confirm(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Authorise the batch: the batch."""
    batch_id = await _mine(visit, arguments)
    now, threshold = visit.desk.clock.now(), visit.desk.house.threshold
    store = visit.desk.store
    done = await store.write(batches.confirm, visit.member, batch_id, now, threshold)
    visit.desk.changed.set()
    version, found = await _read(visit, batch_id)
    authorized = f"Authorized {words.count(found.done, 'appointment')}."
    toast = authorized if done else _already(visit, found)
    return Answer(_screen(visit, found, version), toast)


async def cancel(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Drop the batch: the batch."""
    batch_id = await _mine(visit, arguments)
    now = visit.desk.clock.now()
    done = await visit.desk.store.write(batches.cancel, visit.member, batch_id, now)
    version, found = await _read(visit, batch_id)
    toast = "Nothing was changed." if done else _already(visit, found)
    return Answer(_screen(visit, found, version), toast)


async def undo(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Take a batch back: the batch."""
    batch_id = await _mine(visit, arguments)
    now = visit.desk.clock.now()
    barrier = await visit.desk.store.write(batches.undo, visit.member, batch_id, now)
    visit.desk.changed.set()
    toast = f"Nothing changed: {barrier.value}." if barrier else "Undone."
    return Answer(await _shown(visit, batch_id), toast)


async def _mine(visit: Visit, arguments: Sequence[str]) -> int:
    """The batch's id: it answers only to who asked for it."""
    batch_id = whole(arguments[0])
    found = await visit.desk.store.read(batch_owner, batch_id)
    if found is None:
        raise UnknownAddress(arguments[0])
    if found[0] != visit.member.id:
        raise Refused(Right.DECIDE, who="the manager who began this batch")
    return batch_id


async def _shown(visit: Visit, batch_id: int) -> Screen:
    version, found = await _read(visit, batch_id)
    return _screen(visit, found, version)


async def _read(visit: Visit, batch_id: int) -> tuple[int, BatchView]:
    version, found = await visit.desk.store.read(_read_batch, visit, batch_id)
    if found is None:
        raise UnknownAddress(str(batch_id))
    return version, found


def _read_batch(session: Session, visit: Visit, batch_id: int) -> tuple[int, BatchView | None]:
    owner = batch_owner(session, batch_id)
    if owner is None:
        return 0, None
    within = selected(visit, _criteria(owner[1]))
    return figures_version(session, None), batch_view(session, batch_id, within)


def _read_for_proposer(
    session: Session, visit: Visit, batch_id: int
) -> tuple[int, BatchView | None, list[str]]:
    mine = proposals_in(session, batch_id, visit.member.id)
    within = selected(visit, Criteria(max(WINDOWS)))
    found = batch_view(session, batch_id, within) if mine else None
    return figures_version(session, None), found, mine


def _criteria(source: str) -> Criteria:
    word, rest = split(source)
    return unpack(rest[0]) if word == LIST else Criteria(max(WINDOWS))


def _screen(visit: Visit, found: BatchView, version: int, shown: int | None = None) -> Screen:
    lines = [words.bold("Authorize Risk Transfer")]
    if found.size == 0:
        lines.append("Nothing here waits for a decision any more.")
    elif found.state is State.PROPOSED:
        lines += _asking(visit, found, shown)
    elif found.state is State.DECLINED:
        lines.append(f"Cancelled {_when(visit, found)}. Nothing was changed.")
    else:
        lines += _result(visit, found)
    return Screen("\n".join(lines), _buttons(visit, found), join(BATCH, found.id), version=version)


def _asking(visit: Visit, found: BatchView, shown: int | None) -> list[str]:
    lines = [
        f"{words.count(found.size, 'appointment')} · {words.plain(_named(visit, found))}",
        words.plain(words.gain_change(found.before, found.after)),
    ]
    if found.expected is not None:
        lines.append(f"Expected no-shows among them: {words.expected(found.expected)}")
    if len(found.departments) > 1:
        lines.append(f"in {words.count(len(found.departments), 'department')}")
    if shown is not None and shown != found.size:
        lines.append(
            f"The list showed {words.number(shown)}; by now it is {words.number(found.size)}."
        )
    lines += ["", "Authorizing lets each slot be offered on, once its patient gives it back."]
    return lines


def _named(visit: Visit, found: BatchView) -> str:
    """What a batch is about: `Cardiology · all ages, next 7 days`."""
    if split(found.source)[0] == PENDING:
        return "all waiting proposals"
    criteria = _criteria(found.source)
    where = found.departments[0] if len(found.departments) == 1 else None
    return f"{criteria_line(visit, criteria, where)}, {words.window(criteria.days)}"


def _result(visit: Visit, found: BatchView) -> list[str]:
    lines = [_decided_line(visit, found), words.plain(words.gain(found.before))]
    if found.state is State.REVOKED:
        lines += ["", *_undone(visit, found)]
    if found.left_out_total:
        lines += ["", f"{words.number(found.left_out_total)} left out, because meanwhile:"]
        zone = visit.desk.house.calendar.zone
        lines += [
            f"{item.reference} · {words.short_moment(item.start, zone)} · {item.why}"
            for item in found.left_out
        ]
        more = found.left_out_total - len(found.left_out)
        if more > 0:
            lines.append(f"and {words.number(more)} more")
    return lines


def _undone(visit: Visit, found: BatchView) -> list[str]:
    lines = [f"{_undone_line(visit, found)} What it had authorized is open again."]
    if found.filled:
        slots = words.count(found.filled, "slot")
        lines.append(f"Apart from {slots} that other patients have by now: those stay authorized.")
    if found.proposals:
        closed = (
            "The proposal among it is closed"
            if found.proposals == 1
            else f"The {words.number(found.proposals)} proposals among it are closed"
        )
        lines.append(f"{closed}. To decide again, propose or authorize anew on the risk list.")
    return lines


def _undone_line(visit: Visit, found: BatchView) -> str:
    when = f" {_clock(visit, found.revoked_at)}" if found.revoked_at else ""
    return f"Undone{when} by {words.plain(found.decided_by)}."


def _decided_line(visit: Visit, found: BatchView) -> str:
    return (
        f"{words.count(found.done, 'appointment')} authorized "
        f"{_when(visit, found)} by {words.plain(found.decided_by)}"
    )


def _when(visit: Visit, found: BatchView) -> str:
    return _clock(visit, found.decided_at) if found.decided_at else ""


def _clock(visit: Visit, moment: datetime) -> str:
    return words.clock_time(moment, visit.desk.house.calendar.zone, visit.desk.clock.now())


def _already(visit: Visit, found: BatchView) -> str:
    told = "cancelled" if found.state is State.DECLINED else words.STATES[found.state]
    return f"Nothing changed: already {told} {_when(visit, found)}."


def _buttons(visit: Visit, found: BatchView) -> Buttons:
    back = [button("‹ Back", found.source)]
    if found.state is State.PROPOSED and found.size:
        yes = f"Confirm {words.number(found.size)}"
        return [
            [
                button(yes, join(CONFIRM, found.id), "success"),
                button("Cancel", join(CANCEL, found.id)),
            ]
        ]
    now = visit.desk.clock.now()
    in_time = found.decided_at is not None and now - found.decided_at <= UNDO_WITHIN
    if found.state is State.AUTHORIZED and found.done and in_time:
        return [[button("Undo", join(UNDO, found.id))], back]
    if found.state is State.REVOKED and found.proposals:
        return [[button("Risk list", _LONGEST_LIST), *back]]
    return [back]
