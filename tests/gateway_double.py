"""A small real HTTP server that plays the gateway's answers, faults included; it keeps what it acknowledged.

with GatewayDouble() as gateway:
    gateway.answers += [(429, '{"message":"Too Many Requests"}', {"Retry-After": "1"})]
    ...
    gateway.keys("pin")
"""

from __future__ import annotations

import base64
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

Answer = tuple[int, str, dict[str, str]]
RESET = "reset"  # the connection is reset before the request is taken
LOST = "lost"  # the request is taken, its answer is lost

KEY = "k3y-of-the-double"
USER_ID = "0a1b2c3d4e5f"


class GatewayDouble:
    """Answers `POST /prod/topics/...` as gateway and REST proxy do.

    Attributes:
        answers: what to answer next, before it behaves well: (status, body, headers), RESET or LOST.
        verdict: for each record its error, as (code, text), or None.
        topics: what was acknowledged, in order: (key, value) by topic; a value that is no JSON is bytes.
        requests: (path, headers, number of records) of every request.
        content_type: of its good answers.
    """

    content_type = "application/vnd.kafka.v2+json"

    def __init__(self) -> None:
        self.answers: deque[Answer | str] = deque()
        self.verdict: Callable[[dict[str, Any]], tuple[int, str] | None] = lambda _record: None
        self.topics: dict[str, list[tuple[Any, Any]]] = {}
        self.requests: list[tuple[str, dict[str, str], int]] = []
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/prod"

    def target(self, entity: str) -> str:
        return f"{USER_ID}.{entity}"

    def keys(self, entity: str) -> list[Any]:
        return [key for key, _ in self.topics.get(self.target(entity), [])]

    def values(self, entity: str) -> list[Any]:
        return [value for _, value in self.topics.get(self.target(entity), [])]

    def __enter__(self) -> GatewayDouble:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, body: dict[str, Any]) -> int:
        """How many records a request holds."""
        return len(body.get("records", []))

    def respond(self, _method: str, path: str, content_type: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """Acknowledge the records as far as `verdict` says, and answer as the REST proxy does."""
        offsets = []
        with self.lock:
            topic = self.topics.setdefault(path.rsplit("/", 1)[1], [])
            for record in body["records"]:
                error = self.verdict(record)
                if error is None:
                    value = base64.b64decode(record["value"]) if "binary" in content_type else record["value"]
                    topic.append((record.get("key"), value))
                code, text = error or (None, None)
                offsets.append({"partition": 0, "offset": len(topic), "error_code": code, "error": text})
        return 200, orjson.dumps({"offsets": offsets, "key_schema_id": None, "value_schema_id": None})


def _handler(gateway: GatewayDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer: unbuffered headers and body would meet delayed acknowledgements
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = orjson.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            with gateway.lock:
                gateway.requests.append((self.path, dict(self.headers.items()), gateway.count(body)))
                planned = gateway.answers.popleft() if gateway.answers else None
            if planned == RESET:
                return self.reset()
            if isinstance(planned, tuple):
                return self.answer(planned[0], planned[1].encode(), planned[2])
            if self.headers.get("x-api-key") != KEY:
                return self.answer(403, b'{"message":"Forbidden"}', {})
            status, content = gateway.respond(self.command, self.path, self.headers["Content-Type"], body)
            if planned == LOST:
                return self.reset()
            return self.answer(status, content, {"Content-Type": gateway.content_type})

        do_PUT = do_GET = do_POST

        def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        def reset(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def log_message(self, *_args: object) -> None:
            pass

    return Handler
