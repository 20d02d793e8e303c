"""Model files: `DATA_DIR/models/NAME.txt` with the model, `NAME.md` with the card that tells of it.

The register in the database has each file's checksum. It is compared before a file is read as a
model: a damaged one could abort the whole process.
"""

import hashlib
import os
from pathlib import Path
from typing import Final

from domain.prediction.model import ModelRefused, NoShowModel
from storage.models import Version

_FOLDER: Final = "models"
_LARGEST: Final = 64 * 1024 * 1024
"""Bytes; a model has a few hundred thousand."""


def model_path(data_dir: Path, name: str) -> Path:
    """Where the model of that name lies."""
    return data_dir / _FOLDER / f"{name}.txt"


def card_path(data_dir: Path, name: str) -> Path:
    """Where its card lies."""
    return data_dir / _FOLDER / f"{name}.md"


def checksum(text: str) -> str:
    """The SHA-256 of a model's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def save(data_dir: Path, name: str, model: NoShowModel, card: str) -> str:
    """Write both files, each whole or not at all.

    Returns:
        The model's checksum.

    Raises:
        OSError: They cannot be written.
    """
    text = model.to_text()
    (data_dir / _FOLDER).mkdir(parents=True, exist_ok=True)
    _write(card_path(data_dir, name), card)
    _write(model_path(data_dir, name), text)
    return checksum(text)


def load(data_dir: Path, version: Version) -> NoShowModel:
    """The model of a version.

    Raises:
        ModelRefused: Its file is missing, is another one than was registered, or is of another
            version of this program.
    """
    path = model_path(data_dir, version.name)
    try:
        if path.stat().st_size > _LARGEST:
            raise ModelRefused(f"{path} is too large for a model")
        content = path.read_bytes()
    except OSError as error:
        raise ModelRefused(f"{path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != version.sha256:
        raise ModelRefused(f"{path} is damaged or another file: its checksum is not the model's")
    return NoShowModel.from_text(content.decode())


def _write(path: Path, text: str) -> None:
    """To a file beside it first, which then takes its name."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
