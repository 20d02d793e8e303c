"""Whatever is sent, nothing fails, members get an answer, and nothing changes that may not.

What may change something is excluded by rule: the table in docs/rights.md says who may do which
act, a message says itself that it takes a reply, and no file here has a row that can be used.
Screens, acts and commands come from their registries, so new ones are tried without an edit.
"""

import asyncio
import contextlib
import gzip
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import Table, select
from sqlmodel import Session, SQLModel, col
from structlog.typing import EventDict

from bot.demo.server import PATIENCE, Phone
from domain.clock import HandClock
from domain.people import Role
from handlers.commands import COMMANDS
from handlers.router import ACTS, SCREENS
from storage import invitations
from storage.store import Store
from storage.tables import Patient
from tests.e2e.test_guard import BUTTON_ROWS, all_is_told, prepare, samples
from tests.e2e.town import Message, Town, a_small_hmo, town, with_button

ROLES: Final = {"dana": "staff", "noa": "manager", "avi": "manager", "root": "admin"}
KINDS: Final = [row["address"] for row in BUTTON_ROWS]
WAYS: Final = ("head", "tail", "more", "less", "twice")
"""What happens to an address or a code; see `Damage`."""

NOTHING: Final = "999999999999999999"
"""An argument that names nothing."""

TRACES: Final = {
    "audit_entry", "audit_head", "call_list", "call_list_item", "fact", "open_message", "push",
    "stranger",
}  # fmt: skip
"""Tables in which looking and being refused leave their traces."""

TRACE_COLUMNS: Final = {"reachable", "summary_day", "summary_due_at"}
"""The same, of members."""

PIECES: Final = (
    *("-", "", "0", "1", "2", "7", "12", "90", "365", NOTHING, "9" * 40, "-1", "1.5"),
    *("7.-.-", "7.1.-", "30.2.8", "31.-.-", "0.0.0", "7.-.9", "rate", "count", "share", "RATE"),
    *("t", "c", "x", "ask", "now", "yes", "no", "undo", "7K3MQD", "P-7K3MQD", "risk", "card"),
    *("\u202e\u05d0\u05d1", "<b>", "&amp;", "%s", "'; --", "\x00", "\n", "é", "💊", "٣"),
)
TEXTS: Final = (
    *("hello", "<b>bold</b>", "<script>alert(1)</script>", "&lt;&#60;&", "</pre>", "a < b > c"),
    *("שלום עולם", "\u202egnp.exe", "\u2066\u2067\u2068", "🙂" * 50, "x" * 4000, "\x01\x02", "٣٤"),
    *("/", "//", "/risk" * 200, "1" * 4000, "P-7K3MQD", "{}", "[]", "null", "-", "\\", "`*_~"),
)
CELLS: Final = (
    *("", "0", "-1", "=1+1", "@x", "+", "\t", "'=1", '"', '""', ",", ";", "\r", "\n", "\x00"),
    *("booked", "noshow", "tomorrow", "2026-13-01", "1e9", "NaN", "é", "💊", "\u202e", "x" * 5000),
)
HEADERS: Final = (
    "appointment_id,patient_id,department,start,status",
    "appointment_id;patient_id;department;start;status;phone;booked_at;age",
    "appointment_id,patient_id,department,status",
    "\ufeffappointment_id\tpatient_id\tdepartment\tstart\tstatus",
    "<html><body>",
    "",
)
NAMES: Final = (
    *("may.csv", "may.csv.gz", "", ".", "..", "../../etc/passwd", "/etc/passwd", "C:\\may.csv"),
    *("<b>&.csv", "\u202evsc.exe", "x" * 255, "may.rejects.csv", "💊.csv", "a\nb.csv", "%s%n"),
)


def bounded(examples: int) -> settings:
    """The same examples each time, so many of them, and as few as may be when one fails."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


members = st.sampled_from(sorted(ROLES))
anybody = st.sampled_from([*sorted(ROLES), "stranger"])
pieces = st.sampled_from(PIECES) | st.integers(0, 30).map(str) | st.text(max_size=8)
texts = st.sampled_from(TEXTS) | st.text(min_size=1, max_size=200)
made_up = st.builds(
    lambda word, rest: ":".join([word, *rest]),
    st.sampled_from([*SCREENS, *ACTS, "nothing", ""]),
    st.lists(pieces, max_size=5),
)
commands = st.builds(
    lambda name, tail, rest: " ".join([f"/{name}{tail}", *rest]),
    st.sampled_from([*(command.name for command in COMMANDS), "HELP", "unknown", "risk_", ""]),
    st.sampled_from(["", "", "@slotwise_bot", "@another_bot"]),
    st.lists(pieces | texts, max_size=3),
)


@dataclass(frozen=True)
class Damage:
    """What happens to a button's address."""

    kind: str
    at: int
    way: str
    piece: str

    def done_to(self, known: dict[str, str]) -> str:
        """The address of this kind, after the damage."""
        data = known[self.kind]
        at = self.at % (len(data) + 1)
        return {
            "none": data,
            "head": data[:at],
            "tail": data[at:],
            "more": data[:at] + self.piece + data[at:],
            "less": data[:at] + data[at + 1 :],
            "twice": data * 2,
        }[self.way]


