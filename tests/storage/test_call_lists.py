"""Call lists on both databases: frozen once, the same for everybody, with later ones at the end."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from domain.calls import CallOutcome
from domain.clock import HandClock
from domain.people import Member, Role
from storage import call_lists, calls
from storage.call_lists import CallPage, Choice
from storage.store import Store
from storage.tables import Appointment, CallList, CallListItem
from tests.hmo import HOUSE, Hmo, join

THRESHOLD = HOUSE.threshold
HOUR = 1 / 24


@dataclass
class Ward:
    """A store with a day ahead, and short words for what is done with its lists."""

    store: Store
    clock: HandClock
    hmo: Hmo
    dana: Member

    @property
    def today(self) -> date:
        return HOUSE.calendar.day_of(self.clock.now())

    def comes(self, patient: str, missed: int, hours: float, department: str = "Cardiology") -> str:
        ahead = (self.clock.now() - self.hmo.now) / timedelta(days=1) + hours * HOUR
        return self.hmo.regular(patient, missed, coming=ahead, department=department)

    def load(self) -> None:
        self.hmo.load(self.store, self.clock.now())

    def freeze(self, department_id: int = 1) -> int:
        now = self.clock.now()
        return self.store.write_now(call_lists.freeze, department_id, self.today, now, THRESHOLD)

    def page(self, key: int, offset: int = 0, limit: int = 99) -> CallPage:
        now = self.clock.now()
        place = (offset, limit)
        found = self.store.read_now(call_lists.call_page, key, now, THRESHOLD, place)
        assert found is not None
        return found

    def patients(self, key: int) -> list[str]:
        """The feed's ids of a list's appointments in its order."""
        items = (
            select(Appointment.external_id)
            .join(CallListItem)
            .where(CallListItem.call_list_id == key)
            .order_by(col(CallListItem.place))
        )
        return list(self.store.read_now(lambda session: session.exec(items).all()))

    def choices(self, *departments: int) -> list[Choice]:
        work, now = call_lists.choices, self.clock.now()
        return self.store.read_now(work, departments, self.today, now, THRESHOLD)

    def calls(self, appointment_id: int, outcome: CallOutcome) -> None:
        work, now = calls.record_call, self.clock.now()
        self.store.write_now(work, self.dana, appointment_id, outcome, now, THRESHOLD)


@pytest.fixture
def ward(store: Store, clock: HandClock) -> Ward:
    hmo = Hmo(clock.now())
    found = Ward(store, clock, hmo, join(store, Role.STAFF, 1, "Dana", clock.now()))
    found.comes("p1", 2, 1)
    found.comes("p2", 4, 3)
    found.comes("p3", 2, 2)
    found.comes("steady", 1, 2)
    found.comes("tomorrow", 5, 24)
    found.comes("elsewhere", 3, 2, "Dermatology")
    hmo.visit("p1", -HOUR)
    found.load()
    return found


def test_a_list_holds_the_days_high_risk_appointments_most_urgent_first(ward: Ward) -> None:
    page = ward.page(ward.freeze())
    assert [(row.place, row.prior_no_shows) for row in page.rows] == [(1, 4), (2, 2), (3, 2)]
    assert page.rows[1].start < page.rows[2].start
    assert (page.department, page.day, page.total) == ("Cardiology", ward.today, 3)
    assert (page.reached, page.tried, page.made_at) == (0, 0, ward.clock.now())
    assert page.next_up == (1, page.rows[0].appointment_id)


def test_two_who_open_a_list_at_once_get_the_same_one(ward: Ward) -> None:
    with ThreadPoolExecutor(6) as pool:
        keys = list(pool.map(lambda _: ward.freeze(), range(6)))
    assert len(set(keys)) == 1
    lists = select(CallList)
    assert len(ward.store.read_now(lambda session: session.exec(lists).all())) == 1
    assert ward.page(keys[0]).total == 3


def test_the_order_stays_whatever_an_import_adds_changes_or_cancels(ward: Ward) -> None:
    key = ward.freeze()
    frozen = ward.patients(key)
    for row in ward.hmo.rows:
        if row["appointment_id"] == frozen[0]:
            row["status"] = "cancelled"
    ward.hmo.visit("p3", -50, "noshow")
    ward.hmo.visit("p3", -51, "noshow")
    ward.hmo.visit("p3", -52, "noshow")
    fresh = ward.comes("p7", 9, 4)
    ward.clock.move(timedelta(minutes=90))
    ward.load()
    assert ward.freeze() == key
    assert ward.patients(key) == frozen
    page = ward.page(key)
    assert [row.prior_no_shows for row in page.rows] == [4, 2, 5]
    assert page.rows[0].status == "cancelled"
    assert page.fresh == 1
    # Of the three, one is cancelled and one has begun.
    assert page.next_up == (3, page.rows[2].appointment_id)
    now = ward.clock.now()
    assert ward.store.write_now(call_lists.add_new, key, now, THRESHOLD) == (1, 3)
    assert ward.patients(key) == [*frozen, fresh]
    assert ward.store.write_now(call_lists.add_new, key, now, THRESHOLD) == (0, 4)
    assert ward.page(key).fresh == 0


def test_an_empty_list_takes_what_comes_in_until_it_is_opened_again(ward: Ward) -> None:
    ward.clock.move(timedelta(hours=5))
    key = ward.freeze()
    assert ward.patients(key) == []
    fresh = ward.comes("p8", 3, 1)
    ward.load()
    assert ward.page(key).fresh == 1
    assert ward.freeze() == key
    assert ward.patients(key) == [fresh]


def test_two_who_add_what_is_new_at_once_add_it_once(ward: Ward) -> None:
    key = ward.freeze()
    for number in range(4):
        ward.comes(f"late{number}", 3, 4 + number)
    ward.load()
    now = ward.clock.now()
    with ThreadPoolExecutor(4) as pool:
        tries = [
            pool.submit(ward.store.write_now, call_lists.add_new, key, now, THRESHOLD)
            for _ in range(4)
        ]
    assert sorted(each.result()[0] for each in tries) == [0, 0, 0, 4]
    assert [row.place for row in ward.page(key).rows] == list(range(1, 8))


def test_whoever_was_reached_stays_ticked_with_the_last_outcome(ward: Ward) -> None:
    key = ward.freeze()
    first, second, third = ward.page(key).rows
    ward.calls(first.appointment_id, CallOutcome.NO_ANSWER)
    ward.clock.move(timedelta(minutes=5))
    ward.calls(first.appointment_id, CallOutcome.CONFIRMED)
    ward.calls(second.appointment_id, CallOutcome.CANCELS)
    page = ward.page(key)
    assert [row.reached for row in page.rows] == [True, True, False]
    assert [row.last and row.last.outcome for row in page.rows] == ["confirmed", "cancels", None]
    assert (page.reached, page.next_up) == (2, (3, third.appointment_id))
    (call, *_) = ward.store.read_now(calls.calls_about, second.appointment_id)
    ward.store.write_now(calls.undo_call, ward.dana, call.id, ward.clock.now())
    page = ward.page(key)
    assert (page.reached, page.next_up) == (1, (2, second.appointment_id))


def test_who_was_only_tried_comes_again_after_all_others_the_longest_ago_first(
    ward: Ward,
) -> None:
    key = ward.freeze()
    called = []
    for outcome in (CallOutcome.NO_ANSWER, CallOutcome.WRONG_NUMBER, CallOutcome.NO_ANSWER) * 2:
        next_up = ward.page(key).next_up
        assert next_up is not None
        called.append(next_up[0])
        ward.calls(next_up[1], outcome)
        ward.clock.move(timedelta(minutes=5))
    assert called == [1, 2, 3, 1, 2, 3]
    page = ward.page(key)
    assert (page.reached, page.tried) == (0, 3)
    assert [(row.reached, row.tried) for row in page.rows] == [(False, True)] * 3


def test_a_try_after_a_patient_was_reached_changes_nothing(ward: Ward) -> None:
    key = ward.freeze()
    (first, second, _) = ward.page(key).rows
    ward.calls(first.appointment_id, CallOutcome.CONFIRMED)
    ward.calls(first.appointment_id, CallOutcome.NO_ANSWER)
    page = ward.page(key)
    assert page.rows[0].last is not None
    assert page.rows[0].last.outcome is CallOutcome.CONFIRMED
    assert (page.reached, page.tried, page.next_up) == (1, 0, (2, second.appointment_id))


def test_an_empty_list_is_ordered_as_of_when_it_got_its_first(ward: Ward) -> None:
    ward.clock.move(timedelta(hours=5))
    key = ward.freeze()
    ward.comes("p8", 3, 2)
    ward.load()
    ward.clock.move(timedelta(hours=1))
    ward.freeze()
    assert ward.page(key).made_at == ward.clock.now()


def test_a_call_of_days_ago_does_not_tick_but_is_shown(ward: Ward) -> None:
    tomorrow = select(Appointment).where(col(Appointment.day) > ward.today)
    (coming,) = ward.store.read_now(lambda session: session.exec(tomorrow).all())
    assert coming.id is not None
    ward.calls(coming.id, CallOutcome.NO_ANSWER)
    ward.clock.move(timedelta(hours=23))
    (row,) = ward.page(ward.freeze()).rows
    assert row.tried
    for each in ward.hmo.rows:
        if each["appointment_id"] == coming.external_id:
            each["start"] = (coming.start + timedelta(hours=2)).isoformat()
    ward.load()
    (row,) = ward.page(ward.freeze()).rows
    assert not row.tried
    assert row.last is not None


def test_a_page_is_cut_out_of_the_list(ward: Ward) -> None:
    key = ward.freeze()
    assert [row.place for row in ward.page(key, 1, 1).rows] == [2]
    assert ward.page(key, 9, 8).rows == []
    nowhere = ward.store.read_now(call_lists.call_page, 99, ward.clock.now(), THRESHOLD, (0, 8))
    assert nowhere is None


def test_departments_show_how_far_their_lists_are(ward: Ward) -> None:
    assert ward.choices() == [
        Choice(1, "Cardiology", 3, None),
        Choice(2, "Dermatology", 1, None),
    ]
    key = ward.freeze()
    ward.calls(ward.page(key).rows[0].appointment_id, CallOutcome.CONFIRMED)
    assert ward.choices() == [Choice(1, "Cardiology", 3, 1), Choice(2, "Dermatology", 1, None)]
    assert ward.choices(2) == [Choice(2, "Dermatology", 1, None)]
    ward.clock.move(timedelta(days=1))
    assert ward.choices(2) == []


def test_the_next_day_has_a_list_of_its_own(ward: Ward) -> None:
    first = ward.freeze()
    ward.clock.move(timedelta(hours=20))
    second = ward.freeze()
    assert first != second
    assert len(ward.patients(second)) == 1
    assert ward.page(first).fresh == 0
