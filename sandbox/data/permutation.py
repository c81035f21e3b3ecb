"""A shuffle of 0..size-1 that needs no memory: each element's place is computed, forth and back.

A Feistel network over a grid of about sqrt(size) x sqrt(size) is a shuffle of the grid; elements that fall outside
`size` walk on until they fall inside (cycle walking, Black and Rogaway 2002).
"""

from math import isqrt

import numpy as np
import numpy.typing as npt

from sandbox.data.draws import FIRST, Whole, key, whole

ROUNDS = 6  # even: the way back then begins with the other coordinate
SHIFT = np.uint64(29)
HALF = np.uint64(32)


class Permutation:
    """The shuffle of 0..size-1 that belongs to a seed and a name."""

    def __init__(self, seed: int, name: str, size: int) -> None:
        self.size = max(size, 1)
        self.left = isqrt(self.size - 1) + 1
        self.right = -(-self.size // self.left)
        self.keys = [np.uint64(key(seed, f"{name}/{turn}")) for turn in range(ROUNDS)]

    def __call__(self, elements: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the place of each element."""
        return self.walk(elements, self.keys, forth=True)

    def inverse(self, places: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Give the element at each place."""
        return self.walk(places, self.keys[::-1], forth=False)

    def walk(self, elements: npt.ArrayLike, keys: list[np.uint64], forth: bool) -> npt.NDArray[np.int64]:
        """Shuffle, and again where the place lies outside."""
        places = self.shuffle(whole(elements), keys, forth)
        outside = np.flatnonzero(places >= self.size)
        while outside.size:
            places[outside] = self.shuffle(places[outside], keys, forth)
            outside = outside[places[outside] >= self.size]
        return places.astype(np.int64)

    def shuffle(self, elements: Whole, keys: list[np.uint64], forth: bool) -> Whole:
        """Turn the grid's two coordinates by each other, in turn."""
        height = np.uint64(self.right)
        left = elements // height
        right = elements - left * height
        for turn, secret in enumerate(keys):
            if (turn % 2 == 0) == forth:
                left = turned(left, right, secret, self.left, forth)
            else:
                right = turned(right, left, secret, self.right, forth)
        return left * height + right


def turned(coordinate: Whole, other: Whole, secret: np.uint64, length: int, forth: bool) -> Whole:
    """Move a coordinate round its axis by a hash of the other one."""
    bound = np.uint64(length)
    mixed = (other ^ secret) * FIRST
    mixed = ((mixed ^ (mixed >> SHIFT)) * FIRST) >> HALF
    step = (mixed * bound) >> HALF
    moved = coordinate + (step if forth else bound - step)
    return np.where(moved >= bound, moved - bound, moved)
