"""Both services as one ASGI application: a request goes to the service that its signature is for."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from botocore.model import OperationModel

from sandbox.servers.aws import constraints
from sandbox.servers.aws.asgi import Receive, Scope, Send
from sandbox.servers.aws.credentials import CredentialsFile
from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.rest_json import Params, RestJson
from sandbox.servers.aws.rest_json_service import RestJsonService
from sandbox.servers.aws.store import Store
from sandbox.servers.msk import (
    operations_clusters,
    operations_connectors,
    operations_plugins,
    operations_tags,
    operations_worker_configurations,
)
from sandbox.servers.msk.plugin_files import PluginFiles
from sandbox.servers.msk.state import Broker, State
from sandbox.servers.msk.steward import Steward
from sandbox.servers.msk.worker_folder import WorkerFolder

# Both services have /v1/tags/{arn}, so that the path does not tell them apart.
SIGNED_FOR = re.compile(rb"Credential=[^/,]*/[^/,]*/[^/,]*/([a-z]+)/")
KAFKA, KAFKA_CONNECT = "kafka", "kafkaconnect"

Run = Callable[[State, Params], Params]
KAFKA_OPERATIONS: Mapping[str, Run] = operations_clusters.OPERATIONS
KAFKA_CONNECT_OPERATIONS: Mapping[str, Run] = {
    **operations_connectors.OPERATIONS,
    **operations_plugins.OPERATIONS,
    **operations_tags.OPERATIONS,
    **operations_worker_configurations.OPERATIONS,
}


class Msk:
    """The ASGI application. Raises `StateError` when the state folder cannot be read.

    Args:
        folder: the state folder; `log_groups.json` in it tells which connector's log lines go to which log group.
        credentials_file: the keys that may sign.
        broker: the cluster.
        worker: the folder of connector definitions that the worker follows.
        files: tells of plugin files.
    """

    def __init__(
        self, folder: Path, credentials_file: Path, broker: Broker, worker: WorkerFolder, files: PluginFiles
    ) -> None:
        state = State(Store(folder), broker, worker)
        credentials = CredentialsFile(credentials_file)
        self._steward = Steward(state, files, folder / "log_groups.json")
        self._services = {
            KAFKA: _service(KAFKA, KAFKA_OPERATIONS, state, credentials),
            KAFKA_CONNECT: _service(KAFKA_CONNECT, KAFKA_CONNECT_OPERATIONS, state, credentials),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the whole life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._services[_signed_for(scope)].serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Have the steward work from the server's start to its stop."""
        await receive()
        steward = asyncio.create_task(self._steward.work())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        steward.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await steward
        await send({"type": "lifespan.shutdown.complete"})


def _signed_for(scope: Scope) -> str:
    """The service that a signature names; MSK answers what is not signed, or signed for neither."""
    authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    match = SIGNED_FOR.search(authorization)
    return KAFKA_CONNECT if match and match[1] == KAFKA_CONNECT.encode() else KAFKA


def _service(name: str, operations: Mapping[str, Run], state: State, credentials: CredentialsFile) -> RestJsonService:
    protocol = RestJson(name)
    runs = {each: partial(_checked, protocol.operation(each), run, state) for each, run in operations.items()}
    return RestJsonService(protocol, runs, credentials)


def _checked(operation: OperationModel, run: Run, state: State, params: Params) -> Params:
    if operation.input_shape is not None:
        constraints.check(operation.input_shape, params, error=BadRequestError)
    return run(state, params)
