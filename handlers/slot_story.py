"""What a card tells of an authorised slot: who was asked and answered, and who has it now."""

from datetime import datetime
from typing import Final

from domain.answers import Answer, Source
from domain.backfills import Release, Stage
from domain.notices import Channel, NoticeKind, NoticeState
from handlers import words
from handlers.screens import Visit
from storage.slot_stories import Said, Slot, Story, Written

SHOWN: Final = 6
"""Messages and answers that a card tells of at most, the latest."""

CHANNELS: Final = {Channel.SMS: "SMS", Channel.EMAIL: "e-mail"}
SOURCES: Final = {Source.PAGE: "page", Source.SMS: "SMS"}

_ANSWERS: Final = {
    Answer.CONFIRM: "Patient confirmed by {way}",
    Answer.CANCEL: "Patient cancelled by {way}",
    Answer.CALL_ME: "Patient asked by {way} to be called",
}
_WRITTEN: Final = {NoticeKind.CONFIRM: "Asked by {way}", NoticeKind.REMINDER: "Reminded by {way}"}
_MEANT: Final = {NoticeKind.CONFIRM: "Question", NoticeKind.REMINDER: "Reminder"}


def story_lines(visit: Visit, story: Story) -> list[str]:
    """A blank line, then what there is to tell, oldest first; nothing where there is nothing."""
    told = [(it.at, _written(visit, it)) for it in story.written]
    told += [(it.at, _said(visit, it)) for it in story.said]
    ordered = [line for _, line in sorted(told, key=lambda each: each[0])]
    lines = ordered[-SHOWN:]
    if len(lines) < len(ordered):
        lines.insert(0, f"{words.count(len(ordered) - len(lines), 'older message')} not shown")
    if story.slot:
        lines += _slot(visit, story.slot)
    return ["", *lines] if lines else []


def given_back_line(story: Story) -> str:
    """By which way the patient gave the slot back."""
    by_message = [it for it in story.said if it.answer is Answer.CANCEL and it.in_force]
    way = SOURCES[by_message[-1].source] if by_message else "phone"
    return f"Slot given back: cancelled by {way}"


def _written(visit: Visit, notice: Written) -> str:
    way, when = CHANNELS[notice.channel], _at(visit, notice.at)
    if notice.state is NoticeState.FAILED:
        why = f": {words.plain(notice.problem)}" if notice.problem else ""
        return f"{_MEANT[notice.kind]} by {way} failed {when}{why}"
    if notice.state in {NoticeState.WAITING, NoticeState.SENDING}:
        return f"{_MEANT[notice.kind]} by {way} goes out {when}"
    told = f"{_WRITTEN[notice.kind].format(way=way)} {when}"
    return told if notice.state is NoticeState.SENT else f"{told}, not sure that it arrived"


def _said(visit: Visit, said: Said) -> str:
    told = f"{_ANSWERS[said.answer].format(way=SOURCES[said.source])} {_at(visit, said.at)}"
    return told if said.in_force else f"{told}, overtaken since"


def _slot(visit: Visit, slot: Slot) -> list[str]:
    if slot.stage in {Stage.RELEASED, Stage.OFFERING}:
        return [_free(visit, slot), *_offered(visit, slot)]
    ended = _at(visit, slot.ended_at)
    told = {
        Stage.ASKING: f"Answer due by {_at(visit, slot.deadline_at)}"
        if slot.deadline_at
        else "The patient is about to be asked",
        Stage.CALLING: "To confirm by phone",
        Stage.KEPT: "Slot kept by its patient",
        Stage.FILLED: f"Slot filled {ended} by {slot.filled_by or 'a waiting patient'}",
        Stage.UNFILLED: f"Nobody took the slot in time, given up {ended}",
        Stage.OVER: f"Not followed up any more since {ended}",
    }
    return [told[slot.stage]]


def _free(visit: Visit, slot: Slot) -> str:
    since = _at(visit, slot.released_at)
    if slot.release is Release.SILENCE:
        return (
            f"Slot released {since}: no answer in time. It stays booked until a waiting patient "
            "accepts it"
        )
    return f"Slot released {since}: the patient gave it back"


def _offered(visit: Visit, slot: Slot) -> list[str]:
    if slot.stage is not Stage.OFFERING:
        return [f"{words.count(slot.wave, 'wave')} of offers went out"] if slot.wave else []
    to = words.count(slot.offered, "waiting patient")
    return [f"Offered to {to}, wave {slot.wave}, until {_at(visit, slot.until)}"]


def _at(visit: Visit, moment: datetime | None) -> str:
    if moment is None:
        return "?"
    return words.clock_time(moment, visit.desk.house.calendar.zone, visit.desk.clock.now())
