"""The request that brought a record: the REST proxy's log knows it by its offset, the gateway's by its trace ID."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.settings import Settings

Line = dict[str, Any]


@dataclass(frozen=True)
class Bringing:
    """What the logs say of a request; None where they say nothing.

    Attributes:
        proxy: the line of the REST proxy's request log.
        gateway: the line of the gateway's access log.
    """

    proxy: Line | None = None
    gateway: Line | None = None


def request_of(settings: Settings, record: Any) -> Bringing:
    """The request that brought a record (confluent_kafka's)."""
    proxy = next((line for line in lines(settings, "rest-proxy", record.topic()) if brought(line, record)), None)
    if proxy is None:
        return Bringing()
    trace_id = proxy["xrayTraceId"]
    found = (line for line in lines(settings, "api-gateway", trace_id) if line.get("xrayTraceId") == trace_id)
    return Bringing(proxy, next(found, None))


def stream_requests(settings: Settings, stream: str, arrived: datetime) -> list[Line]:
    """The gateway's requests that put records into a stream while one arrived there.

    Kinesis keeps no request with a record: where two posters put at once, both requests are told.
    """
    moment = arrived.timestamp() * 1000
    return [
        line
        for line in lines(settings, "api-gateway", f"/streams/{stream}/record")
        if line["status"] == 200 and at_work(line, moment)
    ]


def at_work(line: Line, moment: float) -> bool:
    """Whether a request was under way at a moment, in milliseconds since 1970."""
    return bool(line["requestTimeEpoch"] <= moment <= line["requestTimeEpoch"] + line["responseLatency"] + 1)


def lines(settings: Settings, part: str, text: str) -> Iterator[Line]:
    """The lines of a part's request log in which a text occurs, rotated files included, newest first."""
    newest = settings.log(part)
    for path in sorted(newest.parent.glob(f"{newest.name}*")):
        for line in reversed(path.read_text(errors="replace").splitlines()):
            if line.startswith("{") and text in line:
                yield json.loads(line)


def brought(line: Line, record: Any) -> bool:
    """Whether Kafka acknowledged the record to this request, and not to one before the topic was made anew."""
    if line.get("topic") != record.topic():
        return False
    _, created = record.timestamp()
    return at_work(line, created) and any(
        partition == record.partition() and first <= record.offset() <= last
        for partition, first, last in line["offsets"]
    )
