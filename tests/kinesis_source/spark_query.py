"""A streaming query from a Kinesis stream into a Delta table, as the tests of the source need it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

SECONDS = 90


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition and give its value."""
    until = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < until, f"not within {SECONDS} s: {what}"
        time.sleep(0.05)
    return value


def new_name() -> str:
    return f"source-{uuid.uuid4().hex[:12]}"


def become_active(client: Any, name: str) -> None:
    def active() -> bool:
        told = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        return bool(told["StreamStatus"] == "ACTIVE")

    wait_until(active, f"{name} is ACTIVE")


def put(client: Any, name: str, numbers: Iterable[int]) -> list[tuple[str, str]]:
    """Write numbers, each as text and as its own key; their sequence numbers and shards."""
    records = [{"Data": str(number).encode(), "PartitionKey": str(number)} for number in numbers]
    told: list[tuple[str, str]] = []
    for begin in range(0, len(records), 500):
        answer = client.put_records(StreamName=name, Records=records[begin : begin + 500])
        assert answer["FailedRecordCount"] == 0
        told += [(record["SequenceNumber"], record["ShardId"]) for record in answer["Records"]]
    return told


class Table:
    """A Delta table with the checkpoint of the query that writes it."""

    def __init__(self, spark: Any, folder: Path) -> None:
        self._spark = spark
        self._path = str(folder / "table")
        self._checkpoint = folder / "checkpoint"
        self._queries: list[Any] = []

    def read_what_is_there(self, name: str, **options: str) -> Any:
        """Run the query until it has read what is there now; raises its error."""
        query = self._begun(self._writer(name, options).trigger(availableNow=True).start(self._path))
        query.awaitTermination()
        return query

    def count_twice(self, name: str, **options: str) -> None:
        """Run a query with two actions on each batch, until it has read what is there now."""

        def twice(batch: Any, _: int) -> None:
            assert batch.count() == batch.count()

        writer = self._records(name, options).writeStream.foreachBatch(twice)
        writer = writer.option("checkpointLocation", str(self._checkpoint))
        self._begun(writer.trigger(availableNow=True).start()).awaitTermination()

    def start(self, name: str, **options: str) -> Any:
        """Start the query; it runs until `stop`."""
        return self._begun(self._writer(name, options).trigger(processingTime="200 milliseconds").start(self._path))

    def stop(self) -> None:
        """Stop whatever runs."""
        for query in self._queries:
            query.stop()

    def frame(self) -> Any:
        return self._spark.read.format("delta").load(self._path)

    def numbers(self) -> list[int]:
        """What was written, in order; nothing where there is no table yet."""
        if not (Path(self._path) / "_delta_log").exists():
            return []
        rows = self.frame().selectExpr("CAST(CAST(data AS STRING) AS INT) AS n").collect()
        return sorted(row.n for row in rows)

    def batches(self) -> list[Path]:
        """The batches that are done."""
        return [path for path in (self._checkpoint / "commits").glob("*") if path.name.isdigit()]

    def _begun(self, query: Any) -> Any:
        self._queries.append(query)
        return query

    def _records(self, name: str, options: dict[str, str]) -> Any:
        reader = self._spark.readStream.format("kinesis").option("streamName", name)
        return reader.options(**{"initialPosition": "earliest", **options}).load()

    def _writer(self, name: str, options: dict[str, str]) -> Any:
        writer = self._records(name, options).writeStream.format("delta")
        return writer.option("checkpointLocation", str(self._checkpoint))
