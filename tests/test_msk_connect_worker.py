"""The S3 sink worker on real Kafka and S3: exactly once whatever dies, dead letters, and what its status tells."""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from sandbox.servers.kafka_properties import librdkafka_settings
from sandbox.servers.msk_connect.config import parse_config
from sandbox.servers.msk_connect.definitions import Definition, write_definition
from sandbox.servers.msk_connect.discovery import find_partitions
from sandbox.servers.msk_connect.naming import object_key, object_metadata
from sandbox.servers.msk_connect.status import status_path

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 120
FLUSH_SIZE = 100


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition and give its value."""
    until = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < until, f"not within {SECONDS} s: {what}"
        time.sleep(0.2)
    return value


@dataclass
class Sink:
    """A worker process of a test's own, with one connector and topics whose names nobody else uses."""

    sandbox: Any
    folder: Path
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    endpoint: str | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def connector(self) -> str:
        return f"{self.prefix}-sink"

    @property
    def letters_topic(self) -> str:
        return f"{self.prefix}-letters"

    @property
    def settings(self) -> dict[str, Any]:
        return dict(librdkafka_settings(self.sandbox.kafka_client_properties))

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient(self.settings)

    def topic(self, name: str = "a") -> str:
        return f"{self.prefix}.{name}"

    def config(self, **changes: str | None) -> dict[str, str]:
        """The connector's configuration; underscores in a key are dots, None takes a key away."""
        config: dict[str, str | None] = {
            "connector.class": "io.confluent.connect.s3.S3SinkConnector",
            "tasks.max": "2",
            "topics.regex": rf"{self.prefix}\..*",
            "flush.size": str(FLUSH_SIZE),
            "rotate.interval.ms": "1000",
            "s3.bucket.name": self.sandbox.bucket,
            "s3.region": "us-east-1",
            "topics.dir": self.prefix,
            "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter.schemas.enable": "false",
            "behavior.on.null.values": "ignore",
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": self.letters_topic,
            "errors.deadletterqueue.topic.replication.factor": "-1",
            "errors.deadletterqueue.context.headers.enable": "true",
        }
        config |= {key.replace("_", "."): value for key, value in changes.items()}
        return {key: value for key, value in config.items() if value is not None}

    def define(self, **changes: str | None) -> None:
        write_definition(self.folder, Definition(self.connector, self.config(**changes)))

    def command(self) -> list[str]:
        words = [sys.executable, "-m", "sandbox.servers.msk_connect"]
        words += ["--kafka", str(self.sandbox.kafka_client_properties), "--connectors", str(self.folder)]
        return [*words, *(("--s3-endpoint", self.endpoint) if self.endpoint else ())]

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**own, **self.sandbox.aws_environment}

    def start(self) -> None:
        with (self.folder.parent / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        return (self.folder.parent / "worker.log").read_text()

    def status(self) -> dict[str, Any]:
        path = status_path(self.folder / f"{self.connector}.json")
        return (
            json.loads(path.read_text()) if path.exists() else {"connector": {"state": "", "reason": ""}, "tasks": []}
        )

    # --- Kafka ---

    def create(self, name: str = "a", partitions: int = 3) -> str:
        topic = self.topic(name)
        self.admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)
        return topic

    def delete(self, topic: str) -> None:
        self.admin.delete_topics([topic])[topic].result(30)

    def send(self, topic: str, values: list[bytes | None], partition: int = -1) -> None:
        producer = Producer({**self.settings, "linger.ms": 5})
        for number, value in enumerate(values):
            producer.produce(topic, value, key=str(number), partition=partition)
        assert producer.flush(30) == 0

    def read(self, topic: str) -> list[Message]:
        """Every record of a topic that a reader of committed records sees."""
        found: list[Message] = []
        with self.reader() as reader:
            parts = reader.list_topics(topic, timeout=10).topics[topic].partitions
            reader.assign([TopicPartition(topic, partition, 0) for partition in parts])
            open_ends = set(parts)
            while open_ends:
                for message in reader.consume(1000, 0.5):
                    if message.error():
                        open_ends.discard(message.partition())
                    else:
                        found.append(message)
        return found

    @contextlib.contextmanager
    def reader(self) -> Iterator[Consumer]:
        more = {"group.id": f"connect-{self.connector}", "enable.auto.commit": False, "enable.partition.eof": True}
        consumer = Consumer({**self.settings, **more, "isolation.level": "read_committed"})
        try:
            yield consumer
        finally:
            consumer.close()

    def committed(self, topic: str) -> list[int]:
        with self.reader() as reader:
            parts = sorted(reader.list_topics(topic, timeout=10).topics[topic].partitions)
            answers = reader.committed([TopicPartition(topic, partition) for partition in parts], timeout=20)
            return [max(answer.offset, 0) for answer in answers]

    def has_landed(self, topic: str) -> bool:
        """Whether the group has committed every offset."""
        with self.reader() as reader:
            ends = [
                reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
                for partition in sorted(reader.list_topics(topic, timeout=10).topics[topic].partitions)
            ]
        return self.committed(topic) == ends

    def wait_until_landed(self, topic: str) -> None:
        eventually(lambda: self.has_landed(topic), f"{topic} landed; status {self.status()}")

    def dead_letters(self) -> list[Message]:
        return self.read(self.letters_topic)

    # --- S3 ---

    def objects(self, topic: str) -> dict[str, list[str]]:
        """The lines of each of a topic's objects, by key."""
        listing = self.sandbox.s3.list_objects_v2(Bucket=self.sandbox.bucket, Prefix=f"{self.prefix}/{topic}/")
        assert not listing["IsTruncated"]
        found = {}
        for entry in listing.get("Contents", []):
            body = self.sandbox.s3.get_object(Bucket=self.sandbox.bucket, Key=entry["Key"])["Body"].read().decode()
            assert body.endswith("\n")
            found[entry["Key"]] = body[:-1].split("\n")
        return found

    def remove_objects(self, topic: str) -> None:
        for key in self.objects(topic):
            self.sandbox.s3.delete_object(Bucket=self.sandbox.bucket, Key=key)

    def assert_exactly_once(self, topic: str) -> None:
        """Every record of the topic is the right line of the right object, or one dead letter, and nothing else is."""
        expected: dict[str, list[str]] = {}
        unwritable = []
        for message in sorted(self.read(topic), key=lambda message: (message.partition(), message.offset())):
            where = f"{self.prefix}/{topic}/partition={message.partition()}/"
            try:
                json.loads(message.value() or b"")
                expected.setdefault(where, []).append((message.value() or b"").decode())
            except ValueError:
                unwritable.append((topic, message.partition(), message.offset()))
        landed: dict[str, list[str]] = {}
        for key, lines in sorted(self.objects(topic).items()):
            landed.setdefault(key[: key.rindex("/") + 1], []).extend(lines)
        assert landed == expected
        assert Counter(map(place_of, self.dead_letters())) == Counter(unwritable)


