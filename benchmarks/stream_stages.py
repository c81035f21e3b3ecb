"""Where the time of a large batch goes: one table after the other, the same records with one more stage each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from lib.data_cleaning import DataCleaning
from lib.entities import ENTITIES, Entity
from lib.notebook import Parameters
from lib.s3_data_loader import typed_lines
from lib.stream_job import start_query
from lib.stream_table import StreamTable, landed
from lib.tables import Tables

NOW = {"availableNow": True}
Stage = Callable[[Entity, DataFrame], DataFrame]
# Each goes on where the one before it ends.
STAGES: dict[str, Stage] = {
    "fetch": lambda _, frames: frames,
    "parse": lambda entity, frames: typed_lines(entity, landed(frames)),
    "clean": lambda entity, frames: DataCleaning(entity).transform(typed_lines(entity, landed(frames))),
}


def stages(bench: Bench, spark: SparkSession, given: Parameters, options: dict[str, str]) -> Iterator[Figure]:
    """Seconds of each stage, of all records of a student's filled streams; nothing else runs meanwhile."""
    before = 0.0
    for name in STAGES:
        with bench.step(f"streams: {name}"):
            seconds = sum(discarded(spark, entity, given, options, name) for entity in ENTITIES)
        yield Figure(f"  of them, one table at a time: {name}", seconds - before, "s")
        before = seconds
    with bench.step("streams: commit"):
        seconds = sum(written(spark, entity, given, options) for entity in ENTITIES)
    yield Figure(
        "  of them, one table at a time: see what is new, and commit raw and clean rows", seconds - before, "s"
    )


def discarded(spark: SparkSession, entity: Entity, given: Parameters, options: dict[str, str], name: str) -> float:
    """Seconds of a query that takes the records through a stage and those before it, and writes nothing."""
    frames = spark.readStream.format("kinesis").options(**options, streamName=entity.stream(given.user_id)).load()
    place = f"{given.checkpoint_path}/{name}-{entity.name}"
    query = STAGES[name](entity, frames).writeStream.format("noop").option("checkpointLocation", place)
    return seconds_of(query.trigger(**NOW).start())


def written(spark: SparkSession, entity: Entity, given: Parameters, options: dict[str, str]) -> float:
    """Seconds of the query that fills the table."""
    tables = Tables(spark, given.catalog, given.schema)
    tables.prepare()
    StreamTable(tables, entity).create()
    return seconds_of(start_query(tables, entity, given, options, NOW))


def seconds_of(query: Any) -> float:
    """How long all batches of a query took, once it has ended."""
    query.awaitTermination()
    return sum(progress.durationMs["triggerExecution"] for progress in query.recentProgress) / 1000
