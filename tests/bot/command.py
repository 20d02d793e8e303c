"""Runs the command line: in this process, or as a program of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from bot.cli import main
from bot.settings import PREFIX

ROOT = Path(__file__).parents[2]


def slotwise(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run a command in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["slotwise", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


async def started(folder: Path, *arguments: str, stderr: int = PIPE, **settings: str) -> Process:
    """Start a command as a program of its own, with these settings and no others."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = {PREFIX + name.upper(): value for name, value in settings.items()}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env={**clean, **given, "PYTHONPATH": str(ROOT), "BROWSER_PATH": "/nowhere/chromium"},
        stdout=PIPE,
        stderr=stderr,
    )
