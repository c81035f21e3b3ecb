"""The map of the course leads somewhere: each file of the published course has its row, and each successor exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from sandbox.settings import ROOT

MAP = ROOT / "walkthroughs" / "map.md"
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)(?:#[^)]*)?\)")
# A linked file, and the names in code font that follow it.
SUCCESSOR = re.compile(r"\[[^\]]+\]\(([^)#]+)(?:#[^)]*)?\)((?: `[\w.]+`,?)*)")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in MAP.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| then ")
]
SUCCESSORS = [found for row in ROWS for found in SUCCESSOR.findall(row[1])]
NAMES = [(target, name) for target, names in SUCCESSORS for name in re.findall(r"`([\w.]+)`", names)]

# The files of the course as it was published, and what it had that was no file.
PUBLISHED = (
    *(f"classes/{name}.py" for name in ("api_communicator", "aws_db_connector", "data_processor", "rds_db_connector")),
    *("RDSDBConnector", "AWSDBConnector", "APICommunicator", "DataProcessor", "S3DataLoader", "DataCleaning"),
    *("classes/__init__.py", "classes/database_connector.py", "classes/databricks_mount_data.py"),
    *("classes/s3_data_loader_with_hadoop.py", "classes/s3_data_loader_with_mounting.py"),
    *("user_posting_emulation.py", "user_posting_emulation_batch.py", "user_posting_emulation_stream.py"),
    *("user_posting_emulation_streaming.py", "streaming_batch.py", "streaming_kinesis.py"),
    *("databricks/classes/databricks_load_data.py", "databricks/classes/databricks_clean_data.py"),
    *("s3_paths_with_mounting.py", "s3_paths_without_mounting.py", "Databricks/mount_read_S3_bucket.py"),
    *("databricks/query_batch_data_direct.ipynb", "databricks/query_batch_data_mount.ipynb"),
    *("databricks/write_stream_data.ipynb", "databricks/airflow/USER_ID_dag.py"),
    *(f"databricks/airflow/airflow_{job}.ipynb" for job in ("load_data", "clean_pin", "clean_geo", "clean_user")),
    *("databricks/airflow/airflow_query_data.ipynb", "requirements.txt", "authentication_credentials.csv"),
    *("credentials/creds_template.yaml", "credentials/template.env", "AiCore-Project-PDP-env.yaml"),
    *("client.properties", "kafka-rest.properties", "aws-msk-iam-auth", "confluentinc-kafka-connect-s3"),
    *("connector configuration", "confluent-worker", "mapping templates", "WALKTHROUGH.md", "README_Images/"),
    *(f"Walkthrough_part_{number}_" for number in range(1, 7)),
)


def target_of(link: str) -> Path:
    return (MAP.parent / link).resolve()


@cache
def definitions(path: Path) -> frozenset[str]:
    """The functions and classes of a file, and the methods as `Class.method`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (each for each in node.body if isinstance(each, ast.FunctionDef))
            found |= {f"{node.name}.{method.name}" for method in methods}
    return frozenset(found)


@pytest.mark.parametrize("original", PUBLISHED)
def test_each_file_of_the_published_course_has_a_row(original: str) -> None:
    assert any(original in row[0] for row in ROWS), original


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_each_row_names_a_successor_and_says_in_a_sentence_what_changed(row: list[str]) -> None:
    assert len(row) == 3
    assert LINK.search(row[1])
    assert row[2].endswith(".")


@pytest.mark.parametrize("link", sorted({target for target, _ in SUCCESSORS}))
def test_each_successor_exists(link: str) -> None:
    assert target_of(link).exists(), f"{link} is named in {MAP.name} and is not there"


@pytest.mark.parametrize(("link", "name"), sorted(set(NAMES)))
def test_each_name_is_defined_in_its_file(link: str, name: str) -> None:
    assert name in definitions(target_of(link))


def test_the_map_names_the_classes_that_the_course_had() -> None:
    named = {name for _, name in NAMES}
    assert named >= {"RDSDBConnector", "APICommunicator", "DataProcessor", "S3DataLoader", "DataCleaning"}
