"""Patient references: the only name a patient has in a chat, such as `P-7K3MQD`."""

import re
from typing import Final

import numpy as np

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters and digits that are not taken for one another when read aloud (no 0 O 1 I L U)."""

LENGTH: Final = 6
_SHAPE: Final = re.compile(rf"(?:P[-–\s]?)?([{ALPHABET}]{{{LENGTH}}})")
_INSIDE: Final = re.compile(rf"\b{_SHAPE.pattern}\b")


def draw_references(count: int, chance: np.random.Generator) -> list[str]:
    """Draw random references; the caller keeps them unique (30⁶ = 729 million exist).

    Args:
        count: How many to draw.
        chance: Where the randomness comes from; seeded from the system outside tests.
    """
    letters = np.array(list(ALPHABET))
    drawn = letters[chance.integers(0, len(ALPHABET), size=(count, LENGTH))]
    return [f"P-{word}" for word in drawn.view(f"U{LENGTH}").ravel().tolist()]


def read_reference(typed: str) -> str | None:
    """The reference that a person typed (any case, with or without `P-`), or `None`."""
    match = _SHAPE.fullmatch(typed.strip().upper())
    return f"P-{match[1]}" if match else None


def holds_reference(typed: str) -> bool:
    """Whether a text has a word in it that may be a reference."""
    return _INSIDE.search(typed.upper()) is not None
