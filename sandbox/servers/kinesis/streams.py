"""All streams: their definitions, on disk and in memory, and what writing and reading them needs."""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

import msgspec

from sandbox.servers.aws.errors import StateError
from sandbox.servers.aws.identifiers import ACCOUNT_ID, REGION
from sandbox.servers.aws.store import Store
from sandbox.servers.kinesis.definition import Definition, Shard
from sandbox.servers.kinesis.errors import (
    InvalidArgumentError,
    ResourceInUseError,
    not_active,
    shard_not_found,
    stream_not_found,
)
from sandbox.servers.kinesis.gate import Gate
from sandbox.servers.kinesis.sequence_numbers import SequenceNumbers

STREAMS = "streams"
USABLE = ("ACTIVE", "UPDATING")
_ARN = re.compile(r"arn:aws[^:]*:kinesis:([^:]*):(\d{12}):stream/(\S+)")


class Route:
    """Where the records of an open shard go."""

    __slots__ = ("index", "sequence", "shard_id")

    def __init__(self, shard: Shard) -> None:
        self.index = shard.index
        self.shard_id = shard.id
        self.sequence: SequenceNumbers = shard.sequence


class Stream:
    """A stream at work.

    Attributes:
        definition: as it is on disk.
        gate: passed by every write.
        ends: the next offset of each shard as far as this server knows it; what is not known is asked of Kafka.
    """

    def __init__(self, definition: Definition) -> None:
        self.gate = Gate()
        self.ends: dict[int, int] = {}
        self.take(definition)

    def take(self, definition: Definition) -> None:
        """Follow a new definition."""
        self.definition = definition
        shards = definition.open_shards
        self._last_keys = [int(shard.range.last) for shard in shards]
        self._routes = [Route(shard) for shard in shards]

    def route(self, hash_key: int) -> Route:
        """The open shard of a hash key."""
        return self._routes[bisect_left(self._last_keys, hash_key)]

    def shard(self, name: str) -> Shard:
        """A shard by its name. Raises `ResourceNotFoundError`."""
        found = next((shard for shard in self.definition.shards if shard.id == name), None)
        if found is None or self.definition.status == "CREATING":
            raise shard_not_found(name, self.definition.name)
        return found


class Streams:
    """The streams of the account. Raises `StateError` when the state folder cannot be read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        definitions = (_definition(identifier, record) for identifier, record in store.load(STREAMS).items())
        self._by_name = {definition.name: Stream(definition) for definition in definitions}
        self._last_created = max((stream.definition.created for stream in self.all()), default=0)

    def all(self) -> Iterable[Stream]:
        """Every stream, by name."""
        return [self._by_name[name] for name in sorted(self._by_name)]

    def named(self, name: str) -> Stream:
        """A stream by its name. Raises `ResourceNotFoundError`."""
        found = self._by_name.get(name)
        if found is None:
            raise stream_not_found(name)
        return found

    def find(self, name: str | None, arn: str | None) -> Stream:
        """A stream by name or ARN, or both. Raises `ResourceNotFoundError`, `InvalidArgumentError`."""
        if arn is not None:
            named_so = _name_in(arn)
            if name not in (None, named_so):
                raise InvalidArgumentError(f"StreamARN {arn} and StreamName {name} do not name the same stream.")
            name = named_so
        if name is None:
            raise InvalidArgumentError("Either StreamName or StreamARN must be provided.")
        return self.named(name)

    def usable(self, name: str | None, arn: str | None) -> Stream:
        """A stream to write to or read from. Raises as `find`, also while it is being made or deleted."""
        stream = self.find(name, arn)
        if stream.definition.status not in USABLE:
            raise stream_not_found(stream.definition.name)
        return stream

    def active(self, name: str | None, arn: str | None) -> Stream:
        """A stream to be changed. Raises as `find`, and `ResourceInUseError` while another change is under way."""
        stream = self.find(name, arn)
        if stream.definition.status != "ACTIVE":
            raise not_active(stream.definition.name, stream.definition.status)
        return stream

    def new_second(self) -> int:
        """The second of a stream that is being made: now, or later where another stream was made in this one."""
        self._last_created = max(int(time.time()), self._last_created + 1)
        return self._last_created

    def add(self, definition: Definition) -> Stream:
        """Keep a new stream. Raises `ResourceInUseError`."""
        if definition.name in self._by_name:
            raise ResourceInUseError(f"Stream {definition.name} under account {ACCOUNT_ID} already exists.")
        self._save(definition)
        stream = self._by_name[definition.name] = Stream(definition)
        return stream

    def change(self, stream: Stream, **changes: Any) -> None:
        """Change fields of a stream's definition; a change that cannot be kept on disk is none."""
        self.replace(stream, msgspec.structs.replace(stream.definition, **changes))

    def replace(self, stream: Stream, definition: Definition) -> None:
        """Give a stream another definition."""
        self._save(definition)
        stream.take(definition)

    def remove(self, stream: Stream) -> None:
        """Forget a stream."""
        self._store.delete(STREAMS, stream.definition.id)
        del self._by_name[stream.definition.name]

    def _save(self, definition: Definition) -> None:
        self._store.save(STREAMS, definition.id, msgspec.to_builtins(definition))


def _definition(identifier: str, record: Any) -> Definition:
    try:
        return msgspec.convert(record, Definition)
    except msgspec.ValidationError as error:
        raise StateError(
            f"{STREAMS}/{identifier}.json is no stream ({error}); remove it and create the stream again"
        ) from error


def _name_in(arn: str) -> str:
    """The stream's name in an ARN. Raises `ResourceNotFoundError` for another account's or region's."""
    found = _ARN.fullmatch(arn)
    if found is None:
        raise InvalidArgumentError(f"StreamARN {arn} is not the ARN of a stream.")
    region, account, name = found.groups()
    if (region, account) != (REGION, ACCOUNT_ID):
        raise stream_not_found(name, account)
    return name
