"""Streams: made, described, listed, deleted; their mode, retention and encryption."""

from __future__ import annotations

import time
from typing import Any

from confluent_kafka import KafkaException

from sandbox.servers.aws.constraints import broken_constraint, broken_constraints
from sandbox.servers.aws.errors import NotImplementedOperationError, ServiceError, ValidationError
from sandbox.servers.aws.json_protocol import Params
from sandbox.servers.aws.json_service import Operation
from sandbox.servers.kinesis.definition import Definition, Mode, Shard, first_shards
from sandbox.servers.kinesis.errors import InvalidArgumentError, LimitExceededError, too_many_shards
from sandbox.servers.kinesis.pages import page
from sandbox.servers.kinesis.streams import Stream, Streams
from sandbox.servers.kinesis.tags import check_tags
from sandbox.servers.kinesis.tokens import NextToken, milliseconds, open_next_token, seal
from sandbox.servers.kinesis.topics import Topics
from sandbox.servers.kinesis.transitions import Transitions

SHARD_LIMIT = 500
ON_DEMAND_LIMIT = 50
ON_DEMAND_SHARDS = 4
PAGE = 100
LEAST_RETENTION_HOURS, MOST_RETENTION_HOURS = 24, 8760
DEFAULT_KIB = 1024


class StreamOperations:
    """The control plane of streams; each method is the operation of that name."""

    def __init__(self, streams: Streams, topics: Topics, transitions: Transitions) -> None:
        self._streams = streams
        self._topics = topics
        self._transitions = transitions

    def operations(self) -> dict[str, Operation]:
        """The operations by Amazon's names of them."""
        return {
            "CreateStream": self.create_stream,
            "DeleteStream": self.delete_stream,
            "DescribeStream": self.describe_stream,
            "DescribeStreamSummary": self.describe_stream_summary,
            "ListStreams": self.list_streams,
            "DescribeLimits": self.describe_limits,
            "UpdateStreamMode": self.update_stream_mode,
            "IncreaseStreamRetentionPeriod": self.increase_retention,
            "DecreaseStreamRetentionPeriod": self.decrease_retention,
            "StartStreamEncryption": self.start_encryption,
            "StopStreamEncryption": self.stop_encryption,
        }

    async def create_stream(self, params: Params) -> None:
        """A stream of as many shards as asked for, or of 4 on demand."""
        _refuse_unserved(params)
        mode: Mode = params.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
        count = _shard_count(mode, params.get("ShardCount"))
        tags = params.get("Tags", {})
        check_tags(params["StreamName"], tags, {})
        self._check_quota(mode, count)
        now, created = time.time(), self._streams.new_second()
        shards = first_shards(count, created, now)
        definition = Definition(
            params["StreamName"],
            created,
            mode,
            "CREATING",
            shards,
            tags=tags,
            max_record_kib=params.get("MaxRecordSizeInKiB", DEFAULT_KIB),
        )
        self._transitions.begin(self._streams.add(definition))

    async def delete_stream(self, params: Params) -> None:
        """Delete a stream with its records."""
        stream = self._active(params)
        self._streams.change(stream, status="DELETING")
        self._transitions.begin(stream)

    async def describe_stream(self, params: Params) -> Params:
        """A stream with a page of its shards."""
        stream = self._found(params)
        shards = stream.definition.listed_shards(time.time())
        size = min(params.get("Limit", PAGE), PAGE)
        shown, more = page(shards, lambda shard: shard.id, params.get("ExclusiveStartShardId"), size)
        described = {**_described(stream.definition), "Shards": [shard_shown(stream, s) for s in shown]}
        return {"StreamDescription": {**described, "HasMoreShards": more}}

    async def describe_stream_summary(self, params: Params) -> Params:
        """A stream without its shards."""
        definition = self._found(params).definition
        return {
            "StreamDescriptionSummary": {
                **_described(definition),
                "OpenShardCount": 0 if definition.status == "CREATING" else len(definition.open_shards),
                "ConsumerCount": 0,
                "MaxRecordSizeInKiB": definition.max_record_kib,
            }
        }

    async def list_streams(self, params: Params) -> Params:
        """A page of the streams, by name."""
        token = params.get("NextToken")
        after = open_next_token(token).stream if token else params.get("ExclusiveStartStreamName")
        size = min(params.get("Limit", PAGE), PAGE)
        definitions = [stream.definition for stream in self._streams.all()]
        shown, more = page(definitions, lambda definition: definition.name, after, size)
        answer = {
            "StreamNames": [definition.name for definition in shown],
            "StreamSummaries": [_summary(definition) for definition in shown],
            "HasMoreStreams": more,
        }
        following = {"NextToken": seal(NextToken(shown[-1].name, 0, "", {}, milliseconds()))} if more else {}
        return answer | following

    async def describe_limits(self, _: Params) -> Params:
        """The account's quotas and what of them is used."""
        return {
            "ShardLimit": SHARD_LIMIT,
            "OpenShardCount": self._open_shards(),
            "OnDemandStreamCount": self._on_demand(),
            "OnDemandStreamCountLimit": ON_DEMAND_LIMIT,
        }

    async def update_stream_mode(self, params: Params) -> None:
        """Change a stream's mode; it keeps its shards."""
        _refuse_unserved(params)
        mode = params["StreamModeDetails"]["StreamMode"]
        stream = self._active(params)
        if mode != stream.definition.mode:
            self._check_quota(mode, 0)
            self._streams.change(stream, mode=mode)

    async def increase_retention(self, params: Params) -> None:
        """Keep records longer; those that were too old before stay gone."""
        stream, hours = self._active(params), params["RetentionPeriodHours"]
        existing = stream.definition.retention_hours
        _check_retention(hours)
        if hours < existing:
            raise _retention_refused(stream, hours, "shorter", "DecreaseRetentionPeriod")
        await self._retain(stream, hours)

    async def decrease_retention(self, params: Params) -> None:
        """Keep records for a shorter time; older ones are gone at once."""
        stream, hours = self._active(params), params["RetentionPeriodHours"]
        _check_retention(hours)
        if hours > stream.definition.retention_hours:
            raise _retention_refused(stream, hours, "longer", "IncreaseRetentionPeriod")
        await self._retain(stream, hours)

    async def start_encryption(self, params: Params) -> None:
        """Record and show a KMS key; the records are not encrypted by it."""
        _check_encryption(params)
        self._streams.change(self._active(params), key_id=params["KeyId"])

    async def stop_encryption(self, params: Params) -> None:
        """Show no KMS key any more."""
        _check_encryption(params)
        self._streams.change(self._active(params), key_id=None)

    async def _retain(self, stream: Stream, hours: int) -> None:
        try:
            await self._topics.retain(stream.definition.topic, hours)
        except KafkaException as error:
            raise ServiceError("Internal Service Failure") from error
        since = stream.definition.horizon(time.time())
        self._streams.change(stream, retention_hours=hours, readable_since=since)

    def _check_quota(self, mode: Mode, additional: int) -> None:
        if mode == "ON_DEMAND" and self._on_demand() >= ON_DEMAND_LIMIT:
            raise LimitExceededError(f"You have reached the limit of {ON_DEMAND_LIMIT} on-demand streams.")
        self.check_shards(additional)

    def check_shards(self, additional: int) -> None:
        """Return if the account may have so many more shards. Raises `LimitExceededError`."""
        if self._open_shards() + additional > SHARD_LIMIT:
            raise too_many_shards(self._open_shards(), SHARD_LIMIT, additional)

    def _open_shards(self) -> int:
        return sum(len(stream.definition.open_shards) for stream in self._streams.all())

    def _on_demand(self) -> int:
        return sum(stream.definition.mode == "ON_DEMAND" for stream in self._streams.all())

    def _found(self, params: Params) -> Stream:
        return self._streams.find(params.get("StreamName"), params.get("StreamARN"))

    def _active(self, params: Params) -> Stream:
        return self._streams.active(params.get("StreamName"), params.get("StreamARN"))


