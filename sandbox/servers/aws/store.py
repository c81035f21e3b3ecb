"""One JSON file a thing, written so that a kill -9 leaves the old file or the new one, never half of either."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson

from sandbox.servers.aws.errors import StateError


class Store:
    """Folders of JSON files under `folder`, readable by their owner only (they hold API key values).

    Raises `StateError` when a file cannot be read as JSON or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, kind: str) -> dict[str, Any]:
        """All things of a kind, by identifier. What a killed writer left half-written is removed."""
        self._make(kind)
        for leftover in (self._folder / kind).glob("*.tmp"):
            leftover.unlink()
        return {path.stem: self._read(path) for path in sorted((self._folder / kind).glob("*.json"))}

    def save(self, kind: str, identifier: str, value: Any) -> None:
        """Write a thing; when this returns it is on the disk."""
        path = self._folder / kind / f"{identifier}.json"
        temporary = path.with_suffix(".tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(orjson.dumps(value))
                file.flush()
                os.fsync(descriptor)
            temporary.replace(path)
            self._settle(path.parent)
        except OSError as error:
            raise StateError(f"cannot write {path}: {error.strerror}; free the disk or mend the folder") from error

    def delete(self, kind: str, identifier: str) -> None:
        """Remove a thing; removing what is not there is no fault."""
        path = self._folder / kind / f"{identifier}.json"
        path.unlink(missing_ok=True)
        self._settle(path.parent)

    def _make(self, kind: str) -> None:
        try:
            (self._folder / kind).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StateError(f"cannot make {self._folder / kind}: {error.strerror}; give another --state") from error

    def _read(self, path: Path) -> Any:
        try:
            return orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise StateError(
                f"{path} is not readable ({error}); remove it with `rm {path}` and deploy again"
            ) from error

    def _settle(self, folder: Path) -> None:
        """Make a rename or removal last through a power cut."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
