"""Waves on both databases: what is offered by itself, when it ends, and who hears of that."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import and_, event, select
from sqlmodel import col

from domain.backfills import Stage
from domain.clock import HandClock
from domain.notices import Channel, Manners, NoticeKind, NoticeState
from domain.offers import AT_MOST, LOOK_AGAIN, WAVES, OfferState, too_late_from
from domain.policies import USUAL
from domain.waiting import WaitState
from storage import backfills, notices, offers, policies
from storage.store import Store
from storage.tables import BackfillRow, Notice, OfferRow, Patient, Waiting, key_of
from storage.takers import seen
from tests.hmo import HOUSE
from tests.storage.offering import Clinic, a_small_clinic

OPEN, EXPIRED, WITHDRAWN = OfferState.OPEN, OfferState.EXPIRED, OfferState.WITHDRAWN


@pytest.fixture
def clinic(store: Store, clock: HandClock) -> Clinic:
    return a_small_clinic(store, clock)


def test_a_released_slot_is_offered_by_itself_to_a_wave_the_most_worthy_first(
    clinic: Clinic,
) -> None:
    clinic.automatic()
    for number in range(AT_MOST + 2):
        clinic.waits(f"w{number}")
    urgent = clinic.waits("urgent", urgency=5)
    backfill = clinic.given_back("p1")
    clinic.step()
    found = clinic.offers(backfill)
    assert [offer.rank for offer in found] == list(range(1, AT_MOST + 1))
    assert (found[0].waiting_id, found[0].wave, found[0].state) == (urgent, 1, OPEN)
    moved = clinic.backfill(backfill)
    assert (moved.stage, moved.waves, moved.due_at) == (Stage.OFFERING, 1, found[0].expires_at)
    assert len(clinic.told(NoticeKind.OFFER)) == AT_MOST


def test_without_automatic_offers_a_slot_waits_for_a_manager_until_it_is_too_late(
    clinic: Clinic,
) -> None:
    clinic.waits("a")
    backfill = clinic.given_back("p1")
    clinic.step()
    too_late = too_late_from(clinic.slot(backfill).start)
    assert (clinic.number(OfferRow), clinic.backfill(backfill).due_at) == (0, too_late)
    clinic.clock.move(too_late - clinic.clock.now())
    clinic.step()
    ended = clinic.backfill(backfill)
    assert (ended.stage, ended.due_at, ended.ended_at) == (Stage.UNFILLED, None, too_late)


def test_once_all_have_declined_the_next_wave_goes_to_others(clinic: Clinic) -> None:
    clinic.automatic()
    first, backfill = clinic.waits("a"), clinic.given_back("p1")
    clinic.step()
    second = clinic.waits("b")
    (offer,) = clinic.offers(backfill)
    clinic.declines(key_of(offer))
    clinic.step()
    assert [(each.wave, each.waiting_id, each.state) for each in clinic.offers(backfill)] == [
        (1, first, OfferState.DECLINED),
        (2, second, OPEN),
    ]


def test_a_wave_expires_and_only_what_reached_its_patient_says_something(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    reached, lost = clinic.send(backfill, [clinic.waits("a"), clinic.waits("b")])
    (sent, _) = clinic.all(select(col(Notice.id)).order_by(col(Notice.id)))
    clinic.change(Notice, sent, state=NoticeState.SENT)
    clinic.clock.move(clinic.look(reached).expires_at - clinic.clock.now())
    clinic.step()
    assert clinic.backfill(backfill).stage is Stage.RELEASED
    assert (clinic.look(reached).state, clinic.look(lost).state) == (EXPIRED, WITHDRAWN)
    assert clinic.told(NoticeKind.OFFER) == ["a"]
    found = clinic.store.read_now(seen, clinic.clock.now())
    assert (found.ended, found.accepted) == (1, 0)


def test_there_are_only_so_many_waves(clinic: Clinic) -> None:
    clinic.automatic()
    backfill = clinic.given_back("p3")
    for number in range(WAVES + 1):
        clinic.waits(f"w{number}")
        clinic.step()
        for offer in clinic.offers(backfill):
            clinic.declines(key_of(offer))
    clinic.step()
    ended = clinic.backfill(backfill)
    assert (ended.stage, ended.waves) == (Stage.RELEASED, WAVES)
    assert ended.due_at == too_late_from(clinic.slot(backfill).start)


def test_a_slot_that_suits_nobody_is_looked_at_again_within_the_hour(clinic: Clinic) -> None:
    clinic.automatic()
    backfill = clinic.given_back("p1")
    clinic.waits("soon", notice_hours=24 * 5)
    clinic.step()
    assert clinic.backfill(backfill).due_at == clinic.clock.now() + LOOK_AGAIN
    place = clinic.waits("a")
    clinic.clock.move(LOOK_AGAIN)
    clinic.step()
    assert [offer.waiting_id for offer in clinic.offers(backfill)] == [place]


def test_what_is_offered_at_night_goes_out_and_begins_to_expire_in_the_morning(
    clinic: Clinic,
) -> None:
    backfill = clinic.given_back("p1")
    evening, morning = (
        datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in ((23, 20), (24, 6))
    )
    clinic.clock.move(evening - clinic.clock.now())
    (offer,) = clinic.send(backfill, [clinic.waits("a")])
    assert clinic.all(select(col(Notice.due_at))) == [morning]
    assert clinic.look(offer).expires_at == morning + timedelta(hours=12)


def test_an_offer_that_could_not_be_delivered_ends_and_does_not_keep_the_wave(
    clinic: Clinic,
) -> None:
    backfill = clinic.given_back("p1")
    (offer,) = clinic.send(backfill, [clinic.waits("a")])
    (notice,) = clinic.all(select(col(Notice.id)))
    clinic.fails(notice)
    assert clinic.look(offer).state is WITHDRAWN
    clinic.step()
    assert clinic.backfill(backfill).stage is Stage.RELEASED


def test_an_offer_that_failed_one_way_goes_out_another(clinic: Clinic) -> None:
    clinic.house = replace(HOUSE, manners=Manners(frozenset(Channel)))
    backfill = clinic.given_back("p1")
    place = clinic.waits("a")
    patient = clinic.all(select(col(Waiting.patient_id)))[0]
    clinic.change(Patient, patient, email="a@example.org")
    (offer,) = clinic.send(backfill, [place])
    clinic.fails(clinic.all(select(col(Notice.id)))[0])
    assert clinic.look(offer).state is OPEN
    assert clinic.all(select(col(Notice.channel)).order_by(col(Notice.id))) == [
        Channel.SMS,
        Channel.EMAIL,
    ]


def test_a_department_that_turns_automatic_has_its_free_slots_offered(clinic: Clinic) -> None:
    clinic.waits("a")
    backfill = clinic.given_back("p1")
    clinic.step()
    by_itself = replace(USUAL, automatic=True)
    clinic.store.write_now(policies.change, clinic.noa, 1, by_itself, clinic.clock.now())
    clinic.step()
    assert clinic.backfill(backfill).stage is Stage.OFFERING


def test_who_knew_of_an_offer_hears_that_it_is_over_once_that_is_sure(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    clinic.send(backfill, [clinic.waits(name) for name in ("knew", "never", "maybe")])
    knew, _, maybe = clinic.all(select(col(Notice.id)).order_by(col(Notice.id)))
    clinic.change(Notice, knew, state=NoticeState.SENT)
    clinic.change(Notice, maybe, state=NoticeState.SENDING)
    which, now = col(BackfillRow.id) == backfill, clinic.clock.now()
    clinic.store.write_now(backfills.end_for, which, now)
    clinic.step()
    assert clinic.told(NoticeKind.GONE) == ["knew"]
    clinic.change(Notice, maybe, state=NoticeState.DOUBTFUL)
    clinic.clock.move(timedelta(minutes=1))
    clinic.step()
    assert clinic.told(NoticeKind.GONE) == ["knew", "maybe"]
    ended = clinic.backfill(backfill)
    assert (ended.stage, ended.due_at) == (Stage.OVER, None)
    assert {offer.state for offer in clinic.offers(backfill)} == {WITHDRAWN}


def test_however_many_end_at_once_no_statement_grows_with_them(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "AT_ONCE", 1)
    ended = [clinic.given_back(patient) for patient in ("p1", "p2", "p3", "d1")]
    for number, backfill in enumerate(ended):
        department = "Dermatology" if backfill == ended[-1] else "Cardiology"
        clinic.send(
            backfill, [clinic.waits(f"w{number}{letter}", department) for letter in "abcdef"]
        )
    clinic.reached()
    sizes: list[int] = []

    def note(*statement: Any) -> None:
        sizes.append(len(statement[3]))

    event.listen(clinic.store.engine, "before_cursor_execute", note)

    def most(which: list[int]) -> int:
        sizes.clear()
        of = col(BackfillRow.id) >= min(which), col(BackfillRow.id) <= max(which)
        clinic.store.write_now(backfills.end_for, and_(*of), clinic.clock.now())
        return max(sizes)

    assert most(ended[:1]) == most(ended[1:])
    clinic.step()
    assert len(clinic.told(NoticeKind.GONE)) == 6 * len(ended)


def test_who_may_not_be_asked_any_more_is_left_out_when_offers_are_sent(clinic: Clinic) -> None:
    backfill, other = clinic.given_back("p1"), clinic.given_back("p2")
    gone, asked, left = (clinic.waits(name) for name in ("gone", "asked", "left"))
    clinic.change(Waiting, gone, state=WaitState.WITHDRAWN)
    clinic.send(other, [asked])
    clinic.send(backfill, [gone, asked, left])
    assert [(offer.waiting_id, offer.rank) for offer in clinic.offers(backfill)] == [(left, 1)]


def test_several_processes_that_take_the_same_step_send_one_wave(clinic: Clinic) -> None:
    clinic.automatic()
    clinic.waits("a")
    backfill = clinic.given_back("p1")
    clinic.waits("b")

    def step(_: int) -> None:
        clinic.store.write_now(offers.step, backfill, clinic.house, clinic.clock.now())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(step, range(4)))
    assert clinic.backfill(backfill).waves == 1
    assert sorted(clinic.told(NoticeKind.OFFER)) == ["a", "b"]
