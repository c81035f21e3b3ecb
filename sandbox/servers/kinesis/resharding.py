"""How shards are replaced by others: each change closes one shard for two, or two for one, as on Amazon."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sandbox.servers.aws.identifiers import ACCOUNT_ID
from sandbox.servers.kinesis.definition import Change, Definition, HashRange, Shard, uniform_ranges
from sandbox.servers.kinesis.errors import InvalidArgumentError


def split(definition: Definition, shard: Shard, starting_key: int) -> Change:
    """Split a shard at a hash key. Raises `InvalidArgumentError`."""
    _require_open(definition, shard)
    first, last = int(shard.range.first), int(shard.range.last)
    if not first + 1 < starting_key < last:
        raise InvalidArgumentError(
            f"NewStartingHashKey {starting_key} used in SplitShard() on shard {shard.id} in stream {definition.name} "
            f"under account {ACCOUNT_ID} is not both greater than one plus the shard's StartingHashKey {first} and "
            f"less than the shard's EndingHashKey {last}."
        )
    return _split_at(shard, starting_key)


def merge(definition: Definition, shard: Shard, adjacent: Shard) -> Change:
    """Merge two neighbours, given in either order. Raises `InvalidArgumentError`."""
    for each in (shard, adjacent):
        _require_open(definition, each)
    lower, upper = sorted((shard, adjacent), key=lambda each: int(each.range.first))
    if int(lower.range.last) + 1 != int(upper.range.first):
        raise InvalidArgumentError(
            f"Shards {shard.id} and {adjacent.id} in stream {definition.name} under account {ACCOUNT_ID} are not an "
            "adjacent pair of shards eligible for merging"
        )
    return Change([shard.index, adjacent.index], [HashRange(lower.range.first, upper.range.last)])


def _require_open(definition: Definition, shard: Shard) -> None:
    if shard.end is not None:
        raise InvalidArgumentError(
            f"Shard {shard.id} in stream {definition.name} under account {ACCOUNT_ID} has already been merged or "
            "split, and thus is not eligible for merging or splitting."
        )


def _split_at(shard: Shard, key: int) -> Change:
    lower, upper = HashRange(shard.range.first, str(key - 1)), HashRange(str(key), shard.range.last)
    return Change([shard.index], [lower, upper])


def next_changes(definition: Definition) -> list[Change]:
    """What brings a stream that is being updated closer to its end; none when it is there.

    Equal shards are reached as on Amazon, by splits and then merges of pairs: first every shard is split where one of
    the new shards begins within it, then neighbours that lie in one new shard are merged.
    """
    if definition.changes or definition.target is None:
        return definition.changes
    firsts = [int(part.first) for part in uniform_ranges(definition.target)]
    return _splits(definition.open_shards, firsts) or _merges(definition.open_shards, firsts)


def _splits(shards: list[Shard], firsts: list[int]) -> list[Change]:
    changes = []
    for shard in shards:
        within = [key for key in firsts if int(shard.range.first) < key <= int(shard.range.last)]
        if within:
            changes.append(_split_at(shard, within[len(within) // 2]))
    return changes


def _merges(shards: list[Shard], firsts: list[int]) -> list[Change]:
    changes = []
    left = list(reversed(shards))
    while len(left) > 1:
        shard = left.pop()
        if int(left[-1].range.first) not in firsts:
            upper = left.pop()
            changes.append(Change([shard.index, upper.index], [HashRange(shard.range.first, upper.range.last)]))
    return changes


def reshard(definition: Definition, changes: list[Change], ends: Mapping[int, int], now: float) -> Definition:
    """The stream after changes.

    Args:
        ends: of each shard that is closed, the offset that its next record would have had.
        now: seconds since 1970.
    """
    shards = list(definition.shards)
    for change in changes:
        created = max(int(now), 1 + max(shards[parent].created for parent in change.parents))
        for parent in change.parents:
            shards[parent] = msgspec.structs.replace(shards[parent], end=ends[parent], closed_at=now)
        for part in change.ranges:
            shards.append(Shard(len(shards), created, now, part, change.parents))
    return msgspec.structs.replace(definition, shards=shards, changes=[])
