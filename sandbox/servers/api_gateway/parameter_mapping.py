"""`requestParameters` of an integration: where in the outgoing request a value goes, and where it comes from.

Source: "Parameter mapping source reference for REST APIs in API Gateway". Served are the sources
`method.request.path|querystring|header.NAME`, `stageVariables.NAME` and static values in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from sandbox.servers.api_gateway.document import Method, section
from sandbox.servers.api_gateway.invocation import Invocation

TARGET = re.compile(r"^integration\.request\.(path|querystring|header)\.([^\s]+)$")
SOURCE = re.compile(r"^(?:method\.request\.(path|querystring|header)|(stageVariables))\.([^\s]+)$")
STATIC = re.compile(r"^'(.*)'$", re.DOTALL)

Source = Callable[[Invocation], str | None]


@dataclass(frozen=True)
class ParameterMapping:
    """One value to be set in the outgoing request; `place` is path, querystring or header."""

    place: str
    name: str
    source: Source


def check(method: Method) -> Iterable[str]:
    """Faults of a method's mappings, one sentence each."""
    for target, source in section(method.integration, "requestParameters").items():
        if not TARGET.match(target):
            yield f"Invalid mapping expression parameter specified: {target}"
        elif not (SOURCE.match(str(source)) or STATIC.match(str(source))):
            yield f"Invalid mapping expression specified: {source}"


def compile_mappings(method: Method, variables: Mapping[str, str]) -> list[ParameterMapping]:
    """The mappings of a checked method, ready to be asked for each request."""
    found = []
    for target, source in section(method.integration, "requestParameters").items():
        match = TARGET.match(target)
        if match:
            found.append(ParameterMapping(match[1], match[2], _source(str(source), variables)))
    return found


def _source(expression: str, variables: Mapping[str, str]) -> Source:
    static = STATIC.match(expression)
    if static:
        return _constant(static[1])
    match = SOURCE.match(expression)
    if match is None or match[2]:
        return _constant(variables.get(match[3]) if match else None)
    return {"path": _from_path, "querystring": _from_query, "header": _from_header}[match[1]](match[3])


def _constant(value: str | None) -> Source:
    return lambda _: value


def _from_path(name: str) -> Source:
    return lambda invocation: invocation.path_parameters.get(name)


def _from_query(name: str) -> Source:
    return lambda invocation: parse_qs(invocation.query, keep_blank_values=True).get(name, [None])[-1]


def _from_header(name: str) -> Source:
    wanted = name.lower().encode()

    def read(invocation: Invocation) -> str | None:
        return next((value.decode("latin-1") for key, value in invocation.headers if key == wanted), None)

    return read
