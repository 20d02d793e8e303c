"""What cannot be used: rows go to the rejects file, a file is refused, the store is unharmed."""

import csv
import gzip
import stat
from pathlib import Path

import pytest

from storage.feeds.report import ImportRefused
from storage.store import Store
from tests.storage.feeds.helpers import (
    HEADER,
    MANY,
    TakeIn,
    appointment,
    contents,
    is_true,
    patient,
)


def test_rejected_rows_are_written_down_safely_and_the_rest_goes_in(
    store: Store, take_in: TakeIn, rejects: Path
) -> None:
    report = take_in(
        f"{HEADER},phone\n"
        "A1,P1,=HYPERLINK(1),2026-11-02,noshow,\n"
        "A2,P1,Eyes,2026-11-02,noshow,+972-3-5550101\n"
        'A3,P1,"two\nlines",someday,noshow,+972-3-5550101\n'
        "A4,P1,Eyes,2026-11-02,noshow\n"
        '"A5"x,P1,Eyes,2026-11-02,noshow,\n'
    )
    assert (report.rows, report.inserted, report.rejected) == (5, 1, 4)
    assert sorted(reason for reason, _ in report.reasons) == [
        "department begins like a formula",
        "it has more or fewer cells than the header",
        "quotes or line ends are misplaced",
        "start is no ISO 8601 date or time",
    ]
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["rejected_line", "rejected_because", *HEADER.split(","), "phone"]
    assert [row[0] for row in rows[1:]] == ["2", "4", "6", "7"]
    assert rows[1][4] == "'=HYPERLINK(1)"
    assert rows[2][4:] == ["two\nlines", "someday", "noshow", "'+972-3-5550101"]
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert is_true(store)


def test_a_corrected_rejects_file_can_be_imported(
    store: Store, take_in: TakeIn, rejects: Path
) -> None:
    take_in(
        f"{HEADER},phone\nA1,P1,Eyes,2.11.2026,noshow,+972-3-5550101\n"
        "A2,P1,Eyes,2026-11-02,noshow,\n"
    )
    corrected = rejects.read_bytes().replace(b"2.11.2026", b"2026-11-02")
    assert take_in(corrected).inserted == 1
    assert appointment(store, "A1").extra is None
    assert patient(store, "P1").phone == "+972-3-5550101"


def test_if_every_row_is_rejected_only_the_rejects_file_is_written(
    store: Store, take_in: TakeIn, rejects: Path
) -> None:
    before = contents(store)
    with pytest.raises(ImportRefused, match=r"every row was rejected \(2 × status is none"):
        take_in(f"{HEADER}\nA1,P1,Eyes,2026-11-02,Yes\nA2,P1,Eyes,2026-11-02,No\n")
    assert contents(store) == before
    assert len(rejects.read_text("utf-8-sig").splitlines()) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER, "a header and no rows"),
        (f"{HEADER}\n\n\n", "a header and no rows"),
        ("id,start\n1,2026-11-02\n", "missing columns"),
        (
            f"{HEADER}\nA1,P1,Eyes,x,noshow\n{MANY}".encode() + b"\xff,,,,\n",
            "line 3003 is not utf-8",
        ),
        (f'{HEADER}\nA1,P1,Eyes,x,noshow\n{MANY}"A1,P1\n', "never closed"),
        (gzip.compress(f"{HEADER}\nA1,P1,Eyes,x,noshow\n{MANY}".encode())[:-9], "cut short"),
    ],
)
def test_a_refused_file_leaves_nothing_behind(
    store: Store, take_in: TakeIn, rejects: Path, content: str | bytes, said: str
) -> None:
    before = contents(store)
    with pytest.raises(ImportRefused, match=said):
        take_in(content)
    assert contents(store) == before
    assert [path.name for path in rejects.parent.glob("*rejects*")] == []
