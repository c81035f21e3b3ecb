"""The folder of connector definitions: how connectors are handed to the worker, and how it answers.

``FOLDER/NAME.json`` holds ``{"name": ..., "config": {...}}``. Writing the file makes or changes a connector, removing
it ends the connector; its offsets stay in Kafka. The worker answers in ``FOLDER/status/NAME.json`` (see ``status``).
"""

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


def write_definition(folder: Path, definition: Definition) -> Path:
    """Make or change a connector, whole or not at all; gives the file."""
    path = folder / f"{definition.name}.json"
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
    """Write a JSON file so that a reader sees the old one or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)
