"""Whether a value is the expected one, and the placeholders in what is sent and expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jmespath

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "<int>": int,
    "<str>": str,
    "<list>": list,
    "<map>": dict,
    "<bool>": bool,
    "<number>": (int, float),
}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def matches(expected: Any, found: Any) -> bool:
    """Equal; of the type that is named (`<int>`); or a text in which the expression after `~` is found."""
    if isinstance(expected, str) and expected in TYPES:
        return isinstance(found, TYPES[expected]) and (expected == "<bool>" or not isinstance(found, bool))
    if isinstance(expected, str) and expected.startswith("~"):
        return isinstance(found, str) and re.search(expected[1:], found) is not None
    if isinstance(found, bytes) and isinstance(expected, str):
        return found == expected.encode()
    return bool(expected == found)


def differences(expected: Mapping[str, Any], answer: Any) -> list[str]:
    """What is not as expected, a line each: the JMESPath, the expected and the found value."""
    found = {path: jmespath.search(path, answer) for path in expected}
    return [
        f"{path}: expected {value!r}, found {found[path]!r}"
        for path, value in expected.items()
        if not matches(value, found[path])
    ]


def fill(value: Any, values: Mapping[str, Any]) -> Any:
    """Put values for their names in braces, at any depth; what names no value stays, for `{proxy}` is a text too.

    A text that is one placeholder takes the value as it is, whatever its type.
    """
    if isinstance(value, dict):
        return {fill(key, values): fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    if not isinstance(value, str):
        return value
    whole = PLACEHOLDER.fullmatch(value)
    if whole and whole[1] in values:
        return values[whole[1]]
    return PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), value)


def placeholders(value: Any) -> set[str]:
    """The names in braces, at any depth."""
    if isinstance(value, dict):
        return placeholders(list(value.items()))
    if isinstance(value, list | tuple):
        return {name for item in value for name in placeholders(item)}
    return set(PLACEHOLDER.findall(value)) if isinstance(value, str) else set()
