"""Consumers, each parked where its last reading ended, with what it fetched meanwhile: the next call finds it there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

MOST_READERS = 8
IDLE_SECONDS = 4
READ_SECONDS = 8
_PAUSE_SECONDS = 0.2
_FIRST_CHUNK, _CHUNK = 4, 100


class Span(NamedTuple):
    """What is to be read: from `offset` on, no more than `limit` records, none at or beyond the offset `end`, and of
    `most_bytes` in all; but the first record however large it is."""

    topic: str
    partition: int
    offset: int
    end: int
    limit: int
    most_bytes: int


class Fetched(NamedTuple):
    """A record as it lies in Kafka; when it arrived, in milliseconds since 1970."""

    offset: int
    arrived: int
    key: bytes
    value: bytes


class Reader:
    """One consumer, at one place of one partition at a time."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._consumer = Consumer({**settings, **_CONSUMER})
        self._place = TopicPartition("", 0)
        self._ahead: list[Fetched] = []
        self._asleep = False
        self.used_at = time.monotonic()

    def read(self, span: Span) -> list[Fetched]:
        """The records of a span. Raises `KafkaException` where Kafka gives none in time."""
        self._move(span)
        deadline = time.monotonic() + READ_SECONDS
        found: list[Fetched] = []
        size = largest = 0
        while len(found) < span.limit and self._place.offset < span.end and time.monotonic() < deadline:
            wanted = min(span.limit - len(found), span.end - self._place.offset)
            chunk = self._next_chunk(wanted, span.most_bytes - size, largest)
            for position, record in enumerate(chunk):
                length = len(record.value) + len(record.key)
                if found and size + length > span.most_bytes:
                    self._ahead = chunk[position:] + self._ahead
                    return found
                found.append(record)
                size, largest = size + length, max(largest, length)
                self._place.offset = record.offset + 1
        if not found:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return found

    def park(self, end: int) -> None:
        """Stop fetching where there is nothing more to fetch: a consumer at the end of a partition asks for ever."""
        self.used_at = time.monotonic()
        if not self._ahead and self._place.offset >= end:
            # Not `pause`: the client would notice up to a second late that it may go on.
            self._consumer.unassign()
            self._asleep = True

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()

    def _move(self, span: Span) -> None:
        at = self._place
        if (at.topic, at.partition, at.offset) == (span.topic, span.partition, span.offset):
            if self._asleep:
                self._assign(at)
            return
        self._ahead = []
        # Records before the low watermark are gone: whoever wants them gets the first that is there.
        place = TopicPartition(span.topic, span.partition)
        place.offset = max(span.offset, self._first_offset(place))
        self._assign(place)

    def _assign(self, place: TopicPartition) -> None:
        self._consumer.assign([place])
        self._place, self._asleep = place, False

    def _first_offset(self, place: TopicPartition) -> int:
        for _ in range(2):
            try:
                return int(self._consumer.get_watermark_offsets(place, timeout=READ_SECONDS, cached=False)[0])
            except KafkaException as error:
                if error.args[0].code() != KafkaError._UNKNOWN_PARTITION:
                    raise
                # It was added after this client had asked for the topic.
                self._consumer.list_topics(place.topic, timeout=READ_SECONDS)
        raise KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))

    def _next_chunk(self, wanted: int, bytes_left: int, largest: int) -> list[Fetched]:
        if self._ahead:
            chunk, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
            return chunk
        # Records are taken in small lots, so that large ones do not pile up beyond what the caller can give.
        lot = min(_CHUNK, max(1, bytes_left // largest)) if largest else _FIRST_CHUNK
        return [_fetched(message) for message in self._consumer.consume(min(wanted, lot), timeout=READ_SECONDS)]


def _fetched(message: Any) -> Fetched:
    if message.error() is not None:
        raise KafkaException(message.error())
    return Fetched(message.offset(), message.timestamp()[1], message.key(), message.value())


class Readers:
    """A few readers for all shards. One that nobody needs for a while leaves Kafka, and its memory is free."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        # The place that a parked reader is at; the one that was parked first is first.
        self._parked: dict[tuple[str, int, int], Reader] = {}
        self._busy = 0
        self._permits = asyncio.Semaphore(MOST_READERS)
        self._threads = ThreadPoolExecutor(max_workers=MOST_READERS, thread_name_prefix="readers")
        self._retiring: asyncio.TimerHandle | None = None

    async def read(self, span: Span) -> list[Fetched]:
        """Read as `Reader.read` does."""
        async with self._permits:
            reader = self._take((span.topic, span.partition, span.offset))
            self._busy += 1
            try:
                records, reader = await self._run(self._read_in_thread, reader, span)
            finally:
                self._busy -= 1
            self._park((span.topic, span.partition, records[-1].offset + 1), reader)
            return records

    async def close(self) -> None:
        """Close every reader."""
        if self._retiring is not None:
            self._retiring.cancel()
        for reader in self._parked.values():
            self._run(reader.close)
        await asyncio.to_thread(self._threads.shutdown)

    def _run(self, work: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _read_in_thread(self, reader: Reader | None, span: Span) -> tuple[list[Fetched], Reader]:
        deadline = time.monotonic() + READ_SECONDS
        while True:
            reader = reader or Reader(self._settings)
            try:
                records = reader.read(span)
            except BaseException as error:
                reader.close()
                if not isinstance(error, KafkaException) or time.monotonic() > deadline:
                    raise
            else:
                reader.park(span.end)
                return records, reader
            # A broker that just awoke knows of no brokers and no partitions for a moment: a new client asks it again.
            reader = None
            time.sleep(_PAUSE_SECONDS)

    def _take(self, place: tuple[str, int, int]) -> Reader | None:
        """The reader at a place, or the one that nobody needed for longest; None where there is room for a new one."""
        if place in self._parked:
            return self._parked.pop(place)
        if len(self._parked) + self._busy < MOST_READERS:
            return None
        return self._parked.pop(next(iter(self._parked)))

    def _park(self, place: tuple[str, int, int], reader: Reader) -> None:
        if place in self._parked:  # two consumers of one shard that have come to the same place
            self._run(self._parked.pop(place).close)
        self._parked[place] = reader
        if self._retiring is None:
            self._retiring = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._retire)

    def _retire(self) -> None:
        """Close readers that were idle for long enough; come again as long as there are any."""
        idle_since = time.monotonic() - IDLE_SECONDS
        for place in [place for place, reader in self._parked.items() if reader.used_at <= idle_since]:
            self._run(self._parked.pop(place).close)
        loop = asyncio.get_running_loop()
        self._retiring = loop.call_later(IDLE_SECONDS, self._retire) if self._parked else None


_CONSUMER = {
    # Kafka's client wants a group; nobody joins it, and nothing is committed.
    "group.id": "kinesis",
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    # Short, so that a consumer that is moved is not held up by its last question.
    "fetch.wait.max.ms": 20,
    "fetch.queue.backoff.ms": 50,
    # Small queues and fetches: what is fetched ahead is the memory of this server.
    "queued.max.messages.kbytes": 2048,
    "max.partition.fetch.bytes": 1048576,
    "max.poll.interval.ms": 86_400_000,
    "session.timeout.ms": 45_000,
    "reconnect.backoff.max.ms": 500,
    # With the default, librdkafka 2.16 forgets the only broker when it dies; with this one when it stalls, but a reader
    # that gets nothing is replaced.
    "metadata.recovery.strategy": "none",
    "socket.nagle.disable": True,
}
