"""Malformed requests: never a fault of the server, never a hang, and memory does not grow."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import psutil
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinesis_helpers import ACCESS_KEY, SECRET_KEY, KinesisProcess, iterator

from sandbox.servers.aws.errors import ServiceError
from sandbox.servers.aws.json_protocol import JsonProtocol

MODEL = ServiceModel(Loader().load_service_model("kinesis", "service-2"), "kinesis")
# What makes and removes streams is left out, so that the shared sandbox stays as it is.
OPERATIONS = sorted(set(MODEL.operation_names) - {"CreateStream", "DeleteStream"})
GROWTH_MB = 40

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("shardId-000000000000")
)
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


def near(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that are of a shape now and then, and of another kind otherwise."""
    if depth > 4:
        return ANY_JSON
    if shape.type_name == "structure":
        members = {name: near(member, depth + 1) for name, member in shape.members.items()}
        like: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=members)
    elif shape.type_name == "list":
        like = st.lists(near(shape.member, depth + 1), max_size=4)
    elif shape.type_name == "map":
        like = st.dictionaries(st.text(max_size=5), near(shape.value, depth + 1), max_size=4)
    else:
        like = scalar(shape)
    return like | ANY_JSON if depth else like


def scalar(shape: Shape) -> st.SearchStrategy[Any]:
    if shape.type_name == "blob":
        return st.sampled_from(["eA==", "", "AAAA", "x", "===="])
    if shape.type_name in ("integer", "long"):
        return st.integers(min_value=-5, max_value=20_000)
    if shape.type_name == "timestamp":
        return st.floats(allow_nan=False, allow_infinity=False) | st.integers()
    if shape.type_name == "boolean":
        return st.booleans()
    if enum := getattr(shape, "enum", None):
        return st.sampled_from(enum)
    if "pattern" in shape.metadata:
        return st.from_regex(shape.metadata["pattern"]) | st.text(max_size=20)
    return st.text(max_size=20)


@st.composite
def requests_near_the_service(draw: st.DrawFn) -> tuple[str, Any]:
    name = draw(st.sampled_from(OPERATIONS))
    return name, draw(body_near(name))


@cache
def body_near(operation: str) -> st.SearchStrategy[Any]:
    return near(MODEL.operation_model(operation).input_shape)


def send(kinesis: KinesisProcess, operation: str, body: bytes) -> requests.Response:
    headers = {"X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{kinesis.url}/", headers=headers, data=body)
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "kinesis", "us-east-1").add_auth(request)
    return requests.post(request.url, data=body, headers=dict(request.headers), timeout=20)


def require_no_fault(answer: requests.Response) -> None:
    """An answer, a client's error, or the word that the operation is not served."""
    assert answer.status_code in (200, 400, 413, 501), (answer.status_code, answer.text)
    assert answer.status_code == 200 or answer.json()["__type"]


FUZZ = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(FUZZ, max_examples=100)
@given(requests_near_the_service())
def test_the_protocol_refuses_what_it_cannot_read_with_an_error_of_the_service(asked: tuple[str, Any]) -> None:
    operation, body = asked
    protocol = JsonProtocol("kinesis")
    try:
        protocol.read(operation, json.dumps(body).encode())
    except ServiceError as error:
        assert error.status == 400


@pytest.mark.full
@pytest.mark.sandbox
def test_malformed_requests_are_no_fault_of_the_server(kinesis: KinesisProcess, client: Any, stream: str) -> None:
    process = psutil.Process(kinesis.process.pid)
    token = iterator(client, stream)

    @settings(FUZZ, max_examples=1500)
    @given(requests_near_the_service(), st.booleans())
    def fuzz(asked: tuple[str, Any], real: bool) -> None:
        operation, body = asked
        if real and isinstance(body, dict):
            body = {**body, "StreamName": stream, "ShardId": "shardId-000000000000"}
            body |= {"ShardIterator": token} if operation == "GetRecords" else {}
            body.pop("StreamARN", None)
        require_no_fault(send(kinesis, operation, json.dumps(body).encode()))

    fuzz()
    before = process.memory_info().rss
    fuzz()
    assert (process.memory_info().rss - before) / 1e6 < GROWTH_MB


@pytest.mark.full
@pytest.mark.sandbox
def test_bytes_of_any_kind_are_no_fault_of_the_server(kinesis: KinesisProcess) -> None:
    @settings(FUZZ, max_examples=500)
    @given(
        st.sampled_from([*OPERATIONS, "Nothing"]),
        st.binary(max_size=200) | st.builds(lambda n: b"[" * n, st.integers(0, 5000)),
    )
    def fuzz(operation: str, body: bytes) -> None:
        require_no_fault(send(kinesis, operation, body))

    fuzz()
