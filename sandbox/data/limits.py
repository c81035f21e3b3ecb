"""Which sizes and seeds the generator takes."""

from sandbox.data.errors import InvalidLayoutError, InvalidRowsError, InvalidSeedError

REFERENCE_ROWS = 11_154
MIN_ROWS = 100
MAX_ROWS = 10_000_000
MAX_SEED = 2**63 - 1
DEFAULT_CHUNK_ROWS = 65_536


def check_rows(rows: int) -> int:
    """Return `rows`, or raise InvalidRowsError if it is not a whole number from MIN_ROWS to MAX_ROWS."""
    if is_whole(rows) and MIN_ROWS <= rows <= MAX_ROWS:
        return rows
    raise InvalidRowsError(
        f"rows={rows!r} is not a whole number from {MIN_ROWS:,} to {MAX_ROWS:,}.",
        f"Choose one in that range, such as: sandbox data --rows {REFERENCE_ROWS}",
    )


def check_seed(seed: int) -> int:
    """Return `seed`, or raise InvalidSeedError if it is not a whole number from 0 to MAX_SEED."""
    if is_whole(seed) and 0 <= seed <= MAX_SEED:
        return seed
    raise InvalidSeedError(
        f"seed={seed!r} is not a whole number from 0 to {MAX_SEED}.", "Choose another, such as: sandbox data --seed 1"
    )


def check_positive(name: str, value: int, most: int = MAX_ROWS) -> int:
    """Return `value`, or raise InvalidLayoutError if it is not a whole number from 1 to `most`."""
    if is_whole(value) and 1 <= value <= most:
        return value
    raise InvalidLayoutError(
        f"{name}={value!r} is not a whole number from 1 to {most:,}.", f"Pass {name}=500, for example."
    )


def is_whole(value: object) -> bool:
    """Tell whether `value` is an int; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)
