"""MSK's API and a worker in processes of the tests' own, over the sandbox's Kafka and S3, and a student's calls."""

from __future__ import annotations

import base64
import copy
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from botocore.validate import ParamValidator
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from sandbox.servers.aws import constraints
from sandbox.servers.kafka_properties import librdkafka_settings

REPOSITORY = Path(__file__).parents[2]
SECONDS = 60
ROLE = "arn:aws:iam::123456789012:role/msk-connect"
PROPERTIES = (REPOSITORY / "aws" / "worker.properties").read_bytes()
ONE_WORKER = {"provisionedCapacity": {"mcuCount": 1, "workerCount": 1}}


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition and give its value."""
    until = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < until, f"not within {SECONDS} s: {what}"
        time.sleep(0.05)
    return value


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, int, str]:
    """The code, status and message with which a call is refused."""
    try:
        answer = call(**parameters)
    except ClientError as error:
        told = error.response
        return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Message"]
    raise AssertionError(f"not refused: {answer}")


def validate(model: OperationModel, parsed: dict[str, Any], **_: Any) -> None:
    """Hold every answer against its shape in botocore's description of the service, enumerations included."""
    answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    if model.output_shape is not None and "Error" not in parsed:
        report = ParamValidator().validate(answer, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        constraints.check(model.output_shape, answer)


@dataclass
class Msk:
    """The API with a worker behind it, over a sandbox; everything they make begins with `prefix`."""

    sandbox: Any
    folder: Path
    prefix: str = field(default_factory=lambda: f"m{uuid.uuid4().hex[:10]}")
    api: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None

    # --- processes ---

    @cached_property
    def port(self) -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def connectors(self) -> Path:
        return self.folder / "connectors"

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**own, **self.sandbox.aws_environment}

    def start(self) -> None:
        self.start_api()
        self.start_worker()

    def start_api(self) -> None:
        words = ["sandbox.servers.msk", "--state", str(self.state), "--port", str(self.port)]
        words += ["--connectors", str(self.connectors), "--kafka-version", "4.3.1"]
        words += ["--bootstrap-servers", self.sandbox.kafka.address]
        self.api = self.process(words, "api.log")
        eventually(self.answers, f"the API answers: {self.log('api.log')}")

    def start_worker(self) -> None:
        words = ["sandbox.servers.msk_connect", "--kafka", str(self.sandbox.kafka_client_properties)]
        self.worker = self.process([*words, "--connectors", str(self.connectors)], "worker.log")

    def process(self, words: list[str], log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as file:
            command = [sys.executable, "-m", *words]
            return subprocess.Popen(command, cwd=REPOSITORY, env=self.environment, stdout=file, stderr=file)

    def log(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def answers(self) -> bool:
        try:
            return requests.get(self.url, timeout=1).status_code == 403
        except requests.ConnectionError:
            return False

    def kill_api(self) -> None:
        assert self.api is not None
        self.api.kill()
        self.api.wait()

    def stop(self) -> None:
        """End both as supervisord does; each must end well."""
        for process in (self.api, self.worker):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=20) == 0

    # --- clients ---

    def client(self, service: str, **keys: str) -> Any:
        credentials = self.sandbox.s3._request_signer._credentials
        keys = {
            "aws_access_key_id": credentials.access_key,
            "aws_secret_access_key": credentials.secret_key,
            **keys,
        }
        config = Config(retries={"total_max_attempts": 1})
        client = boto3.client(service, region_name="us-east-1", endpoint_url=self.url, config=config, **keys)
        client.meta.events.register("after-call.*.*", validate)
        return client

    @cached_property
    def kafka(self) -> Any:
        return self.client("kafka")

    @cached_property
    def connect(self) -> Any:
        return self.client("kafkaconnect")

    # --- what a student makes ---

    def name(self, suffix: str = "sink") -> str:
        return f"{self.prefix}-{uuid.uuid4().hex[:6]}-{suffix}"

    @property
    def plugin_key(self) -> str:
        return f"{self.prefix}/plugin.zip"

    def upload_plugin(self) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("readme.txt", "any zip will do")
        self.sandbox.s3.put_object(Bucket=self.sandbox.bucket, Key=self.plugin_key, Body=file.getvalue())

    def location(self, **changes: str) -> dict[str, Any]:
        place = {"bucketArn": f"arn:aws:s3:::{self.sandbox.bucket}", "fileKey": self.plugin_key, **changes}
        return {"s3Location": place}

    def create_plugin(self, **changes: Any) -> str:
        """An active plugin's ARN."""
        made = self.connect.create_custom_plugin(
            **{"name": self.name("plugin"), "contentType": "ZIP", "location": self.location(), **changes}
        )
        arn = str(made["customPluginArn"])
        self.await_plugin(arn)
        return arn

    def await_plugin(self, arn: str) -> dict[str, Any]:
        def settled() -> dict[str, Any] | None:
            plugin: dict[str, Any] = self.connect.describe_custom_plugin(customPluginArn=arn)
            return plugin if plugin["customPluginState"] != "CREATING" else None

        return dict(eventually(settled, "the plugin is made"))

    @cached_property
    def plugin(self) -> str:
        """One plugin for all connectors that need no own."""
        return self.create_plugin()

    def create_worker_configuration(self, content: bytes = PROPERTIES) -> str:
        made = self.connect.create_worker_configuration(
            name=self.name("worker"), propertiesFileContent=base64.b64encode(content).decode()
        )
        return str(made["workerConfigurationArn"])

    def configuration(self, topic: str, **changes: str | None) -> dict[str, str]:
        """A connector's configuration; underscores in a key are dots, None takes a key away."""
        configuration: dict[str, str | None] = {
            "connector.class": "io.confluent.connect.s3.S3SinkConnector",
            "tasks.max": "1",
            "topics": topic,
            "flush.size": "100",
            "rotate.interval.ms": "500",
            "s3.bucket.name": self.sandbox.bucket,
            "s3.region": "us-east-1",
            "topics.dir": self.prefix,
            "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter.schemas.enable": "false",
        }
        configuration |= {key.replace("_", "."): value for key, value in changes.items()}
        return {key: value for key, value in configuration.items() if value is not None}

    def request(self, topic: str, **changes: Any) -> dict[str, Any]:
        """What a student gives `create_connector`."""
        vpc = {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}
        cluster = {"bootstrapServers": self.sandbox.kafka.address, "vpc": vpc}
        return {
            "connectorName": self.name(),
            "connectorDescription": "lands a topic",
            "capacity": copy.deepcopy(ONE_WORKER),
            "connectorConfiguration": self.configuration(topic),
            "kafkaCluster": {"apacheKafkaCluster": cluster},
            "kafkaClusterClientAuthentication": {"authenticationType": "NONE"},
            "kafkaClusterEncryptionInTransit": {"encryptionType": "TLS"},
            "kafkaConnectVersion": "3.7.x",
            "plugins": [{"customPlugin": {"customPluginArn": self.plugin, "revision": 1}}],
            "serviceExecutionRoleArn": ROLE,
            **changes,
        }

    def create_connector(self, topic: str, **changes: Any) -> str:
        return str(self.connect.create_connector(**self.request(topic, **changes))["connectorArn"])

    def describe(self, arn: str) -> dict[str, Any]:
        return dict(self.connect.describe_connector(connectorArn=arn))

    def await_state(self, arn: str, state: str) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            connector = self.describe(arn)
            return connector if connector["connectorState"] == state else None

        return dict(eventually(reached, f"{state}; {self.describe(arn)}"))

    def await_gone(self, arn: str) -> None:
        def gone() -> bool:
            return arn not in [each["connectorArn"] for each in self.list_connectors()]

        eventually(gone, "the connector is gone")

    def list_connectors(self) -> list[dict[str, Any]]:
        pages = self.connect.get_paginator("list_connectors").paginate(connectorNamePrefix=self.prefix)
        return [connector for page in pages for connector in page["connectors"]]

    def delete_connectors(self) -> None:
        """Delete what is left of all tests' connectors, and wait until they are gone."""
        left = [each["connectorArn"] for each in self.list_connectors()]
        for arn in left:
            self.connect.delete_connector(connectorArn=arn)
        for arn in left:
            self.await_gone(arn)

    def operation(self, arn: str) -> dict[str, Any]:
        """An update once it has ended."""

        def ended() -> dict[str, Any] | None:
            operation: dict[str, Any] = self.connect.describe_connector_operation(connectorOperationArn=arn)
            return operation if "endTime" in operation else None

        return dict(eventually(ended, "the update has ended"))

    # --- Kafka and S3 ---

    @cached_property
    def settings(self) -> dict[str, Any]:
        return dict(librdkafka_settings(self.sandbox.kafka_client_properties))

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient(self.settings)

    def create_topic(self) -> str:
        topic = f"{self.prefix}.{uuid.uuid4().hex[:6]}"
        self.admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
        return topic

    def send(self, topic: str, values: list[bytes]) -> None:
        producer = Producer(self.settings)
        for value in values:
            producer.produce(topic, value)
        assert producer.flush(30) == 0

    def landed(self, topic: str, folder: str = "") -> list[Any]:
        """The rows of a topic's objects in S3."""
        where = f"{folder or self.prefix}/{topic}/"
        listing = self.sandbox.s3.list_objects_v2(Bucket=self.sandbox.bucket, Prefix=where)
        bodies = [self.read(entry["Key"]) for entry in listing.get("Contents", [])]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    def read(self, key: str) -> bytes:
        return bytes(self.sandbox.s3.get_object(Bucket=self.sandbox.bucket, Key=key)["Body"].read())

    def clean(self) -> None:
        """Remove what the tests left in the sandbox."""
        own = [topic for topic in self.admin.list_topics(timeout=10).topics if topic.startswith(self.prefix)]
        for deleted in self.admin.delete_topics(own).values() if own else []:
            deleted.result(30)
        groups = [group.group_id for group in self.admin.list_consumer_groups().result().valid]
        mine = [group for group in groups if group.startswith(f"connect-{self.prefix}")]
        for forgotten in self.admin.delete_consumer_groups(mine).values() if mine else []:
            forgotten.result(30)
        for entry in self.sandbox.s3.list_objects_v2(Bucket=self.sandbox.bucket, Prefix=self.prefix).get(
            "Contents", []
        ):
            self.sandbox.s3.delete_object(Bucket=self.sandbox.bucket, Key=entry["Key"])
