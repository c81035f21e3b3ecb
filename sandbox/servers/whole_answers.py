"""uvicorn's HTTP protocol, but head and body of an answer leave together, and its date is that of the request.

uvicorn with uvloop makes a write, a packet and so a wake-up of the client of each; most answers here are short, and
two of each cost more than all else that a server does for them. Its own date is renewed once in a second or more, so
that half of the answers tell the second before; a reader of a stream takes from it what has arrived by now.
"""

from __future__ import annotations

import asyncio
import functools
import time
from email.utils import formatdate
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class WholeAnswers(HttpToolsProtocol):
    """The protocol, for `uvicorn.run(http=...)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the gathering between uvicorn and the connection."""
        super().connection_made(cast(asyncio.Transport, _Gathering(transport, self.loop)))

    def on_headers_complete(self) -> None:
        """Date the answer."""
        self.server_state.default_headers = _date_header(int(time.time()))
        super().on_headers_complete()


@functools.lru_cache(maxsize=1)
def _date_header(second: int) -> list[tuple[bytes, bytes]]:
    return [(b"date", formatdate(second, usegmt=True).encode())]


class _Gathering:
    """A transport that writes once what is written to it in one turn of the event loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write at the end of this turn."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        """Write what is gathered, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts:
            self._transport.write(b"".join(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
