"""The trail in words: a sentence for every event, and nothing of what anybody typed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import CallOutcome
from domain.corrections import Excuse
from domain.people import Right, Role
from domain.pushes import PushKind
from domain.transfers import Act, Kind
from handlers.audit_words import SENTENCES, sentence
from storage.trail import TrailRow
from tests.conftest import MONDAY_MORNING

ROOT = Path(__file__).parents[2]
ROW = TrailRow(MONDAY_MORNING, "authorize", "Noa", None, "Eyes", "P-7K3MQD")

words = st.sampled_from(
    [*Kind, *PushKind, *Role, *Right, *CallOutcome, *Excuse, "Mrs. Levi", "", "{who}"]
)
details = st.dictionaries(
    st.sampled_from(
        ["kind", "role", "right", "outcome", "reason", "done", "size", "rows", "model", "month"]
    ),
    words | st.integers(0, 10**9) | st.none() | st.lists(words, max_size=2),
)


@pytest.mark.parametrize(
    ("event", "detail", "said"),
    [
        ("propose", {"kind": "transfer"}, "Noa proposed a transfer"),
        ("undo", {"kind": "proactive"}, "Noa undid a call"),
        ("authorize batch", {"done": 1204}, "Noa authorized a batch: 1,204 appointments"),
        ("undo batch", {"done": 1}, "Noa undid a batch: 1 appointment"),
        ("import", {"rows": 1204, "rejected": 3}, "Noa imported a file: 1,204 rows, 3 rejected"),
        (
            "import",
            {"rows": 150, "rejected": 0, "kind": "waitlist"},
            "Noa imported a waitlist file: 150 rows, 0 rejected",
        ),
        ("join", {"role": "manager"}, "Noa joined as manager"),
        ("refused", {"right": "decide"}, "Noa was refused: may not authorize or decline"),
        ("call", {"outcome": "no-answer"}, "Noa called: no answer"),
        ("correct", {"reason": "came-late"}, "Noa excused a no-show: came late"),
        ("suspend", {}, "Noa suspended Dana"),
        ("start trial", {"share": 20}, "Noa started a trial of reminders: 20 % without one"),
        ("model activated", {"model": "2016-05-29-1"}, "Noa put 2016-05-29-1 in charge of chances"),
        ("model activated", {"model": None}, "Noa put the rule in charge of chances"),
        (
            "model drifted",
            {"month": "2026-10-01"},
            "Noa found that chances were off in October 2026",
        ),
        ("brew tea", {"kind": "green"}, "Noa: brew tea"),
    ],
)
def test_an_event_reads_as_a_sentence(event: str, detail: dict[str, object], said: str) -> None:
    assert sentence(replace(ROW, event=event, detail=detail, whom="Dana")) == said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("import", "The command line imported a file: some rows, some rejected"),
        ("export references", "The command line exported who each reference is"),
        ("stranger refused", "A stranger was turned away"),
        ("delivery failed", "Slotwise could not deliver a message to somebody"),
        ("anonymise", "Slotwise anonymised patients whose time was up"),
        ("brew tea", "Slotwise: brew tea"),
    ],
)
def test_what_no_member_did_is_told_too(event: str, said: str) -> None:
    assert sentence(replace(ROW, event=event, who=None)) == said


@given(st.sampled_from([*SENTENCES, "something new"]), details)
def test_no_detail_but_known_words_and_numbers_gets_into_a_sentence(
    event: str, detail: dict[str, object]
) -> None:
    said = sentence(replace(ROW, event=event, detail=detail))
    assert "Levi" not in said
    assert "{" not in said
    assert len(said.splitlines()) == 1


def test_every_event_that_the_code_records_has_a_sentence() -> None:
    """By their names in the calls; those that are named by a constant are tried elsewhere."""
    recorded = {act.value for act in Act}
    for room in ("handlers", "storage", "bot"):
        for file in (ROOT / room).rglob("*.py"):
            for call in re.split(r"audit\.(?:record|entry)\(", file.read_text())[1:]:
                words_ = call.split('"')
                if len(words_) > 1 and words_[0].split("session,")[-1].strip() == "":
                    recorded.add(words_[1])
    assert {"import", "undo call", "suspend"} < recorded
    assert recorded <= set(SENTENCES)
