"""S3: a SeaweedFS server that speaks the S3 protocol and checks signatures."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.parts.base import HOST, Part, listening
from sandbox.settings import write_private

REGION = "us-east-1"
PROBE_BUCKET = "sandbox-probe"
QUICK = {
    "connect_timeout": 3,
    "read_timeout": 10,
    "retries": {"total_max_attempts": 1},
    "s3": {"addressing_style": "path"},
}


class S3(Part):
    """The object store, with the student's bucket in it."""

    name = "s3"
    stands_for = "S3"
    # Its volumes are closed within a tenth of a second; then it waits 15 s for clients that are gone.
    stop_seconds = 3
    port_names = (
        "s3", "s3-grpc", "s3-master", "s3-master-grpc", "s3-volume", "s3-volume-grpc", "s3-filer", "s3-filer-grpc",
    )  # fmt: skip

    @property
    def address(self) -> str:
        """The endpoint."""
        return f"http://{HOST}:{self.port}"

    @property
    def bucket(self) -> str:
        """The student's bucket."""
        return f"user-{self.secrets.user_id}-bucket"

    @property
    def mount_point(self) -> str:
        """Where Spark sees the bucket as mounted: `dbfs:/mnt/BUCKET`."""
        return f"/mnt/{self.bucket}"

    @property
    def identities(self) -> Path:
        """Who may sign requests."""
        return self.settings.config(self.name) / "s3.json"

    def prepare(self) -> None:
        """Write who may do what."""
        keys = {
            "accessKey": self.secrets.aws_access_key_id,
            "secretKey": self.secrets.aws_secret_access_key.get_secret_value(),
        }
        student = {"name": "student", "credentials": [keys], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        write_private(self.identities, json.dumps({"identities": [student]}))
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def command(self) -> Sequence[str | Path]:
        """Run master, volume, filer and S3 in one process, every listener on a port of this sandbox."""
        flags = {
            "dir": self.folder,
            "ip": HOST,
            "ip.bind": HOST,
            "master.volumeSizeLimitMB": 64,
            "master.telemetry": "false",
            # Alone it need not wait ten seconds for other masters: a warm start takes 3 to 8 s instead of 18.
            "master.electionTimeout": "1s",
            "volume.max": 0,
            "volume.index": "leveldb",
            "volume.preStopSeconds": 0,
            "filer": "true",
            "filer.localSocket": "filer.sock",
            "s3": "true",
            "s3.config": self.identities,
            "s3.localSocket": "s3.sock",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.iam": "false",
        }
        program = Path(sys.prefix) / "bin" / "weed"
        return [
            program,
            "-logtostderr=true",
            "server",
            *(f"-{name}={value}" for name, value in {**flags, **self.port_flags()}.items()),
        ]

    def port_flags(self) -> dict[str, int]:
        """The port of each of its servers."""
        ports = self.settings.ports
        flags = {}
        for server in ("s3", "master", "volume", "filer"):
            name = server if server == "s3" else f"s3-{server}"
            flags[f"{server}.port"] = ports[name]
            flags[f"{server}.port.grpc"] = ports[f"{name}-grpc"]
        return flags

    def environment(self) -> Mapping[str, str]:
        """Garbage may take half of what lives. A hard bound kept Go collecting, with a tenth of a core while idle."""
        return {"GOGC": "50"}

    def tidy(self) -> None:
        """Remove the sockets that SeaweedFS puts into /tmp whatever it is told; their names hold our ports.

        A port that still listens is another sandbox's, which was up first: its sockets are left alone.
        """
        for port in (port for port in self.ports.values() if not listening(port)):
            for socket in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock"):  # noqa: S108
                socket.unlink(missing_ok=True)

    def client(self) -> Any:
        """A boto3 client with the student's keys."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=self.address,
            aws_access_key_id=self.secrets.aws_access_key_id,
            aws_secret_access_key=self.secrets.aws_secret_access_key.get_secret_value(),
            config=Config(**QUICK),
        )

    def probe(self) -> None:
        """Put an object, in a bucket of its own."""
        client = self.client()
        create_bucket(client, PROBE_BUCKET)
        client.put_object(Bucket=PROBE_BUCKET, Key="probe", Body=b"ready")

    def provision(self) -> None:
        """Create the student's bucket."""
        create_bucket(self.client(), self.bucket)


def create_bucket(client: Any, bucket: str) -> None:
    """Create a bucket that may be there already."""
    from botocore.exceptions import ClientError

    try:
        client.create_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou"):
            raise
