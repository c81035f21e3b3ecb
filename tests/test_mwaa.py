"""`make mwaa`: real Airflow, the real Databricks operators, the sandbox's Jobs API, the job notebooks, the tables."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.airflow_api import AirflowApi
from sandbox.parts.airflow import AIRFLOW, AirflowDagProcessor, executed_notebooks
from sandbox.parts.jobs import Jobs
from sandbox.parts.kafka import ENTITIES
from sandbox.parts.spark import Spark
from sandbox.parts.spark_session import session
from sandbox.processes import processes
from sandbox.run.answers import read_answers
from sandbox.settings import ROOT
from sandbox.stack import wait_until

# The gate has its run of the DAG in notebook 5.
pytestmark = [pytest.mark.sandbox, pytest.mark.full, pytest.mark.timeout(900)]

ROWS, SEED = 2_000, 5
TASKS = {"airflow_load_data", *(f"airflow_clean_{entity}" for entity in ENTITIES), "airflow_query_data"}


def today() -> date:
    """The date whose run the schedule makes: no other one comes in between."""
    return datetime.now(UTC).date()


@pytest.fixture(scope="module")
def answers(sandbox: Any) -> dict[str, Any]:
    """The answers as `sandbox run` gives them; the tables are gone again, what has landed is there."""
    sandbox.command("run", "--rows", str(ROWS), "--seed", str(SEED))
    found = read_answers(sandbox.stack.part(Spark))
    with session(sandbox.stack.part(Spark)) as spark:
        spark.sql("DROP SCHEMA pinterest CASCADE")
    return found


@pytest.fixture(scope="module")
def airflow(sandbox: Any, answers: dict[str, Any]) -> Iterator[AirflowApi]:
    sandbox.command("airflow", "up")
    yield sandbox.stack.part(AirflowDagProcessor).api
    sandbox.command("airflow", "down")


@pytest.fixture(scope="module")
def dag_id(sandbox: Any) -> str:
    return sandbox.stack.part(AirflowDagProcessor).dag_id


@pytest.fixture(scope="module")
def shown(sandbox: Any, airflow: AirflowApi) -> str:
    """What `make mwaa` printed."""
    return sandbox.command("mwaa", "--date", today().isoformat()).stdout


def versions(sandbox: Any) -> dict[str, int]:
    """The newest version of each clean and raw table."""
    names = [*ENTITIES, *(f"raw_{entity}" for entity in ENTITIES)]
    with session(sandbox.stack.part(Spark)) as spark:
        return {n: spark.sql(f"DESCRIBE HISTORY pinterest.`{n}` LIMIT 1").collect()[0].version for n in names}


def rows_of(sandbox: Any) -> dict[str, list[Any]]:
    with session(sandbox.stack.part(Spark)) as spark:
        return {n: sorted(spark.table(f"pinterest.`{n}`").collect(), key=lambda row: row.ind) for n in ENTITIES}


def test_nothing_of_airflow_listens_but_the_api_server_on_this_machine(sandbox: Any, airflow: AirflowApi) -> None:
    ours = {kind.name for kind in AIRFLOW}
    found = [
        connection.laddr
        for part, group in processes(sandbox.settings).items()
        for process in group
        for connection in process.net_connections("inet")
        if part in ours and connection.status == psutil.CONN_LISTEN
    ]
    assert found == [("127.0.0.1", sandbox.settings.ports["airflow"])]


def test_every_task_is_followed_and_the_answers_are_those_of_make_run(
    sandbox: Any, answers: dict[str, Any], shown: str
) -> None:
    for task in TASKS:
        assert re.search(rf"{task} +success", shown), shown
    assert f"/dags/{sandbox.user_id}_dag/runs/" in shown
    assert "Median followers by joining year" in shown
    assert read_answers(sandbox.stack.part(Spark)) == answers


def test_a_tasks_log_is_read_although_no_log_server_runs(airflow: AirflowApi, dag_id: str, shown: str) -> None:
    (run,) = airflow.runs(dag_id)
    log = airflow.log(dag_id, run["dag_run_id"], "airflow_load_data", 1)
    assert "View run status, Spark UI, and logs at" in log or "run_page_url" in log or "Run submitted" in log, log


def test_the_same_date_again_changes_no_table(sandbox: Any, dag_id: str, airflow: AirflowApi, shown: str) -> None:
    before = rows_of(sandbox)
    sandbox.command("mwaa", "--date", today().isoformat())
    (run,) = airflow.runs(dag_id)
    assert all(task["try_number"] == 2 for task in airflow.tasks(dag_id, run["dag_run_id"]))
    assert rows_of(sandbox) == before


def test_a_gate_that_fails_tells_its_reason(sandbox: Any, airflow: AirflowApi, dag_id: str, shown: str) -> None:
    """In the task's log, and on the run's page; the tasks after it do not run."""
    body = {"logical_date": None, "conf": {"max_quarantine_share": "nonsense"}}
    run_id = airflow.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"]
    assert wait_until(lambda: failed_once(airflow, dag_id, run_id), seconds=240)
    log = airflow.log(dag_id, run_id, "airflow_clean_pin", 1)
    assert "max_quarantine_share is 'nonsense': set a number from 0 to 1" in log
    airflow.ask("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"})


def failed_once(airflow: AirflowApi, dag_id: str, run_id: str) -> bool:
    tasks = {task["task_id"]: task for task in airflow.tasks(dag_id, run_id)}
    return tasks["airflow_clean_pin"]["state"] in ("up_for_retry", "failed")


def test_the_papermill_dag_gives_the_same_answers_and_keeps_the_notebooks(
    sandbox: Any, airflow: AirflowApi, answers: dict[str, Any]
) -> None:
    dag_id = f"{sandbox.user_id}_papermill_dag"
    run_id = airflow.start(dag_id, today())
    assert ended(airflow, dag_id, run_id) == "success", [
        airflow.log(dag_id, run_id, task["task_id"], 1)[-2000:] for task in airflow.tasks(dag_id, run_id)
    ]
    assert read_answers(sandbox.stack.part(Spark)) == answers
    kept = {path.stem for path in (executed_notebooks(sandbox.settings) / today().isoformat()).glob("*.ipynb")}
    assert {f"airflow_{name}" for name in kept} == TASKS


def test_a_task_that_is_marked_failed_ends_its_run(sandbox: Any, airflow: AirflowApi, dag_id: str, shown: str) -> None:
    run_id = airflow.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"]
    task = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/airflow_load_data"
    assert wait_until(lambda: bool(kernels(sandbox)), seconds=120)
    airflow.ask("PATCH", task, {"new_state": "failed"})
    assert wait_until(lambda: not kernels(sandbox), seconds=60)
    airflow.ask("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"})


def kernels(sandbox: Any) -> list[psutil.Process]:
    """The notebooks that the Jobs API runs."""
    group = processes(sandbox.settings).get(Jobs.name, [])
    return [process for process in group if "ipykernel_launcher" in " ".join(process.cmdline())]


def test_a_task_that_loses_its_notebook_succeeds_on_its_retry(
    sandbox: Any, airflow: AirflowApi, dag_id: str, shown: str
) -> None:
    before = rows_of(sandbox)
    run_id = airflow.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"]
    assert wait_until(lambda: bool(kernels(sandbox)), seconds=120)
    for kernel in kernels(sandbox):
        kernel.kill()
    assert ended(airflow, dag_id, run_id) == "success"
    tries = {task["task_id"]: task["try_number"] for task in airflow.tasks(dag_id, run_id)}
    assert tries == {**dict.fromkeys(TASKS, 1), "airflow_load_data": 2}
    assert rows_of(sandbox) == before


def ended(airflow: AirflowApi, dag_id: str, run_id: str) -> str:
    """The state of a run, once it has ended."""
    assert wait_until(lambda: airflow.run(dag_id, run_id)["state"] in ("success", "failed"), seconds=400)
    return str(airflow.run(dag_id, run_id)["state"])


def test_deferrable_tasks_wait_in_the_triggerer(sandbox: Any, airflow: AirflowApi, dag_id: str, shown: str) -> None:
    before = rows_of(sandbox)
    sandbox.command("airflow", "up", "--deferrable")
    try:
        run_id = airflow.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"]
        assert wait_until(lambda: "deferred" in states(airflow, dag_id, run_id), seconds=120)
        assert ended(airflow, dag_id, run_id) == "success"
    finally:
        sandbox.command("airflow", "up", "--no-deferrable")
    assert rows_of(sandbox) == before


def states(airflow: AirflowApi, dag_id: str, run_id: str) -> set[str]:
    return {task["state"] for task in airflow.tasks(dag_id, run_id)}


def test_two_dates_backfilled_end_in_the_tables_of_one_run(
    sandbox: Any, airflow: AirflowApi, dag_id: str, answers: dict[str, Any], shown: str
) -> None:
    before = rows_of(sandbox)
    dates = {"from_date": "2026-02-01T00:00:00Z", "to_date": "2026-02-02T00:00:00Z"}
    made = airflow.ask("POST", "/api/v2/backfills", {"dag_id": dag_id, **dates, "max_active_runs": 1})
    assert wait_until(lambda: finished(airflow, made["id"]), seconds=600)
    states = {run["logical_date"][:10]: run["state"] for run in airflow.runs(dag_id) if run["run_type"] == "backfill"}
    assert states == {"2026-02-01": "success", "2026-02-02": "success"}
    assert rows_of(sandbox) == before


def finished(airflow: AirflowApi, backfill: int) -> bool:
    return airflow.ask("GET", f"/api/v2/backfills/{backfill}")["completed_at"] is not None


@pytest.mark.parametrize("part", ["airflow-scheduler", "jobs", "spark"])
def test_after_kill_9_in_mid_run_a_run_of_the_date_ends_right(
    sandbox: Any, airflow: AirflowApi, dag_id: str, shown: str, part: str
) -> None:
    before = rows_of(sandbox)
    run_id = airflow.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"]
    assert wait_until(lambda: bool(kernels(sandbox)), seconds=120)
    sandbox.kill(part)
    over = ("success", "failed")
    assert wait_until(lambda: airflow.run(dag_id, run_id)["state"] in over, seconds=700)
    sandbox.command("mwaa", "--date", today().isoformat())
    assert rows_of(sandbox) == before


def test_the_script_takes_pictures_of_the_grid_and_of_a_run(sandbox: Any, shown: str, tmp_path: Path) -> None:
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        pytest.skip("no browser is installed")
    command = [ROOT / ".venv" / "bin" / "python", ROOT / "scripts" / "screenshots.py", tmp_path]
    subprocess.run(command, check=True, env=sandbox.environment, cwd=ROOT)
    for name in ("airflow-grid", "airflow-run", "databricks-run"):
        picture = tmp_path / f"{name}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 20_000, name
