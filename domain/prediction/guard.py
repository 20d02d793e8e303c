"""The guard: whether a model may be put in charge."""

from collections.abc import Mapping

from domain.prediction.judging import Judgement


def verdict(judged: Mapping[str, Judgement]) -> str | None:
    """Why a model may not be put in charge, in plain words; `None` if it may."""
    model = judged["model"]
    for name, other in judged.items():
        if name != "model" and not model.log_loss < other.log_loss:
            return f"it is no better than {name} alone"
    if not 0.7 <= model.slope <= 1.4:
        return f"its chances do not mean what they say (calibration slope {model.slope:.2f})"
    return None
