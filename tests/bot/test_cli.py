"""The command line."""

import asyncio
import csv
import io
import json
import re
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.server import PATIENCE, BotApiServer, Fault, Person
from bot.receiving import UNKNOWN_TOKEN
from bot.settings import PREFIX, Settings
from domain.clock import SystemClock
from domain.people import Role
from handlers.audit_words import SENTENCES
from storage import joining
from storage.joining import Newcomer
from storage.store import Store
from tests.bot.command import slotwise, started
from tests.e2e.town import TOKEN

COMMANDS = (
    *("run", "demo", "import", "invite", "check", "verify", "export", "tidy", "audit"),
    *("train", "evaluate", "models", "activate", "rollback", "score", "fairness", "simulate"),
)

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing but a database's address is set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", f"sqlite:///{tmp_path / 'slotwise.db'}")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def telegram() -> AsyncIterator[BotApiServer]:
    server = BotApiServer(TOKEN, [Person(1001, "Dana")])
    async with server.running():
        yield server


def test_help_names_every_command_with_what_it_does(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert slotwise(monkeypatch, "--help") == 0
    listed = re.findall(r"^│ (\w+) +\S", capsys.readouterr().out, re.MULTILINE)
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)
    assert slotwise(monkeypatch) in {0, 2}
    assert "Usage" in "".join(capsys.readouterr())


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, command: str
) -> None:
    assert slotwise(monkeypatch, command, "--help") == 0
    said = capsys.readouterr()
    assert f"slotwise {command} " in said.out
    assert said.err == ""


@pytest.mark.parametrize("role", Role)
def test_invite_prints_one_code_alone_and_warns_of_new_departments_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path, role: Role
) -> None:
    arguments = ("invite", "--role", role.value, "--department", "Eyes", "--department", "Ears")
    assert slotwise(monkeypatch, *arguments) == 0
    said = capsys.readouterr()
    assert re.fullmatch(r"[\w-]{22,}\n", said.out)
    assert said.err.splitlines() == [
        f"{name} is a new department: no appointment names it yet" for name in ("Ears", "Eyes")
    ]
    store = Store(f"sqlite:///{tmp_path / 'slotwise.db'}")
    newcomer, now = Newcomer(1, 1, "Dana"), SystemClock().now()
    member = store.write_now(joining.redeem, said.out.strip(), newcomer, now).member
    store.close()
    assert member is not None
    assert (member.role, len(member.departments)) == (role, 2)


def test_an_invitation_counts_from_the_clock_that_the_program_goes_by(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path
) -> None:
    monkeypatch.setenv(f"{PREFIX}AS_OF", "2016-05-29T20:00Z")
    assert slotwise(monkeypatch, "invite", "--role", "staff") == 0
    store = Store(f"sqlite:///{tmp_path / 'slotwise.db'}")
    code = capsys.readouterr().out.strip()
    late = store.write_now(joining.redeem, code, Newcomer(1, 1, "Dana"), SystemClock().now())
    store.close()
    assert late.member is None


@pytest.mark.parametrize(
    "arguments",
    [("invite",), ("invite", "--role", "king"), ("export", "patients"), ("import",), ("fly",)],
)
def test_a_wrong_usage_is_explained_and_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, arguments: tuple[str, ...]
) -> None:
    assert slotwise(monkeypatch, *arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "command",
    [("verify",), ("export", "audit"), ("audit", "verify"), ("invite", "--role", "staff")],
)
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://slotwise:s3cret@127.0.0.1:1/slotwise",
        "sqlite:////dev/null/slotwise.db",
        "sqlite:////etc/hostname",
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, command: tuple[str, ...], url: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", url)
    assert slotwise(monkeypatch, *command) == 1
    one_line(capsys)


@pytest.mark.parametrize("command", [("run",), ("verify",), ("invite", "--role", "staff")])
def test_a_wrong_setting_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv(f"{PREFIX}TIMEZONE", "Mars/[bold]Olympus")
    assert slotwise(monkeypatch, *command) == 1
    assert f"{PREFIX}TIMEZONE: Mars/[bold]Olympus" in one_line(capsys)


def test_verify_says_whether_everything_agrees(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path
) -> None:
    file = tmp_path / "may.csv"
    file.write_text(
        "appointment_id,patient_id,department,start,status\nA1,P1,Eyes,2026-11-02,noshow\n"
    )
    assert slotwise(monkeypatch, "import", str(file)) == 0
    assert "1 new" in capsys.readouterr().out
    assert slotwise(monkeypatch, "verify") == 0
    assert capsys.readouterr().out == "Counters and rollup agree.\n"
    store = Store(f"sqlite:///{tmp_path / 'slotwise.db'}")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE daily_count SET no_shows = 7")
    store.close()
    assert slotwise(monkeypatch, "verify") == 1
    told = capsys.readouterr().out
    assert "no_shows 7" in told
    assert told.endswith("They do not agree.\n")


