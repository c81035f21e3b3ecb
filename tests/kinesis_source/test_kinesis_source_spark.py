"""The source in the sandbox's Spark, on the sandbox's Kinesis."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from counting_proxy import CountingProxy
from pyspark.errors import AnalysisException, StreamingQueryException
from spark_query import Table, become_active, new_name, put, wait_until

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def client(sandbox: Any) -> Any:
    return sandbox.stack.parts["kinesis"].client


@pytest.fixture
def new_stream(client: Any) -> Iterator[Callable[[int], str]]:
    made: list[str] = []

    def make(shards: int = 2) -> str:
        made.append(new_name())
        client.create_stream(StreamName=made[-1], ShardCount=shards)
        become_active(client, made[-1])
        return made[-1]

    yield make
    for name in made:
        become_active(client, name)
        client.delete_stream(StreamName=name)


@pytest.fixture
def spark(sandbox: Any) -> Iterator[Any]:
    """A session for each test: one of them kills the server."""
    session = sandbox.open_spark()
    yield session
    session.stop()


@pytest.fixture
def table(spark: Any, tmp_path: Path) -> Iterator[Table]:
    table = Table(spark, tmp_path)
    yield table
    table.stop()
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_a_stream_becomes_a_table_with_databricks_columns(client: Any, new_stream: Any, table: Table) -> None:
    name = new_stream()
    written = put(client, name, range(1000))
    table.read_what_is_there(name)
    rows = table.frame().collect()
    assert {(row.sequenceNumber, row.shardId) for row in rows} == set(written)
    assert len(rows) == 1000
    assert {row.stream for row in rows} == {name}
    assert {(row.partitionKey, bytes(row.data).decode()) for row in rows} == {(str(n), str(n)) for n in range(1000)}
    assert table.frame().dtypes == [
        ("partitionKey", "string"),
        ("data", "binary"),
        ("stream", "string"),
        ("shardId", "string"),
        ("sequenceNumber", "string"),
        ("approximateArrivalTimestamp", "timestamp"),
    ]


def test_capped_batches_a_reshard_and_a_second_run_give_each_record_once(
    client: Any, new_stream: Any, table: Table
) -> None:
    name = new_stream(2)
    put(client, name, range(500))
    client.update_shard_count(StreamName=name, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    become_active(client, name)
    put(client, name, range(500, 1000))
    query = table.read_what_is_there(name, maxRecordsPerTrigger="400")
    assert [p.numInputRows for p in query.recentProgress if p.numInputRows] == [400, 400, 200]
    assert table.numbers() == list(range(1000))
    put(client, name, range(1000, 1010))
    table.read_what_is_there(name)
    assert table.numbers() == list(range(1010))


def test_a_running_query_follows_the_tip_and_tells_its_lag(client: Any, new_stream: Any, table: Table) -> None:
    name = new_stream()
    query = table.start(name, initialPosition="latest")
    wait_until(table.batches, "an empty batch holds the moment in the checkpoint")
    for number in range(3):
        put(client, name, [number])
        wait_until(lambda number=number: table.numbers() == list(range(number + 1)), "the record arrives")
    told = wait_until(lambda: [p for p in query.recentProgress if p.numInputRows], "progress is told")
    assert '"millisBehindLatest": 0' in told[-1].sources[0].latestOffset
    assert len(table.batches()) == 1 + 3


def test_a_stream_made_anew_needs_a_new_checkpoint(client: Any, new_stream: Any, table: Table) -> None:
    name = new_stream(1)
    put(client, name, [1])
    table.read_what_is_there(name)
    client.delete_stream(StreamName=name)
    wait_until(lambda: name not in client.list_streams()["StreamNames"], "the stream is gone")
    with pytest.raises(StreamingQueryException, match="StreamMissingError"):
        table.read_what_is_there(name)
    client.create_stream(StreamName=name, ShardCount=1)
    become_active(client, name)
    with pytest.raises(StreamingQueryException, match=r"StreamRecreatedError.*new checkpointLocation"):
        table.read_what_is_there(name)


def test_no_record_is_fetched_twice_though_each_batch_is_used_twice(client: Any, new_stream: Any, table: Table) -> None:
    name = new_stream()
    put(client, name, range(1000))
    with CountingProxy(client.meta.endpoint_url) as proxy:
        table.count_twice(name, endpoint=proxy.url, maxRecordsPerTrigger="400")
    assert proxy.records == 1000


def test_an_unknown_option_is_told_before_the_query_starts(spark: Any) -> None:
    with pytest.raises(AnalysisException, match="Did you mean streamName"):
        spark.readStream.format("kinesis").option("streamNames", "x").load().schema  # noqa: B018


@pytest.mark.full
def test_a_killed_spark_with_a_batch_in_flight_loses_and_doubles_nothing(
    sandbox: Any, client: Any, new_stream: Any, tmp_path: Path
) -> None:
    name = new_stream(3)
    with Writer(client, name) as writer:
        for _ in range(3):
            session = sandbox.open_spark()
            table = Table(session, tmp_path)
            table.start(name, maxRecordsPerTrigger="300")
            begun = len(table.batches())
            wait_until(lambda table=table, begun=begun: len(table.batches()) >= begun + 2, "batches are written")
            session.client.close()  # At exit an open one calls the server that died for minutes.
            before = sandbox.pid("spark")
            sandbox.kill("spark")
            wait_until(lambda before=before: sandbox.pid("spark") not in (0, before), "Spark is started again")
            sandbox.command("up")
    table = Table(sandbox.open_spark(), tmp_path)
    table.read_what_is_there(name)
    assert Counter(table.numbers()) == Counter(writer.written)


@pytest.mark.full
def test_a_killed_kinesis_is_waited_for(sandbox: Any, client: Any, new_stream: Any, table: Table) -> None:
    name = new_stream()
    put(client, name, range(3000))
    query = table.start(name, maxRecordsPerTrigger="100")
    for _ in range(3):
        done = len(table.batches())
        wait_until(lambda done=done: len(table.batches()) > done, "a batch is done")
        sandbox.kill("kinesis")
    wait_until(lambda: len(table.numbers()) >= 3000 or query.exception(), "all is read")
    assert table.numbers() == list(range(3000))


@pytest.mark.full
def test_reshards_under_load_lose_and_double_nothing(client: Any, new_stream: Any, table: Table) -> None:
    name = new_stream(2)
    with Writer(client, name) as writer:
        table.start(name, maxRecordsPerTrigger="1000")
        for target in (4, 3, 6, 3, 2):
            writer.await_more()
            client.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
            become_active(client, name)
        writer.await_more()
    table.stop()
    table.read_what_is_there(name)
    assert Counter(table.numbers()) == Counter(writer.written)


class Writer:
    """Writes numbers until told to stop; knows which were answered."""

    def __init__(self, client: Any, name: str) -> None:
        self.written: list[int] = []
        self._client, self._name = client, name
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        while not self._stop.wait(0.05):
            numbers = range(len(self.written), len(self.written) + 100)
            put(self._client, self._name, numbers)
            self.written += numbers

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def await_more(self) -> None:
        goal = len(self.written) + 500
        wait_until(lambda: len(self.written) >= goal, "more is written")
