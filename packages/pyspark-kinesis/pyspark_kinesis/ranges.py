"""Records between two positions of a shard: what a batch that was planned before a restart consists of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql.datasource import InputPartition

from pyspark_kinesis.batches import record_batch
from pyspark_kinesis.cursor import Cursor, Fetched, trimmed
from pyspark_kinesis.lineage import END
from pyspark_kinesis.options import MOST_RECORDS_PER_FETCH
from pyspark_kinesis.service import StreamService


@dataclass
class ShardRange(InputPartition):
    """A part of a shard, to be fetched by a task.

    Attributes:
        start: the sequence number before it; None for the shard's beginning.
        end: the last sequence number of it; `END` for all there is in a closed shard.
        beginning: `TRIM_HORIZON`, or milliseconds since 1970.
    """

    stream: str
    shard_id: str
    start: str | None
    end: str
    beginning: str | int


def read_range(
    service: StreamService, wanted: ShardRange, limit: int = MOST_RECORDS_PER_FETCH, *, watchful: bool
) -> Iterator[pa.RecordBatch]:
    """Fetch exactly a range, a record batch for each GetRecords.

    Raises:
        RecordsTrimmedError: a part of the range may have left the stream, and `watchful` says that this is an error.
    """
    cursor = Cursor(service, wanted.shard_id, wanted.start, wanted.beginning, watchful=watchful)
    while True:
        fetched = cursor.fetch(limit)
        records = _within(fetched, wanted.end)
        if records:
            yield record_batch(wanted.stream, wanted.shard_id, records)
        if records and records[-1]["SequenceNumber"] == wanted.end:
            return
        if _is_past(fetched, wanted.end):
            if watchful and wanted.end != END:
                raise trimmed(wanted.stream, wanted.shard_id, wanted.end)
            return


def _within(fetched: Fetched, end: str) -> list[dict[str, object]]:
    records = fetched.records
    if end == END or not records or int(records[-1]["SequenceNumber"]) <= int(end):
        return records
    return [record for record in records if int(record["SequenceNumber"]) <= int(end)]


def _is_past(fetched: Fetched, end: str) -> bool:
    """Whether nothing of the range can follow."""
    if fetched.drained:
        return True
    if end == END:
        return False
    beyond = bool(fetched.records) and int(fetched.records[-1]["SequenceNumber"]) > int(end)
    return beyond or (not fetched.records and fetched.behind == 0)
