"""The streaming job: Kinesis to Delta, one query and one checkpoint a table, each record once."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pyspark import cloudpickle
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

import lib
from lib.entities import ENTITIES, Entity
from lib.errors import CourseError, SettingsError
from lib.notebook import Parameters, prepare
from lib.s3_data_loader import STAGE as PARSE_STAGE
from lib.stream_progress import Batch, Tally, batch_of, line
from lib.stream_table import StreamTable
from lib.tables import QUARANTINE, Tables, raw_stream_table, retried, stream_table

AVAILABLE_NOW, CONTINUOUS = "available_now", "continuous"
_TRIGGERS: dict[str, dict[str, Any]] = {
    AVAILABLE_NOW: {"availableNow": True},
    CONTINUOUS: {"processingTime": "1 second"},
}
_STARTS = 4
_SLOW_PYTHON = "waiting for the Python worker to connect back"
_LOOK_SECONDS = 1.0
_COUNT_SECONDS = 5.0
# Counting takes the server's time from the queries: a tenth of it at most.
_COUNT_SHARE = 0.1


class StreamFailedError(CourseError):
    """A streaming query ended with an error; what was committed stays, and the next run goes on from there."""


@dataclass(slots=True)
class StreamRun:
    """A run of the streaming job.

    Attributes:
        tables: where the rows are.
        batches: those of all tables that had records, in the order in which they were seen.
        tallies: by table how much was taken, at the begin and every few seconds.
    """

    tables: Tables
    batches: list[Batch] = field(default_factory=list)
    tallies: dict[str, list[Tally]] = field(default_factory=lambda: {stream_table(entity): [] for entity in ENTITIES})

    def count(self, empty: Collection[str] = ()) -> None:
        """Add a tally of each table; those called `empty` are known to hold nothing."""
        set_aside, now = {} if QUARANTINE in empty else self._quarantined(), datetime.now(UTC)
        for entity in ENTITIES:
            stages, raw = set_aside.get(stream_table(entity), {}), raw_stream_table(entity)
            records = stages.get(PARSE_STAGE, 0) + (0 if raw in empty else self.tables.known(raw).count())
            self.tallies[stream_table(entity)].append(Tally(now, records, sum(stages.values())))

    def summary(self) -> DataFrame:
        """One row a table: table, batches, records (of this run), total (records of all runs), rows, quarantined."""
        columns = "table string, batches bigint, records bigint, total bigint, rows bigint, quarantined bigint"
        return self.tables.spark.createDataFrame([self._summary(table) for table in self.tallies], columns)

    def _quarantined(self) -> dict[str, dict[str, int]]:
        own = F.col("table_name").isin(list(self.tallies))
        rows = self.tables.known(QUARANTINE).where(own).groupBy("table_name", "stage").count().collect()
        found: dict[str, dict[str, int]] = {}
        for row in rows:
            found.setdefault(row.table_name, {})[row.stage] = row["count"]
        return found

    def _summary(self, table: str) -> tuple[str, int, int, int, int, int]:
        first, last = self.tallies[table][0], self.tallies[table][-1]
        batches = sum(batch.table == table for batch in self.batches)
        rows = self.tables.known(table).count()
        return table, batches, last.records - first.records, last.records, rows, last.quarantined


def kinesis_options(dbutils: Any, parameters: Parameters) -> dict[str, str]:
    """The options of `format("kinesis")` that tell where the streams are and by what right they are read."""
    options = {"region": parameters.region, "initialPosition": "earliest"}
    if parameters.service_credential:
        options["serviceCredential"] = parameters.service_credential
    return options | parameters.aws_keys(dbutils, "awsAccessKey", "awsSecretKey")


def write_stream_data(
    spark: SparkSession, parameters: Parameters, options: Mapping[str, str], show: Callable[[str], None] | None = None
) -> StreamRun:
    """Bring the three streams into `stream_pin`, `stream_geo` and `stream_user`; return when the mode says so.

    An interrupt of the kernel ends the run too; the batch that it cuts off is taken by the next run.

    Args:
        options: of the source, as `kinesis_options` gives them.
        show: is told a line every second; by default it is printed over the last one.

    Raises:
        SettingsError: a parameter is empty or unreadable.
        StreamFailedError: a query ended with an error.
    """
    parameters.require("user_id", "checkpoint_path")
    trigger, ends_at = _trigger(parameters), _end(parameters)
    prepare(spark)
    tables = Tables(spark, parameters.catalog, parameters.schema)
    before = tables.prepare()
    run = StreamRun(tables)
    queries: list[Any] = []

    def start(entity: Entity) -> None:
        queries.append(start_query(tables, entity, parameters, options, trigger))

    try:
        _side_by_side(lambda entity: StreamTable(tables, entity).create())
        run.count(empty={QUARANTINE, *map(raw_stream_table, ENTITIES)} - before)
        _side_by_side(start)
        _follow(run, queries, ends_at, show or _overprint)
    except KeyboardInterrupt:
        run.count()
    finally:
        for query in queries:
            query.stop()
    return run


def _side_by_side(step: Callable[[Entity], None]) -> None:
    """Take a step for every entity; mostly they wait for the server."""
    with ThreadPoolExecutor(len(ENTITIES)) as pool:
        list(pool.map(step, ENTITIES))


def _trigger(parameters: Parameters) -> dict[str, Any]:
    if parameters.mode not in _TRIGGERS:
        raise SettingsError(f"mode is {parameters.mode!r}: set it to {AVAILABLE_NOW} or {CONTINUOUS}.")
    return _TRIGGERS[parameters.mode]


def _end(parameters: Parameters) -> float:
    """The moment of the monotonic clock at which a continuous run ends."""
    try:
        seconds = float(parameters.run_seconds or "inf")
    except ValueError:
        raise SettingsError(f"run_seconds is {parameters.run_seconds!r}: set a number, or nothing.") from None
    return time.monotonic() + seconds if parameters.mode == CONTINUOUS else float("inf")


def start_query(
    tables: Tables, entity: Entity, parameters: Parameters, options: Mapping[str, str], trigger: dict[str, Any]
) -> Any:
    """Start the query that fills an entity's tables, which exist; `trigger` is as `writeStream.trigger` takes it.

    The function that it runs beside the server travels whole: `lib` may be missing there.
    """
    cloudpickle.register_pickle_by_value(lib)
    reader = tables.spark.readStream.format("kinesis").options(**options)
    frames = reader.option("streamName", entity.stream(parameters.user_id)).load()
    name = stream_table(entity)
    # No record is too late: the watermark is there for the query's progress, which then tells when records arrived.
    timed = frames.withWatermark("approximateArrivalTimestamp", "0 seconds")
    writer = timed.writeStream.queryName(name).foreachBatch(_taker(tables.catalog, tables.schema, entity))
    place = f"{parameters.checkpoint_path.rstrip('/')}/{name}"
    return started(writer.option("checkpointLocation", place).trigger(**trigger))


def started(writer: Any) -> Any:
    """Start a query, again where its Python process did not answer the server in time: on a busy machine ten seconds,
    which no setting changes, may be too few. There is no query then."""
    return retried(writer.start, lambda error: _SLOW_PYTHON in str(error), _STARTS)


def _taker(catalog: str, schema: str, entity: Entity) -> Callable[[DataFrame, int], None]:
    def take(frames: DataFrame, _batch: int) -> None:
        StreamTable(Tables(frames.sparkSession, catalog, schema), entity).take(frames)

    return take


def _follow(run: StreamRun, queries: list[Any], ends_at: float, show: Callable[[str], None]) -> None:
    """Gather batches and tallies, and show them, until every query has ended or the time is over."""
    seen: set[tuple[str, int]] = set()
    count_at = time.monotonic() + _COUNT_SECONDS
    running = True
    while running:
        running = any(query.isActive for query in queries) and time.monotonic() < ends_at
        for query in queries:
            _gather(run, query, seen)
        if not running or time.monotonic() >= count_at:
            count_at = _count(run)
        show(line(run.tallies, run.batches))
        time.sleep(_LOOK_SECONDS if running else 0)


def _count(run: StreamRun) -> float:
    """Add a tally; the moment for the next one, on the monotonic clock."""
    began = time.monotonic()
    run.count()
    now = time.monotonic()
    return now + max(_COUNT_SECONDS, (now - began) / _COUNT_SHARE)


def _gather(run: StreamRun, query: Any, seen: set[tuple[str, int]]) -> None:
    """Add a query's new batches. Raises `StreamFailedError` where it has failed."""
    failure = query.exception()
    if failure is not None:
        raise StreamFailedError(
            f"The stream into {query.name} stopped: {_fact(str(failure))} Mend it, and run it again."
        )
    for batch in filter(None, map(batch_of, query.recentProgress)):
        if (batch.table, batch.number) not in seen:
            seen.add((batch.table, batch.number))
            run.batches.append(batch)


def _fact(failure: str) -> str:
    """What a failed query tells, without the stack traces of Python and Java around it."""
    told = failure.split("SQLSTATE", 1)[0].split("=== Streaming Query", 1)[0].rstrip()
    lines = [line for line in told.splitlines() if line.strip()]
    return lines[-1].strip() if "Traceback" in told else lines[0]


def _overprint(text: str) -> None:
    sys.stdout.write(f"\r{text}")
    sys.stdout.flush()
