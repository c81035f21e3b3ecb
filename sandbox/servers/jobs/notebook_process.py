"""One attempt of a task: its notebook, run by papermill in processes that end with it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from sandbox.papermill_run import KERNEL_VARIABLES, command
from sandbox.servers.jobs.executed_notebook import CLUSTER_LOST_MESSAGE, cluster_lost, failure
from sandbox.servers.jobs.marked_processes import MARK, end_marked
from sandbox.servers.jobs.runs import FAILED, INTERNAL_ERROR, SUCCESS, TERMINATED, Attempt, Outcome, State
from sandbox.servers.jobs.spark_sessions import SparkSessions
from sandbox.servers.jobs.task_settings import NotebookTask
from sandbox.servers.jobs.workspace import NotebookMissingError, Workspace

WORKLOAD_FAILED = "Workload failed, see run output for details"


class NotebookProcesses:
    """Runs notebooks, each in a folder of its own below the state folder: executed notebook, log, result.

    Args:
        state: the service's folder.
        workspace: finds the notebooks.
        sessions: on the cluster.
    """

    def __init__(self, state: Path, workspace: Workspace, sessions: SparkSessions) -> None:
        self._state = state
        self._workspace = workspace
        self._sessions = sessions

    def folder(self, attempt: Attempt) -> Path:
        """Where an attempt keeps its files."""
        return self._state / "notebooks" / str(attempt.run_id)

    def remove(self, attempt: Attempt) -> None:
        """Remove the files of an attempt."""
        shutil.rmtree(self.folder(attempt), ignore_errors=True)

    async def run(self, task: NotebookTask, attempt: Attempt) -> Outcome:
        """Run a task's notebook to its end; a cancellation ends its processes and its session on the cluster."""
        try:
            notebook = self._workspace.notebook(task)
        except NotebookMissingError as error:
            return Outcome(State(INTERNAL_ERROR, FAILED, str(error)), str(error))
        folder = self.folder(attempt)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        code = 1
        try:
            code = await self._papermill(notebook, folder, attempt)
        finally:
            await self.end(attempt, closed=code == 0)
        return succeeded(folder) if code == 0 else failed(folder, code)

    async def _papermill(self, notebook: Path, folder: Path, attempt: Attempt) -> int:
        with (folder / "log.txt").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command(notebook, folder / "notebook.ipynb"),
                env={**os.environ, **self._variables(folder, attempt)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            return await process.wait()

    def _variables(self, folder: Path, attempt: Attempt) -> Mapping[str, str]:
        """What a notebook finds in its environment: its widgets, its session, and the mark that finds it again."""
        return {
            "SANDBOX_WIDGETS": json.dumps(attempt.parameters),
            "SANDBOX_NOTEBOOK_RESULT": str(folder / "result.txt"),
            MARK: self._mark(attempt),
            **KERNEL_VARIABLES,
            **self._sessions.variables(attempt.session_id),
        }

    def _mark(self, attempt: Attempt) -> str:
        return f"{self._state}:{attempt.run_id};"

    async def end(self, attempt: Attempt, closed: bool = False) -> None:
        """End whatever of an attempt still lives; a kernel that ended well has `closed` its session itself."""
        await asyncio.to_thread(end_marked, self._mark(attempt))
        if not closed:
            await self._sessions.release(attempt.session_id)

    def end_all(self) -> int:
        """End every process that an earlier service has left; return how many there were."""
        return end_marked(f"{self._state}:")


def succeeded(folder: Path) -> Outcome:
    """The end of a notebook that ran through, or that called `dbutils.notebook.exit`."""
    result = folder / "result.txt"
    return Outcome(State(TERMINATED, SUCCESS), result=result.read_text(encoding="utf-8") if result.exists() else None)


def failed(folder: Path, code: int) -> Outcome:
    """The end of a notebook that stopped at a failing cell, or whose kernel was lost."""
    error, trace = failure(folder / "notebook.ipynb", folder / "log.txt", code)
    if cluster_lost(error):
        return Outcome(State(TERMINATED, FAILED, CLUSTER_LOST_MESSAGE), f"{CLUSTER_LOST_MESSAGE} {error}", trace)
    return Outcome(State(TERMINATED, FAILED, WORKLOAD_FAILED), error, trace)
