"""What was won back, in words that stand for all of it and fit a summary."""

import pytest

from domain.gains import Realised
from domain.people import Role
from handlers import won_back
from handlers.desk import Desk
from handlers.router import open_screen
from tests.handlers.desks import visit

FOUR = Realised(won=4, lost=1, minutes=140)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (FOUR, ["Won back 4 slots, 2.3 h in 30 days (5 filled, 1 did not come)"]),
        (
            Realised(won=1, collisions=1, unknown=3, minutes=-10, untimed=1),
            [
                "Won back 0 slots, −0.2 h and 1 of unknown length in 30 days "
                "(5 filled, 1 collision, 3 not known yet)"
            ],
        ),
        (Realised(won=1, minutes=30), ["Won back 1 slot, 0.5 h in 30 days (1 filled)"]),
        (Realised(kept=7), []),
    ],
)
def test_a_summary_tells_it_on_one_line_or_not_at_all(found: Realised, told: list[str]) -> None:
    assert won_back.summary_lines(found) == told


def test_in_full_the_figure_stands_with_its_operands_formula_and_parts() -> None:
    assert won_back.realised_lines(FOUR, 351, "last 7 days") == [
        "Realised gain 1.14 % (4 ÷ 351) · last 7 days",
        "(won back − collisions) ÷ scheduled × 100",
        "5 filled: 4 won back, 1 did not come; 2.3 h",
    ]
    lines = won_back.realised_lines(
        Realised(collisions=2, kept=1, kept_unknown=2), 100, "yesterday"
    )
    assert lines[0] == "Realised gain −2.00 % (−2 ÷ 100) · yesterday"
    assert lines[-1] == "Beside it: 1 patient confirmed and came, 2 not known yet"
    assert won_back.realised_lines(Realised(), 0, "yesterday")[0].startswith(
        "Realised gain – (0 ÷ 0)"
    )


def test_expected_no_shows_keep_a_figure_behind_the_point() -> None:
    assert won_back.expected_lines(4.1, 351)[0] == "Expected no-shows 1.17 % (4.1 ÷ 351)"
    assert won_back.expected_lines(None, 351) == []


async def test_the_three_numbers_stand_on_one_screen(desk: Desk) -> None:
    shown = (await open_screen(visit(desk, Role.STAFF), "gain:30.-.-:0")).text
    assert shown.startswith("<b>Efficiency Gain 0.00 % (0 ÷ 1)</b>\nNext 30 days")
    assert "Realised gain 0.00 % (0 ÷ 90) · last 30 days" in shown
    assert "1 filled: 0 won back, 1 did not come; 0.0 h" in shown
