"""The Kafka REST proxy: Confluent's REST v2 API, and the properties file it is configured by."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.servers.kafka_lane import Lane, Stored, _Batch
from sandbox.servers.kafka_properties import (
    KafkaPropertiesError,
    MissingPropertyError,
    PropertiesFileError,
    UnsupportedPropertyError,
    librdkafka_settings,
    parse_properties,
)
from sandbox.servers.rest_proxy.app import RestProxy
from sandbox.servers.rest_proxy.errors import (
    InvalidRecordsError,
    MalformedJsonError,
    NotAcceptableError,
    UnrecognizedFieldError,
    UnsupportedMediaTypeError,
)
from sandbox.servers.rest_proxy.http import MAX_BODY_BYTES
from sandbox.servers.rest_proxy.kafka_errors import error_code, whole_answer
from sandbox.servers.rest_proxy.media_types import (
    EmbeddedFormat,
    answer_type,
    embedded_format,
    embedded_in_answer,
    records_type,
)
from sandbox.servers.rest_proxy.msk_iam import connect_token, token_callback
from sandbox.servers.rest_proxy.records import parse_records
from sandbox.servers.rest_proxy.request_log import acknowledged
from sandbox.servers.rest_proxy.settings import ConsumerLimits, ProxySettings, read_settings

ROOT = Path(__file__).resolve().parent.parent
JSON = "application/vnd.kafka.json.v2+json"
BINARY = "application/vnd.kafka.binary.v2+json"
SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="student" password="pw";'


# --- the properties file ---


def written_as_properties(entries: dict[str, str]) -> str:
    """What java.util.Properties.store writes."""

    def escaped(text: str, also: str) -> str:
        marks = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"}
        return "".join(marks.get(c, "\\" + c if c in "\\#!=:" + also else c) for c in text)

    def value(text: str) -> str:
        blanks = len(text) - len(text.lstrip(" "))
        return "\\ " * blanks + escaped(text[blanks:], "")

    return "".join(f"{escaped(key, ' ')}={value(text)}\n" for key, text in entries.items())


printable = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(printable.filter(bool), printable, max_size=5))
@example({"sasl.jaas.config": SCRAM})
def test_what_java_stores_is_read_back(entries: dict[str, str]) -> None:
    assert parse_properties(written_as_properties(entries)) == entries


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(parse_properties(text), dict)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("a=1\nb: 2\nc 3", {"a": "1", "b": "2", "c": "3"}),
        ("# no=1\n  ! no=2\n\nyes = 3", {"yes": "3"}),
        ("servers=one,\\\n    two", {"servers": "one,two"}),
        ("path=c:\\\\tmp=x", {"path": "c:\\tmp=x"}),
        ("smile=\\ud83d\\ude00", {"smile": "😀"}),
        ("a=1\r\na=2", {"a": "2"}),
    ],
)
def test_java_syntax(text: str, entries: dict[str, str]) -> None:
    assert parse_properties(text) == entries


@pytest.fixture
def properties(tmp_path: Path) -> Callable[..., Path]:
    """Writes a SCRAM client's file; arguments add to it or, as None, leave a line out."""
    authority = tmp_path / "ca.pem"
    authority.touch()
    base = {
        "bootstrap.servers": "127.0.0.1:1",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": SCRAM,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
    }

    def write(prefix: str = "", **changes: str | None) -> Path:
        entries = base | {name.replace("_", "."): value for name, value in changes.items()}
        lines = {k if k == "bootstrap.servers" else prefix + k: v for k, v in entries.items() if v is not None}
        path = tmp_path / "kafka.properties"
        path.write_text(written_as_properties(lines), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("prefix", ["", "client."])
def test_scram_and_pem_become_librdkafka_settings(properties: Callable[..., Path], prefix: str) -> None:
    path = properties(prefix)
    assert librdkafka_settings(path, prefix) == {
        "bootstrap.servers": "127.0.0.1:1",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "student",
        "sasl.password": "pw",
        "ssl.ca.location": str(path.parent / "ca.pem"),
    }


def test_a_quote_in_a_password_is_kept(properties: Callable[..., Path]) -> None:
    path = properties(sasl_jaas_config=SCRAM.replace('"pw"', r'"p\"w\\"'))
    assert librdkafka_settings(path)["sasl.password"] == 'p"w\\'


def test_the_host_check_can_be_switched_off_as_in_java(properties: Callable[..., Path]) -> None:
    path = properties(ssl_endpoint_identification_algorithm="")
    assert librdkafka_settings(path)["ssl.endpoint.identification.algorithm"] == "none"


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"bootstrap_servers": None}, MissingPropertyError, "bootstrap.servers"),
        ({"sasl_jaas_config": None}, MissingPropertyError, "sasl.jaas.config"),
        ({"sasl_jaas_config": SCRAM.rstrip(";")}, MissingPropertyError, "semicolon"),
        ({"sasl_jaas_config": SCRAM.replace('password="pw"', "")}, MissingPropertyError, "password"),
        ({"sasl_mechanism": "GSSAPI"}, UnsupportedPropertyError, "sasl.mechanism"),
        ({"ssl_truststore_type": "JKS"}, UnsupportedPropertyError, "keytool"),
        ({"ssl_truststore_location": "/nowhere.pem"}, PropertiesFileError, "/nowhere.pem"),
        ({"key_serializer": "X"}, UnsupportedPropertyError, "key.serializer"),
    ],
)
def test_what_librdkafka_cannot_follow_is_named(
    properties: Callable[..., Path], changes: dict[str, str | None], error: type[KafkaPropertiesError], named: str
) -> None:
    with pytest.raises(error, match=named) as raised:
        librdkafka_settings(properties(**changes))
    assert '"pw"' not in str(raised.value)


