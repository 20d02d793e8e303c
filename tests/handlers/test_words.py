"""How figures, times and names are written."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.server.html_mode import parse_html
from domain.efficiency import Efficiency
from domain.monospace import width
from handlers import words
from tests.hmo import ZONE

NOW = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Efficiency(12, 351), "Efficiency Gain 3.42 % (12 ÷ 351)"),
        (Efficiency(80, 7561), "Efficiency Gain 1.06 % (80 ÷ 7,561)"),
        (Efficiency(0, 0), "Efficiency Gain – (0 ÷ 0)"),
        (Efficiency(5, 5), "Efficiency Gain 100.00 % (5 ÷ 5)"),
    ],
)
def test_the_gain_always_shows_both_numbers(figure: Efficiency, text: str) -> None:
    assert words.gain(figure) == text


def test_a_change_shows_the_gain_before_and_after() -> None:
    before = Efficiency(80, 7561)
    text = "Efficiency Gain 1.06 % → 2.12 % (160 ÷ 7,561)"
    assert words.gain_change(before, before.after(80)) == text
    assert words.gain_change(Efficiency(0, 0), Efficiency(0, 0)) == words.gain(Efficiency(0, 0))


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 appointments"), (1, "1 appointment"), (7561, "7,561 appointments")],
)
def test_a_count_has_separators_and_the_right_ending(number: int, text: str) -> None:
    assert words.count(number, "appointment") == text


def test_a_line_names_three_departments_and_a_text_about_one_person_all() -> None:
    names = ["Eyes", "Cardiology", "Skin", "Ears"]
    assert words.departments([]) == "all departments"
    assert words.departments(names) == "Cardiology, Ears, Eyes and 1 more"
    assert words.departments(names, words.ALL_NAMED) == "Cardiology, Ears, Eyes, Skin"
    many = [f"{number:02}" + "x" * 200 for number in range(99)]
    listed = words.departments(many, words.ALL_NAMED)
    assert listed.endswith(f"… and {99 - words.ALL_NAMED} more")
    assert len(listed) < 2_000


def test_several_matches_say_what_to_press_and_how_many_there_are() -> None:
    assert words.which(2, "name", '"an"') == '2 names match "an". Press the one you mean.'
    assert words.which(50, "name", '"o"').endswith("or type more: the first 20 stand here.")


def test_times_are_the_hmos_and_weekdays_are_named() -> None:
    assert words.short_moment(NOW, ZONE) == "Mon 23 Nov 23:30"
    assert words.full_moment(NOW, ZONE) == "Mon 23 Nov 2026 23:30"
    assert words.clock_time(NOW, ZONE, NOW) == "23:30"
    tomorrow = NOW + timedelta(minutes=30)
    assert words.clock_time(NOW, ZONE, tomorrow) == "Mon 23 Nov 23:30"
    assert words.clock_time(tomorrow, ZONE, tomorrow) == "00:00"


@given(st.text(max_size=60), st.integers(4, 40))
def test_a_cut_text_stands_on_one_line_and_fits(text: str, columns: int) -> None:
    cut = words.cut(text, columns)
    assert width(cut) <= columns
    assert len(cut.splitlines()) <= 1


def test_a_text_that_fits_stays_as_it_is_and_another_shows_that_it_goes_on() -> None:
    assert words.cut("Cardiology", 10) == "Cardiology"
    assert words.cut("Cardiology", 9) == "Cardiolo…"
    assert words.cut("Eye clinic", 5) == "Eye…"


@given(st.text(alphabet="<>&\"'/ab א;#3x", max_size=40))
def test_whatever_people_wrote_survives_html_and_nothing_of_it_is_a_tag(text: str) -> None:
    for made in (words.plain(text), words.bold(text), words.block([text])):
        shown, entities = parse_html(made)
        assert shown == text
        assert len(entities) <= 1
    assert unescape(words.plain(text)) == text


def test_a_quotation_stands_on_one_line() -> None:
    assert words.quoted(" no\n answer \t twice ") == '"no answer twice"'


@pytest.mark.parametrize(("days", "text"), [(1, "today"), (7, "next 7 days")])
def test_a_window_is_named(days: int, text: str) -> None:
    assert words.window(days) == text


def test_shares_stand_under_one_another_beside_names_of_any_length() -> None:
    lines = words.share_lines([("Eyes", 1, 41), ("漢字 " * 30, 999_999, 1_000_000)])
    assert lines[0].endswith("   2.44 %              1÷41")
    assert lines[1].endswith(" 100.00 % 999,999÷1,000,000")
    assert {width(line) for line in lines} == {words.WIDTH}


def test_a_long_name_on_a_button_leaves_room_for_what_stands_behind_it() -> None:
    assert words.label("Cardiology", "12 to call") == "Cardiology · 12 to call"
    long = words.label("Obstetrics and Gynaecology, Northern District", "3 of 12 reached")
    assert long.endswith("… · 3 of 12 reached")
    assert width(long) <= words.LABEL


@pytest.mark.parametrize(
    ("total", "appointments", "text"),
    [
        (1, 1, "1 proposal"),
        (2, 1, "2 proposals for 1 appointment"),
        (1204, 1200, "1,204 proposals for 1,200 appointments"),
    ],
)
def test_proposals_name_their_appointments_where_those_are_fewer(
    total: int, appointments: int, text: str
) -> None:
    assert words.proposals(total, appointments) == text


def test_the_way_to_one_proposal_is_not_counted() -> None:
    assert words.see_proposals(1) == "See the proposal"
    assert words.see_proposals(1204) == "See the 1,204"
