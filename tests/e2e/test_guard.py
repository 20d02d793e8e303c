"""Who may do what: every command and every kind of button, as everybody, as docs/rights.md says."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from bot.demo.server import PATIENCE, Phone
from domain.backfills import Stage
from domain.calls import CallOutcome
from domain.clock import HandClock
from domain.criteria import Criteria
from domain.criteria import select as select_criteria
from domain.people import Member, Role
from domain.statuses import Status
from domain.transfers import Kind
from handlers.commands import COMMANDS
from handlers.guard import PRIVATE_ONLY, STRANGER, SUSPENDED
from handlers.router import ACTS, OLD_BUTTON, SCREENS
from storage import (
    actions,
    batches,
    call_lists,
    calls,
    invitations,
    models,
    people,
    risk,
    sent_plans,
    strangers,
)
from storage.store import Store
from storage.tables import (
    Appointment,
    AuditEntry,
    BackfillRow,
    MemberRow,
    Patient,
    Push,
    Stranger,
)
from tests.conftest import MONDAY_MORNING
from tests.e2e.town import AVI, DANA, NOA, ROOT, Town, a_small_hmo, body, decided, town, with_button
from tests.hmo import HOUSE

RIGHTS = Path(__file__).parents[2] / "docs" / "rights.md"
ROLES = {"dana": "staff", "noa": "manager", "root": "admin"}
MARK = "0" * 32
"""Of an invitation that nobody made."""
KEEPS_TRYING = 4711
"""A stranger of whom admins were told."""
A_MODEL = 1
FILLED = 999
SENT_PLAN = 1
VERBS = {"ask", "now", "yes", "no", "drop", "undo"}


def rows_of(heading: str) -> list[dict[str, str]]:
    """The lines of a table in docs/rights.md, by the names of its columns."""
    part = RIGHTS.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


COMMAND_ROWS = rows_of("Commands")
BUTTON_ROWS = rows_of("Buttons")


@pytest.fixture
async def place(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """A town without Chromium, in which there is something to decide and to undo."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found, found.bot_at_work():
        await found.everybody_joins()
        prepare(found.store, clock)
        await all_is_told(found)
        yield found


def prepare(store: Store, clock: HandClock) -> None:
    """Actions 1 and 2 are proposed in Cardiology and Dermatology, 3 and 4 were decided by Noa.

    Batch 1 waits for Noa's answer, batch 2 was confirmed by her, batch 3 is to be cancelled.
    """
    now, dana, noa = clock.now(), member(store, DANA.user_id), member(store, NOA.user_id)
    threshold = HOUSE.threshold
    for key in (*in_department(store, "Cardiology")[:1], *in_department(store, "Dermatology")[:1]):
        store.write_now(actions.propose, dana, key, Kind.TRANSFER, now, threshold)
    for name in ("Cardiology", "Dermatology"):
        key = in_department(store, name)[1]
        store.write_now(actions.authorize_directly, noa, key, Kind.TRANSFER, now, threshold)
    today = select_criteria(Criteria(1), noa, HOUSE, now)
    for _ in range(3):
        store.write_now(batches.draft_from_list, noa, "risk:1.-.-:0", today, now)
    store.write_now(batches.confirm, noa, 2, now, threshold)
    prepare_people(store, now)
    prepare_calls(store, clock, dana)
    store.write_now(fill, in_department(store, "Cardiology"), now)
    store.write_now(
        models.add, name="2026-11-23-1", kind="boosted", sha256="0" * 64, report={}, now=now
    )


def prepare_people(store: Store, now: datetime) -> None:
    """Invitation 5 is open, 6 is a draft, and a stranger has tried five times."""
    root = member(store, ROOT.user_id)
    store.write_now(invitations.invite, Role.STAFF, (), now, root.id)
    store.write_now(invitations.draft, root, Role.STAFF, now)
    for _ in range(5):
        store.write_now(strangers.turn_away, KEEPS_TRYING, now)


def fill(session: Session, visits: Sequence[int], now: datetime) -> None:
    """A slot of Cardiology has gone to another patient."""
    session.add(
        BackfillRow(
            id=FILLED,
            appointment_id=visits[0],
            day=HOUSE.calendar.day_of(now),
            start=now,
            action_id=1,
            stage=Stage.FILLED,
            opened_at=now,
            ended_at=now,
            replacement_id=visits[2],
        )
    )
    session.flush()
    sent_plans.note(session, "0" * 12, 1, [FILLED], now)


