"""IAM, STS, KMS, Secrets Manager, EC2, SSM, CloudTrail, CloudWatch and its Logs, answered by moto."""

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.environment import aws_credentials_file, profile_variables
from sandbox.errors import NotReadyError
from sandbox.parts.base import HOST, Part
from sandbox.parts.student_client import student_client


class Aws(Part):
    """The services that need no server of their own; every service that has none in the profile leads here."""

    name = "aws"
    stands_for = "IAM, KMS, EC2, CloudWatch, ..."
    port_names = ("aws",)

    @property
    def address(self) -> str:
        """Its endpoint."""
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Nothing: what it holds is made by calls."""

    def command(self) -> Sequence[str | Path]:
        """Run the services; they show what the other parts log."""
        words: list[str | Path] = [sys.executable, "-m", "sandbox.servers.aws_services", "--state", self.folder]
        words += ["--credentials", aws_credentials_file(self.settings)]
        words += ["--user", self.secrets.user_id, "--access-key", self.secrets.aws_access_key_id]
        words += ["--logs", self.settings.log(self.name).parent]
        words += ["--connector-log-groups", self.settings.data("msk") / "log_groups.json"]
        return [*words, "--host", HOST, "--port", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        """The AWS profile: a trail's bucket is looked for in S3."""
        return profile_variables(self.settings)

    @cached_property
    def client(self) -> Any:
        """An STS client with the student's keys."""
        return student_client("sts", self.address, self.secrets, read_timeout=10)

    def probe(self) -> None:
        """Ask who calls."""
        arn = self.client.get_caller_identity()["Arn"]
        if not arn.endswith(f":user/{self.secrets.user_id}"):
            raise NotReadyError(f"STS takes the student for {arn}")
