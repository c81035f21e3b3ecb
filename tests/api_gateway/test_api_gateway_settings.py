"""What belongs to an API besides its methods: models, validators, gateway responses, stage settings, tags, usage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from api_gateway_helpers import Deployed, GatewayProcess, any_method, document
from control_plane_helpers import assert_bad_request, assert_conflict, assert_error, assert_not_found, assert_not_served

Deploy = Callable[..., Deployed]
ROW = {"type": "object", "required": ["ind"], "properties": {"ind": {"type": "integer"}}}
ROLE = "arn:aws:iam::123456789012:role/api-gateway-logs"
TEMPLATE = {"application/json": '{"message":$context.error.messageString}'}


@pytest.fixture
def api_id(client: Any) -> Iterator[str]:
    """An API with one method at the root, not deployed."""
    api = client.create_rest_api(name="settings")
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    client.put_method(**method, authorizationType="NONE")
    client.put_integration(**method, type="MOCK")
    yield api["id"]
    client.delete_rest_api(restApiId=api["id"])


@pytest.fixture
def root(client: Any, api_id: str) -> dict[str, Any]:
    """The API's method, as the parameters that name it."""
    resource = client.get_rest_api(restApiId=api_id)["rootResourceId"]
    return {"restApiId": api_id, "resourceId": resource, "httpMethod": "GET"}


@pytest.fixture
def role(client: Any) -> Iterator[None]:
    """An account that may write logs."""
    arn = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ROLE}]
    client.update_account(patchOperations=arn)
    yield
    client.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}])


@pytest.fixture
def stage(client: Any, api_id: str) -> dict[str, str]:
    """A stage, as the parameters that name it."""
    client.create_deployment(restApiId=api_id, stageName="dev")
    return {"restApiId": api_id, "stageName": "dev"}


# Models


def test_a_model_is_made_read_patched_and_deleted(client: Any, api_id: str) -> None:
    create = partial(client.create_model, restApiId=api_id, name="Row", contentType="application/json")
    made = create(schema=json.dumps(ROW), description="a row")
    assert (json.loads(made["schema"]), made["description"]) == (ROW, "a row")
    assert_conflict(create, "Model name already exists for this REST API", schema=json.dumps(ROW))
    named = {"restApiId": api_id, "modelName": "Row"}
    patches = [
        {"op": "replace", "path": "/schema", "value": '{"type": "object"}'},
        {"op": "replace", "path": "/description", "value": "another"},
    ]
    patched = client.update_model(**named, patchOperations=patches)
    assert (patched["id"], json.loads(patched["schema"])) == (made["id"], {"type": "object"})
    assert client.get_model(**named)["description"] == "another"
    client.delete_model(**named)
    for call in (client.get_model, client.delete_model):
        assert_not_found(call, "Invalid model name specified: Row", **named)


def test_models_refer_to_each_other_by_address(client: Any, api_id: str) -> None:
    create = partial(client.create_model, restApiId=api_id, contentType="application/json")
    create(name="Row", schema=json.dumps(ROW))
    address = f"https://apigateway.amazonaws.com/restapis/{api_id}/models/Row"
    rows = create(name="Rows", schema=json.dumps({"type": "array", "items": {"$ref": address}}))
    assert json.loads(rows["schema"])["items"] == {"$ref": address}
    flat = client.get_model(restApiId=api_id, modelName="Rows", flatten=True)["schema"]
    assert json.loads(flat)["items"] == ROW
    message = "Cannot delete model 'Row', is referenced in model: Rows"
    assert_conflict(client.delete_model, message, restApiId=api_id, modelName="Row")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "Model name must be non-empty"),
        ({"name": "a-b"}, "Model name must be alphanumeric"),
        ({"schema": ""}, "Model schema must have at least 1 property or array items defined"),
        ({"schema": "{"}, "Invalid model schema specified"),
    ],
)
def test_a_model_that_cannot_be_is_refused(client: Any, api_id: str, fields: dict[str, str], message: str) -> None:
    model = {"name": "Row", "contentType": "application/json", "schema": "{}", **fields}
    assert_bad_request(client.create_model, message, restApiId=api_id, **model)


