"""A service of the JSON protocol: what its boto3 client, the AWS CLI and Terraform speak to."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from sandbox.servers.aws import sigv4
from sandbox.servers.aws.asgi import Receive, Scope, Send, read_body, respond
from sandbox.servers.aws.credentials import CredentialsFile
from sandbox.servers.aws.errors import (
    NotImplementedOperationError,
    RequestTooLargeError,
    SerializationError,
    ServiceError,
)
from sandbox.servers.aws.identifiers import request_id
from sandbox.servers.aws.json_protocol import JsonProtocol

LOG = logging.getLogger(__name__)

Operation = Callable[[Any], Awaitable[Any]]
Decoders = Mapping[str, "msgspec.json.Decoder[Any]"]


class JsonService:
    """Answers signed requests.

    Args:
        protocol: the service's own description.
        operations: what is served, by the operation's name; any other operation of the service answers 501. One takes
            its parameters and returns what `msgspec.json` can write, or None for an empty answer.
        decoders: the fast way to the parameters of an operation: its decoder reads them from the body into a type of
            its own. A body that it refuses is read by the service's description, which knows Amazon's words for that.
        credentials: the keys that may sign.
        max_body_bytes: the longest body that is read.
    """

    def __init__(
        self,
        protocol: JsonProtocol,
        operations: Mapping[str, Operation],
        decoders: Decoders,
        credentials: CredentialsFile,
        max_body_bytes: int,
    ) -> None:
        self._protocol = protocol
        self._operations = operations
        self._decoders = decoders
        self._credentials = credentials
        self._max_body_bytes = max_body_bytes
        self._content_type = protocol.content_type.encode()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = [(b"content-type", self._content_type), (b"x-amzn-requestid", request_id().encode())]
        try:
            body = await read_body(scope, receive, self._max_body_bytes)
            status, answer = 200, await self._answer(scope, body)
        except ConnectionResetError:
            return
        except ServiceError as error:
            status, answer = _status(error), msgspec.json.encode(_told(error))
        except Exception:
            LOG.exception("%s %s failed inside the server", scope["method"], scope["path"])
            status, answer = 500, msgspec.json.encode({"__type": "InternalFailure"})
        await respond(send, status, headers, answer)

    async def _answer(self, scope: Scope, body: bytes | None) -> bytes:
        if body is None:
            raise RequestTooLargeError(f"Request body is larger than {self._max_body_bytes} bytes")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        operation = self._protocol.find(headers.get("x-amz-target", ""))
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        url = f"{path}?{query}" if query else path
        request = sigv4.SignedRequest(scope["method"], url, headers, body)
        sigv4.verify(request, self._protocol.signing_name, self._credentials)
        run = self._operations.get(operation)
        if run is None:
            raise NotImplementedOperationError(f"The sandbox's {self._protocol.name} does not serve {operation}")
        answer = await run(self._read(operation, body))
        return b"" if answer is None else msgspec.json.encode(answer)

    def _read(self, operation: str, body: bytes) -> Any:
        decoder = self._decoders.get(operation)
        if decoder is None:
            return self._protocol.read(operation, body)
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return msgspec.convert(self._protocol.read(operation, body), decoder.type)


def _status(error: ServiceError) -> int:
    """The JSON protocol answers 400 to whatever is the client's fault, a wrong signature included."""
    return error.status if error.status >= 500 or isinstance(error, RequestTooLargeError) else 400


def _told(error: ServiceError) -> dict[str, str]:
    """The body of an error. Only a SerializationException writes `Message` with a capital, as Amazon does."""
    name = "Message" if isinstance(error, SerializationError) else "message"
    return {"__type": error.code} | ({name: str(error)} if str(error) else {})
