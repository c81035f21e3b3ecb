"""The constraints of a service's shapes, told as Amazon tells of a broken one.

`1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular
expression pattern: [a-zA-Z0-9_.-]+`. The constraints themselves stand in botocore's description of the service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from botocore.model import Shape, StructureShape

from sandbox.servers.aws.errors import ValidationError

MOST_TOLD = 10


def check(shape: StructureShape, params: dict[str, Any]) -> None:
    """Return if parameters (blobs as bytes) keep every constraint; else raise `ValidationError` with the first ten."""
    broken = list(islice(_in_structure(shape, params, ""), MOST_TOLD))
    if broken:
        raise broken_constraints(broken)


def broken_constraints(broken: list[str]) -> ValidationError:
    """The error that tells of broken constraints, each worded by `broken_constraint`."""
    noun = "error" if len(broken) == 1 else "errors"
    return ValidationError(f"{len(broken)} validation {noun} detected: {'; '.join(broken)}")


def broken_constraint(value: Any, path: str, constraint: str) -> str:
    """One broken constraint; a value without a short text of its own is not shown."""
    return f"Value {_shown(value)}at '{path}' failed to satisfy constraint: {constraint}"


def _in_structure(shape: StructureShape, params: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, member in shape.members.items():
        path = f"{prefix}{name[0].lower()}{name[1:]}"
        if name in params:
            yield from _in_value(member, params[name], path)
        elif name in shape.required_members:
            yield broken_constraint(None, path, "Member must not be null")


def _in_value(shape: Shape, value: Any, path: str) -> Iterator[str]:
    for constraint in _own(shape, value):
        yield broken_constraint(value, path, constraint)
    if shape.type_name == "structure":
        yield from _in_structure(shape, value, f"{path}.")
    elif shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield from _in_value(shape.member, item, f"{path}.{number}.member")


def _own(shape: Shape, value: Any) -> Iterator[str]:
    """The constraints that a value breaks of itself."""
    if shape.type_name in ("integer", "long"):
        yield from _bounds(shape, value, "value")
    elif shape.type_name in ("string", "blob", "list", "map"):
        yield from _bounds(shape, len(value), "length")
    if shape.type_name == "string":
        yield from _text(shape, value)
    elif shape.type_name == "map":
        yield from _entries(shape.key, value.keys(), "Map keys")
        yield from _entries(shape.value, value.values(), "Map value")


def _bounds(shape: Shape, size: int, noun: str) -> Iterator[str]:
    if size > shape.metadata.get("max", size):
        yield f"Member must have {noun} less than or equal to {shape.metadata['max']}"
    if size < shape.metadata.get("min", size):
        yield f"Member must have {noun} greater than or equal to {shape.metadata['min']}"


def _text(shape: Shape, value: str) -> Iterator[str]:
    pattern, words = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern and not re.fullmatch(pattern, value):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if words and value not in words:
        yield f"Member must satisfy enum value set: [{', '.join(words)}]"


def _entries(shape: Shape, values: Any, noun: str) -> Iterator[str]:
    broken = [constraint for value in values for constraint in _own(shape, value)]
    if broken:
        yield f"{noun} must satisfy constraint: [{', '.join(dict.fromkeys(broken))}]"


def _shown(value: Any) -> str:
    if value is None:
        return "null "
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return f"'[{', '.join(value)}]' "
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return f"'{{{', '.join(f'{key}={item}' for key, item in value.items())}}}' "
    return f"'{value}' " if isinstance(value, str | int) else ""
