"""What `import` shows on the command line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.importing import import_files, rejects_path
from bot.settings import Settings
from storage.feeds.report import ImportRefused, KindWord
from storage.store import Store

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
HEADER = "appointment_id,patient_id,department,start,status\n"


def take_in(
    store: Store, *files: Path, maps: tuple[str, ...] = (), kind: KindWord | None = None
) -> bool:
    settings = Settings(timezone="Asia/Jerusalem", data_dir=files[0].parent)
    return import_files(store, files, maps, settings=settings, now=NOW, kind=kind)


def test_a_summary_tells_what_came_in_and_where_the_rejects_are(
    sqlite_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "may [1].csv"
    file.write_text(
        f"{HEADER}A1,P1,Eyes,2026-11-02,noshow\nA2,P1,Eyes,soon,noshow\nA3,P1,Eyes,2027-01-01,noshow\n"
    )
    assert take_in(sqlite_store, file)
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith("may [1].csv: 3 rows in ")
    assert lines[1:] == [
        "2 new, 0 updated, 0 unchanged",
        "1 new patient",
        "1 new department",
        "1 row stored as booked: the outcome is to come",
        "1 row rejected",
        "  1 × start is no ISO 8601 date or time",
        f"  see {tmp_path / 'may [1].rejects.csv'}",
    ]
    assert (tmp_path / "may [1].rejects.csv").exists()


def test_a_refused_file_is_told_in_one_line_and_the_next_goes_in(
    sqlite_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, good = tmp_path / "empty.csv", tmp_path / "good.csv"
    empty.touch()
    good.write_text(f"{HEADER}A1,P1,Eyes,2026-11-02,noshow\n")
    assert not take_in(sqlite_store, empty, tmp_path / "none.csv", good)
    said = capsys.readouterr()
    told = [line for line in said.err.splitlines() if "empty.csv:" in line or "none.csv:" in line]
    assert [line.split(": ", 1)[1] for line in told] == [
        "the file is empty",
        "cannot be read: No such file or directory",
    ]
    assert "1 new, 0 updated" in said.out


def test_missing_columns_are_told_with_what_can_be_done_on_the_command_line(
    sqlite_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "half.csv"
    file.write_text("appointment_id,patient_id,Clinic,start\n1,2,3,4\n")
    assert not take_in(sqlite_store, file)
    said = capsys.readouterr().err
    assert "missing columns of an appointments file: department, status; found: " in said
    assert ". Name them by --map, such as --map department=Clinic, or say" in said.splitlines()[-1]


def test_a_mapping_that_cannot_be_used_is_refused_before_any_file(
    sqlite_store: Store, tmp_path: Path
) -> None:
    with pytest.raises(ImportRefused, match="no field ward"):
        take_in(sqlite_store, tmp_path / "none.csv", maps=("ward=x",))


def test_what_a_file_holds_can_be_said(
    sqlite_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("waiting_id,patient_id,department,urgency,since\nW1,P1,Eyes,1,2026-11-02\n")
    assert not take_in(sqlite_store, file, kind=KindWord.SESSIONS)
    assert "missing columns of a sessions file: clinician, start, end" in capsys.readouterr().err
    assert take_in(sqlite_store, file, kind=KindWord.WAITLIST)
    assert "list.csv: 1 waitlist row in " in capsys.readouterr().out


def test_rejects_lie_in_the_data_folder_under_their_files_name() -> None:
    assert rejects_path(Path("/x/may.csv.gz"), Path("/d")) == Path("/d/may.rejects.csv")
    assert rejects_path(Path("may.txt"), Path("/d")) == Path("/d/may.txt.rejects.csv")
