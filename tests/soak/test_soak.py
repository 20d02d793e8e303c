"""A short soak, so that the long one (`make soak`) cannot rot."""

from pathlib import Path

import pytest

from tests.soak.clinic import clinic, postgresql
from tests.soak.crowd import Answer
from tests.soak.decisions import deed_of
from tests.soak.soak import Enough, soak

A_LITTLE = Enough(decisions=3, deaths=2, imports=1, spells=2)


async def test_nothing_is_lost_and_nothing_doubled_while_all_goes_wrong(tmp_path: Path) -> None:
    """With two bots on one PostgreSQL; the long one does the same with one bot on SQLite."""
    with postgresql(tmp_path) as url:
        async with clinic(tmp_path, url, 10) as place:
            verdict = await soak(place, seconds=2, seed=7, enough=A_LITTLE)
    assert verdict.problems == []
    assert verdict.figures["decisions answered"] > 0
    assert verdict.figures["pushes delivered"] > 0


@pytest.mark.parametrize(
    ("data", "words", "deed"),
    [
        ("act:yes:7:proposal:7", "Authorized.", ("authorize", 5, "action 7")),
        ("act:ask:9:t:-", "Proposed. 2 managers told.", ("propose", 5, "appointment 9")),
        ("confirm:3", "Authorized 12.", ("authorize batch", 5, "batch 3")),
        ("called:9:n:calls:1:0", "Noted: no answer.", ("call", 5, "appointment 9")),
        ("excuse:8:o:0:9:-", "Excused. P-7K3MQD stays high-risk.", ("correct", 5, "appointment 8")),
        ("setrole:3:staff:0", "Now staff.", ("change role", 5, "person 3")),
        ("makelink:4", "The link stands below.", ("invite", 5, "invitation 4")),
        ("drop:6:0", "Dropped.", ("drop delivery", 5, "push 6")),
        ("act:yes:7:proposal:7", "Nothing changed: already authorized 08:15 by Noa.", None),
        ("risk:7.-.-:0", "", None),
    ],
)
def test_an_answer_claims_what_it_says(
    data: str, words: str, deed: tuple[str, int, str] | None
) -> None:
    assert deed_of(Answer(5, data, words)) == deed