def test_a_model_in_use_cannot_be_deleted(client: Any, root: dict[str, Any]) -> None:
    model = {"restApiId": root["restApiId"], "modelName": "Error"}
    patch = [{"op": "add", "path": "/requestModels/application~1json", "value": "Error"}]
    client.update_method(**root, patchOperations=patch)
    message = "Cannot delete model 'Error', is referenced in method request: //GET"
    assert_conflict(client.delete_model, message, **model)
    client.update_method(**root, patchOperations=[{**patch[0], "op": "remove"}])
    client.delete_model(**model)


# Request validators


def test_a_validator_is_made_read_patched_and_deleted(client: Any, api_id: str, root: dict[str, Any]) -> None:
    made = client.create_request_validator(restApiId=api_id, name="body", validateRequestBody=True)
    named = {"restApiId": api_id, "requestValidatorId": made["id"]}
    assert (made["validateRequestBody"], made["validateRequestParameters"]) == (True, False)
    use = [{"op": "replace", "path": "/requestValidatorId", "value": made["id"]}]
    assert client.update_method(**root, patchOperations=use)["requestValidatorId"] == made["id"]
    patches = [
        {"op": "replace", "path": "/name", "value": "both"},
        {"op": "replace", "path": "/validateRequestParameters", "value": "true"},
    ]
    patched = client.update_request_validator(**named, patchOperations=patches)
    assert (patched["id"], patched["name"], patched["validateRequestParameters"]) == (made["id"], "both", True)
    assert client.get_method(**root)["requestValidatorId"] == made["id"]
    assert [item["name"] for item in client.get_request_validators(restApiId=api_id)["items"]] == ["both"]
    assert_conflict(client.delete_request_validator, "is referenced in method", **named)
    client.update_method(**root, patchOperations=[{"op": "replace", "path": "/requestValidatorId"}])
    client.delete_request_validator(**named)
    for call in (client.get_request_validator, client.delete_request_validator):
        assert_not_found(call, "Invalid Request Validator identifier specified", **named)


def test_a_bad_validator_is_refused(client: Any, api_id: str) -> None:
    create = client.create_request_validator
    assert_bad_request(create, "Invalid REST API identifier specified", restApiId="nope", name="x")
    made = create(restApiId=api_id, name="x")
    named = {"restApiId": api_id, "requestValidatorId": made["id"]}
    add = [{"op": "add", "path": "/validateRequestBody", "value": "true"}]
    message = "Invalid patch path  '/validateRequestBody' specified for op 'add'. Please choose supported operations"
    assert_bad_request(client.update_request_validator, message, **named, patchOperations=add)
    blank = [{"op": "replace", "path": "/name", "value": ""}]
    message = "Request Validator name cannot be blank"
    assert_bad_request(client.update_request_validator, message, **named, patchOperations=blank)


# Gateway responses


def test_all_types_of_gateway_responses_are_listed_with_amazons_defaults(client: Any, api_id: str) -> None:
    items = {item["responseType"]: item for item in client.get_gateway_responses(restApiId=api_id)["items"]}
    assert len(items) == 21
    assert items["THROTTLED"] == {
        "responseType": "THROTTLED",
        "statusCode": "429",
        "responseParameters": {},
        "responseTemplates": TEMPLATE,
        "defaultResponse": True,
    }
    assert "statusCode" not in items["DEFAULT_4XX"]


def test_a_gateway_response_is_put_patched_and_deleted(client: Any, api_id: str) -> None:
    named = {"restApiId": api_id, "responseType": "MISSING_AUTHENTICATION_TOKEN"}
    header = {"gatewayresponse.header.X-Own": "'x'"}
    made = client.put_gateway_response(**named, statusCode="404", responseParameters=header)
    assert (made["statusCode"], made["responseTemplates"], made["defaultResponse"]) == ("404", TEMPLATE, False)
    patches = [
        {"op": "replace", "path": "/statusCode", "value": "418"},
        {"op": "add", "path": "/responseTemplates/text~1plain", "value": "no"},
    ]
    patched = client.update_gateway_response(**named, patchOperations=patches)
    assert (patched["statusCode"], patched["responseTemplates"]) == ("418", {**TEMPLATE, "text/plain": "no"})
    client.delete_gateway_response(**named)
    assert client.get_gateway_response(**named)["statusCode"] == "403"
    assert_not_found(client.delete_gateway_response, "Gateway response type not defined on api", **named)


