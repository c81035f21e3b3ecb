"""A batch of a stream as it is looked at, once: its rows, their places, and which of their keys are in doubt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from lib.data_cleaning import DataCleaning
from lib.entities import Entity
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
        unparsed: how many records cannot be parsed.
    """

    rows: DataFrame
    places: dict[str, int]
    doubtful: set[int]
    unparsed: int

    @property
    def keys(self) -> set[int]:
        """The distinct keys."""
        return set(self.places.values())


def look_at(entity: Entity, landed: DataFrame) -> StreamBatch:
    """Parse a batch, given with the columns of `lib.schemas.LANDED`, and see what it brings.

    A small batch is fetched and kept: each later look at its rows is free, where it would be a job of its own.
    """
    rows = typed_lines(entity, landed)
    marked = rows.withColumn(VALID, DataCleaning(entity).is_valid())
    head = marked.limit(_HELD_ROWS + 1).toArrow()
    if head.num_rows <= _HELD_ROWS:
        held = landed.sparkSession.createDataFrame(head.drop_columns([VALID]), raw_schema(entity))
        return _seen(held, head, entity.key)
    return _seen(rows, marked.select(entity.key, "source_file", VALID).toArrow(), entity.key)


def _seen(rows: DataFrame, looked_at: Any, key: str) -> StreamBatch:
    """The batch, from an Arrow table with the key, the place and the validity of each row."""
    told = [looked_at[name].to_pylist() for name in (key, "source_file", VALID)]
    parsed = [row for row in zip(*told, strict=True) if row[0] is not None]
    times = Counter(found for found, _, _ in parsed)
    doubtful = {found for found, _, valid in parsed if not valid or times[found] > 1}
    return StreamBatch(rows, {place: found for found, place, _ in parsed}, doubtful, looked_at.num_rows - len(parsed))
