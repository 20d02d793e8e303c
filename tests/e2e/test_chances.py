"""Chances as people meet them on their phones, with somebody at hand who knows the reasons."""

import re

from handlers.audit_words import SENTENCES
from tests.chances import score
from tests.e2e.town import Town, all_labels, body, events, turned


class Knows:
    """Has the same reason for everything."""

    async def reasons(self, _appointment_id: int) -> list[str]:
        return ["booked 30 days ahead"]


async def test_staff_see_both_marks_and_the_reasons_and_come_back(place: Town) -> None:
    assert place.bot
    place.bot.desk.predictor = Knows()
    place.store.write_now(score, 414)
    await place.dana.says("/risk")
    listed = await place.dana.sees("Most likely no-shows first (× earlier no-shows, % chance)")
    assert re.search(r"^1 P-\w{6}  5×  41%  \w{3} \d\d \d\d:\d\d$", body(listed), re.MULTILINE)
    card = await turned(place.dana, listed, all_labels(listed)[0], "No-show chance 41 %")
    assert "about 4 of 10 like this one do not come\n· booked 30 days ahead\n" in body(card)
    await turned(place.dana, card, "‹ Back", "Most likely no-shows first")


async def test_a_manager_is_told_what_to_expect_of_a_batch(place: Town) -> None:
    place.store.write_now(score, 414)
    await place.noa.says("/risk")
    listed = await place.noa.sees("High-risk")
    asked = await turned(
        place.noa, listed, "Authorize Risk Transfer (12)", "Confirm 12", label=True
    )
    assert "Expected no-shows among them: 5" in body(asked)
    await turned(place.noa, asked, "Cancel", "Cancelled")


async def test_a_manager_sets_how_many_are_singled_out_and_finds_it_in_the_trail(
    place: Town,
) -> None:
    await place.noa.says("/settings")
    settings = await place.noa.sees("Singled out by chance")
    choosing = await turned(place.noa, settings, "Singled out by chance", "so many in each")
    asked = await turned(place.noa, choosing, "Cardiology · 5 a day", "5 a day, the default")
    done = await turned(place.noa, asked, "10", "Cardiology: 10 a day")
    back = await turned(place.noa, done, "‹ Departments", "Cardiology · 10 a day", label=True)
    await turned(place.noa, back, "‹ Settings", "Press a day")
    assert place.store.read_now(events).count("change capacity") == 1
    assert "change capacity" in SENTENCES
    await place.noa.says("/audit")
    await place.noa.sees("Noa had 10 appointments a day singled out by chance · Cardiology")


async def test_managers_ask_what_is_in_charge_and_whom_it_singles_out(place: Town) -> None:
    await place.noa.says("/model")
    told = await place.noa.sees("The rule is in charge")
    assert all_labels(told) == ["Refresh"]
    await place.noa.says("/fairness")
    fair = await place.noa.sees("No group has 30 past appointments with a chance yet")
    aged = await turned(place.noa, fair, "Age", "Fairness · by age")
    await turned(place.noa, aged, "Model", "The rule is in charge")
