"""The service as an ASGI application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.servers.jobs.access import require_token
from sandbox.servers.jobs.answers import Answers
from sandbox.servers.jobs.errors import ApiError, not_offered
from sandbox.servers.jobs.notebook_process import NotebookProcesses
from sandbox.servers.jobs.operations_clusters import get_cluster, spark_versions
from sandbox.servers.jobs.operations_jobs import JobOperations
from sandbox.servers.jobs.operations_runs import RunOperations
from sandbox.servers.jobs.pages import Pages
from sandbox.servers.jobs.requests import arguments_of
from sandbox.servers.jobs.scheduler import Scheduler
from sandbox.servers.jobs.spark_sessions import SparkSessions
from sandbox.servers.jobs.store import Store
from sandbox.servers.jobs.workspace import Workspace

WORKSPACE_ID = "1000000000000001"
VERSIONS = ("2.0", "2.1", "2.2")
# A web page elsewhere that has its own name lead here is refused.
HOSTS = ["127.0.0.1", "localhost"]

Operation = Callable[[Mapping[str, Any]], dict[str, Any]]


async def broken(request: Request, error: Exception) -> Response:
    """A fault of the service itself, whose trace is in its log."""
    message = f"{request.method} {request.url.path} failed: {type(error).__name__}: {error}"
    return JSONResponse({"error_code": "INTERNAL_ERROR", "message": message}, 500)


BROKEN: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = {Exception: broken}


class JobsService:
    """Holds what lives as long as the server.

    Args:
        state: the service's folder.
        notebooks: the workspace's notebooks.
        address: of the service, as its clients know it.
        token: that the API asks for.
    """

    def __init__(self, state: Path, notebooks: Path, address: str, token: str) -> None:
        self._token = token
        self._address = address
        self._store = Store(state / "jobs.sqlite")
        processes = NotebookProcesses(state, Workspace(notebooks), SparkSessions())
        self._scheduler = Scheduler(self._store, processes)
        answers = Answers(address)
        runs = RunOperations(self._store, self._scheduler, processes, answers)
        self._operations = operations(JobOperations(self._store, answers), runs)
        self._pages = Pages(runs, answers, processes, token)

    def application(self) -> Starlette:
        """The ASGI application."""
        routes = [Route("/api/{version}/{call:path}", self._call, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]
        routes.append(Route("/.well-known/databricks-config", self._metadata))
        trusted = Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)
        return Starlette(
            routes=[*routes, *self._pages.routes()],
            middleware=[trusted],
            lifespan=self._live,
            exception_handlers=BROKEN,
        )

    @contextlib.asynccontextmanager
    async def _live(self, _: Starlette) -> AsyncIterator[None]:
        """Go on with the runs of an earlier service; at the stop end what is under way."""
        self._scheduler.resume()
        yield
        await self._scheduler.close()
        self._store.close()

    async def _metadata(self, _: Request) -> Response:
        """What databricks-sdk asks of a host before its first call; sign-in by OAuth is not offered."""
        return JSONResponse({"workspace_id": WORKSPACE_ID, "oidc_endpoint": f"{self._address}/oidc"})

    async def _call(self, request: Request) -> Response:
        """Serve one call of the API."""
        try:
            require_token(request, self._token)
            version, call = request.path_params["version"], request.path_params["call"]
            operation = self._operations.get((request.method, call)) if version in VERSIONS else None
            if operation is None:
                raise not_offered(request.method, request.url.path)
            return JSONResponse(operation(await arguments_of(request)))
        except ApiError as error:
            return JSONResponse(error.document, error.status)


def operations(jobs: JobOperations, runs: RunOperations) -> dict[tuple[str, str], Operation]:
    """Every call that is offered, by method and path; the versions differ in nothing that the sandbox shows."""
    return {
        ("POST", "jobs/create"): jobs.create,
        ("GET", "jobs/get"): jobs.get,
        ("GET", "jobs/list"): jobs.list,
        ("POST", "jobs/reset"): jobs.reset,
        ("POST", "jobs/update"): jobs.update,
        ("POST", "jobs/delete"): jobs.delete,
        ("POST", "jobs/run-now"): runs.run_now,
        ("POST", "jobs/runs/submit"): runs.submit,
        ("GET", "jobs/runs/get"): runs.get,
        ("GET", "jobs/runs/get-output"): runs.get_output,
        ("GET", "jobs/runs/list"): runs.list,
        ("POST", "jobs/runs/cancel"): runs.cancel,
        ("POST", "jobs/runs/cancel-all"): runs.cancel_all,
        ("POST", "jobs/runs/delete"): runs.delete,
        ("GET", "clusters/get"): get_cluster,
        ("GET", "clusters/spark-versions"): spark_versions,
    }
