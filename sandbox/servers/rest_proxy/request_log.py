"""What the proxy's request log says of a request; the names are those of API Gateway's, whose trace ID is told too.

With the trace ID and the offsets one finds the request that brought a record.
"""

import time
from typing import Any

from sandbox.servers.rest_proxy.http import Answer, Request
from sandbox.servers.rest_proxy.producing import Place

# Partition, first and last offset.
Run = tuple[int, int, int]


def log_entry(request: Request, answer: Answer, seconds: float) -> dict[str, Any]:
    """One line: when it began, the trace ID that the gateway gave it, path without query, status, milliseconds.

    Args:
        request: the request.
        answer: its answer; what it tells the log besides follows at the end.
        seconds: from the request to the answer.
    """
    milliseconds = seconds * 1000
    return {
        "requestTimeEpoch": int(time.time() * 1000 - milliseconds),
        "xrayTraceId": request.header(b"x-amzn-trace-id").decode("latin-1") or "-",
        "httpMethod": request.verb,
        "path": request.raw_path,
        "status": answer.status,
        "responseLatency": round(milliseconds, 2),
        **answer.logged,
    }


def acknowledged(outcomes: list[Place]) -> list[Run]:
    """The offsets that Kafka gave to the records of one request; another's may lie between two runs."""
    runs: list[list[int]] = []
    latest: dict[int, list[int]] = {}
    for outcome in outcomes:
        partition, offset = outcome["partition"], outcome["offset"]
        run = latest.get(partition)
        if run is not None and run[2] + 1 == offset:
            run[2] = offset
        elif offset is not None:
            latest[partition] = [partition, offset, offset]
            runs.append(latest[partition])
    return [(partition, first, last) for partition, first, last in runs]
