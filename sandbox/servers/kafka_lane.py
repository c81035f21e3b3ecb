"""A way into Kafka: one idempotent producer, and the one thread that hears its acknowledgements."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from confluent_kafka import KafkaError, KafkaException, Producer

_POLL_SECONDS = 0.5

# Key, value, partition; -1 leaves the partition to the producer.
KafkaRecord = tuple[bytes | None, bytes | None, int]


class Stored(NamedTuple):
    """Where a record lies."""

    partition: int
    offset: int


# The record's place, or why there is none that is known.
Outcome: TypeAlias = Stored | KafkaError


class _Batch:
    """The records of one request on their way: their outcomes in order, complete when the future is done."""

    def __init__(self, size: int, future: asyncio.Future[None]) -> None:
        self.outcomes: list[Any] = [None] * size
        self.future = future
        self._open = size
        # Acknowledgements come on the lane's thread, refusals on the event loop's.
        self._lock = threading.Lock()

    def settle(self, index: int, outcome: Outcome) -> bool:
        """Keep a record's outcome; true when it was the last one missing."""
        self.outcomes[index] = outcome
        with self._lock:
            self._open -= 1
            return self._open == 0


class Lane:
    """Sends batches with one producer and wakes the event loop once per group of acknowledgements.

    A producer that reports a fatal error (it lost its place in the idempotent sequence, say) is replaced.

    Args:
        settings: librdkafka's; delivery and socket timeouts bound how long a batch takes.
        loop: the event loop that awaits the batches.

    Attributes:
        producer: the one of now.
    """

    def __init__(self, settings: Mapping[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self._settings = {**settings, "error_cb": self._note_trouble}
        self._loop = loop
        self._settled: list[_Batch] = []
        self._trouble: tuple[float, KafkaError] | None = None
        self._broken = False
        self._closing = False
        self.producer = Producer(self._settings)
        self._thread = threading.Thread(target=self._serve, name="acknowledgements", daemon=True)
        self._thread.start()

    async def deliver(self, topic: str, records: Sequence[KafkaRecord]) -> list[Outcome]:
        """Send records to a topic; return their outcomes, in order, when each is acknowledged or has failed."""
        batch = _Batch(len(records), self._loop.create_future())
        produce, settle = self.producer.produce, partial(self._acknowledged, batch)
        for index, (key, value, partition) in enumerate(records):
            try:
                produce(topic, value, key, partition, partial(settle, index))
            except (KafkaException, BufferError) as error:
                self._refused(batch, index, error)
        await batch.future
        return batch.outcomes

    def trouble_since(self, moment: float) -> KafkaError | None:
        """The last error the producer reported of itself, if it is not older than a moment of the monotonic clock."""
        return self._trouble[1] if self._trouble and self._trouble[0] >= moment else None

    def close(self, seconds: float) -> int:
        """End the thread, wait until what was sent is acknowledged; return the number of records given up."""
        self._closing = True
        self._thread.join()
        left = self.producer.flush(seconds)
        self._wake_loop()
        return left

    def _serve(self) -> None:
        while not self._closing:
            self.producer.poll(_POLL_SECONDS)
            self._wake_loop()
            if self._broken:
                self._replace_producer()

    def _wake_loop(self) -> None:
        settled, self._settled = self._settled, []
        if settled:
            self._loop.call_soon_threadsafe(_complete, settled)

    def _acknowledged(self, batch: _Batch, index: int, error: KafkaError | None, message: Any) -> None:
        if batch.settle(index, error or _place(message)):
            self._settled.append(batch)

    def _refused(self, batch: _Batch, index: int, refusal: Exception) -> None:
        reason = refusal.args[0]
        error = reason if isinstance(reason, KafkaError) else KafkaError(KafkaError._QUEUE_FULL)
        if batch.settle(index, error):
            _complete([batch])

    def _note_trouble(self, error: KafkaError) -> None:
        self._trouble = (time.monotonic(), error)
        self._broken = self._broken or error.fatal()

    def _replace_producer(self) -> None:
        broken, self.producer = self.producer, Producer(self._settings)
        self._broken = False
        # Their callbacks run here: what was in flight is answered as failed.
        broken.purge()
        broken.flush(_POLL_SECONDS)
        self._wake_loop()


def _place(message: Any) -> Outcome:
    """Where Kafka put a record.

    One without an offset may be nowhere: librdkafka takes a record for stored as soon as a later one of the partition
    is. That is not so where the first was refused, for its partition was not served yet, and the later one was taken.
    """
    offset = message.offset()
    if offset is None:
        return KafkaError(KafkaError.REQUEST_TIMED_OUT, "Whether Kafka has the record is not known.")
    return Stored(message.partition(), offset)


def producer_settings(seconds: float) -> dict[str, Any]:
    """librdkafka's settings of a producer whose answers somebody waits for.

    Args:
        seconds: how long a record may be on its way.
    """
    milliseconds = int(seconds * 1000)
    return {
        "acks": "all",
        "enable.idempotence": True,
        "allow.auto.create.topics": False,
        # Somebody waits for each answer: what follows gathers while the first is on its way.
        "linger.ms": 0,
        # A small Java broker spends most on TLS and on copying: a third of the bytes halves the wait for a batch.
        "compression.type": "lz4",
        "message.timeout.ms": milliseconds,
        "socket.timeout.ms": milliseconds,
        # A restarted broker is found quickly; the default waits up to ten seconds.
        "reconnect.backoff.max.ms": 500,
        # Small packets leave at once: an answer waits for each.
        "socket.nagle.disable": True,
    }


def _complete(batches: list[_Batch]) -> None:
    for batch in batches:
        if not batch.future.done():
            batch.future.set_result(None)
