"""Finding the rows of a table that have one of some values, without reading the files that hold none of them."""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_MOST_SPANS = 16
_MOST_NAMED = 4000


def spans(keys: Collection[int]) -> list[tuple[int, int]]:
    """The first and last keys of a few ranges that hold all `keys`, with the widest gaps left out between them.

    A table is searched by them: one late key among new ones must not make the range of all that came between.
    """
    known = sorted(set(keys))
    gaps = sorted(range(1, len(known)), key=lambda at: known[at - 1] - known[at])
    starts = [0, *sorted(at for at in gaps[: _MOST_SPANS - 1] if known[at] - known[at - 1] > 1)]
    return [(known[start], known[end - 1]) for start, end in zip(starts, [*starts[1:], len(known)], strict=True)]


def within(column: str, keys: Collection[int]) -> Column:
    """Whether a column lies in one of the `spans` of at least one key: Delta skips files by it."""
    return reduce(or_, [F.col(column).between(first, last) for first, last in spans(keys)])


def with_keys(rows: DataFrame, column: str, keys: Collection[int]) -> DataFrame:
    """The rows whose column holds one of at least one key. Many keys are sent only where any row may have one."""
    searched = rows.where(within(column, keys))
    if len(keys) <= _MOST_NAMED:
        return searched.where(F.col(column).isin(*keys))
    if searched.isEmpty():
        return searched
    return searched.join(_listed(rows, column, keys), column, "left_semi").select(*rows.columns)


def without(rows: DataFrame, column: str, values: Collection[str]) -> DataFrame:
    """The rows whose column holds none of the values; it must not be NULL."""
    if len(values) <= _MOST_NAMED:
        return rows.where(~F.col(column).isin(*values)) if values else rows
    return rows.join(_listed(rows, column, values), column, "left_anti").select(*rows.columns)


def _listed(rows: DataFrame, column: str, values: Collection[int] | Collection[str]) -> DataFrame:
    """A column of values, at hand in every task."""
    kind = "string" if isinstance(next(iter(values)), str) else "bigint"
    return F.broadcast(rows.sparkSession.createDataFrame([(value,) for value in values], f"`{column}` {kind}"))
