"""The smallest of n draws, from one draw.

The smallest of n numbers drawn evenly from 0..1 exceeds x with probability (1 - x)**n, so one even number v gives it
as 1 - v**(1/n). The logarithm and the exponential below are series of plain additions, multiplications and divisions,
which IEEE 754 rounds alike everywhere; the C library's own differ in the last digit between platforms.
"""

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]
TERMS = 16
HALVINGS = 8


def logarithm(numbers: Real) -> Real:
    """Natural logarithm of numbers above 0."""
    mantissa, exponent = np.frexp(numbers)
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square = ratio * ratio
    series = np.zeros_like(ratio)
    for term in range(TERMS, -1, -1):
        series = series * square + 1.0 / (2 * term + 1)
    return 2.0 * ratio * series + exponent * 0.6931471805599453


def exponential_less_one(numbers: Real) -> Real:
    """exp(x) - 1 for x from -40 to 0, exact also near 0."""
    small = numbers / 2.0**HALVINGS
    series = np.ones_like(small)
    for term in range(TERMS, 1, -1):
        series = 1.0 + series * small / term
    result = series * small
    for _ in range(HALVINGS):
        result = result * (result + 2.0)
    return result


def smallest(draws: npt.NDArray[np.uint32], of: npt.NDArray[np.int64]) -> Real:
    """Turn one 32-bit draw each into the smallest of `of` even draws, from 0 up to below 1."""
    even = (draws.astype(np.float64) + 0.5) / 2.0**32
    several = of > 1
    even[several] = -exponential_less_one(logarithm(even[several]) / of[several])
    return even