def test_a_default_gateway_response_holds_for_those_without_their_own(client: Any, api_id: str) -> None:
    client.put_gateway_response(restApiId=api_id, responseType="DEFAULT_5XX", statusCode="599")
    get = partial(client.get_gateway_response, restApiId=api_id)
    found = get(responseType="INTEGRATION_TIMEOUT")
    assert (found["statusCode"], found["defaultResponse"]) == ("599", True)
    assert get(responseType="THROTTLED")["statusCode"] == "429"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"responseTemplates": {"application/json": ""}}, "Invalid null or empty value in responseTemplates"),
        (
            {"responseParameters": {"gatewayresponse.header.a": "test-value"}},
            "errors : [Invalid mapping expression specified: test-value]",
        ),
    ],
)
def test_a_gateway_response_that_cannot_be_is_refused(
    client: Any, api_id: str, fields: dict[str, Any], message: str
) -> None:
    put = partial(client.put_gateway_response, restApiId=api_id, responseType="THROTTLED")
    assert_bad_request(put, message, **fields)


def test_an_unknown_type_of_gateway_response_is_refused(client: Any, api_id: str) -> None:
    call = partial(client.get_gateway_response, restApiId=api_id, responseType="FAKE_RESPONSE_TYPE")
    message = "1 validation error detected: Value 'FAKE_RESPONSE_TYPE' at 'responseType' failed to satisfy constraint:"
    assert_error(call, "ValidationException", 400, message)


# Stages and the account


def test_method_settings_are_patched_and_removed(client: Any, stage: dict[str, str], role: None) -> None:
    patches = [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "12.5"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "7"},
        {"op": "replace", "path": "/~1streams~1{name}/GET/logging/loglevel", "value": "INFO"},
    ]
    settings = client.update_stage(**stage, patchOperations=patches)["methodSettings"]
    assert (settings["*/*"]["throttlingRateLimit"], settings["*/*"]["throttlingBurstLimit"]) == (12.5, 7)
    one = settings["~1streams~1{name}/GET"]
    assert (one["loggingLevel"], one["throttlingRateLimit"], one["cacheTtlInSeconds"]) == ("INFO", 10000.0, 300)
    remove = [{"op": "remove", "path": "/*/*"}]
    assert set(client.update_stage(**stage, patchOperations=remove)["methodSettings"]) == {"~1streams~1{name}/GET"}
    message = "Cannot remove method setting */* because there is no method setting for this method"
    assert_bad_request(client.update_stage, message, **stage, patchOperations=remove)


def test_a_stages_throttle_holds_requests_back(client: Any, gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(gateway)
    patches = [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "0.01"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "2"},
    ]
    client.update_stage(restApiId=deployed.api_id, stageName="dev", patchOperations=patches)
    assert [deployed.call("/topics").status_code for _ in range(3)] == [200, 200, 429]


def test_an_access_log_is_set_and_removed(client: Any, stage: dict[str, str], role: None) -> None:
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:api"
    patches = [
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": arn},
        {"op": "replace", "path": "/accessLogSettings/format", "value": "$context.requestId"},
    ]
    settings = client.update_stage(**stage, patchOperations=patches)["accessLogSettings"]
    assert settings == {"destinationArn": arn, "format": "$context.requestId"}
    remove = [{"op": "remove", "path": "/accessLogSettings"}]
    assert "accessLogSettings" not in client.update_stage(**stage, patchOperations=remove)


def test_logs_need_a_role_of_the_account(client: Any, stage: dict[str, str]) -> None:
    patch = [{"op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO"}]
    message = "CloudWatch Logs role ARN must be set in account settings to enable logging"
    assert_bad_request(client.update_stage, message, **stage, patchOperations=patch)


def test_canaries_and_caches_are_refused_by_name(client: Any, stage: dict[str, str]) -> None:
    canary = [{"op": "replace", "path": "/canarySettings/percentTraffic", "value": "10"}]
    assert_not_served(client.update_stage, "canarySettings", **stage, patchOperations=canary)
    cache = [{"op": "replace", "path": "/cacheClusterEnabled", "value": "true"}]
    assert_not_served(client.update_stage, "cacheClusterEnabled", **stage, patchOperations=cache)
    settings = {"percentTraffic": 10.0}
    create = partial(client.create_deployment, restApiId=stage["restApiId"], stageName="new")
    assert_not_served(create, "Canary", canarySettings=settings)


def test_the_account_tells_its_role_and_limits(client: Any, role: None) -> None:
    account = client.get_account()
    told = (account["cloudwatchRoleArn"], account["throttleSettings"], account["features"])
    assert told == (ROLE, {"burstLimit": 5000, "rateLimit": 10000.0}, ["UsagePlans"])


