"""The progress file: how far the posting of one entity has come, and what became of the rows up to there.

One file for each (source table and its filling, topic, order) in STATE_DIR, replaced atomically after each batch.
The file is the truth about everything before `position`: a row is acknowledged, or stands in `dead_letters`.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from lib.errors import StateError, StateLockedError
from lib.rds_db_connector import TableIdentity

VERSION = 1


@dataclass(slots=True)
class Progress:
    """Progress of one entity in one order.

    Attributes:
        source: which filling of which table is read.
        topic: where it is posted to; the stream where that is Kinesis.
        order: `sequential`, `course` or `feed`.
        position: the last position that is done with; None at the start.
        taken: places of the order up to `position`.
        sent: records that went into a request.
        acknowledged: records that are in Kafka or Kinesis.
        dead_letters: positions that are neither, their records waiting in the dead-letter file.
    """

    source: TableIdentity
    topic: str
    order: str
    position: int | None = None
    taken: int = 0
    sent: int = 0
    acknowledged: int = 0
    dead_letters: set[int] = field(default_factory=set)

    @property
    def name(self) -> str:
        """Name of the file, without its ending: readable, and one for each (source, topic, order)."""
        source = orjson.dumps(asdict(self.source), option=orjson.OPT_SORT_KEYS)
        return f"{self.topic}.{self.order}.{hashlib.sha256(source).hexdigest()[:12]}"

    def mark_replayed(self, position: int) -> None:
        """A dead letter has been acknowledged after all."""
        self.dead_letters.discard(position)
        self.acknowledged += 1


class ProgressStore:
    """The progress files in one folder."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, made at the first write."""
        self.folder = folder

    def load(self, fresh: Progress) -> Progress:
        """The saved progress of the same source, topic and order as `fresh`, or `fresh` itself."""
        return self.load_named(fresh.name) or fresh

    def load_named(self, name: str) -> Progress | None:
        """The saved progress called `name`, None if there is none; StateError if the file is damaged."""
        path = self._path(name)
        try:
            saved = orjson.loads(path.read_bytes())
            return _progress(saved)
        except FileNotFoundError:
            return None
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise StateError(
                f"The progress file {path} is damaged ({error}). "
                f"Look at it; `--restart` forgets it and posts every row again."
            ) from error

    def save(self, progress: Progress) -> None:
        """Replace the file in one step; a kill leaves the old one or the new one.

        No fsync: if the machine loses power the file may be a few batches old, and these are posted once more.
        """
        path = self._path(progress.name)
        self._make_folder()
        half = path.with_suffix(".tmp")
        half.write_bytes(orjson.dumps(_saved(progress), option=orjson.OPT_APPEND_NEWLINE))
        half.replace(path)

    def forget(self, progress: Progress) -> None:
        """Remove the file, so that the next run starts from the first row."""
        self._path(progress.name).unlink(missing_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the progress called `name`; StateLockedError if another process holds it. A kill releases it."""
        self._make_folder()
        with (self.folder / f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StateLockedError(
                    f"Another run is posting {name} right now. Wait until it ends, or stop it with Ctrl-C."
                ) from error
            yield

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StateError(f"STATE_DIR {self.folder} cannot be made ({error.strerror}). Set another one.") from error


def _saved(progress: Progress) -> dict[str, Any]:
    return {"version": VERSION} | asdict(progress) | {"dead_letters": sorted(progress.dead_letters)}


def _progress(saved: dict[str, Any]) -> Progress:
    """The inverse of `_saved`; KeyError, TypeError or ValueError if the form is another one."""
    if saved.pop("version") != VERSION:
        raise ValueError("written by another version")
    source = TableIdentity(**saved.pop("source"))
    return Progress(source=source, dead_letters=set(saved.pop("dead_letters")), **saved)
