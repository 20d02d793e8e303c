"""What a card tells of an authorised slot, in words that fit whoever reads it in a hurry."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from bot.demo.server.html_mode import parse_html
from domain.answers import Answer, Source
from domain.backfills import Release, Stage
from domain.notices import Channel, NoticeKind, NoticeState
from domain.people import Role
from domain.transfers import State
from handlers.desk import Desk
from handlers.router import open_screen
from handlers.slot_story import story_lines
from storage.slot_stories import Said, Slot, Story, Written
from storage.tables import Action, Appointment, BackfillRow
from tests.conftest import MONDAY_MORNING
from tests.handlers.desks import ACTION, APPOINTMENT, visit

NOW = MONDAY_MORNING
BEFORE, LATER = NOW - timedelta(days=1), NOW + timedelta(hours=6)


def slot(stage: Stage, release: Release | None = None) -> Slot:
    return Slot(stage, LATER, release, BEFORE, 1, 6, LATER, "P-Q2D8XN", NOW)


def written(state: NoticeState, problem: str | None = None) -> Written:
    return Written(NoticeKind.CONFIRM, Channel.SMS, state, BEFORE, problem)


def told(desk: Desk, story: Story) -> list[str]:
    return story_lines(visit(desk, Role.STAFF), story)[1:]


async def test_where_nothing_happened_nothing_is_told(desk: Desk) -> None:
    assert story_lines(visit(desk, Role.STAFF), Story()) == []


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (slot(Stage.ASKING), "Answer due by 14:00"),
        (slot(Stage.CALLING), "To confirm by phone"),
        (slot(Stage.KEPT), "Slot kept by its patient"),
        (
            slot(Stage.RELEASED, Release.WORD),
            "Slot released Sun 22 Nov 08:00: the patient gave it back",
        ),
        (slot(Stage.OFFERING, Release.WORD), "Offered to 6 waiting patients, wave 1, until 14:00"),
        (slot(Stage.FILLED), "Slot filled 08:00 by P-Q2D8XN"),
        (slot(Stage.UNFILLED), "Nobody took the slot in time, given up 08:00"),
        (slot(Stage.OVER), "Not followed up any more since 08:00"),
    ],
)
async def test_each_stage_says_where_the_slot_is(desk: Desk, found: Slot, line: str) -> None:
    assert line in told(desk, Story(slot=found))


async def test_a_slot_released_in_silence_says_whose_it_still_is(desk: Desk) -> None:
    (line, _offered) = told(desk, Story(slot=slot(Stage.RELEASED, Release.SILENCE)))
    assert "no answer in time. It stays booked until a waiting patient accepts it" in line


@pytest.mark.parametrize(
    ("notice", "line"),
    [
        (written(NoticeState.SENT), "Asked by SMS Sun 22 Nov 08:00"),
        (
            written(NoticeState.DOUBTFUL),
            "Asked by SMS Sun 22 Nov 08:00, not sure that it arrived",
        ),
        (written(NoticeState.WAITING), "Question by SMS goes out Sun 22 Nov 08:00"),
        (
            written(NoticeState.FAILED, "no such <number>"),
            "Question by SMS failed Sun 22 Nov 08:00: no such &lt;number&gt;",
        ),
    ],
)
async def test_a_question_says_how_far_it_has_come(desk: Desk, notice: Written, line: str) -> None:
    assert told(desk, Story(written=[notice])) == [line]


async def test_messages_and_answers_stand_in_the_order_in_which_they_came(desk: Desk) -> None:
    said = [
        Said(Answer.CANCEL, Source.PAGE, BEFORE + timedelta(hours=1), in_force=False),
        Said(Answer.CONFIRM, Source.SMS, BEFORE + timedelta(hours=3), in_force=True),
    ]
    again = Written(
        NoticeKind.REMINDER,
        Channel.EMAIL,
        NoticeState.SENT,
        BEFORE + timedelta(hours=2),
        None,
    )
    assert told(desk, Story(written=[written(NoticeState.SENT), again], said=said)) == [
        "Asked by SMS Sun 22 Nov 08:00",
        "Patient cancelled by page Sun 22 Nov 09:00, overtaken since",
        "Reminded by e-mail Sun 22 Nov 10:00",
        "Patient confirmed by SMS Sun 22 Nov 11:00",
    ]


async def test_of_many_messages_the_latest_are_told(desk: Desk) -> None:
    lines = told(desk, Story(written=[written(NoticeState.SENT)] * 9))
    assert (len(lines), lines[0]) == (7, "3 older messages not shown")


async def test_once_another_patient_has_the_slot_its_card_offers_neither_call_nor_undo(
    desk: Desk,
) -> None:
    here = visit(desk, Role.MANAGER)
    await desk.store.write(authorized, NOW)
    screen = await open_screen(here, f"card:{APPOINTMENT}:-")
    labels = [it.text for row in screen.buttons for it in row]
    assert {"Undo transfer", "Confirmed"} <= set(labels)
    await desk.store.write(filled)
    screen = await open_screen(here, f"card:{APPOINTMENT}:-")
    labels = [it.text for row in screen.buttons for it in row]
    assert not {"Undo transfer", "Confirmed", "Cancels"} & set(labels)
    assert "Slot filled" in parse_html(screen.text)[0]


def authorized(session: Session, now: datetime) -> None:
    action = session.get_one(Action, ACTION)
    action.state, action.decided_by, action.decided_at = State.AUTHORIZED, 1, now
    session.add(
        BackfillRow(
            appointment_id=APPOINTMENT,
            action_id=ACTION,
            stage=Stage.CALLING,
            day=session.get_one(Appointment, APPOINTMENT).day,
            start=session.get_one(Appointment, APPOINTMENT).start,
            opened_at=now,
        )
    )


def filled(session: Session) -> None:
    mine = select(BackfillRow).where(BackfillRow.appointment_id == APPOINTMENT)
    session.exec(mine).one().stage = Stage.FILLED
