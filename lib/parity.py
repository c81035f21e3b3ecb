"""Whether batch and stream agree: the same source rows, sent both ways, must end in the same clean rows."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from lib.entities import ENTITIES, Entity
from lib.errors import CourseError
from lib.notebook import Parameters, prepare
from lib.tables import Tables, clean_table, stream_table


class TablesDifferError(CourseError):
    """A stream's table and the batch's table of the same entity hold different rows."""


def parity(spark: SparkSession, parameters: Parameters) -> DataFrame:
    """Compare each stream's table with the batch's, row for row: types, values, time of day.

    Returns:
        One row an entity: entity, batch, stream (rows), only_batch, only_stream (rows that the other lacks).

    Raises:
        TableMissingError: one of the tables is not there yet.
    """
    prepare(spark)
    tables = Tables(spark, parameters.catalog, parameters.schema)
    rows = [_compared(tables, entity) for entity in ENTITIES]
    columns = "entity string, batch bigint, stream bigint, only_batch bigint, only_stream bigint"
    return spark.createDataFrame(rows, columns)


def check_parity(spark: SparkSession, parameters: Parameters) -> DataFrame:
    """The comparison, as `parity` gives it; raises `TablesDifferError` where any row is in one table only."""
    compared = parity(spark, parameters)
    unlike = [row for row in compared.collect() if row.only_batch or row.only_stream]
    if unlike:
        told = "; ".join(
            f"{r.entity}: {r.only_batch:,} rows in batch only, {r.only_stream:,} in stream" for r in unlike
        )
        raise TablesDifferError(
            f"Batch and stream differ: {told}. Were the same rows sent both ways, and did both jobs run since? "
            "Post with `streaming-batch` and `streaming-kinesis`, then run load_data, the clean notebooks and "
            "write_stream_data."
        )
    return compared


def _compared(tables: Tables, entity: Entity) -> tuple[str, int, int, int, int]:
    batch, stream = tables.read(clean_table(entity)), tables.read(stream_table(entity))
    differences = [left.exceptAll(right).count() for left, right in ((batch, stream), (stream, batch))]
    return entity.name, batch.count(), stream.count(), differences[0], differences[1]
