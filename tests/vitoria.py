"""The real appointments of Vitória, taken in through the product, and the model judged by them.

The file does not come with the project: it lies in `../shared/data`, or in the folder that
`SLOTWISE_TEST_DATA` names.
"""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bot.prediction.records import number_of, read_records
from domain.days import Calendar
from domain.prediction.judging import Judgement, judge
from domain.prediction.training import MOST_ROWS, train
from storage.feeds.importing import import_file
from storage.feeds.mapping import read_mapping
from storage.feeds.report import ImportReport
from storage.store import Store

FILE: Final = (
    Path(os.environ.get("SLOTWISE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    / "noshow_vitoria_2016.csv.gz"
)
MISSING: Final = f"{FILE.name} is not in {FILE.parent}; SLOTWISE_TEST_DATA names another folder"
CALENDAR: Final = Calendar(ZoneInfo("UTC"))
AFTERWARDS: Final = datetime(2016, 7, 1, tzinfo=UTC)
"""All outcomes are known."""
TESTED_FROM: Final = date(2016, 5, 23)
"""The days from this one on are kept from the model until it is judged by them."""

_RULE: Final = 2
"""Earlier no-shows by which the rule flags."""

needs_the_file = pytest.mark.skipif(not FILE.exists(), reason=MISSING)


def take_in(store: Store, rejects: Path, now: datetime = AFTERWARDS) -> ImportReport:
    """Import the file by the preset that is made for it, as of a moment."""
    return import_file(
        store,
        FILE,
        name=FILE.name,
        mapping=read_mapping(["vitoria-2016"]),
        calendar=CALENDAR,
        now=now,
        chance=np.random.default_rng(2016),
        rejects=rejects,
    )


def judged(store: Store) -> Judgement:
    """How good the model is on the later days if it learns from the earlier ones alone."""
    whole = store.read_now(read_records, CALENDAR, AFTERWARDS.date(), MOST_ROWS)
    is_past = whole.days < number_of(TESTED_FROM)
    past, later = whole.of(is_past), whole.of(~is_past)
    model = train(past.features, past.outcomes, past.days, threads=1).model
    return judge(
        later.outcomes,
        model.chances(later.features),
        ahead=later.ahead,
        flagged=later.flagged(_RULE),
        constant=float(past.outcomes.mean()),
    )
