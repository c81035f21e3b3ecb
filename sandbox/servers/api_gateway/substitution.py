"""`$context` and `$stageVariables` in a text that is no Velocity: access log formats and gateway responses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.servers.api_gateway.jsonpath import compile_path
from sandbox.servers.api_gateway.velocity_values import show

VARIABLE = re.compile(r"\$\{?(context|stageVariables)\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\}?")

Substitution = Callable[[Mapping[str, Any], Mapping[str, str]], str]


def compile_format(text: str, otherwise: str) -> Substitution:
    """A function from `$context` and the stage's variables to the text; `otherwise` stands where there is no value."""
    pieces = VARIABLE.split(text)  # text, kind, name, text, ...
    finders = [(kind, compile_path(f"$.{name}")) for kind, name in zip(pieces[1::3], pieces[2::3], strict=True)]

    def fill(context: Mapping[str, Any], variables: Mapping[str, str]) -> str:
        sources = {"context": context, "stageVariables": variables}
        values = [find(sources[kind]) for kind, find in finders]
        shown = [show(value) if isinstance(value, str | int | float) and value != "" else otherwise for value in values]
        return pieces[0] + "".join(value + after for value, after in zip(shown, pieces[3::3], strict=True))

    return fill