def context_of(letter: Message) -> dict[str, str]:
    """Connect's headers without their common prefix."""
    headers = cast(list[tuple[str, bytes]], letter.headers())
    return {name.removeprefix("__connect.errors."): value.decode() for name, value in headers}


def place_of(letter: Message) -> tuple[str, int, int]:
    context = context_of(letter)
    return context["topic"], int(context["partition"]), int(context["offset"])


def lines(count: int, start: int = 0) -> list[bytes | None]:
    return [json.dumps({"id": start + i, "name": "Zoë"}, separators=(",", ":")).encode() for i in range(count)]


def with_poison(values: list[bytes | None], every: int) -> list[bytes | None]:
    return [b'{"cut":' if i % every == 0 else value for i, value in enumerate(values)]


@pytest.fixture
def sink(sandbox: Any, tmp_path: Path) -> Iterator[Sink]:
    sink = Sink(sandbox, tmp_path / "connectors")
    sink.folder.mkdir()
    yield sink
    if sink.process is not None:
        sink.kill()
    own = [name for name in sink.admin.list_topics(timeout=10).topics if name.startswith(sink.prefix)]
    for topic in own:
        sink.remove_objects(topic)
        sink.delete(topic)


# --- what lands ---


def test_rows_land_in_order_in_full_objects_and_one_rest_a_partition(sink: Sink) -> None:
    topic = sink.create()
    sink.send(topic, lines(1000))
    sink.define()
    sink.start()
    sink.wait_until_landed(topic)
    sink.assert_exactly_once(topic)
    sizes = Counter(key.split("/")[2] for key in sink.objects(topic))
    for partition, end in enumerate(sink.committed(topic)):
        assert sizes[f"partition={partition}"] == -(-end // FLUSH_SIZE)


def test_the_sink_carries_on_past_poison_and_nulls(sink: Sink) -> None:
    topic = sink.create(partitions=1)
    sink.send(topic, [*lines(3), b"not json", None, *lines(2, start=3)])
    sink.define()
    sink.start()
    sink.wait_until_landed(topic)
    sink.assert_exactly_once(topic)
    poison, null = sink.dead_letters()
    assert (poison.key(), poison.value(), null.value()) == (b"3", b"not json", None)
    assert context_of(poison)["exception.message"].startswith("Converting byte[] to Kafka Connect data failed")


def test_nothing_but_poison_is_committed_too(sink: Sink) -> None:
    topic = sink.create()
    sink.send(topic, [b"{"] * (2 * FLUSH_SIZE))
    sink.define(rotate_interval_ms=None)
    sink.start()
    sink.wait_until_landed(topic)
    sink.assert_exactly_once(topic)


def test_poison_without_tolerance_fails_its_task_and_no_other(sink: Sink) -> None:
    topic = sink.create(partitions=2)
    sink.send(topic, lines(5), partition=0)
    sink.send(topic, [*lines(2), b"not json"], partition=1)
    sink.define(**dict.fromkeys((key for key in sink.config() if "deadletter" in key), None), errors_tolerance="none")
    sink.start()
    failed = eventually(lambda: [t for t in sink.status()["tasks"] if t["state"] == "FAILED"], "a failed task")
    assert [task["id"] for task in failed] == [1]
    assert f"{topic} partition 1: The record at offset 2 cannot be written" in failed[0]["reason"]
    eventually(lambda: sink.committed(topic)[0] == 5, "the other partition")
    assert sink.committed(topic)[1] == 0


# --- faults ---


def feed(sink: Sink, topic: str, stop: threading.Event) -> int:
    """Send rows with poison, again and again."""
    sent = 0
    while not stop.is_set():
        sink.send(topic, with_poison(lines(700, start=sent), every=40))
        sent += 700
        stop.wait(0.3)
    return sent


def survive_kills(sink: Sink, rounds: int) -> None:
    moments = random.Random(rounds)
    topic = sink.create()
    sink.define(rotate_interval_ms="300")
    stop = threading.Event()
    feeder = threading.Thread(target=feed, args=(sink, topic, stop))
    feeder.start()
    for _ in range(rounds):
        sink.start()
        eventually(lambda: sink.status()["tasks"], "the worker's start")
        time.sleep(moments.uniform(0.3, 2))
        sink.kill()
    stop.set()
    feeder.join()
    sink.start()
    sink.wait_until_landed(topic)
    sink.assert_exactly_once(topic)


def test_kill_9_at_any_moment_loses_and_repeats_nothing(sink: Sink) -> None:
    survive_kills(sink, rounds=5)


@pytest.mark.full
def test_kill_9_thirty_times_loses_and_repeats_nothing(sink: Sink) -> None:
    survive_kills(sink, rounds=30)


def test_an_object_that_was_written_but_not_committed_is_adopted(sink: Sink) -> None:
    topic = sink.create(partitions=1)
    values = [b"{", *lines(6)]
    sink.send(topic, [*values[:4], b"{", *values[4:]])
    # What a worker leaves that dies between its upload and its commit: offsets 1 to 5, poison at 4.
    (source,) = find_partitions(sink.admin, parse_config(sink.connector, sink.config()))
    key = object_key(sink.prefix, topic, 0, 1)
    body = b"".join(value + b"\n" for value in values[1:5] if value)
    metadata = object_metadata(source.topic_id, last_offset=5, records=4)
    sink.sandbox.s3.put_object(Bucket=sink.sandbox.bucket, Key=key, Body=body, Metadata=metadata)
    sink.define()
    sink.start()
    sink.wait_until_landed(topic)
    sink.assert_exactly_once(topic)
    assert list(sink.objects(topic)) == [key, object_key(sink.prefix, topic, 0, 6)]
    assert " adopted offsets=1-5 " in sink.log()


class Cable:
    """A way to S3 that can be cut: a port of this process whose connections are passed on."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._whole = threading.Event()
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def mend(self) -> None:
        self._whole.set()

    def cut(self) -> None:
        self._whole.clear()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            if not self._whole.is_set():
                near.close()
                continue
            far = socket.create_connection(self._target)
            self._ends += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


@pytest.mark.full
def test_s3_out_of_reach_is_waited_out(sink: Sink) -> None:
    cable = Cable(port=int(sink.sandbox.s3.meta.endpoint_url.rsplit(":", 1)[1]))
    sink.endpoint = cable.url
    topic = sink.create()
    sink.define()
    sink.start()
    eventually(lambda: "S3 did not look for bucket" in sink.status()["connector"]["reason"], "a reason")
    cable.mend()
    sink.send(topic, with_poison(lines(500), every=50))
    sink.wait_until_landed(topic)
    cable.cut()
    sink.send(topic, with_poison(lines(500, start=500), every=50))
    eventually(lambda: any("S3 did not write" in task["reason"] for task in sink.status()["tasks"]), "a reason")
    cable.mend()
    sink.wait_until_landed(topic)
    sink.assert_exactly_once(topic)
    assert not any(task["reason"] for task in eventually(lambda: sink.status()["tasks"], "status"))


# --- topics come and go ---


def test_a_topic_that_is_made_later_is_found(sink: Sink) -> None:
    sink.define()
    sink.start()
    eventually(lambda: "No topic matches" in sink.status()["connector"]["reason"], "a reason")
    topic = sink.create("later")
    sink.send(topic, lines(10))
    sink.wait_until_landed(topic)
    sink.assert_exactly_once(topic)


@pytest.mark.full
def test_a_topic_made_anew_is_read_from_its_start_once_its_old_objects_are_away(sink: Sink) -> None:
    topic = sink.create(partitions=1)
    sink.define()
    sink.start()
    sink.send(topic, lines(7))
    sink.wait_until_landed(topic)
    sink.delete(topic)
    eventually(lambda: topic not in sink.admin.list_topics(timeout=10).topics, "the topic is gone")
    sink.create(partitions=1)
    sink.send(topic, lines(12, start=100))
    eventually(lambda: any("deleted and made again" in task["reason"] for task in sink.status()["tasks"]), "a reason")
    assert [len(landed) for landed in sink.objects(topic).values()] == [7]
    sink.remove_objects(topic)
    sink.wait_until_landed(topic)
    sink.assert_exactly_once(topic)


# --- definitions and the process ---


def test_a_broken_definition_fails_alone_and_runs_once_mended(sink: Sink) -> None:
    topic = sink.create()
    broken = sink.folder / "broken.json"
    broken.write_text('{"name": "broken", "config": {"flush.sise": "1"}}')
    sink.define()
    sink.start()
    sink.send(topic, lines(10))
    sink.wait_until_landed(topic)
    told = eventually(lambda: status_path(broken).exists() and json.loads(status_path(broken).read_text()), "a status")
    assert told["connector"]["state"] == "FAILED"
    assert "did you mean flush.size?" in told["connector"]["reason"]
    broken.unlink()
    eventually(lambda: not status_path(broken).exists(), "the status is gone")


def test_a_bucket_that_is_not_there_fails_the_connector(sink: Sink) -> None:
    sink.define(s3_bucket_name="no-such-bucket")
    sink.start()
    eventually(lambda: sink.status()["connector"]["state"] == "FAILED", "failed")
    assert "there is no bucket no-such-bucket" in sink.status()["connector"]["reason"]


def test_a_changed_definition_takes_effect(sink: Sink) -> None:
    topic = sink.create(partitions=1)
    sink.define(rotate_interval_ms=None)
    sink.start()
    sink.send(topic, lines(10))
    eventually(lambda: sink.status()["tasks"], "started")
    sink.define(flush_size="10")
    sink.wait_until_landed(topic)
    sink.assert_exactly_once(topic)


def test_sigterm_ends_the_worker_soon_and_writes_nothing_that_is_not_due(sink: Sink) -> None:
    topic = sink.create(partitions=1)
    sink.define(rotate_interval_ms=None)
    sink.start()
    sink.send(topic, lines(FLUSH_SIZE + 5))
    eventually(lambda: sink.committed(topic) == [FLUSH_SIZE], "the full object")
    assert sink.process is not None
    sink.process.terminate()
    assert sink.process.wait(10) == 0
    assert sink.committed(topic) == [FLUSH_SIZE]
    assert [len(landed) for landed in sink.objects(topic).values()] == [FLUSH_SIZE]


def test_a_second_worker_on_the_same_folder_is_refused(sink: Sink) -> None:
    sink.define()
    sink.start()
    eventually(lambda: sink.status()["tasks"], "started")
    second = subprocess.run(sink.command(), cwd=ROOT, env=sink.environment, capture_output=True, text=True, timeout=30)
    assert second.returncode == 2
    assert "Another worker runs the connectors" in second.stdout


def test_no_secret_stands_in_the_log_or_the_status(sink: Sink) -> None:
    topic = sink.create()
    sink.define()
    sink.start()
    sink.send(topic, with_poison(lines(10), every=5))
    sink.wait_until_landed(topic)
    secrets = [value for name, value in sink.settings.items() if name == "sasl.password"]
    secrets += [sink.sandbox.s3._request_signer._credentials.secret_key]
    told = sink.log() + json.dumps(sink.status())
    assert not any(secret in told for secret in secrets)
