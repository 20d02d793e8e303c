"""Saving: a model's pictures as files, beside its card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot.pictures.charts import FIGURES
from bot.pictures.chromium import ChromiumRenderer, PictureUnavailable

TITLES: Final[Mapping[str, str]] = {
    "calibration": "What chances are worth",
    "gain": "Whom calling reaches",
    "weights": "What counts",
}
"""What each picture of a model is called."""


async def save_charts(report: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Draw a model's pictures into `NAME-calibration.png` and so on.

    Args:
        report: What the model's card tells, see `storage.models.Version`.
        folder: Where the card lies.
        name: The model's.

    Returns:
        The files, none where there is no Chromium that works.
    """
    saved: list[Path] = []
    renderer = ChromiumRenderer()
    try:
        for kind, draw in FIGURES.items():
            heading = (TITLES[kind], f"Model {name}, judged on {report['judged_on']}")
            picture = folder / f"{name}-{kind}.png"
            picture.write_bytes(await renderer.png(draw(report, heading)))
            saved.append(picture)
    except PictureUnavailable:
        pass  # the card says the same in figures
    finally:
        await renderer.close()
    return saved
