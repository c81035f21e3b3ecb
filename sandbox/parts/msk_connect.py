"""MSK Connect's worker with the S3 sink in it. Its connectors are made through the API of the part `msk`."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.environment import profile_variables
from sandbox.errors import NotReadyError
from sandbox.parts.base import Part
from sandbox.parts.kafka import client_properties
from sandbox.servers.msk_connect.definitions import definition_path
from sandbox.servers.msk_connect.status import status_path
from sandbox.servers.msk_connect.worker import last_worker


class MskConnect(Part):
    """The worker. It has no port: it reads connector definitions from a folder and writes their state there."""

    name = "msk-connect"
    stands_for = "MSK Connect"
    needs = ("kafka", "s3")

    @property
    def address(self) -> str:
        """The student's connector, which it runs."""
        return self.connector

    @property
    def connector(self) -> str:
        """The name of the student's connector."""
        return f"{self.secrets.user_id}-s3-sink"

    @property
    def group(self) -> str:
        """The consumer group in which the connector commits its offsets."""
        return f"connect-{self.connector}"

    @property
    def connectors(self) -> Path:
        """The folder of connector definitions."""
        return self.folder / "connectors"

    def prepare(self) -> None:
        """Nothing: connectors are made through the API, by the part `msk`."""

    def command(self) -> Sequence[str | Path]:
        """Run the worker."""
        words: list[str | Path] = [
            sys.executable,
            "-m",
            "sandbox.servers.msk_connect",
            "--kafka",
            client_properties(self.settings),
        ]
        return [*words, "--connectors", self.connectors]

    def environment(self) -> Mapping[str, str]:
        """The AWS profile, with S3's endpoint in it."""
        return profile_variables(self.settings)

    def probe(self) -> None:
        """Look for a worker that has taken the folder and lives."""
        import psutil

        worker = last_worker(self.connectors)
        if worker is None or not psutil.pid_exists(worker):
            raise NotReadyError("no worker follows the connectors yet")

    def probe_connector(self) -> None:
        """Read the student's connector's state as the worker writes it: the connector and every task must run."""
        status = status_path(definition_path(self.connectors, self.connector))
        if not status.exists():
            raise NotReadyError("the worker has not read the connector yet")
        told = json.loads(status.read_text())
        stopped = [state for state in (told["connector"], *told["tasks"]) if state["state"] != "RUNNING"]
        if stopped or not told["tasks"]:
            raise NotReadyError(f"{[(state['state'], state['reason']) for state in stopped]}")