def prepare_calls(store: Store, clock: HandClock, dana: Member) -> None:
    """Call lists 1 and 2 are of Cardiology and Dermatology; so are calls 1 and 2, noted by Dana."""
    now, threshold = clock.now(), HOUSE.threshold
    today = HOUSE.calendar.day_of(now)
    for name in ("Cardiology", "Dermatology"):
        store.write_now(call_lists.freeze, department(store, name), today, now, threshold)
        key = in_department(store, name)[0]
        store.write_now(calls.record_call, dana, key, CallOutcome.NO_ANSWER, now, threshold)


def samples(store: Store) -> dict[str, str]:
    """An address for each line of the table, all about Cardiology."""
    card = in_department(store, "Cardiology")[2]
    missed = missed_before(store, card)
    return {
        "risk": "risk:7.-.-:0",
        "riskdep": "riskdep:7.-.-:0",
        "riskage": "riskage:7.-.-",
        "riskwin": "riskwin:7.-.-",
        "card": f"card:{card}:risk:7.-.-:0",
        "find": f"find:{reference(store, card)}",
        "pending": "pending:0",
        "proposal": "proposal:1",
        "told": "told:1",
        "gain": "gain:7.-.-:0",
        "heat": "heat:90:rate:-",
        "heatdep": "heatdep:90:rate:-:0",
        "waitlist": "waitlist:-:0",
        "waitlistdep": "waitlistdep:0",
        "availability": "availability:-:0",
        "availabilitydep": "availabilitydep:0",
        "summary": "summary",
        "settings": "settings",
        "settime": "settime",
        "set": "set:at:495",
        "capacities": "capacities:0",
        "capacity": f"capacity:{department(store, 'Cardiology')}:0",
        "setcapacity": f"setcapacity:{department(store, 'Cardiology')}:10:0",
        "policies": "policies:0",
        "policy": f"policy:{department(store, 'Cardiology')}:0",
        "setpolicy": f"setpolicy:{department(store, 'Cardiology')}:hours:24:0",
        "toconfirm": "toconfirm:0",
        "filled": f"filled:{FILLED}",
        "balance": "balance:-:0",
        "balanceslots": "balanceslots:-:0:0",
        "balancedep": "balancedep:0",
        "balanceoff": "balanceoff:-:0",
        "sendplan": "sendplan:-:0:0123456789ab:1.1.2",
        "sentplan": f"sentplan:{SENT_PLAN}",
        "advice": "advice:-",
        "advicedep": "advicedep:0",
        "model": "model",
        "chart": "chart:gain",
        "fairness": "fairness:sex",
        "rollback": "rollback:1",
        "rollbacknow": "rollbacknow:1",
        "toldbatch": "toldbatch:2",
        "today": "today:0",
        "calldep": "calldep:0",
        "callopen": f"callopen:{department(store, 'Cardiology')}",
        "calls": "calls:1:0",
        "calladd": "calladd:1",
        "giveback": f"giveback:{card}:calls:1:0",
        "called": f"called:{card}:n:calls:1:0",
        "uncall": "uncall:1:calls:1:0",
        "act drop": "act:drop:1:proposal:1",
        "act ask": f"act:ask:{card}:c:-",
        "act now": f"act:now:{card}:t:-",
        "act yes": "act:yes:1:proposal:1",
        "why": "why:1:proposal:1",
        "act no": "act:no:1:0:proposal:1",
        "act undo": "act:undo:3:told:3",
        "draft": "draft:3:risk:7.-.-:0",
        "batch": "batch:1",
        "confirm": "confirm:1",
        "cancel": "cancel:3",
        "undobatch": "undobatch:2",
        "you": "you:4:0",
        "takerole": f"takerole:{MARK}",
        "people": "people:0",
        "member": "member:1:0",
        "role": "role:1:0",
        "setrole": "setrole:4:staff:0",
        "places": "places:1:0:0",
        "setplaces": "setplaces:1:all:0:0:0",
        "suspend": "suspend:4:0",
        "suspendnow": "suspendnow:4:0",
        "reinstate": "reinstate:1:0",
        "stranger": f"stranger:{KEEPS_TRYING}",
        "invite": "invite",
        "newinvite": "newinvite:staff",
        "invitation": "invitation:6:0",
        "setinvite": f"setinvite:6:in:{department(store, 'Cardiology')}:0",
        "makelink": "makelink:6",
        "invites": "invites:0",
        "revoke": "revoke:5:0",
        "wrong": f"wrong:0:{card}:-",
        "record": f"record:{missed}:0:{card}:-",
        "excuse": f"excuse:{missed}:a:0:{card}:-",
        "unexcuse": f"unexcuse:{missed}:0:{card}:-",
        "corrections": "corrections:90:0",
        "audit": "audit:-:-:-:0",
        "auditwho": "auditwho:-:-:-:0",
        "deliveries": "deliveries:0",
        "delivery": "delivery:1:0",
        "resend": "resend:1:0",
        "drop": "drop:1:0",
        "resendall": "resendall:0",
        "resendnow": "resendnow:1763877600:0",
        "trial": "trial",
        "starttrial": "starttrial:20",
        "starttrialnow": "starttrialnow:20",
        "stoptrial": "stoptrial:1",
        "stoptrialnow": "stoptrialnow:1",
        "modelnews": f"modelnews:refused:{A_MODEL}",
    }


