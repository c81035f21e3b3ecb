"""How papermill runs a notebook in this environment's kernel, and where a notebook that stopped tells why."""

import json
import sys
from pathlib import Path
from typing import Any

# The kernel is this environment's own, and its debugger says nothing of frozen modules.
KERNEL_VARIABLES = {"JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def command(notebook: Path, output: Path) -> list[str]:
    """The command that runs a notebook, beside the files that it lies with, and keeps it executed."""
    words = [sys.executable, "-m", "papermill", str(notebook), str(output), "-k", "python3"]
    return [*words, "--no-progress-bar", "--cwd", str(notebook.parent)]


def error_output(notebook: Path) -> dict[str, Any] | None:
    """What the failing cell of an executed notebook has put out (ename, evalue, traceback); None where none failed."""
    outputs = (output for cell in cells(notebook) for output in cell.get("outputs", []))
    return next((output for output in outputs if output.get("output_type") == "error"), None)


def error_line(output: dict[str, Any]) -> str:
    """The error in one line."""
    return f"{output['ename']}: {output['evalue']}"


def cells(notebook: Path) -> list[dict[str, Any]]:
    """The cells of a notebook; none of one that is missing, or that a kill has left unreadable."""
    try:
        return list(json.loads(notebook.read_text(encoding="utf-8"))["cells"])
    except (OSError, ValueError, KeyError):
        return []
