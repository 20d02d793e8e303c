"""`/trial`: off by default, asked for once, told with its figures, decided by few."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session
from telegram.constants import MessageLimit

from bot.demo.server.html_mode import parse_html
from domain.monospace import width
from domain.people import Refused, Role
from domain.policies import Silence
from domain.statuses import Status
from domain.trial import Group
from handlers import words
from handlers.desk import Desk
from handlers.router import ACTS, open_screen
from handlers.screens import Answer, Screen, Visit
from handlers.trial import _about, _row
from storage import trials
from storage.tables import Appointment, Patient, PolicyRow, TrialPatient
from tests.handlers.desks import DEPARTMENT, visit


def labels(screen: Screen) -> list[str]:
    return [each.text for row in screen.buttons for each in row]


async def press(here: Visit, address: str) -> Answer:
    word, *arguments = address.split(":")
    return await ACTS[word](here, arguments)


def ended(
    session: Session, desk: Desk, *, held_out: bool, statuses: Sequence[Status], first: int
) -> None:
    """Visits of patients in the running trial that were yesterday, with the ends they had."""
    found = trials.running(session)
    assert found is not None
    start = desk.clock.now() - timedelta(days=1)
    for key, status in enumerate(statuses, first):
        session.add(Patient(id=key, external_id=f"t{key}", reference=f"P-T{key}"))
        session.flush()
        session.add(
            Appointment(
                id=key,
                external_id=f"t{key}",
                patient_id=key,
                department_id=DEPARTMENT,
                clinician_id=None,
                start=start,
                day=desk.house.calendar.day_of(start),
                status=status,
                age_group=4,
            )
        )
        session.flush()
        session.add(
            TrialPatient(trial_id=found.id, patient_id=key, appointment_id=key, held_out=held_out)
        )


async def test_it_is_off_until_a_manager_of_everything_confirms_a_share(desk: Desk) -> None:
    noa = visit(desk, Role.MANAGER)
    off = await open_screen(noa, "trial")
    assert off.text.startswith("<b>Do reminders help?</b>\nNo trial runs")
    assert "No department reminds its patients yet" in off.text
    assert labels(off) == ["10 %", "20 %", "30 %", "Refresh"]
    asked = await open_screen(noa, "starttrial:20")
    assert labels(asked) == ["Confirm", "Cancel"]
    assert "About 3,400 visits are needed" in asked.text
    assert await desk.store.read(trials.running) is None
    confirmed, cancelled = (each.callback_data for row in asked.buttons for each in row)
    assert cancelled == "trial"
    begun = await press(noa, str(confirmed))
    assert begun.toast == "The trial runs."
    assert labels(begun.screen) == ["Stop…", "Refresh"]
    assert "20 % without a reminder since Mon 23 Nov 2026 08:00, by Noa" in begun.screen.text
    again = await press(noa, "starttrialnow:10")
    assert again.toast == "Nothing changed: a trial runs already."


async def test_the_figures_stand_with_their_interval_and_what_is_still_needed(desk: Desk) -> None:
    noa = visit(desk, Role.MANAGER)
    await press(noa, "starttrialnow:20")

    def work(session: Session) -> None:
        session.add(
            PolicyRow(
                department_id=DEPARTMENT, deadline_hours=48, silence=Silence.CALL, reminders=True
            )
        )
        missed, came, open_ = Status.NOSHOW, Status.FULFILLED, Status.BOOKED
        ended(session, desk, held_out=True, statuses=[missed] * 9 + [came], first=100)
        ended(session, desk, held_out=False, statuses=[missed] * 3 + [came] * 7, first=200)
        ended(session, desk, held_out=False, statuses=[open_] * 2, first=300)

    await desk.store.write(work)
    shown = (await open_screen(noa, "trial")).text
    assert "no reminder        9      10 90.0%\nreminded           3      10 30.0%" in shown
    assert "60.0 points more missed without a reminder (95 % interval 17.1 to 80.9)" in shown
    assert "Visits beside these: 2 not known yet" in shown
    assert "Not known yet: about 3,400 more visits needed" in shown
    assert "switches" not in shown


async def test_a_trial_is_stopped_once_and_its_figures_stay(desk: Desk) -> None:
    noa = visit(desk, Role.MANAGER)
    await press(noa, "starttrialnow:30")
    found = await desk.store.read(trials.running)
    assert found is not None
    asked = await open_screen(noa, f"stoptrial:{found.id}")
    assert labels(asked) == ["Confirm", "Cancel"]
    stopped = await press(noa, f"stoptrialnow:{found.id}")
    assert stopped.toast == "Stopped."
    assert "The last trial" in stopped.screen.text
    assert labels(stopped.screen) == ["10 %", "20 %", "30 %", "Refresh"]
    again = await press(noa, f"stoptrialnow:{found.id}")
    assert again.toast == "Nothing changed: that trial is over."


async def test_a_manager_of_one_department_sees_it_and_is_told_who_decides(desk: Desk) -> None:
    avi = visit(desk, Role.MANAGER, DEPARTMENT)
    shown = await open_screen(avi, "trial")
    assert labels(shown) == ["Refresh"]
    assert "Only managers of all departments start and stop a trial." in shown.text
    for address in ("starttrial:20", "stoptrial:1"):
        with pytest.raises(Refused) as refused:
            await open_screen(avi, address)
        assert refused.value.who == "managers of all departments"
    with pytest.raises(Refused):
        await press(avi, "starttrialnow:20")
    for role in (Role.STAFF, Role.ADMIN):
        with pytest.raises(Refused):
            await open_screen(visit(desk, role), "trial")


async def test_the_longest_screen_fits_a_message(desk: Desk) -> None:
    noa = visit(desk, Role.MANAGER)
    await press(noa, "starttrialnow:20")
    found = await desk.store.read(trials.running)
    assert found is not None
    stopped = await press(noa, f"stoptrialnow:{found.id}")
    assert len(parse_html(stopped.screen.text)[0]) < MessageLimit.MAX_TEXT_LENGTH / 2


@given(st.sampled_from(["no reminder", "reminded"]), st.integers(0, 999_999), st.data())
def test_a_group_is_one_line_of_34_columns(name: str, visits: int, data: st.DataObject) -> None:
    missed = data.draw(st.integers(0, visits))
    assert width(_row(name, Group(visits, missed))) <= words.WIDTH


@pytest.mark.parametrize(
    ("needed", "told"), [(1, "1"), (99, "99"), (101, "110"), (5287, "5,300"), (7000, "7,000")]
)
def test_what_is_needed_is_rounded_up_to_two_figures(needed: int, told: str) -> None:
    assert _about(needed) == told