def test_a_setting_without_the_prefix_is_an_error_not_ignored(properties: Callable[..., Path]) -> None:
    with pytest.raises(MissingPropertyError, match=r"client\.security\.protocol"):
        librdkafka_settings(properties(), "client.")


def test_the_proxys_own_settings_are_read(properties: Callable[..., Path]) -> None:
    path = properties("client.")
    lines = [
        "id=one",
        "fetch.min.bytes=1",
        "consumer.request.timeout.ms=3000",
        "consumer.request.max.bytes=1000000",
        "consumer.instance.timeout.ms=60000",
        "consumer.session.timeout.ms=6000",
        "consumer.fetch.max.wait.ms=100",
        "consumer.enable.auto.commit=false",
        "producer.compression.type=zstd",
        "producer.max.request.size=2000000",
    ]
    path.write_text(path.read_text() + "\n".join(lines))
    settings = read_settings(path)
    assert settings.id == "one"
    assert settings.limits == ConsumerLimits(3000, 1_000_000, 1, 60_000)
    assert settings.consumer == {
        "auto.offset.reset": "latest",
        "enable.auto.commit": False,
        "isolation.level": "read_uncommitted",
        "session.timeout.ms": 6000,
        "fetch.wait.max.ms": 100,
    }
    assert settings.producer == {"compression.type": "zstd", "message.max.bytes": 2_000_000}
    assert settings.client["sasl.username"] == "student"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("listeners=http://0.0.0.0:8082", "listeners"),
        ("schema.registry.url=http://localhost:8081", r"schema\.registry\.url"),
        ("consumer.group.id=mine", r"consumer\.group\.id"),
        ("producer.acks=0", r"producer\.acks"),
        ("consumer.request.timeout.ms=soon", r"consumer\.request\.timeout\.ms must be a whole number"),
        ("fetch.min.bytes=10000001", "from -1 to 10000000"),
        ("consumer.auto.offset.reset=smallest", "one of latest, earliest, none"),
    ],
)
def test_a_setting_the_proxy_does_not_follow_is_named(properties: Callable[..., Path], line: str, named: str) -> None:
    path = properties("client.")
    path.write_text(path.read_text() + line)
    with pytest.raises(UnsupportedPropertyError, match=named):
        read_settings(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PropertiesFileError, match=r"none\.properties"):
        librdkafka_settings(tmp_path / "none.properties")


