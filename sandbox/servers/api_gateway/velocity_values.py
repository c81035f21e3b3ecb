"""JSON values as Amazon's template engine shows them: a Java map prints as `{a=1, b=x}`, a list as JSON.

So a template that encodes a map as it is sends `{key=value}`; `$input.json(...)` is what gives JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import orjson
from airspeed import operators

# What airspeed asks of a map itself; Python's other methods (`items`, `copy`) are no names of a template's.
_NEEDED_BY_AIRSPEED = frozenset(["keys", "__class__"])
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class VelocityMap(dict[str, Any]):
    """A map of a template: names are its keys or Java's methods, never Python's. What is in it becomes a template's
    value when it is asked for."""

    def __getattribute__(self, name: str) -> Any:
        if name not in _NEEDED_BY_AIRSPEED:
            raise AttributeError(name)
        return super().__getattribute__(name)

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if type(value) is dict or type(value) is list:
            value = self[name] = velocity(value)
        return value

    def __str__(self) -> str:
        return "{" + ", ".join(f"{key}={show(self[key])}" for key in dict.keys(self)) + "}"


class VelocityList(list[Any]):
    """A list of a template."""

    def __getitem__(self, index: Any) -> Any:
        value = velocity(super().__getitem__(index))
        self[index] = value
        return value

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __str__(self) -> str:
        return to_json(_plain(self))


def velocity(value: Any) -> Any:
    """A JSON value as a template's value."""
    if type(value) is dict:
        return VelocityMap(value)
    return VelocityList(value) if type(value) is list else value


def map_at(value: Any, *keys: str) -> dict[str, Any]:
    """The map found by following keys, as a plain dict; an empty one where a template put something else."""
    for key in keys:
        value = value[key] if isinstance(value, dict) and key in value else None
    return dict(dict.items(value)) if isinstance(value, dict) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in dict.items(value)}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def show(value: Any) -> str:
    """A value as it prints."""
    return str(operators.value_to_string(value))


def to_json(value: Any) -> str:
    """A JSON value as compact text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer of more than 64 bits, half of a surrogate pair, deep nesting
        return _ENCODER.encode(value)


def parse_json(text: str) -> Any:
    """What JSON text holds, integers of any length as they are. Raises `ValueError` for anything else."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _replace_all(text: str, pattern: str, replacement: str) -> str:
    return re.sub(pattern, _python_replacement(replacement), text)


@lru_cache(maxsize=64)
def _python_replacement(replacement: str) -> str:
    """Java's replacement: `$1` is a group, a backslash takes the next character as it is."""
    return re.sub(r"\\(.)|\$(\d)|\\", lambda part: rf"\g<{part[2]}>" if part[2] else part[1] or "", replacement)


def _put(target: dict[str, Any], key: str, value: Any) -> Any:
    before = dict.get(target, key)
    target[key] = value
    return before


def _add(target: list[Any], value: Any) -> bool:
    target.append(value)
    return True


Methods = dict[str, Callable[..., Any]]
_ANY: Methods = {"toString": show, "equals": lambda value, other: value == other}
_TEXT: Methods = {
    **_ANY,
    "length": len,
    "isEmpty": lambda text: not text,
    "contains": lambda text, part: part in text,
    "startsWith": lambda text, part: text.startswith(part),
    "endsWith": lambda text, part: text.endswith(part),
    "indexOf": lambda text, part: text.find(part),
    "substring": lambda text, start, end=None: text[start:end],
    "matches": lambda text, pattern: re.fullmatch(pattern, text) is not None,
    "replaceAll": _replace_all,
    "split": lambda text, pattern: VelocityList(re.split(pattern, text)),
    "toLowerCase": lambda text: text.lower(),
    "toUpperCase": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "equalsIgnoreCase": lambda text, other: text.lower() == str(other).lower(),
}
_LIST: Methods = {
    **_ANY,
    "size": len,
    "isEmpty": lambda items: not items,
    "get": lambda items, index: items[index],
    "contains": lambda items, value: value in items,
    "add": _add,
    "set": operators.array_set,
}
_MAP: Methods = {
    **_ANY,
    "size": len,
    "isEmpty": lambda found: not found,
    "get": lambda found, key: found[key] if key in found else None,  # noqa: SIM401 (a header map overrides [])
    "put": _put,
    "putAll": dict.update,
    "containsKey": lambda found, key: key in found,
    "keySet": lambda found: VelocityList(dict.keys(found)),
    "values": lambda found: VelocityList(dict.values(found)),
    "entrySet": lambda found: VelocityList(
        VelocityMap({"key": key, "value": value}) for key, value in dict.items(found)
    ),
}


class HeaderMap(VelocityMap):
    """Headers by name, whatever the case of its letters; kept in lower case."""

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())


# airspeed's own seam for methods of Java's that a Python type lacks.
operators.__additional_methods__.update(
    {str: _TEXT, list: _LIST, dict: _MAP, VelocityList: _LIST, VelocityMap: _MAP, HeaderMap: _MAP, int: _ANY}
)
