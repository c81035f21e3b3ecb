"""GetShardIterator and GetRecords."""

from __future__ import annotations

import logging
import time
from typing import Any

import msgspec
from confluent_kafka import KafkaException
from msgspec import UNSET, UnsetType

from sandbox.servers.aws.errors import ServiceError
from sandbox.servers.aws.identifiers import ACCOUNT_ID
from sandbox.servers.kinesis.definition import Shard, shard_id
from sandbox.servers.kinesis.errors import (
    InvalidArgumentError,
    ResourceNotFoundError,
    rate_exceeded,
    shard_does_not_exist,
)
from sandbox.servers.kinesis.readers import Fetched, Readers, Span
from sandbox.servers.kinesis.requests import GetRecords, GetShardIterator
from sandbox.servers.kinesis.sequence_numbers import shard_of
from sandbox.servers.kinesis.streams import Stream, Streams
from sandbox.servers.kinesis.throttle import Limits
from sandbox.servers.kinesis.tokens import ShardIterator, milliseconds, open_iterator, seal
from sandbox.servers.kinesis.topics import Topics

LOG = logging.getLogger(__name__)
MOST_BYTES = 10 << 20


class Record(msgspec.Struct, rename="pascal"):
    """One record as it is given; its time in seconds."""

    sequence_number: str
    approximate_arrival_timestamp: float
    data: bytes
    partition_key: str
    encryption_type: str | UnsetType = UNSET


class Records(msgspec.Struct, rename="pascal"):
    """The answer to GetRecords."""

    records: list[Record]
    millis_behind_latest: int
    next_shard_iterator: str | UnsetType = UNSET
    child_shards: list[dict[str, Any]] | UnsetType = UNSET


class Gets:
    """Reads records."""

    def __init__(self, streams: Streams, limits: Limits, topics: Topics, readers: Readers) -> None:
        self._streams = streams
        self._limits = limits
        self._topics = topics
        self._readers = readers

    async def get_shard_iterator(self, request: GetShardIterator) -> dict[str, str]:
        """The place in a shard at which a consumer begins. Raises what Kinesis answers."""
        stream = self._streams.usable(request.stream_name, request.stream_arn)
        try:
            shard = stream.shard(request.shard_id)
        except ResourceNotFoundError as error:
            raise shard_does_not_exist(request.shard_id, stream.definition.name) from error
        offset = await self._offset(stream, shard, request)
        return {"ShardIterator": _iterator(stream, shard.index, offset)}

    async def get_records(self, request: GetRecords) -> Records:
        """The records from an iterator on. Raises what Kinesis answers, InternalFailure where Kafka is silent."""
        iterator = open_iterator(request.shard_iterator)
        stream, shard = self._place(iterator)
        definition = stream.definition
        if request.stream_arn not in (None, definition.arn):
            raise InvalidArgumentError(f"The ShardIterator does not belong to the stream {request.stream_arn}.")
        if not self._limits.allow_read(definition.topic, shard.index):
            raise rate_exceeded(shard.id, definition.name)
        end = await self._end(stream, shard)
        records = await self._read(stream, shard, iterator.offset, end, request.limit)
        following = records[-1].offset + 1 if records else iterator.offset
        answer = Records(self._given(stream, shard, records), _behind(records, following, end))
        if shard.end is not None and following >= shard.end:
            answer.child_shards = [_child(stream, child) for child in definition.children(shard.index)]
        else:
            answer.next_shard_iterator = _iterator(stream, shard.index, following)
        return answer

    async def _offset(self, stream: Stream, shard: Shard, request: GetShardIterator) -> int:
        kind, number = request.shard_iterator_type, request.starting_sequence_number
        if kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
            return _numbered_offset(stream, shard, kind, number)
        if number is not None:
            raise _contradiction(kind, "also a StartingSequenceNumber")
        if kind == "TRIM_HORIZON":
            return 0
        if kind == "LATEST":
            return await self._end(stream, shard)
        return await self._offset_at(stream, shard, request.timestamp)

    async def _offset_at(self, stream: Stream, shard: Shard, timestamp: float | None) -> int:
        if timestamp is None:
            raise InvalidArgumentError("Must specify timestampInMillis for ShardIteratorType AT_TIMESTAMP.")
        now = milliseconds()
        if timestamp * 1000 > now:
            raise InvalidArgumentError(
                f"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                f"timestampInMillis: {timestamp * 1000:.0f}, currentTimestampInMillis: {now}"
            )
        moment = max(0, round(timestamp * 1000))
        found = await _asked(self._topics.offset_at(stream.definition.topic, shard.index, moment))
        return await self._end(stream, shard) if found is None else found

    async def _end(self, stream: Stream, shard: Shard) -> int:
        """The offset after the last record; of a closed shard, the one it was closed at."""
        if shard.end is not None:
            return shard.end
        if shard.index not in stream.ends:
            found = await _asked(self._topics.ends(stream.definition.topic, [shard.index]))
            # A record may have been acknowledged meanwhile.
            stream.ends[shard.index] = max(found[shard.index], stream.ends.get(shard.index, 0))
        return stream.ends[shard.index]

    def _place(self, iterator: ShardIterator) -> tuple[Stream, Shard]:
        """The stream and shard of an iterator; they may be gone, or made anew."""
        missing = shard_does_not_exist(shard_id(iterator.shard), iterator.stream)
        try:
            stream = self._streams.usable(iterator.stream, None)
        except ResourceNotFoundError as error:
            raise missing from error
        if stream.definition.created != iterator.created:
            raise missing
        return stream, stream.definition.shards[iterator.shard]

    async def _read(self, stream: Stream, shard: Shard, offset: int, end: int, limit: int) -> list[Fetched]:
        if offset >= end:
            return []
        span = Span(stream.definition.topic, shard.index, offset, end, limit, MOST_BYTES)
        records: list[Fetched] = await _asked(self._readers.read(span))
        self._limits.note_read(span.topic, shard.index, sum(len(record.value) for record in records))
        return records

    def _given(self, stream: Stream, shard: Shard, records: list[Fetched]) -> list[Record]:
        """The records that are not older than the stream's retention."""
        horizon = stream.definition.horizon(time.time()) * 1000
        number = shard.sequence.of_record
        encryption: str | UnsetType = "KMS" if stream.definition.key_id else UNSET
        return [
            Record(number(record.offset), record.arrived / 1000, record.value, record.key.decode(), encryption)
            for record in records
            if record.arrived >= horizon
        ]


