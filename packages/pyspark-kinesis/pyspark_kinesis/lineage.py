"""Which shards may be read: a child after all of its parents that are still there. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

END = "END"


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as it is listed: two parents after a merge, one after a split, none at the stream's beginning."""

    id: str
    parents: tuple[str, ...] = ()


def readable(listed: Mapping[str, Shard], progress: Mapping[str, str]) -> list[str]:
    """The shards that may be read now, in the order of their ids.

    Args:
        listed: what the stream lists. A parent that is not in it has expired with all its records.
        progress: the sequence number of the last record read, `END` for a shard that is drained; a shard that was
            not begun is not in it.
    """

    def open_for_reading(shard: Shard) -> bool:
        drained = (progress.get(parent) == END or parent not in listed for parent in shard.parents)
        return progress.get(shard.id) != END and (shard.id in progress or all(drained))

    return sorted(shard.id for shard in listed.values() if open_for_reading(shard))


def vanished(listed: Mapping[str, Shard], progress: Mapping[str, str]) -> list[str]:
    """Shards that were being read, and that the stream does not list any more: all of their records have expired."""
    return sorted(shard for shard, position in progress.items() if position != END and shard not in listed)


def without_expired(listed: Mapping[str, Shard], progress: Mapping[str, str]) -> dict[str, str]:
    """The progress without shards that are not listed any more, so that it does not grow with every reshard."""
    return {shard: position for shard, position in progress.items() if shard in listed}
