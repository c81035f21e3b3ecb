"""Take pictures of Airflow's grid and of a run on the Jobs API, with a real browser: `scripts/screenshots.py DIR`.

The sandbox and its Airflow must be up and the DAG must have run: `make mwaa`.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from sandbox.errors import SandboxError
from sandbox.parts.airflow import AirflowDagProcessor
from sandbox.parts.jobs import Jobs
from sandbox.settings import load_settings
from sandbox.stack import Stack

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZE = "1500,950"
# Milliseconds of its own clock that a page gets to load what it shows.
PATIENCE = 20_000


def browser() -> str | None:
    """The first browser that is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def pages(stack: Stack) -> Iterator[tuple[str, str]]:
    """The name and the address of each picture: the grid, the run of the newest date, the newest task's notebook."""
    airflow, jobs = stack.part(AirflowDagProcessor), stack.part(Jobs)
    yield "airflow-grid", f"{airflow.address}/dags/{airflow.dag_id}"
    runs = airflow.api.runs(airflow.dag_id)
    if not runs:
        raise SandboxError("The DAG has not run yet.", "Run it: make mwaa")
    yield "airflow-run", airflow.api.page(airflow.dag_id, runs[0]["dag_run_id"])
    yield "databricks-run", newest_task(jobs)["run_page_url"]


def newest_task(jobs: Jobs) -> dict[str, Any]:
    """The task of the newest run on the Jobs API; its page shows the executed notebook."""
    headers = {"Authorization": f"Bearer {jobs.secrets.databricks_token.get_secret_value()}"}
    query = {"limit": "1", "run_type": "SUBMIT_RUN", "expand_tasks": "true"}
    answer = requests.get(f"{jobs.address}/api/2.2/jobs/runs/list", params=query, headers=headers, timeout=30)
    answer.raise_for_status()
    return dict(answer.json()["runs"][0]["tasks"][0])


def take(command: str, address: str, picture: Path) -> None:
    """Open a page in a browser that forgets everything, and keep what it shows."""
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--hide-scrollbars", f"--window-size={SIZE}", f"--virtual-time-budget={PATIENCE}"]
        options += ["--no-sandbox", f"--user-data-dir={profile}", f"--screenshot={picture}"]
        subprocess.run([command, *options, address], check=True, capture_output=True, timeout=120)


def main() -> None:
    """Take every picture into the folder that the command line names."""
    if not (command := browser()):
        print(f"No browser is installed, so no picture is taken. One of them will do: {', '.join(BROWSERS)}")
        return
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, address in pages(Stack(load_settings())):
        take(command, address, (folder / f"{name}.png").resolve())
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main()
