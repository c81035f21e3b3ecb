"""`sandbox nightly`: the job notebooks in their order for one date, as a line of cron runs them: no scheduler."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import chain
from pathlib import Path

import papermill
from papermill.exceptions import PapermillExecutionError
from rich.console import Console

from sandbox.environment import variables
from sandbox.papermill_run import KERNEL_VARIABLES
from sandbox.run.jobs import NOTEBOOKS, STEPS, NotebookFailedError
from sandbox.run.pipeline import base_environment
from sandbox.run.report import reports
from sandbox.settings import Settings, private_folder
from sandbox.stack import Stack


def run_nightly(console: Console, settings: Settings, day: date) -> Path:
    """Run the job notebooks one after another; the executed ones are kept in a folder of the date.

    The date labels the run and selects nothing: each run loads whatever is not loaded yet, so a night that was missed
    is made up for by the next, and a second run of a date changes no table.

    Returns:
        The folder with the executed notebooks.

    Raises:
        NotebookFailedError: with the failing cell's own message; the notebooks after it are not run.
    """
    outputs = private_folder(reports(settings) / "nightly" / day.isoformat())
    environment = {**base_environment(), **variables(settings, Stack(settings).secrets), **KERNEL_VARIABLES}
    with exported(environment):
        for name in chain.from_iterable(STEPS):
            run_notebook(console, name, outputs / f"{name}.ipynb", day)
    return outputs


def run_notebook(console: Console, name: str, output: Path, day: date) -> None:
    """Run one notebook, with a bar that counts its cells on a terminal and one line elsewhere."""
    began = time.monotonic()
    try:
        papermill.execute_notebook(
            NOTEBOOKS / f"{name}.ipynb",
            output,
            parameters={"logical_date": day.isoformat()},
            kernel_name="python3",
            progress_bar={"desc": f"{name:10}"} if console.is_terminal else False,
            cwd=NOTEBOOKS,
        )
    except PapermillExecutionError as error:
        raise NotebookFailedError(
            f"The notebook {name} failed at cell {error.exec_count}: {error.ename}: {error.evalue}",
            f"It is kept as it stopped: {output}; mend the cause and run the date again: make nightly DATE={day}",
        ) from error
    if not console.is_terminal:
        console.print(f"{name:10} {time.monotonic() - began:5.1f} s", highlight=False)


@contextmanager
def exported(environment: dict[str, str]) -> Iterator[None]:
    """Let the kernels find these variables and no others: papermill starts them with this process's environment."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
