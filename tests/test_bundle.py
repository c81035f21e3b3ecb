"""The Databricks bundle: each target's resources are Databricks' own, and its jobs are the DAG's and the notebooks'."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import papermill
import pytest
import yaml
from databricks.sdk import WorkspaceClient
from jobs.jobs_process import eventually, has_ended, results
from landing import USER_ID
from own_environment import environment
from streams import Streams

from lib.stream_job import AVAILABLE_NOW
from lib.tables import Tables
from sandbox.data.files import write_json_lines
from sandbox.parts.kinesis import Kinesis
from sandbox.settings import ROOT

FILE = yaml.safe_load((ROOT / "databricks.yml").read_text(encoding="utf-8"))
GIVEN = {"user_id": USER_ID, "service_principal": "11111111-2222-3333-4444-555555555555", "readers": "analysts"}
REFERENCE = re.compile(r"\$\{([\w.-]+)\}")
CLUSTERS = {"job_cluster_key", "new_cluster", "existing_cluster_id"}
Config = dict[str, Any]


def merged(base: Any, over: Any) -> Any:
    """What a target says laid over what holds for all, as the CLI does it."""
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: merged(base.get(key), value) for key, value in over.items()}
    if isinstance(base, list) and isinstance(over, list):
        return list(merged(by_key(base), by_key(over)).values())
    return over


def by_key(tasks: list[Config]) -> Config:
    """The tasks of a job: no other list is in both."""
    return {task["task_key"]: task for task in tasks}


def resolved(value: Any, config: Config) -> Any:
    """A value with what it refers to; a reference to what is not declared is a KeyError."""
    if isinstance(value, dict):
        return {key: resolved(below, config) for key, below in value.items()}
    if isinstance(value, list):
        return [resolved(below, config) for below in value]
    if not isinstance(value, str):
        return value
    if whole := REFERENCE.fullmatch(value):
        return referred(whole[1], config)
    return REFERENCE.sub(lambda match: str(referred(match[1], config)), value)


def referred(path: str, config: Config) -> Any:
    value: Any = config
    for name in path.split("."):
        value = value[name]
    return resolved(value, config)


def target(name: str) -> Config:
    """The bundle as one target has it, every reference resolved."""
    chosen = {"name": FILE["bundle"]["name"], "target": name}
    config = merged({key: value for key, value in FILE.items() if key != "targets"}, FILE["targets"][name])
    defaults = {key: declared["default"] for key, declared in FILE["variables"].items() if "default" in declared}
    config["var"] = GIVEN | defaults | FILE["targets"][name].get("variables", {})
    config["bundle"] = {**config["bundle"], **chosen}
    user = {"current_user": {"userName": "me@example.com"}}
    found: Config = resolved(config, {**config, "workspace": {**config.get("workspace", {}), **user}})
    return found


@pytest.fixture(scope="module", params=["dev", "prod"])
def bundle(request: pytest.FixtureRequest) -> Config:
    return target(request.param)


@pytest.fixture
def dag(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """What both DAGs run, without Airflow."""
    monkeypatch.setenv("USER_ID", USER_ID)
    spec = importlib.util.spec_from_file_location("course_pipeline", ROOT / "dags" / "course_pipeline.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Step:
    """A task of a DAG that remembers what comes before it."""

    def __init__(self, before: set[str], name: str) -> None:
        self.name, self.before = name, before

    def __rshift__(self, later: "list[Step]") -> "list[Step]":
        for step in later:
            step.before.add(self.name)
        return later

    def __rrshift__(self, earlier: "list[Step]") -> "Step":
        self.before.update(step.name for step in earlier)
        return self


def graph_of(dag: ModuleType) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    dag.pipeline(lambda name: Step(graph.setdefault(name, set()), name))
    return graph


def tasks_of(bundle: Config) -> list[Config]:
    return [task for job in bundle["resources"]["jobs"].values() for task in job["tasks"]]


def notebook_of(task: Config) -> Path:
    return Path(task["notebook_task"]["notebook_path"])


def parameters_of(job: Config) -> dict[str, str]:
    return {parameter["name"]: parameter["default"] for parameter in job["parameters"]}


def pause_statuses(bundle: Config) -> set[str]:
    return {job.get("schedule", job.get("trigger"))["pause_status"] for job in bundle["resources"]["jobs"].values()}


def test_databricks_own_package_loads_every_resource_whole(bundle: Config) -> None:
    command = [environment("templates") / "bin" / "python", ROOT / "tests" / "scripts" / "load_bundle.py"]
    given = json.dumps(bundle["resources"])
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == bundle["resources"]


def test_the_jobs_tasks_are_the_dags_in_their_order(bundle: Config, dag: ModuleType) -> None:
    tasks = bundle["resources"]["jobs"]["pipeline"]["tasks"]
    graph = {task["task_key"]: {needed["task_key"] for needed in task.get("depends_on", [])} for task in tasks}
    assert graph == graph_of(dag)


def test_a_task_is_retried_and_limited_as_the_dags(bundle: Config, dag: ModuleType) -> None:
    given = dag.DEFAULT_ARGS
    for task in bundle["resources"]["jobs"]["pipeline"]["tasks"]:
        assert task["max_retries"] == given["retries"]
        assert task["min_retry_interval_millis"] == given["retry_delay"].total_seconds() * 1000
        assert task["timeout_seconds"] == given["execution_timeout"].total_seconds()


def test_the_pipeline_has_the_dags_parameters(bundle: Config, dag: ModuleType) -> None:
    parameters = parameters_of(bundle["resources"]["jobs"]["pipeline"])
    assert set(parameters) == {name for names in dag.PARAMETERS.values() for name in names}
    assert parameters["max_quarantine_share"] == dag.SETTINGS["max_quarantine_share"]


def test_a_job_has_the_parameters_of_its_notebooks_and_no_task_has_others(bundle: Config) -> None:
    for job in bundle["resources"]["jobs"].values():
        cells = [papermill.inspect_notebook(ROOT / notebook_of(task)) for task in job["tasks"]]
        assert set(parameters_of(job)) == {name for cell in cells for name in cell}
        assert all(set(task["notebook_task"]) == {"notebook_path"} for task in job["tasks"])


def test_every_notebook_is_there_and_brought_along(bundle: Config) -> None:
    for task in tasks_of(bundle):
        assert notebook_of(task) == Path("notebooks", "jobs", f"{task['task_key']}.ipynb")
        assert (ROOT / notebook_of(task)).is_file()
        assert notebook_of(task).parts[0] in bundle["sync"]["paths"]


def test_the_stream_takes_what_is_there_and_ends(bundle: Config) -> None:
    stream = bundle["resources"]["jobs"]["stream"]
    assert parameters_of(stream)["mode"] == AVAILABLE_NOW
    assert "continuous" not in stream


def test_a_job_runs_once_at_a_time_and_tells_of_failures(bundle: Config) -> None:
    for job in bundle["resources"]["jobs"].values():
        assert job["max_concurrent_runs"] == 1
        assert job["email_notifications"]["on_failure"] == ["me@example.com"]


def test_only_the_stream_in_prod_has_a_cluster() -> None:
    tasks = [(name, task) for name in FILE["targets"] for task in tasks_of(target(name))]
    assert [(name, task["task_key"]) for name, task in tasks if CLUSTERS & {*task}] == [("prod", "write_stream_data")]


def test_serverless_gets_a_python_that_lib_runs_on(bundle: Config) -> None:
    """Environments from version 3 on have Python 3.12."""
    for job in bundle["resources"]["jobs"].values():
        for task in job["tasks"]:
            if not CLUSTERS & {*task}:
                (chosen,) = [e for e in job["environments"] if e["environment_key"] == task["environment_key"]]
                assert int(chosen["spec"]["environment_version"]) >= 3


def test_dev_is_the_default_and_runs_nothing_by_itself() -> None:
    dev = target("dev")
    assert (dev["mode"], dev["default"]) == ("development", True)
    assert pause_statuses(dev) == {"PAUSED"}


def test_prod_runs_by_itself_as_a_service_principal_and_only_who_must_may_see_it() -> None:
    prod = target("prod")
    assert prod["mode"] == "production"
    assert prod["run_as"] == {"service_principal_name": GIVEN["service_principal"]}
    assert {permission["level"] for permission in prod["permissions"]} == {"CAN_MANAGE", "CAN_VIEW"}
    assert prod["workspace"]["root_path"].endswith(f"{GIVEN['service_principal']}/.bundle/pinterest-pipeline/prod")
    assert pause_statuses(prod) == {"UNPAUSED"}


def test_prod_reads_the_objects_where_the_sink_lands_them() -> None:
    landing = target("prod")["resources"]["volumes"]["landing"]
    sink = json.loads((ROOT / "aws" / "s3-sink.json").read_text())["config"]
    bucket = sink["s3.bucket.name"].replace("${USER_ID}", USER_ID)
    assert landing["storage_location"] == f"s3://{bucket}/{sink['topics.dir']}"


def test_the_cli_can_merge_what_is_merged() -> None:
    """Its reader takes an alias there, and no mapping, where YAML would take both."""
    assert set(re.findall(r"<<: (.)", (ROOT / "databricks.yml").read_text())) == {"*"}


def test_no_workspace_is_named() -> None:
    assert "host" not in json.dumps([FILE.get("workspace"), FILE["targets"]])


FINDS_LIB = """
import json, os, sys
from pathlib import Path
notebook = Path(sys.argv[1])
sys.path = [str(notebook.parent), *[entry for entry in sys.path if "site-packages" not in entry][1:]]
cell = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"][0]
exec("".join(cell["source"]))
import lib
print(lib.__file__)
"""


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks" / "jobs").glob("*.ipynb")), ids=lambda path: path.stem)
@pytest.mark.parametrize("in_its_folder", [True, False])
def test_a_notebook_finds_lib_among_the_bundles_files(notebook: Path, in_its_folder: bool, tmp_path: Path) -> None:
    """Databricks puts the notebook's folder on the path; serverless does not say in which folder it starts."""
    files = tmp_path / "Workspace" / "Users" / "me@example.com" / ".bundle" / "pinterest-pipeline" / "dev" / "files"
    for folder in FILE["sync"]["paths"]:
        shutil.copytree(ROOT / folder, files / folder, ignore=shutil.ignore_patterns("__pycache__"))
    copied = files / notebook.relative_to(ROOT)
    command = [sys.executable, "-I", "-c", FINDS_LIB, copied]
    start = copied.parent if in_its_folder else tmp_path
    done = subprocess.run(command, cwd=start, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == files / "lib" / "__init__.py"


def run_in_the_sandbox(sandbox: Any, job: str, **parameters: str) -> dict[str, str]:
    """Make the job that a deployment to dev makes, with the paths that its notebooks have there, and run it."""
    given = sandbox.environment
    workspace = WorkspaceClient(host=given["DATABRICKS_HOST"], token=given["DATABRICKS_TOKEN"])
    settings = target("dev")["resources"]["jobs"][job]
    files = Path("/Workspace/Users/me@example.com/.bundle/pinterest-pipeline/dev/files")
    for task in settings["tasks"]:
        task["notebook_task"]["notebook_path"] = str(files / notebook_of(task).with_suffix(""))
    made = workspace.api_client.do("POST", "/api/2.2/jobs/create", body=settings)
    run_id = workspace.jobs.run_now(made["job_id"], job_parameters=parameters).run_id
    run = eventually(lambda: has_ended(found := workspace.jobs.get_run(run_id)) and found, "the run ends", 300)
    workspace.jobs.delete(made["job_id"])
    return results(run)


@pytest.fixture
def streams(sandbox: Any) -> Iterator[Streams]:
    made = Streams(sandbox.stack.part(Kinesis).client)
    yield made
    made.delete()


@pytest.mark.full
@pytest.mark.sandbox
def test_the_pipeline_runs_in_the_sandbox_as_it_is(sandbox: Any, tables: Tables, tmp_path: Path) -> None:
    rows = 200
    topics = write_json_lines(tmp_path, rows, 1, USER_ID)
    where = {"catalog": tables.catalog, "schema": tables.schema}
    found = run_in_the_sandbox(sandbox, "pipeline", **where, raw_path=f"file://{topics}", access_mode="direct")
    assert set(found.values()) == {"SUCCESS"} and len(found) == 5
    assert tables.known("pin").count() == rows
    assert tables.known("answer_8").count() > 0


@pytest.mark.full
@pytest.mark.sandbox
def test_the_stream_runs_in_the_sandbox_as_it_is(
    sandbox: Any, streams: Streams, tables: Tables, tmp_path: Path
) -> None:
    streams.put_rows(0, 100)
    where = {"catalog": tables.catalog, "schema": tables.schema, "checkpoint_path": str(tmp_path / "checkpoints")}
    found = run_in_the_sandbox(sandbox, "stream", **where, service_credential="")
    assert found == {"write_stream_data": "SUCCESS"}
    assert tables.known("stream_user").count() == 100
