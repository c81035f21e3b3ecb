"""The 13 categories and the stretch of rows that each fills."""

import numpy as np
import numpy.typing as npt

from sandbox.data.quotas import scaled

CATEGORIES = (
    "art",
    "beauty",
    "christmas",
    "diy-and-crafts",
    "education",
    "event-planning",
    "finance",
    "home-decor",
    "mens-fashion",
    "quotes",
    "tattoos",
    "travel",
    "vehicles",
)
STARTS_AT_REFERENCE = (0, 894, 1638, 2637, 3467, 4329, 5077, 5865, 6726, 7580, 8485, 9459, 10315)


def block_starts(rows: int) -> npt.NDArray[np.int64]:
    """Give the first row of each category; the last one ends at `rows`."""
    return np.array([scaled(start, rows) for start in STARTS_AT_REFERENCE])
