"""The folder of connector definitions: how connectors are handed to the worker, and how it answers.

``FOLDER/NAME.json`` holds ``{"name": ..., "config": {...}}``. Writing the file makes or changes a connector, removing
it ends the connector; its offsets stay in Kafka. The worker answers in ``FOLDER/status/NAME.json`` (see ``status``).
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.servers.msk_connect.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class Definition:
    """One connector as its file gives it, the configuration not yet checked."""

    name: str
    config: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """What tells it from another: a status that shows the same fingerprint is of this very definition."""
        content = json.dumps([self.name, self.config], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def definition_path(folder: Path, name: str) -> Path:
    """Give the file of a connector."""
    return folder / f"{name}.json"


def write_definition(folder: Path, definition: Definition) -> Path:
    """Make or change a connector, whole or not at all; gives the file."""
    path = definition_path(folder, definition.name)
    write_json(path, {"name": definition.name, "config": definition.config})
    return path


def read_definition(path: Path) -> Definition:
    """Read a definition file.

    Raises:
        DefinitionError: the file is not of the form ``{"name": ..., "config": {...}}``.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DefinitionError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict) or content.keys() != {"name", "config"}:
        raise DefinitionError(f'{path} must read {{"name": ..., "config": {{...}}}}, with no other key')
    name, config = content["name"], content["config"]
    if not isinstance(name, str) or not name or not isinstance(config, dict):
        raise DefinitionError(f"{path}: name must be a text and config an object")
    return Definition(name, config)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, for its owner's eyes, so that a reader sees the old one or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    draft.replace(path)
