"""Integrations and their responses put, read, patched and deleted call by call."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import requests
from api_gateway_helpers import GatewayProcess
from control_plane_helpers import (
    assert_bad_request,
    assert_conflict,
    assert_error,
    assert_not_found,
    assert_not_served,
)

NO_INTEGRATION = "Invalid Integration identifier specified"
NO_RESPONSE = "Invalid Response status code specified"
MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}


@pytest.fixture
def method(client: Any) -> Iterator[dict[str, Any]]:
    """A method that declares a path parameter and a header, as the parameters that name it."""
    api = client.create_rest_api(name="integrations")
    made = client.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{name}")
    named = {"restApiId": api["id"], "resourceId": made["id"], "httpMethod": "GET"}
    client.put_method(**named, authorizationType="NONE", requestParameters={"method.request.path.name": True})
    headers = {"method.response.header.X-Own": False}
    client.put_method_response(**named, statusCode="200", responseParameters=headers)
    yield named
    client.delete_rest_api(restApiId=api["id"])


def test_an_http_integration_is_put_read_and_patched(client: Any, method: dict[str, Any]) -> None:
    made = client.put_integration(
        **method,
        type="HTTP",
        integrationHttpMethod="POST",
        uri="http://127.0.0.1:1/{name}",
        requestParameters={"integration.request.path.name": "method.request.path.name"},
        requestTemplates={"application/json": "$input.body", "text/plain": "plain"},
        passthroughBehavior="WHEN_NO_TEMPLATES",
        contentHandling="CONVERT_TO_TEXT",
        cacheKeyParameters=["method.request.path.name"],
        timeoutInMillis=5000,
    )
    assert made["cacheNamespace"] == method["resourceId"]
    read = client.get_integration(**method)
    assert {**read, "ResponseMetadata": None} == {**made, "ResponseMetadata": None}
    patches = [
        {"op": "replace", "path": "/uri", "value": "http://127.0.0.1:2/{name}"},
        {"op": "replace", "path": "/timeoutInMillis", "value": "29000"},
        {"op": "remove", "path": "/requestTemplates/text~1plain"},
        {"op": "remove", "path": "/cacheKeyParameters/method.request.path.name", "value": ""},
        {"op": "replace", "path": "/contentHandling"},
    ]
    patched = client.update_integration(**method, patchOperations=patches)
    assert (patched["uri"], patched["timeoutInMillis"]) == ("http://127.0.0.1:2/{name}", 29000)
    assert (patched["requestTemplates"], patched["cacheKeyParameters"]) == ({"application/json": "$input.body"}, [])
    assert "contentHandling" not in patched
    assert client.get_method(**method)["methodIntegration"]["uri"] == patched["uri"]


def test_an_empty_template_is_shown_as_null(gateway: GatewayProcess, method: dict[str, Any]) -> None:
    client = gateway.client()
    client.put_integration(**method, type="MOCK", requestTemplates={"text/plain": ""})
    assert client.get_integration(**method)["requestTemplates"] == {"text/plain": None}


def test_a_mock_integration_has_no_connection(client: Any, method: dict[str, Any]) -> None:
    made = client.put_integration(**method, **MOCK)
    told = (made["type"], made["passthroughBehavior"], made["timeoutInMillis"], "connectionType" in made)
    assert told == ("MOCK", "WHEN_NO_MATCH", 29000, False)


def test_a_deleted_integration_is_gone(client: Any, method: dict[str, Any]) -> None:
    client.put_integration(**method, **MOCK)
    client.delete_integration(**method)
    assert "methodIntegration" not in client.get_method(**method)
    for call in (client.get_integration, client.delete_integration):
        assert_not_found(call, NO_INTEGRATION, **method)
    assert_bad_request(client.create_deployment, "No integration defined for method", restApiId=method["restApiId"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"uri": "ftp://x"}, "Invalid HTTP endpoint specified for URI"),
        ({"integrationHttpMethod": ""}, "Enumeration value for HttpMethod must be non-empty"),
        ({"timeoutInMillis": 30000}, "Timeout should be between 50 ms and 29000 ms"),
        (
            {"requestParameters": {"integration.request.header.a": "method.request.header.a"}},
            "errors : [Invalid mapping expression parameter specified: method.request.header.a]",
        ),
        ({"requestParameters": {"integration.request.header.a": "true"}}, "Invalid mapping expression specified: true"),
        ({"type": "HTTP", "passthroughBehavior": "ALWAYS"}, "Enumeration value for PassthroughBehavior must be one of"),
    ],
)
def test_an_integration_that_cannot_be_is_refused(
    client: Any, method: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    good = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://127.0.0.1:1/"}
    assert_bad_request(client.put_integration, message, **method, **{**good, **fields})
    assert_not_found(client.get_integration, NO_INTEGRATION, **method)


def test_types_that_are_not_amazons_or_not_served_are_refused(client: Any, method: dict[str, Any]) -> None:
    message = "Value 'HTTPS_PROXY' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum"
    assert_error(partial(client.put_integration, **method, type="HTTPS_PROXY"), "ValidationException", 400, message)
    assert_not_served(client.put_integration, "AWS_PROXY", **method, type="AWS_PROXY")


def test_an_integration_response_is_put_read_patched_and_deleted(client: Any, method: dict[str, Any]) -> None:
    client.put_integration(**method, **MOCK)
    response = {**method, "statusCode": "200"}
    client.put_integration_response(
        **response,
        responseParameters={"method.response.header.X-Own": "'x'"},
        responseTemplates={"application/json": "created"},
    )
    read = client.get_integration_response(**response)
    assert (read["responseTemplates"], "selectionPattern" in read) == ({"application/json": "created"}, False)
    patch = [{"op": "replace", "path": "/selectionPattern", "value": "2\\d\\d"}]
    assert client.update_integration_response(**response, patchOperations=patch)["selectionPattern"] == "2\\d\\d"
    client.put_integration_response(**response, selectionPattern="200")
    responses = client.get_integration(**method)["integrationResponses"]
    assert responses == {"200": {"statusCode": "200", "selectionPattern": "200"}}
    client.delete_integration_response(**response)
    for call in (client.get_integration_response, client.delete_integration_response):
        assert_not_found(call, NO_RESPONSE, **response)


def test_two_responses_have_two_patterns(client: Any, method: dict[str, Any]) -> None:
    client.put_integration(**method, **MOCK)
    client.put_integration_response(**method, statusCode="200")
    put = partial(client.put_integration_response, **method, statusCode="400")
    assert_conflict(put, "Integration response with selection pattern default already exists")
    put(selectionPattern="4\\d\\d")
    assert set(client.get_integration(**method)["integrationResponses"]) == {"200", "400"}


def test_a_header_is_declared_before_it_is_mapped(client: Any, method: dict[str, Any]) -> None:
    client.put_integration(**method, **MOCK)
    message = "errors : [Invalid mapping expression parameter specified: method.response.header.Other]"
    mapping = {"method.response.header.Other": "'x'"}
    put = partial(client.put_integration_response, **method, statusCode="200")
    assert_bad_request(put, message, responseParameters=mapping)


def test_a_response_needs_an_integration(client: Any, method: dict[str, Any]) -> None:
    for call in (client.put_integration_response, client.get_integration_response):
        assert_not_found(call, NO_INTEGRATION, **method, statusCode="200")


def test_an_api_made_step_by_step_answers_once_it_is_deployed(
    client: Any, gateway: GatewayProcess, method: dict[str, Any]
) -> None:
    client.put_integration(**method, **MOCK)
    template = {"application/json": '{"name": "$input.params("name")"}'}
    client.put_integration_response(**method, statusCode="200", responseTemplates=template)
    client.create_deployment(restApiId=method["restApiId"], stageName="dev")
    url = f"{gateway.url}/restapis/{method['restApiId']}/dev/_user_request_/some"
    assert requests.get(url, timeout=10).json() == {"name": "some"}
    other = {"application/json": "changed"}
    client.put_integration_response(**method, statusCode="200", responseTemplates=other)
    assert requests.get(url, timeout=10).json() == {"name": "some"}
    client.create_deployment(restApiId=method["restApiId"], stageName="dev")
    assert requests.get(url, timeout=10).text == "changed"
