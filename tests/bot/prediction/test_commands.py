"""The commands about models, as somebody at a terminal sees them."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from bot.pictures.chromium import browser_path, font_available
from bot.prediction import model_files
from bot.settings import PREFIX, Settings
from domain.clock import HandClock
from storage import models, rescoring
from storage.store import Store
from storage.tables import Appointment
from tests.bot.command import slotwise
from tests.bot.prediction.clinic import clinic, in_charge
from tests.conftest import MONDAY_MORNING
from tests.databases import with_tables
from tests.e2e.town import events
from tests.hmo import Hmo

Said = pytest.CaptureFixture[str]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    """A clinic, and settings that lead to it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    found = with_tables(f"sqlite:///{tmp_path / 'slotwise.db'}")
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'slotwise.db'}",
        "DATA_DIR": str(tmp_path),
        "TIMEZONE": "Asia/Jerusalem",
        "AS_OF": MONDAY_MORNING.isoformat(),
        "AUDIT_GROUPS": "insurance, ,insurance",
    }.items():
        monkeypatch.setenv(PREFIX + name, value)
    monkeypatch.chdir(tmp_path)
    yield found
    found.close()


def said_by(monkeypatch: pytest.MonkeyPatch, capsys: Said, *arguments: str) -> str:
    """What a command that succeeds prints."""
    code = slotwise(monkeypatch, *arguments)
    said = capsys.readouterr()
    assert code == 0, said.err
    return said.out


def test_a_model_is_trained_judged_kept_and_put_in_charge(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path
) -> None:
    clinic(MONDAY_MORNING).load(store)
    said = said_by(monkeypatch, capsys, "train")
    assert said.startswith("2026-11-23-1: forest, 4,062 appointments, ")
    assert "Learned from 2026-09-24 to 2026-11-22" in said
    assert "model   rule  lead time  prior rate" in said
    assert said.endswith("2026-11-23-1 is in charge.\n")
    card = model_files.card_path(tmp_path, "2026-11-23-1")
    assert card.exists()
    if browser_path() and font_available():
        assert len(list(card.parent.glob("2026-11-23-1-*.png"))) == 3
    listed = said_by(monkeypatch, capsys, "models")
    assert "2026-11-23-1" in listed
    assert "in charge" in listed
    assert "scored." in said_by(monkeypatch, capsys, "score")
    assert store.read_now(rescoring.number_waiting) == 0


