"""What happens to a stream after the call that asked for it was answered: CREATING, UPDATING, DELETING.

Each step is on disk before it is done, and harmless when it is done again: a killed server takes it up where it was.
"""

from __future__ import annotations

import asyncio
import logging
import time

from confluent_kafka import KafkaException

from sandbox.servers.aws.errors import AwsError
from sandbox.servers.kinesis.definition import Change
from sandbox.servers.kinesis.puts import Puts
from sandbox.servers.kinesis.resharding import next_changes, reshard
from sandbox.servers.kinesis.streams import Stream, Streams
from sandbox.servers.kinesis.throttle import Limits
from sandbox.servers.kinesis.topics import Topics

LOG = logging.getLogger(__name__)
AGAIN_SECONDS = 1.0
LOOK_SECONDS = 0.02


class Transitions:
    """Carries streams to their next state, and tries again for as long as Kafka is away."""

    def __init__(self, streams: Streams, limits: Limits, topics: Topics, puts: Puts) -> None:
        self._streams = streams
        self._limits = limits
        self._topics = topics
        self._puts = puts
        self._tasks: set[asyncio.Task[None]] = set()
        self._steps = {"CREATING": self._create, "UPDATING": self._update, "DELETING": self._delete}

    def resume(self) -> None:
        """Take up what an earlier server began."""
        for stream in self._streams.all():
            if stream.definition.status in self._steps:
                self.begin(stream)

    def begin(self, stream: Stream) -> None:
        """Begin what a stream's status asks for."""
        task = asyncio.create_task(self._carry(stream))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop; the next server goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, stream: Stream) -> None:
        while True:
            try:
                return await self._steps[stream.definition.status](stream)
            except (KafkaException, AwsError) as error:
                LOG.warning("stream %s stays %s: %s", stream.definition.name, stream.definition.status, error)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _create(self, stream: Stream) -> None:
        definition = stream.definition
        await self._topics.create(definition.topic, len(definition.shards), definition.retention_hours)
        await self._await_partitions(definition.topic, len(definition.shards))
        stream.ends = {shard.index: 0 for shard in definition.shards}
        self._streams.change(stream, status="ACTIVE")

    async def _update(self, stream: Stream) -> None:
        while changes := next_changes(stream.definition):
            await self._reshard(stream, changes)
        self._streams.change(stream, status="ACTIVE", target=None)

    async def _reshard(self, stream: Stream, changes: list[Change]) -> None:
        """Close shards behind their last record. Nothing is written meanwhile; what comes next goes to the children."""
        topic = stream.definition.topic
        wider = len(stream.definition.shards) + sum(len(change.ranges) for change in changes)
        await self._topics.widen(topic, wider)
        await self._await_partitions(topic, wider)
        async with stream.gate.held():
            ends = await self._topics.ends(topic, [parent for change in changes for parent in change.parents])
            self._streams.replace(stream, reshard(stream.definition, changes, ends, time.time()))

    async def _delete(self, stream: Stream) -> None:
        async with stream.gate.held():
            await self._topics.delete(stream.definition.topic)
            self._limits.forget(stream.definition.topic)
            self._streams.remove(stream)

    async def _await_partitions(self, topic: str, count: int) -> None:
        """Wait until the producer knows the partitions and Kafka serves them: it names them a moment before."""
        while not await self._puts.know(topic, count):
            await asyncio.sleep(LOOK_SECONDS)
        await self._topics.ends(topic, range(count))
