"""The notebooks of the course, and how they are run: each by itself, as a student's machine runs it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

from sandbox.papermill_run import KERNEL_VARIABLES
from sandbox.settings import ROOT

NOTEBOOKS = ROOT / "notebooks"
SOLVED = sorted(NOTEBOOKS.glob("0*.ipynb"))
ROWS, SEED = 2_000, 1
STRICT = {"STRICT_CHECKS": "1"}


def cells(path: Path) -> list[Any]:
    return list(nbformat.read(path, as_version=4).cells)


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in cells(path) if cell.cell_type == "code"]


def prose_cells(path: Path) -> list[Any]:
    return [cell for cell in cells(path) if cell.cell_type == "markdown"]


def by_nbval(sandbox: Any, path: Path) -> None:
    """Run a notebook's every cell under nbval; the first that fails is told."""
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", "-q", "-x", path]
    variables = {**sandbox.environment, **KERNEL_VARIABLES, **STRICT}
    done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def by_papermill(sandbox: Any, path: Path, output: Path, **parameters: str) -> None:
    """Run a notebook by papermill, with parameters."""
    given = [word for name, value in parameters.items() for word in ("-p", name, value)]
    command = [sys.executable, "-m", "papermill", path, output, "-k", "python3", "--no-progress-bar", *given]
    variables = {**sandbox.environment, **KERNEL_VARIABLES, **STRICT}
    done = subprocess.run(command, env=variables, cwd=path.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
