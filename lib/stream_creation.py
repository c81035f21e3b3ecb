"""Making the streams that are missing, through the gateway's routes `POST` and `GET /streams/{stream-name}`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from lib.errors import UnknownStreamError
from lib.gateway_answers import RetriableAnswerError
from lib.gateway_connection import GatewayConnection
from lib.kinesis_answers import CREATE_STREAM, DESCRIBE_STREAM, StreamRoute, answer_of

HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
USABLE = frozenset({"ACTIVE", "UPDATING"})


class StreamCreation:
    """Makes streams with on-demand capacity, as the course's are, and waits until each is active."""

    def __init__(self, gateway: GatewayConnection) -> None:
        """Ask through `gateway`, within its policy of retries."""
        self._gateway = gateway

    def ensure(self, streams: Sequence[str]) -> None:
        """Return when all are there and active; GaveUpError after the policy's time, other GatewayErrors at once."""
        for step in (self._create_if_missing, self._require_active):
            for stream in streams:
                self._gateway.trying(DESCRIBE_STREAM.path(stream), partial(step, stream))

    def _create_if_missing(self, stream: str) -> None:
        if self._status(stream) is None:
            self._ask(CREATE_STREAM, stream, b"{}")

    def _require_active(self, stream: str) -> None:
        status = self._status(stream)
        if status not in USABLE:
            path = DESCRIBE_STREAM.path(stream)
            raise RetriableAnswerError(f"The stream {stream} is {status or 'not there'} yet.", url=path)

    def _status(self, stream: str) -> str | None:
        """`CREATING`, `ACTIVE`, ...; None if there is no such stream."""
        try:
            answer = self._ask(DESCRIBE_STREAM, stream)
        except UnknownStreamError:
            return None
        return str(answer.get("StreamDescription", {}).get("StreamStatus"))

    def _ask(self, route: StreamRoute, stream: str, body: bytes | None = None) -> dict[str, Any]:
        response = self._gateway.send(route.method, route.path(stream), body, HEADERS)
        return answer_of(route, response, self._gateway.secret)
