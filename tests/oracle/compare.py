"""Row-by-row comparison with a message that shows the first difference."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

import pyarrow as pa

Row = Mapping[str, Any]


def rows_of(table: pa.Table, key: str = "ind") -> list[dict[str, Any]]:
    """The rows of an Arrow table sorted by `key`, ready for `assert_same_rows`."""
    rows: list[dict[str, Any]] = table.sort_by(key).to_pylist()
    return rows


def assert_same_rows(actual: Iterable[Row], expected: Iterable[Row]) -> None:
    """Assert the same rows in the same order, with the same columns in the same order.

    Numbers compare exactly, floats too. A datetime with an offset equals the naive one of the same moment in UTC.
    """
    left, right = list(actual), list(expected)
    for position, (got, wanted) in enumerate(zip_longest(left, right)):
        difference = _difference(got, wanted)
        assert difference is None, f"row {position} of {len(left)} actual, {len(right)} expected: {difference}"


def _difference(got: Row | None, wanted: Row | None) -> str | None:
    if got is None:
        return f"missing; expected {dict(wanted or {})}"
    if wanted is None:
        return f"not expected: {dict(got)}"
    if list(got) != list(wanted):
        return f"columns {list(got)}, expected {list(wanted)}"
    return _value_difference(got, wanted)


def _value_difference(got: Row, wanted: Row) -> str | None:
    differing = [name for name in wanted if _plain(got[name]) != _plain(wanted[name])]
    if not differing:
        return None
    shown = "; ".join(f"{name} is {got[name]!r}, expected {wanted[name]!r}" for name in differing)
    return f"{shown} (in {dict(wanted)})"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value
