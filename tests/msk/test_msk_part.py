"""The part `msk` makes the student's connector through its own API, once, and brings it to what the file says."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.cimpl import NewTopic
from msk_helpers import eventually

from sandbox.errors import PartFailedError
from sandbox.parts import Part
from sandbox.parts import msk as msk_part
from sandbox.parts.msk import Msk
from sandbox.parts.s3 import S3
from sandbox.servers.kafka_properties import librdkafka_settings
from sandbox.settings import Settings

pytestmark = pytest.mark.sandbox

SHARED = ("aws", "certificates", "credentials")


@dataclass
class Student:
    """Another student of the same sandbox: a home with their own connector, its worker and API."""

    part: Msk
    definition: Path
    sandbox: Any

    @property
    def topic(self) -> str:
        return f"{self.part.secrets.user_id}.pin"

    def up(self) -> None:
        """Probe and provision until both are done, as `sandbox up` does."""
        for part in (self.part.worker, self.part):
            eventually(lambda part=part: ready(part), f"{part.name} is ready")

    def connector(self) -> dict[str, Any]:
        (listed,) = self.part.connect.list_connectors()["connectors"]
        return dict(self.part.connect.describe_connector(connectorArn=listed["connectorArn"]))

    def change(self, **keys: str) -> None:
        definition = json.loads(self.definition.read_text())
        definition["config"] |= {key.replace("_", "."): value for key, value in keys.items()}
        self.definition.write_text(json.dumps(definition))

    def send(self, count: int) -> None:
        producer = Producer(librdkafka_settings(self.sandbox.kafka_client_properties))
        for number in range(count):
            producer.produce(self.topic, json.dumps({"index": number}))
        assert producer.flush(30) == 0

    def landed(self, folder: str = "") -> int:
        """How many rows are in S3."""
        return sum(len(self.read(key).splitlines()) for key in self.keys() if key.startswith(folder or self.folder))

    @property
    def folder(self) -> str:
        """Where the rows land in the sandbox's bucket, for a bucket of the student's own takes long to make."""
        return f"{self.part.secrets.user_id}/topics"

    def keys(self) -> list[str]:
        listing = self.sandbox.s3.list_objects_v2(Bucket=self.sandbox.bucket, Prefix=self.part.secrets.user_id)
        return [entry["Key"] for entry in listing.get("Contents", [])]

    def read(self, key: str) -> bytes:
        return bytes(self.sandbox.s3.get_object(Bucket=self.sandbox.bucket, Key=key)["Body"].read())

    def remove(self) -> None:
        admin = self.sandbox.kafka.admin
        own = [topic for topic in admin.list_topics(timeout=10).topics if topic.startswith(self.part.secrets.user_id)]
        for deleted in admin.delete_topics(own).values():
            deleted.result(30)
        group = self.part.worker.group
        admin.delete_consumer_groups([group])[group].result(30)
        for key in self.keys():
            self.sandbox.s3.delete_object(Bucket=self.sandbox.bucket, Key=key)


def ready(part: Part) -> bool:
    try:
        part.probe()
        part.provision()
    except PartFailedError:
        raise
    except Exception:
        return False
    return True


@pytest.fixture
def student(sandbox: Any, tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Student]:
    settings = Settings(home=tmp_path / "home", port_base=sandbox.settings.port_base)
    settings.ports["msk"] = free_port
    for name in SHARED:
        (settings.home / name).parent.mkdir(exist_ok=True)
        (settings.home / name).symlink_to(sandbox.settings.home / name)
    secrets = sandbox.stack.secrets.model_copy(update={"user_id": uuid.uuid4().hex[:12]})
    student = Student(Msk(settings, secrets), tmp_path / "s3-sink.json", sandbox)
    student.definition.write_text(msk_part.CONNECTOR.read_text())
    student.change(s3_bucket_name=sandbox.bucket, topics_dir=student.folder, rotate_interval_ms="500")
    monkeypatch.setattr(msk_part, "CONNECTOR", student.definition)
    monkeypatch.setattr(msk_part, "PLUGIN_KEY", f"{secrets.user_id}/plugin.zip")
    monkeypatch.setattr(S3, "bucket", sandbox.bucket)
    sandbox.kafka.admin.create_topics([NewTopic(student.topic, 3, 1)])[student.topic].result(30)
    processes = [start(part) for part in (student.part.worker, student.part)]
    yield student
    for process in processes:
        process.terminate()
    for process in processes:
        assert process.wait(20) == 0
    student.remove()


def start(part: Part) -> subprocess.Popen[bytes]:
    program = part.program()
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (part.folder.parent / f"{part.name}.log").open("ab") as log:
        environment = {**own, **program.environment}
        return subprocess.Popen(program.command, env=environment, stdout=log, stderr=log)


def test_the_connector_is_made_once_and_follows_its_file(student: Student) -> None:
    student.up()
    first = student.connector()
    assert first["connectorName"] == f"{student.part.secrets.user_id}-s3-sink"
    student.send(30)
    eventually(lambda: student.landed() == 30, "the rows are in S3")
    student.up()
    assert {**student.connector(), "ResponseMetadata": None} == {**first, "ResponseMetadata": None}

    moved = f"{student.part.secrets.user_id}/moved"
    student.change(topics_dir=moved)
    student.up()
    assert student.connector()["connectorConfiguration"]["topics.dir"] == moved
    student.send(20)
    eventually(lambda: student.landed(moved) == 20, "the later rows, and no others")


@pytest.mark.full
def test_a_connector_that_failed_says_why_and_is_made_anew_once_its_file_is_mended(student: Student) -> None:
    student.change(flush_size="none")
    with pytest.raises(PartFailedError, match=r"flush\.size is 'none'.*sandbox restart msk-connect"):
        student.up()
    student.change(flush_size="500")
    student.up()
    assert student.connector()["connectorState"] == "RUNNING"
    student.send(10)
    eventually(lambda: student.landed() == 10, "the rows are in S3")


@pytest.mark.full
def test_a_change_that_fails_says_why_and_leaves_the_connector_as_it_was(student: Student) -> None:
    student.up()
    student.change(flush_size="none")
    with pytest.raises(PartFailedError, match=r"flush\.size is 'none'"):
        student.up()
    assert student.connector()["connectorConfiguration"]["flush.size"] == "500"
    student.change(flush_size="400")
    student.up()
    assert student.connector()["connectorConfiguration"]["flush.size"] == "400"
    student.send(10)
    eventually(lambda: student.landed() == 10, "the rows are in S3")
