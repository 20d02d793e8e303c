"""Later: what fails is tried at growing intervals, and none of it is kept for ever."""

from datetime import timedelta

from bot.later import Later
from domain.clock import HandClock

SECOND = timedelta(seconds=1)


def test_each_failure_puts_a_message_off_for_longer(clock: HandClock) -> None:
    later = Later(lambda: 1.0)
    waits = []
    for _ in range(8):
        later.put_off((1, 7), clock.now())
        began = clock.now()
        while later.waiting(clock.now()):
            clock.move(SECOND)
        waits.append((clock.now() - began) // SECOND)
    assert waits == [10, 20, 40, 80, 160, 320, 640, 900]


def test_a_message_that_has_succeeded_begins_anew_and_holds_up_no_other(clock: HandClock) -> None:
    later = Later(lambda: 1.0)
    for _ in range(5):
        later.put_off((1, 7), clock.now())
    later.put_off((1, 8), clock.now())
    later.done((1, 7))
    later.done((1, 9))
    assert later.waiting(clock.now()) == {(1, 8)}
    later.put_off((1, 7), clock.now())
    assert later.waiting(clock.now() + 10 * SECOND) == set()


def test_what_nobody_asks_for_any_more_is_forgotten(clock: HandClock) -> None:
    later = Later(lambda: 1.0)
    for number in range(1_000):
        later.put_off((1, number), clock.now())
    clock.move(11 * SECOND)
    later.put_off((2, 1), clock.now())
    for _ in range(2):
        later.put_off((1, 1), clock.now())
    assert later.waiting(clock.now() + 11 * SECOND) == {(1, 1)}
    assert len(later.waiting(clock.now() - 60 * SECOND)) == 2
