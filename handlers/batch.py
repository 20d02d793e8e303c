"""`Authorize Risk Transfer (N)`: asks once, then authorises all N in one transaction."""

from collections.abc import Sequence
from typing import Final

from domain.criteria import Criteria, Selection
from domain.days import WINDOWS
from domain.people import Refused, Right
from domain.transfers import UNDO_WITHIN, State
from handlers import words
from handlers.addresses import UnknownAddress, join, split, unpack, whole
from handlers.risk_list import DRAFT, LIST, criteria_line, selected
from handlers.screens import Answer, Buttons, Screen, Visit, button
from handlers.transfers import PENDING
from storage import batches
from storage.batches import PUSHED_BATCH, BatchView

BATCH: Final = "batch"
CONFIRM: Final = "confirm"
CANCEL: Final = "cancel"
UNDO: Final = "undobatch"

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
    found = await _read(visit, batch_id)
    if found.size == 0:
        await store.write(batches.cancel, visit.member, batch_id, now)
    return Answer(_screen(visit, found, shown))


async def batch(visit: Visit, arguments: Sequence[str]) -> Screen:
    """A batch as it stands: the batch."""
    batch_id = whole(arguments[0])
    await _own(visit, batch_id)
    return _screen(visit, await _read(visit, batch_id))


async def batch_told(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What a proposer is told when a batch authorised proposals of theirs: the batch."""
    found = await _read(visit, whole(arguments[0]))
    return Screen(
        f"{words.bold('Your proposals were authorized')}\n{_decided_line(visit, found)}",
        [[button("Risk list", join(LIST, "7.-.-", 0))]],
        join(PUSHED_BATCH, found.id),
    )


async def confirm(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Authorise the batch: the batch."""
    batch_id = whole(arguments[0])
    await _own(visit, batch_id)
    done = await visit.desk.store.write(
        batches.confirm,
        visit.member,
        batch_id,
        visit.desk.clock.now(),
        visit.desk.house.threshold,
    )
    visit.desk.changed.set()
    found = await _read(visit, batch_id)
    toast = f"Authorized {words.number(found.done)}." if done else _already(visit, found)
    return Answer(_screen(visit, found), toast)


async def cancel(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Drop the batch: the batch."""
    batch_id = whole(arguments[0])
    await _own(visit, batch_id)
    done = await visit.desk.store.write(
        batches.cancel, visit.member, batch_id, visit.desk.clock.now()
    )
    found = await _read(visit, batch_id)
    return Answer(_screen(visit, found), "Nothing was changed." if done else _already(visit, found))


async def undo(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Take a batch back: the batch."""
    batch_id = whole(arguments[0])
    await _own(visit, batch_id)
    barrier = await visit.desk.store.write(
        batches.undo, visit.member, batch_id, visit.desk.clock.now()
    )
    visit.desk.changed.set()
    found = await _read(visit, batch_id)
    return Answer(
        _screen(visit, found), f"Nothing changed: {barrier.value}." if barrier else "Undone."
    )


async def _own(visit: Visit, batch_id: int) -> None:
    """A batch answers only to who asked for it."""
    found = await _read(visit, batch_id)
    if found.member_id != visit.member.id:
        raise Refused(Right.DECIDE)


async def _read(visit: Visit, batch_id: int) -> BatchView:
    selection = selected(visit, Criteria(max(WINDOWS)))
    found = await visit.desk.store.read(batches.batch_view, batch_id, selection)
    if found is None:
        raise UnknownAddress(str(batch_id))
    criteria = _criteria(found.source)
    if criteria == Criteria(max(WINDOWS)):
        return found
    within: Selection = selected(visit, criteria)
    again = await visit.desk.store.read(batches.batch_view, batch_id, within)
    return again or found


def _criteria(source: str) -> Criteria:
    word, rest = split(source)
    return unpack(rest[0]) if word == LIST else Criteria(max(WINDOWS))


def _screen(visit: Visit, found: BatchView, shown: int | None = None) -> Screen:
    lines = [words.bold("Authorize Risk Transfer")]
    if found.size == 0:
        lines.append("Nothing here waits for a decision any more.")
    elif found.state is State.PROPOSED:
        lines += _asking(visit, found, shown)
    elif found.state is State.DECLINED:
        lines.append(f"Cancelled {_when(visit, found)}. Nothing was changed.")
    else:
        lines += _result(visit, found)
    return Screen("\n".join(lines), _buttons(visit, found), join(BATCH, found.id))


def _asking(visit: Visit, found: BatchView, shown: int | None) -> list[str]:
    criteria = _criteria(found.source)
    where = found.departments[0] if len(found.departments) == 1 else None
    named = criteria_line(visit, criteria, where)
    lines = [
        f"{words.count(found.size, 'appointment')} · {words.plain(named)}, "
        f"{words.window(criteria.days)}",
        words.plain(words.gain_change(found.before, found.after)),
    ]
    if len(found.departments) > 1:
        lines.append(f"in {words.count(len(found.departments), 'department')}")
    if shown is not None and shown != found.size:
        lines.append(
            f"The list showed {words.number(shown)}; by now it is {words.number(found.size)}."
        )
    lines += ["", "Authorizing lets these slots be offered on, once the patient gives them back."]
    return lines


def _result(visit: Visit, found: BatchView) -> list[str]:
    lines = [_decided_line(visit, found), words.plain(words.gain(found.before))]
    if found.state is State.REVOKED:
        lines.append("Undone. What it had authorized is open again.")
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


def _decided_line(visit: Visit, found: BatchView) -> str:
    return (
        f"{words.count(found.done, 'appointment')} authorized "
        f"{_when(visit, found)} by {words.plain(found.decided_by)}"
    )


def _when(visit: Visit, found: BatchView) -> str:
    if found.decided_at is None:
        return ""
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    return words.clock_time(found.decided_at, zone, now)


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
    return [back]
