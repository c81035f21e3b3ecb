"""The APIs of MSK and MSK Connect, and the student's connector, made with the calls that make it at Amazon."""

import base64
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any, NoReturn

from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from sandbox import downloads
from sandbox.environment import aws_credentials_file, profile_variables
from sandbox.errors import NotReadyError, PartFailedError
from sandbox.parts.base import HOST, Part
from sandbox.parts.kafka import Kafka
from sandbox.parts.msk_connect import MskConnect
from sandbox.parts.s3 import S3
from sandbox.parts.student_client import student_client
from sandbox.settings import ROOT

CONNECTOR = ROOT / "aws" / "s3-sink.json"
WORKER = ROOT / "aws" / "worker.properties"
PLUGIN_KEY = "plugins/s3-sink.zip"
PLUGIN_NOTE = (
    "The sandbox's MSK Connect worker has an S3 sink built in. On Amazon this is Confluent's S3 sink connector.\n"
)
ROLE = "arn:aws:iam::123456789012:role/msk-connect"
VPC = {"subnets": ["subnet-0a1b2c3d4e5f60718"], "securityGroups": ["sg-0a1b2c3d4e5f60718"]}


class Msk(Part):
    """The server of both APIs. What is made through it survives a restart; a changed aws/s3-sink.json is an update."""

    name = "msk"
    stands_for = "MSK and MSK Connect APIs"
    needs = ("kafka", "s3", "msk-connect")
    port_names = ("msk",)

    @property
    def address(self) -> str:
        """The endpoint of both services."""
        return f"http://{HOST}:{self.port}"

    @cached_property
    def kafka(self) -> Kafka:
        """The broker that it describes."""
        return Kafka(self.settings, self.secrets)

    @cached_property
    def worker(self) -> MskConnect:
        """The worker that runs its connectors."""
        return MskConnect(self.settings, self.secrets)

    def prepare(self) -> None:
        """Nothing: its definitions are made through its own calls."""

    def command(self) -> Sequence[str | Path]:
        """Run the server."""
        flags = {
            "state": self.folder,
            "credentials": aws_credentials_file(self.settings),
            "connectors": self.worker.connectors,
            "bootstrap-servers": self.kafka.address,
            "kafka-version": kafka_version(),
            "host": HOST,
            "port": self.port,
        }
        words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
        return [sys.executable, "-m", "sandbox.servers.msk", *words]

    def environment(self) -> Mapping[str, str]:
        """The AWS profile, with S3's endpoint in it."""
        return profile_variables(self.settings)

    def client(self, service: str) -> Any:
        """A boto3 client with the student's keys."""
        return student_client(service, self.address, self.secrets)

    @cached_property
    def connect(self) -> Any:
        """A boto3 client of MSK Connect."""
        return self.client("kafkaconnect")

    def probe(self) -> None:
        """Ask for the cluster."""
        self.client("kafka").list_clusters_v2()

    def provision(self) -> None:
        """Make plugin, worker configuration and connector, each only where it is not there yet, and see it run."""
        plugin = {"customPluginArn": self.ensure_plugin(), "revision": 1}
        worker = {"workerConfigurationArn": self.ensure_worker_configuration(), "revision": 1}
        self.ensure_connector([{"customPlugin": plugin}], worker)
        self.worker.probe_connector()

    def ensure_plugin(self) -> str:
        """The ARN of the active plugin; it is made of a zip that holds a note."""
        name = f"{self.secrets.user_id}-plugin"
        plugin = existing(self.connect.list_custom_plugins(namePrefix=name)["customPlugins"], "name", name)
        if plugin is None:
            self.create_plugin(name)
        elif plugin["customPluginState"] == "ACTIVE":
            return str(plugin["customPluginArn"])
        elif plugin["customPluginState"] == "CREATE_FAILED":
            self.connect.delete_custom_plugin(customPluginArn=plugin["customPluginArn"])
        raise NotReadyError(f"plugin {name} is not active yet")

    def create_plugin(self, name: str) -> None:
        """Put the file into the student's bucket, as the course does, and make a plugin of it."""
        store, file = S3(self.settings, self.secrets), io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("README.txt", PLUGIN_NOTE)
        store.client().put_object(Bucket=store.bucket, Key=PLUGIN_KEY, Body=file.getvalue())
        place = {"bucketArn": f"arn:aws:s3:::{store.bucket}", "fileKey": PLUGIN_KEY}
        self.connect.create_custom_plugin(
            name=name, description=PLUGIN_NOTE, contentType="ZIP", location={"s3Location": place}
        )

    def ensure_worker_configuration(self) -> str:
        """The ARN of the worker configuration; they cannot be changed, so that another file is another one."""
        content = WORKER.read_bytes()
        name = f"confluent-worker-{hashlib.sha256(content).hexdigest()[:8]}"
        listed = self.connect.list_worker_configurations(namePrefix=name)["workerConfigurations"]
        found = existing(listed, "name", name) or self.connect.create_worker_configuration(
            name=name, propertiesFileContent=base64.b64encode(content).decode()
        )
        return str(found["workerConfigurationArn"])

    def ensure_connector(self, plugins: list[Any], worker: dict[str, Any]) -> None:
        """Make the connector, or bring it to what aws/s3-sink.json says."""
        definition = json.loads(Template(CONNECTOR.read_text()).substitute(USER_ID=self.secrets.user_id))
        name, wanted = (
            definition["name"],
            {"connectorConfiguration": definition["config"], "workerConfiguration": worker},
        )
        listed = existing(self.connect.list_connectors(connectorNamePrefix=name)["connectors"], "connectorName", name)
        if listed is None:
            self.create_connector(name, plugins, wanted)
            return
        connector = self.connect.describe_connector(connectorArn=listed["connectorArn"])
        changes = {field: value for field, value in wanted.items() if connector.get(field) != value}
        if connector["connectorState"] == "FAILED":
            self.replace_failed(connector, changes)
        if connector["connectorState"] != "RUNNING":
            raise NotReadyError(f"connector {name} is {connector['connectorState']}")
        for field, value in changes.items():
            self.update_connector(connector["connectorArn"], {field: value})

    def create_connector(self, name: str, plugins: list[Any], wanted: dict[str, Any]) -> None:
        """Make the connector, with its log lines sent to a log group."""
        cluster = {"bootstrapServers": self.kafka.address, "vpc": VPC}
        logs = {"enabled": True, "logGroup": f"/msk-connect/{name}"}
        self.connect.create_connector(
            connectorName=name,
            connectorDescription="Lands the topics of the course in S3",
            capacity={"provisionedCapacity": {"mcuCount": 1, "workerCount": 1}},
            kafkaCluster={"apacheKafkaCluster": cluster},
            kafkaClusterClientAuthentication={"authenticationType": "NONE"},
            kafkaClusterEncryptionInTransit={"encryptionType": "TLS"},
            kafkaConnectVersion="3.7.x",
            logDelivery={"workerLogDelivery": {"cloudWatchLogs": logs}},
            plugins=plugins,
            serviceExecutionRoleArn=ROLE,
            **wanted,
        )

    def replace_failed(self, connector: dict[str, Any], changes: dict[str, Any]) -> None:
        """Have a connector that failed made anew if the files have changed; if they have not, say why it failed."""
        if not changes:
            refuse(connector["stateDescription"])
        self.connect.delete_connector(connectorArn=connector["connectorArn"])

    def update_connector(self, arn: str, change: dict[str, Any]) -> None:
        """Change one thing and wait until it is done."""
        version = self.connect.describe_connector(connectorArn=arn)["currentVersion"]
        update = self.connect.update_connector(connectorArn=arn, currentVersion=version, **change)
        operation = self.ended(update["connectorOperationArn"])
        if operation["connectorOperationState"] != "UPDATE_COMPLETE":
            refuse(operation.get("errorInfo", {"message": f"The update is {operation['connectorOperationState']}."}))

    @retry(
        retry=retry_if_result(lambda operation: "endTime" not in operation),
        wait=wait_fixed(0.25),
        stop=stop_after_delay(60),
    )
    def ended(self, operation: str) -> dict[str, Any]:
        """An update once it has ended."""
        return dict(self.connect.describe_connector_operation(connectorOperationArn=operation))


def existing(items: list[dict[str, Any]], field: str, name: str) -> dict[str, Any] | None:
    """The item of that name, or None."""
    return next((item for item in items if item[field] == name), None)


def refuse(fault: Mapping[str, str]) -> NoReturn:
    """Raise `PartFailedError`: the connector does not run as the files want it."""
    raise PartFailedError(
        f"The connector of {CONNECTOR} does not run: {fault['message']}",
        "Correct the file, then: sandbox restart msk-connect",
    )


def kafka_version() -> str:
    """The version of the broker, as it is pinned."""
    return next(jar.revision for jar in downloads.KAFKA.jars if jar.name == "kafka_2.13")
