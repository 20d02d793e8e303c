"""Reasons: what a chance means, in plain words."""


def chance_words(chance: float) -> str:
    """`about 4 of 10 like this one do not come`, for a chance of 0–1."""
    tenths = round(10 * chance)
    if tenths == 0:
        return "fewer than 1 of 10 like this one do not come"
    return f"about {min(tenths, 9)} of 10 like this one do not come"
