"""The Kafka REST proxy under malformed requests: it answers each, as Confluent's would, and does not grow."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_proxy_process import BINARY, JSON, V2, Client, ProxyProcess, running

pytestmark = [pytest.mark.sandbox, pytest.mark.full]

GROUP = "rest-proxy-test-fuzz"
SECONDS = 20
GROWTH = 30 * 1024 * 1024

# --- parts of requests ---

some_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
some_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | some_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(some_text, inner, max_size=3),
    max_leaves=6,
)
odd_numbers = st.sampled_from([-1, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 10**30, 1.5, "2", "x", True, None])
numbers = st.sampled_from([0, 1, 2]) | odd_numbers
topics = st.just("TOPIC") | st.sampled_from(["TOPIC", "not-there", "", "a b", "x" * 300]) | some_json
odd_types = st.sampled_from([V2, JSON, BINARY, "application/json", "*/*", "text/html;q=x", ";;=,", "a/b;q=0.5,,"])
odd_methods = st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "PATCH", "OPTIONS"])
queries = st.sampled_from(["", "?timeout=20", "?timeout=-1&max_bytes=3", "?max_bytes=x", "?timeout=%ff", "?a=9e9"])


def mostly(right: list[str], odd: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One time in ten something that does not fit."""
    return st.integers(0, 9).flatmap(lambda dice: odd if dice == 0 else st.sampled_from(right))


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with some of these fields, and perhaps another; underscores in a name are dots."""
    right = st.fixed_dictionaries({}, optional={name.replace("_", "."): value for name, value in fields.items()})
    odd = st.tuples(right, st.dictionaries(some_text, some_json, max_size=1)).map(lambda pair: pair[0] | pair[1])
    return right | odd


def lists_of(item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(item, min_size=1, max_size=2) | st.lists(item, max_size=2) | some_json


place = {"topic": topics, "partition": numbers}
partitions = objects(partitions=lists_of(st.fixed_dictionaries(place) | objects(**place)))
offsets = objects(offsets=lists_of(st.fixed_dictionaries({**place, "offset": numbers}) | objects(**place)))
records = objects(records=lists_of(objects(key=some_json, value=some_json, partition=numbers)))
wishes = objects(
    name=some_text | some_json,
    format=st.sampled_from(["json", "binary", "avro", 1]),
    auto_offset_reset=st.sampled_from(["earliest", "latest", "none", "first", []]),
    auto_commit_enable=st.sampled_from([True, "false", "maybe", {}]),
    fetch_min_bytes=numbers,
    consumer_request_timeout_ms=st.sampled_from([0, 20, "30", -5, "x", None, [], 2**40]),
)
patterns = st.just("TOPIC") | some_text
subscriptions = objects(topics=lists_of(topics)) | st.fixed_dictionaries({"topic_pattern": patterns | some_json})

# --- whole requests ---

CONSUMER = f"/consumers/{GROUP}/instances/"
# Path, methods, body.
ENDPOINTS: list[tuple[str, list[str], st.SearchStrategy[Any]]] = [
    ("/topics/TOPIC", ["POST", "GET"], records),
    ("/topics/TOPIC/partitions/1", ["POST", "GET"], records),
    ("/topics/TOPIC/partitions/7/offsets", ["GET"], some_json),
    ("/topics/not-there", ["POST", "GET"], records),
    ("/brokers", ["GET"], some_json),
    (f"/consumers/{GROUP}", ["POST"], wishes),
    (f"{CONSUMER}NAME", ["DELETE"], some_json),
    (f"{CONSUMER}NAME/subscription", ["POST", "POST", "GET", "DELETE"], subscriptions),
    (f"{CONSUMER}NAME/assignments", ["POST", "POST", "GET"], partitions),
    (f"{CONSUMER}NAME/offsets", ["POST"], offsets),
    (f"{CONSUMER}NAME/offsets", ["GET"], partitions),
    (f"{CONSUMER}NAME/positions", ["POST"], offsets),
    (f"{CONSUMER}NAME/positions/beginning", ["POST"], partitions),
    (f"{CONSUMER}NAME/positions/end", ["POST"], partitions),
    (f"{CONSUMER}NAME/records", ["GET"], some_json),
]
segments = some_text.map(lambda text: quote(text, safe="")) | st.sampled_from(["topics", "consumers", "instances"])
stray_paths = st.lists(segments, max_size=5).map(lambda parts: "/" + "/".join(parts))


@st.composite
def near_requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request that nearly fits an endpoint."""
    path, methods, bodies = draw(st.sampled_from(ENDPOINTS))
    sent = [JSON, BINARY] if "/topics" in path else [V2]
    return {
        "method": draw(mostly(methods, odd_methods)),
        "path": path.replace("NAME", draw(st.sampled_from(["json", "binary"]))) + draw(queries),
        "body": draw(bodies),
        "headers": {"Content-Type": draw(mostly(sent, odd_types)), "Accept": draw(mostly([V2, JSON], odd_types))},
    }


