"""Features: what they count, that nothing of the future moves them, and gaps in the record."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.prediction.features import FAMILIES, FEATURES, features
from domain.prediction.recent import Recent
from domain.prediction.visits import COLUMNS, DAY, Ints, at_booking, evening_before, visits
from tests.clinic_record import record

MONDAY = 20_605 * DAY  # 1 June 2026
NINE = 9 * 3600

Row = dict[str, float]


def visit(**other: float) -> Row:
    """Patient 1 at Monday 09:00, booked ten days before at 08:00, unless said otherwise."""
    usual = {"patient": 1, "department": 1, "clinician": 1, "start": MONDAY + NINE, "age": 40}
    row = usual | {"reminder": 0, "outcome": np.nan} | other
    booked = row["start"] // DAY * DAY - 10 * DAY + 8 * 3600
    return {"appointment": 1, "booked": booked} | row


def before(days: int, outcome: float, **other: float) -> Row:
    """A visit so many days before that Monday."""
    return visit(start=MONDAY - days * DAY + NINE, outcome=outcome, **other)


def frame_of(*rows: Row) -> pd.DataFrame:
    frame = visits({name: [row[name] for row in rows] for name in COLUMNS})
    frame["appointment"] = np.arange(len(frame))
    return frame


def seen(*rows: Row) -> "pd.Series[float]":
    """Features of the first row on the evening before, where all the rows are known."""
    known = frame_of(*rows)
    target = known.iloc[:1]
    return features(target, evening_before(target), known, Recent.of(known)).iloc[0]


def test_each_feature_belongs_to_one_family() -> None:
    assert len(FEATURES) == len(set(FEATURES)) == sum(map(len, FAMILIES.values())) == 25
    assert not {"sex", "gender"} & set(FEATURES)


def test_booking_and_time_are_told_by_the_clock_on_the_wall() -> None:
    found = seen(visit(reminder=1))
    assert found[["lead", "weekday", "hour", "booked_weekday", "booked_hour"]].tolist() == [
        *(10, 0, 9, 4, 8)
    ]
    assert found["age"] == 40
    assert found["reminder"] == 1


def test_history_counts_visits_and_misses_with_the_last_one_and_its_run() -> None:
    found = seen(visit(), before(30, 0), before(20, 1), before(5, 1), before(40, 0, patient=2))
    assert found[["visits", "misses", "missed_last", "days_since", "misses_in_a_row"]].tolist() == [
        *(3, 2, 1, 5, 2)
    ]
    assert found[["visits_ahead", "misses_ahead"]].tolist() == [3, 2]


def test_rates_are_drawn_to_what_is_usual_as_by_four_visits() -> None:
    usual = (2 + 500 * 0.2) / (3 + 500)
    found = seen(visit(), before(30, 0), before(20, 1), before(5, 1))
    assert found["miss_rate"] == pytest.approx((2 + 4 * usual) / (3 + 4))
    usual_ahead = (2 + 500 * 0.28) / (3 + 500)
    assert found["miss_rate_ahead"] == pytest.approx((2 + 4 * usual_ahead) / (3 + 4))
    assert found["excess"] == pytest.approx((2 - 3 * usual_ahead) / (3 + 4))


def test_other_bookings_are_counted_around_the_day() -> None:
    booked = MONDAY - 10 * DAY + 8 * 3600
    found = seen(
        visit(),
        visit(start=MONDAY + 15 * 3600),
        before(3, np.nan, booked=booked),
        before(7, 0, booked=booked - 2 * DAY),
        visit(start=MONDAY + 2 * DAY, booked=booked + 30),
        visit(start=MONDAY + 20 * DAY, booked=booked + 3600),
    )
    names = ["others_that_day", "others_week_before", "others_week_after", "open_bookings"]
    assert found[names].tolist() == [1, 2, 1, 3]
    assert found[["booked_that_day", "booked_together"]].tolist() == [5, 4]


def test_departments_and_clinicians_are_compared_with_all_others_of_late() -> None:
    worse = [before(5, 1, patient=9, department=1, clinician=1)] * 100
    better = [before(5, 0, patient=9, department=2, clinician=2)] * 100
    long_ago = [before(40, 1, patient=9, department=2, clinician=2)] * 100
    found = seen(visit(), *worse, *better, *long_ago)
    usual = (100 + 500 * 0.2) / (200 + 500)
    assert found["department_rate"] == pytest.approx((100 + 200 * usual) / 300 - usual)
    assert found["clinician_rate"] == pytest.approx((100 + 100 * usual) / 200 - usual)
    found = seen(visit(department=2, clinician=2), *worse, *better, *long_ago)
    assert found["department_rate"] < 0
    assert found["clinician_rate"] < 0


def test_an_empty_history_gives_what_is_usual_and_nothing_else() -> None:
    found = seen(visit())
    assert found[["visits", "misses", "misses_in_a_row", "open_bookings"]].tolist() == [0] * 4
    assert found[["missed_last", "days_since"]].isna().all()
    assert found["miss_rate"] == pytest.approx(0.2)
    assert found[["department_rate", "clinician_rate"]].tolist() == [0, 0]


def test_departments_and_clinicians_never_seen_are_like_any_other() -> None:
    found = seen(visit(department=77, clinician=99), before(5, 1), before(9, 0))
    assert found[["department_rate", "clinician_rate"]].tolist() == pytest.approx([0, 0])
    assert np.isnan(seen(visit(clinician=-1), before(5, 1))["clinician_rate"])


def test_what_is_unknown_stays_unknown() -> None:
    found = seen(
        visit(booked=np.nan, age=np.nan, reminder=np.nan), before(5, 1, booked=np.nan), visit()
    )
    unknown = ["lead", "booked_weekday", "booked_hour", "age", "reminder", "booked_that_day"]
    assert found[[*unknown, "booked_together"]].isna().all()
    assert found[["visits", "misses", "visits_ahead"]].tolist() == [1, 1, 1]
    assert found["others_that_day"] == 1
    assert np.isnan(seen(visit(age=140))["age"])
    assert np.isnan(seen(visit(age=-1))["age"])


def test_no_appointments_have_no_features() -> None:
    none = frame_of(visit()).iloc[:0]
    found = features(none, evening_before(none), none, Recent.of(none))
    assert found.shape == (0, len(FEATURES))


def test_a_date_of_decades_ago_and_large_keys_mislead_nobody() -> None:
    patient = 2_000_000_000
    rows = (visit(patient=patient), before(5, 1, patient=patient), before(9, 0, patient=patient))
    odd = visit(patient=patient - 1, start=3 * DAY, booked=DAY)
    far = visit(patient=patient - 2, start=47_000 * DAY, booked=46_000 * DAY)
    pd.testing.assert_series_equal(seen(*rows), seen(*rows, odd, far))


def test_seen_at_booking_it_knows_less_than_on_the_evening_before() -> None:
    known = frame_of(visit(), before(5, 1), visit(start=MONDAY + 2 * DAY, booked=MONDAY - DAY))
    target = known.iloc[:1]
    found = features(target, at_booking(target), known, Recent.of(known)).iloc[0]
    assert found["visits"] == 0
    assert found["others_week_after"] == 0
    found = features(target, evening_before(target), known, Recent.of(known)).iloc[0]
    assert found["visits"] == 1
    assert found["others_week_after"] == 1


def test_what_is_booked_on_its_day_is_seen_when_it_is_booked() -> None:
    eight = MONDAY + 8 * 3600
    found = seen(
        visit(booked=eight),
        visit(start=MONDAY + 12 * 3600, booked=eight + 60, outcome=1),
        before(1, 1),
    )
    assert found["lead"] == 0
    assert found["others_that_day"] == 0
    assert found["misses"] == 1


FUTURE = st.lists(
    st.fixed_dictionaries(
        {
            "of": st.integers(0, 10_000),
            "kind": st.sampled_from(["outcome", "booking", "entered late"]),
            "after": st.integers(0, 40 * DAY),
            "before": st.integers(1, 60),
            "outcome": st.sampled_from([0.0, 1.0]),
            "department": st.integers(1, 5),
        }
    ),
    min_size=1,
    max_size=20,
)
MOMENTS = st.sampled_from([evening_before, at_booking])


@settings(max_examples=60)
@given(planted=FUTURE, moment_of=MOMENTS, seed=st.integers(0, 5))
def test_nothing_of_the_future_moves_a_feature(
    planted: list[dict[str, float | str]], moment_of: Callable[[pd.DataFrame], Ints], seed: int
) -> None:
    known = record(60, 40, seed)
    chosen = planted[0]["of"]
    assert isinstance(chosen, int)
    target = known.iloc[[chosen % len(known)]]
    moment = moment_of(target)
    when = int(moment[0])
    more = pd.concat([known, *(_planted(target, when, each) for each in planted)])
    blind = _without_the_future(known, when, int(target["appointment"].iloc[0]))
    expected = features(target, moment, blind, Recent.of(blind))
    for with_future in (known, more.reset_index(drop=True)):
        found = features(target, moment, with_future, Recent.of(with_future))
        pd.testing.assert_frame_equal(found, expected)


def _planted(target: pd.DataFrame, when: int, each: dict[str, float | str]) -> pd.DataFrame:
    """A row of the same patient that nobody can know of at the moment."""
    row = target.copy()
    after, days = int(each["after"]), int(each["before"])
    today = (when + 1) // DAY
    row["department"], row["outcome"] = int(each["department"]), float(each["outcome"])
    if each["kind"] == "outcome":  # it is booked already; that it is, may be known
        row["start"], row["booked"] = today * DAY + after, np.nan
    elif each["kind"] == "booking":
        row["start"], row["booked"] = when + 1 + after + days * DAY, when + 1 + after
    else:
        row["start"], row["booked"] = (today - days) * DAY, max(today * DAY, when + 1) + after
    return row


def _without_the_future(known: pd.DataFrame, when: int, target: int) -> pd.DataFrame:
    """What a store held at the moment: bookings made until then, outcomes of earlier days."""
    is_there = (known["booked"] <= when) | known["booked"].isna() | (known["appointment"] == target)
    then = known[is_there].copy()
    day = np.maximum(then["start"] // DAY, (then["booked"] // DAY).fillna(0))
    then.loc[day >= (when + 1) // DAY, "outcome"] = np.nan
    return then


@pytest.mark.parametrize("moment_of", [evening_before, at_booking])
def test_features_of_many_are_those_of_each_alone(
    moment_of: Callable[[pd.DataFrame], Ints],
) -> None:
    known = record(80, 40)
    recent = Recent.of(known)
    at_once = features(known, moment_of(known), known, recent)
    for number in range(0, len(known), 7):
        one = known.iloc[[number]]
        own = known[known["patient"] == one["patient"].iloc[0]]
        alone = features(one, moment_of(one), own, recent)
        np.testing.assert_allclose(alone.to_numpy()[0], at_once.to_numpy()[number])
