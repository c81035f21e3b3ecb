"""The services as one ASGI application. Every request must be signed; nothing else is answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sandbox.servers.aws import sigv4
from sandbox.servers.aws.asgi import Receive, Scope, Send, read_body, respond
from sandbox.servers.aws.errors import RequestTooLargeError, ServiceError
from sandbox.servers.aws.sigv4 import SignedRequest
from sandbox.servers.aws_services.answers import Answer, error_answer
from sandbox.servers.aws_services.calls import form_of, read_call
from sandbox.servers.aws_services.identities import Identities
from sandbox.servers.aws_services.services import Services

LOG = logging.getLogger(__name__)
MAX_BODY_BYTES = 10 * 1024 * 1024  # ten times CloudWatch Logs' batch, the largest of these bodies
SHIP_SECONDS = 1.0


class AwsServices:
    """The ASGI application. Calls run one at a time in the event loop: moto guards nothing against threads.

    Args:
        services: what answers, replayed.
        identities: the keys that may sign.
        ship_logs: brings new lines of the sandbox's log files to CloudWatch Logs; called once a second.
    """

    def __init__(self, services: Services, identities: Identities, ship_logs: Callable[[], None]) -> None:
        self._services = services
        self._identities = identities
        self._ship_logs = ship_logs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the whole life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            body = await read_body(scope, receive, MAX_BODY_BYTES)
        except ConnectionResetError:
            return
        answer = self._answer(_request(scope, body or b""), body is None)
        await respond(send, answer.status, answer.headers, answer.body)

    def _answer(self, request: SignedRequest, too_large: bool) -> Answer:
        form = form_of(request)
        try:
            if too_large:
                raise RequestTooLargeError(f"Request body is larger than {MAX_BODY_BYTES} bytes")
            call = read_call(request)
            form = call.form
            sigv4.verify(request, call.service, self._identities)
            return self._services.run(call)
        except ServiceError as error:
            return error_answer(form, error)
        except Exception:
            LOG.exception("%s %s failed inside the server", request.verb, request.headers.get("x-amz-target", ""))
            return error_answer(form, ServiceError("The request processing has failed; see the server's log"))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._ship_logs()
        shipper = asyncio.create_task(self._keep_shipping())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        shipper.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep_shipping(self) -> None:
        while True:
            await asyncio.sleep(SHIP_SECONDS)
            try:
                self._ship_logs()
            except Exception:
                LOG.exception("the log files' new lines are not in CloudWatch Logs; trying again")


def _request(scope: Scope, body: bytes) -> SignedRequest:
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return SignedRequest(scope["method"], f"{path}?{query}" if query else path, headers, body)
