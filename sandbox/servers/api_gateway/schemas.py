"""Models and their references: `#/components/schemas/NAME` in the document, an address of Amazon's outside of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

REFERENCE = "#/components/schemas/"


def model_reference(name: str) -> str:
    """The reference to a model within the document."""
    return REFERENCE + name


def model_name(schema: dict[str, Any]) -> str | None:
    """The model that a schema is a reference to; None for a schema of its own."""
    reference = str(schema.get("$ref", ""))
    return reference.removeprefix(REFERENCE) if reference.startswith(REFERENCE) else None


def model_address(api_id: str) -> str:
    """What the address of a model begins with where Amazon shows one."""
    return f"https://apigateway.amazonaws.com/restapis/{api_id}/models/"


def moved_references(value: Any, old: str, new: str) -> Any:
    """A copy of a schema whose references that begin with `old` begin with `new`."""
    if isinstance(value, list):
        return [moved_references(item, old, new) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _moved(key, item, old, new) for key, item in value.items()}


def _moved(key: str, item: Any, old: str, new: str) -> Any:
    if key == "$ref" and isinstance(item, str) and item.startswith(old):
        return new + item.removeprefix(old)
    return moved_references(item, old, new)


def referenced_models(value: Any) -> Iterator[str]:
    """The names of the models that a part of the document refers to."""
    if isinstance(value, dict):
        name = model_name(value)
        yield from [name] if name else []
        value = list(value.values())
    for item in value if isinstance(value, list) else []:
        yield from referenced_models(item)