# --- the proxy ---


@pytest.fixture(scope="module")
def fuzzed(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ProxyProcess, Client, str]]:
    limits = ["consumer.request.timeout.ms=40", "consumer.instance.timeout.ms=5000"]
    with running(sandbox, tmp_path_factory.mktemp("fuzz"), *limits) as (process, client):
        topic = client.topic()
        client.produce(topic, *range(30))
        client.groups.append(GROUP)
        yield process, client, topic
        assert process.process.poll() is None


def check(answer: requests.Response) -> None:
    """What the proxy may say to a request that makes no sense."""
    if answer.request.method == "HEAD":
        assert answer.status_code <= 500
    elif answer.status_code >= 500:
        # Confluent says so too: no subscription, no place to start, no such topic to commit for.
        assert answer.json()["error_code"] in (50002, 50003), answer.text
    elif answer.status_code >= 400:
        assert answer.json().keys() == {"error_code", "message"}, answer.text


def make_instances(client: Client) -> None:
    """See to it that there are instances to talk to."""
    for name in ("json", "binary"):
        wanted = {"name": name, "format": name, "auto.offset.reset": "earliest"}
        assert client.call("POST", f"/consumers/{GROUP}", wanted).status_code in (200, 409)


many = settings(
    max_examples=800,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@many
@given(near_requests())
def test_requests_that_nearly_fit(fuzzed: tuple[ProxyProcess, Client, str], near: dict[str, Any]) -> None:
    _, client, topic = fuzzed
    make_instances(client)
    body = json.dumps(near["body"]).replace("TOPIC", topic).encode()
    url = client.url + near["path"].replace("TOPIC", topic)
    check(client.http.request(near["method"], url, data=body, headers=near["headers"], timeout=SECONDS))


@many
@given(stray_paths, odd_methods, st.binary(max_size=40), odd_types, odd_types)
def test_paths_and_bodies_at_random(
    fuzzed: tuple[ProxyProcess, Client, str], path: str, method: str, body: bytes, sent: str, accept: str
) -> None:
    client = fuzzed[1]
    headers = {"Content-Type": sent, "Accept": accept}
    check(client.http.request(method, client.url + path, data=body, headers=headers, timeout=SECONDS))


def test_memory_is_stable_under_instances_that_come_and_go(fuzzed: tuple[ProxyProcess, Client, str]) -> None:
    process, client, topic = fuzzed
    watched = psutil.Process(process.process.pid)
    sizes = []
    for _ in range(4):
        for _ in range(15):
            instance = client.consumer(GROUP)
            instance.assign((topic, 0))
            instance.read("?timeout=20")
            instance.delete()
        sizes.append(watched.memory_info().rss)
    assert max(sizes) - sizes[0] < GROWTH, sizes
    assert watched.num_threads() < 40
