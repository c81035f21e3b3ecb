"""Tasks on the cluster: the course's own notebooks, and queries that are cancelled or lose their cluster."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from jobs_process import TOKEN, JobsProcess, eventually, has_ended, results, task
from landing import USER_ID, fresh_tables

from sandbox.data.files import write_json_lines

pytestmark = pytest.mark.sandbox

COUNTS = "dbutils.notebook.exit(str(spark.range(5).count()))"
# A query that beats in a file as long as it runs.
BEATS = """heart = dbutils.widgets.get('heart')
def beat(batches):
    import time
    for batch in batches:
        for _ in range(10_000):
            with open(heart, 'a') as file:
                file.write('.')
            time.sleep(0.1)
        yield batch
spark.range(1, numPartitions=1).mapInPandas(beat, 'id bigint').collect()"""


@pytest.fixture
def workspace(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> WorkspaceClient:
    """The client as a student has it after `eval "$(sandbox env)"`."""
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN"):
        monkeypatch.setenv(name, sandbox.environment[name])
    return WorkspaceClient()


@pytest.mark.full
def test_the_courses_notebooks_run_as_a_job(workspace: WorkspaceClient, spark: Any, tmp_path: Path) -> None:
    rows = 300
    raw_path = f"file://{write_json_lines(tmp_path, rows, 1, USER_ID, records_per_object=50)}"
    with fresh_tables(spark) as tables:
        where = {"catalog": tables.catalog, "schema": tables.schema}
        landed = {**where, "raw_path": raw_path, "user_id": USER_ID}
        load = task("load", "/Workspace/Users/me@example.com/kit/notebooks/jobs/load_data", parameters=landed)
        early = task("early", "/jobs/clean_pin", parameters={"schema": f"nothing_{uuid.uuid4().hex[:8]}"})
        run_id = workspace.jobs.submit(tasks=[load, early], run_name="etl").run_id
        run = eventually(lambda: has_ended(run := workspace.jobs.get_run(run_id)) and run, "the run ends")
        assert results(run) == {"load": "SUCCESS", "early": "FAILED"}
        assert tables.known("raw_user").count() == rows
    error = workspace.jobs.get_run_output(run.tasks[1].run_id).error
    assert error.startswith("TableMissingError:") and "load_data" in error


@pytest.fixture
def own(sandbox: Any, tmp_path: Path) -> Iterator[JobsProcess]:
    """A service of a test's own on the sandbox's cluster."""
    names = ("SPARK_REMOTE", "SPARK_CONNECT_AUTHENTICATE_TOKEN")
    cluster = {name: sandbox.environment[name] for name in names}
    process = JobsProcess(tmp_path / "own", {**cluster, "DATABRICKS_TOKEN": TOKEN})
    process.write("beats", BEATS)
    process.write("counts", COUNTS)
    yield process
    process.stop()


@pytest.fixture
def heart(tmp_path: Path) -> Path:
    return tmp_path / "heart"


def start(own: JobsProcess, heart: Path) -> int:
    """A run whose query beats."""
    run_id = own.submit(task("beats", "/beats", parameters={"heart": str(heart)}))
    eventually(heart.exists, "the query runs")
    return run_id


def stands_still(heart: Path) -> bool:
    """Whether the query has ended: for two seconds it does not beat."""
    import time

    beats = heart.stat().st_size
    time.sleep(2)
    return heart.stat().st_size == beats


@pytest.mark.full
def test_cancel_ends_the_query_on_the_cluster(own: JobsProcess, heart: Path) -> None:
    run_id = start(own, heart)
    own.workspace.jobs.cancel_run(run_id)
    assert own.ended(run_id).state.result_state.value == "CANCELED"
    eventually(lambda: stands_still(heart), "the query ends", 15)
    assert own.processes() == []


@pytest.mark.full
def test_a_kill_of_the_service_ends_the_query_on_the_cluster(own: JobsProcess, heart: Path) -> None:
    run_id = start(own, heart)
    own.kill()
    own.start()
    assert own.ended(run_id).state.result_state.value == "FAILED"
    eventually(lambda: stands_still(heart), "the query ends", 30)


@pytest.mark.full
def test_a_kill_of_the_cluster_fails_the_task_with_a_reason_and_a_rerun_succeeds(
    sandbox: Any, own: JobsProcess, heart: Path
) -> None:
    run_id = start(own, heart)
    sandbox.kill("spark")
    run = own.ended(run_id)
    assert "The Spark driver has stopped unexpectedly" in run.state.state_message
    assert "run it again" in own.workspace.jobs.get_run_output(run.tasks[0].run_id).error
    sandbox.command("up")
    again = own.ended(own.submit(task("counts", "/counts")))
    assert own.workspace.jobs.get_run_output(again.tasks[0].run_id).notebook_output.result == "5"
