"""Killed in the middle of the merge, nothing is half-written and the next import goes through."""

import subprocess
import sys
from pathlib import Path

from domain.clock import HandClock
from storage.store import Store
from tests.storage.feeds.helpers import HEADER, MANY, TakeIn, contents, is_true

BEFORE = f"{HEADER}\nA1,P1,Ears,2026-11-02,noshow\nA2,P1,Ears,2026-11-03,noshow\n"


def test_a_kill_during_the_merge_leaves_the_store_as_it_was(
    store: Store, take_in: TakeIn, clock: HandClock, tmp_path: Path
) -> None:
    take_in(BEFORE)
    before = contents(store)
    file = tmp_path / "feed.csv"
    file.write_text(f"{HEADER}\n{MANY}")
    url = store.engine.url.render_as_string(hide_password=False)
    script = Path(__file__).with_name("half_a_merge.py")
    arguments = [sys.executable, str(script), url, str(file), clock.now().isoformat()]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(Path.cwd())}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half way\n"
        process.kill()
    assert contents(store) == before
    assert is_true(store)

    report = take_in(file.read_bytes())
    assert (report.inserted, report.updated) == (2_998, 2)
    assert is_true(store)
