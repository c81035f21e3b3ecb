"""33,462 records through Kinesis into Delta: whatever dies or is sent again, each row is in its table once."""

import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lib.entities import ENTITIES
from lib.notebook import Parameters
from lib.parity import check_parity
from lib.stream_job import write_stream_data
from lib.tables import QUARANTINE, Tables, raw_stream_table, stream_table
from sandbox.parts.kinesis import Kinesis
from sandbox.parts.s3 import REGION
from sandbox.run import replace
from sandbox.run.jobs import run_jobs
from sandbox.run.pipeline import Run, await_sink
from sandbox.stack import wait_until

pytestmark = [pytest.mark.full, pytest.mark.sandbox]

ROWS = 11_154
RECORDS_A_BATCH = 1_500
DIALS = ("--duplicates", "0.05", "--late", "0.02", "--poison", "0.01")
LANDED_ONCE = {entity.name: (ROWS, ROWS) for entity in ENTITIES}


class Streaming:
    """A student's streams: posted by the command, landed by the job in a schema of their own."""

    def __init__(self, sandbox: Any, folder: Path) -> None:
        self.sandbox = sandbox
        self.user_id = secrets.token_hex(6)
        self.checkpoints = folder / "checkpoints"
        self.client = sandbox.stack.part(Kinesis).client
        self.parameters = Parameters(
            "spark_catalog", f"faults_{self.user_id}", user_id=self.user_id, checkpoint_path=str(self.checkpoints)
        )
        own = {"USER_ID": self.user_id, "STATE_DIR": str(folder / "state")}
        self.environment = sandbox.environment | own
        for entity in ENTITIES:
            self.client.create_stream(StreamName=self.stream(entity.name), ShardCount=2)
        self.await_active()

    def stream(self, entity: str) -> str:
        return f"streaming-{self.user_id}-{entity}"

    def await_active(self) -> None:
        for entity in ENTITIES:
            self.client.get_waiter("stream_exists").wait(StreamName=self.stream(entity.name), WaiterConfig={"Delay": 1})

    def remove(self) -> None:
        for entity in ENTITIES:
            self.client.delete_stream(StreamName=self.stream(entity.name))
        with connected(self.sandbox) as spark:
            spark.sql(f"DROP SCHEMA IF EXISTS {self.parameters.schema} CASCADE")

    def post(self, *options: str) -> None:
        command(self.environment, "streaming-kinesis", *options)

    def land(self, show: Any = lambda _: None, **changes: str) -> None:
        """One run of the job, in a session of its own."""
        options = {"region": REGION, "initialPosition": "earliest", "maxRecordsPerTrigger": str(RECORDS_A_BATCH)}
        with connected(self.sandbox) as spark:
            write_stream_data(spark, changed(self.parameters, **changes), options, show)

    @contextmanager
    def landing(self) -> Iterator[list[Exception]]:
        """The job as it lands what comes; it is told to stop at the end. Its error is added to what is yielded."""
        stop, failed = threading.Event(), []

        def interrupt(_: str) -> None:
            if stop.is_set():
                raise KeyboardInterrupt

        def run() -> None:
            try:
                self.land(interrupt, mode="continuous")
            except Exception as error:
                failed.append(error)

        running = threading.Thread(target=run)
        running.start()
        try:
            yield failed
        finally:
            stop.set()
            running.join(timeout=300)
        assert not running.is_alive()

    def in_flight(self) -> bool:
        """Whether a batch after the first is planned and not done: its offsets are written, its commit is not."""
        return any(
            max(numbers(query / "offsets"), default=0) > max(numbers(query / "commits"), default=0) > 0
            for query in self.checkpoints.glob("stream_*")
        )

    def landed(self) -> dict[str, tuple[int, int]]:
        """Rows and distinct keys of each table."""
        with connected(self.sandbox) as spark:
            tables = Tables(spark, "spark_catalog", self.parameters.schema)
            assert tables.known(QUARANTINE).count() == 0
            found = {}
            for entity in ENTITIES:
                rows = tables.known(stream_table(entity))
                found[entity.name] = (rows.count(), rows.select("ind").distinct().count())
            return found

    def records(self) -> set[int]:
        """How many records the raw tables hold, each of them once."""
        with connected(self.sandbox) as spark:
            tables = Tables(spark, "spark_catalog", self.parameters.schema)
            raw = [tables.known(raw_stream_table(entity)).select("source_file") for entity in ENTITIES]
            assert all(rows.count() == rows.distinct().count() for rows in raw)
            return {rows.count() for rows in raw}

    def split(self, entity: str) -> None:
        """Cut the first open shard in two."""
        first = self.open_shards(entity)[0]
        low, high = (int(first["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
        self.client.split_shard(
            StreamName=self.stream(entity), ShardToSplit=first["ShardId"], NewStartingHashKey=str((low + high) // 2)
        )

    def merge(self, entity: str) -> None:
        """Make one of the last two open shards."""
        *_, left, right = self.open_shards(entity)
        self.client.merge_shards(
            StreamName=self.stream(entity), ShardToMerge=left["ShardId"], AdjacentShardToMerge=right["ShardId"]
        )

    def open_shards(self, entity: str) -> list[dict[str, Any]]:
        shards = self.client.list_shards(StreamName=self.stream(entity))["Shards"]
        alive = [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        return sorted(alive, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))


@contextmanager
def connected(sandbox: Any) -> Iterator[Any]:
    """A session of its own, for one test kills the server."""
    spark = sandbox.open_spark()
    try:
        yield spark
    finally:
        spark.stop()


def numbers(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.glob("[0-9]*")}


def command(environment: dict[str, str], name: str, *options: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name(name), *options], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def rows(sandbox: Any) -> None:
    sandbox.command("data", "--rows", str(ROWS), "--seed", "17")


@pytest.fixture
def streaming(sandbox: Any, rows: None, tmp_path: Path) -> Iterator[Streaming]:
    made = Streaming(sandbox, tmp_path)
    yield made
    made.remove()


def test_a_plain_run_and_poster_and_query_twice(streaming: Streaming) -> None:
    streaming.post()
    streaming.land()
    assert (streaming.landed(), streaming.records()) == (LANDED_ONCE, {ROWS})
    streaming.post()
    streaming.land()
    assert (streaming.landed(), streaming.records()) == (LANDED_ONCE, {ROWS})
    streaming.post("--restart")
    streaming.land()
    assert (streaming.landed(), streaming.records()) == (LANDED_ONCE, {2 * ROWS})


@pytest.mark.parametrize("part", ["spark", "kinesis", "kafka"])
def test_a_kill_with_a_batch_in_flight_loses_and_doubles_nothing(streaming: Streaming, part: str) -> None:
    streaming.post()
    with streaming.landing() as failed:
        assert wait_until(lambda: streaming.in_flight() or bool(failed), seconds=180)
        assert not failed
        streaming.sandbox.kill(part)
        streaming.sandbox.command("up")
    assert part == "spark" or not failed
    streaming.land()
    assert (streaming.landed(), streaming.records()) == (LANDED_ONCE, {ROWS})


def test_a_split_and_a_merge_under_load_lose_and_double_nothing(streaming: Streaming) -> None:
    with streaming.landing() as failed:
        poster = threading.Thread(target=streaming.post, args=("--rate", "1500"))
        poster.start()
        for reshard in (streaming.split, streaming.merge):
            for entity in ENTITIES:
                reshard(entity.name)
            streaming.await_active()
        assert poster.is_alive()
        poster.join()
    assert not failed
    streaming.land()
    assert (streaming.landed(), streaming.records()) == (LANDED_ONCE, {ROWS})


def test_repeats_late_rows_and_poison_end_as_in_the_batch(sandbox: Any, tmp_path: Path) -> None:
    sandbox.command("data", "--rows", str(ROWS), "--seed", "23", *DIALS)
    replace.clear(sandbox.stack)
    post = ("streaming-kinesis", "--order", "feed")
    command(sandbox.environment, "streaming-batch", "--order", "feed")
    command(sandbox.environment, *post, "--create-streams")
    await_sink(Run(Console(quiet=True), sandbox.stack, ROWS, 23))
    run_jobs(sandbox.settings.home / "faults", sandbox.environment, lambda *_: None)
    parameters = Parameters(
        "spark_catalog", replace.SCHEMA, user_id=sandbox.user_id, checkpoint_path=str(tmp_path / "checkpoints")
    )
    for again in ((), ("--restart",)):
        if again:
            command(sandbox.environment, *post, *again)
        with connected(sandbox) as spark:
            write_stream_data(spark, parameters, {"region": REGION, "initialPosition": "earliest"}, lambda _: None)
            assert all(row.stream > 0.9 * ROWS for row in check_parity(spark, parameters).collect())
            assert refused(spark, "stream_") == refused(spark, "") != []


def refused(spark: Any, prefix: str) -> list[tuple[Any, ...]]:
    """What the cleaning set aside."""
    names = [prefix + entity.name for entity in ENTITIES]
    rows = spark.table(f"{replace.SCHEMA}.{QUARANTINE}").where("stage = 'clean'").collect()
    found = [row for row in rows if row.table_name in names]
    return sorted((row.table_name.removeprefix(prefix), row.ind, row.reason, row.payload) for row in found)
