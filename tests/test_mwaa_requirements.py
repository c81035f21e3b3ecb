"""What MWAA installs: `dags/requirements.txt` resolves to MWAA's own pins, and to nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.settings import ROOT

DAGS = ROOT / "dags"
ON_MWAA = "/usr/local/airflow/dags/constraints.txt"
# Airflow's own two halves, which its constraints leave to the version of `apache-airflow`.
AIRFLOW = {"apache-airflow-core": "3.2.1", "apache-airflow-task-sdk": "1.2.1"}


def pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))


def test_the_constraint_comes_first_and_lies_beside_the_dags() -> None:
    first, *requirements = (DAGS / "requirements.txt").read_text().splitlines()
    assert first == f'--constraint "{ON_MWAA}"'
    assert "apache-airflow==3.2.1" in requirements


@pytest.mark.full
def test_the_requirements_resolve_to_mwaas_pins(tmp_path: Path) -> None:
    """As MWAA resolves them, on its Python, apart from where the constraints lie."""
    constraints = DAGS / "constraints.txt"
    local = tmp_path / "requirements.txt"
    local.write_text((DAGS / "requirements.txt").read_text().replace(ON_MWAA, str(constraints)))
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "pip", "compile", "--quiet", "--python-version", "3.12", "--no-header", "--no-annotate", local]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert pins(done.stdout).items() <= {**pins(constraints.read_text()), **AIRFLOW}.items()


def test_the_sandboxs_airflow_has_mwaas_pins() -> None:
    """All but what Python 3.11 and other systems need besides."""
    ours, mwaa = pins((ROOT / "requirements" / "airflow.txt").read_text()), pins((DAGS / "constraints.txt").read_text())
    assert {name for name in ours if name in mwaa and ours[name] != mwaa[name]} <= {"ipython"}
    assert ours["apache-airflow-providers-databricks"] == mwaa["apache-airflow-providers-databricks"] == "7.12.1"
