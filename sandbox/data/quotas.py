"""Shares turned into counts of rows."""

from itertools import accumulate

from sandbox.data.limits import REFERENCE_ROWS


def share_of(rows: int, share: float) -> int:
    """Round a share of the rows to a count, half up, with whole numbers only (a share has five decimals)."""
    return (rows * round(share * 100_000) * 2 + 100_000) // 200_000


def scaled(count: int, rows: int) -> int:
    """Scale a count of the reference size to `rows`, half up."""
    return (count * rows * 2 + REFERENCE_ROWS) // (2 * REFERENCE_ROWS)


def ends(counts: list[int]) -> list[int]:
    """Give where each of several neighbouring stretches ends."""
    return list(accumulate(counts))
