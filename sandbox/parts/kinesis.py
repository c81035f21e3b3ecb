"""Kinesis Data Streams over the sandbox's Kafka."""

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.environment import aws_credentials_file
from sandbox.parts.base import HOST, Part
from sandbox.parts.kafka import internal_properties
from sandbox.parts.student_client import student_client


class Kinesis(Part):
    """The service. Its streams survive a restart: definitions in its data folder, records in Kafka.

    `SANDBOX_KINESIS_LIMITS=1 sandbox up` holds each shard to Amazon's limits from then on, `=0` lets it go again.
    """

    name = "kinesis"
    stands_for = "Kinesis"
    needs = ("kafka",)
    port_names = ("kinesis",)

    @property
    def address(self) -> str:
        """Its endpoint."""
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Nothing: its streams are made through its own calls."""

    def command(self) -> Sequence[str | Path]:
        """Run the service."""
        words: list[str | Path] = [sys.executable, "-m", "sandbox.servers.kinesis", "--state", self.folder]
        words += ["--kafka", internal_properties(self.settings), "--credentials", aws_credentials_file(self.settings)]
        words += ["--host", HOST, "--port", str(self.port)]
        return [*words, "--limits"] if self.settings.kinesis_limits else words

    def environment(self) -> Mapping[str, str]:
        """Memory of large answers goes back to the system, which the C library would keep otherwise.

        That of 500 records stays: to get it anew for each request costs a tenth of the time of PutRecords.
        """
        return {"MALLOC_MMAP_THRESHOLD_": str(512 << 10), "MALLOC_TRIM_THRESHOLD_": str(1 << 20)}

    @cached_property
    def client(self) -> Any:
        """A boto3 client with the student's keys."""
        return student_client("kinesis", self.address, self.secrets)

    def probe(self) -> None:
        """Ask for the streams."""
        self.client.list_streams()