def test_the_file_for_the_ec2_instance_signs_in_with_iam() -> None:
    settings = librdkafka_settings(ROOT / "aws/ec2/kafka-rest.properties", "client.")
    assert (settings["security.protocol"], settings["sasl.mechanism"]) == ("SASL_SSL", "OAUTHBEARER")


def test_both_files_for_the_ec2_instance_hold_the_same_four_keys() -> None:
    client = parse_properties((ROOT / "aws/ec2/client.properties").read_text())
    rest = parse_properties((ROOT / "aws/ec2/kafka-rest.properties").read_text())
    rest.pop("bootstrap.servers")
    assert len(client) == 4
    assert rest == {f"client.{key}": value for key, value in client.items()}


def test_the_iam_token_is_a_signed_url_for_the_clusters_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    token = connect_token("eu-west-2")
    url = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    query = parse_qs(url.query)
    assert url.netloc == "kafka.eu-west-2.amazonaws.com"
    assert query["Action"] == ["kafka-cluster:Connect"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Credential"][0].endswith("/eu-west-2/kafka-cluster/aws4_request")
    assert query["X-Amz-Signature"] and query["User-Agent"]


def test_iam_with_brokers_that_are_not_amazons_is_an_error() -> None:
    with pytest.raises(UnsupportedPropertyError, match="bootstrap"):
        token_callback("localhost:9092")


# --- the request's body ---

small_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | printable,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(printable, inner, max_size=3),
    max_leaves=8,
)


def body(*records: Any) -> bytes:
    return json.dumps({"records": list(records)}).encode()


@given(small_json.filter(lambda value: value is not None), st.integers(-(10**40), 10**40))
@example({"long": -9223372036854775809}, 18446744073709551616)
@example([1], -9999999999999999999)
def test_keys_and_values_keep_every_digit(value: Any, key: int) -> None:
    [(key_bytes, value_bytes, _)] = parse_records(body({"key": key, "value": value}), EmbeddedFormat.JSON)
    assert json.loads(key_bytes or b"") == key
    assert json.loads(value_bytes or b"") == value


def test_a_json_number_as_key_is_its_digits() -> None:
    [record] = parse_records(body({"key": 17, "value": {"index": 17, "title": "é"}}), EmbeddedFormat.JSON)
    assert record == (b"17", '{"index":17,"title":"é"}'.encode(), -1)


def test_a_key_may_be_null_or_absent() -> None:
    records = parse_records(body({"key": None, "value": 1}, {"value": 1}), EmbeddedFormat.JSON)
    assert [key for key, _, _ in records] == [None, None]


def test_binary_records_are_base64() -> None:
    text = base64.b64encode(b'{"cut').decode()
    [record] = parse_records(body({"key": "MTc=", "value": text, "partition": 2}), EmbeddedFormat.BINARY)
    assert record == (b"17", b'{"cut', 2)


