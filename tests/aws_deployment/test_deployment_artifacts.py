"""What the parts take from the artifact bucket is made from the repository's own files."""

import subprocess
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from rendered_templates import GIVEN, resources

from deployment.artifacts import REQUIREMENTS, STARTUP, airflow_files, filled_in
from deployment.client_files import wheels_zip, zipped
from deployment.parts import ROOT, chosen

USER = GIVEN["UserId"]


def test_airflow_finds_its_files_where_the_template_says() -> None:
    (environment,) = resources(chosen("mwaa")[0], "AWS::MWAA::Environment").values()
    properties, files = environment["Properties"], airflow_files(USER)
    assert properties["RequirementsS3Path"] == REQUIREMENTS in files
    assert properties["StartupScriptS3Path"] == STARTUP in files
    assert properties["DagS3Path"] + "/" in files


def test_the_dags_come_with_what_they_import_and_run() -> None:
    files = set(airflow_files(USER)["mwaa/dags/"])
    assert {path.name for path in (ROOT / "dags").glob("*.py")} <= files
    assert {f"notebooks/jobs/{path.name}" for path in (ROOT / "notebooks" / "jobs").glob("*.ipynb")} <= files
    assert {f"lib/{path.name}" for path in (ROOT / "lib").glob("*.py")} <= files
    assert {"databricks.txt", "constraints.txt", ".airflowignore"} <= files


def test_the_startup_script_has_the_students_id_and_the_stacks_secret() -> None:
    """Run up to where it would ask Secrets Manager."""
    script = filled_in((ROOT / "dags" / "startup.sh").read_bytes(), USER).decode()
    beginning = script.split("if [ -n", 1)[0] + 'echo "$USER_ID $SECRET"\n'
    told = subprocess.run(["sh"], input=beginning, capture_output=True, text=True, check=True).stdout
    secrets = resources(chosen("mwaa")[0], "AWS::SecretsManager::Secret").values()
    assert told.split() == [USER, *(secret["Properties"]["Name"] for secret in secrets)]


def test_the_same_files_are_the_same_archive(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_text("a")
    first = zipped(tmp_path)
    time.sleep(0.01)
    (tmp_path / "a.jar").write_text("a")
    assert zipped(tmp_path) == first


@pytest.mark.full
def test_the_client_instance_gets_every_wheel_of_its_proxy_in_the_courses_versions(tmp_path: Path) -> None:
    names = zipfile.ZipFile(BytesIO(wheels_zip())).namelist()
    pins = (ROOT / "requirements" / "course.txt").read_text().lower()
    wheels = [name.lower().split("-")[:2] for name in names]
    assert ["pinterest_pipeline_course", "0.1.0"] in wheels
    foreign = [wheel for wheel in wheels if wheel[0] != "pinterest_pipeline_course"]
    assert all(f"{name.replace('_', '-')}=={version}" in pins for name, version in foreign)
    assert all("cp311" in name or "abi3" in name or "none-any" in name for name in names)
