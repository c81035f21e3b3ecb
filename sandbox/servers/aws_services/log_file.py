"""A log file that grows and is rotated (`x.log`, `x.log.1`, `x.log.2`), read line by line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


class LogFile:
    """Gives each line once: what the rotated files still hold, oldest first, then what is added."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._current: BinaryIO | None = None
        self._partial = b""

    def new_lines(self) -> Iterator[bytes]:
        """The whole lines since the last call, without their ends. Costs one `stat` when there are none."""
        for file in self._files():
            for line in file:
                self._partial += line
                if self._partial.endswith(b"\n"):
                    yield self._partial[:-1]
                    self._partial = b""

    def _files(self) -> Iterator[BinaryIO]:
        """The files to read on in: the one that was read last is read to its end before its successor is opened."""
        if self._current is None and self._path.exists():
            self._current = self._path.open("rb")
            yield from self._rotated()
        if self._current:
            yield self._current
        while self._current and self._was_replaced(self._current):
            self._current.close()
            self._current = self._path.open("rb")
            yield self._current

    def _rotated(self) -> Iterator[BinaryIO]:
        older = [path for path in self._path.parent.glob(f"{self._path.name}.*") if path.suffix[1:].isdigit()]
        for path in sorted(older, key=lambda path: -int(path.suffix[1:])):
            with path.open("rb") as file:
                if self._current and not os.path.sameopenfile(file.fileno(), self._current.fileno()):
                    yield file

    def _was_replaced(self, current: BinaryIO) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(current.fileno()))
        except FileNotFoundError:
            return False
