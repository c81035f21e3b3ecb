"""The file of the calls that changed something. Replayed in order it makes the same state again.

Every call stays in it. A replay costs about 0.7 ms a call, so that 100,000 calls are within the time of a start; a
snapshot of moto's state would be faster and is not sound: subnets hand out addresses from a running generator.
"""

from __future__ import annotations

import os
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sandbox.servers.aws.errors import StateError
from sandbox.servers.aws.sigv4 import SignedRequest
from sandbox.servers.aws_services.calls import Call, Form


@dataclass(frozen=True)
class RecordedCall:
    """A call, and what it takes to repeat it: its time (seconds since 1970), its seed, the private keys it made (PEM),
    and the status it was answered with.
    """

    call: Call
    time: float
    seed: str
    key_pairs: list[str]
    status: int

    def dump(self) -> bytes:
        """The call as a line; its signature is not in it."""
        call = self.call
        return orjson.dumps(
            {
                "time": self.time,
                "service": call.service,
                "operation": call.operation,
                "status": self.status,
                "region": call.region,
                "access_key": call.access_key,
                "form": call.form.name,
                "verb": call.request.verb,
                "url": call.request.url,
                "headers": call.request.headers,
                "body": b64encode(call.request.body).decode(),
                "seed": self.seed,
                "key_pairs": self.key_pairs,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )

    @classmethod
    def load(cls, line: bytes) -> RecordedCall:
        """Read a line again. Raises `ValueError` or `KeyError` for a damaged one."""
        told: dict[str, Any] = orjson.loads(line)
        request = SignedRequest(told["verb"], told["url"], told["headers"], b64decode(told["body"]))
        call = Call(told["service"], told["region"], told["access_key"], told["operation"], Form[told["form"]], request)
        return cls(call, told["time"], told["seed"], told["key_pairs"], told["status"])


class Recording:
    """The recording, for its owner's eyes only: bodies hold secrets. A line that a kill cut short is dropped.

    Attributes:
        began: when the file was made, in seconds since 1970.

    Raises `StateError` when the file cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "calls.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise StateError(f"cannot open {self.path}: {error.strerror}; give another --state") from error
        self._lines = self.path.read_bytes().splitlines(keepends=True)
        if self._lines and not self._lines[-1].endswith(b"\n"):
            os.truncate(self._file, sum(len(line) for line in self._lines[:-1]))
            self._lines.pop()
        if not self._lines:
            self._write(orjson.dumps({"began": time.time()}, option=orjson.OPT_APPEND_NEWLINE))
            self._lines = self.path.read_bytes().splitlines(keepends=True)
        self.began: float = self._parsed(1, orjson.loads, self._lines.pop(0))["began"]

    def calls(self) -> Iterator[tuple[int, RecordedCall]]:
        """Line number and call, oldest first; once, at the start."""
        lines, self._lines = self._lines, []
        for number, line in enumerate(lines, start=2):
            yield number, self._parsed(number, RecordedCall.load, line)

    def append(self, recorded: RecordedCall) -> None:
        """Add a call; when this returns it is on the disk."""
        self._write(recorded.dump())

    def _write(self, line: bytes) -> None:
        try:
            os.write(self._file, line)
            os.fsync(self._file)
        except OSError as error:
            raise StateError(f"cannot write {self.path}: {error.strerror}; free the disk or mend the folder") from error

    def _parsed(self, number: int, read: Any, line: bytes) -> Any:
        try:
            return read(line)
        except (ValueError, KeyError) as error:
            raise StateError(f"{self.path}: {mending(number)}") from error


def mending(number: int) -> str:
    """What to do about a line that cannot be replayed."""
    return f"line {number} cannot be replayed; take it out with `sed -i {number}d`, or remove the file to begin anew"
