"""The Kafka REST proxy under malformed requests: it answers each, as Confluent's would, and does not grow."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import requests
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from rest_proxy_process import BINARY, JSON, V2, Client, ProxyProcess, running

pytestmark = [pytest.mark.sandbox, pytest.mark.full]

GROUP = "rest-proxy-test-fuzz"
SECONDS = 20
GROWTH = 120 * 1024 * 1024

some_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.sampled_from(["one", "two"]) | some_text
numbers = st.sampled_from([0, 1, 2, 3, -1, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 10**30, 1.5, "2", "x", True, None])
some_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | some_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(some_text, inner, max_size=3),
    max_leaves=6,
)
topics = st.sampled_from(["TOPIC", "TOPIC", "not-there", "", "a b", "x" * 300]) | some_text | some_json


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with some of these fields, now and then with another."""
    named = {name.replace("_", "."): value for name, value in fields.items()}
    right = st.fixed_dictionaries({}, optional=named)
    return right | st.tuples(right, st.dictionaries(some_text, some_json, max_size=1)).map(
        lambda pair: pair[0] | pair[1]
    )


places = objects(topic=topics, partition=numbers)
offsets = objects(topic=topics, partition=numbers, offset=numbers, metadata=some_json)
wishes = objects(
    name=names,
    format=st.sampled_from(["json", "binary", "avro", 1]),
    auto_offset_reset=st.sampled_from(["earliest", "latest", "none", "first", []]),
    auto_commit_enable=st.sampled_from([True, "false", "maybe", {}]),
    fetch_min_bytes=numbers,
    consumer_request_timeout_ms=st.sampled_from([0, 20, "30", -5, "x", None, [], 2**40]),
)
subscriptions = st.fixed_dictionaries(
    {}, optional={"topics": st.lists(topics, max_size=3) | some_json, "topic_pattern": some_text | st.just("TOPIC")}
)
records = objects(key=some_json, value=some_json, partition=numbers)
documents = {
    "": wishes,
    "/subscription": subscriptions,
    "/assignments": objects(partitions=st.lists(places, max_size=3) | some_json),
    "/offsets": objects(offsets=st.lists(offsets, max_size=3), partitions=st.lists(places, max_size=3)),
    "/positions": objects(offsets=st.lists(offsets, max_size=3) | some_json),
    "/positions/beginning": objects(partitions=st.lists(places, max_size=3)),
    "/positions/end": objects(partitions=st.lists(places, max_size=3)),
    "/records": some_json,
}
queries = st.sampled_from(
    ["", "?timeout=20", "?timeout=-1&max_bytes=3", "?max_bytes=x", "?timeout=%ff", "?timeout=9e9"]
)
types = st.sampled_from([V2, V2, JSON, BINARY, "application/json", "*/*", "text/html;q=x", ";;=,", "a/b;q=0.5,,"])


@st.composite
def resources(draw: st.DrawFn) -> tuple[str, Any]:
    """A path, and a body that nearly fits it."""
    if draw(st.integers(0, 3)) == 0:
        path = draw(st.sampled_from(["/topics/TOPIC", "/topics/TOPIC/partitions/1", "/topics/none"]))
        return path, {"records": draw(st.lists(records, max_size=3) | some_json)}
    rest = draw(st.sampled_from(sorted(documents)))
    address = (
        f"/consumers/{GROUP}" if not rest else f"/consumers/{GROUP}/instances/{draw(st.sampled_from(['one', 'two']))}"
    )
    return address + rest, draw(documents[rest])


stray_paths = st.lists(some_text.map(lambda text: quote(text, safe="")), max_size=5).map(
    lambda parts: "/" + "/".join(parts)
)
bodies = st.binary(max_size=40)
methods = st.sampled_from(["GET", "GET", "POST", "POST", "POST", "DELETE", "PUT", "HEAD", "PATCH", "OPTIONS"])


@pytest.fixture(scope="module")
def fuzzed(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ProxyProcess, Client, str]]:
    limits = ["consumer.request.timeout.ms=40", "consumer.instance.timeout.ms=3000"]
    with running(sandbox, tmp_path_factory.mktemp("fuzz"), *limits) as (process, client):
        topic = client.topic()
        client.produce(topic, *range(30))
        client.groups.append(GROUP)
        yield process, client, topic
        assert process.process.poll() is None


def check(answer: requests.Response) -> None:
    """What the proxy may say to a request that makes no sense."""
    if answer.request.method == "HEAD":
        assert answer.status_code < 501
    elif answer.status_code >= 500:
        # Confluent says so too: no subscription, no place to start, no such topic to commit for.
        assert answer.json()["error_code"] in (50002, 50003), answer.text
    elif answer.status_code >= 400:
        assert answer.json().keys() == {"error_code", "message"}, answer.text


many = settings(
    max_examples=700,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@many
@given(resources(), methods, types, types, queries)
@example(("/consumers/g/instances/one/subscription", {"topic_pattern": "(a*)*b"}), "POST", V2, V2, "")
def test_bodies_that_nearly_fit(
    fuzzed: tuple[ProxyProcess, Client, str], resource: tuple[str, Any], method: str, sent: str, accept: str, query: str
) -> None:
    _, client, topic = fuzzed
    path, document = resource
    body = json.dumps(document).replace("TOPIC", topic).encode()
    url = client.url + path.replace("TOPIC", topic) + query
    check(
        client.http.request(method, url, data=body, headers={"Content-Type": sent, "Accept": accept}, timeout=SECONDS)
    )


@many
@given(stray_paths, methods, bodies, types, types)
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
    assert max(sizes) - sizes[0] < GROWTH / 4, sizes
    assert watched.num_threads() < 40
