"""What a refused person reads: who can do what they tried."""

import pytest

from domain.people import Refused, Right, Role
from handlers.desk import Desk
from handlers.router import open_screen, refusal_words
from tests.handlers.desks import BATCH, visit


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("department", [None, "Eyes & ears"])
def test_a_refusal_says_who_can_whatever_was_refused(right: Right, department: str | None) -> None:
    said = refusal_words(Refused(right, department))
    assert said.startswith("Only ")
    assert "{" not in said
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (Refused(Right.DECIDE, "Eyes"), "Only managers of Eyes can decide about this."),
        (Refused(Right.DECIDE), "Only managers can decide about this."),
        (Refused(Right.SEE, "Eyes"), "Only people with access to Eyes can see this."),
        (Refused(Right.SEE), "Only people with access to that department can see this."),
        (Refused(Right.CALL), "Only staff and managers can see call lists and note calls."),
    ],
)
def test_a_refusal_names_the_department_where_it_is_about_one(refusal: Refused, said: str) -> None:
    assert refusal_words(refusal) == said


async def test_a_batch_of_somebody_else_is_refused_in_words_true_for_a_manager(desk: Desk) -> None:
    someone_else = visit(desk, Role.STAFF)
    with pytest.raises(Refused) as refusal:
        await open_screen(someone_else, f"batch:{BATCH}")
    assert refusal_words(refusal.value) == (
        "Only the manager who began this batch can decide about this."
    )
