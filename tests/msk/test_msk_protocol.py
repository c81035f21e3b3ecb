"""Signatures, and requests that make no sense: refused as Amazon refuses them, never with a fault of the server."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msk_helpers import Msk, refused

pytestmark = pytest.mark.sandbox

SERVICES = ("kafka", "kafkaconnect")
PATHS = {
    "kafka": ["/v1/clusters", "/api/v2/clusters", "/v1/clusters/{}", "/v1/clusters/{}/nodes", "/v1/tags/{}"],
    "kafkaconnect": [
        "/v1/connectors",
        "/v1/connectors/{}",
        "/v1/connectors/{}/operations",
        "/v1/connectorOperations/{}",
        "/v1/custom-plugins",
        "/v1/custom-plugins/{}",
        "/v1/worker-configurations",
        "/v1/worker-configurations/{}",
        "/v1/tags/{}",
    ],
}
FIELDS = [
    "name", "contentType", "location", "propertiesFileContent", "tags", "connectorName", "capacity", "plugins",
    "connectorConfiguration", "kafkaCluster", "logDelivery", "workerConfiguration", "description",
]  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
BODIES = st.binary(max_size=60) | st.dictionaries(st.sampled_from(FIELDS), VALUES).map(
    lambda value: json.dumps(value).encode()
)
QUERIES = st.dictionaries(
    st.sampled_from(["maxResults", "nextToken", "namePrefix", "currentVersion", "tagKeys", "clusterTypeFilter"]),
    st.text(max_size=12) | st.integers(-5, 10**20).map(str),
    max_size=3,
)


def send(msk: Msk, service: str, verb: str, path: str, query: str = "", body: bytes = b"") -> requests.Response:
    """Sign any request at all, and send it."""
    url = f"{msk.url}{path}" + (f"?{query}" if query else "")
    signed = AWSRequest(method=verb, url=url, data=body)
    SigV4Auth(msk.sandbox.s3._request_signer._credentials, service, "us-east-1").add_auth(signed)
    prepared = signed.prepare()
    return requests.request(verb, prepared.url, data=body, headers=dict(prepared.headers), timeout=10)


@pytest.mark.parametrize("service", SERVICES)
def test_a_wrong_secret_is_refused(msk: Msk, service: str) -> None:
    listing = {"kafka": "list_clusters", "kafkaconnect": "list_connectors"}[service]
    wrong = msk.client(service, aws_secret_access_key="wrong")
    unknown = msk.client(service, aws_access_key_id="AKIAUNKNOWN")
    assert refused(getattr(wrong, listing))[:2] == ("InvalidSignatureException", 403)
    assert refused(getattr(unknown, listing))[:2] == ("UnrecognizedClientException", 403)


def test_a_request_without_a_signature_is_refused(msk: Msk) -> None:
    answer = requests.get(f"{msk.url}/v1/connectors", timeout=10)
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_a_signature_for_one_service_does_not_open_the_other(msk: Msk) -> None:
    assert send(msk, "kafka", "GET", "/v1/connectors").status_code == 404
    assert send(msk, "kafkaconnect", "GET", "/v1/clusters").status_code == 404
    assert send(msk, "kinesis", "GET", "/v1/clusters").status_code == 403


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"name": "\\ud800"}', b'"text"'])
def test_a_body_that_is_no_json_object_is_refused(msk: Msk, body: bytes) -> None:
    answer = send(msk, "kafkaconnect", "POST", "/v1/custom-plugins", body=body)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "BadRequestException")


def check(msk: Msk, service: str, verb: str, path: str, query: dict[str, str], body: bytes) -> None:
    text = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
    answer = send(msk, service, verb, path, text, body)
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
    assert answer.status_code == 204 or isinstance(answer.json(), dict)


@pytest.mark.full
@pytest.mark.parametrize("service", SERVICES)
def test_malformed_requests_meet_no_fault_of_the_server(msk: Msk, service: str) -> None:
    paths = st.sampled_from(PATHS[service])
    verbs = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"])
    plugin = msk.create_plugin()
    labels = st.text(min_size=1, max_size=30) | st.sampled_from([plugin, "arn:aws:kafka:", f"{plugin}/x"])

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(verbs, paths, labels, QUERIES, BODIES)
    def fuzz(verb: str, path: str, label: str, query: dict[str, str], body: bytes) -> None:
        check(msk, service, verb, path.format(quote(label, safe="")), query, body)

    fuzz()


@pytest.mark.full
def test_a_connector_with_one_odd_value_meets_no_fault_of_the_server(msk: Msk) -> None:
    whole = msk.request("any")

    def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [way, *(place for key, child in inner for place in places(child, (*way, key)))]

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(places(whole)[1:]), VALUES)
    def fuzz(place: tuple[Any, ...], odd: Any) -> None:
        request = json.loads(json.dumps({**whole, "connectorName": msk.name()}))
        target = request
        for step in place[:-1]:
            target = target[step]
        target[place[-1]] = odd
        check(msk, "kafkaconnect", "POST", "/v1/connectors", {}, json.dumps(request).encode())

    fuzz()
    msk.delete_connectors()
