"""Random numbers that depend on the seed, a name and a counter, and on nothing else.

No state runs along: the draw of row 7 is the same in every chunk, on every platform and with every numpy,
because only whole 64-bit operations are used (splitmix64, https://prng.di.unimi.it/splitmix64.c).
"""

from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.uint64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)


@lru_cache(maxsize=1024)
def key(seed: int, name: str) -> int:
    """Give the 64-bit starting point of the stream `name` of a seed."""
    return int.from_bytes(sha256(f"{seed}/{name}".encode()).digest()[:8], "big")


def whole(values: npt.ArrayLike) -> Whole:
    """Turn counters into the unsigned 64-bit numbers that the draws work on."""
    return np.asarray(values).astype(np.uint64)


class Draws:
    """All streams of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, name: str, counter: npt.ArrayLike) -> Whole:
        """Draw 64 bits for each counter."""
        mixed = whole(counter) * GOLDEN + np.uint64(key(self.seed, name))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND
        return mixed ^ (mixed >> np.uint64(31))

    def below(self, name: str, counter: npt.ArrayLike, bound: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Draw a whole number from 0 to bound - 1 for each counter; a bound is at most 2**32."""
        high = self.bits(name, counter) >> np.uint64(32)
        return ((high * whole(bound)) >> np.uint64(32)).astype(np.int64)
