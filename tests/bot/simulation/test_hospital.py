"""The HMO's own system: what it says of visits that were given up, lost or taken."""

from datetime import timedelta

import pytest

from bot.simulation.behaviour import Mind
from bot.simulation.hospital import Booking, Hospital, number_of
from bot.simulation.simulation import FIRST_DAY
from bot.simulation.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return World(FIRST_DAY, 3, seed=7, departments=(2, 6))


def a_visit(world: World, mind: Mind) -> int:
    """One on the simulated days of whose patient this is true."""
    return next(number for number in world.visits_within() if world.mind(number) is mind)


def taken(world: World, hospital: Hospital, number: int, *, by_silence: bool) -> None:
    """Somebody from the waitlist takes the slot of a visit, and comes."""
    place, start = world.places[0], world.start(number)
    row = {"appointment_id": "NEW-000001"}
    hospital.bookings[number] = Booking(row, place, number, start, by_silence, comes=True)
    hospital.lost_at[number] = start - timedelta(days=1)


def told(world: World, hospital: Hospital) -> dict[str, str]:
    """Statuses by id, in the file after the last day."""
    rows = hospital.schedule(world.feed_time(world.days))
    return {row["appointment_id"]: row["status"] for row in rows}


def name_of(number: int) -> str:
    return f"APT-{number + 1:06}"


def test_who_lost_a_slot_by_silence_comes_unless_they_have_read_of_it(world: World) -> None:
    number = a_visit(world, Mind.COMES)
    unaware, aware, gave_back = Hospital(world), Hospital(world), Hospital(world)
    for hospital in (unaware, aware, gave_back):
        taken(world, hospital, number, by_silence=hospital is not gave_back)
    aware.told_gone.add(number)
    assert [it.comes(number) for it in (unaware, aware, gave_back)] == [True, False, False]
    assert told(world, unaware)[name_of(number)] == "fulfilled"
    assert told(world, aware)[name_of(number)] == "cancelled"
    assert told(world, gave_back)["NEW-000001"] == "fulfilled"


def test_who_was_reminded_by_the_question_comes_after_all(world: World) -> None:
    number, hospital = a_visit(world, Mind.MISSES), Hospital(world)
    assert not hospital.comes(number)
    hospital.turned_up.add(number)
    assert hospital.comes(number)
    assert told(world, hospital)[name_of(number)] == "fulfilled"


def test_a_file_holds_only_what_is_new(world: World) -> None:
    hospital = Hospital(world)
    first = hospital.schedule(world.begin)
    assert len(first) > 1_000
    assert hospital.schedule(world.begin) == []
    assert 0 < len(hospital.schedule(world.feed_time(1))) < len(first) / 10
    assert len(hospital.waitlist(world.begin)) > len(hospital.waitlist(world.feed_time(1)))


def test_only_the_samples_own_ids_are_numbers_of_visits() -> None:
    assert number_of("APT-000001") == 0
    assert number_of("slotwise-1") is None
