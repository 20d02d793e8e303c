"""What people see of chances: marks, reasons, what is expected, and what is in charge."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.people import Refused, Role
from handlers import capacity, chances
from handlers.addresses import split
from handlers.desk import Desk
from handlers.router import ACTS, open_screen
from handlers.screens import Answer, Screen, Visit
from storage import risk, watching
from storage.rescoring import USUAL_CAPACITY
from storage.store import Store
from storage.tables import AuditEntry
from storage.watching import Watched
from tests.chances import put_in_charge, score
from tests.handlers.desks import desk_at
from tests.hmo import Hmo, join


class Knows:
    """Has two reasons for everything."""

    async def reasons(self, _appointment_id: int) -> list[str]:
        return ["booked 41 days ahead", "many no-shows in Ears & <eyes> lately"]


class NeverAnswers:
    """Still thinks when nobody waits any more."""

    async def reasons(self, _appointment_id: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
def desk(
    sqlite_store: Store, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """Two high-risk appointments, one that is not, and 400 past visits."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    hmo = Hmo(clock.now())
    hmo.regular("often", 3, coming=1)
    hmo.regular("twice", 2, coming=2)
    hmo.regular("calm", 0, coming=2, department="Ears & <eyes>")
    for number in range(400):
        status = "noshow" if number % 5 == 0 else "fulfilled"
        hmo.visit(f"past{number}", -2 - number % 60, status, age=(25, 45, 85)[number % 3])
    hmo.load(sqlite_store)
    with desk_at(sqlite_store, clock, tmp_path) as found:
        yield replace(found, predictor=Knows(), audit_groups=("Scholarship",))


def enter(desk: Desk, role: Role, name: str, *departments: str) -> Visit:
    number = {"Noa": 1, "Root": 2, "Dana": 3, "Avi": 4}[name]
    return Visit(desk, join(desk.store, role, number, name, desk.clock.now(), departments))


async def press(here: Visit, address: str) -> Answer:
    word, arguments = split(address)
    return await ACTS[word](here, arguments)


def labels(screen: Screen) -> list[str]:
    return [button.text for row in screen.buttons for button in row]


def all_likely(session: Session) -> None:
    """Everybody has a chance, and one is singled out for it."""
    score(session, 414)
    score(session, 588, picked=True, prior_no_shows=0)


async def card_of(here: Visit, place: int) -> Screen:
    listed = await open_screen(here, "risk:7.-.-:0")
    return await open_screen(here, str(listed.buttons[0][place].callback_data))


async def test_without_a_model_nothing_is_said_of_chances(desk: Desk) -> None:
    dana, noa = enter(desk, Role.STAFF, "Dana"), enter(desk, Role.MANAGER, "Noa")
    listed = await open_screen(dana, "risk:7.-.-:0")
    assert "Most earlier no-shows (×) first" in listed.text
    assert "%" not in listed.text.split("<pre>")[1]
    assert "chance" not in (await card_of(dana, 0)).text
    assert "Expected" not in (await open_screen(dana, "summary")).text
    assert "Expected" not in (await press(noa, "draft:2:risk:7.-.-:0")).screen.text
    assert "Expected no-shows" not in labels(await open_screen(noa, "heat:90:rate:-"))
    asked = await open_screen(noa, "heat:7:expected:-")
    assert "No model is in charge" in asked.text


async def test_the_list_shows_both_marks_and_who_is_listed_for_the_chance_alone(
    desk: Desk,
) -> None:
    desk.store.write_now(all_likely)
    listed = await open_screen(enter(desk, Role.STAFF, "Dana"), "risk:7.-.-:0")
    assert "Most likely no-shows first (× earlier no-shows, % chance)" in listed.text
    rows = listed.text.split("<pre>")[1].splitlines()[::2]
    assert [row.split()[2:4] for row in rows] == [["0×", "59%"], ["3×", "41%"], ["2×", "41%"]]
    assert "Ears &amp; &lt;eyes&gt;" in listed.text


