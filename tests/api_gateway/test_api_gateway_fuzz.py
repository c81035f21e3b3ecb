"""Malformed requests to the invoke URL: none hangs, breaks the gateway or gets a 5xx that Amazon would not give.

And whatever a client sends, a template of the course passes it on as one JSON document or refuses it.
"""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from api_gateway_helpers import Deployed, GatewayProcess, deploy_by_boto3, document, mock, take_down, transformed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinesis_integration import Recorder
from test_api_gateway_kinesis import aws
from test_api_gateway_mapping_templates import JSON

from sandbox.servers.api_gateway.mapping_template import MappingTemplate, TemplateFailedError
from sandbox.servers.api_gateway.payload import MalformedPayloadError, Payload
from sandbox.servers.api_gateway.velocity_values import VelocityMap
from sandbox.servers.aws.credentials import CredentialsFile

pytestmark = pytest.mark.full
MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
ECHO = (
    "$input.body $input.path('$') $util.escapeJavaScript($input.params('q')) $util.urlDecode($input.params('q'))"
    "#foreach($kind in $input.params().keySet())#foreach($name in $input.params().get($kind).keySet())"
    "$util.base64Encode($input.params().get($kind).get($name))#end#end $context.identity.userAgent"
)


def deployed_with(gateway: GatewayProcess) -> Deployed:
    mapping = {
        "integration.request.header.X-Q": "method.request.querystring.q",
        "integration.request.header.X-Body": "method.request.body.a",
        "integration.request.header.Content-Type": "method.request.header.Content-Type",
        "integration.request.querystring.rest": "method.request.path.rest",
    }
    response = {"statusCode": "200", "responseParameters": {"method.response.header.X-Q": "context.path"}}
    record = {"application/json": (Path(__file__).parents[2] / "aws/templates/put_record.vtl").read_text()}
    records = {"application/json": (Path(__file__).parents[2] / "aws/templates/put_records.vtl").read_text()}
    echo = {"application/json": ECHO + '#set($x = "{""statusCode"": 200}")$x'}
    paths = {
        "/echo/{rest+}": transformed(mock(requestTemplates=echo, responses={"default": response})),
        "/mapped/{rest}": transformed(aws(requestParameters=mapping, responses={"default": response})),
        "/streams/{stream-name}/record": transformed(aws(requestTemplates=record)),
        "/streams/{stream-name}/records": transformed(aws("PutRecords", requestTemplates=records)),
    }
    return deploy_by_boto3(gateway, document(paths), "127.0.0.1:1", {})


@pytest.fixture(scope="module")
def api(gateway: GatewayProcess) -> Iterator[Deployed]:
    Recorder.credentials = CredentialsFile(gateway.credentials)
    deployed = deployed_with(gateway)
    yield deployed
    take_down(deployed)


def exchange(api: Deployed, content: bytes) -> bytes:
    """What the gateway answers to raw bytes, up to the end of the connection. Fails after 10 s without any."""
    with socket.create_connection(("127.0.0.1", api.gateway.port), timeout=10) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def status(answer: bytes) -> int:
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0


TEXT = st.binary(max_size=30).map(lambda part: part.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))
PATH = TEXT.map(
    lambda part: b"".join(b"%%%02x" % byte if byte <= 32 or byte >= 127 else bytes([byte]) for byte in part)
)
NAMES = st.sampled_from([b"Content-Type", b"Accept", b"X-Q", b"User-Agent", b"X-Forwarded-For", b"Expect", b"Cookie"])
VERBS = st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"HEAD", b"OPTIONS", b"TRACE", b"FOO"])
ROUTES = st.sampled_from([b"/mapped/", b"/streams/s/record", b"/streams/s/records", b"/streams/", b"/", b""])
BODIES = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())

WORDS = st.sampled_from(
    [
        "$input",
        "$util",
        "$context",
        ".json('$')",
        ".path('$.a')",
        "#foreach",
        "#set",
        "#if",
        "#end",
        *"$#!{}()[].'\" \na1",
    ]
)


@MANY
@given(VERBS, ROUTES, PATH, PATH, st.dictionaries(NAMES, TEXT, max_size=4), BODIES)
def test_no_request_to_a_route_makes_a_5xx(
    api: Deployed, verb: bytes, route: bytes, path: bytes, query: bytes, headers: dict[bytes, bytes], body: bytes
) -> None:
    target = f"/{api.api_id}/dev".encode() + route + path + b"?q=" + query
    head = [b"Host: x", b"Connection: close", b"Content-Length: %d" % len(body)]
    head += [name + b": " + value for name, value in headers.items() if name != b"Expect"]
    answer = exchange(api, b"\r\n".join([verb + b" " + target + b" HTTP/1.1", *head, b"", body]))
    assert status(answer) < 500, answer
    assert answer.count(b"\r\nx-amzn-requestid: ") <= 1


@MANY
@given(st.binary(max_size=300), st.booleans())
def test_bytes_that_are_no_request_break_nothing(api: Deployed, content: bytes, begun: bool) -> None:
    start = f"PUT /{api.api_id}/dev/streams/s/record HTTP/1.1\r\nHost: x\r\n".encode() if begun else b""
    exchange(api, start + content)
    assert api.gateway.answers()


@MANY
@given(st.text(max_size=60) | st.lists(WORDS, max_size=25).map("".join), BODIES)
def test_a_template_of_any_text_renders_or_fails_by_name(template: str, body: bytes) -> None:
    params = VelocityMap(path=VelocityMap(), querystring=VelocityMap(q="1"), header=VelocityMap())
    try:
        rendered = MappingTemplate(template).render(Payload(body), params, VelocityMap(a=VelocityMap()), {"v": "1"})
    except (TemplateFailedError, MalformedPayloadError):
        return
    assert isinstance(rendered, str)


@MANY
@given(JSON, st.text(max_size=20))
def test_what_a_client_sends_arrives_as_it_is(api: Deployed, data: Any, key: str) -> None:
    Recorder.heard.clear()
    body = {"records": [{"data": data, "partition-key": key}] * 2}
    assert api.call("/streams/s/records", "PUT", json=body).status_code == 200
    (request,) = Recorder.heard
    sent = [
        (json.loads(base64.b64decode(each["Data"])), each["PartitionKey"])
        for each in json.loads(request["body"])["Records"]
    ]
    assert (request["signature"], sent) == ("valid", [(data, key)] * 2)


def put_records(api: Deployed, count: int) -> None:
    for _ in range(count):
        api.call("/streams/s/record", "PUT", json={"Data": "x" * 1000, "PartitionKey": "k"})


def test_memory_stays_as_it_is(api: Deployed, gateway: GatewayProcess) -> None:
    assert gateway.process is not None
    process = psutil.Process(gateway.process.pid)
    put_records(api, 300)
    before = process.memory_info().rss
    put_records(api, 1000)
    assert process.memory_info().rss - before < 10 * 1024 * 1024
