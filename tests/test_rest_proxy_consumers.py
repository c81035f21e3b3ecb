"""Consumer groups over REST: what Confluent's proxy does for a client, and what it says when it cannot."""

import base64
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from rest_proxy_process import BINARY, JSON, V2, Client, Consumer, ProxyProcess, eventually, partitions, running

pytestmark = pytest.mark.sandbox

EXCLUSIVE = "Illegal state: Subscription to topics, partitions and pattern are mutually exclusive"
NO_INSTANCE = (404, {"error_code": 40403, "message": "Consumer instance not found."})


@pytest.fixture(scope="module")
def served(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ProxyProcess, Client]]:
    with running(sandbox, tmp_path_factory.mktemp("proxy"), "id=one") as served:
        yield served


@pytest.fixture
def client(served: tuple[ProxyProcess, Client]) -> Client:
    return served[1]


@pytest.fixture(scope="module")
def topic(served: tuple[ProxyProcess, Client]) -> str:
    """Three partitions with the values 0 to 8: partition p holds p * 3 to p * 3 + 2 at the offsets 0 to 2."""
    client = served[1]
    name = client.topic()
    for number in range(3):
        client.produce(name, *range(number * 3, number * 3 + 3), partition=number)
    return name


@pytest.fixture
def consumer(client: Client) -> Iterator[Consumer]:
    instance = client.consumer(client.group())
    yield instance
    instance.call("DELETE", "")


def answered(answer: requests.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()


# --- instances ---


def test_an_instance_has_a_name_and_an_address(client: Client) -> None:
    group = client.group()
    answer = client.call("POST", f"/consumers/{group}", {"name": "mine"})
    address = f"{client.url}/consumers/{group}/instances/mine"
    assert answered(answer) == (200, {"instance_id": "mine", "base_uri": address})
    assert answer.headers["Content-Type"] == V2


def test_without_a_body_the_proxy_makes_the_name(client: Client) -> None:
    answer = requests.post(f"{client.url}/consumers/{client.group()}", timeout=5)
    assert re.fullmatch(r"rest-consumer-one-[0-9a-f-]{36}", answer.json()["instance_id"])


def test_a_name_is_taken_once_in_a_group(client: Client) -> None:
    group = client.group()
    client.consumer(group, name="mine")
    message = "Consumer with specified consumer ID already exists in the specified consumer group."
    answer = client.call("POST", f"/consumers/{group}", {"name": "mine"})
    assert answered(answer) == (409, {"error_code": 40902, "message": message})
    assert client.call("POST", f"/consumers/{client.group()}", {"name": "mine"}).status_code == 200


@pytest.mark.parametrize(
    ("settings", "status", "code", "message"),
    [
        ({"format": "avro"}, 422, 422, "Invalid format type."),
        (
            {"auto.offset.reset": "smallest"},
            422,
            42204,
            "Invalid consumer configuration: Invalid value smallest for configuration auto.offset.reset: "
            "String must be one of: latest, earliest, none",
        ),
        (
            {"auto.commit.enable": "yes"},
            422,
            42204,
            "Invalid consumer configuration: Invalid value yes for configuration enable.auto.commit: "
            "Expected value to be either true or false",
        ),
        (
            {"fetch.min.bytes": 10_000_001},
            422,
            40001,
            "Invalid consumer configuration. It does not abide by the constraints: "
            "Invalid value 10000001 for configuration fetch.min.bytes: Value must be no more than 10000000",
        ),
        ({"fetch.min.bytes": "many"}, 400, 400, "not a valid `java.lang.Integer` value"),
        ({"name": ["a"]}, 400, 400, "Cannot deserialize value of type `java.lang.String` from Array value"),
        ({"maxWindowSize": 1}, 422, 422, "Unrecognized field: maxWindowSize"),
        ({"name": "a\nb"}, 400, 400, "HTTP 400 Bad Request"),
    ],
)
def test_wrong_settings_are_named(
    client: Client, settings: dict[str, Any], status: int, code: int, message: str
) -> None:
    answer = client.call("POST", "/consumers/rest-proxy-test", settings)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert message in answer.json()["message"]


def test_settings_may_be_texts_or_numbers(client: Client) -> None:
    settings = {"name": 7, "auto.commit.enable": True, "fetch.min.bytes": "1", "consumer.request.timeout.ms": "50"}
    assert client.call("POST", f"/consumers/{client.group()}", settings).json()["instance_id"] == "7"


@pytest.mark.parametrize("content_type", ["application/json", "application/vnd.kafka.json.v1+json", "text/plain"])
def test_other_content_types_are_refused(client: Client, content_type: str) -> None:
    answer = client.call("POST", "/consumers/rest-proxy-test", {}, Content_Type=content_type)
    assert answered(answer) == (415, {"error_code": 415, "message": "HTTP 415 Unsupported Media Type"})


def test_an_unknown_instance_is_not_found_whatever_is_asked(client: Client) -> None:
    place = partitions(("t", 0))
    offsets = {"offsets": [{"topic": "t", "partition": 0, "offset": 0}]}
    calls: list[tuple[str, str, Any]] = [
        ("DELETE", "", None),
        ("POST", "/subscription", {"topics": ["t"]}),
        ("GET", "/subscription", None),
        ("DELETE", "/subscription", None),
        ("POST", "/assignments", place),
        ("GET", "/assignments", None),
        ("POST", "/offsets", None),
        ("GET", "/offsets", place),
        ("POST", "/positions", offsets),
        ("POST", "/positions/beginning", place),
        ("POST", "/positions/end", place),
        ("GET", "/records", None),
    ]
    for method, path, body in calls:
        assert answered(client.call(method, f"/consumers/none/instances/none{path}", body)) == NO_INSTANCE


def test_a_deleted_instance_is_gone(client: Client) -> None:
    instance = client.consumer(client.group())
    instance.delete()
    assert answered(instance.call("GET", "/subscription")) == NO_INSTANCE


def test_methods_and_paths_that_are_not_there(client: Client, consumer: Consumer) -> None:
    assert client.call("GET", "/consumers/g").status_code == 405
    assert client.call("GET", "/consumers").status_code == 404
    assert consumer.call("GET", "/topics").status_code == 404
    assert consumer.call("PUT", "/offsets").status_code == 405
    assert consumer.call("GET", "/records?timeout=soon").status_code == 404


# --- subscription and assignments ---


def test_a_subscription_is_told_and_given_up(consumer: Consumer, topic: str) -> None:
    consumer.subscribe(topic)
    assert consumer.call("GET", "/subscription").json() == {"topics": [topic]}
    assert sorted(consumer.reads(9)) == list(range(9))
    assert consumer.assigned() == {0, 1, 2}
    consumer.does("DELETE", "/subscription")
    assert consumer.call("GET", "/subscription").json() == {"topics": []}
    assert consumer.assigned() == set()
    consumer.assign((topic, 1))
    assert consumer.reads(3) == [3, 4, 5]


def test_a_pattern_is_matched_against_whole_names(client: Client, consumer: Consumer, topic: str) -> None:
    consumer.does("POST", "/subscription", {"topic_pattern": topic[:-1]})
    assert consumer.call("GET", "/subscription").json() == {"topics": []}
    assert consumer.values() == []
    consumer.does("POST", "/subscription", {"topic_pattern": rf"{topic[:-1]}\w"})
    assert consumer.call("GET", "/subscription").json() == {"topics": [topic]}
    assert sorted(consumer.reads(9)) == list(range(9))


def test_a_pattern_that_java_never_finishes_holds_up_nothing(client: Client, consumer: Consumer) -> None:
    client.topic(1, prefix="rest-proxy-test-" + "a" * 60)
    subscribing = threading.Thread(
        target=lambda: consumer.does("POST", "/subscription", {"topic_pattern": "rest-proxy-test-(a+)+"})
    )
    subscribing.start()
    assert requests.get(client.url, timeout=5).ok
    subscribing.join(5)
    assert not subscribing.is_alive()
    assert requests.get(f"{consumer.address}/subscription", timeout=5).json() == {"topics": []}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("/subscription", {"topics": ["TOPIC"]}), ("/subscription", {"topic_pattern": "a"})),
        (("/subscription", {"topics": ["TOPIC"]}), ("/assignments", partitions(("TOPIC", 0)))),
        (("/subscription", {"topic_pattern": "a"}), ("/subscription", {"topics": ["TOPIC"]})),
        (("/assignments", partitions(("TOPIC", 0))), ("/subscription", {"topics": ["TOPIC"]})),
        (("/assignments", partitions(("TOPIC", 0))), ("/subscription", {"topic_pattern": "a"})),
    ],
)
def test_topics_pattern_and_partitions_exclude_each_other(
    consumer: Consumer, topic: str, first: tuple[str, Any], second: tuple[str, Any]
) -> None:
    consumer.does("POST", first[0], json.loads(json.dumps(first[1]).replace("TOPIC", topic)))
    answer = consumer.call("POST", second[0], json.loads(json.dumps(second[1]).replace("TOPIC", topic)))
    assert answered(answer) == (409, {"error_code": 40903, "message": EXCLUSIVE})


def test_topics_and_pattern_at_once_are_refused(consumer: Consumer) -> None:
    answer = consumer.call("POST", "/subscription", {"topics": ["a"], "topic_pattern": "a"})
    assert answered(answer) == (409, {"error_code": 40903, "message": EXCLUSIVE})


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/subscription", None, 422, "subscription must not be null (was null)"),
        ("/subscription", {"topic_pattern": ""}, 422, "Topic pattern to subscribe to cannot be empty"),
        ("/subscription", {"topic_pattern": "(["}, 422, "topic_pattern is not a regular expression"),
        ("/subscription", {"topic_pattern": "(?!a).*"}, 422, "of RE2: invalid perl operator: (?!"),
        ("/subscription", {"topic_pattern": "(" * 9 + "a" + "{9,})" * 9}, 422, "of RE2: invalid repetition size"),
        ("/subscription", {"topic_pattern": "\u0416{1000}" * 100}, 422, "of RE2: pattern too large"),
        ("/subscription", {"topic_pattern": "a" * 10_001}, 422, "topic_pattern is longer than 10000 characters"),
        ("/subscription", {"topics": [""]}, 422, "topic must not be empty"),
        ("/subscription", {"topics": ["a b"]}, 422, "Topic name is invalid: 'a b'"),
        ("/subscription", {"topics": "a"}, 400, "Cannot deserialize value of type `java.util.ArrayList`"),
        ("/subscription", {"topic": ["a"]}, 422, "Unrecognized field: topic"),
        ("/subscription", [], 400, "Cannot deserialize value"),
        ("/assignments", None, 422, "partitions must not be null (was null)"),
        ("/assignments", {}, 422, "partitions must not be null (was null)"),
        ("/assignments", {"partitions": [{"topic": "a"}]}, 422, "partition must not be null (was null)"),
        ("/assignments", partitions(("a", -1)), 422, "partition must be greater than or equal to 0 (was -1)"),
        ("/assignments", partitions(("a", 2**31)), 400, "out of range of `int`"),
        ("/offsets", {}, 422, "offsets must not be null (was null)"),
        ("/offsets", {"offsets": [{"topic": "a", "partition": 0}]}, 422, "offset must not be null (was null)"),
        ("/positions", None, 422, "offsets must not be null (was null)"),
        (
            "/positions",
            {"offsets": [{"topic": "a", "partition": 0, "offset": -1}]},
            422,
            "offset must be greater than or equal to 0 (was -1)",
        ),
        ("/positions/beginning", None, 422, "partitions must not be null (was null)"),
        ("/positions/end", {"partitions": [None]}, 422, "null"),
    ],
)
def test_a_wrong_body_is_named(consumer: Consumer, path: str, body: Any, status: int, message: str) -> None:
    answer = consumer.call("POST", path, body)
    assert (answer.status_code, answer.json()["error_code"]) == (status, status)
    assert message in answer.json()["message"]


def test_a_body_that_is_no_json_is_a_bad_request(client: Client, consumer: Consumer) -> None:
    headers = {"Content-Type": V2}
    answer = requests.post(f"{consumer.address}/subscription", data=b'{"topics":[', headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)


def test_a_topic_that_is_not_there_gives_no_records_until_it_comes(client: Client, consumer: Consumer) -> None:
    consumer.subscribe("rest-proxy-test-not-there")
    assert consumer.values() == []


def test_a_partition_that_is_not_there_gives_no_records(consumer: Consumer, topic: str) -> None:
    consumer.assign((topic, 0), (topic, 99))
    assert consumer.reads(3) == [0, 1, 2]


def test_a_partition_named_twice_is_assigned_once(consumer: Consumer, topic: str) -> None:
    consumer.assign((topic, 0), (topic, 0))
    assert consumer.reads(3) == [0, 1, 2]


# --- records ---


def test_a_record_is_given_with_its_place(consumer: Consumer, client: Client) -> None:
    topic = client.topic(1)
    client.produce(topic, {"key": 17, "value": {"index": 17, "long": 12345678901234567890123}}, {"value": None})
    consumer.assign((topic, 0))
    answer = eventually(lambda: consumer.read("?timeout=300"), "records")
    assert answer == [
        {
            "topic": topic,
            "key": 17,
            "value": {"index": 17, "long": 12345678901234567890123},
            "partition": 0,
            "offset": 0,
        },
        {"topic": topic, "key": None, "value": None, "partition": 0, "offset": 1},
    ]


def test_binary_records_are_base64(client: Client) -> None:
    topic = client.topic(1)
    cut = base64.b64encode(b'{"cut').decode()
    client.produce(topic, {"key": "MTc=", "value": cut}, content_type=BINARY)
    instance = client.consumer(client.group(), format="binary")
    instance.assign((topic, 0))
    for accept in (BINARY, V2, "*/*"):
        instance.does("POST", "/positions/beginning", partitions())
        answer = instance.call("GET", "/records?timeout=900", Accept=accept)
        assert answer.json() == [{"topic": topic, "key": "MTc=", "value": cut, "partition": 0, "offset": 0}]
        assert answer.headers["Content-Type"] == (V2 if accept == V2 else BINARY)


@pytest.mark.parametrize("accept", ["*/*", V2, BINARY, "application/vnd.kafka.avro.v2+json"])
def test_records_come_in_the_instances_format_only(consumer: Consumer, accept: str) -> None:
    answer = consumer.call("GET", "/records", Accept=accept)
    message = "The requested embedded data format does not match the deserializer for this consumer instance"
    assert answered(answer) == (406, {"error_code": 40601, "message": message})


def test_records_without_a_subscription_are_an_error(consumer: Consumer) -> None:
    answer = consumer.call("GET", "/records", Accept=JSON)
    message = "Kafka error: Consumer is not subscribed to any topics or assigned any partitions"
    assert answered(answer) == (500, {"error_code": 50002, "message": message})


def test_a_record_that_is_no_json_stays_until_it_is_passed_over(client: Client, consumer: Consumer) -> None:
    topic = client.topic(1)
    client.produce(topic, 1)
    client.produce(topic, {"value": base64.b64encode(b'{"cut').decode()}, content_type=BINARY)
    client.produce(topic, 3)
    consumer.assign((topic, 0))
    assert consumer.reads(1) == [1]
    for _ in range(2):
        answer = consumer.call("GET", "/records?timeout=300", Accept=JSON)
        assert (answer.status_code, answer.json()["error_code"]) == (408, 40801)
    consumer.does("POST", "/positions", {"offsets": [{"topic": topic, "partition": 0, "offset": 2}]})
    assert consumer.reads(1) == [3]


def test_an_answer_holds_less_than_the_bytes_asked_for(consumer: Consumer, topic: str) -> None:
    consumer.assign((topic, 0))
    # Each value is one byte.
    assert consumer.values("?max_bytes=1") == []
    assert consumer.values("?max_bytes=2") == [0]
    assert consumer.values("?max_bytes=100&timeout=300") == [1, 2]


def test_a_read_takes_as_long_as_it_is_told(client: Client, topic: str) -> None:
    instance = client.consumer(client.group(), consumer_request_timeout_ms=600)
    instance.assign((topic, 0))
    for query, seconds in (("", 0.6), ("?timeout=200", 0.2), ("?timeout=9000", 0.6)):
        began = time.monotonic()
        instance.read(query)
        assert seconds <= time.monotonic() - began < seconds + 0.5


def test_enough_bytes_end_a_read_early(client: Client, topic: str) -> None:
    instance = client.consumer(client.group(), fetch_min_bytes=1, consumer_request_timeout_ms=20_000)
    instance.assign((topic, 0), (topic, 1))
    began = time.monotonic()
    assert len(instance.values("")) >= 2
    assert time.monotonic() - began < 10


def test_a_client_that_goes_away_loses_no_record(client: Client) -> None:
    topic = client.topic(1)
    instance = client.consumer(client.group(), consumer_request_timeout_ms=20_000)
    instance.assign((topic, 0))
    host, port = client.url.removeprefix("http://").split(":")
    path = instance.address.removeprefix(client.url)
    with socket.create_connection((host, int(port))) as connection:
        request = f"GET {path}/records HTTP/1.1\r\nHost: {host}\r\nAccept: {JSON}\r\n\r\n"
        connection.sendall(request.encode())
        client.produce(topic, 1, 2, 3)
        # Time for the proxy to fetch them: nothing outside tells that it has.
        time.sleep(0.5)
    assert instance.values("?timeout=900") == [1, 2, 3]


def test_a_read_that_waits_holds_up_nothing_else(client: Client) -> None:
    topic = client.topic(1)
    slow = client.consumer(client.group(), consumer_request_timeout_ms=3000)
    slow.assign((topic, 0))
    read: list[Any] = []
    thread = threading.Thread(target=lambda: read.extend(slow.values("")))
    thread.start()
    other = Client.__new__(Client)
    other.__dict__ |= {**client.__dict__, "http": requests.Session()}
    waits = []
    for number in range(20):
        began = time.monotonic()
        other.produce(topic, number)
        waits.append(time.monotonic() - began)
    began = time.monotonic()
    assert Consumer(other, slow.address).committed((topic, 0)) == {}
    assert thread.is_alive() and time.monotonic() - began < 1
    assert sorted(waits)[10] < 0.2
    thread.join()
    assert read == list(range(20))


# --- positions and offsets ---


def test_reading_goes_on_where_it_is_told(consumer: Consumer, topic: str) -> None:
    consumer.assign((topic, 0), (topic, 1))
    assert sorted(consumer.reads(6)) == [0, 1, 2, 3, 4, 5]
    consumer.does("POST", "/positions", {"offsets": [{"topic": topic, "partition": 1, "offset": 1}]})
    assert consumer.reads(2) == [4, 5]
    consumer.does("POST", "/positions/beginning", partitions((topic, 0)))
    assert consumer.reads(3) == [0, 1, 2]
    consumer.does("POST", "/positions/beginning", partitions())
    consumer.does("POST", "/positions/end", partitions((topic, 1)))
    assert consumer.reads(3) == [0, 1, 2]


@pytest.mark.parametrize("path", ["/positions/beginning", "/positions/end", "/positions"])
def test_only_what_is_assigned_has_a_position(consumer: Consumer, topic: str, path: str) -> None:
    consumer.assign((topic, 0))
    offsets = {"offsets": [{"topic": topic, "partition": 2, "offset": 0}]}
    answer = consumer.call("POST", path, offsets if path == "/positions" else partitions((topic, 2)))
    message = f"Illegal state: No current assignment for partition {topic}-2"
    assert answered(answer) == (409, {"error_code": 40903, "message": message})


def test_partitions_assigned_anew_go_on_where_they_were(consumer: Consumer, topic: str) -> None:
    consumer.assign((topic, 0))
    assert consumer.values("?max_bytes=3&timeout=900") == [0, 1]
    consumer.assign((topic, 0), (topic, 1))
    assert sorted(consumer.reads(4)) == [2, 3, 4, 5]


def test_a_commit_without_offsets_keeps_all_that_was_given(client: Client, consumer: Consumer, topic: str) -> None:
    places = [(topic, 0), (topic, 1)]
    consumer.assign(*places)
    assert consumer.committed(*places) == {}
    assert len(consumer.values("?max_bytes=6&timeout=900")) == 5
    assert answered(consumer.call("POST", "/offsets")) == (200, [])
    assert sum(consumer.committed(*places).values()) == 5


def test_a_commit_of_an_offset_keeps_the_one_after_it(consumer: Consumer, topic: str) -> None:
    offset = {"topic": topic, "partition": 0, "offset": 1, "metadata": "so far"}
    consumer.does("POST", "/offsets", {"offsets": [offset]})
    answer = consumer.call("GET", "/offsets", partitions((topic, 0), (topic, 2)))
    assert answered(answer) == (200, {"offsets": [{**offset, "offset": 2}]})


def test_a_commit_for_a_topic_that_is_not_there_is_kafkas_error(consumer: Consumer) -> None:
    offset = {"topic": "rest-proxy-test-not-there", "partition": 0, "offset": 0}
    answer = consumer.call("POST", "/offsets", {"offsets": [offset]})
    message = "Kafka error: Topic or Partition rest-proxy-test-not-there-0 does not exist"
    assert answered(answer) == (500, {"error_code": 50002, "message": message})


def test_offsets_of_no_partitions_are_not_found(consumer: Consumer) -> None:
    answer = consumer.call("GET", "/offsets")
    assert answered(answer) == (404, {"error_code": 40402, "message": "Partition not found."})


def test_the_group_goes_on_after_what_was_committed(client: Client, topic: str) -> None:
    group = client.group()
    first = client.consumer(group)
    first.assign((topic, 0))
    first.commit((topic, 0, 0))
    first.delete()
    second = client.consumer(group)
    second.assign((topic, 0))
    assert second.reads(2) == [1, 2]


def test_an_instance_commits_by_itself_what_it_gave(client: Client, topic: str) -> None:
    group = client.group()
    first = client.consumer(group, auto_commit_enable=True)
    first.assign((topic, 0))
    assert first.values("?max_bytes=3&timeout=900") == [0, 1]
    first.delete()
    second = client.consumer(group)
    second.assign((topic, 0))
    assert second.reads(1) == [2]


def test_a_place_at_the_end_is_kept_though_nothing_was_read(client: Client) -> None:
    topic, group = client.topic(1), client.group()
    client.produce(topic, "before")
    first = client.consumer(group, auto_offset_reset="latest", auto_commit_enable=True)
    first.assign((topic, 0))
    first.delete()
    client.produce(topic, "meanwhile")
    second = client.consumer(group, auto_offset_reset="latest")
    second.assign((topic, 0))
    assert second.reads(1) == ["meanwhile"]


def test_without_a_place_to_start_a_read_is_an_error(client: Client, topic: str) -> None:
    instance = client.consumer(client.group(), auto_offset_reset="none")
    instance.assign((topic, 0))
    answer = instance.call("GET", "/records", Accept=JSON)
    assert (answer.status_code, answer.json()["error_code"]) == (500, 50002)


# --- groups ---


def test_two_instances_share_the_partitions_and_one_takes_over(client: Client, topic: str) -> None:
    group = client.group()
    one, two = client.consumer(group), client.consumer(group)
    one.subscribe(topic)
    assert sorted(one.reads(9)) == list(range(9))
    one.commit()
    two.subscribe(topic)

    def both_have_some() -> bool:
        one.values("?timeout=100")
        two.values("?timeout=100")
        return bool(one.assigned() and two.assigned())

    eventually(both_have_some, "both have partitions")
    assert one.assigned() | two.assigned() == {0, 1, 2} and not one.assigned() & two.assigned()
    for number in range(3):
        client.produce(topic, 100 + number, partition=number)
    shares = {number: instance for instance in (one, two) for number in instance.assigned()}
    read = [one.reads(len(one.assigned())), two.reads(len(two.assigned()))]
    assert sorted(read[0] + read[1]) == [100, 101, 102] and len(shares) == 3
    one.delete()
    eventually(lambda: two.values("?timeout=100") is not None and two.assigned() == {0, 1, 2}, "two has them all")


def test_an_idle_instance_ends_and_gives_up_its_partitions(sandbox: Any, tmp_path: Path) -> None:
    with running(sandbox, tmp_path, "consumer.instance.timeout.ms=1500") as (_, client):
        topic, group = client.topic(), client.group()
        idle, busy = client.consumer(group), client.consumer(group)
        idle.subscribe(topic)
        eventually(lambda: idle.values("?timeout=100") == [] and idle.assigned(), "the first has partitions")
        busy.subscribe(topic)
        eventually(lambda: busy.values("?timeout=100") == [] and busy.assigned() == {0, 1, 2}, "they are given up")
        assert answered(idle.call("GET", "/assignments")) == NO_INSTANCE


def test_after_kill_9_the_group_goes_on_where_it_had_committed(sandbox: Any, tmp_path: Path) -> None:
    with running(sandbox, tmp_path) as (process, client):
        topic, group = client.topic(), client.group()
        client.produce(topic, *({"key": n, "value": n} for n in range(60)))
        first = client.consumer(group)
        first.subscribe(topic)
        committed = first.reads(60)
        first.commit()
        client.produce(topic, *({"key": n, "value": n} for n in range(60, 90)))
        uncommitted = first.reads(30)
        process.kill()
        process.start()
        assert answered(first.call("GET", "/subscription")) == NO_INSTANCE
        second = client.consumer(group)
        second.subscribe(topic)
        assert sorted(second.reads(30)) == sorted(uncommitted) == list(range(60, 90))
        assert sorted(committed) == list(range(60))
        second.delete()


@pytest.mark.full
def test_a_killed_broker_costs_no_record_and_no_instance(sandbox: Any, tmp_path: Path) -> None:
    with running(sandbox, tmp_path) as (_, client):
        topic = client.topic()
        instance = client.consumer(client.group())
        instance.subscribe(topic)
        client.produce(topic, *range(30))
        assert sorted(instance.reads(30)) == list(range(30))
        instance.commit()
        sandbox.kill("kafka")
        answer = instance.call("GET", "/offsets", partitions((topic, 0)))
        assert answer.status_code == 200 or answer.json()["error_code"] == 50003
        produced = {"records": [{"value": 30}]}
        eventually(
            lambda: client.call("POST", f"/topics/{topic}", produced, Content_Type=JSON).status_code == 200,
            "Kafka is back",
        )
        assert 30 in instance.reads(1)
        eventually(lambda: instance.call("POST", "/offsets").status_code == 200, "the offsets are committed")
