"""PutRecord and PutRecords: success is answered for what Kafka has acknowledged, and for nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from confluent_kafka import KafkaError, Producer
from msgspec import UNSET, UnsetType

from sandbox.servers.aws.constraints import broken_constraint, broken_constraints
from sandbox.servers.aws.errors import BadRequestError, ServiceError
from sandbox.servers.aws.identifiers import ACCOUNT_ID
from sandbox.servers.kafka_lane import Lane, Outcome, Stored, producer_settings
from sandbox.servers.kinesis.definition import HASH_KEYS
from sandbox.servers.kinesis.errors import (
    InvalidArgumentError,
    ThroughputExceededError,
    rate_exceeded,
    stream_not_found,
)
from sandbox.servers.kinesis.requests import Entry, PutRecord, PutRecords
from sandbox.servers.kinesis.sequence_numbers import shard_of
from sandbox.servers.kinesis.streams import Route, Stream, Streams
from sandbox.servers.kinesis.throttle import Limits
from sandbox.servers.kinesis.topics import LONGEST_RECORD_BYTES

LOG = logging.getLogger(__name__)
KIB = 1 << 10
MOST_MIB_A_REQUEST = 10
# How long a record may be on its way: a killed broker is back sooner.
DELIVERY_SECONDS = 15


class PutResult(msgspec.Struct, rename="pascal"):
    """The answer to PutRecord, and to each record of PutRecords: a place in a shard, or an error."""

    shard_id: str | UnsetType = UNSET
    sequence_number: str | UnsetType = UNSET
    encryption_type: str | UnsetType = UNSET
    error_code: str | UnsetType = UNSET
    error_message: str | UnsetType = UNSET


class PutRecordsResult(msgspec.Struct, rename="pascal"):
    """The answer to PutRecords."""

    failed_record_count: int
    records: list[PutResult]
    encryption_type: str | UnsetType = UNSET


class Puts:
    """Writes records.

    Args:
        settings: librdkafka's for the connection.
        loop: the event loop that serves.
    """

    def __init__(
        self, streams: Streams, limits: Limits, settings: Mapping[str, Any], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._streams = streams
        self._limits = limits
        self._lane = Lane({**settings, **_PRODUCER}, loop)

    async def put_record(self, request: PutRecord) -> PutResult:
        """Write one record. Raises what Kinesis answers, InternalFailure where its fate is unknown."""
        stream = self._streams.usable(request.stream_name, request.stream_arn)
        _check_ordering(stream, request.sequence_number_for_ordering)
        result = (await self._write(stream, [_Put(stream, request)]))[0]
        if result.error_code is UNSET:
            result.encryption_type = _encryption(stream)
            return result
        kind = ThroughputExceededError if result.error_code == ThroughputExceededError.code else ServiceError
        raise kind(str(result.error_message))

    async def put_records(self, request: PutRecords) -> PutRecordsResult:
        """Write records, each of them or not."""
        stream = self._streams.usable(request.stream_name, request.stream_arn)
        puts = [_Put(stream, entry, number) for number, entry in enumerate(request.records, 1)]
        if sum(put.size for put in puts) > MOST_MIB_A_REQUEST * KIB * KIB:
            raise InvalidArgumentError(f"Records size exceeds {MOST_MIB_A_REQUEST} MB limit")
        results = await self._write(stream, puts)
        failed = sum(result.error_code is not UNSET for result in results)
        return PutRecordsResult(failed, results, _encryption(stream))

    async def know(self, topic: str, partitions: int) -> bool:
        """Make the producer know a topic; tell whether it can write to all its partitions."""
        return await asyncio.to_thread(_knows, self._lane.producer, topic, partitions)

    def close(self) -> None:
        """Wait for what is on its way."""
        left = self._lane.close(DELIVERY_SECONDS)
        if left:
            LOG.error("%d records were not acknowledged before the end; their senders had no answer", left)

    async def _write(self, stream: Stream, puts: list[_Put]) -> list[PutResult]:
        topic = stream.definition.topic
        await stream.gate.enter()
        try:
            # Only now: whoever held the gate may have changed the shards, or deleted the stream.
            if self._streams.usable(stream.definition.name, None) is not stream:
                raise stream_not_found(stream.definition.name)
            routed = [(put, stream.route(put.hash_key)) for put in puts]
            allowed = [self._limits.allow_write(topic, route.index, put.size) for put, route in routed]
            sent = [(put.key, put.data, route.index) for (put, route), may in zip(routed, allowed, strict=True) if may]
            outcomes = iter(await self._lane.deliver(topic, sent) if sent else [])
            return [
                _result(stream, route, next(outcomes)) if may else _throttled(stream, route)
                for (_, route), may in zip(routed, allowed, strict=True)
            ]
        finally:
            stream.gate.leave()


class _Put:
    """A record on its way to its shard. Raises what Kinesis answers to a record it does not take.

    Args:
        number: its place in PutRecords, from 1; 0 for PutRecord.
    """

    __slots__ = ("data", "hash_key", "key", "size")

    def __init__(self, stream: Stream, entry: PutRecord | Entry, number: int = 0) -> None:
        if entry.partition_key is None:
            raise _refused(None, "partitionKey", number, "Member must not be null")
        self.key = entry.partition_key.encode()
        self.data = entry.data
        self.size = len(self.key) + len(self.data)
        most = stream.definition.max_record_kib * KIB
        if self.size > most:
            raise _refused(entry.data, "data", number, f"Member must have length less than or equal to {most}")
        self.hash_key = _hash_key(self.key, entry.explicit_hash_key)


def _refused(value: Any, field: str, number: int, constraint: str) -> BadRequestError:
    path = f"records.{number}.member.{field}" if number else field
    return broken_constraints([broken_constraint(value, path, constraint)])


def _knows(producer: Producer, topic: str, partitions: int) -> bool:
    """Ask Kafka for a topic, so that the producer knows it; tell whether all its partitions can be written to."""
    found = producer.list_topics(topic, timeout=DELIVERY_SECONDS).topics[topic].partitions
    return len(found) >= partitions and all(partition.leader >= 0 for partition in found.values())


def _check_ordering(stream: Stream, number: str | None) -> None:
    """Numbers grow in a shard whatever is sent here; a number that is none is refused."""
    if number is not None and shard_of(number) is None:
        raise InvalidArgumentError(
            f"ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {stream.definition.name} under "
            f"account {ACCOUNT_ID} is invalid."
        )


def _hash_key(partition_key: bytes, explicit: str | None) -> int:
    """The hash key that is told, or the MD5 of the partition key."""
    if explicit is None:
        return int.from_bytes(hashlib.md5(partition_key, usedforsecurity=False).digest(), "big")
    hash_key = int(explicit)
    if hash_key >= HASH_KEYS:
        raise InvalidArgumentError(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {explicit}"
        )
    return hash_key


def _result(stream: Stream, route: Route, outcome: Outcome) -> PutResult:
    if isinstance(outcome, Stored):
        stream.ends[route.index] = max(outcome.offset + 1, stream.ends.get(route.index, 0))
        return PutResult(route.shard_id, route.sequence.of_record(outcome.offset))
    if outcome.code() == KafkaError._QUEUE_FULL:
        return _throttled(stream, route)
    # It may be in Kafka all the same.
    stream.ends.pop(route.index, None)
    LOG.warning("a record of %s may not be stored: %s", stream.definition.topic, outcome)
    return PutResult(error_code=ServiceError.code, error_message="Internal Service Failure")


def _throttled(stream: Stream, route: Route) -> PutResult:
    error = rate_exceeded(route.shard_id, stream.definition.name)
    return PutResult(error_code=error.code, error_message=str(error))


def _encryption(stream: Stream) -> str | UnsetType:
    return "KMS" if stream.definition.key_id else UNSET


_PRODUCER = {
    **producer_settings(DELIVERY_SECONDS),
    "message.max.bytes": LONGEST_RECORD_BYTES,
    # What is waiting is answered as too fast beyond this, so that no client fills the memory.
    "queue.buffering.max.kbytes": 65536,
}
