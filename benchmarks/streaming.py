"""The stream: from filled streams into Delta tables, and how late a row is that is posted while all three queries run.

What bounds it, on two cores: Spark's planning and Delta's commits for the small batches of a live stream; for a filled
one the parsing, twice over, then the collector and what Java compiles anew for each batch. A run begins with some
seconds in which tables are made and three queries start: the sustained rate is that of their batches, from the first
one's begin to the last one's commit; the rate of the whole run stands beside it.
"""

import json
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from benchmarks.bench import Bench
from benchmarks.commands import timed
from benchmarks.errors import RecordsLostError
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.sizes import SEED
from benchmarks.spark_work import CATALOG, SCHEMA, drop_schema, open_session
from benchmarks.stream_stages import stages
from lib.entities import ENTITIES, Entity
from lib.notebook import Parameters
from lib.stream_job import write_stream_data
from lib.tables import Tables, stream_table
from sandbox.data import write_json_lines
from sandbox.parts.kinesis import Kinesis
from sandbox.parts.s3 import REGION
from sandbox.parts.spark import Spark
from sandbox.processes import resident_megabytes

OPTIONS = {"region": REGION, "initialPosition": "earliest"}
RATE = 100
BATCH = 500
RECORDS_AT_ONCE = 10_000


def measure(bench: Bench) -> Iterator[Figure]:
    """A first run that warms the server up, filled streams of two sizes, then rows as they come."""
    rows = bench.sizes.stream_seconds * RATE // len(ENTITIES)
    bench.up_with_rows(rows)
    with open_session(bench) as spark:
        land(bench, spark, bench.sizes.stream_small)
        small = land(bench, spark, bench.sizes.stream_small)
        large = land(bench, spark, bench.sizes.stream_large)
        for size, landed in ((bench.sizes.stream_small, small), (bench.sizes.stream_large, large)):
            yield Figure(f"{size:,} records from filled streams", landed.sustained, "records/s", at_least(10_000))
            yield Figure("  the start of the run included", landed.whole, "records/s")
        yield Figure("  the larger to the smaller", large.sustained / small.sustained, "x", at_least(0.8))
        with fresh_streams(bench, spark) as user_id:
            fill(bench, user_id, bench.sizes.stream_small // len(ENTITIES))
            yield from stages(bench, spark, parameters(bench, user_id), OPTIONS)
        yield from live(bench, spark, rows)


@dataclass(frozen=True)
class Landed:
    """Records a second, all three tables together, of one run that found the streams filled."""

    sustained: float
    whole: float


def land(bench: Bench, spark: SparkSession, records: int) -> Landed:
    """Run once with filled streams."""
    rows = records // len(ENTITIES)
    with fresh_streams(bench, spark) as user_id, bench.step(f"{records:,} records into Delta") as show:
        fill(bench, user_id, rows)
        began = time.perf_counter()
        batches = write_stream_data(spark, parameters(bench, user_id), OPTIONS, show).batches
        seconds = time.perf_counter() - began
        require_rows(spark, rows)
    first = min(batch.committed_at - timedelta(seconds=batch.seconds) for batch in batches)
    working = (max(batch.committed_at for batch in batches) - first).total_seconds()
    return Landed(rows * len(ENTITIES) / working, rows * len(ENTITIES) / seconds)


def live(bench: Bench, spark: SparkSession, rows: int) -> Iterator[Figure]:
    """Rows at a steady rate from the database to the tables: seconds from a record's arrival to its row's commit."""
    with (
        fresh_streams(bench, spark) as user_id,
        bench.step(f"{RATE} rows a second for {bench.sizes.stream_seconds} s") as show,
    ):
        memory: list[float] = []
        poster = threading.Thread(target=post, args=(bench, user_id, rows))
        poster.start()

        def watch(text: str) -> None:
            show(text)
            memory.append(resident(bench))
            if not poster.is_alive() and text.count(f" {rows:,} records") == len(ENTITIES):
                raise KeyboardInterrupt

        write_stream_data(spark, parameters(bench, user_id, mode="continuous"), OPTIONS, watch)
        poster.join()
        waited = [seconds for entity in ENTITIES for seconds in latencies(bench, spark, entity, user_id)]
    yield Figure(f"row to commit at {RATE} rows/s, median", median(waited), "s", at_most(6))
    yield Figure("  95th percentile", quantiles(waited, n=20)[18], "s", at_most(12))
    yield Figure("  resident, Spark and its Python: last to first half", halves(memory), "x", at_most(1.15))


def parameters(bench: Bench, user_id: str, mode: str = "available_now") -> Parameters:
    """Of a run with a checkpoint of its own."""
    place = str(bench.scratch / f"checkpoints-{user_id}")
    return Parameters(CATALOG, SCHEMA, user_id=user_id, checkpoint_path=place, mode=mode)


@contextmanager
def fresh_streams(bench: Bench, spark: SparkSession) -> Iterator[str]:
    """Empty streams of another student, and no tables; yields the student's id."""
    user_id, client = secrets.token_hex(6), bench.stack.part(Kinesis).client
    names = [entity.stream(user_id) for entity in ENTITIES]
    for name in names:
        client.create_stream(StreamName=name, ShardCount=2)
    for name in names:
        client.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    try:
        yield user_id
    finally:
        for name in names:
            client.delete_stream(StreamName=name)
        drop_schema(spark)


def fill(bench: Bench, user_id: str, rows: int) -> None:
    """Put the generator's rows into the streams."""
    topics = write_json_lines(bench.scratch / user_id, rows, SEED, user_id)
    client = bench.stack.part(Kinesis).client
    for entity in ENTITIES:
        lines = [line for path in sorted((topics / entity.topic(user_id)).rglob("*.json")) for line in path.open("rb")]
        for start in range(0, len(lines), BATCH):
            entries = [
                {"Data": line.rstrip(), "PartitionKey": str(json.loads(line)[entity.key])}
                for line in lines[start : start + BATCH]
            ]
            if client.put_records(StreamName=entity.stream(user_id), Records=entries)["FailedRecordCount"]:
                raise RecordsLostError("PutRecords left out records.")


def post(bench: Bench, user_id: str, rows: int) -> None:
    """Post rows as a student does, at the rate."""
    state = bench.scratch / f"state-{user_id}"
    environment = {**bench.sandbox.environment, "USER_ID": user_id, "STATE_DIR": str(state)}
    command = Path(sys.executable).with_name("streaming-kinesis")
    timed([command, "--rows", str(rows), "--rate", str(RATE)], environment, lambda _: None)


def require_rows(spark: SparkSession, rows: int) -> None:
    """Refuse a run whose tables do not hold every row: its speed means nothing."""
    tables = Tables(spark, CATALOG, SCHEMA)
    for entity in ENTITIES:
        found = tables.known(stream_table(entity)).count()
        if found != rows:
            raise RecordsLostError(f"{stream_table(entity)} holds {found:,} rows, not {rows:,}.")


def latencies(bench: Bench, spark: SparkSession, entity: Entity, user_id: str) -> list[float]:
    """Seconds from each record's arrival in Kinesis to the commit of its row's file."""
    arrived = arrivals(bench, entity, user_id)
    table = Tables(spark, CATALOG, SCHEMA).name(stream_table(entity))
    place = spark.sql(f"DESCRIBE DETAIL {table}").first().location  # type: ignore[union-attr]
    log = spark.read.json(f"{place}/_delta_log/*.json").withColumn("version", F.col("_metadata.file_name"))
    commits = log.where("commitInfo IS NOT NULL").select("version", F.col("commitInfo.timestamp").alias("at"))
    files = log.where("add IS NOT NULL").select("version", F.col("add.path").alias("file"))
    rows = spark.table(table).select("ind", F.col("_metadata.file_name").alias("file"))
    found = rows.join(files, "file").join(commits, "version").select("ind", "at").collect()
    return [row["at"] / 1000 - arrived[row["ind"]] for row in found]


def arrivals(bench: Bench, entity: Entity, user_id: str) -> dict[int, float]:
    """When each row's record arrived, in seconds since 1970."""
    client, found = bench.stack.part(Kinesis).client, {}
    for shard in client.list_shards(StreamName=entity.stream(user_id))["Shards"]:
        start: dict[str, Any] = {"StreamName": entity.stream(user_id), "ShardIteratorType": "TRIM_HORIZON"}
        place = client.get_shard_iterator(ShardId=shard["ShardId"], **start)["ShardIterator"]
        while records := client.get_records(ShardIterator=place, Limit=RECORDS_AT_ONCE):
            for record in records["Records"]:
                moment = record["ApproximateArrivalTimestamp"].timestamp()
                found[json.loads(record["Data"])[entity.key]] = moment
            place = records["NextShardIterator"]
            if not records["MillisBehindLatest"]:
                break
    return found


def resident(bench: Bench) -> float:
    """Megabytes of Spark's server and of the Python processes that it runs."""
    server = psutil.Process(bench.sandbox.pid(Spark.name))
    return resident_megabytes([server, *server.children(recursive=True)])


def halves(memory: list[float]) -> float:
    """The second half's median to the first one's, leaving out the first quarter, in which the server warms up."""
    settled = memory[len(memory) // 4 :]
    middle = len(settled) // 2
    return median(settled[middle:]) / median(settled[:middle])
