"""Patch operations (`op`, `path`, `value`) on a record, for the paths that a resource lets be changed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.servers.aws.errors import BadRequestError, NotFoundError

Patch = dict[str, Any]
MAX_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Field:
    """What a patch may do at a path, and how the value is read from its text (None where the patch has none)."""

    operations: tuple[str, ...] = ("replace",)
    read: Callable[[str | None], Any] = lambda text: text


def flag(text: str | None) -> bool:
    """Everything but `true` is false, as at Amazon."""
    return str(text).lower() == "true"


VALUE, FLAG = Field(), Field(read=flag)
# `/name/*` paths: an entry of a map, or a member of a list that the path itself names.
ENTRY, MEMBER = Field(("add", "replace", "remove")), Field(("add", "replace", "remove"), read=lambda text: text or "")


def patched(record: Mapping[str, Any], patches: Iterable[Patch], fields: Mapping[str, Field]) -> dict[str, Any]:
    """A copy of the record with the patches in it; a path of `fields` is the way into the record, `*` any one name.

    Raises `BadRequestError` for a path or operation that `fields` does not have, `NotFoundError` for an entry to be
    replaced or removed that is not there; both worded as Amazon does.
    """
    changed = copy.deepcopy(dict(record))
    for patch in patches:
        _apply(changed, patch, _field(patch, fields))
    return changed


def _field(patch: Patch, fields: Mapping[str, Field]) -> Field:
    field = fields.get(_template(str(patch.get("path")), fields))
    if field is None:
        raise BadRequestError(f"Invalid patch path {patch.get('path') or 'null'}")
    if patch.get("op") not in field.operations:
        raise BadRequestError(f"Invalid patch operation specified. Must be one of: [{', '.join(field.operations)}]")
    return field


def _apply(record: dict[str, Any], patch: Patch, field: Field) -> None:
    *way, name = [_unescaped(part) for part in patch["path"].split("/")[1:]]
    holder: Any = record
    for part in way:
        holder[part] = holder.get(part) or ([] if field is MEMBER else {})
        holder = holder[part]
    if field.operations != VALUE.operations and patch["op"] != "add" and name not in holder:
        raise NotFoundError(_missing(way[0]))
    if isinstance(holder, list):
        _change_member(holder, name, patch)
    elif patch["op"] == "remove":
        del holder[name]
    else:
        holder[name] = field.read(patch.get("value"))


def _change_member(members: list[str], name: str, patch: Patch) -> None:
    if name in members:
        members.remove(name)
    if patch["op"] != "remove":
        members.append(name if patch["op"] == "add" else patch.get("value") or name)


def _missing(field: str) -> str:
    return "Invalid parameter name specified" if "Parameters" in field else "Content-Type specified was not found"


def checked(patches: Iterable[Patch], allowed: Mapping[str, Iterable[str]], valueless: bool = False) -> list[Patch]:
    """The patches, each of a path in `allowed` with one of its operations; `/a/*` allows any one name below `/a`.

    Each has a value, if it is not to remove something or may be `valueless`. Raises `BadRequestError`.
    """
    found = list(patches)
    for patch in found:
        operation, path = str(patch.get("op")), str(patch.get("path"))
        if operation not in allowed.get(_template(path, allowed), ()):
            raise BadRequestError(
                f"Invalid patch path  '{path}' specified for op '{operation}'. {_hint(operation, allowed)}"
            )
        if operation != "remove" and not valueless and patch.get("value") is None:
            raise BadRequestError(f"Invalid patch: op '{operation}' on '{path}' needs a value")
    return found


def _hint(operation: str, allowed: Mapping[str, Iterable[str]]) -> str:
    possible = [name for name, operations in allowed.items() if operation in operations]
    return f"Must be one of: [{', '.join(possible)}]" if possible else "Please choose supported operations"


def name_in(path: str) -> str:
    """The last part of a patch path, its `~1` and `~0` read as JSON Pointer does."""
    return _unescaped(path.rpartition("/")[2])


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def number(patch: Patch, kind: type[int] | type[float]) -> Any:
    """The value of a patch as a number. Raises `BadRequestError`."""
    try:
        found = kind(patch["value"])
    except ValueError:
        found = kind(-1)
    if not 0 <= found <= MAX_NUMBER:
        raise BadRequestError(f"Invalid value {patch['value']!r} for {patch['path']}: not a number that is a limit")
    return found


def _template(path: str, allowed: Mapping[str, Any]) -> str:
    parent = path.rpartition("/")[0] + "/*"
    return parent if path not in allowed and parent in allowed else path
