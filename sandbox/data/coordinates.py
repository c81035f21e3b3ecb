"""Latitude and longitude: even over the whole range, six significant digits, no true map."""

import numpy as np

from sandbox.data.minimum import Real

NANO = 10**9
# From 0.001 degrees up, each tenfold has a rounding unit ten times as coarse: six digits stay.
TENFOLDS = np.array([10**power for power in range(7, 12)])


def degrees(fraction: Real, span: int) -> Real:
    """Turn fractions from 0 up to below 1 into degrees from -span/2 to span/2.

    They are rounded as whole billionths, and one exact division makes the float that prints with six digits.
    """
    nano = np.floor(fraction * (span * NANO)).astype(np.int64) - span * NANO // 2
    size = np.abs(nano)
    unit = 10 ** np.searchsorted(TENFOLDS, size, side="right").astype(np.int64) * 10
    rounded = (size + unit // 2) // unit * unit
    return np.sign(nano) * rounded / float(NANO)
