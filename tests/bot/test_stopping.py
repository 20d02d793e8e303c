"""How the program ends, and that a log which nobody reads does not end it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

import pytest

from bot.demo.server import PATIENCE, BotApiServer, Fault, Person
from tests.bot.command import ROOT, started
from tests.e2e.town import TOKEN

STUBBORN = """
import asyncio, time
from bot import logs, stopping
logs.start_logging("json")
stopping.ENDS_WITHIN = 0.3
async def work():
    with stopping.by_signals():
        print("at work", flush=True)
        try:
            await asyncio.sleep(60)
        finally:
            time.sleep(60)
asyncio.run(work())
"""


@pytest.fixture
async def telegram() -> AsyncIterator[BotApiServer]:
    server = BotApiServer(TOKEN, [Person(1001, "Dana")])
    async with server.running():
        yield server


async def test_a_second_signal_ends_the_program_at_once(
    tmp_path: Path, telegram: BotApiServer
) -> None:
    async with bot(tmp_path, telegram) as program:
        telegram.faults.add(Fault("sendMessage", delay=30))
        await telegram.person(1001).says("/help")
        await written(program, "at work")
        program.send_signal(signal.SIGTERM)
        await written(program, "stopping")
        program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await program.wait() == -signal.SIGTERM


async def test_what_hangs_does_not_keep_the_program_from_ending() -> None:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STUBBORN), cwd=ROOT, stdout=PIPE, stderr=PIPE
    )
    assert program.stdout is not None
    assert await program.stdout.readline() == b"at work\n"
    program.send_signal(signal.SIGINT)
    async with asyncio.timeout(PATIENCE):
        _, err = await program.communicate()
    assert program.returncode == 1
    assert b"not everything could be finished in time" in err


async def test_a_log_that_nobody_reads_any_more_does_not_end_the_bot(
    tmp_path: Path, telegram: BotApiServer
) -> None:
    reading, writing = os.pipe()
    async with bot(tmp_path, telegram, stderr=writing) as program:
        os.close(writing)
        os.close(reading)
        dana = telegram.person(1001)
        telegram.faults.add(Fault("sendMessage", code=500))  # something to write in the log
        await dana.says("/help")
        await dana.says("/help")
        await dana.sees("invited staff")
        program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await program.wait() == 0


async def test_a_signal_ends_the_bot_gracefully_and_its_log_says_how_it_ran(
    tmp_path: Path, telegram: BotApiServer
) -> None:
    async with bot(tmp_path, telegram, log_format="json") as program:
        telegram.faults.add(Fault("sendMessage", code=500))
        await telegram.person(1001).says("/start Sup3rSecretInvitation")
        await telegram.person(1001).sees("That did not work")
        program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            out, err = await program.communicate()
    assert (program.returncode, out) == (0, b"")
    lines = [json.loads(line) for line in err.decode().splitlines()]
    facts = {"version": version("slotwise"), "mode": "polling", "database": "sqlite"}
    said = {line["event"]: line for line in lines}
    for event in ("at work", "stopping", "stopped"):
        assert facts.items() <= said[event].items()
    assert said["telegram did not answer"]["update"] == 100_001
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    for hidden in ("Sup3rSecretInvitation", TOKEN, "Traceback"):
        assert hidden not in err.decode()


@contextlib.asynccontextmanager
async def bot(
    folder: Path, telegram: BotApiServer, stderr: int = PIPE, log_format: str = "console"
) -> AsyncIterator[Process]:
    """The bot as a program of its own, from when it polls; whatever happens, it ends."""
    program = await started(
        folder,
        "run",
        stderr=stderr,
        bot_token=TOKEN,
        bot_api_url=telegram.base_url,
        database_url=f"sqlite:///{folder / 'slotwise.db'}",
        log_format=log_format,
    )
    try:
        await telegram.polled()
        yield program
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()


async def written(program: Process, words: str) -> None:
    """Wait until the program has logged this."""
    assert program.stderr is not None
    async with asyncio.timeout(PATIENCE):
        while words not in (await program.stderr.readline()).decode():
            pass
