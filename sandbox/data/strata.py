"""Evenly spread draws: every run of neighbouring counters covers 0..1 as evenly as it can.

With 25 persons of one kind, plain draws would miss the mean by a fifth of a standard deviation of one person; these
miss it by far less, so that small data shows the same shapes as big data. It is the van der Corput sequence with
Owen's scrambling, hashed in the manner of Laine and Karras (2011) with factors of the stream's own.
"""

import numpy as np
import numpy.typing as npt

from sandbox.data.draws import key

Word = npt.NDArray[np.uint32]
SWAPS = ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF), (16, 0x0000FFFF))
ROUNDS = 4


def reverse_bits(words: Word) -> Word:
    """Turn 32 bits round."""
    for distance, mask in SWAPS:
        shift, bits = np.uint32(distance), np.uint32(mask)
        words = ((words >> shift) & bits) | ((words & bits) << shift)
    return words


def scramble(words: Word, seed: int, name: str) -> Word:
    """Flip each bit by a hash of the bits below it: sums and products carry upward only."""
    for turn in range(ROUNDS):
        secret = key(seed, f"{name}/{turn}")
        words = words * np.uint32(secret & 0xFFFFFFFF | 1) + np.uint32(secret >> 32)
        words = words ^ (words * np.uint32(secret >> 16 & 0xFFFFFFFE))
    return words


def spread(seed: int, name: str, counter: npt.ArrayLike) -> Word:
    """Draw 32 bits for each counter (below 2**32), spread evenly over every run of counters.

    The counters are shuffled within their neighbourhood first: without it the highest bit of two streams would be
    the counter's lowest bit in both, and the streams would go together.
    """
    words = np.asarray(counter).astype(np.uint32)
    neighbours = reverse_bits(scramble(reverse_bits(words), seed, f"{name}/order"))
    return reverse_bits(scramble(neighbours, seed, f"{name}/value"))
