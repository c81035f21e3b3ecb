"""The control plane: what boto3's `apigateway` client, the AWS CLI and Terraform speak to."""

from __future__ import annotations

import logging

import orjson

from sandbox.servers.api_gateway import sigv4
from sandbox.servers.api_gateway.asgi import Receive, Scope, Send, read_body, respond
from sandbox.servers.api_gateway.credentials import CredentialsFile
from sandbox.servers.api_gateway.errors import NotImplementedOperationError, RequestTooLargeError, ServiceError
from sandbox.servers.api_gateway.identifiers import extended_request_id, request_id
from sandbox.servers.api_gateway.operations import OPERATIONS
from sandbox.servers.api_gateway.protocol import Protocol, read_params, write_answer
from sandbox.servers.api_gateway.state import State

LOG = logging.getLogger(__name__)
MAX_BODY_BYTES = 6 * 1024 * 1024  # the service's limit for an imported definition


class ControlPlane:
    """Answers signed requests. One runs at a time from reading to saving: nothing in between waits."""

    def __init__(self, state: State, credentials: CredentialsFile, protocol: Protocol) -> None:
        self._state = state
        self._credentials = credentials
        self._protocol = protocol

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = [(b"content-type", b"application/json"), (b"x-amzn-requestid", request_id().encode())]
        headers.append((b"x-amz-apigw-id", extended_request_id().encode()))
        try:
            body = await read_body(scope, receive, MAX_BODY_BYTES)
            status, answer = self._answer(scope, body)
        except ConnectionResetError:
            return
        except ServiceError as error:
            headers.append((b"x-amzn-errortype", error.code.encode()))
            status, answer = error.status, orjson.dumps({"message": str(error)})
        except Exception:
            LOG.exception("%s %s failed inside the gateway", scope["method"], scope["path"])
            headers.append((b"x-amzn-errortype", b"InternalFailure"))
            status, answer = 500, orjson.dumps({"message": "The request processing has failed; see the gateway's log"})
        await respond(send, status, headers, answer)

    def _answer(self, scope: Scope, body: bytes | None) -> tuple[int, bytes]:
        if body is None:
            raise RequestTooLargeError(f"Request body is larger than {MAX_BODY_BYTES} bytes")
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        url = f"{path}?{query}" if query else path
        sigv4.verify(sigv4.SignedRequest(scope["method"], url, headers, body), self._credentials)
        operation, path_values = self._protocol.find(scope["method"], path, query)
        run = OPERATIONS.get(operation.name)
        if run is None:
            raise NotImplementedOperationError(f"The sandbox's API Gateway does not serve {operation.name}")
        params = read_params(operation, path_values, query, body)
        return write_answer(operation, run(self._state, params))
