"""The limits of botocore's service description that its own validator leaves out: the most, and the values allowed."""

from __future__ import annotations

from typing import Any

from botocore.model import Shape

from sandbox.servers.aws.errors import BadRequestError

SIZED = ("string", "list", "map")


def check_limits(shape: Shape, value: Any, where: str = "") -> None:
    """Raise `BadRequestError` as Amazon words it if a value of the right types goes beyond its shape's limits."""
    _check_most(shape, value, where)
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        raise BadRequestError(_failed(value, where, f"Member must satisfy enum value set: [{', '.join(allowed)}]"))
    for place, member, inner in _inside(shape, value):
        check_limits(member, inner, f"{where}.{place}" if where else place)


def _check_most(shape: Shape, value: Any, where: str) -> None:
    most = shape.metadata.get("max")
    if most is None:
        return
    if shape.type_name in SIZED and len(value) > most:
        raise BadRequestError(_failed(value, where, f"Member must have length less than or equal to {most}"))
    if shape.type_name not in SIZED and value > most:
        raise BadRequestError(_failed(value, where, f"Member must have value less than or equal to {most}"))


def _inside(shape: Shape, value: Any) -> list[tuple[str, Shape, Any]]:
    """What a structure, list or map holds: where, of which shape, and the value."""
    if shape.type_name == "structure":
        return [(name, shape.members[name], inner) for name, inner in value.items() if name in shape.members]
    if shape.type_name == "list":
        return [(f"{number}.member", shape.member, inner) for number, inner in enumerate(value, start=1)]
    if shape.type_name == "map":
        return [
            (part, of, text)
            for key in value
            for part, of, text in (("key", shape.key, key), ("value", shape.value, value[key]))
        ]
    return []


def _failed(value: Any, where: str, constraint: str) -> str:
    return f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: {constraint}"
