"""The environments that share their pins with nobody, made as `make` makes the course's: from a lock file, once."""

import subprocess
import sys
from pathlib import Path

from sandbox.settings import ROOT


def environment(lock: str) -> Path:
    """The folder of the environment of `requirements/<lock>.txt`, made where it is missing or out of date."""
    command = [sys.executable, ROOT / "scripts" / "bootstrap.py", lock]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / f".venv-{lock}"
