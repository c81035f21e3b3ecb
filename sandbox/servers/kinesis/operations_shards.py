"""Shards: listed, split, merged, brought to a number."""

from __future__ import annotations

import time
from typing import Any

from sandbox.servers.aws.errors import ValidationError
from sandbox.servers.aws.identifiers import ACCOUNT_ID
from sandbox.servers.aws.json_protocol import Params
from sandbox.servers.aws.json_service import Operation
from sandbox.servers.kinesis.definition import Change, Definition, Shard
from sandbox.servers.kinesis.errors import InvalidArgumentError, LimitExceededError, not_active, stream_not_found
from sandbox.servers.kinesis.operations_streams import SHARD_LIMIT, StreamOperations, shard_shown
from sandbox.servers.kinesis.pages import page
from sandbox.servers.kinesis.resharding import merge, split
from sandbox.servers.kinesis.streams import Stream, Streams
from sandbox.servers.kinesis.tokens import NextToken, milliseconds, open_next_token, seal
from sandbox.servers.kinesis.transitions import Transitions

PAGE = 1000
# What a token says already.
_NOT_WITH_TOKEN = ("StreamName", "StreamARN", "ExclusiveStartShardId", "StreamCreationTimestamp", "ShardFilter")


class ShardOperations:
    """The control plane of shards; each method is the operation of that name."""

    def __init__(self, streams: Streams, transitions: Transitions, stream_operations: StreamOperations) -> None:
        self._streams = streams
        self._transitions = transitions
        self._check_shards = stream_operations.check_shards

    def operations(self) -> dict[str, Operation]:
        """The operations by Amazon's names of them."""
        return {
            "ListShards": self.list_shards,
            "SplitShard": self.split_shard,
            "MergeShards": self.merge_shards,
            "UpdateShardCount": self.update_shard_count,
        }

    async def list_shards(self, params: Params) -> Params:
        """A page of a stream's shards, all or those that a filter leaves."""
        stream, after, shard_filter = self._place(params)
        shards = _filtered(stream.definition, shard_filter, time.time())
        size = min(params.get("MaxResults", PAGE), PAGE)
        shown, more = page(shards, lambda shard: shard.id, after, size)
        answer: Params = {"Shards": [shard_shown(stream, shard) for shard in shown]}
        if more:
            definition = stream.definition
            token = NextToken(definition.name, definition.created, shown[-1].id, shard_filter, milliseconds())
            answer["NextToken"] = seal(token)
        return answer

    async def split_shard(self, params: Params) -> None:
        """Put two shards in the place of one."""
        stream = self._reshardable(params)
        shard = stream.shard(params["ShardToSplit"])
        self._check_shards(1)
        self._begin(stream, changes=[split(stream.definition, shard, int(params["NewStartingHashKey"]))])

    async def merge_shards(self, params: Params) -> None:
        """Put one shard in the place of two neighbours."""
        stream = self._reshardable(params)
        shards = [stream.shard(params[name]) for name in ("ShardToMerge", "AdjacentShardToMerge")]
        self._begin(stream, changes=[merge(stream.definition, *shards)])

    async def update_shard_count(self, params: Params) -> Params:
        """Bring a stream to a number of equal shards."""
        stream, target = self._reshardable(params), params["TargetShardCount"]
        current = len(stream.definition.open_shards)
        _check_target(current, target)
        self._check_shards(max(0, target - current))
        self._begin(stream, target=target)
        return {
            "StreamName": stream.definition.name,
            "StreamARN": stream.definition.arn,
            "CurrentShardCount": current,
            "TargetShardCount": target,
        }

    def _begin(self, stream: Stream, changes: list[Change] | None = None, target: int | None = None) -> None:
        self._streams.change(stream, status="UPDATING", changes=changes or [], target=target)
        self._transitions.begin(stream)

    def _reshardable(self, params: Params) -> Stream:
        stream = self._streams.active(params.get("StreamName"), params.get("StreamARN"))
        if stream.definition.mode == "ON_DEMAND":
            name = stream.definition.name
            raise ValidationError(f"Request is invalid. Stream {name} under account {ACCOUNT_ID} is in On-Demand mode.")
        return stream

    def _place(self, params: Params) -> tuple[Stream, str | None, Params]:
        """The stream, the shard after which the listing begins or goes on, and the filter."""
        if "NextToken" in params:
            return self._token_place(params)
        if "StreamName" not in params and "StreamARN" not in params:
            raise InvalidArgumentError("Either NextToken or StreamName should be provided.")
        stream = self._streams.find(params.get("StreamName"), params.get("StreamARN"))
        definition = stream.definition
        if int(params.get("StreamCreationTimestamp", definition.made_at)) != definition.made_at:
            raise stream_not_found(definition.name)
        if definition.status == "CREATING":
            raise not_active(definition.name, definition.status)
        return stream, params.get("ExclusiveStartShardId"), params.get("ShardFilter", {})

    def _token_place(self, params: Params) -> tuple[Stream, str | None, Params]:
        for name in _NOT_WITH_TOKEN:
            if name in params:
                raise InvalidArgumentError(f"NextToken and {name} cannot be provided together.")
        token = open_next_token(params["NextToken"])
        stream = self._streams.named(token.stream)
        if stream.definition.created != token.created:
            raise stream_not_found(token.stream)
        return stream, token.after, token.filter


def _filtered(definition: Definition, shard_filter: Params, now: float) -> list[Shard]:
    """The shards that a ShardFilter leaves; times before the stream or the oldest record mean the oldest there are."""
    shards, kind = definition.listed_shards(now), shard_filter.get("Type")
    oldest = max(definition.horizon(now), definition.shards[0].opened_at)
    moment = max(oldest, _needed(shard_filter, "Timestamp") if kind in ("AT_TIMESTAMP", "FROM_TIMESTAMP") else oldest)
    if kind == "AFTER_SHARD_ID":
        return [shard for shard in shards if shard.id > _needed(shard_filter, "ShardId")]
    if kind == "AT_LATEST":
        return [shard for shard in shards if shard.end is None]
    if kind in ("AT_TRIM_HORIZON", "AT_TIMESTAMP"):
        return [shard for shard in shards if shard.is_open_at(moment)]
    if kind == "FROM_TIMESTAMP":
        return [shard for shard in shards if shard.closed_at is None or shard.closed_at > moment]
    return shards


def _needed(shard_filter: Params, name: str) -> Any:
    if name not in shard_filter:
        raise InvalidArgumentError(f"{name} must be specified when using the ShardFilter type {shard_filter['Type']}.")
    return shard_filter[name]


def _check_target(current: int, target: int) -> None:
    told = f"Current open shard count: {current}, Target shard count: {target}"
    if target > SHARD_LIMIT:
        limit = f"Target shard count or number of open shards cannot be greater than {SHARD_LIMIT}."
        raise LimitExceededError(f"{limit} {told}")
    if target > current * 2:
        limit = "UpdateShardCount cannot scale up over double your current open shard count."
        raise LimitExceededError(f"{limit} {told}")
    if target < current / 2:
        limit = "UpdateShardCount cannot scale down below half your current open shard count."
        raise LimitExceededError(f"{limit} {told}")
