"""What travels between the gateway and an integration."""

from __future__ import annotations

from dataclasses import dataclass

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Invocation:
    """A request that found its method and may pass. Header names are lower case; `query` is as the client sent it."""

    request_id: str
    trace_id: str
    api_id: str
    verb: str
    path_parameters: dict[str, str]
    query: str
    headers: Headers
    body: bytes
    client_ip: str
    server_port: int


@dataclass(slots=True)
class IntegrationAnswer:
    """What an integration answers the client, and what its back end said (`integration_status`, in the access log)."""

    status: int
    headers: Headers
    body: bytes
    integration_status: int
