"""Invitations from the chat: drafted, published once, listed while open, revoked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy.exc import NoResultFound

from domain.clock import HandClock
from domain.membership import Obstacle
from domain.people import Member, Refused, Role
from storage import invitations, joining, people, risk
from storage.invitations import VALID_FOR, InvitationView, Stage
from storage.joining import Ending, Newcomer
from storage.store import Store
from tests.hmo import join

NOA = Newcomer(7, 7, "Noa")


def test_a_draft_becomes_an_invitation_whose_code_makes_somebody_a_member(
    store: Store, clock: HandClock
) -> None:
    root = an_admin(store, clock)
    key, (eyes, ears) = draft(store, clock, root), departments(store, "Eyes", "Ears")
    for place in (eyes, ears):
        assert limit(store, clock, root, key, place, in_it=True) is None
    assert limit(store, clock, root, key, ears, in_it=False) is None
    code = store.write_now(invitations.publish, root, key, clock.now())
    joined = store.write_now(joining.redeem, code, NOA, clock.now())
    assert joined.member
    assert (joined.member.role, set(joined.member.departments)) == (Role.MANAGER, {eyes})
    found = view(store, clock, key)
    assert (found.stage, found.created_by, found.used_by) == (Stage.USED, "Root", "Noa")


def test_a_press_says_what_is_to_hold_so_twice_is_as_good_as_once(
    store: Store, clock: HandClock
) -> None:
    root = an_admin(store, clock)
    key, (eyes,) = draft(store, clock, root), departments(store, "Eyes")
    assert limit(store, clock, root, key, eyes, in_it=True) is None
    assert limit(store, clock, root, key, eyes, in_it=True) is Obstacle.SAME
    assert limit(store, clock, root, key, eyes, in_it=False) is Obstacle.ONLY_DEPARTMENT
    assert view(store, clock, key).departments == ("Eyes",)
    assert limit(store, clock, root, key, None, in_it=False) is None
    assert view(store, clock, key).departments == ()


def test_a_link_is_made_once_also_by_two_presses_at_once(store: Store, clock: HandClock) -> None:
    root = an_admin(store, clock)
    key, together = draft(store, clock, root), Barrier(2)

    def press(_: int) -> str | None:
        together.wait(10)
        try:
            return store.write_now(invitations.publish, root, key, clock.now())
        except NoResultFound:
            return None

    with ThreadPoolExecutor(2) as pool:
        codes = [code for code in pool.map(press, range(2)) if code]
    assert len(codes) == 1
    assert store.write_now(joining.redeem, codes[0], NOA, clock.now()).ending is Ending.JOINED


def test_an_invitation_counts_from_its_link_and_an_old_draft_makes_none(
    store: Store, clock: HandClock
) -> None:
    root = an_admin(store, clock)
    first, second = draft(store, clock, root), draft(store, clock, root)
    clock.move(timedelta(days=6))
    store.write_now(invitations.publish, root, first, clock.now())
    clock.move(timedelta(days=2))
    assert view(store, clock, first).stage is Stage.OPEN
    assert view(store, clock, second).stage is Stage.EXPIRED
    with pytest.raises(NoResultFound):
        store.write_now(invitations.publish, root, second, clock.now())


def test_only_what_can_still_be_used_is_listed_the_newest_first(
    store: Store, clock: HandClock
) -> None:
    root = an_admin(store, clock)
    draft(store, clock, root)
    old = invite(store, clock, root)
    clock.move(VALID_FOR - timedelta(hours=1))
    used, revoked = invite(store, clock, root), invite(store, clock, root)
    kept = [invite(store, clock, None), invite(store, clock, root)]
    assert store.write_now(joining.redeem, used, NOA, clock.now()).member
    assert store.write_now(invitations.revoke, root, newest(store, clock, 3).id, clock.now())
    clock.move(timedelta(hours=1))
    total, found = store.read_now(invitations.open_invitations, clock.now(), 0, 9)
    assert (total, [row.created_by for row in found]) == (2, ["Root", None])
    for code in (old, revoked):
        assert refused(store, clock, code)
    assert not any(refused(store, clock, code) for code in kept[:1])
    page = store.read_now(invitations.open_invitations, clock.now(), 1, 9)
    assert page == (1, [])


def test_revoking_and_redeeming_at_once_ends_one_way(store: Store, clock: HandClock) -> None:
    root = an_admin(store, clock)
    for number in range(4):
        code, together = invite(store, clock, root), Barrier(2)
        key = newest(store, clock).id
        bearer = Newcomer(100 + number, 100 + number, "Bearer")

        def revoke(key: int = key, together: Barrier = together) -> bool:
            together.wait(10)
            return store.write_now(invitations.revoke, root, key, clock.now())

        def redeem(
            code: str = code, bearer: Newcomer = bearer, together: Barrier = together
        ) -> bool:
            together.wait(10)
            joined = store.write_now(joining.redeem, code, bearer, clock.now())
            return joined.ending is Ending.JOINED

        with ThreadPoolExecutor(2) as pool:
            outcomes = [pool.submit(revoke), pool.submit(redeem)]
            assert sum(outcome.result() for outcome in outcomes) == 1
        stage = view(store, clock, key).stage
        assert stage is (Stage.REVOKED if outcomes[0].result() else Stage.USED)


def test_only_an_admin_of_this_moment_invites_and_revokes(store: Store, clock: HandClock) -> None:
    root = an_admin(store, clock)
    dana = join(store, Role.STAFF, 2, "Dana", clock.now())
    was_admin = Member(dana.id, 2, 2, "Dana", Role.ADMIN)
    key = draft(store, clock, root)
    for work in (invitations.publish, invitations.revoke):
        with pytest.raises(Refused):
            store.write_now(work, was_admin, key, clock.now())
    with pytest.raises(Refused):
        store.write_now(invitations.draft, was_admin, Role.ADMIN, clock.now())
    with pytest.raises(Refused):
        limit(store, clock, was_admin, key, None, in_it=False)


def an_admin(store: Store, clock: HandClock) -> Member:
    return join(store, Role.ADMIN, 1, "Root", clock.now())


def draft(store: Store, clock: HandClock, root: Member) -> int:
    return store.write_now(invitations.draft, root, Role.MANAGER, clock.now())


def invite(store: Store, clock: HandClock, by: Member | None) -> str:
    key = by.id if by else None
    return store.write_now(invitations.invite, Role.STAFF, (), clock.now(), key)


def limit(
    store: Store, clock: HandClock, root: Member, key: int, place: int | None, *, in_it: bool
) -> Obstacle | None:
    now = clock.now()
    return store.write_now(invitations.limit_draft, root, key, place, in_it=in_it, now=now)


def view(store: Store, clock: HandClock, key: int) -> InvitationView:
    return store.read_now(invitations.view, key, clock.now())


def newest(store: Store, clock: HandClock, place: int = 1) -> InvitationView:
    _, found = store.read_now(invitations.open_invitations, clock.now(), place - 1, 1)
    return found[0]


def refused(store: Store, clock: HandClock, code: str) -> bool:
    newcomer = Newcomer(9, 9, "Somebody")
    return store.write_now(joining.redeem, code, newcomer, clock.now()).member is None


def departments(store: Store, *names: str) -> list[int]:
    for name in names:
        store.write_now(people.department_named, name)
    keys = {name: key for key, name in store.read_now(risk.departments).items()}
    return [keys[name] for name in names]
