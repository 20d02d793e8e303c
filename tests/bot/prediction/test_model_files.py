"""Model files: what is not the very file that was registered is never read as a model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.prediction import model_files
from domain.clock import HandClock
from domain.prediction.model import ModelRefused
from storage import models
from storage.models import Version
from storage.store import Store
from tests.bot.prediction.clinic import a_model, in_charge


@pytest.fixture
def version(sqlite_store: Store, tmp_path: Path, clock: HandClock) -> Version:
    return in_charge(sqlite_store, tmp_path, clock.now())


def test_a_model_is_read_back_as_it_was_saved(version: Version, tmp_path: Path) -> None:
    found = model_files.load(tmp_path, version)
    assert found.to_text() == a_model().to_text()
    assert model_files.card_path(tmp_path, version.name).read_text() == "its card"
    assert {path.name for path in (tmp_path / "models").iterdir()} == {
        f"{version.name}.txt",
        f"{version.name}.md",
    }


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file"),
        (lambda path: path.write_bytes(b""), "checksum"),
        (lambda path: path.write_bytes(path.read_bytes()[:20_000]), "checksum"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"#"), "checksum"),
        (lambda path: path.write_bytes(b"\x00\xff" * 500), "checksum"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")), "checksum"),
    ],
)
def test_a_file_that_is_missing_damaged_or_foreign_is_refused(
    version: Version, tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(model_files.model_path(tmp_path, version.name))
    with pytest.raises(ModelRefused, match=words):
        model_files.load(tmp_path, version)


def test_a_registered_text_that_is_no_model_is_refused(
    sqlite_store: Store, tmp_path: Path, clock: HandClock
) -> None:
    text = "tree\nversion=v4\n"
    path = model_files.model_path(tmp_path, "x")
    path.parent.mkdir()
    path.write_text(text)
    sha256 = model_files.checksum(text)
    now = clock.now()
    sqlite_store.write_now(models.add, name="x", kind="boosted", sha256=sha256, report={}, now=now)
    with pytest.raises(ModelRefused, match="does not begin like a model"):
        model_files.load(tmp_path, sqlite_store.read_now(models.version, "x"))


def test_what_could_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "models" / "x.txt").mkdir(parents=True)  # where the file is to be
    with pytest.raises(OSError, match=r"x\.txt"):
        model_files.save(tmp_path, "x", a_model(), "card")
    assert {path.name for path in (tmp_path / "models").iterdir()} == {"x.txt", "x.md"}