def test_a_deployments_description_is_patched(client: Any, api_id: str) -> None:
    made = client.create_deployment(restApiId=api_id, description="first")
    patch = [{"op": "replace", "path": "/description", "value": "second"}]
    named = {"restApiId": api_id, "deploymentId": made["id"]}
    assert client.update_deployment(**named, patchOperations=patch)["description"] == "second"
    assert client.get_deployment(**named)["description"] == "second"


def test_a_disabled_endpoint_answers_nobody(client: Any, gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(gateway)
    patch = [{"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}]
    client.update_rest_api(restApiId=deployed.api_id, patchOperations=patch)
    assert (deployed.call("/topics").status_code, deployed.call("/topics").text) == (403, '{"message":"Forbidden"}')


# Tags, keys and usage


def test_apis_stages_keys_and_plans_have_tags(client: Any, gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(gateway)
    api = f"/restapis/{deployed.api_id}"
    for path in (api, f"{api}/stages/dev", f"/apikeys/{deployed.key_id}", f"/usageplans/{deployed.plan_id}"):
        arn = f"arn:aws:apigateway:us-east-1::{path}"
        client.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        client.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert client.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
    assert client.get_stage(restApiId=deployed.api_id, stageName="dev")["tags"] == {"b": "2"}


def test_tags_of_what_is_not_there_are_not_found(client: Any) -> None:
    missing = "arn:aws:apigateway:us-east-1::/restapis/nope"
    assert_not_found(client.get_tags, "Invalid API identifier specified", resourceArn=missing)
    assert_bad_request(client.get_tags, "Invalid ARN specified in the request", resourceArn="nope")


def test_a_disabled_key_opens_nothing(client: Any, gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(gateway)
    patches = [
        {"op": "replace", "path": "/enabled", "value": "false"},
        {"op": "replace", "path": "/name", "value": "renamed"},
    ]
    patched = client.update_api_key(apiKey=deployed.key_id, patchOperations=patches)
    assert (patched["enabled"], patched["name"], "value" in patched) == (False, "renamed", False)
    assert deployed.call("/topics").status_code == 403


def test_usage_tells_requests_and_what_is_left_by_day(client: Any, gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(gateway, quota={"limit": 5, "period": "WEEK"})
    for _ in range(2):
        assert deployed.call("/topics").status_code == 200
    today = datetime.now(UTC).date()
    days = {"startDate": str(today - timedelta(days=1)), "endDate": str(today)}
    usage = client.get_usage(usagePlanId=deployed.plan_id, **days)
    assert usage["items"][deployed.key_id][-1] == [2, 3]
    assert (usage["startDate"], len(usage["items"][deployed.key_id])) == (days["startDate"], 2)
    assert client.get_usage(usagePlanId=deployed.plan_id, keyId="other", **days)["items"] == {}


@pytest.mark.parametrize("dates", [("2024-01-02", "2024-01-01"), ("2024-01-01", "2024-12-31"), ("x", "2024-01-01")])
def test_usage_of_days_that_cannot_be_is_refused(client: Any, dates: tuple[str, str]) -> None:
    plan_id = client.create_usage_plan(name="usage")["id"]
    assert_bad_request(client.get_usage, "", usagePlanId=plan_id, startDate=dates[0], endDate=dates[1])
    client.delete_usage_plan(usagePlanId=plan_id)


def test_what_was_defined_step_by_step_is_there_after_a_kill(mortal_gateway: GatewayProcess) -> None:
    client = mortal_gateway.client()
    body = document({"/a": any_method("http://127.0.0.1:1/")})
    api_id = client.import_rest_api(body=body)["id"]
    root = client.get_rest_api(restApiId=api_id)["rootResourceId"]
    client.create_resource(restApiId=api_id, parentId=root, pathPart="b")
    client.create_model(restApiId=api_id, name="Row", contentType="application/json", schema=json.dumps(ROW))
    client.create_request_validator(restApiId=api_id, name="all")
    client.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": ROLE}])

    def told() -> list[Any]:
        lists = (client.get_resources, client.get_models, client.get_request_validators)
        return [client.get_account()["cloudwatchRoleArn"], *(call(restApiId=api_id)["items"] for call in lists)]

    before = told()
    mortal_gateway.stop(9)
    mortal_gateway.start()
    assert told() == before
