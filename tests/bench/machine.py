"""The machine in general words, so that numbers can be compared with those of another."""

import os
import platform
import sqlite3
from importlib.metadata import version

import psutil


def described() -> str:
    """Cores, memory and versions; nothing that names the machine."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(
        f"{name} {version(name)}"
        for name in (
            *("SQLAlchemy", "psycopg", "pandas", "lightgbm", "plotly", "kaleido"),
            "python-telegram-bot",
        )
    )
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB of memory, "
        f"{platform.system()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {packages}"
    )
