"""A Kinesis in memory, for what no server can be brought to do on demand; the rest is tested on a real one."""

# ruff: noqa: ARG002

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from pyspark_kinesis.options import Options, StreamId, read_options
from pyspark_kinesis.planner import Planner
from pyspark_kinesis.retries import Retries
from pyspark_kinesis.service import StreamService

STREAM = "clicks"
NOW = 1_700_000_000.25


def refusal(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "told"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "x"
    )


@dataclass
class FakeShard:
    id: str
    parents: tuple[str, ...] = ()
    records: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False
    trimmed: int = 0


@dataclass
class FakeKinesis:
    """One stream. `fail` puts errors in front of the next answers of an operation.

    Attributes:
        page: most records of an answer, whatever is asked for.
        gaps: that many answers of each shard are empty though there are records.
    """

    page: int = 10_000
    gaps: int = 0
    now: float = NOW
    created: float = NOW - 1000
    shards: dict[str, FakeShard] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    failures: defaultdict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    number: int = 0
    made: int = 0
    generation: int = 0
    date_behind: float = 0.0
    gaps_left: dict[str, int] = field(default_factory=dict)
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name="us-east-1"))

    def add(self, *parents: str) -> str:
        shard = FakeShard(f"shardId-{self.made:012}", parents)
        self.made += 1
        self.shards[shard.id] = shard
        self.gaps_left[shard.id] = self.gaps
        for parent in parents:
            self.shards[parent].closed = True
        return shard.id

    def put(self, shard_id: str, *texts: str) -> list[str]:
        numbers = []
        for text in texts:
            self.number += 1
            number = str(10**55 + self.number)
            record = {"SequenceNumber": number, "Data": text.encode(), "PartitionKey": text[:9]}
            self.shards[shard_id].records.append({**record, "ApproximateArrivalTimestamp": self.now})
            numbers.append(number)
        return numbers

    def fail(self, operation: str, *errors: Exception) -> None:
        self.failures[operation] += errors

    def expire_iterators(self) -> None:
        self.generation += 1

    def recreate(self) -> None:
        """The stream is deleted and made again, with one empty shard."""
        self.created = self.now
        self.shards = {}
        self.add()

    def describe_stream_summary(self, StreamName: str) -> dict[str, Any]:
        self._begin("describe_stream_summary")
        told = {"StreamStatus": "ACTIVE", "StreamCreationTimestamp": self.created}
        headers = {"date": formatdate(self.now - self.date_behind, usegmt=True)}
        return {"StreamDescriptionSummary": told, "ResponseMetadata": {"HTTPHeaders": headers}}

    def list_shards(self, StreamName: str = "", NextToken: str = "") -> dict[str, Any]:
        self._begin("list_shards")
        names = ("ParentShardId", "AdjacentParentShardId")
        told = [{"ShardId": s.id, **dict(zip(names, s.parents, strict=False))} for s in self.shards.values()]
        half = len(told) // 2
        return {"Shards": told[half:]} if NextToken else {"Shards": told[:half], "NextToken": "more"}

    def get_shard_iterator(self, StreamName: str, ShardId: str, ShardIteratorType: str, **more: Any) -> dict[str, Any]:
        self._begin("get_shard_iterator")
        records = self.shards[ShardId].records
        if ShardIteratorType == "AT_TIMESTAMP":
            whole = int(more["Timestamp"].timestamp())
            place = sum(r["ApproximateArrivalTimestamp"] < whole for r in records)
        elif ShardIteratorType == "TRIM_HORIZON":
            place = 0
        else:
            place = sum(int(r["SequenceNumber"]) < int(more["StartingSequenceNumber"]) for r in records)
            place += ShardIteratorType == "AFTER_SEQUENCE_NUMBER"
        return {"ShardIterator": self._iterator(ShardId, place)}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:
        self._begin("get_records")
        generation, created, shard_id, text = ShardIterator.split(" ")
        if int(generation) != self.generation:
            raise refusal("ExpiredIteratorException")
        if float(created) != self.created:
            raise refusal("ResourceNotFoundException")
        shard = self.shards[shard_id]
        place = max(int(text), shard.trimmed)
        if place < len(shard.records) and self.gaps_left[shard_id]:
            self.gaps_left[shard_id] -= 1
            return {"Records": [], "NextShardIterator": ShardIterator, "MillisBehindLatest": 9000}
        records = shard.records[place : place + min(Limit, self.page)]
        self.given += [record["Data"].decode() for record in records]
        following = place + len(records)
        answer = {"Records": records, "MillisBehindLatest": 7000 if following < len(shard.records) else 0}
        if not (shard.closed and following >= len(shard.records)):
            answer["NextShardIterator"] = self._iterator(shard_id, following)
        return answer

    def _iterator(self, shard_id: str, place: int) -> str:
        return f"{self.generation} {self.created} {shard_id} {place}"

    def _begin(self, operation: str) -> None:
        self.calls[operation] += 1
        if self.failures[operation]:
            raise self.failures[operation].pop(0)


def options(**given: str) -> Options:
    return read_options({"streamName": STREAM, "initialPosition": "earliest", **given})


class Query:
    """Drives a planner as Spark does: batch after batch from a checkpoint that outlives a restart."""

    def __init__(self, kinesis: FakeKinesis, **given: str) -> None:
        self.kinesis = kinesis
        self.options = options(**given)
        self.waited: list[float] = []
        self.restart()
        self.offset = self.planner.initial()
        self.texts: list[str] = []
        self.shard_of: dict[str, str] = {}

    def restart(self) -> None:
        retries = Retries(tries=4, sleep=self.waited.append)
        self.service = StreamService(self.kinesis, StreamId(STREAM), retries)
        self.planner = Planner(self.options, {STREAM: self.service}, clock=lambda: self.kinesis.now)

    def batch(self, most_rows: int | None = 50_000) -> list[str] | None:
        """The texts of the next batch; None where there is nothing new."""
        end = self.planner.plan(self.offset, most_rows)
        if end == self.offset:
            return None
        rows = self.rows(self.planner.partitions(self.offset, end))
        self.planner.forget(end)
        self.offset = end
        self.texts += [text for text, _ in rows]
        self.shard_of |= dict(rows)
        return [text for text, _ in rows]

    def rows(self, partitions: Sequence[Any]) -> list[tuple[str, str]]:
        from pyspark_kinesis.planned_batch import FetchedRecords
        from pyspark_kinesis.ranges import read_range

        batches = [
            batch
            for partition in partitions
            for batch in (
                partition.batches()
                if isinstance(partition, FetchedRecords)
                else read_range(self.service, partition, watchful=self.options.fail_on_data_loss)
            )
        ]
        return [(row["data"].decode(), row["shardId"]) for batch in batches for row in batch.to_pylist()]

    def drain(self, most_rows: int | None = 50_000) -> list[str]:
        """Batches until there is nothing new."""
        before = len(self.texts)
        while self.batch(most_rows) is not None:
            pass
        return self.texts[before:]
