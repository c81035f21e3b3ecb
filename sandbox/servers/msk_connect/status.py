"""What the worker tells of a connector, in the shape of Kafka Connect's status answer."""

import os
from pathlib import Path
from typing import Any

from sandbox.servers.msk_connect.definitions import write_json
from sandbox.servers.msk_connect.task import SinkTask, State

_FOLDER = "status"


def status_path(definition: Path) -> Path:
    """Give the status file of a definition file."""
    return definition.parent / _FOLDER / definition.name


def forget_statuses(folder: Path) -> None:
    """Remove what a worker that was killed left behind, so that no dead connector looks alive."""
    for path in (folder / _FOLDER).glob("*.json"):
        path.unlink(missing_ok=True)


def describe(name: str, fingerprint: str, state: State, reason: str, tasks: list[SinkTask]) -> dict[str, Any]:
    """Give a connector's status.

    Returns:
        ``name``; ``definition``, the fingerprint of the definition it runs by, empty when that could not be read;
        ``worker_pid``; ``connector`` with ``state`` (RUNNING or FAILED) and ``reason``; ``tasks``, each with
        ``id``, ``state``, ``reason`` (why it failed or what it waits for, else empty) and ``partitions`` with
        ``topic``, ``partition`` and ``committed`` (the next offset to land).
    """
    return {
        "name": name,
        "definition": fingerprint,
        "worker_pid": os.getpid(),
        "connector": {"state": state.value, "reason": reason},
        "tasks": [_describe_task(task) for task in tasks],
    }


def _describe_task(task: SinkTask) -> dict[str, Any]:
    partitions = [
        {"topic": source.topic, "partition": source.partition, "committed": offset}
        for source, offset in sorted(task.committed().items())
    ]
    return {"id": task.number, "state": task.state.value, "reason": task.reason, "partitions": partitions}


class StatusFile:
    """A status file that is written only when something changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: dict[str, Any] | None = None

    def write(self, status: dict[str, Any]) -> None:
        """Show this status from now on."""
        if status != self._written:
            self._path.parent.mkdir(exist_ok=True)
            write_json(self._path, status)
            self._written = status

    def remove(self) -> None:
        """Show nothing more: the connector is not run any longer."""
        self._path.unlink(missing_ok=True)