async def test_an_empty_list_says_both_ways_to_be_on_it(desk: Desk) -> None:
    listed = await open_screen(enter(desk, Role.STAFF, "Dana"), "risk:1.-.-:0")
    assert "is high-risk, be it by 2 or more earlier no-shows or by its chance" in listed.text


async def test_a_card_says_what_the_chance_means_and_why(desk: Desk) -> None:
    desk.store.write_now(all_likely)
    told = (await card_of(enter(desk, Role.STAFF, "Dana"), 0)).text
    assert "\nNo-show chance 59 %: about 6 of 10 like this one do not come\n" in told
    assert "\n· booked 41 days ahead\n· many no-shows in Ears &amp; &lt;eyes&gt; lately\n" in told


async def test_a_card_does_not_wait_for_reasons_that_do_not_come(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chances, "PATIENCE", 0.01)
    desk.store.write_now(all_likely)
    told = (
        await card_of(enter(replace(desk, predictor=NeverAnswers()), Role.STAFF, "Dana"), 0)
    ).text
    assert "No-show chance 59 %" in told
    assert "· booked 41" not in told


async def test_what_has_begun_has_no_chance_any_more(desk: Desk, clock: HandClock) -> None:
    desk.store.write_now(all_likely)
    dana = enter(desk, Role.STAFF, "Dana")
    card = await card_of(dana, 1)
    clock.move(timedelta(days=3))
    assert "No-show chance" in card.text
    assert "No-show chance" not in (await open_screen(dana, card.address)).text


async def test_a_card_says_what_it_takes_to_be_high_risk(desk: Desk) -> None:
    dana = enter(desk, Role.STAFF, "Dana")
    desk.store.write_now(lambda session: score(session, 588, picked=True, prior_no_shows=0))
    card = await card_of(dana, 0)
    desk.store.write_now(score, 0)
    told = (await open_screen(dana, card.address)).text
    assert told.splitlines()[-3] == "Not high-risk: that takes 2 earlier no-shows"
    desk.store.write_now(score, 96)
    told = (await open_screen(dana, card.address)).text
    assert "takes 2 earlier no-shows, or a place among the 5 most likely of the day\n" in told


async def test_a_proposal_shows_both_marks(desk: Desk) -> None:
    desk.store.write_now(all_likely)
    dana, noa = enter(desk, Role.STAFF, "Dana"), enter(desk, Role.MANAGER, "Noa")
    await press(
        dana,
        (await card_of(dana, 0)).address.replace("card:", "act:ask:", 1).split(":risk")[0] + ":t:-",
    )
    waiting = await open_screen(noa, "pending:0")
    assert "Oldest first; × = earlier no-shows, % = chance" in waiting.text
    assert "  0×  59%  " in waiting.text
    assert "0× no-show, chance 59 %" in (await open_screen(noa, "proposal:1")).text


async def test_a_call_list_shows_both_marks(desk: Desk, clock: HandClock) -> None:
    desk.store.write_now(all_likely)
    clock.move(timedelta(hours=20))
    opened = await press(enter(desk, Role.STAFF, "Dana"), "callopen:1")
    assert "Most likely no-shows first" in opened.screen.text
    assert "  3×  41%" in opened.screen.text


async def test_what_is_expected_stands_in_summaries_and_in_the_batch(desk: Desk) -> None:
    desk.store.write_now(all_likely)
    dana, noa = enter(desk, Role.STAFF, "Dana"), enter(desk, Role.MANAGER, "Noa")
    for here in (dana, noa):
        told = (await open_screen(here, "summary")).text
        assert "\nExpected no-shows among them: fewer than 1 tomorrow\n" in told
    asked = await press(noa, "draft:3:risk:7.-.-:0")
    assert "\nExpected no-shows among them: 1\n" in asked.screen.text
    await press(noa, "confirm:1")
    assert "Expected" not in (await open_screen(noa, "batch:1")).text


