"""Parameter mappings: where a value goes in the outgoing request or the client's answer, and where it comes from.

Source: "Parameter mapping source reference for REST APIs in API Gateway".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.servers.api_gateway.document import section
from sandbox.servers.api_gateway.invocation import BackEndAnswer, Invocation
from sandbox.servers.api_gateway.jsonpath import compile_path
from sandbox.servers.api_gateway.payload import Payload
from sandbox.servers.api_gateway.velocity_values import show

STATIC = re.compile(r"^'(.*)'$", re.DOTALL)
UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
COMMON = re.compile(r"^(stageVariables|context)\.([^\s]+)$")

Source = Callable[[Invocation, BackEndAnswer], str | None]


@dataclass(frozen=True)
class Direction:
    """What a mapping may set and read on the way in or on the way out."""

    key: str
    target: re.Pattern[str]
    parameter: re.Pattern[str]
    body: re.Pattern[str]


REQUEST = Direction(
    "requestParameters",
    re.compile(r"^integration\.request\.(path|querystring|header)\.([^\s]+)$"),
    re.compile(r"^method\.request\.(path|querystring|header|multivaluequerystring|multivalueheader)\.([^\s]+)$"),
    re.compile(r"^method\.request\.body(?:\.(.+))?$"),
)
RESPONSE = Direction(
    "responseParameters",
    re.compile(r"^method\.response\.(header)\.([^\s]+)$"),
    re.compile(r"^integration\.response\.(header|multivalueheader)\.([^\s]+)$"),
    re.compile(r"^integration\.response\.body(?:\.(.+))?$"),
)
GATEWAY = Direction(
    "responseParameters", re.compile(r"^gatewayresponse\.(header)\.([^\s]+)$"), REQUEST.parameter, REQUEST.body
)


@dataclass(frozen=True)
class ParameterMapping:
    """One value to be set; `place` is path, querystring or header."""

    place: str
    name: str
    source: Source


def check(definition: Any, direction: Direction) -> Iterable[str]:
    """Faults of the mappings of an integration or of an integration response, one sentence each."""
    for target, source in section(definition, direction.key).items():
        if not direction.target.match(target):
            yield f"Invalid mapping expression parameter specified: {target}"
        elif not _known(str(source), direction):
            yield f"Invalid mapping expression specified: {source}"


def _known(source: str, direction: Direction) -> bool:
    patterns = (STATIC, COMMON, direction.parameter, direction.body)
    return any(pattern.match(source) for pattern in patterns)


def compile_mappings(definition: Any, direction: Direction, variables: Mapping[str, str]) -> list[ParameterMapping]:
    """The mappings of a checked definition, ready to be asked for each request."""
    found = []
    for target, source in section(definition, direction.key).items():
        match = direction.target.match(target)
        if match:
            read = _source(str(source), direction, variables)
            found.append(ParameterMapping(match[1], match[2], _fitting(read, match[1], str(source))))
    return found


def _fitting(read: Source, place: str, source: str) -> Source:
    """A source as its target needs it: a path keeps the client's percent signs, a header has one line."""
    if source.startswith("method.request.path.") and place != "path":
        read = _then(read, unquote)
    return _then(read, one_line) if place == "header" else read


def one_line(value: str) -> str:
    """A header's value with line ends and other control characters made blanks."""
    return UNPRINTABLE.sub(" ", value)


def _then(read: Source, change: Callable[[str], str]) -> Source:
    def changed(invocation: Invocation, answer: BackEndAnswer) -> str | None:
        value = read(invocation, answer)
        return None if value is None else change(value)

    return changed


def _source(expression: str, direction: Direction, variables: Mapping[str, str]) -> Source:
    if match := STATIC.match(expression):
        return _constant(match[1])
    if match := COMMON.match(expression):
        return _constant(variables.get(match[2])) if match[1] == "stageVariables" else _from_context(match[2])
    if match := direction.body.match(expression):
        return _from_body(direction, match[1])
    match = direction.parameter.match(expression)
    if match is None:
        return _constant(None)
    return _from_answer(match[1], match[2]) if direction is RESPONSE else _from_request(match[1], match[2])


def _constant(value: str | None) -> Source:
    return lambda _, __: value


def _from_context(path: str) -> Source:
    find = compile_path(f"$.{path}")

    def read(invocation: Invocation, _: BackEndAnswer) -> str | None:
        found = find(invocation.context)
        return show(found) if isinstance(found, str | int) else None

    return read


def _from_body(direction: Direction, path: str | None) -> Source:
    def payload(invocation: Invocation, answer: BackEndAnswer) -> Payload:
        return answer.payload if direction is RESPONSE else invocation.payload

    if path is None:
        return lambda invocation, answer: payload(invocation, answer).text
    return lambda invocation, answer: payload(invocation, answer).text_at(f"$.{path}")


def _from_request(place: str, name: str) -> Source:
    if place == "path":
        return lambda invocation, _: invocation.path_parameters.get(name)
    if place == "querystring":
        return lambda invocation, _: _last(invocation.query_values.get(name))
    if place == "multivaluequerystring":
        return lambda invocation, _: ",".join(invocation.query_values.get(name, [])) or None
    if place == "header":
        return lambda invocation, _: invocation.header(name)
    return lambda invocation, _: ",".join(invocation.header_values(name)) or None


def _from_answer(place: str, name: str) -> Source:
    if place == "header":
        return lambda _, answer: _last(answer.header_values(name))
    return lambda _, answer: ",".join(answer.header_values(name)) or None


def _last(values: list[str] | None) -> str | None:
    return values[-1] if values else None
