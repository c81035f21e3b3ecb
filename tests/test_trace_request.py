"""`sandbox trace` names the very request that brought a record."""

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from confluent_kafka import Producer
from rest_proxy_process import JSON, Client, eventually

from sandbox.parts.kinesis import Kinesis
from sandbox.run.counts import records
from sandbox.run.trace import request_hops, stream_request_hop
from sandbox.run.trace_request import request_of, stream_requests
from sandbox.run.trace_stream import shard_records
from sandbox.servers.kafka_properties import librdkafka_settings

pytestmark = pytest.mark.sandbox


@pytest.fixture
def client(sandbox: Any) -> Iterator[Client]:
    client = Client(sandbox, sandbox.rest_proxy_url)
    yield client
    client.clean()


def sent_records(sandbox: Any, topic: str) -> dict[str, Any]:
    found = records(sandbox.kafka, topic, sandbox.kafka.end_offsets(topic))
    return {record.key().decode(): record for record in found}


def test_rows_sent_at_the_same_moment_show_their_own_requests(sandbox: Any, client: Client) -> None:
    topic = client.topic()
    told: dict[str, str] = {}
    together = threading.Barrier(2)

    def send(name: str) -> None:
        headers = {"x-api-key": sandbox.api_key, "Content-Type": JSON}
        for number in range(10):
            keys = [f"{name}-{number}-{record}" for record in range(20)]
            body = {"records": [{"key": key, "value": number} for key in keys]}
            together.wait(10)
            answer = requests.post(f"{sandbox.invoke_url}/topics/{topic}", json=body, headers=headers, timeout=10)
            told.update(dict.fromkeys((f'"{key}"' for key in keys), answer.headers["x-amzn-RequestId"]))

    senders = [threading.Thread(target=send, args=(name,)) for name in ("one", "two")]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    # The first and the last record of each request; each look-up reads the logs.
    found = {key: record for key, record in sent_records(sandbox, topic).items() if key.endswith(('-0"', '-19"'))}
    eventually(lambda: all(request_of(sandbox.settings, record).gateway for record in found.values()), "both logs")
    seen = {key: request_of(sandbox.settings, record).gateway["requestId"] for key, record in found.items()}  # type: ignore[index]
    assert seen == {key: told[key] for key in found} and len(found) == 40
    first = '"one-0-0"'
    request, proxy = request_hops(sandbox.settings, found[first])
    assert request.where == f"API Gateway, request {told[first]}" and request.what.startswith("POST /prod/topics")
    assert proxy.where == "REST proxy, 20 records" and proxy.what.startswith(f"POST /topics/{topic} 200 in ")


def test_a_record_that_came_straight_to_the_proxy_shows_no_request_of_the_gateway(sandbox: Any, client: Client) -> None:
    topic = client.topic()
    client.produce(topic, {"key": 1, "value": 1})
    record = sent_records(sandbox, topic)["1"]
    eventually(lambda: request_of(sandbox.settings, record).proxy, "the proxy's log")
    assert request_of(sandbox.settings, record).gateway is None
    assert [hop.name for hop in request_hops(sandbox.settings, record)] == ["request", "proxy"]


def test_a_record_of_another_producer_shows_no_request_though_its_topic_had_one_there(
    sandbox: Any, client: Client
) -> None:
    topic = client.topic(1)
    client.produce(topic, {"key": 1, "value": 1})
    record = sent_records(sandbox, topic)["1"]
    eventually(lambda: request_of(sandbox.settings, record).proxy, "the proxy's log")
    client.admin.delete_topics([topic])[topic].result()
    eventually(lambda: topic not in client.admin.list_topics().topics, "the topic is gone")
    client.topics.remove(topic)
    client.topic_named(topic)
    producer = Producer(librdkafka_settings(sandbox.kafka_client_properties))
    producer.produce(topic, b"1", b"1")
    assert producer.flush(30) == 0
    assert request_of(sandbox.settings, sent_records(sandbox, topic)["1"]).proxy is None


@pytest.fixture
def stream(sandbox: Any) -> Iterator[str]:
    kinesis, name = sandbox.stack.part(Kinesis).client, f"traced-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    yield name
    kinesis.delete_stream(StreamName=name)


def test_a_record_of_a_stream_shows_the_request_that_brought_it(sandbox: Any, stream: str) -> None:
    told = {}
    for number in range(5):
        body = {"StreamName": stream, "Data": {"ind": number}, "PartitionKey": str(number)}
        address = f"{sandbox.invoke_url}/streams/{stream}/record"
        answer = requests.put(address, json=body, headers={"x-api-key": sandbox.api_key}, timeout=10)
        told[str(number)] = answer.headers["x-amzn-RequestId"]
    kinesis = sandbox.stack.part(Kinesis).client
    (shard,) = kinesis.list_shards(StreamName=stream)["Shards"]
    arrived = {
        record["PartitionKey"]: record["ApproximateArrivalTimestamp"]
        for record in shard_records(kinesis, stream, shard["ShardId"])
    }
    eventually(lambda: all(stream_requests(sandbox.settings, stream, at) for at in arrived.values()), "the log")
    hops = {key: stream_request_hop(sandbox.settings, stream, at) for key, at in arrived.items()}
    assert {key: hop.where for key, hop in hops.items()} == {
        key: f"API Gateway, request {request}" for key, request in told.items()
    }
    assert hops["0"].what.startswith(f"PUT /prod/streams/{stream}/record 200 in ")
