"""An API built step by step: resources, methods and their responses; good answers, and errors as Amazon words them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from control_plane_helpers import (
    assert_bad_request,
    assert_conflict,
    assert_error,
    assert_not_found,
    assert_not_served,
)

NO_RESOURCE = "Invalid Resource identifier specified"
NO_METHOD = "Invalid Method identifier specified"


@pytest.fixture
def api(client: Any) -> Iterator[dict[str, Any]]:
    """A new API, with nothing but its root."""
    made = client.create_rest_api(name="steps")
    yield made
    client.delete_rest_api(restApiId=made["id"])


@pytest.fixture
def topics(client: Any, api: dict[str, Any]) -> dict[str, Any]:
    """The resource /topics, as the parameters that name it."""
    made = client.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="topics")
    return {"restApiId": api["id"], "resourceId": made["id"]}


@pytest.fixture
def get_topics(client: Any, topics: dict[str, Any]) -> dict[str, Any]:
    """The method GET /topics, as the parameters that name it."""
    method = {**topics, "httpMethod": "GET"}
    client.put_method(**method, authorizationType="NONE")
    return method


def below(client: Any, api: dict[str, Any], parent: str, part: str) -> str:
    return str(client.create_resource(restApiId=api["id"], parentId=parent, pathPart=part)["id"])


def paths(client: Any, api: dict[str, Any]) -> list[str]:
    return [item["path"] for item in client.get_resources(restApiId=api["id"])["items"]]


# REST APIs


def test_a_new_api_has_a_root_and_amazons_two_models(client: Any, api: dict[str, Any]) -> None:
    items = client.get_resources(restApiId=api["id"])["items"]
    assert items == [{"id": api["rootResourceId"], "path": "/"}]
    models = {model["name"]: model["description"] for model in client.get_models(restApiId=api["id"])["items"]}
    assert models == {
        "Empty": "This is a default empty schema model",
        "Error": "This is a default error schema model",
    }
    assert api["endpointConfiguration"] == {"types": ["EDGE"], "ipAddressType": "ipv4"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"description": ""}, "Description cannot be an empty string"),
        ({"minimumCompressionSize": -1}, "Invalid minimum compression size, must be between 0 and 10485760"),
        ({"endpointConfiguration": {"types": []}}, "REGIONAL Configuration and EDGE Configuration cannot be both"),
        (
            {"endpointConfiguration": {"types": ["EDGE", "REGIONAL"]}},
            "Cannot create an api with multiple Endpoint Types.",
        ),
        (
            {"endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "ipv4"}},
            "Only dualstack ipAddressType is supported for Private APIs.",
        ),
    ],
)
def test_an_api_that_cannot_be_is_refused(client: Any, fields: dict[str, Any], message: str) -> None:
    assert_bad_request(client.create_rest_api, message, name="x", **fields)


def test_what_an_api_cannot_do_here_is_refused_by_name(client: Any) -> None:
    assert_not_served(client.create_rest_api, "Resource policies", name="x", policy="{}")
    assert_not_served(client.create_rest_api, "authorizer", name="x", apiKeySource="AUTHORIZER")


def test_an_api_is_patched(client: Any, api: dict[str, Any]) -> None:
    patches = [
        {"op": "replace", "path": "/name", "value": "renamed"},
        {"op": "replace", "path": "/description", "value": "now with one"},
        {"op": "add", "path": "/binaryMediaTypes/image~1png"},
        {"op": "add", "path": "/binaryMediaTypes/image~1gif"},
        {"op": "remove", "path": "/binaryMediaTypes/image~1png"},
        {"op": "replace", "path": "/minimumCompressionSize", "value": "10"},
        {"op": "replace", "path": "/endpointConfiguration/types/EDGE", "value": "REGIONAL"},
    ]
    patched = client.update_rest_api(restApiId=api["id"], patchOperations=patches)
    told = (patched["name"], patched["description"], patched["binaryMediaTypes"], patched["minimumCompressionSize"])
    assert told == ("renamed", "now with one", ["image/gif"], 10)
    assert patched["endpointConfiguration"]["types"] == ["REGIONAL"]
    described = client.get_rest_api(restApiId=api["id"])
    assert {**described, "ResponseMetadata": None} == {**patched, "ResponseMetadata": None}
    removal = [{"op": "replace", "path": "/minimumCompressionSize"}]
    assert "minimumCompressionSize" not in client.update_rest_api(restApiId=api["id"], patchOperations=removal)


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"op": "add", "path": "/binaryMediaTypes"}, "Invalid patch path /binaryMediaTypes"),
        ({"op": "remove", "path": "/name"}, "Invalid patch operation specified. Must be one of: [replace]"),
        ({"op": "replace", "path": "/minimumCompressionSize", "value": "no"}, "Invalid minimum compression size"),
        (
            {"op": "replace", "path": "/endpointConfiguration/types/EDGE", "value": "x"},
            "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
        ),
    ],
)
def test_a_bad_patch_of_an_api_is_refused(
    client: Any, api: dict[str, Any], patch: dict[str, str], message: str
) -> None:
    assert_bad_request(client.update_rest_api, message, restApiId=api["id"], patchOperations=[patch])


def test_a_clone_has_the_definition_of_its_model(client: Any, api: dict[str, Any]) -> None:
    below(client, api, api["rootResourceId"], "a")
    clone = client.create_rest_api(name="clone", cloneFrom=api["id"])
    found = paths(client, clone)
    client.delete_rest_api(restApiId=clone["id"])
    assert (clone["name"], found) == ("clone", ["/", "/a"])


# Resources


def test_resources_are_made_read_and_deleted(client: Any, api: dict[str, Any]) -> None:
    parent = below(client, api, api["rootResourceId"], "streams")
    child = client.create_resource(restApiId=api["id"], parentId=parent, pathPart="{stream-name}")
    assert (child["path"], child["parentId"]) == ("/streams/{stream-name}", parent)
    assert client.get_resource(restApiId=api["id"], resourceId=child["id"])["pathPart"] == "{stream-name}"
    client.delete_resource(restApiId=api["id"], resourceId=child["id"])
    assert paths(client, api) == ["/", "/streams"]
    client.delete_resource(restApiId=api["id"], resourceId=parent)
    assert paths(client, api) == ["/"]
    assert_not_found(client.get_resource, NO_RESOURCE, restApiId=api["id"], resourceId=child["id"])


def test_a_resource_is_deleted_with_those_below_it(client: Any, api: dict[str, Any]) -> None:
    parent = below(client, api, api["rootResourceId"], "a")
    below(client, api, parent, "b")
    below(client, api, api["rootResourceId"], "ab")
    client.delete_resource(restApiId=api["id"], resourceId=parent)
    assert paths(client, api) == ["/", "/ab"]


def test_a_sibling_of_a_name_is_a_conflict(client: Any, api: dict[str, Any], topics: dict[str, Any]) -> None:
    message = "Another resource with the same parent already has this name: topics"
    create = partial(client.create_resource, restApiId=api["id"], parentId=api["rootResourceId"])
    assert_conflict(create, message, pathPart="topics")


def test_only_one_sibling_is_a_variable(client: Any, api: dict[str, Any]) -> None:
    root = api["rootResourceId"]
    below(client, api, root, "{proxy+}")
    message = "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed"
    assert_bad_request(client.create_resource, message, restApiId=api["id"], parentId=root, pathPart="{name}")
    static = below(client, api, root, "static")
    below(client, api, static, "{name}")


def test_nothing_is_below_a_greedy_variable(client: Any, api: dict[str, Any]) -> None:
    greedy = below(client, api, api["rootResourceId"], "{proxy+}")
    message = "Cannot create a child of a resource with a greedy path variable: {proxy+}"
    assert_bad_request(client.create_resource, message, restApiId=api["id"], parentId=greedy, pathPart="a")


@pytest.mark.parametrize("part", ["a b", "{a", "{+}", "a/b", "é"])
def test_a_path_part_of_other_characters_is_refused(client: Any, api: dict[str, Any], part: str) -> None:
    create = partial(client.create_resource, restApiId=api["id"], parentId=api["rootResourceId"])
    assert_bad_request(create, "Resource's path part only allow a-zA-Z0-9._-:", pathPart=part)


def test_a_parent_that_is_not_there_is_not_found(client: Any, api: dict[str, Any]) -> None:
    assert_not_found(client.create_resource, NO_RESOURCE, restApiId=api["id"], parentId="nope", pathPart="a")
    assert_not_found(client.create_resource, NO_RESOURCE, restApiId="nope", parentId="nope", pathPart="a")


def test_a_resource_moves_with_what_is_below_it(client: Any, api: dict[str, Any]) -> None:
    root = api["rootResourceId"]
    first, other = below(client, api, root, "a"), below(client, api, root, "z")
    child = below(client, api, first, "b")
    client.put_method(restApiId=api["id"], resourceId=child, httpMethod="GET", authorizationType="NONE")
    move = partial(client.update_resource, restApiId=api["id"])
    renamed = move(resourceId=first, patchOperations=[{"op": "replace", "path": "/pathPart", "value": "c"}])
    assert (renamed["id"], renamed["path"]) == (first, "/c")
    move(resourceId=first, patchOperations=[{"op": "replace", "path": "/parentId", "value": other}])
    moved = client.get_resource(restApiId=api["id"], resourceId=child)
    assert (moved["path"], moved["resourceMethods"]) == ("/z/c/b", {"GET": {}})


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"op": "replace", "path": "/invalid", "value": "x"}, "Must be one of: [/parentId, /pathPart]"),
        (
            {"op": "remove", "path": "/pathPart"},
            "Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations",
        ),
    ],
)
def test_a_bad_patch_of_a_resource_is_refused(
    client: Any, topics: dict[str, Any], patch: dict[str, str], message: str
) -> None:
    assert_bad_request(client.update_resource, message, **topics, patchOperations=[patch])


def test_resources_make_no_circle_and_the_root_stays(client: Any, api: dict[str, Any], topics: dict[str, Any]) -> None:
    child = below(client, api, topics["resourceId"], "a")
    to_child = [{"op": "replace", "path": "/parentId", "value": child}]
    assert_bad_request(client.update_resource, "Resources cannot be cyclical.", **topics, patchOperations=to_child)
    rename = [{"op": "replace", "path": "/pathPart", "value": "x"}]
    root = {"restApiId": api["id"], "resourceId": api["rootResourceId"]}
    message = "Root resource cannot update its pathPart."
    assert_bad_request(client.update_resource, message, **root, patchOperations=rename)


# Methods


def test_a_method_is_made_read_patched_and_deleted(client: Any, topics: dict[str, Any]) -> None:
    method = {**topics, "httpMethod": "POST"}
    parameters = {"method.request.header.h": True, "method.request.querystring.q": False}
    made = client.put_method(
        **method,
        authorizationType="NONE",
        apiKeyRequired=True,
        operationName="PostTopic",
        requestParameters=parameters,
        requestModels={"application/json": "Empty"},
    )
    assert {**client.get_method(**method), "ResponseMetadata": None} == {**made, "ResponseMetadata": None}
    assert (made["apiKeyRequired"], made["requestParameters"]) == (True, parameters)
    patches = [
        {"op": "replace", "path": "/apiKeyRequired", "value": "false"},
        {"op": "replace", "path": "/operationName"},
        {"op": "replace", "path": "/requestParameters/method.request.querystring.q", "value": "true"},
        {"op": "remove", "path": "/requestParameters/method.request.header.h"},
        {"op": "replace", "path": "/requestModels/application~1json", "value": "Error"},
    ]
    patched = client.update_method(**method, patchOperations=patches)
    assert (patched["apiKeyRequired"], "operationName" in patched) == (False, False)
    assert patched["requestParameters"] == {"method.request.querystring.q": True}
    assert patched["requestModels"] == {"application/json": "Error"}
    client.delete_method(**method)
    for call in (client.get_method, client.delete_method):
        assert_not_found(call, NO_METHOD, **method)


def test_a_method_is_made_once(client: Any, get_topics: dict[str, Any]) -> None:
    message = "Method already exists for this resource"
    assert_conflict(client.put_method, message, **get_topics, authorizationType="NONE")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"httpMethod": "FETCH"}, "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,"),
        ({"authorizationType": "CUSTOM"}, "Invalid authorizer ID specified. Setting the authorization type to CUSTOM"),
        ({"requestValidatorId": "nope"}, "Invalid Request Validator identifier specified"),
        ({"requestModels": {"application/json": "Nope"}}, "Invalid model identifier specified: Nope"),
        (
            {"requestParameters": {"method.request.path.a": True, "method.request.header.a": True}},
            "Parameter names must be unique across querystring, header and path",
        ),
        (
            {"requestParameters": {"method.request.cookie.a": True}},
            "errors : [Invalid mapping expression parameter specified: method.request.cookie.a]",
        ),
    ],
)
def test_a_method_that_cannot_be_is_refused(
    client: Any, topics: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    method = {**topics, "httpMethod": "GET", "authorizationType": "NONE", **fields}
    assert_bad_request(client.put_method, message, **method)


def test_authorization_that_is_not_served_names_itself(client: Any, topics: dict[str, Any]) -> None:
    assert_not_served(client.put_method, "AWS_IAM", **topics, httpMethod="GET", authorizationType="AWS_IAM")


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"op": "replace", "path": "/httpMethod", "value": "x"}, "Invalid patch path /httpMethod"),
        (
            {"op": "add", "path": "/apiKeyRequired", "value": "true"},
            "Invalid patch operation specified.",
        ),
        (
            {"op": "add", "path": "/requestModels/application/json", "value": "Empty"},
            "Invalid patch path /requestModels/application/json",
        ),
        ({"op": "replace", "path": "/requestValidatorId", "value": "nope"}, "Invalid Request Validator identifier"),
    ],
)
def test_a_bad_patch_of_a_method_is_refused(
    client: Any, get_topics: dict[str, Any], patch: dict[str, str], message: str
) -> None:
    assert_bad_request(client.update_method, message, **get_topics, patchOperations=[patch])


def test_a_patch_of_a_parameter_that_is_not_there_is_not_found(client: Any, get_topics: dict[str, Any]) -> None:
    patch = {"op": "replace", "path": "/requestParameters/method.request.header.h", "value": "true"}
    message = "Invalid parameter name specified"
    assert_not_found(client.update_method, message, **get_topics, patchOperations=[patch])


def test_a_missing_resource_comes_before_a_missing_api_or_method(client: Any, get_topics: dict[str, Any]) -> None:
    assert_not_found(client.get_method, NO_RESOURCE, **{**get_topics, "restApiId": "nope"})
    assert_not_found(client.get_method, NO_RESOURCE, **{**get_topics, "resourceId": "nope"})
    assert_not_found(client.get_method, NO_METHOD, **{**get_topics, "httpMethod": "PUT"})


# Method responses


def test_a_method_response_is_made_read_patched_and_deleted(client: Any, get_topics: dict[str, Any]) -> None:
    response = {**get_topics, "statusCode": "200"}
    made = client.put_method_response(
        **response,
        responseParameters={"method.response.header.X-Own": True},
        responseModels={"application/json": "Empty"},
    )
    assert made["responseParameters"] == {"method.response.header.X-Own": True}
    assert client.get_method(**get_topics)["methodResponses"]["200"]["responseModels"] == {"application/json": "Empty"}
    patches = [
        {"op": "add", "path": "/responseParameters/method.response.header.Other", "value": "false"},
        {"op": "remove", "path": "/responseModels/application~1json"},
    ]
    patched = client.update_method_response(**response, patchOperations=patches)
    both = {"method.response.header.X-Own": True, "method.response.header.Other": False}
    assert (patched["responseParameters"], "responseModels" in patched) == (both, False)
    message = "Response already exists for this resource"
    assert_conflict(client.put_method_response, message, **response)
    client.delete_method_response(**response)
    assert_not_found(client.get_method_response, "Invalid Response status code specified", **response)


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"op": "remove", "path": "/responseParameters/method.response.header.x"}, "Invalid parameter name specified"),
        ({"op": "remove", "path": "/responseModels/text~1html"}, "Content-Type specified was not found"),
    ],
)
def test_a_patch_of_what_a_response_has_not_is_not_found(
    client: Any, get_topics: dict[str, Any], patch: dict[str, str], message: str
) -> None:
    client.put_method_response(**get_topics, statusCode="200")
    assert_not_found(client.update_method_response, message, **get_topics, statusCode="200", patchOperations=[patch])


def test_values_outside_their_constraint_are_named_at_once(client: Any, get_topics: dict[str, Any]) -> None:
    wrong = {"op": "wrong_op", "path": "/responseModels/a", "value": "b"}
    message = (
        "2 validation errors detected: Value 'wrong_op' at 'updateMethodResponseInput.patchOperations.1.member.op' "
        "failed to satisfy constraint: Member must satisfy enum value set: [add, remove, replace, move, copy, test]; "
        "Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: "
        "[1-5]\\d\\d"
    )
    call = partial(client.update_method_response, **get_topics, statusCode="wrong", patchOperations=[wrong])
    assert_error(call, "ValidationException", 400, message)
