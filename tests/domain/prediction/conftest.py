"""What tests of prediction share: one record, and one model that learned from it."""

import pytest

from domain.prediction.training import Trained, train
from tests.clinic_record import Past, past_of, record


@pytest.fixture(scope="session")
def whole() -> Past:
    """A record of 60 days."""
    return past_of(record(3_000, 60))


@pytest.fixture(scope="session")
def past(whole: Past) -> Past:
    """All but its last fifteen days."""
    return whole.where(whole.days < whole.days.max() - 15)


@pytest.fixture(scope="session")
def later(whole: Past) -> Past:
    """Those last days."""
    return whole.where(whole.days >= whole.days.max() - 15)


@pytest.fixture(scope="session")
def trained(past: Past) -> Trained:
    """A model of the earlier days."""
    return train(past.features, past.outcomes, past.days, threads=1)
