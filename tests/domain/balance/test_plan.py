"""Plans: their order, and the digest by which one is confirmed."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from domain.balance.plan import Plan, Proposal, digest, plan_of
from tests.waitlist import candidate, slot

SLOTS = [slot(1, days=5), slot(2, days=3), slot(3, days=4)]
WAITING = [candidate(7, waited=3), candidate(8, waited=20), candidate(9, waited=8)]


def planned(*chosen: tuple[int, int], worth: float = 1.0) -> Plan:
    slots = {one.backfill_id: one for one in SLOTS}
    people = {one.waiting_id: one for one in WAITING}
    return plan_of(SLOTS, WAITING, [Proposal(slots[a], people[b], 0.5, worth) for a, b in chosen])


def test_a_plan_tells_slots_by_start_and_who_is_left_by_wait() -> None:
    plan = planned((1, 7), (2, 9), worth=2.5)
    assert [one.slot.backfill_id for one in plan.proposals] == [2, 1]
    assert [one.backfill_id for one in plan.unfilled] == [3]
    assert [one.waiting_id for one in plan.left] == [8]
    assert planned().left[0].waiting_id == 8
    assert plan.worth == 5


def test_a_digest_is_the_same_in_any_order_zone_and_at_any_worth() -> None:
    plan = planned((1, 7), (2, 9))
    assert digest(plan) == "e3ed78c9a9ff"
    abroad = [
        replace(
            one, slot=replace(one.slot, start=one.slot.start.astimezone(ZoneInfo("Asia/Tokyo")))
        )
        for one in planned((1, 7), (2, 9), worth=3).proposals[::-1]
    ]
    assert digest(Plan(tuple(abroad), plan.unfilled, plan.left[::-1])) == digest(plan)


def test_a_digest_changes_with_whoever_and_whatever_is_proposed() -> None:
    plan = planned((1, 7), (2, 9))
    later = replace(plan.unfilled[0], start=plan.unfilled[0].start + timedelta(minutes=5))
    others = [
        planned((1, 7), (2, 8)),
        planned((1, 9), (2, 7)),
        planned((1, 7)),
        planned(),
        Plan(plan.proposals, (), plan.left),
        Plan(plan.proposals, (later,), plan.left),
    ]
    assert len({digest(one) for one in [plan, *others]}) == 7
