"""The guard: whether a model may be put in charge, or the rule had better stay there."""

from collections.abc import Mapping
from typing import Final

from domain.prediction.judging import Judgement, is_in_band

FEWEST_NO_SHOWS: Final = 50
"""No-shows among those judged by; with fewer the figures are mostly chance."""

_IN_WORDS: Final = {
    "rule": "the rule",
    "lead time": "lead time alone",
    "prior rate": "earlier no-shows alone",
}


def verdict(judged: Mapping[str, Judgement]) -> str | None:
    """Why a model should not be put in charge; `None` if it may be.

    It has to order patients better than each baseline (AUC), be less surprised by what came
    (log loss), and mean what it says: the mean chance near the rate, the slope near 1.

    Args:
        judged: The judgement of `model`, and of each baseline by its name
            (`domain/prediction/baselines.py`), on the same days, unseen by all of them.
    """
    model = judged["model"]
    missed = round(model.rows * model.rate)
    if min(missed, model.rows - missed) < FEWEST_NO_SHOWS:
        return (
            f"It was judged by {missed:,} no-shows among {model.rows:,} appointments; "
            f"it takes {FEWEST_NO_SHOWS} of each kind."
        )
    return _beaten(judged) or _miscalibrated(model)


def _beaten(judged: Mapping[str, Judgement]) -> str | None:
    model = judged["model"]
    for name, baseline in judged.items():
        if name == "model":
            continue
        words = _IN_WORDS.get(name, name)
        if not model.auc > baseline.auc:
            return (
                f"It orders patients no better than {words}: "
                f"AUC {model.auc:.3f} against {baseline.auc:.3f}."
            )
        if not model.log_loss < baseline.log_loss:
            return (
                f"Its chances fit what came no better than {words}: "
                f"log loss {model.log_loss:.4f} against {baseline.log_loss:.4f}."
            )
    return None


def _miscalibrated(model: Judgement) -> str | None:
    if not is_in_band(model.mean / model.rate):
        return (
            f"Its chances are {'too high' if model.mean > model.rate else 'too low'}: "
            f"{model.mean:.1%} on average, and {model.rate:.1%} did not come."
        )
    if not is_in_band(model.slope):
        unsure = "differ too much" if model.slope < 1 else "differ too little"
        return f"Its chances {unsure} from each other: calibration slope {model.slope:.2f}."
    return None