async def test_with_a_model_the_heatmap_looks_ahead_too(desk: Desk) -> None:
    noa = enter(desk, Role.MANAGER, "Noa")
    desk.store.write_now(put_in_charge, desk.clock.now())
    shown = await open_screen(noa, "heat:180:share:1")
    ahead = next(b for row in shown.buttons for b in row if b.text == "Expected no-shows")
    assert ahead.callback_data == "heat:7:expected:1"
    empty = await open_screen(noa, "heat:7:expected:-")
    assert "No coming appointment with a chance in all departments" in empty.text
    assert {"• Expected no-shows", "• Next 7 d", "Next 14 d", "Next 30 d"} <= set(labels(empty))
    assert empty.buttons[0][0].callback_data == "heat:90:rate:-"
    desk.store.write_now(all_likely)
    few = await open_screen(noa, "heat:7:expected:-")
    assert "Expected no-shows · all departments" in few.text
    assert "Too few appointments to show" in few.text


async def test_a_manager_chooses_how_many_are_singled_out_and_a_second_press_changes_nothing(
    desk: Desk,
) -> None:
    noa = enter(desk, Role.MANAGER, "Noa")
    assert "Singled out by chance" in labels(await open_screen(noa, "settings"))
    choosing = await open_screen(noa, "capacities:0")
    assert labels(choosing)[:2] == ["Cardiology · 5 a day", "Ears & <eyes> · 5 a day"]
    assert "No model is in charge now" in choosing.text
    key = next(
        k for k, name in desk.store.read_now(risk.departments).items() if name != "Cardiology"
    )
    asked = await open_screen(noa, f"capacity:{key}:0")
    assert "Ears &amp; &lt;eyes&gt;: 5 a day, the default" in asked.text
    assert labels(asked)[:5] == ["0", "3", "• 5", "10", "20"]
    first = await press(noa, f"setcapacity:{key}:0:0")
    again = await press(noa, f"setcapacity:{key}:0:0")
    assert (first.toast, again.toast) == ("0 a day. Lists follow shortly.", None)
    assert "Nobody is listed for a chance alone here" in again.screen.text
    assert recorded(desk, "change capacity") == 1
    trail = await open_screen(noa, "audit:-:-:-:0")
    assert "Noa had 0 appointments a day singled out by chance" in trail.text


async def test_a_limited_manager_chooses_for_their_own_departments_alone(desk: Desk) -> None:
    avi = enter(desk, Role.MANAGER, "Avi", "Cardiology")
    assert labels(await open_screen(avi, "capacities:0")) == ["Cardiology · 5 a day", "‹ Settings"]
    other = next(
        k for k, name in desk.store.read_now(risk.departments).items() if name != "Cardiology"
    )
    with pytest.raises(Refused):
        await press(avi, f"setcapacity:{other}:3:0")
    assert recorded(desk, "change capacity") == 0
    assert (
        "Singled out" not in (await open_screen(enter(desk, Role.STAFF, "Dana"), "settings")).text
    )


async def test_while_the_rule_is_in_charge_it_is_said_how_a_model_comes(desk: Desk) -> None:
    root = enter(desk, Role.ADMIN, "Root")
    told = await open_screen(root, "model")
    assert told.text.startswith("<b>The rule is in charge</b>")
    assert "python -m bot train" in told.text
    assert labels(told) == ["Refresh"]
    assert "nothing to draw" in (await open_screen(root, "chart:gain")).text


