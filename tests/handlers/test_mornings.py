"""The daily summary as a caption, and its words."""

from dataclasses import dataclass, replace

import pytest
from sqlmodel import Session
from telegram.constants import MessageLimit

from bot.demo.server.html_mode import parse_html
from bot.demo.server.utf16 import units
from domain.efficiency import Efficiency
from domain.gains import Realised
from domain.mornings import EVERY_DAY
from domain.people import Role
from handlers import won_back, words
from handlers.desk import ChartRequest, Desk, HeatmapRequest, IdleHoursRequest
from handlers.router import open_screen
from storage.tables import DailyCount, Department
from tests.handlers.desks import visit


@dataclass
class Painter:
    """Makes the same picture of everything."""

    async def heatmap(self, request: HeatmapRequest) -> bytes | str:  # noqa: ARG002
        return "AgACAgI"

    async def chart(self, request: ChartRequest) -> bytes | str:
        raise NotImplementedError

    async def idle_hours(self, request: IdleHoursRequest) -> bytes | str:  # noqa: ARG002
        return "AgACAgI"

    def remember(self, key: tuple[object, ...], file_id: str) -> None:
        raise NotImplementedError

    def forget(self, key: tuple[object, ...]) -> None:
        raise NotImplementedError


async def test_under_a_picture_the_longest_summary_fits_a_caption(desk: Desk) -> None:
    now, calendar = desk.clock.now(), desk.house.calendar

    def work(session: Session) -> None:
        session.add(Department(id=7, name="<&👩‍⚕️>" * 33))
        session.flush()
        for back in range(1, 15):
            day = calendar.back(now, back).first
            session.add(
                DailyCount(
                    day=day,
                    department_id=7,
                    age_group=8,
                    scheduled=987_654_321 - back,
                    actioned=876_543_210,
                    attended=7_654_321,
                    no_shows=87_654_321,
                )
            )

    await desk.store.write(work)
    here = visit(replace(desk, pictures=Painter()), Role.MANAGER)
    screen = await open_screen(here, "summary")
    assert screen.picture is not None
    assert screen.picture.content == "AgACAgI"
    won = Realised(9_999, 999, 9_999, 9_999, minutes=599_999, untimed=9_999)
    more = len("\n".join(["", *won_back.summary_lines(won)]))
    assert units(parse_html(screen.text)[0]) + more <= MessageLimit.CAPTION_LENGTH
    assert "Highest no-show rate, last 90 days: &lt;&amp;" in screen.text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (Efficiency(0, 100), Efficiency(1, 200), "▲ up 0.50"),
        (Efficiency(1, 200), Efficiency(0, 100), "▼ down 0.50"),
        (Efficiency(1, 100), Efficiency(2, 200), "= unchanged"),
        (Efficiency(0, 0), Efficiency(2, 200), ""),
        (Efficiency(1, 3), Efficiency(0, 0), ""),
    ],
)
def test_a_trend_is_a_mark_and_a_word(before: Efficiency, after: Efficiency, text: str) -> None:
    assert words.trend(before, after) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (EVERY_DAY, "every day"),
        (0b100_1111, "Sun–Thu"),
        (0b001_1111, "Mon–Fri"),
        (0b110_0001, "Sat–Mon"),
        (0b110_0000, "Sat, Sun"),
        (0b000_0101, "Mon, Wed"),
        (0b101_1111, "Sun–Fri"),
        (0b001_0000, "Fri"),
    ],
)
def test_weekdays_in_a_row_are_told_as_such(days: int, text: str) -> None:
    assert words.weekdays(days) == text


@pytest.mark.parametrize(("minute", "text"), [(0, "00:00"), (450, "07:30"), (1439, "23:59")])
def test_a_minute_of_the_day_is_told_as_a_time(minute: int, text: str) -> None:
    assert words.minute_of_day(minute) == text
