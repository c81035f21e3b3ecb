"""The cheapest HTTP client there is: the same bytes over and over, the answers counted and thrown away.

A request costs it less than 0.1 ms, so that the servers bound a measurement and not their client.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import httptools
import uvloop

from benchmarks.errors import UnexpectedAnswerError


@dataclass(frozen=True)
class Request:
    """One request; each answer to it must be 200 and hold `expected`."""

    verb: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    expected: bytes = b""

    @property
    def content(self) -> bytes:
        """What goes over the wire."""
        parts = urlsplit(self.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        lines = [f"{self.verb} {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def rate(request: Request, calls: int, connections: int = 1) -> float:
    """Requests a second; each connection sends its next request when its last answer is whole.

    Raises:
        UnexpectedAnswerError: an answer is not 200, or holds not what is expected.
    """
    return uvloop.run(_rate(request, calls, connections))


async def _rate(request: Request, calls: int, connections: int) -> float:
    each = calls // connections
    opened = [await _connect(request, each) for _ in range(connections)]
    began = time.perf_counter()
    for connection in opened:
        connection.send()
    await asyncio.gather(*(connection.done for connection in opened))
    return each * connections / (time.perf_counter() - began)


async def _connect(request: Request, calls: int) -> "_Connection":
    server = urlsplit(request.url)
    loop = asyncio.get_running_loop()
    make = partial(_Connection, request, calls)
    _, connection = await loop.create_connection(make, str(server.hostname), server.port or 80)
    return connection


class _Connection(asyncio.Protocol):
    """One connection and what is left to be sent on it; httptools calls the `on_` methods."""

    def __init__(self, request: Request, calls: int) -> None:
        self._content = request.content
        self._expected = request.expected
        self._left = calls
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def send(self) -> None:
        """Send the request once more."""
        self._transport.write(self._content)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Keep a part of an answer's body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Send the next request, or end."""
        status, body = self._parser.get_status_code(), b"".join(self._body)
        self._body.clear()
        self._left -= 1
        if status != 200 or self._expected not in body:
            self._end(UnexpectedAnswerError(f"An answer was {status}: {body[:200]!r}"))
        elif self._left:
            self.send()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server must not hang up before the end."""
        if not self.done.done():
            self._end(exc or UnexpectedAnswerError("The server closed the connection without an answer."))

    def _end(self, error: Exception | None) -> None:
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)
        self._transport.close()