async def test_a_model_is_told_in_words_a_manager_understands(desk: Desk) -> None:
    noa, root = enter(desk, Role.MANAGER, "Noa"), enter(desk, Role.ADMIN, "Root")
    desk.store.write_now(put_in_charge, desk.clock.now(), "2026-11-22-1", root.member.id)
    told = await open_screen(noa, "model")
    assert told.text.splitlines()[:2] == [
        "<b>The model 2026-11-22-1 is in charge</b>",
        "since Mon 23 Nov 2026 08:00, by Root",
    ]
    assert "Learned from 88,208 appointments of 24 Nov 2025 – 22 Nov 2026" in told.text
    assert "\nOf 100 called, 45 would have stayed away; by the rule 32\n" in told.text
    assert labels(told) == ["Calibration", "Gain", "What counts", "Fairness", "Refresh"]
    gain = await open_screen(noa, "chart:gain")
    assert "Calling the 20 % most likely reaches 45 % of all no-shows." in gain.text
    counts = await open_screen(noa, "chart:weights")
    assert "how long ahead it was booked   52%" in counts.text


@pytest.mark.parametrize(
    ("problem", "is_enough", "verdict"),
    [
        (None, True, "All within the band."),
        ("the order is hardly better than guessing", True, "Out of the band: the order is hardly"),
        (None, False, "Too few to say whether that is within the band."),
    ],
)
async def test_the_latest_month_of_chances_is_told_with_whether_it_is_within_the_band(
    desk: Desk, problem: str | None, is_enough: bool, verdict: str
) -> None:
    noa = enter(desk, Role.MANAGER, "Noa")
    desk.store.write_now(put_in_charge, desk.clock.now())
    assert "Chances of" not in (await open_screen(noa, "model")).text
    seen = Watched("2026-10-01", 3214, problem, is_enough, 0.121, 0.13, 0.7149, 0.98)
    desk.store.write_now(watching.note, seen, 1, desk.clock.now())
    told = (await open_screen(noa, "model")).text
    assert (
        "Chances of October 2026, 3,214 outcomes:\n"
        "12.1 % foretold, 13.0 % stayed away; AUC 0.71, calibration slope 0.98\n"
        f"{verdict}"
    ) in told


async def test_a_month_of_which_nothing_is_known_is_not_told(desk: Desk) -> None:
    desk.store.write_now(put_in_charge, desk.clock.now())
    desk.store.write_now(watching.note, Watched("2026-10-01", 0, None), 1, desk.clock.now())
    told = await open_screen(enter(desk, Role.MANAGER, "Noa"), "model")
    assert "October" not in told.text


async def test_a_roll_back_asks_once_and_a_second_press_goes_no_further(desk: Desk) -> None:
    noa, root = enter(desk, Role.MANAGER, "Noa"), enter(desk, Role.ADMIN, "Root")
    for name in ("first", "second"):
        desk.store.write_now(put_in_charge, desk.clock.now(), name)
    asked = await open_screen(root, "rollback:2")
    assert "In charge now: the model second\nThen: the model first\n" in asked.text
    with pytest.raises(Refused):
        await press(noa, "rollbacknow:2")
    first, again = await press(root, "rollbacknow:2"), await press(root, "rollbacknow:2")
    assert first.toast == "Rolled back."
    assert again.toast == "Nothing changed: something else is in charge by now."
    for answer in (first, again):
        assert "The model first is in charge" in answer.screen.text
        assert "by Root" in answer.screen.text
    assert recorded(desk, "model activated") == 3
    assert "The model first is in charge" in (await open_screen(root, "rollback:2")).text


async def test_the_first_model_is_rolled_back_to_the_rule(desk: Desk) -> None:
    root = enter(desk, Role.ADMIN, "Root")
    desk.store.write_now(put_in_charge, desk.clock.now())
    assert "Then: the rule alone" in (await open_screen(root, "rollback:1")).text
    told = (await press(root, "rollbacknow:1")).screen
    assert "The rule is in charge</b>\nsince Mon 23 Nov 2026 08:00, by Root" in told.text
    assert "Trained last: 2026-11-22-1, not in charge" in told.text


def test_the_numbers_to_choose_from_hold_the_usual_one() -> None:
    assert USUAL_CAPACITY in capacity.CHOICES


def recorded(desk: Desk, event: str) -> int:
    def work(session: Session) -> int:
        return session.scalar(select(func.count()).where(col(AuditEntry.event) == event)) or 0

    return desk.store.read_now(work)
