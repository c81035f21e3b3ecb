"""The seam between posting and what is posted to: Kafka's topics or Kinesis's streams, both behind the gateway."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import requests

from lib.entities import Entity
from lib.gateway_answers import RecordVerdict
from lib.gateway_connection import GatewayConnection
from lib.records import Record


class RequestForm(ABC):
    """One kind of request that carries records: how it is sent, and how its answer is read.

    Attributes:
        method: the HTTP method.
        headers: those of the form; the key is the connection's.
    """

    method: ClassVar[str]
    headers: Mapping[str, str]

    @abstractmethod
    def path(self, target: str) -> str:
        """The path below the invoke URL, for a topic or stream."""

    @abstractmethod
    def body(self, target: str, records: Sequence[Record]) -> bytes:
        """The records as the request's body."""

    @abstractmethod
    def verdicts(self, response: requests.Response, count: int, secret: str) -> Sequence[RecordVerdict]:
        """One verdict for each of the `count` records of the request, in order.

        Raises the GatewayError of a refused request: RetriableAnswerError if a later try may succeed,
        PayloadTooLargeError if fewer records at once may. `secret` is cut out of whatever it quotes.
        """


class Destination(ABC):
    """Where the records of the entities go.

    Attributes:
        service: its name in messages.
        command: the console script that posts to it.
        dead_letter_file: name of the file in STATE_DIR for what it did not take; one for each destination.
    """

    service: ClassVar[str]
    command: ClassVar[str]
    dead_letter_file: ClassVar[str]

    @abstractmethod
    def target(self, entity: Entity, user_id: str) -> str:
        """The topic or stream of an entity for one student."""

    @abstractmethod
    def requests(self, records: Sequence[Record]) -> Iterator[tuple[RequestForm, list[Record]]]:
        """The records, parted into requests that follow one another, each with its form."""

    def prepare(self, gateway: GatewayConnection, targets: Sequence[str]) -> None:  # noqa: B027
        """Make topics or streams ready before the first record, where the destination was asked to; else nothing."""