def shard_shown(stream: Stream, shard: Shard) -> dict[str, Any]:
    """A shard as it is described and listed."""
    shards = stream.definition.shards
    names = ("ParentShardId", "AdjacentParentShardId")
    numbers = {"StartingSequenceNumber": shard.sequence.start}
    if shard.end is not None:
        numbers["EndingSequenceNumber"] = shard.sequence.of_end(shard.end)
    return {
        "ShardId": shard.id,
        **{name: shards[parent].id for name, parent in zip(names, shard.parents, strict=False)},
        "HashKeyRange": {"StartingHashKey": shard.range.first, "EndingHashKey": shard.range.last},
        "SequenceNumberRange": numbers,
    }


def _summary(definition: Definition) -> dict[str, Any]:
    return {
        "StreamName": definition.name,
        "StreamARN": definition.arn,
        "StreamStatus": definition.status,
        "StreamModeDetails": {"StreamMode": definition.mode},
        "StreamCreationTimestamp": definition.made_at,
    }


def _described(definition: Definition) -> dict[str, Any]:
    return {
        **_summary(definition),
        "RetentionPeriodHours": definition.retention_hours,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": definition.encryption,
        **({"KeyId": definition.key_id} if definition.key_id else {}),
    }


def _shard_count(mode: Mode, count: int | None) -> int:
    if mode == "ON_DEMAND":
        if count is not None:
            raise ValidationError("ShardCount must not be specified for a stream in On-Demand mode.")
        return ON_DEMAND_SHARDS
    if count is None:
        raise broken_constraints([broken_constraint(None, "shardCount", "Member must not be null")])
    return count


def _refuse_unserved(params: Params) -> None:
    """What the service has and the sandbox has not: warm throughput, records spread without regard to their key."""
    strategy = params.get("RecordDistributionStrategy")
    unserved = [name for name in ("WarmThroughputMiBps",) if params.get(name)]
    if strategy == "AUTO":
        unserved.append("RecordDistributionStrategy AUTO")
    if unserved:
        raise NotImplementedOperationError(
            f"The sandbox's Amazon Kinesis does not serve the parameter {', '.join(unserved)}"
        )


def _check_retention(hours: int) -> None:
    told = f"Requested retention period ({hours} hours) is too"
    if hours < LEAST_RETENTION_HOURS:
        raise InvalidArgumentError(f"Minimum allowed retention period is {LEAST_RETENTION_HOURS} hours. {told} short.")
    if hours > MOST_RETENTION_HOURS:
        raise InvalidArgumentError(f"Maximum allowed retention period is {MOST_RETENTION_HOURS} hours. {told} long.")


def _retention_refused(stream: Stream, hours: int, word: str, other: str) -> InvalidArgumentError:
    definition = stream.definition
    return InvalidArgumentError(
        f"Requested retention period ({hours} hours) for stream {definition.name} can not be {word} than existing "
        f"retention period ({definition.retention_hours} hours). Use {other} API."
    )


def _check_encryption(params: Params) -> None:
    if params["EncryptionType"] != "KMS":
        raise InvalidArgumentError("EncryptionType must be KMS.")