damages = st.builds(
    Damage,
    # What decides is worth more tries than what shows.
    st.sampled_from([a for a in KINDS for _ in range(4 if a.split()[0] in ACTS else 1)]),
    st.integers(0, 64),
    st.sampled_from(["none", "none", *WAYS]),
    pieces,
)


class Watched:
    """A town in which whatever goes wrong is seen at once, and put right again."""

    def __init__(
        self, place: Town, code: str, logs: list[EventDict], caplog: pytest.LogCaptureFixture
    ) -> None:
        self.town, self.code = place, code
        self.known = samples(place.store)
        self._logs, self._caplog, self._calls = logs, caplog, len(place.server.calls())
        self._kept, self._copy = kept(place.store), sqlite3.connect(":memory:")
        with self._database() as database:
            database.backup(self._copy)

    def phone(self, who: str) -> Phone:
        found: Phone = getattr(self.town, who)
        return found

    async def carrier(self, who: str) -> Message:
        """A message that bears buttons; asked for anew once made-up presses have left none."""
        phone = self.phone(who)

        def bearing() -> list[Message]:
            return [m for m in phone.messages if "reply_markup" in m or who not in ROLES]

        if not bearing():
            await phone.says("/risk")
            await self.settled()
        return bearing()[0]

    async def settled(self) -> None:
        """Wait until all that was sent has been dealt with."""
        assert self.town.bot is not None
        async with asyncio.timeout(PATIENCE):
            while self.town.server.pending_updates:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            await self.town.bot.app.update_queue.join()

    def check(self, *, may_change: bool = False) -> None:
        """Nothing failed, Telegram refused nothing, and nothing changed that may not.

        What has changed is put back and what was logged is dropped, so that every example begins
        alike, and one that fails does so again when it is shrunk.
        """
        logged = [*failures(self._logs), *failed(self._caplog.records)]
        self._logs.clear()
        self._caplog.clear()
        fresh = self.town.server.calls()[self._calls :]
        self._calls += len(fresh)
        refused = [call for call in fresh if call.code >= 400]
        changed = kept(self.town.store) != self._kept
        if changed:
            with self._database() as database:
                self._copy.backup(database)
        assert logged == []
        assert [call for call in refused if "not modified" not in call.outcome] == []
        assert may_change or not changed

    def close(self) -> None:
        self._copy.close()

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        file = self.town.settings.data_dir / "town.db"
        with contextlib.closing(sqlite3.connect(file, timeout=30)) as database:
            yield database