def test_the_tables_name_every_command_and_every_kind_of_button() -> None:
    named = {row["command"] for row in COMMAND_ROWS} - {"a CSV file", "/start"}
    assert named == {f"/{command.name}" for command in COMMANDS}
    words = {row["address"] for row in BUTTON_ROWS}
    assert {word.split()[0] for word in words} == set(SCREENS) | set(ACTS)
    assert {word.split()[1] for word in words if " " in word} == VERBS
    assert len(words) == len(BUTTON_ROWS)


@pytest.mark.parametrize("who", ROLES)
async def test_each_role_passes_with_the_buttons_of_the_table_and_no_other(
    place: Town, who: str
) -> None:
    phone: Phone = getattr(place, who)
    known = samples(place.store)
    for row in BUTTON_ROWS:
        said = await pressed(phone, known[row["address"]])
        allowed = row[ROLES[who]] != "–"
        assert said.startswith("Only ") != allowed, (row["button"], said)
        assert said != OLD_BUTTON, row["button"]


@pytest.mark.parametrize("who", ROLES)
async def test_each_role_passes_with_the_commands_of_the_table_and_no_other(
    place: Town, who: str
) -> None:
    phone: Phone = getattr(place, who)
    for row in COMMAND_ROWS:
        since = phone.now()
        if row["command"].startswith("/"):
            await phone.says(f"{row['command']} {'P-ZZZZZZ' if row['command'] == '/find' else ''}")
        else:
            await phone.uploads("feed.csv", b"appointment_id,patient_id\n")
        answer = body(await phone.sees(lambda _: True, since=since))
        assert (answer.startswith("Only ")) == (row[ROLES[who]] == "–"), (row, answer)


async def test_a_limited_manager_gets_through_nowhere_else(place: Town) -> None:
    """Avi manages Cardiology; all of this is about Dermatology."""
    store = place.store
    card = in_department(store, "Dermatology")[2]
    key = department(store, "Dermatology")
    before = decided(store)
    for data in (
        f"risk:7.{key}.-:0",
        f"riskage:7.{key}.-",
        f"card:{card}:-",
        "proposal:2",
        "told:2",
        f"gain:7.{key}.-:0",
        f"heat:90:rate:{key}",
        f"act:ask:{card}:t:-",
        f"act:now:{card}:t:-",
        "act:yes:2:pending:0",
        "why:2:pending:0",
        "act:no:2:0:pending:0",
        "act:undo:4:told:4",
        f"draft:1:risk:7.{key}.-:0",
        "batch:1",
        "confirm:1",
        "cancel:1",
        "undobatch:2",
        "act:drop:2:told:2",
        f"callopen:{key}",
        "calls:2:0",
        "calladd:2",
        f"giveback:{card}:-",
        f"called:{card}:x:-",
        "uncall:2:-",
        f"wrong:0:{card}:-",
        f"record:{missed_before(store, card)}:0:{card}:-",
        f"excuse:{missed_before(store, card)}:a:0:{card}:-",
        f"unexcuse:{missed_before(store, card)}:0:{card}:-",
        f"capacity:{key}:0",
        f"setcapacity:{key}:10:0",
        f"policy:{key}:0",
        f"setpolicy:{key}:hours:24:0",
        f"waitlist:{key}:0",
        f"availability:{key}:0",
        f"balance:{key}:0",
        f"balanceslots:{key}:0:0",
        f"sendplan:{key}:0:0123456789ab:1.1.2",
        f"advice:{key}",
    ):
        said = await pressed(place.avi, data)
        assert said.startswith("Only "), (data, said)
    assert decided(store) == before
    await pressed(place.avi, f"find:{reference(store, card)}")
    await place.avi.sees("no coming appointment")
    for data in (
        *("pending:0", "calldep:0", "riskdep:30.-.-:0", "heatdep:90:rate:-:0", "gain:30.-.-:0"),
        *("today:0", "waitlist:-:0", "waitlistdep:0", "availability:-:0", "availabilitydep:0"),
        *("balance:-:0", "balancedep:0", "advice:-", "advicedep:0"),
    ):
        await pressed(place.avi, data)
    assert "Dermatology" not in repr([m for m in place.avi.messages if "Only" not in body(m)])


