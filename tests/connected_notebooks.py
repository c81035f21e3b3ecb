"""The job notebooks by papermill in an environment with databricks-connect."""

import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sandbox.papermill_run import KERNEL_VARIABLES
from sandbox.run.jobs import STEPS

JOBS = tuple(job for step in STEPS for job in step)
QUIET = {"DATABRICKS_SDK_UPSTREAM": "pinterest-pipeline", **KERNEL_VARIABLES}


def connected(sandbox: Any) -> dict[str, str]:
    """The environment in which databricks-connect finds the sandbox: it takes the token from no variable, and as
    `token` only over TLS, so that it goes as the header that it is."""
    given = sandbox.environment
    bearer = quote(f"Bearer {given['SPARK_CONNECT_AUTHENTICATE_TOKEN']}")
    return {**given, "SPARK_REMOTE": f"{given['SPARK_REMOTE']}/;authorization={bearer}", **QUIET}


def run_jobs(
    papermill: list[Any], notebooks: Path, kernel: str, variables: dict[str, str], given: dict[str, str]
) -> None:
    """Run the job notebooks in their order; each must succeed."""
    for job in JOBS:
        has = (notebooks / f"{job}.ipynb").read_text()
        chosen = [word for name, value in given.items() if f"{name} = " in has for word in ("-p", name, value)]
        command = [*papermill, notebooks / f"{job}.ipynb", os.devnull, "-k", kernel, "--no-progress-bar", *chosen]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, cwd=notebooks)
        assert done.returncode == 0, done.stderr[-3000:]
