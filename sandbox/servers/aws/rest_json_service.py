"""A service of the REST-JSON protocol: what its boto3 client, the AWS CLI and Terraform speak to."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable

import orjson

from sandbox.servers.aws import sigv4
from sandbox.servers.aws.asgi import Receive, Scope, Send, read_body, respond
from sandbox.servers.aws.credentials import CredentialsFile
from sandbox.servers.aws.errors import NotImplementedOperationError, RequestTooLargeError, ServiceError
from sandbox.servers.aws.identifiers import request_id
from sandbox.servers.aws.rest_json import Answer, Call, Params, RestJson, read_params, write_answer

LOG = logging.getLogger(__name__)
MAX_BODY_BYTES = 6 * 1024 * 1024  # API Gateway's limit for an imported definition, the largest of these bodies

Operation = Callable[[Params], Params | Awaitable[Params]]
Headers = list[tuple[bytes, bytes]]


class RestJsonService:
    """Answers signed requests. One runs at a time from reading to saving: nothing that saves may wait in between.

    Args:
        protocol: the service's own description.
        operations: what is served, by the operation's name; any other operation of the service answers 501.
        credentials: the keys that may sign.
        extra_headers: what this service adds to every answer.
    """

    def __init__(
        self,
        protocol: RestJson,
        operations: Mapping[str, Operation],
        credentials: CredentialsFile,
        extra_headers: Callable[[], Headers] = list,
    ) -> None:
        self._protocol = protocol
        self._operations = operations
        self._credentials = credentials
        self._extra_headers = extra_headers

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = [(b"x-amzn-requestid", request_id().encode()), *self._extra_headers()]
        try:
            body = await read_body(scope, receive, MAX_BODY_BYTES)
            answer = await self._answer(scope, body)
        except ConnectionResetError:
            return
        except ServiceError as error:
            headers.append((b"x-amzn-errortype", error.code.encode()))
            answer = _error(error.status, str(error), error.members)
        except Exception:
            LOG.exception("%s %s failed inside the server", scope["method"], scope["path"])
            headers.append((b"x-amzn-errortype", b"InternalFailure"))
            answer = _error(500, "The request processing has failed; see the server's log", {})
        named = {"content-type": "application/json", **answer.headers}
        headers += [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
        await respond(send, answer.status, headers, answer.body)

    async def _answer(self, scope: Scope, body: bytes | None) -> Answer:
        if body is None:
            raise RequestTooLargeError(f"Request body is larger than {MAX_BODY_BYTES} bytes")
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        url = f"{path}?{query}" if query else path
        request = sigv4.SignedRequest(scope["method"], url, headers, body)
        sigv4.verify(request, self._protocol.signing_name, self._credentials)
        operation, path_values = self._protocol.find(scope["method"], path, query)
        run = self._operations.get(operation.name)
        if run is None:
            raise NotImplementedOperationError(f"The sandbox's {self._protocol.name} does not serve {operation.name}")
        found = run(read_params(operation, Call(path_values, query, headers, body)))
        return write_answer(operation, await found if isawaitable(found) else found)


def _error(status: int, message: str, members: Mapping[str, str]) -> Answer:
    return Answer(status, {}, orjson.dumps({"message": message, **members}))
