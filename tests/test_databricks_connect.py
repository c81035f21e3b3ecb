"""What runs the job notebooks on MWAA: startup.sh's kernel, with databricks-connect, against the sandbox's Spark."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from connected_notebooks import connected, run_jobs
from landing import USER_ID
from own_environment import environment, mwaa_environment

from lib.tables import Tables
from sandbox.data.files import write_json_lines
from sandbox.settings import ROOT

pytestmark = [pytest.mark.sandbox, pytest.mark.full, pytest.mark.timeout(900)]

ROWS = 300


def parameters(tables: Tables, folder: Path) -> dict[str, str]:
    raw_path = write_json_lines(folder, ROWS, 1, USER_ID, records_per_object=100)
    return {"schema": tables.schema, "raw_path": f"file://{raw_path}", "user_id": USER_ID}


def test_startup_sh_makes_the_kernel_of_the_papermill_dag(sandbox: Any, tables: Tables, tmp_path: Path) -> None:
    """In an environment with MWAA's pins, from what is uploaded to the bucket and nothing else."""
    dags, home = tmp_path / "dags", tmp_path / "home"
    shutil.copytree(ROOT / "dags", dags)
    shutil.copytree(ROOT / "lib", dags / "lib")
    shutil.copytree(ROOT / "notebooks" / "jobs", dags / "notebooks" / "jobs")
    shutil.copy(ROOT / "requirements" / "databricks.txt", dags / "databricks.txt")
    tools = mwaa_environment(tmp_path / "airflow") / "bin"
    mwaa = {"HOME": str(home), "COURSE_DAGS": str(dags), "COURSE_KERNEL": str(tmp_path / "kernel")}
    variables = {**connected(sandbox), **mwaa, "PATH": f"{tools}:{os.defpath}", "USER_ID": USER_ID}
    started = subprocess.run([dags / "startup.sh"], env=variables, capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    given = parameters(tables, tmp_path / "landed")
    run_jobs([tools / "papermill"], dags / "notebooks" / "jobs", "course", variables, given)
    assert tables.known("pin").count() == ROWS
    assert tables.known("answer_8").count() > 0


def test_startup_sh_takes_the_workspace_from_secrets_manager(sandbox: Any, tmp_path: Path) -> None:
    tools = environment("airflow") / "bin"
    secret = '{"host": "https://dbc-1.cloud.databricks.com", "token": "dapi-1"}'
    ask = (
        "import boto3, sys; boto3.client('secretsmanager').create_secret(Name='startup-test', SecretString=sys.argv[1])"
    )
    variables = {**sandbox.environment, "PATH": f"{tools}:{os.defpath}", "MWAA_AIRFLOW_COMPONENT": "scheduler"}
    subprocess.run([sys.executable, "-c", ask, secret], env=variables, check=True)
    shell = ". dags/startup.sh && echo $DATABRICKS_HOST $DATABRICKS_TOKEN"
    variables |= {"DATABRICKS_SECRET": "startup-test"}
    done = subprocess.run(["sh", "-c", shell], env=variables, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["https://dbc-1.cloud.databricks.com", "dapi-1"]
