"""The pages of the runs: state, tasks, parameters, durations, and the executed notebook with its failing cell."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.servers.jobs.access import LOGIN, may_look
from sandbox.servers.jobs.answers import Answers
from sandbox.servers.jobs.errors import ApiError
from sandbox.servers.jobs.notebook_process import NotebookProcesses
from sandbox.servers.jobs.operations_runs import RunOperations
from sandbox.servers.jobs.page_texts import seconds_text, time_text

TEMPLATES = Path(__file__).with_name("templates")
# A notebook's output may hold scripts: none runs, and nothing is fetched from elsewhere.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "frame-src 'self'; frame-ancestors 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
NEWEST = 25


class Pages:
    """The pages.

    Args:
        token: the password for whoever is not the sandbox's owner; it is blotted out of what notebooks have printed.
    """

    def __init__(self, runs: RunOperations, answers: Answers, notebooks: NotebookProcesses, token: str) -> None:
        self._runs = runs
        self._answers = answers
        self._notebooks = notebooks
        self._token = token
        loader = FileSystemLoader(TEMPLATES)
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        self._templates.filters.update(seconds=seconds_text, moment=time_text)

    def routes(self) -> list[Route]:
        """The addresses of the pages."""
        run = "/jobs/{job_id:int}/runs/{run_id:int}"
        return [Route("/", self._list), Route(run, self._run), Route(f"{run}/notebook", self._notebook)]

    async def _list(self, request: Request) -> Response:
        """The newest runs."""
        listed = self._runs.list({"limit": NEWEST, "expand_tasks": True})
        return self._page(request, "runs.html", runs=listed.get("runs", []))

    async def _run(self, request: Request) -> Response:
        """One run with its tasks, or one attempt of a task with its notebook."""
        run_id = request.path_params["run_id"]
        try:
            run = self._runs.run(run_id)
        except ApiError as error:
            return PlainTextResponse(error.message, 404)
        if run_id == run.run_id:
            return self._page(request, "run.html", run=self._answers.run(run))
        attempt = run.attempt(run_id)
        shown = self._answers.output(run, attempt)
        there = (self._notebooks.folder(attempt) / "notebook.ipynb").exists()
        return self._page(request, "task.html", run=run, output=shown, task=shown["metadata"], notebook=there)

    def _page(self, request: Request, template: str, **values: Any) -> Response:
        if not may_look(request, self._token):
            return PlainTextResponse("Log in: any name, DATABRICKS_TOKEN as password (sandbox env).", 401, LOGIN)
        text = self._templates.get_template(template).render(**values)
        return HTMLResponse(text.replace(self._token, "[REDACTED]"), headers=HEADERS)

    async def _notebook(self, request: Request) -> Response:
        """The executed notebook, by nbconvert in a process of its own, so that this one stays small."""
        if not may_look(request, self._token):
            return PlainTextResponse("Log in.", 401, LOGIN)
        try:
            attempt = self._runs.run(request.path_params["run_id"]).attempt(request.path_params["run_id"])
        except (ApiError, StopIteration):
            return PlainTextResponse("There is no such run of a task.", 404)
        folder = self._notebooks.folder(attempt)
        source, page = folder / "notebook.ipynb", folder / "notebook.html"
        if not source.exists():
            return PlainTextResponse("The notebook has not begun.", 404)
        if not page.exists() or page.stat().st_mtime < source.stat().st_mtime:
            await convert(source, page)
        if not page.exists():
            return PlainTextResponse("The kill of this run has left no readable notebook.", 404)
        return FileResponse(page, media_type="text/html", headers=HEADERS)


async def convert(source: Path, page: Path) -> None:
    """Convert an executed notebook."""
    module = "sandbox.servers.jobs.convert_notebook"
    converter = await asyncio.create_subprocess_exec(sys.executable, "-m", module, str(source), str(page))
    await converter.wait()
