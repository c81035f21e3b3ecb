"""HTTP requests and answers over ASGI, no more of them than the API needs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from sandbox.servers.rest_proxy.errors import RequestTooLargeError, SlowRequestError

MAX_BODY_BYTES = 10 * 1024 * 1024
_BODY_SECONDS = 30

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete: nobody awaits an answer."""


@dataclass(slots=True, frozen=True)
class Answer:
    """What a request is answered with.

    Attributes:
        body: JSON.
        status: HTTP status.
        logged: what the request log says besides.
        headers: headers besides content type and length.
        content_type: of the body, where it is not what the Accept header asks of any answer.
    """

    body: bytes
    status: int = 200
    logged: Mapping[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes | None = None


NO_CONTENT = Answer(b"", status=204)


class Request:
    """A request whose body has not been read yet."""

    __slots__ = ("_receive", "_scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive

    @property
    def method(self) -> str:
        """GET for HEAD too: the server drops the body of its answer."""
        return "GET" if self.verb == "HEAD" else self.verb

    @property
    def verb(self) -> str:
        """The method as the client named it."""
        return str(self._scope["method"])

    @property
    def raw_path(self) -> str:
        """The path as it came, still percent-encoded, without its query."""
        return str(self._scope["raw_path"].decode("latin-1"))

    @property
    def path(self) -> list[str]:
        """Segments of the path, decoded."""
        path: str = self._scope["path"]
        return path.strip("/").split("/")

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the query; of a repeated one the last counts."""
        text: bytes = self._scope.get("query_string", b"")
        return dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True))

    @property
    def url(self) -> str:
        """The address that the client used, without query."""
        host = self.header(b"host").decode("latin-1")
        return f"{self._scope.get('scheme', 'http')}://{host}{self.raw_path.rstrip('/')}"

    def header(self, name: bytes) -> bytes:
        """A header by its name in small letters; of several they are joined, of none it is empty."""
        return b",".join(value for key, value in self._scope["headers"] if key == name)

    async def body(self) -> bytes:
        """Read the body.

        Raises:
            RequestTooLargeError: it is longer than the proxy takes, or says so.
            SlowRequestError: it did not arrive in time.
            ClientGoneError: it never will.
        """
        length = self.header(b"content-length")
        if length.isdigit() and int(length) > MAX_BODY_BYTES:
            raise RequestTooLargeError(MAX_BODY_BYTES)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return await self._read()
        except TimeoutError:
            raise SlowRequestError from None

    async def gone(self) -> None:
        """Wait until the client closes the connection; the body must have been read, or be none."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _read(self) -> bytes:
        chunks: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > MAX_BODY_BYTES:
                raise RequestTooLargeError(MAX_BODY_BYTES)
            more = message.get("more_body", False)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def send_answer(send: Send, answer: Answer, content_type: bytes) -> None:
    """Send an answer over ASGI."""
    headers = [*answer.headers]
    if answer.status != NO_CONTENT.status:
        headers += [
            (b"content-type", answer.content_type or content_type),
            (b"content-length", str(len(answer.body)).encode()),
        ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