def test_export_writes_csv_and_nothing_else(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    slotwise(monkeypatch, "invite", "--role", "staff")
    capsys.readouterr()
    assert slotwise(monkeypatch, "export", "audit") == 0
    said = capsys.readouterr()
    assert said.err == ""
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [row["event"] for row in rows] == ["invite", "export audit"]
    assert slotwise(monkeypatch, "export", "actions") == 0
    assert capsys.readouterr().out.startswith("id,reference,")


def test_what_was_exported_is_a_row_of_the_trail_that_reads_as_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    for what in ("references", "actions", "audit"):
        assert slotwise(monkeypatch, "export", what) == 0
    last = capsys.readouterr().out.rpartition("id,at,event")[2].splitlines()[1:]
    events = [line.split(",")[2] for line in last]
    assert events == ["export references", "export actions", "export audit"]
    assert set(events) < set(SENTENCES)


def test_tidy_makes_anonymous_what_is_old_and_prints_how_many(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path
) -> None:
    file = tmp_path / "may.csv"
    file.write_text(
        "appointment_id,patient_id,department,start,status\n"
        "A1,P1,Eyes,2015-05-02,noshow\nA2,P1,Eyes,2015-05-03,noshow\nA3,P2,Eyes,2016-05-20,noshow\n"
    )
    monkeypatch.setenv(f"{PREFIX}AS_OF", "2016-05-29T20:00Z")
    monkeypatch.setenv(f"{PREFIX}KEEP_PATIENTS_DAYS", "365")
    slotwise(monkeypatch, "import", str(file))
    capsys.readouterr()
    for told in (
        "1 patient made anonymous\n2 appointments made anonymous\n",
        "Nothing was old enough.\n",
    ):
        assert slotwise(monkeypatch, "tidy") == 0
        assert capsys.readouterr() == (told, "")
    assert slotwise(monkeypatch, "verify") == 0


def test_export_writes_json_lines_too(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    slotwise(monkeypatch, "invite", "--role", "staff")
    capsys.readouterr()
    assert slotwise(monkeypatch, "export", "audit", "--format", "jsonl") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["invite", "export audit"]
    assert slotwise(monkeypatch, "export", "actions", "--format", "jsonl") == 0
    assert capsys.readouterr().out == ""
    assert slotwise(monkeypatch, "export", "audit", "--format", "xml") == 2


def test_audit_verify_prints_the_head_that_can_be_expected_later(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path
) -> None:
    assert slotwise(monkeypatch, "audit", "verify") == 0
    assert capsys.readouterr().out == "0 rows, chain intact, head 0 -\n"
    for _ in range(2):
        slotwise(monkeypatch, "invite", "--role", "staff")
    capsys.readouterr()
    assert slotwise(monkeypatch, "audit", "verify") == 0
    said = capsys.readouterr().out
    found = re.fullmatch(r"2 rows, chain intact, head 2 ([0-9a-f]{64})\n", said)
    assert found
    slotwise(monkeypatch, "invite", "--role", "staff")
    assert slotwise(monkeypatch, "audit", "verify", "--expect", f"2:{found[1]}") == 0
    capsys.readouterr()
    assert slotwise(monkeypatch, "audit", "verify", "--expect", f"2:{'0' * 64}") == 1
    said = capsys.readouterr().out
    assert said == "Row 2 is not the one that was noted: the chain was written anew\n"
    assert slotwise(monkeypatch, "audit", "verify", "--expect", "yesterday") == 2
    assert "ID:HASH" in capsys.readouterr().err


def test_audit_verify_names_the_first_wrong_row(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path
) -> None:
    for _ in range(3):
        slotwise(monkeypatch, "invite", "--role", "staff")
    store = Store(f"sqlite:///{tmp_path / 'slotwise.db'}")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_entry_refuses_delete")
        connection.exec_driver_sql("DELETE FROM audit_entry WHERE id = 2")
    store.close()
    capsys.readouterr()
    assert slotwise(monkeypatch, "audit", "verify") == 1
    assert capsys.readouterr().out == "Row 2 is missing\n"


async def test_a_signal_ends_the_bot_also_while_telegram_is_out_of_reach(
    tmp_path: Path, telegram: BotApiServer
) -> None:
    telegram.faults.add(Fault("getMe", code=502, times=None))
    program = await bot(tmp_path, telegram)
    async with asyncio.timeout(PATIENCE):
        while not telegram.calls("getMe"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    program.send_signal(signal.SIGTERM)
    _, err = await ended(program)
    assert program.returncode == 0
    assert "telegram cannot be reached" in err
    assert "Traceback" not in err


async def test_what_ends_a_bot_at_work_is_told_in_one_clear_line(
    tmp_path: Path, telegram: BotApiServer
) -> None:
    telegram.faults.add(Fault("getUpdates", code=401, description="Unauthorized", times=None))
    program = await bot(tmp_path, telegram)
    _, err = await ended(program)
    assert program.returncode == 1
    assert err.splitlines()[-1] == UNKNOWN_TOKEN
    assert "Traceback" not in err


async def test_a_token_that_telegram_does_not_know_ends_with_one_line(
    tmp_path: Path, telegram: BotApiServer
) -> None:
    wrong = "1000001:another-token-than-the-bots"
    program = await bot(tmp_path, telegram, bot_token=wrong)
    out, err = await ended(program)
    assert program.returncode == 1
    assert (out, err) == ("", f"{PREFIX}BOT_TOKEN: Telegram does not know this token\n")


async def bot(folder: Path, telegram: BotApiServer, bot_token: str = TOKEN) -> Process:
    url = f"sqlite:///{folder / 'slotwise.db'}"
    return await started(
        folder, "run", bot_token=bot_token, bot_api_url=telegram.base_url, database_url=url
    )


async def ended(program: Process) -> tuple[str, str]:
    """What a program has written when it ends."""
    async with asyncio.timeout(PATIENCE):
        out, err = await program.communicate()
    return out.decode(), err.decode()


def one_line(capsys: Said) -> str:
    """The one line on standard error; nothing is on standard output."""
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1, said.err
    assert "s3cret" not in said.err
    return said.err
