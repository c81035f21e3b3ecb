"""What comes from Kafka between the reads of a client: records, and what Kafka refused."""

import time
from collections.abc import Callable, Container
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, Message

from sandbox.servers.kafka_retriable import is_retriable
from sandbox.servers.rest_proxy.embedded_records import size
from sandbox.servers.rest_proxy.errors import AUTHENTICATION_CODE, UndecodableRecordError
from sandbox.servers.rest_proxy.fetched import Fetched, Place, place_of
from sandbox.servers.rest_proxy.kafka_errors import error_code, whole_answer

_Encoded = TypeVar("_Encoded")

# Few: while a client takes them piece by piece, the group hears nothing of this consumer.
_BATCH = 100
# Small records weigh more in memory than their bytes.
_MOST_RECORDS = 100_000


class Incoming:
    """Records that were fetched, and the last thing that Kafka refused."""

    def __init__(self) -> None:
        self._fetched = Fetched()
        self._refusal: KafkaError | None = None

    def wait(self, client: Consumer, seconds: float, enough: int, assigned: Callable[[], Container[Place]]) -> bool:
        """Keep what comes in; true when there are so many bytes of records, or very many records.

        Args:
            client: where from.
            seconds: how long to wait for it, at most.
            enough: bytes of keys and values.
            assigned: the partitions that are the instance's when a record comes: the group may take one back meanwhile.

        Raises:
            RestProxyError: Kafka refused, and there are no records to give.
        """
        ends = time.monotonic() + seconds
        while not self._has(enough) and (left := ends - time.monotonic()) > 0:
            message = client.poll(left)
            if message is not None:
                messages = [message, *client.consume(_BATCH, 0)]
                self._keep(messages, assigned())
        self._complain()
        return self._has(enough)

    def take(self, max_bytes: int, encode: Callable[[Message], _Encoded]) -> tuple[list[_Encoded], dict[Place, int]]:
        """The oldest records, encoded, and where their partitions go on.

        Raises:
            UndecodableRecordError: the first of them cannot be encoded; one that follows waits for the next call.
        """
        taken: list[_Encoded] = []
        places: dict[Place, int] = {}
        left = max_bytes
        while self._fetched and size(self._fetched.first) < left:
            try:
                taken.append(encode(self._fetched.first))
            except UndecodableRecordError:
                if not taken:
                    raise
                break
            message = self._fetched.take()
            left -= size(message)
            places[place_of(message)] = int(message.offset() or 0) + 1
        return taken, places

    def drop(self, places: Container[Place]) -> None:
        """Forget the records of these partitions."""
        self._fetched.drop(places)

    def note_error(self, error: KafkaError) -> None:
        """Hear what the client reports of its connection."""
        if error_code(error) == AUTHENTICATION_CODE:
            self._refusal = error

    def _has(self, enough: int) -> bool:
        return self._fetched.bytes >= enough or len(self._fetched) >= _MOST_RECORDS

    def _keep(self, messages: list[Message], assigned: Container[Place]) -> None:
        for message in messages:
            error = message.error()
            if error is not None:
                self._refusal = self._refusal if _passes(error) else error
            elif place_of(message) in assigned:
                self._fetched.add(message)

    def _complain(self) -> None:
        """Raise what Kafka refused, once, when there are no records to give."""
        refusal, self._refusal = self._refusal, None
        if refusal and not self._fetched:
            raise whole_answer(error_code(refusal), refusal.str())


def _passes(error: KafkaError) -> bool:
    """Whether Java's consumer would go on without a word: the topic may yet come, the broker come back."""
    return is_retriable(error) or error.code() == KafkaError._MAX_POLL_EXCEEDED
