"""A Kinesis server in a process of its own over the sandbox's Kafka, and a boto3 client that checks every answer."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import orjson
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

REPOSITORY = Path(__file__).parents[2]
ACCESS_KEY, SECRET_KEY = "AKIASANDBOXTEST00002", "the-secret-of-the-kinesis-tests-0002"
ACCOUNT = "123456789012"
SECONDS = 60


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition and give its value."""
    until = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < until, f"not within {SECONDS} s: {what}"
        time.sleep(0.02)
    return value


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class KinesisProcess:
    """A running server; `kill` and `start` again keep port, state and credentials."""

    folder: Path
    kafka_properties: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    shared_client: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> Path:
        return self.folder / "credentials"

    def start(self) -> KinesisProcess:
        self.credentials.write_text(f"[t]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
        command = [sys.executable, "-m", "sandbox.servers.kinesis", "--state", str(self.folder / "state")]
        command += ["--kafka", str(self.kafka_properties), "--credentials", str(self.credentials)]
        command += ["--port", str(self.port), *self.options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=REPOSITORY)
        wait_until(self.listens, "the server listens")
        return self

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)

    def client(self) -> Any:
        """The one client that tests share, for making one takes half a second."""
        self.shared_client = self.shared_client or self.new_client()
        return self.shared_client

    def new_client(self, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY, region: str = "us-east-1") -> Any:
        client = boto3.session.Session().client(
            "kinesis",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )
        client.meta.events.register("after-call.kinesis", require_shape)
        return client

    def end(self) -> None:
        """Leave neither topics nor a process behind."""
        try:
            self.drop_streams()
        finally:
            code = self.stop()
        assert code == 0

    def drop_streams(self) -> None:
        """Delete every stream, and so its topic."""
        client = self.client()
        for name in stream_names(client):
            become_active(client, name)
            client.delete_stream(StreamName=name)
        wait_until(lambda: not stream_names(client), "no stream is left")


def require_shape(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """Every answer that is no error has what botocore's output shape requires, and nothing else."""
    if http_response.status_code >= 300:
        return
    if model.output_shape is None:
        assert http_response.content == b""
        return
    told = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    report = ParamValidator().validate(told, model.output_shape).generate_report()
    # Least sizes hold for what is sent: Amazon itself answers a FailedRecordCount of 0, and empty ShardLevelMetrics.
    broken = [line for line in report.splitlines() if "valid min" not in line]
    assert not broken, broken
    require_known(model.output_shape, orjson.loads(http_response.content), model.name)


def require_known(shape: Any, value: Any, path: str) -> None:
    if shape.type_name == "structure":
        unknown = value.keys() - shape.members.keys()
        assert not unknown, f"{path} has no {unknown}"
        for name, item in value.items():
            require_known(shape.members[name], item, f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            require_known(shape.member, item, path)


def new_name() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


def stream_names(client: Any) -> list[str]:
    return [name for page in client.get_paginator("list_streams").paginate() for name in page["StreamNames"]]


def summary(client: Any, name: str) -> dict[str, Any]:
    return client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def become_active(client: Any, name: str) -> dict[str, Any]:
    def active() -> dict[str, Any] | None:
        told = summary(client, name)
        return told if told["StreamStatus"] == "ACTIVE" else None

    return wait_until(active, f"{name} is ACTIVE")


def shards(client: Any, name: str) -> list[dict[str, Any]]:
    return client.list_shards(StreamName=name)["Shards"]


def iterator(
    client: Any, name: str, shard: str = "shardId-000000000000", kind: str = "TRIM_HORIZON", **more: Any
) -> str:
    asked = client.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType=kind, **more)
    return asked["ShardIterator"]


def read_all(client: Any, place: str | None, limit: int = 10_000) -> list[dict[str, Any]]:
    """Records from an iterator to the tip, or to the end of a closed shard."""
    found: list[dict[str, Any]] = []
    while place:
        answer = client.get_records(ShardIterator=place, Limit=limit)
        found += answer["Records"]
        place = answer.get("NextShardIterator")
        if answer["MillisBehindLatest"] == 0:
            break
    return found


def read_stream(client: Any, name: str) -> list[dict[str, Any]]:
    """Every record of every shard, parents before their children."""
    return [
        record
        for shard in shards(client, name)
        for record in read_all(client, iterator(client, name, shard["ShardId"]))
    ]


@contextmanager
def refused(code: str, message: str = "", status: int = 400) -> Iterator[None]:
    """The block ends in an error of that code, whose message is found by the regular expression."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), error
    assert re.search(message, error["Error"]["Message"]), error["Error"]["Message"]
