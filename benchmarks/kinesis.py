"""Kinesis: boto3 with one client and one connection, beside a server that does nothing and beside moto's Kinesis.

What bounds each, on two cores: PutRecord the way to the broker and back; PutRecords the client, which writes and reads
JSON and base64, and the broker; GetRecords the client alone.
"""

import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import boto3
import psutil
from botocore.config import Config

from benchmarks.bench import Bench
from benchmarks.errors import RecordsLostError
from benchmarks.figures import Figure, at_least, at_most
from sandbox.parts.base import HOST, listening
from sandbox.parts.kinesis import Kinesis
from sandbox.parts.s3 import REGION
from sandbox.settings import ROOT
from sandbox.stack import wait_until
from tests.sandbox_under_test import clean_environment

BATCH, READ, BYTES = 500, 10_000, 300
STREAM = "benchmark"
FIRST_SHARD = "shardId-000000000000"
IDLE_SECONDS = 5
# Nothing that compresses: no link on the way is flattered.
DATA = random.Random(1).randbytes(BYTES)
ENTRIES = [{"Data": random.Random(number).randbytes(BYTES), "PartitionKey": str(number)} for number in range(BATCH)]


@dataclass
class Rates:
    """Records a second of one server in one round."""

    single: float
    batches: float
    reading: float


def measure(bench: Bench) -> Iterator[Figure]:
    """Rounds of the three servers by turns; medians of each round's ratios. Then a long stream, and quiet."""
    bench.up()
    with ExitStack() as stack:
        ours = stack.enter_context(fresh_stream(bench.stack.part(Kinesis).client))
        none = stack.enter_context(no_op())
        theirs = stack.enter_context(fresh_stream(stack.enter_context(moto())))
        rounds = [one_round(bench, number + 1, ours, none, theirs) for number in range(bench.sizes.rounds)]
        yield from ratios(rounds)
        yield from long_stream(bench, ours)
    yield from quiet(bench)


def ratios(rounds: list[tuple[Rates, Rates, Rates]]) -> Iterator[Figure]:
    """Each call's rate, to the server that does nothing and to moto."""
    for name, field, bar in (
        ("PutRecord", "single", 0.4),
        (f"PutRecords of {BATCH}", "batches", 0.45),
        (f"GetRecords of {READ:,}", "reading", 0.6),
    ):
        rates = [[getattr(rate, field) for rate in each] for each in rounds]
        yield Figure(f"{name} to a no-op server", median(o / n for o, n, _ in rates), "x", at_least(bar))
        yield Figure(f"  {name}", median(o for o, _, _ in rates), "records/s")
        yield Figure(f"  {name} of a no-op server", median(n for _, n, _ in rates), "records/s")
        yield Figure(f"  {name} of moto", median(m for _, _, m in rates), "records/s")


def one_round(bench: Bench, number: int, ours: Any, none: Any, theirs: Any) -> tuple[Rates, Rates, Rates]:
    """The three servers, one after another, with the same client code."""
    with bench.step(f"round {number}: Kinesis, no-op server, moto"):
        sizes = bench.sizes
        return (
            rates_of(ours, sizes.kinesis_calls, sizes.kinesis_records),
            rates_of(none, sizes.kinesis_calls, sizes.kinesis_records, iterator="AAAA"),
            # Its time grows with the square of its records.
            rates_of(theirs, sizes.kinesis_calls, min(sizes.kinesis_records, 2 * READ)),
        )


def rates_of(client: Any, calls: int, records: int, iterator: str | None = None) -> Rates:
    """Write singly, write in batches, read what there is now from its beginning."""
    single = rate(calls, lambda: put_single(client, calls))
    batches = rate(records, lambda: put_batches(client, records))
    place = iterator or begin(client)
    return Rates(single, batches, rate(records, lambda: read(client, place, records)))


def rate(records: int, work: Any) -> float:
    """Records a second."""
    began = time.perf_counter()
    work()
    return records / (time.perf_counter() - began)


def put_single(client: Any, calls: int) -> None:
    """PutRecord, one after another."""
    for number in range(calls):
        client.put_record(StreamName=STREAM, Data=DATA, PartitionKey=str(number))