async def test_a_stranger_gets_nothing_by_any_command_or_button(place: Town) -> None:
    stranger = place.stranger
    before = decided(place.store)
    await everything_is_refused(place, stranger, STRANGER)
    for text in ("hello", "/start", "/START", "/start wrong-code", "/starting", "/start@other_bot"):
        place.store.write_now(forgive)
        since = stranger.now()
        await stranger.says(text)
        answer = body(await stranger.sees(lambda _: True, since=since))
        assert answer == STRANGER or "Ask your admin for a new one" in answer
    assert decided(place.store) == before
    assert not re.search(r"P-\w{6}", repr(stranger.messages).replace("P-ZZZZZZ", ""))


async def test_a_suspended_member_is_told_so_and_gets_nothing_from_that_moment_on(
    place: Town, clock: HandClock
) -> None:
    noa = place.noa
    code = place.store.write_now(invitations.invite, Role.ADMIN, (), clock.now())
    await noa.says("/risk")
    await noa.sees("High-risk")

    def suspend(session: Session) -> None:
        chosen = update(MemberRow).where(col(MemberRow.telegram_id) == NOA.user_id)
        session.execute(chosen.values(suspended=True))

    place.store.write_now(suspend)
    before = decided(place.store)
    await everything_is_refused(place, noa, SUSPENDED)
    for text in ("hello", "/start", f"/start {code}"):
        place.store.write_now(forgive)
        since = noa.now()
        await noa.says(text)
        assert body(await noa.sees(lambda _: True, since=since)) == SUSPENDED
    assert decided(place.store) == before


async def test_a_group_gets_no_patient_data_whoever_asks(place: Town) -> None:
    group = place.server.group(-5, [DANA.user_id, NOA.user_id, AVI.user_id])
    for user in (DANA.user_id, NOA.user_id):
        phone = group.person(user)
        for row in COMMAND_ROWS:
            if row["command"].startswith("/"):
                since = phone.now()
                await phone.says(row["command"])
                assert body(await phone.sees(lambda _: True, since=since)) == PRIVATE_ONLY
        message = group.messages[-1]
        for data in samples(place.store).values():
            toast = await phone.toast(await phone.presses(with_button(message, data), "old"))
            assert toast.text == PRIVATE_ONLY
    seen = [m for m in group.messages if body(m) not in {row["command"] for row in COMMAND_ROWS}]
    assert {body(message) for message in seen} == {PRIVATE_ONLY}


async def test_the_talk_of_others_in_a_group_is_not_answered(place: Town) -> None:
    group = place.server.group(-5, [DANA.user_id, NOA.user_id])
    phone = group.person(DANA.user_id)
    await phone.says("/risk@another_bot")
    await phone.says("/risk@slotwise_bot")
    await phone.sees(PRIVATE_ONLY)
    answers = [message for message in group.messages if body(message) == PRIVATE_ONLY]
    assert len(answers) == 1


async def test_the_menu_offers_the_commands_of_ones_role(place: Town) -> None:
    for who, role in ROLES.items():
        phone: Phone = getattr(place, who)
        offered = {f"/{command['command']}" for command in phone.commands}
        allowed = {row["command"] for row in COMMAND_ROWS if row[role] == "yes"}
        assert offered == allowed - {"/start", "a CSV file"}
    assert place.stranger.commands == []