def _iterator(stream: Stream, shard: int, offset: int) -> str:
    return seal(ShardIterator(stream.definition.name, stream.definition.created, shard, offset, milliseconds()))


def _numbered_offset(stream: Stream, shard: Shard, kind: str, number: str | None) -> int:
    if number is None:
        raise _contradiction(kind, "no StartingSequenceNumber")
    used = (
        f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard.id} in stream "
        f"{stream.definition.name} under account {ACCOUNT_ID} is invalid"
    )
    encoded = shard_of(number)
    if encoded is None:
        raise InvalidArgumentError(f"{used}.")
    if encoded != shard.index:
        raise InvalidArgumentError(
            f"Invalid StartingSequenceNumber. It encodes {shard_id(encoded)}, while it was used in a call to a shard "
            f"with {shard.id}"
        )
    offset = shard.sequence.offset(number)
    if offset is None:
        raise InvalidArgumentError(f"{used} because it did not come from this stream.")
    return max(0, offset if kind == "AT_SEQUENCE_NUMBER" else offset + 1)


def _contradiction(kind: str, given: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
        f"TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind} and {given}."
    )


def _behind(records: list[Fetched], following: int, end: int) -> int:
    """How old the last record given is, in milliseconds, 1 at least; 0 at the tip and nowhere else."""
    return max(1, milliseconds() - records[-1].arrived) if records and following < end else 0


def _child(stream: Stream, shard: Shard) -> dict[str, Any]:
    return {
        "ShardId": shard.id,
        "ParentShards": [stream.definition.shards[parent].id for parent in shard.parents],
        "HashKeyRange": {"StartingHashKey": shard.range.first, "EndingHashKey": shard.range.last},
    }


async def _asked(question: Any) -> Any:
    """Kafka's answer. Raises InternalFailure where there is none."""
    try:
        return await question
    except KafkaException as error:
        LOG.warning("Kafka does not answer: %s", error.args[0])
        raise ServiceError("Internal Service Failure") from error
