"""The worker: keeps one connector running for each definition file of a folder."""

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from sandbox.servers.msk_connect.connector import Connector
from sandbox.servers.msk_connect.errors import WorkerLockedError
from sandbox.servers.msk_connect.status import forget_statuses

_LOG = logging.getLogger(__name__)
_SCAN_SECONDS = 0.5
_STOP_SECONDS = 8.0

_LOCK = ".worker.lock"

# A file written anew has another inode or time, so that rewriting a definition restarts its connector.
_Signature = tuple[int, int, int]


class Worker:
    """Follows a folder of definitions until it is told to stop.

    Args:
        folder: where the definition files lie.
        make: how a connector is made of a definition file.
    """

    def __init__(self, folder: Path, make: Callable[[Path], Connector]) -> None:
        self._folder = folder
        self._make = make
        self._running: dict[Path, tuple[_Signature, Connector]] = {}

    def run(self, stop: threading.Event) -> None:
        """Start, restart and end connectors as their files come, change and go, until ``stop`` is set.

        Raises:
            WorkerLockedError: another worker follows this folder.
        """
        with _locked(self._folder) as lock:
            forget_statuses(self._folder)
            _sign(lock)
            while not stop.is_set():
                self._follow_folder()
                stop.wait(_SCAN_SECONDS)
            self._end(list(self._running))

    def _follow_folder(self) -> None:
        found = _definitions(self._folder)
        self._end([path for path, (signature, _) in self._running.items() if found.get(path) != signature])
        for path in found.keys() - self._running.keys():
            _LOG.info("%s starts", path.stem)
            connector = self._make(path)
            self._running[path] = (found[path], connector)
            connector.start()

    def _end(self, paths: list[Path]) -> None:
        for path in paths:
            _LOG.info("%s stops", path.stem)
            self._running[path][1].stop()
        for path in paths:
            self._running.pop(path)[1].join(_STOP_SECONDS)


def _definitions(folder: Path) -> dict[Path, _Signature]:
    found = {}
    for path in folder.glob("[!.]*.json"):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found[path] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found


def _locked(folder: Path) -> IO[str]:
    """Hold the folder; the lock goes with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / _LOCK).open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise WorkerLockedError(
            f"Another worker runs the connectors of {folder}. Stop it first, or use another folder."
        ) from error
    return lock


def _sign(lock: IO[str]) -> None:
    """Say who holds the folder, now that no status of an earlier worker is left in it."""
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def last_worker(folder: Path) -> int | None:
    """Give the process id of the worker that last took a folder of connectors, alive or not; None before the first."""
    lock = folder / _LOCK
    return int(lock.read_text() or 0) or None if lock.exists() else None
