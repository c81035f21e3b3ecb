"""The requests of the data plane, as msgspec reads them from the body at once; blobs come out of base64 on the way.

The other operations take their parameters as botocore's shapes describe them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from sandbox.servers.aws.errors import NotImplementedOperationError

StreamName = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[a-zA-Z0-9_.-]+\Z")]
PartitionKey = Annotated[str, Meta(min_length=1, max_length=256)]
HashKey = Annotated[str, Meta(pattern=r"^(0|([1-9]\d{0,38}))\Z")]
SequenceNumber = Annotated[str, Meta(pattern=r"^(0|([1-9]\d{0,128}))\Z")]
ShardId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[a-zA-Z0-9_.-]+\Z")]
Arn = Annotated[str, Meta(min_length=1, max_length=2048, pattern=r"^arn:aws.*:kinesis:.*:\d{12}:stream/\S+\Z")]
Blob = Annotated[bytes, Meta(max_length=10_485_760)]
IteratorType = Literal["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]


class _Request(msgspec.Struct, rename="pascal"):
    stream_name: StreamName | None = None
    stream_arn: Arn | None = field(default=None, name="StreamARN")
    dry_run: bool | None = None

    def __post_init__(self) -> None:
        if self.dry_run:
            raise NotImplementedOperationError("The sandbox's Amazon Kinesis does not serve the parameter DryRun")


class Entry(msgspec.Struct, rename="pascal"):
    """One record of PutRecords."""

    data: Blob
    partition_key: PartitionKey | None = None
    explicit_hash_key: HashKey | None = None


class PutRecord(_Request, kw_only=True, rename="pascal"):
    """PutRecord."""

    data: Blob
    partition_key: PartitionKey | None = None
    explicit_hash_key: HashKey | None = None
    sequence_number_for_ordering: SequenceNumber | None = None


class PutRecords(_Request, kw_only=True, rename="pascal"):
    """PutRecords."""

    records: Annotated[list[Entry], Meta(min_length=1, max_length=500)]


class GetShardIterator(_Request, kw_only=True, rename="pascal"):
    """GetShardIterator."""

    shard_id: ShardId
    shard_iterator_type: IteratorType
    starting_sequence_number: SequenceNumber | None = None
    timestamp: float | None = None


class GetRecords(_Request, kw_only=True, rename="pascal"):
    """GetRecords."""

    shard_iterator: Annotated[str, Meta(min_length=1, max_length=512)]
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 10_000


DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    kind.__name__: msgspec.json.Decoder(kind) for kind in (PutRecord, PutRecords, GetShardIterator, GetRecords)
}
