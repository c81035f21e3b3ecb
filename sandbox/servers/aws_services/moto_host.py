"""moto in this process: one application a service, made when the service is first called."""

from __future__ import annotations

from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import Client

from sandbox.servers.aws.errors import NotImplementedOperationError
from sandbox.servers.aws_services.answers import Answer
from sandbox.servers.aws_services.calls import Call
from sandbox.servers.aws_services.corrections import corrected
from sandbox.servers.aws_services.offered import OFFERED

# What moto reads of a request's headers. No other reaches it, so that a recorded call is answered as the first time.
PASSED = ("content-type", "content-encoding", "x-amz-target", "x-amzn-query-mode", "accept")
# What is the HTTP server's to say, and what lets a page of another site read the answer.
DROPPED = ("server", "date", "content-length", "connection", "status")


class MotoHost:
    """Runs calls of the offered services; no other path of moto, its dashboard and reset included, is reachable."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}

    def run(self, call: Call) -> Answer:
        """Run one call, whose signature was checked. Raises `NotImplementedOperationError`."""
        headers = {name: value for name, value in call.request.headers.items() if name in PASSED}
        scope = f"{call.access_key}/20000101/{call.region}/{call.service}/aws4_request"
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}"
        try:
            answer = self._client(call.service).open(
                "/", method=call.request.verb, query_string=_query(call), headers=headers, data=call.request.body
            )
        except NotImplementedError as error:
            service = OFFERED[call.service][0]
            raise NotImplementedOperationError(f"The sandbox's {service} does not serve {call.operation}.") from error
        return corrected(call, Answer(answer.status_code, _kept(answer), answer.get_data()))

    def _client(self, service: str) -> Client:
        if service not in self._clients:
            self._clients[service] = Client(create_backend_app(OFFERED[service][1]))  # type: ignore[arg-type]
        return self._clients[service]


def _query(call: Call) -> str:
    return call.request.url.partition("?")[2]


def _kept(answer: Any) -> list[tuple[bytes, bytes]]:
    kept = [(name.lower(), value) for name, value in answer.headers.items()]
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in kept
        if name not in DROPPED and not name.startswith("access-control-")
    ]
