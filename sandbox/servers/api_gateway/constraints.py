"""What botocore's description says of a parameter's value: one of an enumeration, or of a pattern.

Amazon checks these before the operation itself, and names every violation at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import OperationModel, Shape

from sandbox.servers.aws.constraints import broken_constraint, broken_constraints
from sandbox.servers.aws.rest_json import Params


def check(operation: OperationModel, params: Params) -> None:
    """Return if every value satisfies its constraint. Raises `ValidationError`."""
    found = list(_of_operation(operation, params))
    if found:
        raise broken_constraints(found)


def _of_operation(operation: OperationModel, params: Params) -> Iterator[str]:
    shape = operation.input_shape
    body = f"{operation.name[0].lower()}{operation.name[1:]}Input."
    for name, value in params.items():
        member = shape.members[name]
        yield from _violations(member, value, name if "location" in member.serialization else body + name)


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _violations(member, value[name], f"{path}.{name}")
    elif shape.type_name == "list" and shape.member.type_name == "structure":
        for number, item in enumerate(value, 1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "list":
        constraint = next((found for item in value if (found := _broken(shape.member, item))), None)
        if constraint:
            shown = f"[{', '.join(map(str, value))}]"
            yield broken_constraint(shown, path, f"Member must satisfy constraint: [{constraint}]")
    elif constraint := _broken(shape, value):
        yield broken_constraint(value, path, constraint)


def _broken(shape: Shape, value: Any) -> str | None:
    """The constraint that a value does not satisfy, if there is one."""
    if shape.type_name != "string":
        return None
    if shape.enum and value not in shape.enum:
        return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        return f"Member must satisfy regular expression pattern: {pattern}"
    return None
