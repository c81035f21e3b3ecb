"""The layout tells the architecture, and these tests hold it."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

from sandbox.settings import ROOT

# What runs on Databricks may import nothing that Databricks lacks.
ON_DATABRICKS = (
    "schemas",
    "entities",
    "s3_data_loader",
    "data_cleaning",
    "queries",
    "tables",
    "jobs",
    "notebook",
    "landing_zone",
    "quality",
    "stream_table",
    "stream_batch",
    "key_search",
    "stream_job",
    "stream_progress",
    "parity",
    "table_fingerprints",
    "checks",
    "check_outcome",
    "answer_key",
    "catch_up",
    "errors",
)


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported_packages(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def tracked_files() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("path", modules_of("lib"), ids=str)
def test_lib_knows_nothing_of_the_sandbox(path: Path) -> None:
    assert not imported_packages(path) & {"sandbox", "airflow", "tests"}


@pytest.mark.parametrize("path", modules_of("sandbox"), ids=str)
def test_the_sandbox_knows_nothing_of_lib(path: Path) -> None:
    assert not imported_packages(path) & {"lib", "tests", "classroom"}


@pytest.mark.parametrize("path", modules_of("packages/pyspark-kinesis/pyspark_kinesis"), ids=lambda path: path.stem)
def test_the_kinesis_source_knows_neither_the_sandbox_nor_lib(path: Path) -> None:
    import sys

    allowed = {"pyspark_kinesis", "pyspark", "pyarrow", "boto3", "botocore"} | set(sys.stdlib_module_names)
    assert imported_packages(path) <= allowed


def test_spark_finds_the_kinesis_source_by_its_name_alone() -> None:
    """As Spark's look-up does: among the packages on the path, which a finder of an import hook does not list."""
    import pkgutil

    assert "pyspark_kinesis" in [found.name for found in pkgutil.iter_modules()]


@pytest.mark.parametrize("name", ON_DATABRICKS)
def test_what_runs_on_databricks_needs_pyspark_and_the_standard_library_only(name: str) -> None:
    import sys

    allowed = {"lib", "pyspark"} | set(sys.stdlib_module_names)
    assert imported_packages(ROOT / "lib" / f"{name}.py") <= allowed


@pytest.mark.parametrize("path", modules_of("lib/tasks"), ids=lambda path: path.stem)
def test_the_checks_of_a_part_need_lib_and_the_standard_library_only(path: Path) -> None:
    import sys

    assert imported_packages(path) <= {"lib"} | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", modules_of("classroom"), ids=lambda path: path.stem)
def test_the_classroom_knows_neither_lib_nor_the_sandbox(path: Path) -> None:
    assert not imported_packages(path) & {"lib", "sandbox", "deployment", "airflow", "tests"}


@pytest.mark.parametrize("path", modules_of("deployment"), ids=lambda path: path.stem)
def test_the_deployment_knows_neither_lib_nor_the_sandbox(path: Path) -> None:
    assert not imported_packages(path) & {"lib", "sandbox", "airflow", "tests"}


@pytest.mark.parametrize("package", ["lib", "sandbox"])
def test_neither_lib_nor_the_sandbox_knows_the_deployment(package: str) -> None:
    assert not [path for path in modules_of(package) if "deployment" in imported_packages(path)]


def test_git_keeps_lib_and_parts() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "lib/entities.py", "sandbox/parts/kafka.py"], cwd=ROOT, capture_output=True, check=False
    )
    assert ignored.stdout == b""


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").rglob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").rglob("*.txt")), ids=lambda path: path.name)
def test_lock_files_pin_with_hashes_and_hold_no_address(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    pins = re.findall(r"^[A-Za-z0-9._-]+==", text, re.MULTILINE) or text.splitlines()
    assert len(re.findall(r"[0-9a-f]{64}", text)) >= len(pins)


def test_every_package_is_listed_for_the_installer() -> None:
    import tomllib

    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    present = {
        str(path.parent.relative_to(ROOT)).replace("/", ".")
        for package in ("classroom", "deployment", "lib", "sandbox")
        for path in (ROOT / package).rglob("__init__.py")
    }
    assert listed == present


def test_no_large_file_is_tracked() -> None:
    assert not [name for name in tracked_files() if (ROOT / name).is_file() and (ROOT / name).stat().st_size > 2**20]
