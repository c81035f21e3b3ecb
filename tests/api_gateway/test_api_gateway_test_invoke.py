"""TestInvokeMethod: a method of the definition, deployed or not, run with a log of each step."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from api_gateway_helpers import API_KEY_VALUE, GatewayProcess, document, mock, transformed
from botocore.validate import ParamValidator

Test = Callable[..., dict[str, Any]]


@pytest.fixture
def invoke(gateway: GatewayProcess) -> Iterator[Callable[[dict[str, Any]], Test]]:
    """Imports a document with an integration at `/a/{name}` and gives the call that tests it."""
    client = gateway.client()
    made = []

    def import_(integration: dict[str, Any]) -> Test:
        api_id = client.import_rest_api(body=document({"/a/{name}": transformed(integration)}))["id"]
        made.append(api_id)
        items = client.get_resources(restApiId=api_id)["items"]
        resource_id = next(item["id"] for item in items if item["path"] == "/a/{name}")
        fixed = {"restApiId": api_id, "resourceId": resource_id}

        def test(**params: Any) -> dict[str, Any]:
            answer: dict[str, Any] = client.test_invoke_method(**{**fixed, "httpMethod": "POST", **params})
            shape = client.meta.service_model.operation_model("TestInvokeMethod").output_shape
            told = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
            assert not ParamValidator().validate(told, shape).has_errors()
            return told

        return test

    yield import_
    for api_id in made:
        client.delete_rest_api(restApiId=api_id)


def steps(told: dict[str, Any]) -> list[str]:
    """The log's lines without their times."""
    first, *lines = told["log"].splitlines()
    assert re.fullmatch(r"Execution log for request [0-9a-f-]{36}", first)
    found = [re.fullmatch(r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4} : (.*)", line) for line in lines]
    assert all(found)
    return [match[1] for match in found if match]


def test_each_step_of_an_http_integration_is_told(invoke: Callable[..., Test], backend: str) -> None:
    template = {"application/json": '{"name": "$input.params(\'name\')", "own": "$stageVariables.own"}'}
    test = invoke({"type": "http", "uri": f"http://{backend}/heard", "requestTemplates": template})
    told = test(
        pathWithQueryString="/a/me?q=1",
        body='{"b": 1}',
        headers={"X-Own": "mine", "x-api-key": API_KEY_VALUE},
        stageVariables={"own": "of the test"},
    )
    heard = json.loads(told["body"])
    assert (told["status"], json.loads(heard["body"])) == (200, {"name": "me", "own": "of the test"})
    assert told["latency"] >= 0
    assert told["headers"]["Content-Type"] == "application/json"
    assert told["multiValueHeaders"]["Content-Type"] == ["application/json"]
    lines = steps(told)
    assert lines[0].startswith("Starting execution for request: ")
    assert lines[1:4] == [
        "HTTP Method: POST, Resource Path: /a/me",
        "Method request path: {name=me}",
        "Method request query string: {q=1}",
    ]
    assert lines[5] == 'Method request body before transformations: {"b": 1}'
    assert f"Endpoint request URI: http://{backend}/heard" in lines
    assert 'Endpoint request body after transformations: {"name": "me", "own": "of the test"}' in lines
    assert any(re.match(r"Received response. Status: 200, Integration latency: \d+ ms", line) for line in lines)
    assert lines[-2:] == ["Successfully completed execution", "Method completed with status: 200"]
    assert API_KEY_VALUE not in told["log"]


def test_a_mock_has_no_endpoint(invoke: Callable[..., Test]) -> None:
    response = {"statusCode": "200", "responseTemplates": {"application/json": "done"}}
    told = invoke(mock(responses={"default": response}))()
    assert (told["status"], told["body"]) == (200, "done")
    assert not any("ndpoint" in line for line in steps(told))


def test_why_an_execution_failed_is_told(invoke: Callable[..., Test]) -> None:
    told = invoke(mock(requestTemplates={"application/json": "{}"}))()
    assert (told["status"], json.loads(told["body"])) == (500, {"message": "Internal server error"})
    failed, completed = steps(told)[-2:]
    assert failed.startswith("Execution failed due to configuration error: Unable to parse statusCode.")
    assert completed == "Method completed with status: 500"


def test_a_path_that_does_not_fit_gives_no_parameters(invoke: Callable[..., Test]) -> None:
    assert "Method request path: {}" in steps(invoke(mock())(pathWithQueryString="/elsewhere"))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"resourceId": "nowhere"}, "Invalid Resource identifier specified"),
        ({"restApiId": "nowhere"}, "Invalid API identifier specified"),
    ],
)
def test_what_is_not_there_cannot_be_tested(
    invoke: Callable[..., Test], gateway: GatewayProcess, part: dict[str, str], message: str
) -> None:
    with pytest.raises(gateway.client().exceptions.NotFoundException, match=message):
        invoke(mock())(**part)
