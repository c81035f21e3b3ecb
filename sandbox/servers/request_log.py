"""The log of a server's requests: one JSON line each."""

from __future__ import annotations

import asyncio
from typing import Any, BinaryIO

import orjson

FLUSH_SECONDS = 0.05


class RequestLog:
    """Lines are gathered for 50 ms and written together, so that a request never waits for the disk."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._lines: list[bytes] = []

    def add(self, entry: dict[str, Any]) -> None:
        """Log one request. Must be called from the event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        self._lines.append(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """Write what is gathered."""
        lines, self._lines = self._lines, []
        self._output.write(b"".join(lines))
        self._output.flush()
