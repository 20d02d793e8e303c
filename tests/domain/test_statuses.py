"""Statuses: FHIR's words, and what counts as what."""

from hypothesis import given
from hypothesis import strategies as st

from domain.statuses import ATTENDED, NOT_SCHEDULED, OUTCOMES, Status, status_known_at

FHIR = """
    proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist
"""


def test_the_words_are_those_of_fhir() -> None:
    assert {status.value for status in Status} == set(FHIR.split())


def test_nothing_is_both_attended_and_missed_or_left_out() -> None:
    assert ATTENDED | {Status.NOSHOW} == OUTCOMES
    assert Status.NOSHOW not in ATTENDED
    assert not OUTCOMES & NOT_SCHEDULED


@given(st.sampled_from(Status), st.booleans())
def test_the_future_has_no_outcome_and_everything_else_stays(status: Status, started: bool) -> None:
    known = status_known_at(status, started=started)
    assert started or known not in OUTCOMES
    assert known is (Status.BOOKED if status in OUTCOMES and not started else status)
    assert status_known_at(known, started=started) is known
