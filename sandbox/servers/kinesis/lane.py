"""A way into Kafka: one idempotent producer, and the one thread that hears its acknowledgements."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.5
# How long a record may be on its way: a killed broker is back sooner.
DELIVERY_SECONDS = 15
LONGEST_RECORD_BYTES = 11 << 20

# Key, value, partition.
KafkaRecord = tuple[bytes, bytes, int]
# The offset, or why there is none that is known.
Outcome = int | KafkaError


class _Batch:
    """Records on their way; the future is done when the last has its outcome."""

    def __init__(self, size: int, future: asyncio.Future[None]) -> None:
        self.outcomes: list[Outcome] = [-1] * size
        self.future = future
        self._open = size
        # Acknowledgements come on the lane's thread, refusals on the event loop's.
        self._lock = threading.Lock()

    def settle(self, index: int, outcome: Outcome) -> bool:
        self.outcomes[index] = outcome
        with self._lock:
            self._open -= 1
            return self._open == 0


class Lane:
    """Sends records with one producer and wakes the event loop once per group of acknowledgements.

    A producer that reports a fatal error (it lost its place in the idempotent sequence, say) is replaced.

    Args:
        settings: librdkafka's for the connection.
        linger_ms: how long a record waits for company.
        loop: the event loop that awaits the outcomes.
    """

    def __init__(self, settings: Mapping[str, Any], linger_ms: float, loop: asyncio.AbstractEventLoop) -> None:
        self._settings = {**settings, **_PRODUCER, "linger.ms": linger_ms, "error_cb": self._note_trouble}
        self._loop = loop
        self._settled: list[_Batch] = []
        self._broken = False
        self._closing = False
        self._producer = Producer(self._settings)
        self._thread = threading.Thread(target=self._serve, name="acknowledgements", daemon=True)
        self._thread.start()

    async def deliver(self, topic: str, records: Sequence[KafkaRecord]) -> list[Outcome]:
        """Send records; return their outcomes, in order, when each is acknowledged or has failed."""
        batch = _Batch(len(records), self._loop.create_future())
        produce, settle = self._producer.produce, partial(self._acknowledged, batch)
        for index, (key, value, partition) in enumerate(records):
            try:
                produce(topic, value, key, partition, partial(settle, index))
            except (KafkaException, BufferError) as error:
                self._refused(batch, index, error)
        await batch.future
        return batch.outcomes

    def knows(self, topic: str, partitions: int) -> bool:
        """Ask Kafka for a topic, so that the producer knows it; tell whether all its partitions can be written to."""
        found = self._producer.list_topics(topic, timeout=DELIVERY_SECONDS).topics[topic].partitions
        return len(found) >= partitions and all(partition.leader >= 0 for partition in found.values())

    def close(self) -> None:
        """Wait until what was sent is acknowledged, and end the thread."""
        self._closing = True
        self._thread.join()
        if left := self._producer.flush(DELIVERY_SECONDS):
            LOG.error("%d records were not acknowledged before the end; their senders had no answer", left)
        self._wake_loop()

    def _serve(self) -> None:
        while not self._closing:
            self._producer.poll(POLL_SECONDS)
            self._wake_loop()
            if self._broken:
                self._replace_producer()

    def _wake_loop(self) -> None:
        settled, self._settled = self._settled, []
        if settled:
            self._loop.call_soon_threadsafe(_complete, settled)

    def _acknowledged(self, batch: _Batch, index: int, error: KafkaError | None, message: Any) -> None:
        if batch.settle(index, error if error is not None else message.offset()):
            self._settled.append(batch)

    def _refused(self, batch: _Batch, index: int, refusal: Exception) -> None:
        reason = refusal.args[0]
        error = reason if isinstance(reason, KafkaError) else KafkaError(KafkaError._QUEUE_FULL)
        if batch.settle(index, error):
            _complete([batch])

    def _note_trouble(self, error: KafkaError) -> None:
        self._broken = self._broken or error.fatal()

    def _replace_producer(self) -> None:
        broken, self._producer = self._producer, Producer(self._settings)
        self._broken = False
        # Their callbacks run here: what was in flight is answered as failed.
        broken.purge()
        broken.flush(POLL_SECONDS)
        self._wake_loop()


def _complete(batches: list[_Batch]) -> None:
    for batch in batches:
        if not batch.future.done():
            batch.future.set_result(None)


_PRODUCER = {
    "acks": "all",
    "enable.idempotence": True,
    "allow.auto.create.topics": False,
    # TLS costs a small Java broker more than anything else: a third of the bytes halves the wait for a batch.
    "compression.type": "lz4",
    "message.max.bytes": LONGEST_RECORD_BYTES,
    "message.timeout.ms": DELIVERY_SECONDS * 1000,
    "socket.timeout.ms": DELIVERY_SECONDS * 1000,
    # What is waiting is answered as too fast beyond this, so that no client fills the memory.
    "queue.buffering.max.kbytes": 65536,
    # A restarted broker is found quickly; the default waits up to ten seconds.
    "reconnect.backoff.max.ms": 500,
    # Small packets leave at once: an answer waits for each.
    "socket.nagle.disable": True,
}
