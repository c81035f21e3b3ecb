"""The API's side of the worker's folder: a definition starts, changes or ends a connector, a status tells of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.servers.msk_connect.definitions import Definition, definition_path, read_definition, write_definition
from sandbox.servers.msk_connect.errors import DefinitionError
from sandbox.servers.msk_connect.status import status_path

FAILED = "FAILED"


@dataclass(frozen=True)
class Told:
    """What the worker tells of a connector; `fault` is Amazon's StateDescription, None when all is well."""

    fault: dict[str, str] | None


class WorkerFolder:
    """The folder of connector definitions that a worker follows (see `msk_connect.definitions`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, definition: Definition) -> None:
        """Have the worker run a connector by this definition; nothing happens when it does so already."""
        if self._written(definition.name) != definition:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_definition(self._folder, definition)

    def _written(self, name: str) -> Definition | None:
        try:
            return read_definition(definition_path(self._folder, name))
        except DefinitionError:
            return None

    def end(self, name: str) -> None:
        """Have the worker end a connector."""
        definition_path(self._folder, name).unlink(missing_ok=True)

    def has_ended(self, name: str) -> bool:
        """Whether the worker tells nothing more of a connector."""
        return not self._status(name)

    def told(self, definition: Definition) -> Told | None:
        """What the worker tells of a connector; None until it runs it by this definition, or has failed to."""
        status = self._status(definition.name)
        if status.get("definition") != definition.fingerprint:
            return None
        if status["connector"]["state"] == FAILED:
            return Told(_invalid(status["connector"]["reason"]))
        failed = [task["reason"] for task in status["tasks"] if task["state"] == FAILED]
        if failed:
            return Told(_unhealthy("; ".join(failed)))
        return Told(None) if status["tasks"] else None

    def _status(self, name: str) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads(status_path(definition_path(self._folder, name)).read_bytes())
        except FileNotFoundError:
            return {}
        return told


def _invalid(reason: str) -> dict[str, str]:
    message = f"The connector configuration is invalid. Message: {reason}"
    return {"code": "InvalidInput.InvalidConnectorConfiguration", "message": message}


def _unhealthy(reason: str) -> dict[str, str]:
    message = f"The last operation failed. Retry the operation. Message: {reason}"
    return {"code": "UnknownError.Unknown", "message": message}
