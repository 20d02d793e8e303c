"""What the model is worth on the real appointments of Vitória, on days that it has not seen."""

from pathlib import Path

from storage.store import Store
from tests.vitoria import judged, needs_the_file, take_in

pytestmark = needs_the_file


def test_trained_on_the_earlier_days_it_meets_its_targets_on_the_later_ones(
    sqlite_store: Store, tmp_path: Path
) -> None:
    take_in(sqlite_store, tmp_path / "rejects.csv")
    found = judged(sqlite_store)
    assert (found.rows, found.flags) == (21_175, 1_117)
    assert found.auc >= 0.735
    assert found.auc_ahead >= 0.60
    assert found.brier_ratio <= 0.90
    assert 0.9 <= found.slope <= 1.1
    assert found.lift >= 1.2
