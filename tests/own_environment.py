"""The environments that share their pins with nobody, made as `make` makes the course's: from a lock file, once."""

import shutil
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


def mwaa_environment(folder: Path) -> Path:
    """The folder of an environment with MWAA's pins: made here, of the Python that MWAA has, where there is one; else
    the one that Airflow has in the sandbox."""
    python = shutil.which("python3.12")
    if (
        not python
        or subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
    ):
        return environment("airflow")
    subprocess.run([python, "-m", "venv", folder], check=True)
    install = [Path(sys.executable).with_name("uv"), "pip", "install", "--quiet", "--python", folder / "bin" / "python"]
    subprocess.run([*install, "--require-hashes", "-r", ROOT / "requirements" / "airflow.txt"], check=True)
    return folder
