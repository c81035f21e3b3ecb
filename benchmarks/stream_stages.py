"""Where the time of a large batch goes: one table after the other, the same records with one more stage each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.spark_work import CATALOG, SCHEMA
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


def stages(bench: Bench, spark: SparkSession, user_id: str, options: dict[str, str]) -> Iterator[Figure]:
    """Seconds of each stage, of all records of a student's filled streams; nothing else runs meanwhile."""
    before = 0.0
    for name, stage in STAGES.items():
        with bench.step(f"streams: {name}"):
            seconds = sum(discarded(bench, spark, entity, user_id, options, name, stage) for entity in ENTITIES)
        yield Figure(f"  of them, one table at a time: {name}", seconds - before, "s")
        before = seconds
    with bench.step("streams: commit"):
        seconds = sum(written(bench, spark, entity, user_id, options) for entity in ENTITIES)
    yield Figure(
        "  of them, one table at a time: see what is new, and commit raw and clean rows", seconds - before, "s"
    )


def discarded(
    bench: Bench, spark: SparkSession, entity: Entity, user_id: str, options: dict[str, str], name: str, stage: Stage
) -> float:
    """Seconds of a query that takes the records through the stages and writes nothing."""
    frames = spark.readStream.format("kinesis").options(**options, streamName=entity.stream(user_id)).load()
    place = bench.scratch / f"checkpoints-{user_id}-{name}-{entity.name}"
    query = stage(entity, frames).writeStream.format("noop").option("checkpointLocation", str(place))
    return seconds_of(query.trigger(**NOW).start())


def written(bench: Bench, spark: SparkSession, entity: Entity, user_id: str, options: dict[str, str]) -> float:
    """Seconds of the query that fills the table."""
    tables = Tables(spark, CATALOG, SCHEMA)
    tables.prepare()
    StreamTable(tables, entity).create()
    place = str(bench.scratch / f"checkpoints-{user_id}-written")
    given = Parameters(CATALOG, SCHEMA, user_id=user_id, checkpoint_path=place)
    return seconds_of(start_query(tables, entity, given, options, NOW))


def seconds_of(query: Any) -> float:
    """How long all batches of a query took, once it has ended."""
    query.awaitTermination()
    return sum(progress.durationMs["triggerExecution"] for progress in query.recentProgress) / 1000