@pytest.mark.parametrize(
    ("request_body", "error", "code", "named"),
    [
        (b"", MalformedJsonError, 400, "JSON"),
        (b'{"records":[{"value":NaN}]}', MalformedJsonError, 400, "JSON"),
        (b'{"records":[{"value":1e999}]}', MalformedJsonError, 400, "JSON"),
        (b'{"records":[{"value":"\\ud800"}]}', MalformedJsonError, 400, "JSON"),
        (b'{"records":[{"value":' + b"[" * 9999, MalformedJsonError, 400, "JSON"),
        (b"[]", InvalidRecordsError, 42201, "records"),
        (b"{}", InvalidRecordsError, 42201, "records"),
        (b'{"record":[]}', InvalidRecordsError, 42201, "records"),
        (b'{"records":[]}', InvalidRecordsError, 42201, "records"),
        (b'{"records":{"value":1}}', InvalidRecordsError, 42201, "records"),
        (b'{"records":[1]}', InvalidRecordsError, 42201, r"records\[0\]"),
        (b'{"records":[{"value":1},{"key":1}]}', InvalidRecordsError, 42201, r"records\[1\]\.value"),
        (b'{"records":[{"value":1,"partition":-1}]}', InvalidRecordsError, 42201, r"records\[0\]\.partition"),
        (b'{"records":[{"value":1,"partition":"0"}]}', InvalidRecordsError, 42201, r"records\[0\]\.partition"),
        (b'{"records":[{"value":1,"headers":[]}]}', UnrecognizedFieldError, 422, "headers"),
        (b'{"records":[{"value":1}],"receiver":1}', UnrecognizedFieldError, 422, "receiver"),
    ],
)
def test_a_wrong_body_is_named(request_body: bytes, error: Any, code: int, named: str) -> None:
    with pytest.raises(error, match=named) as raised:
        parse_records(request_body, EmbeddedFormat.JSON)
    assert raised.value.code == code


@pytest.mark.parametrize("value", ["not base64!", "YQ", 17, {"a": 1}, "é"])
def test_a_binary_value_that_is_not_base64_is_named(value: Any) -> None:
    with pytest.raises(InvalidRecordsError, match="base64"):
        parse_records(body({"value": value}), EmbeddedFormat.BINARY)


# --- headers and error codes ---


def test_content_types() -> None:
    assert embedded_format(JSON.encode()) is EmbeddedFormat.JSON
    assert embedded_format(f"{BINARY}; charset=UTF-8".encode()) is EmbeddedFormat.BINARY


@pytest.mark.parametrize(
    "content_type", [b"", b"application/json", b"application/vnd.kafka.avro.v2+json", JSON.encode() + b"; charset=x"]
)
def test_other_content_types_are_refused(content_type: bytes) -> None:
    with pytest.raises(UnsupportedMediaTypeError) as raised:
        embedded_format(content_type)
    assert (raised.value.status, str(raised.value)) == (415, "HTTP 415 Unsupported Media Type")


def test_the_answer_is_of_an_accepted_type() -> None:
    assert answer_type(b"") == answer_type(b"*/*") == b"application/vnd.kafka.v2+json"
    assert answer_type(b"text/html, application/json;q=0.9") == b"application/json"
    assert answer_type(f"{JSON}, application/vnd.kafka+json, application/json".encode()) == JSON.encode()


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("application/vnd.kafka.v2+json;q=0.5, application/json;q=0.9", "application/json"),
        ("application/vnd.kafka.v2+json; q=0.9, application/json; q=0.5", "application/vnd.kafka.v2+json"),
        ("*/*;q=0.1, application/json;q=0.01", "application/json"),
        ("application/vnd.kafka.v2+json;q=0, application/*", BINARY),
    ],
)
def test_the_clients_weights_decide_between_types_it_names(accept: str, chosen: str) -> None:
    assert answer_type(accept.encode()) == chosen.encode()


@pytest.mark.parametrize(
    "accept", ["text/html", "application/json;q=0", "application/vnd.kafka.v3+json", "application/json;q=x"]
)
def test_a_client_that_accepts_none_of_the_types_is_told_so(accept: str) -> None:
    with pytest.raises(NotAcceptableError):
        answer_type(accept.encode())


@pytest.mark.parametrize(
    ("accept", "media_type", "embedded"),
    [
        ("", BINARY, EmbeddedFormat.BINARY),
        ("*/*", BINARY, EmbeddedFormat.BINARY),
        (JSON, JSON, EmbeddedFormat.JSON),
        (f"{BINARY};q=0.1, {JSON}", JSON, EmbeddedFormat.JSON),
        ("application/vnd.kafka.v2+json", "application/vnd.kafka.v2+json", EmbeddedFormat.BINARY),
        ("application/vnd.kafka.avro.v2+json", "application/vnd.kafka.avro.v2+json", None),
    ],
)
def test_records_are_binary_unless_another_format_is_named(
    accept: str, media_type: str, embedded: EmbeddedFormat | None
) -> None:
    chosen = records_type(accept.encode())
    assert (chosen, embedded_in_answer(chosen)) == (media_type.encode(), embedded)


