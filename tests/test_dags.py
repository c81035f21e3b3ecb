"""The DAGs, as Airflow 3 and the oldest Airflow that they must serve read them: with no database and no network."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import papermill
import pytest
from own_environment import environment

from sandbox.settings import ROOT

DAGS = ROOT / "dags"
USER_ID = "0123456789ab"
NOTEBOOKS = {f"airflow_{path.stem}": path for path in (ROOT / "notebooks" / "jobs").glob("*.ipynb")}
CLEANING = ["airflow_clean_geo", "airflow_clean_pin", "airflow_clean_user"]
ORDER = {"airflow_load_data": [], **{name: ["airflow_load_data"] for name in CLEANING}, "airflow_query_data": CLEANING}
Described = dict[str, Any]


def describe(lock: str, folder: Path, **variables: str) -> Described:
    """What Airflow reads from the DAGs; `folder` is its home, and its database is nowhere."""
    nowhere = {"AIRFLOW_HOME": str(folder), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/none/none.db"}
    script = ROOT / "tests" / "scripts" / "describe_dags.py"
    command = [environment(lock) / "bin" / "python", script, DAGS]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**nowhere, **variables})
    assert done.returncode == 0, done.stderr
    told: Described = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.fixture(scope="module", params=["airflow", pytest.param("airflow2", marks=pytest.mark.full)])
def described(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Described:
    return describe(request.param, tmp_path_factory.mktemp("airflow"), USER_ID=USER_ID)


@pytest.fixture(scope="module")
def dags(described: Described) -> dict[str, Described]:
    return described["dags"]


def tasks_of(dags: dict[str, Described]) -> list[tuple[str, Described]]:
    return [(name, task) for dag in dags.values() for name, task in dag["tasks"].items()]


def parameters(task: Described, fields: str = "rendered") -> dict[str, str]:
    """The parameters that a task hands to its notebook."""
    rendered = task[fields]
    if "parameters" in rendered:
        return dict(rendered["parameters"])
    (run,) = rendered["json"]["tasks"]
    return dict(run["notebook_task"]["base_parameters"])


def test_both_dags_are_there_and_bear_the_students_id(dags: dict[str, Described]) -> None:
    assert set(dags) == {f"{USER_ID}_dag", f"{USER_ID}_papermill_dag"}
    assert all("pinterest" in dag["tags"] for dag in dags.values())


def test_a_dag_runs_daily_one_run_at_a_time_and_catches_nothing_up(dags: dict[str, Described]) -> None:
    for dag in dags.values():
        assert (dag["schedule"], dag["catchup"], dag["max_active_runs"]) == ("@daily", False, 1)
        assert dag["start_date"] == "2026-01-01T00:00:00+00:00"


def test_the_tasks_are_the_courses_in_their_order(dags: dict[str, Described]) -> None:
    for dag in dags.values():
        assert {name: task["upstream"] for name, task in dag["tasks"].items()} == ORDER


def test_a_task_has_an_owner_retries_with_backoff_and_a_limit(dags: dict[str, Described]) -> None:
    for _, task in tasks_of(dags):
        assert (task["owner"], task["retries"], task["retry_delay"], task["exponential"]) == (USER_ID, 2, 30, True)
        assert task["timeout"] == 1800


def test_a_notebook_gets_the_parameters_that_it_has(dags: dict[str, Described]) -> None:
    for name, task in tasks_of(dags):
        assert set(parameters(task)) == set(papermill.inspect_notebook(NOTEBOOKS[name])), name


def test_the_templates_are_rendered(dags: dict[str, Described]) -> None:
    for name, task in tasks_of(dags):
        assert "{{" not in json.dumps(task["rendered"]), name
        assert parameters(task)["logical_date"] == "2026-03-01"
        assert all(isinstance(value, str) for value in parameters(task).values())


def test_a_run_without_a_logical_date_is_labelled_with_its_id(dags: dict[str, Described]) -> None:
    for _, task in tasks_of(dags):
        assert parameters(task, "rendered_without_date")["logical_date"] == "manual__1"


def test_the_load_finds_the_students_objects(dags: dict[str, Described]) -> None:
    for dag in dags.values():
        load = parameters(dag["tasks"]["airflow_load_data"])
        assert load["user_id"] == USER_ID
        assert load["raw_path"] == f"s3a://user-{USER_ID}-bucket/topics"


def test_databricks_runs_each_notebook_with_a_token_that_it_accepts(dags: dict[str, Described]) -> None:
    tokens = set()
    for name, task in dags[f"{USER_ID}_dag"]["tasks"].items():
        (run,), notebook = task["rendered"]["json"]["tasks"], name.removeprefix("airflow_")
        assert run["notebook_task"]["notebook_path"].endswith(f"/notebooks/jobs/{notebook}")
        assert "new_cluster" not in run, "a task without a cluster runs on serverless"
        tokens.add(task["rendered"]["json"]["idempotency_token"])
    assert len(tokens) == len(ORDER)
    assert all(len(token) <= 64 for token in tokens)


def test_papermill_keeps_the_executed_notebooks_by_date(dags: dict[str, Described]) -> None:
    outputs = {task["rendered"]["output_nb"] for task in dags[f"{USER_ID}_papermill_dag"]["tasks"].values()}
    assert {output.rpartition("/")[0].rpartition("/")[2] for output in outputs} == {"2026-03-01"}
    assert len(outputs) == len(ORDER)


def test_settings_and_deferral_are_chosen_in_the_environment(tmp_path: Path) -> None:
    """Deferral by Airflow's own option."""
    chosen = {"RAW_PATH": "/Volumes/w/p/landing/topics", "COURSE_ACCESS_MODE": "volume", "COURSE_CATALOG": "workspace"}
    told = describe("airflow", tmp_path, USER_ID=USER_ID, AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE="True", **chosen)
    tasks = told["dags"][f"{USER_ID}_dag"]["tasks"]
    assert all(task["deferrable"] for task in tasks.values())
    load = parameters(tasks["airflow_load_data"])
    assert (load["raw_path"], load["access_mode"], load["catalog"]) == tuple(chosen.values())


def test_a_dag_without_a_student_says_what_to_do() -> None:
    command = [sys.executable, DAGS / "course_pipeline.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
    assert "USER_ID is not set: export it in dags/startup.sh" in done.stderr


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.stem)
def test_a_dag_imports_airflow_and_the_standard_library_only(path: Path) -> None:
    names = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    found = {name.split(".")[0] for node in names for name in imported(node)}
    assert found <= {"airflow", "course_pipeline", *sys.stdlib_module_names}


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
