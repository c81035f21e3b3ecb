"""The reader as Spark drives it: offsets in and out as JSON, partitions, and their records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import ReadLimit, ReadMaxRows, SupportsTriggerAvailableNow

from pyspark_kinesis.client import make_client
from pyspark_kinesis.offsets import from_json, to_json
from pyspark_kinesis.options import Options
from pyspark_kinesis.planned_batch import FetchedRecords
from pyspark_kinesis.planner import Planner
from pyspark_kinesis.ranges import ShardRange, read_range
from pyspark_kinesis.retries import Retries
from pyspark_kinesis.service import StreamService


class KinesisStreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads streams of Kinesis. Spark sends copies of it to the tasks, before it has opened anything.

    The planner fetches in `latestOffset` and hands the records to the tasks inside the partitions; tasks fetch for
    themselves only what was planned before a restart.
    """

    def __init__(self, options: Options) -> None:
        self._options = options

    @cached_property
    def _services(self) -> dict[str, StreamService]:
        client = make_client(self._options)
        return {stream.name: StreamService(client, stream, Retries()) for stream in self._options.streams}

    @cached_property
    def _planner(self) -> Planner:
        return Planner(self._options, self._services)

    def initialOffset(self) -> dict[str, Any]:
        """Where a query without a checkpoint begins: see `offsets`."""
        return to_json(self._planner.initial())

    def getDefaultReadLimit(self) -> ReadLimit:
        """The option maxRecordsPerTrigger."""
        return ReadMaxRows(self._options.records_per_trigger)

    def prepareForTriggerAvailableNow(self) -> None:
        """Nothing that arrives later than now is read."""
        self._planner.finish_at_now()

    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:
        """Fetch the next batch and give its end; `start` again where there is nothing new."""
        most_rows = limit.max_rows if isinstance(limit, ReadMaxRows) else None
        return to_json(self._planner.plan(from_json(start), most_rows))

    def reportLatestOffset(self) -> dict[str, Any]:
        """How many milliseconds the query is behind the tip: `latestOffset` of a source in the query's progress."""
        return self._planner.lag()

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """The records of a batch, or what of the shards is to be fetched for it."""
        return self._planner.partitions(from_json(start), from_json(end))

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The records of a partition."""
        if isinstance(partition, FetchedRecords):
            return partition.batches()
        assert isinstance(partition, ShardRange)
        limit, watchful = self._options.records_per_fetch, self._options.fail_on_data_loss
        return read_range(self._services[partition.stream], partition, limit, watchful=watchful)

    def commit(self, end: dict[str, Any]) -> None:
        """The batch that ends here is done: its records are forgotten."""
        self._planner.forget(from_json(end))

    def stop(self) -> None:
        """End what the planner has running."""
        if "_planner" in self.__dict__:
            self._planner.close()
