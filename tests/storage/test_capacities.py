"""How many of a day a department has singled out: chosen by who may, once; on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import NoResultFound

from domain.clock import HandClock
from domain.people import Member, Refused, Role
from storage import capacities
from storage.capacities import Capacity
from storage.store import Store
from tests.e2e.town import events
from tests.hmo import HOUSE, Hmo, join


@pytest.fixture
def noa(store: Store, clock: HandClock) -> Member:
    hmo = Hmo(clock.now())
    for name in ("Eyes", "Cardiology"):
        hmo.visit("p", 1, department=name)
    hmo.load(store)
    return join(store, Role.MANAGER, 1, "Noa", clock.now(), ("Eyes",))


def eyes(store: Store, noa: Member) -> Capacity:
    (found,) = store.read_now(capacities.capacities, noa.departments)
    return found


def test_until_somebody_chooses_it_is_the_usual_number(store: Store, noa: Member) -> None:
    found = eyes(store, noa)
    assert (found.department, found.a_day, found.is_usual) == ("Eyes", 5, True)
    both = store.read_now(capacities.capacities, ())
    assert [each.department for each in both] == ["Cardiology", "Eyes"]


def test_many_who_choose_the_same_at_once_change_it_once(
    store: Store, noa: Member, clock: HandClock
) -> None:
    key = eyes(store, noa).department_id

    def press(number: int) -> bool:
        return store.write_now(capacities.change, noa, key, number, HOUSE.calendar, clock.now())

    with ThreadPoolExecutor(4) as people:
        assert sorted(people.map(press, [10] * 4)) == [False, False, False, True]
    assert eyes(store, noa) == Capacity(key, "Eyes", 10, is_usual=False)
    assert press(0)
    assert eyes(store, noa).a_day == 0
    assert store.read_now(events).count("change capacity") == 2


def test_nobody_chooses_elsewhere_or_for_what_is_not_there(
    store: Store, noa: Member, clock: HandClock
) -> None:
    own = eyes(store, noa).department_id
    (other,) = [
        each for each in store.read_now(capacities.capacities, ()) if each.department_id != own
    ]
    dana = join(store, Role.STAFF, 2, "Dana", clock.now())
    avi = join(store, Role.MANAGER, 3, "Avi", clock.now())
    what = (3, HOUSE.calendar, clock.now())
    for who, where in ((noa, other.department_id), (dana, own)):
        with pytest.raises(Refused):
            store.write_now(capacities.change, who, where, *what)
    with pytest.raises(NoResultFound):
        store.write_now(capacities.change, avi, 99, *what)
    assert "change capacity" not in store.read_now(events)
