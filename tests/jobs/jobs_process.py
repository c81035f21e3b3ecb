"""A Jobs service of a test's own, with notebooks of its own, and the real client of Databricks for it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import NotebookTask, Run, SubmitTask, TaskDependency

from sandbox.servers.jobs.marked_processes import marked

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "dapi0123456789abcdef"
SECONDS = 120
ENDED = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")


def eventually(condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Wait for a condition and give its value."""
    until = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return value


class JobsProcess:
    """The service as `sandbox up` runs it, in front of the notebooks that a test writes; with no cluster by default."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.state, self.notebooks = folder / "state", folder / "my notebooks"
        self.notebooks.mkdir(parents=True)
        self.environment = {"DATABRICKS_TOKEN": TOKEN, **(environment or {})}
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "DATABRICKS_"))}
        home = {"SANDBOX_HOME": str(self.state / "no-sandbox")}
        command = [sys.executable, "-m", "sandbox.servers.jobs", "--state", str(self.state)]
        command += ["--notebooks", str(self.notebooks), "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**plain, **home, **self.environment})
        eventually(self.answers, "the service answers", 30)

    def answers(self) -> bool:
        try:
            return self.call("GET", "clusters/spark-versions").ok
        except requests.ConnectionError:
            return False

    def call(self, method: str, path: str, authorization: str = f"Bearer {TOKEN}", **options: Any) -> requests.Response:
        """One call without the client, for what the client would not send."""
        headers = {"Authorization": authorization}
        return requests.request(method, f"{self.url}/api/2.2/{path}", headers=headers, timeout=30, **options)

    @property
    def workspace(self) -> WorkspaceClient:
        return self.client(self.environment["DATABRICKS_TOKEN"])

    def client(self, token: str) -> WorkspaceClient:
        return WorkspaceClient(host=self.url, token=token)

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook; the path that a task names."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.notebooks / f"{name}.ipynb")
        return f"/Workspace/Users/me@example.com/kit/notebooks/{name}"

    def submit(self, *tasks: SubmitTask, **options: Any) -> int:
        return self.workspace.jobs.submit(tasks=list(tasks), **options).run_id

    def run(self, run_id: int) -> Run:
        return self.workspace.jobs.get_run(run_id)

    def ended(self, run_id: int) -> Run:
        """The run once it has ended."""
        jobs = self.workspace.jobs
        return eventually(lambda: has_ended(run := jobs.get_run(run_id)) and run, f"run {run_id} ends")

    def running(self, run_id: int, task_key: str, file: Path) -> None:
        """Wait until a task's notebook has written a file."""
        eventually(file.exists, f"{task_key} of run {run_id} writes {file.name}")

    def processes(self) -> list[Any]:
        """What lives of this service's notebooks."""
        return marked(f"{self.state}:")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


def has_ended(run: Run) -> bool:
    return run.state.life_cycle_state.value in ENDED


def results(run: Run) -> dict[str, str]:
    """The result of each task's last attempt."""
    return {task.task_key: task.state.result_state.value for task in run.tasks}


def task(key: str, path: str, *needs: str, parameters: dict[str, str] | None = None, **options: Any) -> SubmitTask:
    """A task that runs a notebook after others."""
    notebook = NotebookTask(notebook_path=path, base_parameters=parameters)
    return SubmitTask(
        task_key=key, notebook_task=notebook, depends_on=[TaskDependency(task_key=need) for need in needs], **options
    )
