"""The double of the gateway with the course's routes to Kinesis; there are no templates, so data is no base64."""

from __future__ import annotations

import base64
from collections import deque
from typing import Any

import orjson
from gateway_double import USER_ID, GatewayDouble

MOST_BYTES_A_RECORD = 1 << 20
TOO_LARGE = "Value at 'records.1.member.data' failed to satisfy constraint: Member must have length less than or equal"


class KinesisDouble(GatewayDouble):
    """Answers `/prod/streams/{stream-name}...` as gateway and Kinesis do.

    Attributes:
        missing: streams that are not there until they are made.
        statuses: what a stream is at the next questions, before it is ACTIVE.
        routes: method and path of every request, in order.
    """

    content_type = "application/x-amz-json-1.1"

    def __init__(self) -> None:
        super().__init__()
        self.missing: set[str] = set()
        self.statuses: deque[str] = deque()
        self.routes: list[tuple[str, str]] = []

    def target(self, entity: str) -> str:
        return f"streaming-{USER_ID}-{entity}"

    def count(self, body: dict[str, Any]) -> int:
        return len(body["records"]) if "records" in body else int("PartitionKey" in body)

    def respond(self, method: str, path: str, _content_type: str, body: dict[str, Any]) -> tuple[int, bytes]:
        stream, _, leaf = path.partition("/streams/")[2].partition("/")
        with self.lock:
            self.routes.append((method, f"/{leaf}" if leaf else ""))
            return self._answer(method, stream, body)

    def _answer(self, method: str, stream: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if method == "POST":
            self.missing.discard(stream)
            return 200, b""
        if stream in self.missing:
            return fault("ResourceNotFoundException", f"Stream {stream} under account 123456789012 not found.")
        if method == "GET":
            status = self.statuses.popleft() if self.statuses else "ACTIVE"
            return 200, orjson.dumps({"StreamDescription": {"StreamStatus": status}})
        return self._put(stream, body)

    def _put(self, stream: str, body: dict[str, Any]) -> tuple[int, bytes]:
        items = body.get("records") or [{name.lower(): value for name, value in body.items()}]
        if any(len(orjson.dumps(item.get("data"))) > MOST_BYTES_A_RECORD for item in items):
            return fault("ValidationException", TOO_LARGE)
        answers = [self._take(stream, item) for item in items]
        if "records" not in body:
            error = answers[0].get("ErrorCode")
            return fault(error, answers[0]["ErrorMessage"]) if error else (200, orjson.dumps(answers[0]))
        failed = sum("ErrorCode" in answer for answer in answers)
        return 200, orjson.dumps({"FailedRecordCount": failed, "Records": answers})

    def _take(self, stream: str, item: dict[str, Any]) -> dict[str, str]:
        key = int(item.get("partition-key") or item["partitionkey"])
        value = base64.b64decode(item["base64"]) if "base64" in item else item["data"]
        error = self.verdict({"key": key, "value": value})
        if error:
            return {"ErrorCode": str(error[0]), "ErrorMessage": error[1]}
        kept = self.topics.setdefault(stream, [])
        kept.append((key, value))
        return {"ShardId": "shardId-000000000000", "SequenceNumber": str(len(kept))}


def fault(code: str, message: str) -> tuple[int, bytes]:
    """An error of Kinesis as the gateway passes it on."""
    return 400, orjson.dumps({"__type": code, "message": message})
