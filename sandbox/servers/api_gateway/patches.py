"""Patch operations (`op`, `path`, `value`) on a record, for the paths that a resource lets be changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.servers.aws.errors import BadRequestError

Patch = dict[str, Any]
MAX_NUMBER = 2**31 - 1


def checked(patches: Iterable[Patch], allowed: dict[str, tuple[str, ...]]) -> list[Patch]:
    """The patches, each of a path in `allowed` with one of its operations; `/a/*` allows any one name below `/a`.

    Raises `BadRequestError` as Amazon words it.
    """
    found = list(patches)
    for patch in found:
        operation, path = str(patch.get("op")), str(patch.get("path"))
        if operation not in allowed.get(_template(path, allowed), ()):
            possible = ", ".join(name for name, operations in allowed.items() if operation in operations)
            raise BadRequestError(
                f"Invalid patch path  '{path}' specified for op '{operation}'. Must be one of: [{possible}]"
            )
        if operation != "remove" and patch.get("value") is None:
            raise BadRequestError(f"Invalid patch: op '{operation}' on '{path}' needs a value")
    return found


def name_in(path: str) -> str:
    """The last part of a patch path, its `~1` and `~0` read as JSON Pointer does."""
    return path.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def number(patch: Patch, kind: type[int] | type[float]) -> Any:
    """The value of a patch as a number. Raises `BadRequestError`."""
    try:
        found = kind(patch["value"])
    except ValueError:
        found = kind(-1)
    if not 0 <= found <= MAX_NUMBER:
        raise BadRequestError(f"Invalid value {patch['value']!r} for {patch['path']}: not a number that is a limit")
    return found


def _template(path: str, allowed: dict[str, tuple[str, ...]]) -> str:
    parent = path.rpartition("/")[0] + "/*"
    return parent if path not in allowed and parent in allowed else path
