"""The constraints of a service's shapes, told as Amazon tells of a broken one.

`1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular
expression pattern: [a-zA-Z0-9_.-]+`. The constraints themselves stand in botocore's description of the service.
Where one item of a list or a map is at fault, Amazon shows the whole of it and names all that is asked of an item:
`Value '[]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less
than or equal to 128, Member must have length greater than or equal to 1]`. The wording is that of the answers which
kinesalite (https://github.com/mhart/kinesalite) and LocalStack have taken from the services.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from botocore.model import Shape, StructureShape

from sandbox.servers.aws.errors import BadRequestError, ValidationError

MOST_TOLD = 10
NUMBERS = ("integer", "long", "float", "double")
NESTED = ("structure", "list", "map")

# A constraint in Amazon's words, and whether a value keeps it.
Constraint = tuple[str, Callable[[Any], bool]]


def check(
    shape: StructureShape, params: dict[str, Any], body: str = "", error: type[BadRequestError] = ValidationError
) -> None:
    """Return if parameters of the right types (blobs as bytes) keep every constraint; else raise with the first ten.

    Args:
        shape: the operation's input.
        params: the parameters under botocore's names.
        body: what paths of members in a request's body begin with, where a service tells of its body
            (`putIntegrationInput.`).
        error: what is raised: the error that the service has for this.
    """
    broken = list(islice(_in_structure(shape, params, body), MOST_TOLD))
    if broken:
        raise broken_constraints(broken, error)


def broken_constraints(broken: list[str], error: type[BadRequestError] = ValidationError) -> BadRequestError:
    """The error that tells of broken constraints, each worded by `broken_constraint`."""
    noun = "error" if len(broken) == 1 else "errors"
    return error(f"{len(broken)} validation {noun} detected: {'; '.join(broken)}")


def broken_constraint(value: Any, path: str, constraint: str) -> str:
    """One broken constraint; a value without a short text of its own is not shown."""
    return f"Value {_shown(value)}at '{path}' failed to satisfy constraint: {constraint}"


def _in_structure(shape: StructureShape, params: dict[str, Any], prefix: str) -> Iterator[str]:
    """What is broken of the members, those of the body before those of path, query and headers."""
    for name, member in sorted(shape.members.items(), key=lambda item: _is_beside_body(item[1])):
        path = f"{'' if _is_beside_body(member) else prefix}{name[0].lower()}{name[1:]}"
        if name in params:
            yield from _in_value(member, params[name], path)
        elif name in shape.required_members:
            yield broken_constraint(None, path, "Member must not be null")


def _is_beside_body(member: Shape) -> bool:
    return "location" in member.serialization


def _in_value(shape: Shape, value: Any, path: str) -> Iterator[str]:
    for constraint, is_kept in _constraints(shape):
        if not is_kept(value):
            yield broken_constraint(value, path, constraint)
    if shape.type_name == "structure":
        yield from _in_structure(shape, value, f"{path}.")
    elif shape.type_name == "list" and shape.member.type_name in NESTED:
        for number, item in enumerate(value, 1):
            yield from _in_value(shape.member, item, f"{path}.{number}.member")


def _constraints(shape: Shape) -> Iterator[Constraint]:
    """What a shape asks of a value; what it asks of each item is one constraint."""
    yield from _bounds(shape)
    if shape.type_name == "string":
        yield from _of_text(shape)
    elif shape.type_name == "list" and shape.member.type_name not in NESTED:
        yield from _of_each(shape.member, "Member", iter)
    elif shape.type_name == "map":
        yield from _of_each(shape.key, "Map keys", dict.keys)
        yield from _of_each(shape.value, "Map value", dict.values)


def _bounds(shape: Shape) -> Iterator[Constraint]:
    most, least = shape.metadata.get("max"), shape.metadata.get("min")
    noun, size = ("value", _itself) if shape.type_name in NUMBERS else ("length", len)
    if most is not None:
        yield f"Member must have {noun} less than or equal to {most}", lambda value: size(value) <= most
    if least is not None:
        yield f"Member must have {noun} greater than or equal to {least}", lambda value: size(value) >= least


def _of_text(shape: Shape) -> Iterator[Constraint]:
    pattern, words = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern:
        is_kept = re.compile(pattern).fullmatch
        yield f"Member must satisfy regular expression pattern: {pattern}", lambda value: is_kept(value) is not None
    if words:
        yield f"Member must satisfy enum value set: [{', '.join(words)}]", lambda value: value in words


def _of_each(shape: Shape, noun: str, items: Callable[[Any], Iterable[Any]]) -> Iterator[Constraint]:
    own = list(_constraints(shape))
    if own:
        told = ", ".join(constraint for constraint, _ in own)
        yield (
            f"{noun} must satisfy constraint: [{told}]",
            lambda value: all(is_kept(item) for item in items(value) for _, is_kept in own),
        )


def _itself(number: Any) -> Any:
    return number


def _shown(value: Any) -> str:
    if value is None:
        return "null "
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return f"'[{', '.join(value)}]' "
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return f"'{{{', '.join(f'{key}={item}' for key, item in value.items())}}}' "
    return f"'{value}' " if isinstance(value, str | int) else ""
