"""What is kept of a stream on disk, and what follows from it."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import msgspec

from sandbox.servers.aws.identifiers import ACCOUNT_ID, REGION
from sandbox.servers.kinesis.sequence_numbers import SequenceNumbers

HASH_KEYS = 1 << 128
SECONDS_AN_HOUR = 3600
Status = Literal["CREATING", "ACTIVE", "UPDATING", "DELETING"]
Mode = Literal["PROVISIONED", "ON_DEMAND"]


def shard_id(index: int) -> str:
    """A shard's name."""
    return f"shardId-{index:012}"


class HashRange(msgspec.Struct, frozen=True):
    """The hash keys of a shard, both ends included, as decimal texts: JSON has no number of 128 bits."""

    first: str
    last: str


class Shard(msgspec.Struct, frozen=True):
    """A shard.

    Attributes:
        index: its number, and that of its partition.
        created: the second it was made, for its sequence numbers; later than its parents'.
        opened_at, closed_at: seconds since 1970.
        end: the offset that its next record would have had; None while it is open.
        parents: none, or one after a split, or two after a merge, as they were named.
    """

    index: int
    created: int
    opened_at: float
    range: HashRange
    parents: list[int] = []
    end: int | None = None
    closed_at: float | None = None

    @property
    def id(self) -> str:
        """Its name."""
        return shard_id(self.index)

    @property
    def sequence(self) -> SequenceNumbers:
        """Its sequence numbers."""
        return SequenceNumbers(self.created, self.index)

    def is_open_at(self, moment: float) -> bool:
        """Whether it took records at a moment."""
        return self.opened_at <= moment and (self.closed_at is None or self.closed_at > moment)


class Change(msgspec.Struct, frozen=True):
    """Shards to be closed, by number, and the ranges of the shards that take their place."""

    parents: list[int]
    ranges: list[HashRange]


class Definition(msgspec.Struct, frozen=True):
    """A stream.

    Attributes:
        created: the second it was made, or a later one, unlike that of any other stream.
        readable_since: no record older than this is given, whatever the retention; seconds since 1970.
        key_id: the KMS key that `StartStreamEncryption` named.
        changes, target: what a stream in state UPDATING is on its way to.
    """

    name: str
    created: int
    mode: Mode
    status: Status
    shards: list[Shard]
    retention_hours: int = 24
    readable_since: float = 0.0
    tags: dict[str, str] = {}
    key_id: str | None = None
    max_record_kib: int = 1024
    changes: list[Change] = []
    target: int | None = None

    @property
    def made_at(self) -> int:
        """When it was made, in seconds since 1970."""
        return int(self.shards[0].opened_at)

    @property
    def id(self) -> str:
        """The name of its file."""
        return f"{self.created:x}"

    @property
    def topic(self) -> str:
        """Its topic. A stream made anew has another, and no name begins like a student's topics."""
        return f"kinesis.{self.name}.{self.id}"

    @property
    def arn(self) -> str:
        """Its Amazon resource name."""
        return f"arn:aws:kinesis:{REGION}:{ACCOUNT_ID}:stream/{self.name}"

    @property
    def encryption(self) -> Literal["NONE", "KMS"]:
        """The encryption type that is shown."""
        return "KMS" if self.key_id else "NONE"

    @property
    def open_shards(self) -> list[Shard]:
        """The shards that take records, in the order of their hash keys."""
        return sorted((shard for shard in self.shards if shard.end is None), key=lambda shard: int(shard.range.first))

    def horizon(self, now: float) -> float:
        """The moment before which records are gone."""
        return max(self.readable_since, now - self.retention_hours * SECONDS_AN_HOUR)

    def listed_shards(self, now: float) -> list[Shard]:
        """The shards that can hold records still, and those that are open. None while the stream is being made."""
        if self.status == "CREATING":
            return []
        horizon = self.horizon(now)
        return [shard for shard in self.shards if shard.closed_at is None or shard.closed_at > horizon]

    def children(self, index: int) -> list[Shard]:
        """The shards that took the place of one."""
        return [shard for shard in self.shards if index in shard.parents]


def uniform_ranges(count: int) -> list[HashRange]:
    """Hash keys in equal parts; the last takes what is left over."""
    firsts = [HASH_KEYS * part // count for part in range(count + 1)]
    return [HashRange(str(first), str(after - 1)) for first, after in pairwise(firsts)]


def first_shards(count: int, created: int, now: float) -> list[Shard]:
    """The shards of a new stream."""
    return [Shard(index, created, now, part) for index, part in enumerate(uniform_ranges(count))]
