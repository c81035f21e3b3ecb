"""boto3's `apigateway` client against the gateway: good answers, and errors as Amazon words them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import botocore.auth
import pytest
import requests
from api_gateway_helpers import (
    ACCESS_KEY,
    API_KEY_VALUE,
    REPOSITORY,
    SECRET_KEY,
    Deployed,
    GatewayProcess,
    any_method,
    document,
)
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from control_plane_helpers import assert_bad_request, assert_conflict, assert_error, assert_not_found, assert_not_served

Deploy = Callable[..., Deployed]
API_YAML = (REPOSITORY / "aws/api.yaml").read_bytes()


@pytest.fixture
def api_id(client: Any) -> Iterator[str]:
    """`aws/api.yaml`, imported and not deployed."""
    made = client.import_rest_api(body=API_YAML)["id"]
    yield made
    client.delete_rest_api(restApiId=made)


@pytest.fixture
def key(client: Any) -> Iterator[dict[str, Any]]:
    made = client.create_api_key(name="tests-key", enabled=True)
    yield made
    client.delete_api_key(apiKey=made["id"])


@pytest.fixture
def plan_id(client: Any) -> Iterator[str]:
    made = client.create_usage_plan(name="tests-plan")["id"]
    yield made
    client.update_usage_plan(usagePlanId=made, patchOperations=[])
    client.delete_usage_plan(usagePlanId=made)


# REST APIs


def test_an_imported_api_is_described(client: Any, api_id: str) -> None:
    described = client.get_rest_api(restApiId=api_id)
    told = (described["name"], described["version"], described["apiKeySource"])
    assert told == ("pinterest-pipeline", "1.0.0", "HEADER")
    assert described["createdDate"].tzinfo is not None
    assert api_id in {item["id"] for item in client.get_rest_apis(limit=500)["items"]}


def test_the_endpoint_type_is_taken_from_the_parameters(client: Any) -> None:
    made = client.import_rest_api(body=API_YAML, parameters={"endpointConfigurationTypes": "REGIONAL"})
    client.delete_rest_api(restApiId=made["id"])
    assert made["endpointConfiguration"]["types"] == ["REGIONAL"]


def test_resources_are_a_tree_with_methods(client: Any, api_id: str) -> None:
    items = client.get_resources(restApiId=api_id, embed=["methods"])["items"]
    by_path = {item["path"]: item for item in items}
    root, proxy = by_path["/"], by_path["/{proxy+}"]
    assert root["id"] == client.get_rest_api(restApiId=api_id)["rootResourceId"]
    assert (proxy["parentId"], proxy["pathPart"], proxy["path"]) == (root["id"], "{proxy+}", "/{proxy+}")
    method = proxy["resourceMethods"]["ANY"]
    assert (method["apiKeyRequired"], method["methodIntegration"]["type"]) == (True, "HTTP_PROXY")
    assert method["methodIntegration"]["uri"] == "http://${stageVariables.restProxy}/{proxy}"


def test_resources_keep_their_identifiers_over_an_import(client: Any, api_id: str) -> None:
    before = {item["path"]: item["id"] for item in client.get_resources(restApiId=api_id)["items"]}
    body = document({"/{proxy+}": any_method("http://x/"), "/a/b": any_method("http://x/")})
    client.put_rest_api(restApiId=api_id, mode="overwrite", body=body)
    after = {item["path"]: item["id"] for item in client.get_resources(restApiId=api_id)["items"]}
    assert {path: before[path] for path in ("/", "/{proxy+}")}.items() <= after.items()
    assert set(after) == {"/", "/{proxy+}", "/a", "/a/b"}


def test_an_unknown_api_is_not_found(client: Any) -> None:
    for call in (client.get_rest_api, client.delete_rest_api, client.get_resources, client.get_stages):
        assert_not_found(call, "Invalid API identifier specified 123456789012:abc123", restApiId="abc123")


def test_a_deleted_api_is_gone_with_its_place_in_the_plans(
    client: Any, gateway: GatewayProcess, deploy: Deploy
) -> None:
    deployed = deploy(gateway)
    other = client.import_rest_api(body=API_YAML)["id"]
    client.create_deployment(restApiId=other, stageName="dev")
    patch = {"op": "add", "path": "/apiStages", "value": f"{other}:dev"}
    client.update_usage_plan(usagePlanId=deployed.plan_id, patchOperations=[patch])
    client.delete_rest_api(restApiId=other)
    stages = client.get_usage_plan(usagePlanId=deployed.plan_id)["apiStages"]
    assert stages == [{"apiId": deployed.api_id, "stage": "dev"}]


# Deployments and stages


def test_a_deployment_summarises_its_methods(client: Any, api_id: str) -> None:
    made = client.create_deployment(restApiId=api_id, description="first")
    got = client.get_deployment(restApiId=api_id, deploymentId=made["id"], embed=["apisummary"])
    assert got["apiSummary"]["/{proxy+}"] == {"ANY": {"authorizationType": "NONE", "apiKeyRequired": True}}
    assert set(got["apiSummary"]["/streams/{stream-name}"]) == {"GET", "POST", "DELETE"}
    assert [item["description"] for item in client.get_deployments(restApiId=api_id)["items"]] == ["first"]


def test_an_api_without_methods_cannot_be_deployed(client: Any, api_id: str) -> None:
    client.put_rest_api(restApiId=api_id, mode="overwrite", body=document({"/a": {}}))
    assert_bad_request(
        client.create_deployment,
        "The REST API doesn't contain any methods",
        restApiId=api_id,
    )


def test_a_method_without_integration_cannot_be_deployed(client: Any, api_id: str) -> None:
    client.put_rest_api(restApiId=api_id, mode="overwrite", body=document({"/a": {"get": {}}}))
    assert_bad_request(client.create_deployment, "No integration defined for method", restApiId=api_id)


def test_a_deployment_makes_its_stage_or_moves_it(client: Any, api_id: str) -> None:
    first = client.create_deployment(restApiId=api_id, stageName="dev", variables={"a": "1"})
    second = client.create_deployment(restApiId=api_id, stageName="dev", variables={"b": "2"})
    stage = client.get_stage(restApiId=api_id, stageName="dev")
    assert first["id"] != stage["deploymentId"] == second["id"]
    assert stage["variables"] == {"a": "1", "b": "2"}


def test_a_deployment_in_use_cannot_be_deleted(client: Any, api_id: str) -> None:
    made = client.create_deployment(restApiId=api_id, stageName="dev")["id"]
    delete = partial(client.delete_deployment, restApiId=api_id, deploymentId=made)
    message = "Active stages pointing to this deployment must be moved or deleted"
    assert_bad_request(delete, message)
    client.delete_stage(restApiId=api_id, stageName="dev")
    delete()
    assert client.get_deployments(restApiId=api_id)["items"] == []


def test_a_stage_needs_a_deployment_and_a_free_name(client: Any, api_id: str) -> None:
    create = partial(client.create_stage, restApiId=api_id, stageName="dev")
    assert_not_found(create, "Invalid Deployment identifier specified", deploymentId="nope")
    made = client.create_deployment(restApiId=api_id)["id"]
    create(deploymentId=made)
    assert_conflict(create, "Stage already exists", deploymentId=made)
    assert [stage["stageName"] for stage in client.get_stages(restApiId=api_id)["item"]] == ["dev"]
    assert client.get_stages(restApiId=api_id, deploymentId="other")["item"] == []


def test_stage_variables_are_patched(client: Any, api_id: str) -> None:
    client.create_deployment(restApiId=api_id, stageName="dev", variables={"a": "1", "b": "2"})
    patches = [
        {"op": "remove", "path": "/variables/a"},
        {"op": "replace", "path": "/variables/b", "value": "3"},
        {"op": "replace", "path": "/description", "value": "new"},
    ]
    stage = client.update_stage(restApiId=api_id, stageName="dev", patchOperations=patches)
    assert (stage["variables"], stage["description"]) == ({"b": "3"}, "new")


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (
            {"op": "replace", "path": "/nothing", "value": "x"},
            "Invalid patch path  '/nothing' specified for op 'replace'",
        ),
        ({"op": "replace", "path": "/variables/a", "value": "{}"}, "Invalid stage variable value: {}"),
        ({"op": "replace", "path": "/variables/a-b", "value": "x"}, "Invalid stage variable name: a-b"),
        ({"op": "replace", "path": "/variables/a"}, "needs a value"),
    ],
)
def test_a_bad_stage_patch_is_refused(client: Any, api_id: str, patch: dict[str, str], message: str) -> None:
    client.create_deployment(restApiId=api_id, stageName="dev")
    assert_bad_request(
        client.update_stage,
        message,
        restApiId=api_id,
        stageName="dev",
        patchOperations=[patch],
    )


def test_an_unknown_stage_is_not_found(client: Any, api_id: str) -> None:
    assert_not_found(
        client.get_stage,
        "Invalid stage identifier specified",
        restApiId=api_id,
        stageName="nope",
    )


def test_a_stage_name_of_other_characters_is_refused(client: Any, api_id: str) -> None:
    assert_bad_request(
        client.create_deployment,
        "Stage name only allows a-zA-Z0-9_-",
        restApiId=api_id,
        stageName="a b",
    )


# API keys


def test_a_key_shows_its_value_only_when_made_or_asked_for(client: Any, key: dict[str, Any]) -> None:
    assert len(key["value"]) == 40
    assert "value" not in client.get_api_key(apiKey=key["id"])
    assert client.get_api_key(apiKey=key["id"], includeValue=True)["value"] == key["value"]
    listed = {item["id"]: item for item in client.get_api_keys(nameQuery="tests-")["items"]}
    assert "value" not in listed[key["id"]]
    with_values = client.get_api_keys(nameQuery="tests-", includeValues=True)["items"]
    assert [item["value"] for item in with_values] == [key["value"]]


def test_a_key_is_disabled_unless_said_otherwise(client: Any) -> None:
    made = client.create_api_key(name="plain", value="twenty-characters-and-more")
    client.delete_api_key(apiKey=made["id"])
    assert (made["enabled"], made["value"]) == (False, "twenty-characters-and-more")


def test_a_key_value_is_unique_and_long_enough(client: Any, key: dict[str, Any]) -> None:
    assert_conflict(client.create_api_key, "API Key already exists", value=key["value"])
    message = "API Key value should be at least 20 characters"
    assert_bad_request(client.create_api_key, message, value="short")


def test_an_unknown_key_is_not_found(client: Any) -> None:
    for call in (client.get_api_key, client.delete_api_key):
        assert_not_found(call, "Invalid API Key identifier specified", apiKey="nope")


def test_lists_come_in_pages(client: Any) -> None:
    made = [client.create_api_key(name=f"page-{number}")["id"] for number in range(5)]
    paginator = client.get_paginator("get_api_keys")
    pages = list(paginator.paginate(nameQuery="page-", PaginationConfig={"PageSize": 2}))
    for id_ in made:
        client.delete_api_key(apiKey=id_)
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert [item["id"] for page in pages for item in page["items"]] == made


@pytest.mark.parametrize("bad", [{"limit": 0}, {"limit": 501}, {"position": "nowhere"}])
def test_a_page_that_cannot_be_is_refused(client: Any, bad: dict[str, Any]) -> None:
    assert_bad_request(client.get_rest_apis, "", **bad)


# Usage plans


def test_a_plan_is_made_patched_and_deleted(client: Any, gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(gateway, throttle={"rateLimit": 5.0, "burstLimit": 7}, quota={"limit": 10, "period": "WEEK"})
    patches = [
        {"op": "replace", "path": "/throttle/rateLimit", "value": "2.5"},
        {"op": "replace", "path": "/throttle/burstLimit", "value": "3"},
        {"op": "remove", "path": "/quota"},
        {"op": "replace", "path": "/name", "value": "renamed"},
        {"op": "remove", "path": "/apiStages", "value": f"{deployed.api_id}:dev"},
    ]
    plan = client.update_usage_plan(usagePlanId=deployed.plan_id, patchOperations=patches)
    assert (plan["throttle"], plan["name"], plan["apiStages"]) == ({"rateLimit": 2.5, "burstLimit": 3}, "renamed", [])
    assert "quota" not in client.get_usage_plan(usagePlanId=deployed.plan_id)
    assert deployed.call("/topics").status_code == 403


def test_a_plan_with_stages_cannot_be_deleted(client: Any, gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(gateway)
    delete = partial(client.delete_usage_plan, usagePlanId=deployed.plan_id)
    message = f"there are API Stages associated with it, including {deployed.api_id}:dev"
    assert_bad_request(delete, message)


def test_throttles_of_methods_are_made_and_patched(client: Any, gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(gateway)
    stage = {"apiId": deployed.api_id, "stage": "dev", "throttle": {"/topics/GET": {"rateLimit": 5.0, "burstLimit": 2}}}
    plan = client.create_usage_plan(name="methods", apiStages=[stage])
    assert plan["apiStages"] == [stage]
    base = f"/apiStages/{deployed.api_id}:dev"
    patches = [
        {"op": "replace", "path": f"{base}/throttle//topics/GET/burstLimit", "value": "3"},
        {"op": "add", "path": f"{base}/throttle/~1streams~1{{stream-name}}/PUT/rateLimit", "value": "1.5"},
    ]
    patched = client.update_usage_plan(usagePlanId=plan["id"], patchOperations=patches)["apiStages"][0]["throttle"]
    own = {"/topics/GET": {"rateLimit": 5.0, "burstLimit": 3}, "/streams/{stream-name}/PUT": {"rateLimit": 1.5}}
    assert {method: {name: limits[name] for name in own[method]} for method, limits in patched.items()} == own
    patches = [{"op": "remove", "path": f"{base}/throttle"}]
    assert "throttle" not in client.update_usage_plan(usagePlanId=plan["id"], patchOperations=patches)["apiStages"][0]
    client.update_usage_plan(
        usagePlanId=plan["id"],
        patchOperations=[{"op": "remove", "path": "/apiStages", "value": f"{deployed.api_id}:dev"}],
    )
    client.delete_usage_plan(usagePlanId=plan["id"])


def test_a_throttle_of_a_method_that_cannot_be_is_refused(client: Any, gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(gateway)
    update = partial(client.update_usage_plan, usagePlanId=deployed.plan_id)
    base = f"/apiStages/{deployed.api_id}:dev"
    known = (
        "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, /apiStages/<apidId:stageName>/throttle]"
    )
    assert_bad_request(update, known, patchOperations=[{"op": "remove", "path": base}])
    limit = {"op": "replace", "path": f"{base}/throttle//topics/GET/rateLimit", "value": "-1"}
    assert_bad_request(update, "not a number that is a limit", patchOperations=[limit])
    elsewhere = {"op": "remove", "path": "/apiStages/abc:dev/throttle"}
    message = f"Invalid API Stage {{api: abc, stage: dev}} specified for usageplan {deployed.plan_id}"
    assert_not_found(update, message, patchOperations=[elsewhere])
    unknown = {"op": "remove", "path": f"{base}/throttle//topics/GET"}
    assert_not_found(update, "Invalid Method identifier specified", patchOperations=[unknown])


def test_a_plan_of_an_unknown_stage_is_not_found(client: Any) -> None:
    assert_not_found(
        client.create_usage_plan,
        "API Stage not found: abc:dev",
        name="x",
        apiStages=[{"apiId": "abc", "stage": "dev"}],
    )


@pytest.mark.parametrize(
    "quota",
    [
        {"limit": 0, "period": "DAY"},
        {"limit": 1, "period": "DAY", "offset": 1},
        {"limit": 1, "period": "WEEK", "offset": 7},
    ],
)
def test_a_quota_that_cannot_be_is_refused(client: Any, quota: dict[str, Any]) -> None:
    assert_bad_request(client.create_usage_plan, "Usage Plan quota", name="x", quota=quota)


def test_keys_go_into_a_plan_and_out(client: Any, key: dict[str, Any], plan_id: str) -> None:
    add = partial(client.create_usage_plan_key, usagePlanId=plan_id, keyId=key["id"], keyType="API_KEY")
    assert add()["value"] == key["value"]
    assert_conflict(add, "already")
    (listed,) = client.get_usage_plan_keys(usagePlanId=plan_id)["items"]
    assert (listed["id"], listed["type"], "value" in listed) == (key["id"], "API_KEY", False)
    assert [plan["id"] for plan in client.get_usage_plans(keyId=key["id"])["items"]] == [plan_id]
    client.delete_usage_plan_key(usagePlanId=plan_id, keyId=key["id"])
    assert_not_found(
        client.get_usage_plan_key,
        "Invalid API Key identifier specified",
        usagePlanId=plan_id,
        keyId=key["id"],
    )


def test_a_deleted_key_leaves_its_plans(client: Any, plan_id: str) -> None:
    made = client.create_api_key(name="short-lived")["id"]
    client.create_usage_plan_key(usagePlanId=plan_id, keyId=made, keyType="API_KEY")
    client.delete_api_key(apiKey=made)
    assert client.get_usage_plan_keys(usagePlanId=plan_id)["items"] == []


def test_an_unknown_plan_is_not_found(client: Any) -> None:
    assert_not_found(client.get_usage_plan, "Invalid Usage Plan ID specified", usagePlanId="nope")


# What is not served, and who may ask


def test_another_operation_names_itself(client: Any) -> None:
    assert_not_served(client.get_vpc_links, "does not serve GetVpcLinks")
    assert_not_served(client.get_authorizers, "does not serve GetAuthorizers", restApiId="a")


def test_a_wrong_secret_is_an_invalid_signature(gateway: GatewayProcess) -> None:
    wrong = gateway.new_client(secret_key="not-the-secret")
    assert_error(wrong.get_rest_apis, "InvalidSignatureException", 403, "The request signature we calculated")


def test_an_unknown_access_key_is_an_unrecognized_client(gateway: GatewayProcess) -> None:
    unknown = gateway.new_client(access_key="AKIAUNKNOWN")
    assert_error(unknown.get_rest_apis, "UnrecognizedClientException", 403, "The security token included")


def test_an_unsigned_request_misses_its_token(gateway: GatewayProcess) -> None:
    answer = requests.get(f"{gateway.url}/restapis")
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def signed(gateway: GatewayProcess, verb: str, path: str, body: bytes, service: str = "apigateway") -> AWSRequest:
    request = AWSRequest(method=verb, url=gateway.url + path, data=body)
    botocore.auth.SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), service, "us-east-1").add_auth(request)
    return request


def send(request: AWSRequest, body: bytes) -> requests.Response:
    return requests.request(request.method, request.url, headers=dict(request.headers), data=body)


def test_a_body_that_was_not_signed_is_an_invalid_signature(gateway: GatewayProcess) -> None:
    answer = send(signed(gateway, "POST", "/apikeys", b'{"name":"signed"}'), b'{"name":"other"}')
    assert answer.headers["x-amzn-errortype"] == "InvalidSignatureException"


def test_a_hash_that_is_not_the_bodys_is_an_invalid_signature(gateway: GatewayProcess) -> None:
    request = AWSRequest(method="POST", url=f"{gateway.url}/apikeys", data=b"{}")
    request.headers["X-Amz-Content-SHA256"] = "0" * 64
    botocore.auth.SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "apigateway", "us-east-1").add_auth(request)
    assert send(request, b"{}").headers["x-amzn-errortype"] == "InvalidSignatureException"


def test_a_signature_for_another_service_is_refused(gateway: GatewayProcess) -> None:
    answer = send(signed(gateway, "GET", "/restapis", b"", service="kinesis"), b"")
    assert answer.json()["message"].startswith("Credential should be scoped to correct service: 'apigateway'")


def test_an_old_signature_is_refused(gateway: GatewayProcess) -> None:
    request = signed(gateway, "GET", "/restapis", b"")
    request.headers.replace_header("X-Amz-Date", "20200101T000000Z")
    assert "Signature expired" in send(request, b"").text


@pytest.mark.parametrize("header", ["Basic abc", "AWS4-HMAC-SHA256 Credential=a", "AWS4-HMAC-SHA256 é=ü"])
def test_a_broken_authorization_header_is_an_incomplete_signature(gateway: GatewayProcess, header: str) -> None:
    answer = requests.get(f"{gateway.url}/restapis", headers={"Authorization": header.encode()})
    assert answer.headers["x-amzn-errortype"] == "IncompleteSignatureException"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"\xff", b'{"value": 5}'])
def test_a_malformed_body_is_a_bad_request_or_harmless(gateway: GatewayProcess, body: bytes) -> None:
    answer = send(signed(gateway, "POST", "/usageplans", body), body)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "BadRequestException")


def test_a_path_of_no_operation_is_unknown(gateway: GatewayProcess) -> None:
    answer = send(signed(gateway, "GET", "/restapis/a/b/c/d/e", b""), b"")
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")


def test_an_api_key_does_not_open_the_control_plane(gateway: GatewayProcess) -> None:
    assert requests.get(f"{gateway.url}/apikeys", headers={"x-api-key": API_KEY_VALUE}).status_code == 403
