"""A short soak, so that the long one (`make soak`) cannot rot."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.soak.clinic import clinic, postgresql, sqlite
from tests.soak.crowd import Answer
from tests.soak.soak import soak
from tests.soak.verdict import deed_of


@pytest.mark.parametrize("database", [sqlite, postgresql], ids=["sqlite", "postgresql"])
async def test_nothing_is_lost_and_nothing_doubled_while_the_bot_is_killed(
    tmp_path: Path, database: Callable[[Path], AbstractContextManager[str]]
) -> None:
    with database(tmp_path) as url:
        async with clinic(tmp_path, url, 8) as place:
            verdict = await soak(place, seconds=12, seed=7)
    assert verdict.problems == []
    assert int(verdict.figures["lives of the bot"]) >= 3
    assert int(verdict.figures["decisions answered"]) > 0


@pytest.mark.parametrize(
    ("data", "words", "deed"),
    [
        ("act:yes:7:proposal:7", "Authorized.", ("authorize", 5, "action 7")),
        ("act:ask:9:t:-", "Proposed. 2 managers told.", ("propose", 5, "appointment 9")),
        ("confirm:3", "Authorized 12.", ("authorize batch", 5, "batch 3")),
        ("called:9:n:calls:1:0", "Noted: no answer.", ("call", 5, "appointment 9")),
        ("excuse:8:o:0:9:-", "Excused. P-7K3MQD stays high-risk.", ("correct", 5, "appointment 8")),
        ("act:yes:7:proposal:7", "Nothing changed: already authorized 08:15 by Noa.", None),
        ("risk:7.-.-:0", "", None),
    ],
)
def test_an_answer_claims_what_it_says(
    data: str, words: str, deed: tuple[str, int, str] | None
) -> None:
    assert deed_of(Answer(5, data, words)) == deed
