"""Kafka's topics as a destination: `POST /topics/{USER_ID}.{entity}`, the Kafka REST proxy's API v2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import requests

from lib.destination import Destination, RequestForm
from lib.entities import Entity
from lib.gateway_answers import RecordVerdict
from lib.kafka_answers import verdicts
from lib.records import Record

JSON_TYPE = "application/vnd.kafka.json.v2+json"
BINARY_TYPE = "application/vnd.kafka.binary.v2+json"


class ProduceRequest(RequestForm):
    """Records of one embedded format."""

    method: ClassVar[str] = "POST"

    def __init__(self, content_type: str) -> None:
        """Send records as `content_type`."""
        self.headers = {"Content-Type": content_type, "Accept": "application/vnd.kafka.v2+json, application/json"}

    def path(self, target: str) -> str:
        """`/topics/{topic}`."""
        return f"/topics/{target}"

    def body(self, target: str, records: Sequence[Record]) -> bytes:  # noqa: ARG002  (the path names the topic)
        """`{"records": [{"key": ..., "value": ...}, ...]}`."""
        return b'{"records":[' + b",".join([record.as_request_item() for record in records]) + b"]}"

    def verdicts(self, response: requests.Response, count: int, secret: str) -> Sequence[RecordVerdict]:
        """By the list of offsets."""
        return verdicts(response, count, secret)


class KafkaTopics(Destination):
    """The topics `{USER_ID}.{entity}`. Records that are no JSON go in a request of their own, after the others."""

    service = "Kafka"
    command = "streaming-batch"
    dead_letter_file = "dead_letters.jsonl"

    _JSON = ProduceRequest(JSON_TYPE)
    _BINARY = ProduceRequest(BINARY_TYPE)

    def target(self, entity: Entity, user_id: str) -> str:
        """The topic."""
        return entity.topic(user_id)

    def requests(self, records: Sequence[Record]) -> Iterator[tuple[RequestForm, list[Record]]]:
        """At most two."""
        for form, is_json in ((self._JSON, True), (self._BINARY, False)):
            group = [record for record in records if record.is_json is is_json]
            if group:
                yield form, group