@pytest.fixture
async def watched(
    tmp_path: Path,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[Watched]:
    """A town without Chromium, in which there is something to decide and an invitation is open."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    hmo = a_small_hmo(clock.now())
    with structlog.testing.capture_logs() as logs:
        async with town(tmp_path, clock, hmo) as place, place.bot_at_work():
            await place.everybody_joins()
            prepare(place.store, clock)
            code = place.store.write_now(invitations.invite, Role.ADMIN, [], clock.now())
            await all_is_told(place)
            found = Watched(place, code, logs, caplog)
            for who in (*ROLES, "stranger"):
                for command in ("/risk", "/pending", "/efficiency"):
                    await found.phone(who).says(command)
            await found.settled()
            found.check()
            yield found
            await found.settled()
            found.check()
            found.close()
            assert unprotected(found) == []


@bounded(200)
@given(who=anybody, asked=made_up | damages)
async def test_no_button_fails_or_does_what_is_not_allowed(
    watched: Watched, who: str, asked: str | Damage
) -> None:
    phone = watched.phone(who)
    data = in_bytes(asked if isinstance(asked, str) else asked.done_to(watched.known))
    allowed = may_do(who, data)
    if allowed:  # tried on what does not exist: on what does, others try it
        data = f"{allowed}:{NOTHING}"
    note(f"{who} presses {data!r}")
    query = await phone.presses(with_button(await watched.carrier(who), data), "old")
    await watched.settled()
    toast = await phone.toast(query, within=0)
    assert toast.text is None or 0 < len(toast.text) <= 200
    watched.check(may_change=bool(allowed))


@bounded(120)
@given(who=anybody, text=commands | texts)
async def test_no_words_fail_or_change_anything(watched: Watched, who: str, text: str) -> None:
    assume(text.strip())
    text = text.strip()[:2000].strip()
    note(f"{who} says {text!r}")
    await says(watched, who, text)
    watched.check()


@bounded(80)
@given(
    who=anybody,
    way=st.sampled_from([*WAYS, "swapped", "another"]),
    at=st.integers(0, 30),
    piece=pieces | texts,
)
async def test_no_link_but_the_right_one_lets_anybody_in(
    watched: Watched, who: str, way: str, at: int, piece: str
) -> None:
    code = watched.code
    damaged = {
        **{kind: Damage("code", at, kind, piece).done_to({"code": code}) for kind in WAYS},
        "swapped": code.swapcase(),
        "another": piece,
    }[way]
    assume(" ".join(damaged.split()) != code)
    text = f"/start {damaged}"[:2000].strip()
    note(f"{who} follows {text!r}")
    await says(watched, who, text)
    watched.check()


@bounded(80)
@given(who=anybody, place=st.integers(0, 99), text=texts)
async def test_no_reply_fails_or_changes_what_did_not_ask_for_it(
    watched: Watched, who: str, place: int, text: str
) -> None:
    assume(text.strip())
    phone = watched.phone(who)
    message = phone.messages[place % len(phone.messages)]
    note(f"{who} replies {text.strip()!r} to {message.get('text')!r}")
    await says(watched, who, text.strip(), reply_to=message["message_id"])
    watched.check(may_change="reply to this message" in repr(message).lower())


cells = st.sampled_from(CELLS) | st.text(max_size=12)
tables = st.builds(
    lambda header, rows: "\n".join([header, *(",".join(row) for row in rows)]).encode(),
    st.sampled_from(HEADERS) | st.text(max_size=60),
    # A start that is no date, so that no row can be used.
    st.lists(st.tuples(cells, cells, cells, st.just("no date"), cells), max_size=4),
)
names = st.sampled_from(NAMES) | st.text(max_size=40)
contents = (
    tables
    | st.binary(max_size=300)
    | tables.map(gzip.compress)
    | st.builds(lambda whole, at: gzip.compress(whole)[:at], tables, st.integers(1, 40))
    | st.sampled_from([b"PK\x03\x04" + bytes(99), gzip.compress(bytes(9_000_000)), b"\xff" * 99])
    | st.builds(lambda text: text.encode("utf-16"), st.sampled_from(HEADERS))
).filter(len)  # Telegram takes no empty file


@bounded(80)
@given(who=anybody, name=names, content=contents)
async def test_no_file_fails_or_brings_anything_in(
    watched: Watched, who: str, name: str, content: bytes
) -> None:
    phone, since = watched.phone(who), watched.phone(who).now()
    note(f"{who} sends {name!r}: {content[:80]!r}")
    await phone.uploads(name, content)
    await watched.settled()
    if who in ROLES:
        await phone.sees(lambda _: True, within=0, since=since)
    watched.check()
    folder = watched.town.settings.data_dir
    assert [found.name for found in folder.iterdir() if "town.db" not in found.name] == []


async def says(watched: Watched, who: str, text: str, reply_to: object = None) -> None:
    """Say something, and see that a member is answered."""
    phone, since = watched.phone(who), watched.phone(who).now()
    await phone.says(text, reply_to=reply_to)
    await watched.settled()
    if who in ROLES:
        await phone.sees(lambda _: True, within=0, since=since)


def may_do(who: str, data: str) -> str:
    """The act at an address, without its arguments, if a person may do it; else nothing."""
    if data.split(":", maxsplit=1)[0] not in ACTS or who not in ROLES:
        return ""
    for row in BUTTON_ROWS:
        act = row["address"].replace(" ", ":")
        if f"{data}:".startswith(f"{act}:") and row[ROLES[who]] != "–":
            return act
    return ""


def in_bytes(data: str) -> str:
    """What fits into a button: 1 to 64 bytes."""
    return data.encode(errors="ignore")[:64].decode(errors="ignore") or "-"


def kept(store: Store) -> str:
    """All that is kept apart from traces, in one text."""

    def work(session: Session) -> str:
        tables = [t for name, t in sorted(SQLModel.metadata.tables.items()) if name not in TRACES]
        return repr([session.execute(select(*columns(table))).all() for table in tables])

    return store.read_now(work)


def columns(table: Table) -> list[Any]:
    return [column for column in table.columns if column.name not in TRACE_COLUMNS]


def failures(logs: list[EventDict]) -> list[EventDict]:
    """Log lines that tell of a failure: errors, and whatever carries an exception."""
    return [e for e in logs if e["log_level"] in {"error", "critical"} or e.get("exc_info")]


def failed(records: list[logging.LogRecord]) -> list[str]:
    """The same of what libraries log."""
    return [record.getMessage() for record in records if record.levelno >= logging.ERROR]


def unprotected(watched: Watched) -> list[object]:
    """Messages of the bot that name a patient and may be forwarded, or are a stranger's."""

    def known(session: Session) -> set[str]:
        return set(session.scalars(select(col(Patient.reference))))

    references = watched.town.store.read_now(known)
    return [
        message
        for who in (*ROLES, "stranger")
        for message in watched.phone(who).messages
        if not message["outgoing"]
        and references & set(re.findall(r"P-\w{6}", repr(message)))
        and (who == "stranger" or not message.get("has_protected_content"))
    ]
