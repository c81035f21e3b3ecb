"""A way into Kafka: one producer, and the one thread that hears its acknowledgements."""

import asyncio
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from sandbox.servers.rest_proxy.kafka_errors import error_code
from sandbox.servers.rest_proxy.records import Record

_POLL_SECONDS = 0.5

# One entry of the answer's `offsets`: partition, offset, error_code, error.
Outcome = dict[str, Any]


def failed(code: int, error: str) -> Outcome:
    """The outcome of a record that did not reach its topic."""
    return {"partition": None, "offset": None, "error_code": code, "error": error}


class Batch:
    """The records of one request on their way: their outcomes in order, complete when the future is done."""

    def __init__(self, size: int, future: asyncio.Future[None]) -> None:
        self.outcomes: list[Outcome] = [{}] * size
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
    """

    def __init__(self, settings: Mapping[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self._settings = {**settings, "error_cb": self._note_trouble}
        self._loop = loop
        self._settled: list[Batch] = []
        self._trouble: tuple[float, KafkaError] | None = None
        self._broken = False
        self._closing = False
        self.producer = Producer(self._settings)
        self._thread = threading.Thread(target=self._serve, name="acknowledgements", daemon=True)
        self._thread.start()

    async def deliver(self, topic: str, records: list[Record]) -> list[Outcome]:
        """Send records to a topic; return their outcomes, in order, when each is acknowledged or has failed."""
        batch = Batch(len(records), self._loop.create_future())
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

    def _acknowledged(self, batch: Batch, index: int, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            outcome = failed(error_code(error), error.str())
        else:
            outcome = {"partition": message.partition(), "offset": message.offset(), "error_code": None, "error": None}
        if batch.settle(index, outcome):
            self._settled.append(batch)

    def _refused(self, batch: Batch, index: int, refusal: Exception) -> None:
        reason = refusal.args[0]
        error = reason if isinstance(reason, KafkaError) else KafkaError(KafkaError._QUEUE_FULL)
        if batch.settle(index, failed(error_code(error), error.str())):
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


def _complete(batches: list[Batch]) -> None:
    for batch in batches:
        if not batch.future.done():
            batch.future.set_result(None)