def put_batches(client: Any, records: int) -> None:
    """PutRecords; refuses to go on where a record failed."""
    for _ in range(records // BATCH):
        if client.put_records(StreamName=STREAM, Records=ENTRIES)["FailedRecordCount"]:
            raise RecordsLostError("PutRecords left out records.")


def begin(client: Any, kind: str = "TRIM_HORIZON", **more: Any) -> str:
    """An iterator of the stream's one shard."""
    asked = client.get_shard_iterator(StreamName=STREAM, ShardId=FIRST_SHARD, ShardIteratorType=kind, **more)
    return str(asked["ShardIterator"])


def read(client: Any, place: str, records: int) -> None:
    """GetRecords until so many are read; refuses to go on where there are fewer."""
    left = records
    while left > 0:
        answer = client.get_records(ShardIterator=place, Limit=READ)
        if not answer["Records"]:
            raise RecordsLostError(f"{left:,} of {records:,} records are not read back.")
        left -= len(answer["Records"])
        place = answer["NextShardIterator"]


def long_stream(bench: Bench, client: Any) -> Iterator[Figure]:
    """A stream filled with many records: its last tenth, to its first, written and read."""
    total = bench.sizes.kinesis_stream
    tenth = total // 10
    with bench.step(f"{total:,} records into one shard") as show:
        written = []
        for part in range(10):
            show(f"{part * tenth:,}")
            written.append(rate(tenth, lambda: put_batches(client, tenth)))
    yield Figure(f"last tenth of {total:,} records to the first, written", written[-1] / written[0], "x", at_least(0.7))
    with bench.step(f"{total:,} records out of it"):
        first = rate(tenth, lambda: read(client, begin(client), tenth))
        place = late_place(client, tenth)
        last = rate(tenth, lambda: read(client, place, tenth))
    yield Figure("the same, read", last / first, "x", at_least(0.7))
    memory = psutil.Process(bench.sandbox.pid(Kinesis.name)).memory_info().rss / 1e6
    yield Figure("resident after it", memory, "MB", at_most(160))


def late_place(client: Any, back: int) -> str:
    """An iterator so many records before the last: the sequence numbers of a shard are 2^80 apart."""
    last = int(client.put_record(StreamName=STREAM, Data=b"", PartitionKey="1")["SequenceNumber"])
    return begin(client, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=str(last - (back << 80)))


def quiet(bench: Bench) -> Iterator[Figure]:
    """What the server computes while nobody asks it anything."""
    before = bench.cpu_seconds(Kinesis.name)
    with bench.step(f"{IDLE_SECONDS} s of quiet"):
        time.sleep(IDLE_SECONDS)
    share = (bench.cpu_seconds(Kinesis.name) - before) / IDLE_SECONDS
    yield Figure("share of a core while idle", share, "x", at_most(0.02))


@contextmanager
def fresh_stream(client: Any) -> Iterator[Any]:
    """A stream of one shard; yields the client."""
    client.create_stream(StreamName=STREAM, ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
    try:
        yield client
    finally:
        client.delete_stream(StreamName=STREAM)


@contextmanager
def no_op() -> Iterator[Any]:
    """A client of the server that does nothing."""
    with served("-m", "benchmarks.no_op_kinesis", "{port}", str(BATCH), str(READ), str(BYTES)) as client:
        yield client


@contextmanager
def moto() -> Iterator[Any]:
    """A client of moto's Kinesis."""
    with served("-m", "moto.server", "-H", HOST, "-p", "{port}") as client:
        yield client


@contextmanager
def served(*words: str) -> Iterator[Any]:
    """A client of a server that is started with Python and ended afterwards."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = [sys.executable, *(word.format(port=port) for word in words)]
    quietly: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment(), **quietly) as process:
        try:
            wait_until(lambda: listening(port), seconds=30)
            yield client_of(f"http://{HOST}:{port}")
        finally:
            process.terminate()


def client_of(endpoint: str) -> Any:
    """A client like that of the part."""
    return boto3.client(
        "kinesis",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )
