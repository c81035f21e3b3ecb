"""`sandbox trace` names the very request that brought a record."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from confluent_kafka import Producer
from rest_proxy_process import JSON, Client, eventually

from sandbox.run.counts import records
from sandbox.run.trace import request_hops
from sandbox.run.trace_request import request_of
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
