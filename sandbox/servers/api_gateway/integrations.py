"""The seam between a route and its back end: the integration types that are served.

A type is a file of its own with a `check`, a `build` and a line in `TYPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from aiohttp import ClientSession

from sandbox.servers.api_gateway import aws_integration, http_integration, http_proxy, mock_integration, vpc_link
from sandbox.servers.api_gateway.document import Method
from sandbox.servers.api_gateway.invocation import IntegrationAnswer, Invocation
from sandbox.servers.aws.errors import BadRequestError

MIN_TIMEOUT_MS, MAX_TIMEOUT_MS = 50, 29_000


class Integration(Protocol):
    """What answers an invocation."""

    async def invoke(self, invocation: Invocation, session: ClientSession) -> IntegrationAnswer:
        """The answer for the client. Raises `gateway_responses.Refused` where Amazon answers for the back end."""
        ...


@dataclass(frozen=True)
class IntegrationType:
    """How a type is checked at import (faults as sentences), and built for a stage (timeout in s, stage variables)."""

    check: Callable[[Method], Iterable[str]]
    build: Callable[[Method, float, Mapping[str, str]], Integration]


TYPES: dict[str, IntegrationType] = {
    "http_proxy": IntegrationType(http_proxy.check, http_proxy.build),
    "http": IntegrationType(http_integration.check, http_integration.build),
    "aws": IntegrationType(aws_integration.check, aws_integration.build),
    "mock": IntegrationType(mock_integration.check, mock_integration.build),
}


def check_integration(method: Method) -> Iterable[str]:
    """Faults of a method's integration, whatever its type, one sentence each."""
    known = TYPES.get(_type_name(method))
    if known is None:
        yield f"integrations of type '{_type_name(method)}' are not served here; served are {', '.join(TYPES)}"
        return
    timeout = (method.integration or {}).get("timeoutInMillis", MAX_TIMEOUT_MS)
    if not isinstance(timeout, int) or not MIN_TIMEOUT_MS <= timeout <= MAX_TIMEOUT_MS:
        yield f"Timeout should be between {MIN_TIMEOUT_MS} ms and {MAX_TIMEOUT_MS} ms"
    yield from vpc_link.check(method.integration or {})
    yield from known.check(method)


def build_integration(method: Method, variables: Mapping[str, str]) -> Integration:
    """The integration of a method in a stage. Raises `BadRequestError` for a method that was never checked."""
    known = TYPES.get(_type_name(method))
    if method.integration is None or known is None:
        raise BadRequestError("No integration defined for method")
    if vpc_link.is_missing(method.integration, variables):
        return vpc_link.MissingLink()
    timeout = method.integration.get("timeoutInMillis", MAX_TIMEOUT_MS) / 1000
    return known.build(method, timeout, variables)


def _type_name(method: Method) -> str:
    return str((method.integration or {}).get("type", "")).lower()
