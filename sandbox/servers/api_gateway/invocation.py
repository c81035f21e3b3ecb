"""What travels between the gateway and an integration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import parse_qs, unquote

from sandbox.servers.api_gateway.execution_log import ExecutionLog
from sandbox.servers.api_gateway.payload import Payload
from sandbox.servers.api_gateway.velocity_values import HeaderMap, VelocityMap
from sandbox.servers.aws.identifiers import ACCOUNT_ID

Headers = list[tuple[bytes, bytes]]


@dataclass
class Invocation:
    """A request. Header names are lower case; `query` is as the client sent it.

    What follows from its route (resource, path parameters, body) is set when the route is found.

    Attributes:
        path: what the client asked for, stage included.
        path_parameters: by name, still percent-encoded.
        variables: the stage's variables.
        started_at: seconds since 1970.
        log: takes down each step of a test invocation; None for a client's request.
    """

    request_id: str
    extended_id: str
    trace_id: str
    api_id: str
    stage: str
    path: str
    verb: str
    query: str
    headers: Headers
    client_ip: str
    server_port: int
    protocol: str
    started_at: float
    resource_id: str = ""
    resource_path: str = ""
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    api_key_id: str = ""
    log: ExecutionLog | None = None

    def header(self, name: str) -> str | None:
        """The last value of a request header; the name in any case."""
        return self.header_map[name] if name in self.header_map else None  # noqa: SIM401 (names in any case)

    def header_values(self, name: str) -> list[str]:
        """All values of a request header; the name in any case."""
        return _values(self.headers, name)

    @cached_property
    def payload(self) -> Payload:
        """The body, for templates and mappings."""
        return Payload(self.body)

    @cached_property
    def query_values(self) -> dict[str, list[str]]:
        """The query string's values by name."""
        return parse_qs(self.query, keep_blank_values=True)

    @cached_property
    def header_map(self) -> HeaderMap:
        """The last value of each header."""
        return HeaderMap({name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers})

    @cached_property
    def params(self) -> VelocityMap:
        """`$input.params()`."""
        path = {name: unquote(value) for name, value in self.path_parameters.items()}
        query = {name: values[-1] for name, values in self.query_values.items()}
        return VelocityMap(path=VelocityMap(path), querystring=VelocityMap(query), header=self.header_map)

    @cached_property
    def context(self) -> VelocityMap:
        """`$context`, with the overrides that a template may set."""
        return VelocityMap(
            accountId=ACCOUNT_ID,
            apiId=self.api_id,
            domainName=self.header("host") or "",
            extendedRequestId=self.extended_id,
            httpMethod=self.verb,
            identity=self._identity(),
            path=self.path,
            protocol=self.protocol,
            requestId=self.request_id,
            requestOverride=VelocityMap(header=VelocityMap(), path=VelocityMap(), querystring=VelocityMap()),
            requestTime=clf_time(self.started_at),
            requestTimeEpoch=int(self.started_at * 1000),
            resourceId=self.resource_id,
            resourcePath=self.resource_path,
            responseOverride=VelocityMap(header=VelocityMap(), status=0),
            stage=self.stage,
            xrayTraceId=self.trace_id,
        )

    def _identity(self) -> VelocityMap:
        return VelocityMap(
            apiKey=(self.header("x-api-key") or "") if self.api_key_id else "",
            apiKeyId=self.api_key_id,
            sourceIp=self.client_ip,
            userAgent=self.header("user-agent") or "",
        )


def clf_time(seconds: float) -> str:
    """A time (seconds since 1970) as the common log format has it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


@dataclass
class BackEndAnswer:
    """What a back end said."""

    status: int
    headers: Headers
    body: bytes

    def header_values(self, name: str) -> list[str]:
        """All values of a header; the name in any case."""
        return _values(self.headers, name)

    @cached_property
    def payload(self) -> Payload:
        """The body, for templates and mappings."""
        return Payload(self.body)


NO_ANSWER = BackEndAnswer(0, [], b"")


def _values(headers: Headers, name: str) -> list[str]:
    wanted = name.lower().encode()
    return [value.decode("latin-1") for key, value in headers if key.lower() == wanted]


@dataclass(slots=True)
class IntegrationAnswer:
    """What an integration answers the client, and what its back end said (`integration_status`, in the access log)."""

    status: int
    headers: Headers
    body: bytes
    integration_status: int
