"""What the sandbox's own sink and source ask of S3 and Kinesis at work is within the roles of the templates."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from confluent_kafka import Producer
from confluent_kafka.cimpl import NewTopic
from pyspark_kinesis.options import read_options
from pyspark_kinesis.reader import KinesisStreamReader
from template_statements import allowed, iam_action

from deployment.parts import ROOT
from sandbox.parts.kinesis import Kinesis
from sandbox.servers.msk_connect.connector import Connector
from sandbox.servers.msk_connect.definitions import Definition, write_definition
from sandbox.stack import wait_until

pytestmark = pytest.mark.sandbox


@pytest.fixture
def recorded(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The IAM actions of every call that botocore makes in this process, which speaks to the sandbox."""
    found: set[str] = set()
    made = BaseClient._make_api_call

    def record(client: Any, operation: str, arguments: Any) -> Any:
        found.add(iam_action(client.meta.service_model.service_name, operation))
        return made(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    for name, value in sandbox.aws_environment.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def student(sandbox: Any) -> Iterator[str]:
    """The id of a student who has topics with a row each, and nobody's connector."""
    user_id = uuid.uuid4().hex[:12]
    topics = [f"{user_id}.{entity}" for entity in ("pin", "geo", "user")]
    for made in sandbox.kafka.admin.create_topics([NewTopic(topic, 3, 1) for topic in topics]).values():
        made.result(timeout=30)
    producer = Producer(sandbox.kafka.client_settings())
    for topic in topics:
        producer.produce(topic, json.dumps({"ind": 1}), key="1")
    producer.flush(30)
    yield user_id
    for gone in sandbox.kafka.admin.delete_topics(topics).values():
        gone.result(timeout=30)


def connector(sandbox: Any, folder: Path, user_id: str) -> Connector:
    """The connector of aws/s3-sink.json, with a folder of its own in the sandbox's bucket."""
    written = (ROOT / "aws" / "s3-sink.json").read_text().replace("${USER_ID}", user_id)
    elsewhere = {"s3.bucket.name": sandbox.bucket, "topics.dir": user_id}
    config = json.loads(written)["config"] | elsewhere | {"rotate.interval.ms": "500"}
    path = folder / f"{user_id}-s3-sink.json"
    write_definition(folder, Definition(path.stem, config))
    return Connector(path, {}, sandbox.kafka.client_settings(), None)


def test_the_sink_asks_of_s3_what_the_connectors_role_allows(
    sandbox: Any, recorded: set[str], student: str, tmp_path: Path
) -> None:
    running = connector(sandbox, tmp_path, student)
    running.start()
    landed = wait_until(
        lambda: sandbox.kafka.committed_offsets(f"connect-{student}-s3-sink", f"{student}.pin"), seconds=60
    )
    running.stop()
    running.join(30)
    assert landed
    assert "s3:PutObject" in recorded
    assert recorded <= allowed("msk-connect ConnectorRole")


@pytest.fixture
def stream(sandbox: Any) -> Iterator[str]:
    """A stream with a record, made before anything is recorded."""
    client, name = sandbox.stack.part(Kinesis).client, f"recorded-{uuid.uuid4().hex[:8]}"
    client.create_stream(StreamName=name, ShardCount=2)
    client.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    client.put_record(StreamName=name, Data=b"{}", PartitionKey="1")
    yield name
    client.delete_stream(StreamName=name)


def test_the_source_asks_of_kinesis_what_the_service_role_allows(stream: str, recorded: set[str]) -> None:
    reader = KinesisStreamReader(read_options({"streamName": stream, "initialPosition": "earliest"}))
    start = reader.initialOffset()
    end = reader.latestOffset(start, reader.getDefaultReadLimit())
    records = [row for part in reader.partitions(start, end) for row in reader.read(part)]
    reader.stop()
    assert records
    assert "kinesis:GetRecords" in recorded
    assert recorded <= allowed("databricks ServiceRole")
