"""Records as Arrow record batches, built by column."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

SCHEMA = (
    StructType()
    .add("partitionKey", "string")
    .add("data", "binary")
    .add("stream", "string")
    .add("shardId", "string")
    .add("sequenceNumber", "string")
    .add("approximateArrivalTimestamp", "timestamp")
)
_ARROW = to_arrow_schema(SCHEMA, timezone="UTC")


def arrived(record: dict[str, Any]) -> int:
    """When a record arrived, in milliseconds since 1970."""
    return round(record["ApproximateArrivalTimestamp"] * 1000)


def record_batch(stream: str, shard_id: str, records: list[dict[str, Any]]) -> pa.RecordBatch:
    """Records of one shard as a record batch of the columns of `SCHEMA`."""
    seconds = pa.array([record["ApproximateArrivalTimestamp"] for record in records], pa.float64())
    moments = pa.compute.round(pa.compute.multiply(seconds, 1000.0)).cast(pa.int64()).cast(pa.timestamp("ms", tz="UTC"))
    columns = [
        pa.array([record["PartitionKey"] for record in records], pa.string()),
        pa.array([record["Data"] for record in records], pa.binary()),
        pa.repeat(stream, len(records)),
        pa.repeat(shard_id, len(records)),
        pa.array([record["SequenceNumber"] for record in records], pa.string()),
        moments.cast(pa.timestamp("us", tz="UTC")),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_ARROW)
