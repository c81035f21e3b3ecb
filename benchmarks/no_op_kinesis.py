"""A server that does nothing: answers PutRecord, PutRecords and GetRecords with bytes made beforehand.

`python -m benchmarks.no_op_kinesis PORT RECORDS_PUT RECORDS_READ BYTES`: what a client cannot be faster than.
"""

import base64
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

SHARD = "shardId-000000000000"
NUMBER = "49680482378565521093525144512101106990015715499950735362"
HEADERS = [(b"content-type", b"application/x-amz-json-1.1")]


def bodies(put: int, read: int, size: int) -> dict[bytes, bytes]:
    """The answer to each operation, by the end of its name."""
    place = {"ShardId": SHARD, "SequenceNumber": NUMBER}
    data = base64.b64encode(bytes(size)).decode()
    record = {"SequenceNumber": NUMBER, "ApproximateArrivalTimestamp": 1.5e9, "Data": data, "PartitionKey": "123456"}
    answers: dict[bytes, Any] = {
        b"PutRecord": place,
        b"PutRecords": {"FailedRecordCount": 0, "Records": [place] * put},
        b"GetRecords": {"Records": [record] * read, "MillisBehindLatest": 0, "NextShardIterator": "AAAA" * 30},
    }
    return {b"Kinesis_20131202." + name: json.dumps(answer).encode() for name, answer in answers.items()}


class NoOp:
    """The application: reads the request to its end and answers."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Answer one request."""
        while (await receive()).get("more_body"):
            pass
        body = self._answers[dict(scope["headers"])[b"x-amz-target"]]
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, length]})
        await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until a signal."""
    port, put, read, size = map(int, sys.argv[1:])
    uvicorn.run(
        NoOp(bodies(put, read, size)),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