@pytest.mark.parametrize(
    ("kafka", "code"),
    [
        (KafkaError._MSG_TIMED_OUT, 50003),
        (KafkaError._QUEUE_FULL, 50003),
        (KafkaError.NOT_ENOUGH_REPLICAS, 50003),
        (KafkaError.MSG_SIZE_TOO_LARGE, 50002),
        (KafkaError.INVALID_RECORD, 50002),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, 40301),
        (KafkaError._AUTHENTICATION, 40101),
    ],
)
def test_kafka_errors_have_confluents_codes(kafka: int, code: int) -> None:
    assert error_code(KafkaError(kafka)) == code


def test_a_refused_password_is_told_from_a_kafka_that_is_away() -> None:
    trouble = KafkaError(KafkaError._AUTHENTICATION, "SASL authentication error")
    answer = whole_answer(50003, "timed out", trouble)
    assert (answer.status, answer.code) == (401, 40101)
    assert "SASL authentication error" in str(answer)


# --- the application, with a Kafka that is away ---


class Client:
    """Sends requests to the application as a server does."""

    def __init__(self, proxy: RestProxy) -> None:
        self.proxy = proxy

    async def request(self, method: str, path: str, *chunks: bytes, **headers: str) -> tuple[int, Any]:
        sent: list[Any] = []
        messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        messages.append({"type": "http.request", "body": b"", "more_body": False})

        async def receive() -> Any:
            return messages.pop(0) if messages else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "headers": named}
        await self.proxy(scope, receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"] or b"null")


def against_absent_kafka(talk: Callable[[Client], Awaitable[None]]) -> None:
    """Run the application from startup to shutdown, with nobody at the broker's address."""

    async def live() -> None:
        proxy = RestProxy(ProxySettings({"bootstrap.servers": "127.0.0.1:1", "log_level": 0}), timeout=2)
        events: asyncio.Queue[Any] = asyncio.Queue()
        states: asyncio.Queue[Any] = asyncio.Queue()
        life = asyncio.create_task(proxy({"type": "lifespan"}, events.get, states.put))
        await events.put({"type": "lifespan.startup"})
        await states.get()
        await talk(Client(proxy))
        await events.put({"type": "lifespan.shutdown"})
        await life

    asyncio.run(live())


def test_kafka_that_is_away_is_a_retriable_error_in_bounded_time() -> None:
    async def talk(client: Client) -> None:
        for method, path in (("GET", "/topics"), ("GET", "/brokers"), ("POST", "/topics/pin")):
            began = time.monotonic()
            status, answer = await client.request(method, path, body({"value": 1}), content_type=JSON)
            assert (status, answer["error_code"]) == (500, 50003)
            assert answer["message"].startswith("Retriable Kafka error: ")
            assert time.monotonic() - began < 4

    against_absent_kafka(talk)


def test_a_consumer_of_a_kafka_that_is_away_has_no_records_and_no_offsets() -> None:
    async def talk(client: Client) -> None:
        address = "/consumers/g/instances/one"
        wishes = b'{"name": "one", "consumer.request.timeout.ms": 200}'
        assert (await client.request("POST", "/consumers/g", wishes))[0] == 200
        assert (await client.request("POST", f"{address}/subscription", b'{"topics": ["pin"]}'))[0] == 204
        assert await client.request("GET", f"{address}/records") == (200, [])
        began = time.monotonic()
        places = b'{"partitions": [{"topic": "pin", "partition": 0}]}'
        status, answer = await client.request("GET", f"{address}/offsets", places)
        assert (status, answer["error_code"]) == (500, 50003)
        assert time.monotonic() - began < 4

    against_absent_kafka(talk)


def test_paths_methods_and_sizes_are_judged_without_kafka() -> None:
    async def talk(client: Client) -> None:
        assert await client.request("GET", "/") == (200, {})
        status, answer = await client.request("GET", "/nothing")
        assert (status, answer) == (404, {"error_code": 404, "message": "HTTP 404 Not Found"})
        status, answer = await client.request("DELETE", "/topics/pin")
        assert (status, answer) == (405, {"error_code": 405, "message": "HTTP 405 Method Not Allowed"})
        status, _ = await client.request("GET", "/topics/pin/partitions/one")
        assert status == 404
        status, answer = await client.request("GET", "/", accept="text/html")
        assert (status, answer["error_code"]) == (406, 406)
        long = str(MAX_BODY_BYTES + 1)
        status, answer = await client.request("POST", "/topics/pin", content_type=JSON, content_length=long)
        assert (status, answer["error_code"]) == (413, 413)
        chunks = [b" " * (MAX_BODY_BYTES // 2), b" " * (MAX_BODY_BYTES // 2), b" "]
        status, _ = await client.request("POST", "/topics/pin", *chunks, content_type=JSON)
        assert status == 413

    against_absent_kafka(talk)


def test_the_request_log_has_a_line_a_request_without_its_query(capsys: pytest.CaptureFixture[str]) -> None:
    async def talk(client: Client) -> None:
        await client.request("GET", "/", authorization="Basic c2VjcmV0", x_amzn_trace_id="Root=1-2-3")

    against_absent_kafka(talk)
    [line] = capsys.readouterr().out.splitlines()
    entry = json.loads(line)
    assert (entry["httpMethod"], entry["path"], entry["status"]) == ("GET", "/", 200)
    assert entry["xrayTraceId"] == "Root=1-2-3" and "c2VjcmV0" not in line


def test_the_request_log_has_the_offsets_that_kafka_gave() -> None:
    places = [(0, 5), (2, 9), (0, 6), (None, None), (0, 8), (2, 10)]
    outcomes = [{"partition": partition, "offset": offset} for partition, offset in places]
    assert acknowledged(outcomes) == [(0, 5, 6), (2, 9, 10), (0, 8, 8)]


# --- a lane, against the broker that librdkafka has inside for tests ---


def test_a_producer_with_a_fatal_error_is_replaced_and_sends_on() -> None:
    async def send() -> None:
        settings = {"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0, "message.timeout.ms": 5000}
        lane = Lane(settings, asyncio.get_running_loop())
        [before] = await lane.deliver("pin", [(b"1", b"1", -1)])
        broken = lane.producer
        lane._note_trouble(KafkaError(KafkaError._FATAL, "lost its place", fatal=True))
        while lane.producer is broken:
            await asyncio.sleep(0.05)
        [after] = await lane.deliver("pin", [(b"1", b"1", -1)])
        assert isinstance(before, Stored) and isinstance(after, Stored)
        assert await asyncio.to_thread(lane.close, 5) == 0

    asyncio.run(send())


def test_a_record_larger_than_kafka_takes_fails_alone() -> None:
    async def send() -> None:
        settings = {"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0, "message.timeout.ms": 5000}
        lane = Lane(settings, asyncio.get_running_loop())
        large, small = await lane.deliver("pin", [(None, b"x" * 2_000_000, -1), (None, b"x", -1)])
        assert isinstance(large, KafkaError) and error_code(large) == 50002
        assert isinstance(small, Stored)
        await asyncio.to_thread(lane.close, 5)

    asyncio.run(send())


def test_a_record_that_has_no_offset_is_not_told_to_be_stored() -> None:
    """librdkafka acknowledges so what it only takes for stored."""

    async def send() -> list[Any]:
        settings = {"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0}
        lane = Lane(settings, asyncio.get_running_loop())
        batch = _Batch(1, asyncio.get_running_loop().create_future())
        lane._acknowledged(batch, 0, None, SimpleNamespace(partition=lambda: 2, offset=lambda: None))
        await asyncio.to_thread(lane.close, 5)
        return batch.outcomes

    [outcome] = asyncio.run(send())
    assert isinstance(outcome, KafkaError) and error_code(outcome) == 50003


# --- the real thing ---


class Poster:
    """Posts to the sandbox's proxy and reads its topics."""

    def __init__(self, sandbox: Any) -> None:
        self.url = sandbox.rest_proxy_url
        self.settings: dict[str, Any] = {**librdkafka_settings(sandbox.kafka_client_properties)}
        self.session = requests.Session()
        self.admin = AdminClient(self.settings)

    def post(self, path: str, *records: Any, content_type: str = JSON) -> requests.Response:
        headers = {"Content-Type": content_type}
        return self.session.post(f"{self.url}{path}", data=body(*records), headers=headers, timeout=30)

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.url}{path}", timeout=30)

    def read(self, topic: str, partition: int, offset: int) -> tuple[bytes | None, bytes | None]:
        """Key and value at an offset."""
        consumer = Consumer({**self.settings, "group.id": "test", "enable.auto.commit": False})
        consumer.assign([TopicPartition(topic, partition, offset)])
        message = consumer.poll(30)
        consumer.close()
        assert message is not None and message.error() is None
        return message.key(), message.value()

    def create(self, topic: str, partitions: int) -> None:
        self.admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()

    def delete(self, topic: str) -> None:
        self.admin.delete_topics([topic])[topic].result()


@pytest.fixture
def poster(sandbox: Any) -> Poster:
    return Poster(sandbox)


@pytest.fixture
def topic(poster: Poster) -> Iterator[str]:
    """A topic of three partitions for one test."""
    name = f"test-{uuid.uuid4().hex}"
    poster.create(name, 3)
    yield name
    poster.delete(name)


@pytest.mark.sandbox
def test_a_record_is_in_the_topic_at_the_answered_offset(poster: Poster, topic: str) -> None:
    answer = poster.post(f"/topics/{topic}", {"key": 17, "value": {"index": 17, "title": "Ωμέγα"}})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/vnd.kafka.v2+json"
    assert answer.json().keys() == {"offsets", "key_schema_id", "value_schema_id"}
    [offset] = answer.json()["offsets"]
    assert (offset["error_code"], offset["error"]) == (None, None)
    key, value = poster.read(topic, offset["partition"], offset["offset"])
    assert (key, value) == (b"17", '{"index":17,"title":"Ωμέγα"}'.encode())


@pytest.mark.sandbox
def test_a_batch_keeps_the_order_of_each_key(poster: Poster, topic: str) -> None:
    records = [{"key": n % 7, "value": n} for n in range(500)]
    offsets = poster.post(f"/topics/{topic}", *records).json()["offsets"]
    for key in range(7):
        places = [(o["partition"], o["offset"]) for o in offsets[key::7]]
        assert places == sorted(places) and len({partition for partition, _ in places}) == 1
    last = offsets[-1]
    assert poster.read(topic, last["partition"], last["offset"]) == (b"2", b"499")


@pytest.mark.sandbox
def test_bytes_that_are_no_json_travel_as_binary(poster: Poster, topic: str) -> None:
    record = {"key": "MTc=", "value": base64.b64encode(b'{"cut').decode(), "partition": 1}
    [offset] = poster.post(f"/topics/{topic}", record, content_type=BINARY).json()["offsets"]
    assert offset["partition"] == 1
    assert poster.read(topic, 1, offset["offset"]) == (b"17", b'{"cut')


@pytest.mark.sandbox
def test_a_record_for_a_missing_partition_fails_alone(poster: Poster, topic: str) -> None:
    offsets = poster.post(f"/topics/{topic}", {"value": 1}, {"value": 2, "partition": 9}).json()["offsets"]
    assert [offset["error_code"] for offset in offsets] == [None, 40402]


@pytest.mark.sandbox
def test_posting_to_one_partition(poster: Poster, topic: str) -> None:
    [offset] = poster.post(f"/topics/{topic}/partitions/2", {"value": 1}).json()["offsets"]
    assert offset["partition"] == 2
    missing = poster.post(f"/topics/{topic}/partitions/3", {"value": 1})
    assert (missing.status_code, missing.json()["error_code"]) == (404, 40402)


@pytest.mark.sandbox
def test_an_unknown_topic_is_a_quick_404_and_is_not_created(poster: Poster) -> None:
    name = f"unknown-{uuid.uuid4().hex}"
    answer = poster.post(f"/topics/{name}", {"value": 1})
    assert (answer.status_code, answer.json()) == (404, {"error_code": 40401, "message": "Topic not found."})
    assert answer.elapsed.total_seconds() < 3
    assert name not in poster.get("/topics").json()


@pytest.mark.sandbox
def test_a_topic_made_again_takes_records_again(poster: Poster) -> None:
    name = f"again-{uuid.uuid4().hex}"
    poster.create(name, 3)
    assert poster.post(f"/topics/{name}", {"value": 1}).status_code == 200
    poster.delete(name)
    # Until the proxy looks again, after a second, such a request waits for the topic to come back.
    time.sleep(1.2)
    assert poster.post(f"/topics/{name}", {"value": 1}).json()["error_code"] == 40401
    poster.create(name, 3)
    [offset] = poster.post(f"/topics/{name}", {"value": 1}).json()["offsets"]
    assert (offset["error_code"], offset["offset"]) == (None, 0)
    poster.delete(name)


@pytest.mark.sandbox
def test_topics_and_partitions_are_described(sandbox: Any, poster: Poster) -> None:
    topic = sandbox.topic("pin")
    assert topic in poster.get("/topics").json()
    described = poster.get(f"/topics/{topic}").json()
    assert described["name"] == topic and "cleanup.policy" in described["configs"]
    assert described["partitions"] == poster.get(f"/topics/{topic}/partitions").json()
    partition = poster.get(f"/topics/{topic}/partitions/2").json()
    [replica] = partition["replicas"]
    assert (partition["partition"], replica["leader"], replica["in_sync"]) == (2, True, True)
    assert poster.get(f"/topics/{topic}/partitions/9").json()["error_code"] == 40402
    assert poster.get("/topics/unknown").json()["error_code"] == 40401


@pytest.mark.sandbox
def test_a_partition_has_a_beginning_and_an_end(poster: Poster, topic: str) -> None:
    poster.post(f"/topics/{topic}/partitions/1", {"value": 1}, {"value": 2})
    assert poster.get(f"/topics/{topic}/partitions/1/offsets").json() == {"beginning_offset": 0, "end_offset": 2}
    assert poster.get(f"/topics/{topic}/partitions/9/offsets").json()["error_code"] == 40402
    assert poster.get("/topics/unknown/partitions/0/offsets").json()["error_code"] == 40401


@pytest.mark.sandbox
def test_the_brokers_are_listed(poster: Poster) -> None:
    assert poster.get("/brokers").json() == {"brokers": [1]}


@pytest.mark.sandbox
@pytest.mark.full
def test_a_killed_broker_loses_no_acknowledged_record(sandbox: Any, poster: Poster, topic: str) -> None:
    acknowledged: dict[tuple[int, int], int] = {}
    began, killed = time.monotonic(), False
    for number in range(100_000):
        answer = poster.post(f"/topics/{topic}", {"key": number, "value": number}).json()
        for offset in answer.get("offsets", []):
            acknowledged[offset["partition"], offset["offset"]] = number
        if not killed and time.monotonic() - began > 2:
            sandbox.kill("kafka")
            killed = True
        if time.monotonic() - began > 25:
            break
    sampled = list(acknowledged.items())[:: max(1, len(acknowledged) // 20)]
    for (partition, offset), number in [*sampled, list(acknowledged.items())[-1]]:
        assert poster.read(topic, partition, offset)[1] == str(number).encode()