def test_a_model_that_is_no_better_is_kept_and_the_rule_stays_in_charge(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    by_chance().load(store)
    said = said_by(monkeypatch, capsys, "train")
    assert "2026-11-23-1 is kept, but not put in charge. It " in said
    assert said.endswith("The rule stays in charge.\n")
    assert store.read_now(models.version_in_charge) is None
    assert "The rule is in charge." in said_by(monkeypatch, capsys, "models")
    assert "Mind what was found" in said_by(monkeypatch, capsys, "activate", "2026-11-23-1")
    assert store.read_now(models.version_in_charge)


def test_with_too_little_to_learn_from_one_line_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert slotwise(monkeypatch, "train") == 1
    said = capsys.readouterr()
    assert said.err.strip() == (
        "No model was made: no appointment before 23 Nov 2026 has a known outcome."
        " The rule stays in charge."
    )
    assert "There is no model yet" in said_by(monkeypatch, capsys, "models")


def test_a_folder_that_cannot_be_written_is_named(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    clinic(MONDAY_MORNING).load(store)
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", "/dev/null/x")
    assert slotwise(monkeypatch, "train") == 1
    assert "SLOTWISE_DATA_DIR: /dev/null/x" in capsys.readouterr().err


def test_scoring_by_a_model_whose_file_is_gone_is_refused_in_one_line(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path, clock: HandClock
) -> None:
    name = in_charge(store, tmp_path, clock.now()).name
    model_files.model_path(tmp_path, name).unlink()
    assert slotwise(monkeypatch, "score") == 1
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("Nothing was scored: ")
    assert line.endswith(
        f"{name}.txt cannot be read: No such file or directory. "
        "Put the file back, or: activate rule"
    )


def test_models_are_put_in_charge_by_name_and_rolled_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path, clock: HandClock
) -> None:
    in_charge(store, tmp_path, clock.now(), "2026-11-22-1")
    in_charge(store, tmp_path, clock.now(), "2026-11-23-1")
    assert said_by(monkeypatch, capsys, "rollback") == "2026-11-22-1 is in charge.\n"
    assert said_by(monkeypatch, capsys, "activate", "rule") == "The rule is in charge.\n"
    assert "nothing to score" in said_by(monkeypatch, capsys, "score")
    assert "2026-11-23-1 is" in said_by(monkeypatch, capsys, "activate", "2026-11-23-1")
    assert store.read_now(events).count("model activated") == 5
    for name, words in (("none", "there is no model none"), ("2026-11-22-1", "checksum")):
        model_files.model_path(tmp_path, "2026-11-22-1").write_text("something else")
        assert slotwise(monkeypatch, "activate", name) == 1
        said = capsys.readouterr()
        assert words in said.err
        assert "Traceback" not in said.err


def test_chances_are_judged_by_time_also_on_a_file_that_is_not_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path
) -> None:
    whole = clinic(MONDAY_MORNING)
    later = [row for row in whole.rows if row["start"] >= "2026-11-10"]
    Hmo(MONDAY_MORNING, [row for row in whole.rows if row["start"] < "2026-11-10"]).load(store)
    file = tmp_path / "later.csv"
    file.write_bytes(Hmo(MONDAY_MORNING, later).csv())
    before = store.read_now(rows)
    said = said_by(monkeypatch, capsys, "evaluate", str(file), "--since", "2026-11-10")
    assert said.startswith("10 Nov to 22 Nov 2026: ")
    for name in ("AUC", "average precision", "Brier ÷ constant's", "calibration slope", "called"):
        assert name in said
    assert store.read_now(rows) == before
    alone = said_by(monkeypatch, capsys, "evaluate", "--since", "2026-11-01")
    assert alone.startswith("1 Nov to 9 Nov 2026: ")


def test_groups_are_compared_and_false_flags_made_equal_at_a_price(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path
) -> None:
    with_insurance(clinic(MONDAY_MORNING), tmp_path / "clinic.csv")
    said_by(monkeypatch, capsys, "import", str(tmp_path / "clinic.csv"))
    said = said_by(monkeypatch, capsys, "fairness", "--since", "2026-11-09")
    for part in ("By sex", "By age", "By insurance", "state", "private", "18–29"):
        assert part in said
    some = ("fairness", "--since", "2026-11-09", "--by", "insurance")
    assert "By age" not in said_by(monkeypatch, capsys, *some)
    said = said_by(monkeypatch, capsys, *some, "--equalise", "age")
    assert "with equal false flags by age, as above: " in said
    assert slotwise(monkeypatch, *some, "--by", "shoes") == 2
    assert "no groups by shoes; there are: sex, age, insurance" in capsys.readouterr().err


def by_chance() -> Hmo:
    """A clinic in which nothing says who comes: one in four stays away, whoever it is."""
    hmo = Hmo(MONDAY_MORNING)
    missed = np.random.default_rng(7).random(2_400) < 0.25
    for number in range(2_400):
        status = "noshow" if missed[number] else "fulfilled"
        hmo.visit(f"p{number}", -1 - number % 40, status, age=20 + number % 50)
    return hmo


def with_insurance(hmo: Hmo, file: Path) -> None:
    """The same with a further column, and sex."""
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, [*hmo.rows[0], "insurance", "sex"])
        writer.writeheader()
        for row in hmo.rows:
            odd = int(row["patient_id"][1:]) % 2
            more = {"insurance": ("state", "private")[odd], "sex": ("female", "male")[odd]}
            writer.writerow({**row, **more})


def rows(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Appointment)) or 0
