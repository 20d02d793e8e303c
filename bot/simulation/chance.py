"""Chance: numbers that depend on the seed and on what they are about, and on nothing else.

So whatever an arm does, the same patient meets the same question in the same mood in all arms, and
arms differ by what they do rather than by luck (common random numbers).
"""

import hashlib
from collections.abc import Mapping
from typing import Final, TypeVar

T = TypeVar("T")

_BYTES: Final = 8


class Chance:
    """Draws by name.

    Args:
        seed: Another one draws other numbers.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, *about: object) -> float:
        """A number within 0–1, the same one each time for the same words and numbers."""
        words = "|".join(str(word) for word in (self._seed, *about))
        digest = hashlib.blake2b(words.encode(), digest_size=_BYTES).digest()
        return int.from_bytes(digest) / float(1 << 8 * _BYTES)

    def pick(self, shares: Mapping[T, float], *about: object) -> T | None:
        """One of some things, by their shares; `None` for what is left of them up to 1."""
        at = self.of(*about)
        for thing, share in shares.items():
            at -= share
            if at < 0:
                return thing
        return None
