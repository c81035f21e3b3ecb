"""JSONPath as mapping templates and parameter mappings use it: `$`, `$.records[0].data`, `$['a b']`, `$..name`.

A definite path (names and indexes only) finds one value; any other (`..`, `*`, slices, filters) finds a list of them,
as Amazon's engine (Jayway JsonPath) does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse

STEP = re.compile(r"\.([^.\[\]()'\"*?@,: ]+)|\['([^']+)'\]|\[\"([^\"]+)\"\]|\[(\d+)\]")


class _Missing:
    """Nothing at the path; JSON's null is a value of its own."""


MISSING = _Missing()
Finder = Callable[[Any], Any]


@lru_cache(maxsize=8192)
def compile_path(path: str) -> Finder:
    """A function from a JSON value to what is at `path` in it, or `MISSING`. Raises `ValueError`: not a JSONPath."""
    steps = _definite_steps(path)
    if steps is not None:
        return lambda value: _walk(value, steps)
    try:
        compiled = parse(path)
    except (JSONPathError, AttributeError, TypeError) as error:
        raise ValueError(f"{path!r} is not a JSONPath") from error
    return lambda value: [match.value for match in compiled.find(value)]


def _definite_steps(path: str) -> list[str | int] | None:
    if not path.startswith("$"):
        raise ValueError(f"{path!r} is not a JSONPath: it does not start with $")
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        step = STEP.match(path, at)
        if step is None:
            return None
        steps.append(int(step[4]) if step[4] else step[1] or step[2] or step[3])
        at = step.end()
    return steps


def _walk(value: Any, steps: list[str | int]) -> Any:
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return MISSING
        elif not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value
