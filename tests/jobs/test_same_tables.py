"""The five job notebooks give the same tables whoever runs them: nbval, papermill, the Jobs API, databricks-connect."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from connected_notebooks import JOBS, connected, run_jobs
from databricks.sdk import WorkspaceClient
from jobs_process import eventually, has_ended, results, task
from landing import GEO, PIN, USER_ID, fresh_tables, land, line, tables_of
from own_environment import environment

from lib import jobs
from lib.entities import ENTITIES
from lib.notebook import Parameters
from lib.tables import Tables
from sandbox.data.files import write_json_lines
from sandbox.papermill_run import KERNEL_VARIABLES
from sandbox.run.jobs import NOTEBOOKS
from sandbox.run.jobs import run_jobs as run_by_papermill
from sandbox.settings import ROOT

pytestmark = [pytest.mark.sandbox, pytest.mark.full, pytest.mark.timeout(900)]

ROWS = 200
Rows = dict[str, list[str]]


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Rows with a line that is no JSON, a value that is none, a repeat and a conflict among them."""
    topics = write_json_lines(tmp_path_factory.mktemp("landed"), ROWS, 1, USER_ID)
    later = [line(PIN, index=ROWS + n, title=title) for n, title in ((1, "one"), (1, "one"), (2, "a"), (2, "b"))]
    land(topics, "pin", 1, 10_000, ["{", *later])
    land(topics, "geo", 2, 10_000, [line(GEO, ind=ROWS + 1, latitude="north")])
    return {"raw_path": f"file://{topics}", "user_id": USER_ID}


@pytest.fixture(scope="module")
def expected(spark: Any, landed: dict[str, str]) -> Rows:
    """What the same steps give that a program calls for itself."""
    with fresh_tables(spark) as tables:
        given = Parameters(tables.catalog, tables.schema, **landed)
        jobs.load_data(spark, given)
        for entity in ENTITIES:
            jobs.clean(spark, entity.name, given)
        jobs.query_data(spark, given)
        return tables_of(tables)


@pytest.fixture
def own(spark: Any) -> Iterator[Tables]:
    """The schema that the notebooks name by themselves, empty; gone afterwards."""
    tables = Tables(spark, "spark_catalog", "pinterest")
    spark.sql("DROP SCHEMA IF EXISTS pinterest CASCADE")
    yield tables
    spark.sql("DROP SCHEMA IF EXISTS pinterest CASCADE")


def by_nbval(variables: dict[str, str], _: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [*command, *(NOTEBOOKS / f"{job}.ipynb" for job in JOBS)],
        env={**os.environ, **variables, **KERNEL_VARIABLES},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def by_papermill(variables: dict[str, str], outputs: Path) -> None:
    run_by_papermill(outputs, variables, lambda *_: None)


def by_the_jobs_api(variables: dict[str, str], _: Path) -> None:
    """As one run of five tasks."""
    workspace = WorkspaceClient(host=variables["DATABRICKS_HOST"], token=variables["DATABRICKS_TOKEN"])
    load, *cleaning, query = JOBS
    landed = {"raw_path": variables["RAW_PATH"], "user_id": variables["USER_ID"]}
    tasks = [
        task(load, f"/jobs/{load}", parameters=landed),
        *(task(clean, f"/jobs/{clean}", load) for clean in cleaning),
        task(query, f"/jobs/{query}", *cleaning),
    ]
    run_id = workspace.jobs.submit(tasks=tasks, run_name="same tables").run_id
    run = eventually(lambda: has_ended(found := workspace.jobs.get_run(run_id)) and found, "the run ends", 300)
    assert results(run) == dict.fromkeys(JOBS, "SUCCESS")


def by_databricks_connect(variables: dict[str, str], _: Path) -> None:
    run_jobs([environment("databricks") / "bin" / "papermill"], NOTEBOOKS, "python3", variables, {})


@pytest.mark.parametrize("run", [by_nbval, by_papermill, by_the_jobs_api, by_databricks_connect])
def test_the_notebooks_give_the_same_tables(
    sandbox: Any,
    landed: dict[str, str],
    expected: Rows,
    own: Tables,
    tmp_path: Path,
    run: Callable[[dict[str, str], Path], None],
) -> None:
    given = connected(sandbox) if run is by_databricks_connect else sandbox.environment
    run({**given, "RAW_PATH": landed["raw_path"], "USER_ID": landed["user_id"]}, tmp_path)
    found = tables_of(own)
    assert {name: len(rows) for name, rows in found.items()} == {name: len(rows) for name, rows in expected.items()}
    assert found == expected
