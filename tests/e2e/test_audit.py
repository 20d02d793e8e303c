"""The audit trail on the phone: who did what, found by day, person and patient."""

import re

from sqlalchemy import select
from sqlmodel import Session, col

from bot.demo.server import Phone
from storage import audit
from storage.store import Store
from storage.tables import AuditEntry
from tests.e2e.town import Town, all_labels, body, shows


async def test_what_was_decided_and_refused_is_read_by_managers_and_admins(
    small_town: Town,
) -> None:
    noa, root = small_town.noa, small_town.root
    reference = await authorize_first(noa)
    await small_town.dana.says("/audit")
    await small_town.dana.sees("Only managers and admins can see this.")
    await root.says("/audit")
    trail = body(await root.sees("Audit trail"))
    assert trail.splitlines()[:2] == ["Audit trail", "everything"]
    assert re.search(r"\d+ entries, 1–8 shown, newest first", trail)
    by_people = [line for line in trail.splitlines()[4:] if " Slotwise " not in line]
    first, second = by_people[:2]
    assert "Dana was refused: may not see the audit trail" in first
    assert re.fullmatch(
        rf"\d\d:\d\d Noa authorized a transfer · {reference} · (Cardiology|Dermatology)", second
    )
    assert "Root joined as admin" in trail
    await noa.says("/audit")
    seen = body(await noa.sees("Audit trail"))
    assert f"Noa authorized a transfer · {reference}" in seen
    assert "Dana" not in seen
    assert small_town.store.read_now(audit.verify) is None


async def test_the_trail_is_narrowed_down_by_buttons_in_place(small_town: Town) -> None:
    root = small_town.root
    await authorize_first(small_town.noa)
    await root.says("/audit")
    message = await root.sees("Audit trail")
    await root.presses(message, "Person")
    chooser = await root.sees("Whose actions?")
    assert chooser["message_id"] == message["message_id"]
    assert {"Everybody", "Avi", "Dana", "Noa", "Root"} <= set(all_labels(chooser))
    await root.presses(chooser, "Noa")
    of_noa = await root.sees(shows("Noa authorized", "2 entries"))
    assert body(of_noa).splitlines()[1] == "Noa"
    await root.presses(of_noa, "Yesterday")
    empty = await root.sees("Nothing is recorded here.")
    assert body(empty).splitlines()[1] == "Sun 22 Nov 2026 · Noa"
    await root.presses(empty, "Today")
    again = await root.sees(shows("Mon 23 Nov 2026 · Noa", "2 entries"))
    await root.presses(again, "Everything")
    everything = await root.sees(shows("Audit trail\neverything"))
    await root.presses(everything, "Next ›")
    second = await root.sees(shows("Audit trail\neverything", "9–"))
    last = body(second).splitlines()[-1]
    assert re.search(r"The command line imported a file: \d+ rows, 0 rejected", last)


async def test_what_is_typed_narrows_it_down_as_well(small_town: Town) -> None:
    root = small_town.root
    reference = await authorize_first(small_town.noa)
    for typed, shown in (
        (reference, "1 entry, newest first"),
        (reference.lower(), f"Audit trail\n{reference}\n1 entry"),
        ("noa", "Noa joined as manager"),
        ("2026-11-23", "Mon 23 Nov 2026"),
        ("yesterday", "Nothing is recorded here"),
        ("today no", "Mon 23 Nov 2026 · Noa"),
        ("nobody", 'Nobody here is called "nobody".'),
        ("o", '2 names match "o". Press the one you mean.'),
    ):
        since = root.now()
        await root.says(f"/audit {typed}")
        assert shown in body(await root.sees(lambda _: True, since=since)), typed


async def test_a_limited_manager_reads_of_their_department_alone(small_town: Town) -> None:
    noa, avi = small_town.noa, small_town.avi
    await authorize_first(noa, "Dermatology")
    await noa.says("/risk Dermatology")
    listed = await noa.sees(shows("Dermatology · all ages"))
    await noa.presses(
        listed, next(label for label in all_labels(listed) if label.startswith("Authorize Risk"))
    )
    asked = await noa.sees(lambda message: "Cancel" in all_labels(message))
    await noa.presses(asked, all_labels(asked)[0])
    await noa.sees(shows("authorized"))
    reference = await authorize_first(noa, "Cardiology")
    await avi.says("/audit")
    seen = body(await avi.sees("Audit trail"))
    assert "your departments and what you did yourself" in seen
    assert f"Noa authorized a transfer · {reference} · Cardiology" in seen
    assert "Dermatology" not in seen


async def test_a_command_that_is_refused_is_recorded_like_a_press(small_town: Town) -> None:
    before = refusals(small_town.store)
    await small_town.dana.uploads("feed.csv", b"appointment_id\n")
    await small_town.dana.sees("Only admins can load data.")
    await small_town.dana.says("/audit")
    await small_town.dana.sees("Only managers and admins")
    assert refusals(small_town.store) == before + 2


async def authorize_first(phone: Phone, department: str = "") -> str:
    """Authorize a transfer of the first of a risk list; the patient's reference."""
    since = phone.now()
    await phone.says(f"/risk {department}")
    listed = await phone.sees("High-risk", since=since)
    await phone.presses(listed, all_labels(listed)[0])
    card = await phone.sees("Nothing decided yet", since=since)
    await phone.presses(card, "Authorize transfer")
    here = card["message_id"]
    await phone.sees(lambda it: it["message_id"] == here and "Transfer authorized" in body(it))
    found = re.search(r"P-\w{6}", body(card))
    assert found
    return found[0]


def refusals(store: Store) -> int:
    def work(session: Session) -> int:
        wanted = select(col(AuditEntry.id)).where(col(AuditEntry.event) == "refused")
        return len(session.scalars(wanted).all())

    return store.read_now(work)
