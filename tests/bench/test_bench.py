"""The benchmarks run, at a size that says nothing about speed, so that they cannot rot."""

from pathlib import Path

import pytest
import typer

from tests.bench.__main__ import main
from tests.bench.history import COLUMNS, write_history
from tests.bench.results import Result, at_least, at_most, short, table


@pytest.mark.parametrize(
    ("parts", "works"),
    [
        (
            ("import", "risk", "density", "batch", "audit", "assignment", "acceptances"),
            ("import", "risk list", "density", "batch", "audit", "balanced", "20 accept"),
        ),
        (
            ("picture", "handling", "press", "summaries", "push"),
            ("picture", "/risk", "press", "summaries", "push"),
        ),
        (("prediction",), ("scored after a status change",)),
    ],
    ids=["in the store", "over HTTP", "prediction"],
)
def test_they_run_and_print_one_table(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    parts: tuple[str, ...],
    works: tuple[str, ...],
) -> None:
    monkeypatch.setattr("tests.bench.prediction.FILE", tmp_path / "not there")
    main(rows=2_000, rounds=1, only=list(parts))
    said = capsys.readouterr()
    rows = [line for line in said.out.splitlines() if line.startswith("| ")]
    assert len({len(row) for row in rows}) == 1
    for work in works:
        assert any(row.startswith(f"| {work}") for row in rows), work
    assert str(Path.home()) not in said.out
    if "prediction" in parts:
        assert "no real appointments" in said.err, "what is not measured is said"


def test_an_unknown_part_is_told_in_a_line() -> None:
    with pytest.raises(typer.BadParameter, match="there is no weather"):
        main(only=["weather"])


def test_a_history_is_the_same_each_time_and_has_every_row(tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    for file in (first, second):
        write_history(file, 2_345)
    assert first.read_bytes() == second.read_bytes()
    lines = first.read_text().splitlines()
    assert len(lines) == 2_346
    assert {line.count(",") for line in lines} == {len(COLUMNS) - 1}
    keys = {line.split(",")[0] for line in lines[1:]}
    assert len(keys) == 2_345


@pytest.mark.parametrize(
    ("value", "word"), [(9.9, "met"), (10.0, "met"), (10.1, "**missed**"), (0.0, "met")]
)
def test_a_target_is_met_at_its_limit(value: float, word: str) -> None:
    assert Result("work", "here", value, "ms", at_most(10)).cells()[-1] == word


def test_a_table_says_what_was_measured_and_whether_it_is_enough() -> None:
    results = [
        Result("import of 1M rows", "SQLite", 41_234.5, "rows/s", at_least(40_000)),
        Result("count", "PostgreSQL", 0.1234, "ms"),
    ]
    assert table(results).splitlines() == [
        "| work              | where      | measured      | target          |     |",
        "|-------------------|------------|---------------|-----------------|-----|",
        "| import of 1M rows | SQLite     | 41,234 rows/s | ≥ 40,000 rows/s | met |",
        "| count             | PostgreSQL | 0.12 ms       |                 |     |",
    ]


@pytest.mark.parametrize(
    ("number", "words"),
    [(10_000_000, "10M"), (250_000, "250k"), (1_500_000, "1.5M"), (999_937, "1M"), (12, "12")],
)
def test_sizes_are_told_in_short(number: int, words: str) -> None:
    assert short(number) == words
