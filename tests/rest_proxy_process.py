"""A Kafka REST proxy of a test's own, in front of the sandbox's Kafka, and a client for it."""

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from sandbox.servers.kafka_properties import librdkafka_settings

ROOT = Path(__file__).resolve().parent.parent
V2 = "application/vnd.kafka.v2+json"
JSON = "application/vnd.kafka.json.v2+json"
BINARY = "application/vnd.kafka.binary.v2+json"
SECONDS = 30


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition and give its value."""
    until = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < until, f"not within {SECONDS} s: {what}"
        time.sleep(0.05)
    return value


class ProxyProcess:
    """The proxy as `sandbox up` runs it, with further properties."""

    def __init__(self, sandbox: Any, folder: Path, *properties: str) -> None:
        self.file = folder / f"kafka-rest-{uuid.uuid4().hex[:8]}.properties"
        self.file.touch(0o600)
        given = sandbox.stack.parts["rest-proxy"].properties.read_text()
        self.file.write_text("\n".join([given, *properties]))
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        module = [sys.executable, "-m", "sandbox.servers.rest_proxy"]
        command = [*module, "--properties", str(self.file), "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        eventually(self.answers, "the proxy answers")
        return self.process

    def answers(self) -> bool:
        try:
            return requests.get(self.url, timeout=5).ok
        except requests.ConnectionError:
            return False

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS)


class Client:
    """Talks to a proxy about topics and groups that nobody else uses, and removes them at the end."""

    def __init__(self, sandbox: Any, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.admin = AdminClient(librdkafka_settings(sandbox.kafka_client_properties))
        self.topics: list[str] = []
        self.groups: list[str] = []

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        named = {"Content-Type": V2} | {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("http") else self.url + path
        return self.http.request(method, url, json=body, headers=named, timeout=SECONDS)

    def topic(self, partitions: int = 3, prefix: str = "rest-proxy-test") -> str:
        return self.topic_named(f"{prefix}-{uuid.uuid4().hex}", partitions)

    def topic_named(self, name: str, partitions: int = 1) -> str:
        self.admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
        self.topics.append(name)
        return name

    def group(self) -> str:
        self.groups.append(f"rest-proxy-test-{uuid.uuid4().hex}")
        return self.groups[-1]

    def produce(self, topic: str, *values: Any, partition: int | None = None, content_type: str = JSON) -> None:
        """Values that are records with a key: give them as {"key": ..., "value": ...}."""
        records = [value if isinstance(value, dict) else {"value": value} for value in values]
        path = f"/topics/{topic}" if partition is None else f"/topics/{topic}/partitions/{partition}"
        answer = self.call("POST", path, {"records": records}, Content_Type=content_type)
        assert all(offset["error_code"] is None for offset in answer.json()["offsets"]), answer.text

    def consumer(self, group: str, **settings: Any) -> "Consumer":
        """A new instance that starts at the beginning and commits when told; underscores in settings are dots."""
        wishes = {"format": "json", "auto.offset.reset": "earliest", "auto.commit.enable": "false"}
        body = wishes | {name.replace("_", "."): value for name, value in settings.items()}
        answer = self.call("POST", f"/consumers/{group}", body)
        assert answer.status_code == 200, answer.text
        return Consumer(self, answer.json()["base_uri"])

    def clean(self) -> None:
        if self.topics:
            for deleted in self.admin.delete_topics(self.topics).values():
                deleted.result()
        for group in self.groups:
            # One that nobody joined is not there; one whose proxy was killed goes when Kafka misses its members.
            eventually(lambda group=group: self.forgets(group), "the group is deleted")

    def forgets(self, group: str) -> bool:
        try:
            self.admin.delete_consumer_groups([group])[group].result()
        except KafkaException as error:
            return "NON_EMPTY" not in error.args[0].name()
        return True


class Consumer:
    """A consumer instance by its address."""

    def __init__(self, client: Client, address: str) -> None:
        self.client = client
        self.address = address

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        return self.client.call(method, self.address + path, body, **headers)

    def does(self, method: str, path: str, body: Any = None) -> None:
        answer = self.call(method, path, body)
        assert answer.status_code in (200, 204), answer.text

    def subscribe(self, *topics: str) -> None:
        self.does("POST", "/subscription", {"topics": topics})

    def assign(self, *places: tuple[str, int]) -> None:
        self.does("POST", "/assignments", partitions(*places))

    def read(self, query: str = "", accept: str = JSON) -> list[dict[str, Any]]:
        answer = self.call("GET", f"/records{query}", Accept=accept)
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    def values(self, query: str = "?timeout=300") -> list[Any]:
        return [record["value"] for record in self.read(query)]

    def reads(self, count: int) -> list[Any]:
        """Values of as many records, however many reads it takes."""
        values: list[Any] = []
        eventually(lambda: values.extend(self.values()) or len(values) >= count, f"{count} records")
        return values

    def commit(self, *offsets: tuple[str, int, int]) -> None:
        body = {"offsets": [{"topic": t, "partition": p, "offset": o} for t, p, o in offsets]}
        self.does("POST", "/offsets", body if offsets else None)

    def committed(self, *places: tuple[str, int]) -> dict[tuple[str, int], int]:
        answer = self.call("GET", "/offsets", partitions(*places))
        assert answer.status_code == 200, answer.text
        return {(entry["topic"], entry["partition"]): entry["offset"] for entry in answer.json()["offsets"]}

    def assigned(self) -> set[int]:
        return {entry["partition"] for entry in self.call("GET", "/assignments").json()["partitions"]}

    def delete(self) -> None:
        assert self.call("DELETE", "").status_code == 204


def partitions(*places: tuple[str, int]) -> dict[str, Any]:
    """The body that names partitions."""
    return {"partitions": [{"topic": topic, "partition": number} for topic, number in places]}


@contextmanager
def running(sandbox: Any, folder: Path, *properties: str) -> Iterator[tuple[ProxyProcess, Client]]:
    """A proxy and its client, from start to clean end."""
    quick = ("consumer.session.timeout.ms=6000", "consumer.heartbeat.interval.ms=500")
    process = ProxyProcess(sandbox, folder, *quick, *properties)
    client = Client(sandbox, process.url)
    try:
        yield process, client
    finally:
        process.stop()
        client.clean()
