"""The five job notebooks, run by papermill as a schedule would: load, then the three cleanings, then the queries."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.papermill_run import KERNEL_VARIABLES, command, error_line, error_output
from sandbox.settings import ROOT

NOTEBOOKS = ROOT / "notebooks" / "jobs"
# Notebooks of one step run side by side.
STEPS = (("load_data",), ("clean_pin", "clean_geo", "clean_user"), ("query_data",))


class NotebookFailedError(SandboxError):
    """A job notebook stopped at a failing cell."""


def run_jobs(outputs: Path, environment: Mapping[str, str], done: Callable[[str, float], None]) -> None:
    """Run the notebooks step by step; ``done(notebook, seconds)`` after each.

    Args:
        outputs: the folder that gets the executed notebooks.
        environment: what the kernels find: Spark's address and token, the AWS profile, RAW_PATH, USER_ID.

    Raises:
        NotebookFailedError: with the failing cell's own message.
    """
    outputs.mkdir(parents=True, exist_ok=True, mode=0o700)
    for step in STEPS:
        with ThreadPoolExecutor(len(step)) as pool:
            list(pool.map(lambda name: run_notebook(name, outputs, environment, done), step))


def run_notebook(name: str, outputs: Path, environment: Mapping[str, str], done: Callable[[str, float], None]) -> None:
    """Run one notebook in a kernel of this environment."""
    began = time.monotonic()
    output = outputs / f"{name}.ipynb"
    finished = subprocess.run(
        command(NOTEBOOKS / f"{name}.ipynb", output),
        env={**os.environ, **environment, **KERNEL_VARIABLES},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        reason = failing_cell(output) or finished.stderr.strip()[-600:]
        raise NotebookFailedError(
            f"The notebook {name} failed: {reason}", f"It is kept as it stopped: {output}; go on: make run"
        )
    done(name, time.monotonic() - began)


def failing_cell(notebook: Path) -> str:
    """The error of the cell at which a notebook stopped, or nothing."""
    output = error_output(notebook)
    return error_line(output) if output else ""
