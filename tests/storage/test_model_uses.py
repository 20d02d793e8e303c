"""What is in charge since when and by whom, and the one step back; on both databases."""

from concurrent.futures import ThreadPoolExecutor

from domain.clock import HandClock
from domain.people import Role
from storage import model_uses
from storage.store import Store
from tests.chances import put_in_charge
from tests.hmo import join


def test_before_the_first_model_nothing_was_put_in_charge(store: Store) -> None:
    assert store.read_now(model_uses.latest_use) is None
    assert not store.read_now(model_uses.has_model)


def test_it_names_the_model_who_put_it_there_and_the_one_before(
    store: Store, clock: HandClock
) -> None:
    root = join(store, Role.ADMIN, 1, "Root", clock.now())
    store.write_now(put_in_charge, clock.now(), "first")
    store.write_now(put_in_charge, clock.now(), "second", root.id)
    use = store.read_now(model_uses.latest_use)
    assert use is not None
    assert use.version is not None
    assert (use.version.name, use.by, use.before) == ("second", "Root", "first")
    assert use.since == clock.now()
    assert store.read_now(model_uses.has_model)


def test_of_many_who_roll_back_at_once_one_does(store: Store, clock: HandClock) -> None:
    root = join(store, Role.ADMIN, 1, "Root", clock.now())
    for name in ("first", "second"):
        store.write_now(put_in_charge, clock.now(), name)
    use = store.read_now(model_uses.latest_use)
    assert use is not None

    def press(_: int) -> bool:
        return store.write_now(model_uses.roll_back_from, use.id, clock.now(), root.id)

    with ThreadPoolExecutor(4) as people:
        done = list(people.map(press, range(4)))
    assert sorted(done) == [False, False, False, True]
    now = store.read_now(model_uses.latest_use)
    assert now is not None
    assert now.version is not None
    assert (now.version.name, now.by, now.before) == ("first", "Root", "second")


def test_a_use_that_never_was_is_not_rolled_back_from(store: Store, clock: HandClock) -> None:
    root = join(store, Role.ADMIN, 1, "Root", clock.now())
    store.write_now(put_in_charge, clock.now())
    assert not store.write_now(model_uses.roll_back_from, 99, clock.now(), root.id)
