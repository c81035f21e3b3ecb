"""Where a row stands in its Kinesis stream, where it went that way."""

import json
from collections.abc import Iterator
from typing import Any

RECORDS_AT_ONCE = 10_000


def stream_records(client: Any, stream: str, key: str, ind: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The shard and the record (boto3's) of each record of a stream whose data has the key; none without the stream.

    Args:
        client: a boto3 `kinesis` client.
        stream: the stream's name.
        key: the field of the data that numbers the rows.
        ind: its value.
    """
    try:
        shards = client.get_paginator("list_shards").paginate(StreamName=stream)
        names = [shard["ShardId"] for page in shards for shard in page["Shards"]]
    except client.exceptions.ResourceNotFoundException:
        return
    for shard in names:
        for record in shard_records(client, stream, shard):
            if field(record["Data"], key) == ind:
                yield shard, record


def shard_records(client: Any, stream: str, shard: str) -> Iterator[dict[str, Any]]:
    """Every record of a shard, from the oldest kept to the newest at the moment."""
    start = client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    iterator = start["ShardIterator"]
    while iterator:
        answer = client.get_records(ShardIterator=iterator, Limit=RECORDS_AT_ONCE)
        yield from answer["Records"]
        iterator = answer.get("NextShardIterator") if answer["MillisBehindLatest"] else None


def field(data: bytes, key: str) -> Any:
    """A field of a record's data; None where the data is no JSON object."""
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found.get(key) if isinstance(found, dict) else None
