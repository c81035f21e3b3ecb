"""Calls with values that make no sense are refused: no operation of the control plane fails inside the server."""

from __future__ import annotations

from typing import Any

import pytest
from api_gateway_helpers import GatewayProcess, any_method, document
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.servers.api_gateway.operations import SERVED

PATCHES = [
    ("/name", "/description", "/uri", "/enabled", "/schema", "/pathPart", "/parentId", "/statusCode", "/deploymentId"),
    ("/*/*/throttling/rateLimit", "/a/GET", "/variables/a", "/accessLogSettings", "/accessLogSettings/format"),
    ("/throttle", "/quota/limit", "/apiStages", "/binaryMediaTypes/a", "/endpointConfiguration/types/0"),
    ("/requestParameters/method.request.path.a", "/responseTemplates/a~1b", "/selectionPattern", "", "/", "//", "~"),
]
WORDS = [
    ("dev", "GET", "ANY", "200", "NONE", "MOCK", "HTTP", "oas30", "add", "replace", "remove", "API_KEY", "Empty", "a"),
    ("'", "{}", "[1]", '{"a": 1}', "2024-01-01", "arn:aws:apigateway:us-east-1::/restapis/a", "{a}", "{a+}", "é\x00"),
    ("-1", "1e999", "method.request.path.a", "integration.request.path.a", "http://127.0.0.1:1/{a}", "$input.body"),
]
TEXTS = [text for group in (*PATCHES, *WORDS) for text in group]
Known = dict[str, list[str]]


def values(name: str, shape: Shape, known: Known) -> st.SearchStrategy[Any]:
    """Values for a parameter: of its type, and now and then of another."""
    if shape.type_name == "blob":
        return st.sampled_from([b"", b"{}", b"[", b"openapi: 3.0.1", b"swagger: '2.0'"])
    right = {
        "structure": lambda: st.fixed_dictionaries({}, optional=_members(shape, known)),
        "list": lambda: st.lists(values(name, shape.member, known), max_size=2),
        "map": lambda: st.dictionaries(st.sampled_from(TEXTS), values(name, shape.value, known), max_size=2),
        "boolean": st.booleans,
        "string": lambda: st.sampled_from(known.get(name) or [*TEXTS, *(shape.enum or [])]),
    }.get(shape.type_name, lambda: st.sampled_from([-1, 0, 1, 50, 10**12]))()
    return right if name in known else st.one_of(right, right, right, st.sampled_from([7, True, "", [], {}]))


def _members(shape: Shape, known: Known) -> dict[str, st.SearchStrategy[Any]]:
    return {name: values(name, member, known) for name, member in shape.members.items()}


def known_ids(client: Any) -> Known:
    """An API with all that belongs to it: what parameters may name, so that calls reach further than "not found"."""
    api_id = client.import_rest_api(body=document({"/a": any_method("http://127.0.0.1:1/")}))["id"]
    resources = client.get_resources(restApiId=api_id)["items"]
    key = client.create_api_key(name="k")["id"]
    client.create_model(restApiId=api_id, name="Empty", contentType="application/json", schema="{}")
    return {
        "restApiId": [api_id],
        "resourceId": [item["id"] for item in resources],
        "parentId": [item["id"] for item in resources],
        "httpMethod": ["ANY", "ANY", "GET"],
        "requestValidatorId": [client.create_request_validator(restApiId=api_id, name="all")["id"]],
        "deploymentId": [client.create_deployment(restApiId=api_id, stageName="dev")["id"], "nope"],
        "stageName": ["dev", "new"],
        "modelName": ["Empty"],
        "statusCode": ["200", "200", "404"],
        "responseType": ["THROTTLED"],
        "apiKey": [key],
        "keyId": [key],
        "usagePlanId": [client.create_usage_plan(name="p")["id"]],
        "op": ["add", "replace", "remove"],
        "authorizationType": ["NONE"],
        "type": ["MOCK", "HTTP", "AWS", "HTTP_PROXY"],
    }


def call(client: Any, operation: str, params: dict[str, Any]) -> int:
    """The status of a call; 0 where the client itself could not send it."""
    try:
        return int(client._make_api_call(operation, params)["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    except (BotoCoreError, TypeError, AttributeError, ValueError):
        return 0


@pytest.mark.parametrize("examples", [150, pytest.param(4000, marks=pytest.mark.full)])
def test_no_call_fails_inside_the_server(mortal_gateway: GatewayProcess, examples: int) -> None:
    client = mortal_gateway.new_client(parameter_validation=False)
    known = known_ids(client)
    model = client.meta.service_model

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data(), st.sampled_from(sorted(SERVED - {"DeleteRestApi"})))
    def send(data: st.DataObject, name: str) -> None:
        shape = model.operation_model(name).input_shape
        drawn = _members(shape, {} if name.startswith("Delete") else known)
        needed = {member: drawn.pop(member) for member in shape.required_members}
        assert call(client, name, data.draw(st.fixed_dictionaries(needed, optional=drawn))) != 500

    send()
    assert (mortal_gateway.folder / "errors.log").read_text() == ""
