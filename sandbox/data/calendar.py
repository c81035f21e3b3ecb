"""When persons joined and when they posted, in seconds since 1970, UTC."""

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from sandbox.data.minimum import Real
from sandbox.data.permutation import Permutation

Ints = npt.NDArray[np.int64]


def seconds(*moment: int) -> int:
    """Count the seconds from 1970 to year, month, day, hour, minute."""
    year, month, day, hour, minute = (*moment, 0, 0)[:5]
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


FIRST_POST, LAST_POST = seconds(2017, 10, 19, 15, 13), seconds(2022, 10, 19, 17, 54)
LAST_DATE_BEFORE_POSTS = FIRST_POST - 1
# Where 2015, 2016 and 2017 end among the draws of a date, per billion: nearly even over the 731 days, and chosen so
# that the rows per year come out as counted in the published copy.
DATES = (seconds(2015, 10, 21), seconds(2016, 1, 1), seconds(2017, 1, 1), seconds(2017, 10, 21))
SCALE = 1_000_000_000
DRAWS = (0, 98_261_000, 594_216_000, SCALE)


def date_joined(fraction: Real) -> Ints:
    """Turn fractions from 0 up to below 1 into dates from 2015-10-21 to 2017-10-20."""
    draw = np.floor(fraction * SCALE).astype(np.int64)
    year = np.searchsorted(DRAWS, draw, side="right") - 1
    starts, draws = np.array(DATES), np.array(DRAWS)
    length, share = np.diff(starts)[year], np.diff(draws)[year]
    return starts[year] + (draw - draws[year]) * length // share


class PostTimes:
    """The moment of each post: all seconds of five years shuffled, one a row, so that none comes twice."""

    def __init__(self, seed: int) -> None:
        self.shuffle = Permutation(seed, "timestamp", LAST_POST - FIRST_POST + 1)

    def __call__(self, row: Ints) -> Ints:
        """Give the moment of each row, in seconds since 1970."""
        return FIRST_POST + self.shuffle(row)
