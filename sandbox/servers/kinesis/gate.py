"""A gate that many pass at a time, and that can be held shut until all who passed have left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Writers pass the gate; who closes shards, or deletes them, holds it: then no record is on its way anywhere."""

    def __init__(self) -> None:
        self._inside = 0
        self._free = asyncio.Event()
        self._free.set()
        self._empty = asyncio.Event()
        self._empty.set()

    async def enter(self) -> None:
        """Pass, as soon as nobody holds the gate; `leave` must follow."""
        while not self._free.is_set():
            await self._free.wait()
        self._inside += 1
        self._empty.clear()

    def leave(self) -> None:
        """Be gone."""
        self._inside -= 1
        if self._inside == 0:
            self._empty.set()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Shut the gate, wait until all have left, open it in the end. One holds it at a time."""
        self._free.clear()
        try:
            await self._empty.wait()
            yield
        finally:
            self._free.set()