async def test_the_menu_and_the_help_begin_with_what_a_role_uses_most(place: Town) -> None:
    for who, first in (("dana", "risk"), ("noa", "pending"), ("root", "people")):
        phone: Phone = getattr(place, who)
        assert phone.commands[0]["command"] == first
        assert [command["command"] for command in phone.commands[-2:]] == ["settings", "help"]
        await phone.says("/help")
        lines = body(await phone.sees("Slotwise for")).splitlines()
        listed = [line.split(" ")[0] for line in lines if line.startswith("/")]
        assert listed == [f"/{command['command']}" for command in phone.commands]
        assert ("A CSV file sent here" in "\n".join(lines)) == (who == "root")
        assert lines[-1].startswith("For privacy ")
        assert "is deleted after 36 hours" in lines[-1]


async def test_what_is_refused_stands_in_the_audit_trail(place: Town) -> None:
    before = audited(place.store, "refused")
    await pressed(place.dana, "confirm:1")
    assert audited(place.store, "refused") == before + 1
    await place.stranger.says("/risk")
    await place.stranger.sees(STRANGER)
    assert audited(place.store, "stranger refused") >= 1


async def all_is_told(place: Town) -> None:
    """Wait until nothing is left to be pushed, so that what comes next is an answer."""

    def waiting(session: Session) -> int:
        counted = select(func.count()).where(col(Push.state).in_(["waiting", "sending"]))
        return session.scalar(counted) or 0

    async with asyncio.timeout(PATIENCE):
        while await place.store.read(waiting):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def everything_is_refused(place: Town, phone: Phone, words: str) -> None:
    """Each is tried as if it were the first, since whoever keeps trying is soon ignored."""
    for row in COMMAND_ROWS:
        place.store.write_now(forgive)
        since = phone.now()
        if row["command"].startswith("/"):
            await phone.says(row["command"])
        else:
            await phone.uploads("feed.csv", b"appointment_id\n")
        assert body(await phone.sees(lambda _: True, since=since)) == words, row
    for row in BUTTON_ROWS:
        place.store.write_now(forgive)
        data = samples(place.store)[row["address"]]
        message = with_button(phone.messages[-1], data)
        toast = await phone.toast(await phone.presses(message, "old"))
        assert toast.text == words, row


def forgive(session: Session) -> None:
    session.execute(delete(Stranger).where(col(Stranger.telegram_id) != KEEPS_TRYING))


async def pressed(phone: Phone, data: str) -> str:
    """What a press is answered with: over the screen, or for a slow screen in the chat."""
    message = next(m for m in reversed(phone.messages) if "reply_markup" in m or not m["outgoing"])
    since = phone.now()
    toast = await phone.toast(await phone.presses(with_button(message, data), "old"))
    if toast.text is None:
        return body(await phone.sees(lambda _: True, since=since))
    return toast.text


def member(store: Store, telegram_id: int) -> Member:
    found = store.read_now(people.member_by_telegram, telegram_id)
    assert found is not None
    return found


def in_department(store: Store, name: str) -> list[int]:
    """Appointments of the risk list, the soonest of a department that comes tomorrow or later."""
    everybody = Member(0, 0, 0, "", Role.MANAGER)
    now = MONDAY_MORNING
    later = select_criteria(Criteria(14), everybody, HOUSE, now)
    rows = store.read_now(risk.risk_rows, later, 0, 99)
    first_day = HOUSE.calendar.end_of(HOUSE.calendar.ahead(now, 1))
    return [row.appointment_id for row in rows if row.department == name and row.start > first_day]


def missed_before(store: Store, appointment_id: int) -> int:
    """A recorded no-show of the same patient."""

    def work(session: Session) -> int:
        patient = session.get_one(Appointment, appointment_id).patient_id
        missed = (col(Appointment.patient_id) == patient, col(Appointment.status) == Status.NOSHOW)
        return session.scalars(select(col(Appointment.id)).where(*missed)).first() or 0

    return store.read_now(work)


def department(store: Store, name: str) -> int:
    return next(key for key, found in store.read_now(risk.departments).items() if found == name)


def reference(store: Store, appointment_id: int) -> str:
    def work(session: Session) -> str:
        patient = session.get_one(Appointment, appointment_id).patient_id
        return session.get_one(Patient, patient).reference.removeprefix("P-")

    return store.read_now(work)


def audited(store: Store, event: str) -> int:
    def work(session: Session) -> int:
        return session.scalar(select(func.count()).where(col(AuditEntry.event) == event)) or 0

    return store.read_now(work)
