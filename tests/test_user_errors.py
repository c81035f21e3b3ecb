"""What students get wrong, and parts that are down: the real gateway, proxy, broker and sink answer as documented."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from confluent_kafka import Producer

from sandbox.parts.kafka import Kafka
from sandbox.parts.msk_connect import MskConnect
from sandbox.run.counts import origin, records
from sandbox.run.pipeline import committed
from sandbox.stack import wait_until

pytestmark = pytest.mark.sandbox

JSON_RECORDS = "application/vnd.kafka.json.v2+json"
RECORD = {"records": [{"key": 1, "value": {"ind": 1}}]}


def post(sandbox, path: str, body: Any = RECORD, **headers: str) -> requests.Response:
    sent = {"x-api-key": sandbox.api_key, "Content-Type": JSON_RECORDS, **headers}
    return requests.post(f"{sandbox.invoke_url}{path}", data=json.dumps(body), headers=sent, timeout=60)


@contextmanager
def stopped(sandbox, part: str) -> Iterator[None]:
    """A part is down for a while."""
    sandbox.stack.supervisor.stop_program(part)
    try:
        yield
    finally:
        sandbox.command("up")


@pytest.fixture
def own_topic(sandbox) -> Iterator[str]:
    sandbox.command("kafka-topics", "--create", "--topic", "mistakes", "--partitions", "1")
    yield "mistakes"
    sandbox.command("kafka-topics", "--delete", "--topic", "mistakes")


def streaming_batch(sandbox, folder: Path, *options: str) -> tuple[int, str]:
    """Run the command against the real gateway, with topics that do not exist and progress of its own."""
    environment = {**sandbox.environment, "USER_ID": "0" * 12, "STATE_DIR": str(folder), "COLUMNS": "200"}
    command = [Path(sys.executable).with_name("streaming-batch"), "--rows", "5", "--give-up-after", "1", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def rows(sandbox) -> None:
    """The database holds something to post."""
    sandbox.command("data", "--rows", "100")


@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_wrong_api_key_is_forbidden(sandbox, key: str) -> None:
    answer = post(sandbox, "/topics/mistakes", **{"x-api-key": key})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


def test_a_wrong_path_misses_its_authentication_token(sandbox) -> None:
    answer = requests.post(sandbox.invoke_url.replace("/prod/", "/prd/") + "/topics/x", json=RECORD, timeout=10)
    assert answer.status_code == 403
    root = requests.post(sandbox.invoke_url + "/", json=RECORD, timeout=10)
    assert (root.status_code, root.json()) == (403, {"message": "Missing Authentication Token"})


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (RECORD, JSON_RECORDS, 404, 40401),
        (RECORD, "application/json", 415, 415),
        ({"value": {}}, JSON_RECORDS, 422, 42201),
        ({"records": []}, JSON_RECORDS, 422, 42201),
    ],
    ids=["unknown topic", "wrong content type", "no records wrapper", "no records"],
)
def test_the_proxys_errors_come_through_the_gateway(
    sandbox, body: Any, content_type: str, status: int, code: int
) -> None:
    answer = post(sandbox, "/topics/nowhere", body, **{"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


def test_a_gateway_without_its_proxy_answers_504_and_the_command_says_what_to_look_at(sandbox, tmp_path: Path) -> None:
    with stopped(sandbox, "rest-proxy"):
        answer = post(sandbox, "/topics/mistakes")
        code, shown = streaming_batch(sandbox, tmp_path)
    assert (answer.status_code, answer.json()) == (504, {"message": "Network error communicating with endpoint"})
    assert code == 1
    assert "504" in shown
    assert "streaming-batch --replay" in shown
    assert "Traceback" not in shown


def test_a_proxy_without_its_broker_answers_a_kafka_error(sandbox, tmp_path: Path, own_topic: str) -> None:
    assert post(sandbox, f"/topics/{own_topic}").status_code == 200
    with stopped(sandbox, "kafka"):
        answer = post(sandbox, f"/topics/{own_topic}")
        code, shown = streaming_batch(sandbox, tmp_path)
    assert (answer.status_code, answer.json()["error_code"]) == (500, 50003)
    assert code == 1
    assert "Traceback" not in shown


def test_an_unknown_topic_is_told_with_its_name(sandbox, tmp_path: Path) -> None:
    code, shown = streaming_batch(sandbox, tmp_path)
    assert code == 1
    assert "000000000000." in shown
    assert "Topic not found" in shown
    assert "Traceback" not in shown


def test_the_sink_carries_on_past_a_poison_record(sandbox) -> None:
    kafka, sink = sandbox.stack.part(Kafka), sandbox.stack.part(MskConnect)
    topic = sandbox.topic("pin")
    producer = Producer(kafka.client_settings())
    for value in (b'{"index": 1}', b"\xff not JSON", b'{"index": 2}'):
        producer.produce(topic, value, key=b"poison", partition=0)
    producer.flush(20)
    ends = {topic: kafka.end_offsets(topic)}
    assert wait_until(lambda: committed(kafka, sink.group, ends) == sum(ends[topic].values()), seconds=60)
    letters = records(kafka, kafka.dead_letter_topic, kafka.end_offsets(kafka.dead_letter_topic))
    poison = [letter for letter in letters if letter.value() == b"\xff not JSON"]
    assert [origin(letter) for letter in poison] == [topic]
    keys = [
        item["Key"] for item in sandbox.s3.list_objects_v2(Bucket=sandbox.bucket, Prefix=f"topics/{topic}/")["Contents"]
    ]
    lines = b"".join(sandbox.s3.get_object(Bucket=sandbox.bucket, Key=key)["Body"].read() for key in keys).splitlines()
    assert {b'{"index":1}', b'{"index":2}'} <= set(lines)
