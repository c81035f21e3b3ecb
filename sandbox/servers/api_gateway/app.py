"""The gateway as one ASGI application: invoke URLs to the data plane, the service's paths to the control plane."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from sandbox.servers.api_gateway.access import AccessTable
from sandbox.servers.api_gateway.data_plane import DataPlane, InvokeTarget, locate
from sandbox.servers.api_gateway.deployed_stage import DeployedStages
from sandbox.servers.api_gateway.identifiers import extended_request_id
from sandbox.servers.api_gateway.operations import operations
from sandbox.servers.api_gateway.operations_test_invoke import InvokeTest
from sandbox.servers.api_gateway.quota import QuotaBook
from sandbox.servers.api_gateway.state import State
from sandbox.servers.aws.asgi import Receive, Scope, Send, respond
from sandbox.servers.aws.credentials import CredentialsFile
from sandbox.servers.aws.errors import StateError
from sandbox.servers.aws.rest_json import RestJson
from sandbox.servers.aws.rest_json_service import Operation, RestJsonService
from sandbox.servers.aws.store import Store
from sandbox.servers.request_log import RequestLog

LOG = logging.getLogger(__name__)
UPSTREAM_CONNECTIONS = 256
# Shorter than the 5 s after which uvicorn's servers close an idle connection, so that none dies as a POST goes out.
UPSTREAM_KEEP_ALIVE_SECONDS = 4.0
QUOTA_WRITE_SECONDS = 1.0
HEALTH_CHECK = "/ping"  # Amazon's own, reserved on every API


class Gateway:
    """The ASGI application. Raises `StateError` when the state folder cannot be read."""

    def __init__(self, state_folder: Path, credentials_file: Path) -> None:
        store = Store(state_folder)
        state = State(store)
        self._quotas = QuotaBook(store)
        self._stages = DeployedStages()
        self._access = AccessTable(self._quotas)
        self._log = RequestLog(sys.stdout.buffer)
        protocol = RestJson("apigateway")
        self._control_roots = protocol.roots
        invoke_test = InvokeTest(state, self._session)
        served: dict[str, Operation] = {
            **operations(protocol, state, self._quotas),
            "TestInvokeMethod": invoke_test.run,
        }
        self._control_plane = RestJsonService(protocol, served, CredentialsFile(credentials_file), _amazons_own_id)
        self._data_plane: DataPlane | None = None
        self._back_ends: ClientSession | None = None
        self._follow(state)
        state.on_change = lambda: self._follow(state)

    def _session(self) -> ClientSession:
        """The client to the back ends, which lives as long as the server."""
        assert self._back_ends is not None, "the server has started"
        return self._back_ends

    def _follow(self, state: State) -> None:
        self._stages.rebuild(state)
        self._access.rebuild(state)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the whole life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path = scope["raw_path"].decode("latin-1")
        target = self._invoked(path)
        if path == HEALTH_CHECK:
            await respond(send, 200, [(b"content-type", b"text/plain")], b"healthy")
        elif target is None or self._data_plane is None:
            await self._control_plane.serve(scope, receive, send)
        else:
            await self._data_plane.serve(target, scope, receive, send)

    def _invoked(self, path: str) -> InvokeTarget | None:
        """What an invoke URL names; None for the service's own paths. An API's identifier is never one of those."""
        target = locate(path)
        if target is None or path.startswith("/restapis/"):
            return target
        return None if target.api_id in self._control_roots else target

    async def _live(self, receive: Receive, send: Send) -> None:
        """Hold what is bound to the event loop from the server's start to its stop."""
        await receive()
        session = self._back_ends = _new_session()
        self._data_plane = DataPlane(self._stages, self._access, self._log, session)
        quota_writer = asyncio.create_task(self._write_quotas())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        quota_writer.cancel()
        self._quotas.write()
        self._log.flush()
        await session.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _write_quotas(self) -> None:
        while True:
            await asyncio.sleep(QUOTA_WRITE_SECONDS)
            try:
                self._quotas.write()
            except StateError:
                LOG.exception("quota counts are not on disk yet; trying again in %s s", QUOTA_WRITE_SECONDS)


def _new_session() -> ClientSession:
    """The client to the back ends: passes bytes as they are and keeps connections."""
    connector = TCPConnector(limit=UPSTREAM_CONNECTIONS, keepalive_timeout=UPSTREAM_KEEP_ALIVE_SECONDS)
    return ClientSession(connector=connector, auto_decompress=False, cookie_jar=DummyCookieJar(), trust_env=False)


def _amazons_own_id() -> list[tuple[bytes, bytes]]:
    return [(b"x-amz-apigw-id", extended_request_id().encode())]
