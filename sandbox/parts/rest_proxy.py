"""The Kafka REST proxy on the course's EC2 instance."""

import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import NotReadyError
from sandbox.parts.base import HOST, Part
from sandbox.parts.kafka import PROBE_TOPIC, Kafka
from sandbox.settings import write_private

JSON_RECORDS = {"Content-Type": "application/vnd.kafka.json.v2+json"}


class RestProxy(Part):
    """HTTP in, Kafka records out; it reads `kafka-rest.properties` as Confluent's does."""

    name = "rest-proxy"
    stands_for = "Kafka REST proxy on EC2"
    needs = ("kafka",)
    port_names = ("rest-proxy",)

    @property
    def address(self) -> str:
        """Its base address."""
        return f"http://{HOST}:{self.port}"

    @property
    def properties(self) -> Path:
        """Its configuration file."""
        return self.settings.config(self.name) / "kafka-rest.properties"

    def prepare(self) -> None:
        """Write the client's settings with the prefix that the proxy expects."""
        lines = Kafka(self.settings, self.secrets).client_properties().splitlines()
        prefixed = [line if line.startswith("bootstrap.servers") else f"client.{line}" for line in lines]
        write_private(self.properties, "\n".join(prefixed) + "\n")

    def command(self) -> Sequence[str | Path]:
        """Run the proxy."""
        module = "sandbox.servers.rest_proxy"
        return [sys.executable, "-m", module, "--properties", self.properties, "--host", HOST, "--port", str(self.port)]

    def probe(self) -> None:
        """Produce one record."""
        import requests

        body = {"records": [{"value": {"probe": True}}]}
        answer = requests.post(f"{self.address}/topics/{PROBE_TOPIC}", json=body, headers=JSON_RECORDS, timeout=5)
        if answer.status_code != 200 or answer.json()["offsets"][0]["error_code"] is not None:
            raise NotReadyError(answer.text)
