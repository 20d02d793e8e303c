"""What `/deliveries` tells admins of messages to patients: today's counts, and what failed."""

from datetime import datetime
from textwrap import wrap
from typing import Final
from zoneinfo import ZoneInfo

from domain.notices import NoticeKind, NoticeState
from handlers import words
from handlers.slot_story import CHANNELS
from storage.notice_figures import Today, Undelivered

SHOWN: Final = 4
"""Messages that could not be delivered, told at most."""

_KINDS: Final = {
    NoticeKind.CONFIRM: "question",
    NoticeKind.REMINDER: "reminder",
    NoticeKind.OFFER: "offer",
    NoticeKind.GONE: "offer gone",
    NoticeKind.BOOKED: "booking",
    NoticeKind.RELEASED: "release",
}
_COLUMNS: Final = {
    "sent": (NoticeState.SENT,),
    "wait": (NoticeState.WAITING, NoticeState.SENDING),
    "fail": (NoticeState.FAILED,),
    "doubt": (NoticeState.DOUBTFUL,),
}
_NAME: Final = 7
_FIGURE: Final = 6


def patient_lines(today: Today, now: datetime, zone: ZoneInfo) -> list[str]:
    """A blank line, then how messages to patients stand; nothing where there is nothing."""
    if today.is_quiet:
        return []
    lines = []
    if today.counts or today.down:
        lines += ["", words.bold("Messages to patients today")]
    lines += [
        f"The provider of {CHANNELS[each.channel]} takes nothing since "
        f"{words.clock_time(each.since, zone, now)}: {words.plain(each.problem)}. "
        "What is to go out waits, and goes out once it answers."
        for each in today.down
    ]
    if today.counts:
        lines.append(words.block(_table(today)))
    if any(state is NoticeState.DOUBTFUL for _, state in today.counts):
        lines.append("In doubt: nobody knows whether it arrived, so it is not repeated.")
    if today.undelivered:
        lines += ["", words.bold("Last messages to patients not delivered")]
        lines.append("Staff find who is to be called under /today.")
        told = [line for each in today.undelivered for line in _undelivered(each, zone)]
        lines.append(words.block(told))
    return lines


def _table(today: Today) -> list[str]:
    found = {channel for channel, _ in today.counts}
    lines = [" " * _NAME + "".join(f"{word:>{_FIGURE}}" for word in _COLUMNS)]
    for channel, name in CHANNELS.items():
        if channel in found:
            sums = (
                sum(today.counts.get((channel, state), 0) for state in states)
                for states in _COLUMNS.values()
            )
            lines.append(f"{name:<{_NAME}}" + "".join(f"{each:>{_FIGURE},}" for each in sums))
    return lines


def _undelivered(each: Undelivered, zone: ZoneInfo) -> list[str]:
    doubt = "in doubt: " if each.state is NoticeState.DOUBTFUL else ""
    wrapped = wrap(doubt + each.problem, words.WIDTH - 2, max_lines=3, placeholder=" …")
    kind = f"{_KINDS[each.kind]}, {CHANNELS[each.channel]}"
    return [
        words.cut(f"{each.reference} {kind}", words.WIDTH),
        f"  {words.list_moment(each.at, zone)}",
        *(f"  {line}" for line in wrapped),
    ]
