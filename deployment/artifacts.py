"""What a part takes from the artifact bucket, which is there before its stack is.

The client instance takes its installer, Kafka's tools and the REST proxy; MSK Connect takes Confluent's plugin, which
the student downloads; MWAA takes the DAGs with what they import and run. A file is sent where the bucket has another
one, so that nothing is made anew that has not changed.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deployment.account import Account
from deployment.client_files import kafka_zip, wheels_zip
from deployment.errors import ArtifactMissingError
from deployment.parts import ROOT

PLUGIN = "connect/confluentinc-kafka-connect-s3.zip"
PLUGIN_VARIABLE = "S3_SINK_ZIP"
REQUIREMENTS, STARTUP = "mwaa/requirements.txt", "mwaa/startup.sh"
Files = dict[str, bytes]


def upload(account: Account, part: str, user_id: str, bucket: str) -> None:
    """Send what a part takes from the bucket, and remove what it takes no longer.

    Raises:
        ArtifactMissingError: a file is not on this machine.
    """
    if part == "msk-connect":
        _require_plugin(account, bucket)
    for prefix, files in FILES.get(part, no_files)(user_id).items():
        _send(account, bucket, prefix, files)


def version(account: Account, bucket: str, key: str) -> str:
    """The version of a file in the bucket; empty where there is none."""
    return str(_head(account, bucket, key).get("VersionId", ""))


def no_files(_: str) -> dict[str, Files]:
    """What a part takes that takes nothing."""
    return {}


def client_files(_: str) -> dict[str, Files]:
    """What the client instance installs."""
    return {
        "aws/ec2/": _folder(ROOT / "aws" / "ec2"),
        "client/": {"kafka.zip": kafka_zip(), "wheels.zip": wheels_zip()},
    }


def airflow_files(user_id: str) -> dict[str, Files]:
    """What MWAA runs: the DAGs, and beside them the notebooks and the library for the papermill DAG."""
    own = _folder(ROOT / "dags")
    requirements, startup = own.pop("requirements.txt"), own.pop("startup.sh")
    return {
        "mwaa/dags/": {
            **own,
            **_folder(ROOT / "lib", "lib/"),
            **_folder(ROOT / "notebooks" / "jobs", "notebooks/jobs/"),
            "databricks.txt": (ROOT / "requirements" / "databricks.txt").read_bytes(),
        },
        REQUIREMENTS: {"": requirements},
        STARTUP: {"": filled_in(startup, user_id)},
    }


def filled_in(startup: bytes, user_id: str) -> bytes:
    """startup.sh with what is the student's to fill in; the secret is that of the stack mwaa."""
    shebang, rest = startup.split(b"\n", 1)
    values = f"USER_ID={user_id}\nDATABRICKS_SECRET=airflow/connections/databricks_default\n"
    return shebang + b"\n" + values.encode() + rest


FILES: Mapping[str, Callable[[str], dict[str, Files]]] = {"msk": client_files, "mwaa": airflow_files}


def _folder(folder: Path, prefix: str = "") -> Files:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return {prefix + path.name: path.read_bytes() for path in files}


def _send(account: Account, bucket: str, prefix: str, files: Files) -> None:
    present = {item.key: item for item in account.bucket(bucket).objects.filter(Prefix=prefix)}
    for name, content in files.items():
        _put(account, bucket, prefix + name, content)
    for key in set(present) - {prefix + name for name in files}:
        present[key].delete()


def _put(account: Account, bucket: str, key: str, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if _head(account, bucket, key).get("Metadata", {}).get("sha256") != digest:
        account.client("s3").put_object(Bucket=bucket, Key=key, Body=content, Metadata={"sha256": digest})


def _head(account: Account, bucket: str, key: str) -> dict[str, Any]:
    """What S3 tells of a file in the bucket; nothing where there is none."""
    try:
        return dict(account.client("s3").head_object(Bucket=bucket, Key=key))
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return {}
        raise


def _require_plugin(account: Account, bucket: str) -> None:
    """Send the student's download; once it is there, it need not be named again."""
    named = os.environ.get(PLUGIN_VARIABLE)
    if named and not Path(named).is_file():
        raise ArtifactMissingError(f"{PLUGIN_VARIABLE} names {named}, and there is no such file.", "Correct the path.")
    if named:
        _put(account, bucket, PLUGIN, Path(named).read_bytes())
    elif not version(account, bucket, PLUGIN):
        raise ArtifactMissingError(
            "MSK Connect needs Confluent's S3 sink, which its licence keeps out of this repository.",
            "Download the ZIP `Amazon S3 Sink Connector` (confluentinc-kafka-connect-s3) from Confluent Hub, then:"
            f" make deploy PART=msk-connect {PLUGIN_VARIABLE}=path/to/the.zip",
        )
