"""The dead-letter file: JSON Lines of the records that could not be sent, each with its reason.

The file only stores the records; which of them still wait is told by the progress files (`Progress.dead_letters`).
So a kill between the two writes neither loses nor doubles anything: a line nobody counts is dropped by the next run.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from lib.atomic_file import replace_file
from lib.errors import DeadLetterError
from lib.records import Record


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that was not sent, as a line of the file.

    Attributes:
        progress: name of the progress file that counts it.
        entity: `pin`, `geo` or `user`.
        topic: where it should have gone; the stream where that is Kinesis.
        position: its place in the order; with `progress` it identifies the record.
        key: the row's key, None if it has none.
        reason: why it was not sent.
        value: the text to send; None if the row could not be turned into JSON: a replay reads the row again.
        is_json: whether `value` is JSON.
        row: the row as text by column, for a reader, where there is no `value`.
    """

    progress: str
    entity: str
    topic: str
    position: int
    key: int | None
    reason: str
    value: str | None
    is_json: bool = True
    row: dict[str, str] | None = None

    def record(self) -> Record | None:
        """The record to send, None if its row must be read again."""
        return None if self.value is None else Record(self.position, self.key, self.value.encode(), self.is_json)

    @property
    def identity(self) -> tuple[str, int]:
        """(progress, position), the same for the same record wherever the file is copied."""
        return self.progress, self.position


class DeadLetterFile:
    """The lines of one dead-letter file, of mode 0600; every change is whole or did not happen."""

    def __init__(self, path: Path) -> None:
        """Use the file at `path`, made at the first append."""
        self.path = path

    def append(self, letters: Sequence[DeadLetter]) -> None:
        """Add lines and wait until the disk has them."""
        if not letters:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked(), os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            _cut_torn_line(file.fileno(), self.path.read_bytes())
            file.seek(0, os.SEEK_END)
            file.write(b"".join(map(_line, letters)))
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[DeadLetter]:
        """All lines in order, none if there is no file; a last line cut off by a kill does not count.

        DeadLetterError names a line that is no dead letter.
        """
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().split(b"\n")[:-1]
        return [self._letter(number, line) for number, line in enumerate(lines, 1)]

    def update(self, change: Callable[[DeadLetter], DeadLetter | None]) -> None:
        """Put `change(letter)` in the place of each letter, nothing where it is None; written only if it differs."""
        if not self.path.exists():
            return
        with self._locked():
            before = self.read()
            after = [letter for letter in map(change, before) if letter is not None]
            if after != before:
                replace_file(self.path, b"".join(map(_line, after)))

    def _letter(self, number: int, line: bytes) -> DeadLetter:
        try:
            return DeadLetter(**orjson.loads(line))
        except (orjson.JSONDecodeError, TypeError) as error:
            raise DeadLetterError(
                f"Line {number} of {self.path} is no dead letter ({error}). Mend or remove it."
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other threads and processes off the file; they hold it for milliseconds only."""
        with self.path.with_name(self.path.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def letter_of_record(progress: str, entity: str, topic: str, record: Record, reason: str) -> DeadLetter:
    """The dead letter of a record that was not acknowledged."""
    value = record.value.decode()
    return DeadLetter(progress, entity, topic, record.position, record.key, reason, value, record.is_json)


def letter_of_row(
    progress: str, entity: str, topic: str, position: int, row: dict[str, Any], key: int | None, reason: str
) -> DeadLetter:
    """The dead letter of a row that JSON cannot hold."""
    as_text = {name: _readable(value) for name, value in row.items()}
    return DeadLetter(progress, entity, topic, position, key, reason, value=None, row=as_text)


def _readable(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()


def _line(letter: DeadLetter) -> bytes:
    return orjson.dumps(asdict(letter), option=orjson.OPT_APPEND_NEWLINE)


def _cut_torn_line(descriptor: int, content: bytes) -> None:
    """Drop what a killed process left without an end of line: no progress file counts it."""
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.ftruncate(descriptor, whole)
