"""Whether an answer of boto3 has the shape that botocore's own description of the service promises."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.model import Shape
from botocore.response import StreamingBody

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "boolean": (bool,),
    "timestamp": (datetime,),
    "blob": (bytes, StreamingBody),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}
DECODED = ("policyDocumentType",)  # boto3 turns IAM's policies from URL-encoded JSON into dictionaries


def violations(shape: Shape, value: Any, path: str = "") -> list[str]:
    """Where a value is not of a shape, a line each: missing required members, wrong types, values outside an enum."""
    kinds = (dict,) if shape.name in DECODED else PYTHON_TYPES[shape.type_name]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return [f"{path or 'answer'}: {shape.type_name} expected, found {type(value).__name__} {value!r:.80}"]
    if shape.type_name == "structure":
        return _in_structure(shape, value, path)
    if shape.type_name == "list":
        return [line for at, item in enumerate(value) for line in violations(shape.member, item, f"{path}[{at}]")]
    if shape.type_name == "map":
        return [line for key, item in value.items() for line in violations(shape.value, item, f"{path}.{key}")]
    choices = getattr(shape, "enum", None)
    if choices and value not in choices:
        return [f"{path}: {value!r} is none of {choices}"]
    return []


def _in_structure(shape: Shape, value: dict[str, Any], path: str) -> list[str]:
    found = [f"{path}.{name}: required, missing" for name in shape.required_members if name not in value]
    found += [f"{path}.{name}: not in the shape" for name in value if name not in shape.members]
    for name, member in shape.members.items():
        if name in value:
            found += violations(member, value[name], f"{path}.{name}")
    return found
