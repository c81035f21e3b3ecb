"""The small pieces of the Jobs service: paths, parameters, errors of notebooks, the owner of a connection."""

import json
import os
from pathlib import Path

import pytest
from starlette.requests import Request

from sandbox.dbutils import RESULT, DBUtils
from sandbox.servers.jobs.access import CONNECTIONS, may_look, owner_of_peer
from sandbox.servers.jobs.executed_notebook import cluster_lost, failure
from sandbox.servers.jobs.page_texts import seconds_text
from sandbox.servers.jobs.parameters import widgets_of
from sandbox.servers.jobs.runs import Attempt, Run
from sandbox.servers.jobs.task_settings import NotebookTask, TaskSettings
from sandbox.servers.jobs.workspace import NotebookMissingError, Workspace
from sandbox.settings import ROOT


@pytest.mark.parametrize(
    "path",
    [
        "/Workspace/Users/me@example.com/kit/notebooks/jobs/load_data",
        "/Repos/me@example.com/kit/notebooks/jobs/load_data",
        "/Workspace/notebooks/copy/notebooks/jobs/load_data.ipynb",
        "/jobs/load_data",
        "/Workspace/jobs/load_data",
    ],
)
def test_every_path_of_the_workspace_leads_to_the_repositorys_notebooks(path: str) -> None:
    found = Workspace(ROOT / "notebooks").notebook(NotebookTask(path))
    assert found == ROOT / "notebooks" / "jobs" / "load_data.ipynb"


def test_a_path_of_a_git_source_is_relative() -> None:
    task = NotebookTask("notebooks/jobs/load_data", source="GIT")
    assert Workspace(ROOT / "notebooks").notebook(task).name == "load_data.ipynb"


@pytest.mark.parametrize("path", ["/jobs/nothing", "/../README", "/jobs/../../lib/jobs", "/", "jobs/load_data"])
def test_a_path_that_leads_to_no_notebook_is_refused(path: str) -> None:
    with pytest.raises(NotebookMissingError, match="notebook"):
        Workspace(ROOT / "notebooks").notebook(NotebookTask(path))


def test_the_jobs_parameters_beat_the_tasks_and_references_are_replaced() -> None:
    base = {"catalog": "task", "label": "{{job.parameters.catalog}} {{ task.name }} {{unknown.thing}}"}
    task = TaskSettings("load", NotebookTask("/a", base))
    run = Run(7, 3, "etl", "JOB_RUN", (task,), 0, job_parameters={"catalog": "job"}, notebook_params={"day": "1"})
    widgets = widgets_of(run, task, Attempt(8, "load", 0, 0))
    assert widgets == {"catalog": "job", "label": "job load {{unknown.thing}}", "day": "1"}


def notebook(folder: Path, *outputs: dict[str, object]) -> Path:
    cells = [{"cell_type": "code", "outputs": [output]} for output in outputs]
    file = folder / "notebook.ipynb"
    file.write_text(json.dumps({"cells": cells}))
    return file


def test_the_failing_cell_tells_the_error(tmp_path: Path) -> None:
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["\x1b[31mred\x1b[0m"]}
    file = notebook(tmp_path, {"output_type": "stream", "text": "fine"}, error)
    assert failure(file, tmp_path / "log.txt", 1) == ("ValueError: no", "red")


def test_without_a_failing_cell_the_log_tells_the_error(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("Traceback\nDeadKernelError: Kernel died\n")
    (tmp_path / "notebook.ipynb").write_text("{ cut off")
    assert failure(tmp_path / "notebook.ipynb", log, 1)[0] == "DeadKernelError: Kernel died"


def test_a_kill_of_the_process_is_told(tmp_path: Path) -> None:
    assert failure(tmp_path / "nothing", tmp_path / "log.txt", -9)[0].endswith("was killed: SIGKILL.")


def test_a_lost_cluster_is_told_from_a_failing_query() -> None:
    assert cluster_lost("SparkConnectGrpcException: (INVALID_HANDLE.SESSION_NOT_FOUND) ...")
    assert not cluster_lost("AnalysisException: [TABLE_OR_VIEW_NOT_FOUND] ...")


def test_exit_ends_a_notebook_and_leaves_its_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RESULT, str(tmp_path / "result.txt"))
    with pytest.raises(SystemExit):
        DBUtils().notebook.exit("42 rows")
    assert (tmp_path / "result.txt").read_text() == "42 rows"


def request_from(port: int, server_port: int, **headers: str) -> Request:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    ends = {"client": ("127.0.0.1", port), "server": ("127.0.0.1", server_port)}
    return Request({"type": "http", "headers": encoded, **ends})


@pytest.mark.skipif(not CONNECTIONS.exists(), reason="only Linux tells whose a connection is")
def test_the_owner_of_a_connection_is_known_and_needs_no_login() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            request = request_from(client.getsockname()[1], port)
            assert owner_of_peer(request) == os.getuid()
            assert may_look(request, "token")


def test_a_stranger_needs_the_token_as_a_password() -> None:
    import base64

    right, wrong = (base64.b64encode(f"me:{password}".encode()).decode() for password in ("token", "guess"))
    assert may_look(request_from(1, 1, authorization=f"Basic {right}"), "token")
    assert not may_look(request_from(1, 1, authorization=f"Basic {wrong}"), "token")
    assert not may_look(request_from(1, 1), "token")


def test_durations_are_shown_in_the_unit_that_fits() -> None:
    assert [seconds_text(milliseconds) for milliseconds in (0, 3210, 125_000)] == ["0.0 s", "3.2 s", "2 min 5 s"]
