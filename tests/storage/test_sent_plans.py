"""Confirming a plan on both databases: what was shown is sent once, whoever is quicker."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from domain.balance.plan import digest
from domain.clock import HandClock
from domain.notices import NoticeKind
from domain.offers import OfferState
from domain.people import Member, Refused, Role
from storage import balance, sent_plans
from storage.balance import Confirmed
from storage.sent_plans import SentPlanView
from storage.store import Store
from storage.tables import Notice, SentPlan
from tests.hmo import join
from tests.storage.offering import EVERYWHERE, Clinic, a_small_clinic


@pytest.fixture
def clinic(store: Store, clock: HandClock) -> Clinic:
    return a_small_clinic(store, clock)


def confirm(clinic: Clinic, member: Member, shown: str) -> Confirmed:
    now = clinic.clock.now()
    args = (member, EVERYWHERE, None, shown, clinic.house, now)
    return clinic.store.write_now(balance.confirm, *args)


def test_of_two_who_confirm_a_plan_at_once_one_sends_it_and_the_other_learns_that(
    clinic: Clinic,
) -> None:
    clinic.given_back("p1")
    clinic.let_go("p2")
    for name in ("a", "b", "c"):
        clinic.waits(name)
    shown, other = (
        digest(clinic.plan()),
        join(clinic.store, Role.MANAGER, 9, "Ed", clinic.clock.now()),
    )
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(confirm, clinic, who, shown) for who in (clinic.noa, other)]
        found = sorted((each.result() for each in both), key=lambda it: it.offers)
    assert [each.offers for each in found] == [0, 3]
    assert found[0].sent_plan_id == found[1].sent_plan_id is not None
    assert sorted(clinic.told(NoticeKind.OFFER)) == ["a", "b", "c"]
    assert clinic.all(select(func.count()).select_from(SentPlan)) == [1]


def test_what_became_of_its_offers_stands_with_a_plan(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    clinic.waits("a", urgency=5)
    clinic.waits("b")
    sent = confirm(clinic, clinic.noa, digest(clinic.plan())).sent_plan_id
    assert sent is not None
    first, _ = clinic.offers(backfill)
    assert clinic.accepts(first.id or 0) is None
    found = clinic.store.read_now(sent_plans.sent_plan, clinic.noa, sent)
    assert (found.sent_by, found.slots) == ("Noa", 1)
    assert found.offers == {OfferState.ACCEPTED: 1, OfferState.GONE: 1}
    assert (found.until, found.unreached) == (first.expires_at, ())


def test_of_a_plan_each_manager_sees_their_own_departments(clinic: Clinic) -> None:
    first, second = clinic.given_back("p1"), clinic.given_back("d1")
    clinic.waits("a")
    clinic.waits("b", department="Dermatology")
    sent = confirm(clinic, clinic.noa, digest(clinic.plan())).sent_plan_id
    assert sent is not None
    for notice in clinic.all(select(col(Notice.id)).where(col(Notice.kind) == NoticeKind.OFFER)):
        clinic.fails(notice)

    def seen(*departments: int) -> SentPlanView:
        member = replace(clinic.noa, departments=frozenset(departments))
        return clinic.store.read_now(sent_plans.sent_plan, member, sent)

    assert (seen().slots, seen().unreached) == (2, ("P-a", "P-b"))
    for backfill, patient in ((first, "P-a"), (second, "P-b")):
        own = seen(clinic.slot(backfill).department_id)
        assert (own.slots, own.offers, own.unreached) == (1, {OfferState.WITHDRAWN: 1}, (patient,))
    with pytest.raises(Refused):
        seen(99)


def test_a_plan_that_nobody_was_shown_is_not_sent(clinic: Clinic) -> None:
    clinic.given_back("p1")
    clinic.waits("a")
    assert confirm(clinic, clinic.noa, "0" * 12) == Confirmed(None, 0)
    assert clinic.told(NoticeKind.OFFER) == []
