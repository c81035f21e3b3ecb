"""A batch of a stream as it is looked at, once: its rows, their places, and which of their keys are in doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame

from lib.data_cleaning import DataCleaning
from lib.entities import Entity
from lib.key_search import without
from lib.s3_data_loader import typed_lines
from lib.schemas import raw_schema

VALID = "_valid"
_HELD_ROWS = 4000


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """What a batch brings.

    Attributes:
        rows: one a record, with the columns of `lib.schemas.raw_schema`; the key of a record that cannot be parsed is
            NULL.
        places: the key of each parsed record, by its place (`source_file`).
        doubtful: the keys that come more than once, or with a value that is not valid.
        unparsed: the places of the records that cannot be parsed.
    """

    rows: DataFrame
    places: dict[str, int]
    doubtful: set[int]
    unparsed: set[str]

    @property
    def keys(self) -> set[int]:
        """The distinct keys."""
        return set(self.places.values())

    def places_of(self, keys: Collection[int]) -> set[str]:
        """The places of the parsed records that have one of the keys."""
        return {place for place, key in self.places.items() if key in keys}

    def left(self, places: Collection[str]) -> DataFrame:
        """The parsed rows at other places. They are told by these, for Spark would test a condition on a parsed value
        before the parsing, and parse each line a few times more for it."""
        return without(self.rows, "source_file", self.unparsed.union(places))


def look_at(entity: Entity, landed: DataFrame) -> StreamBatch:
    """Parse a batch, given with the columns of `lib.schemas.LANDED`, and see what it brings.

    A small batch is fetched and kept: each later look at its rows is free, where it would be a job of its own.
    """
    rows = typed_lines(entity, landed)
    marked = rows.withColumn(VALID, DataCleaning(entity).is_valid())
    fetched = marked.toArrow()
    seen = _seen(rows, fetched, entity.key)
    if fetched.num_rows > _HELD_ROWS:
        return seen
    return replace(seen, rows=landed.sparkSession.createDataFrame(fetched.drop_columns([VALID]), raw_schema(entity)))


def _seen(rows: DataFrame, looked_at: Any, key: str) -> StreamBatch:
    """The batch, from an Arrow table with the key, the place and the validity of each row."""
    told = [looked_at[name].to_pylist() for name in (key, "source_file", VALID)]
    records = list(zip(*told, strict=True))
    parsed = [row for row in records if row[0] is not None]
    unparsed = {place for found, place, _ in records if found is None}
    times = Counter(found for found, _, _ in parsed)
    doubtful = {found for found, _, valid in parsed if not valid or times[found] > 1}
    return StreamBatch(rows, {place: found for found, place, _ in parsed}, doubtful, unparsed)
