"""Time travel: where the leaps of the demo's clock end."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.demo.server import Leap
from bot.demo.travel import arrival
from domain.days import Calendar

ZONE = ZoneInfo("Asia/Jerusalem")


@pytest.mark.parametrize(
    ("leap", "began", "ended"),
    [
        (Leap.HOUR, "2026-11-24 23:30", "2026-11-25 00:30"),
        (Leap.MORNING, "2026-11-24 23:30", "2026-11-25 07:30"),
        (Leap.MORNING, "2026-11-24 05:00", "2026-11-25 07:30"),
        (Leap.DAY, "2026-11-24 09:12", "2026-11-25 09:12"),
        (Leap.DAY, "2026-10-24 09:12", "2026-10-25 09:12"),  # clocks go back that night
    ],
)
def test_a_leap_ends_at_a_time_of_the_hmo(leap: Leap, began: str, ended: str) -> None:
    now = datetime.fromisoformat(began).replace(tzinfo=ZONE).astimezone(UTC)
    there = arrival(leap, now, Calendar(ZONE))
    assert there.tzinfo is UTC
    assert f"{there.astimezone(ZONE):%Y-%m-%d %H:%M}" == ended
