"""What happens before and around an integration: validation, customised answers, the stage's throttle and log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from api_gateway_helpers import API_KEY_VALUE, Deployed, GatewayProcess, document, mock, transformed

Deploy = Callable[..., Deployed]
VALIDATORS = {
    "body": {"validateRequestBody": True, "validateRequestParameters": False},
    "params": {"validateRequestBody": False, "validateRequestParameters": True},
    "all": {"validateRequestBody": True, "validateRequestParameters": True},
}
MODEL = {
    "type": "object",
    "required": ["age"],
    "properties": {"age": {"type": "integer", "minimum": 0, "exclusiveMinimum": True}, "pet": {"$ref": "PET"}},
}
PET = {"type": "object", "required": ["kind"]}
PARAMETERS = [
    {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
    {"name": "X-Must", "in": "header", "required": True, "schema": {"type": "string"}},
    {"name": "may", "in": "query", "schema": {"type": "string"}},
]


def validated(validator: str, reference: str = "#/components/schemas/Pet") -> bytes:
    model = json.loads(json.dumps(MODEL).replace("PET", reference))
    schema = {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}
    method = transformed(mock(), parameters=PARAMETERS, requestBody={"content": schema})
    operation = method["x-amazon-apigateway-any-method"]
    operation["x-amazon-apigateway-request-validator"] = validator
    parts = json.loads(document({"/a": method}))
    parts["components"]["schemas"] = {"Person": model, "Pet": PET}
    parts["x-amazon-apigateway-request-validators"] = VALIDATORS
    return json.dumps(parts).encode()


BODIES = [
    (b'{"age": 1}', True),
    (b'{"age": 1, "pet": {"kind": "cat"}, "more": 1}', True),
    (b'{"age": 1, "pet": {}}', False),
    (b'{"age": 0}', False),
    (b'{"age": "1"}', False),
    (b"{}", False),
    (b"", False),
    (b"[]", False),
    (b"{", False),
]


@pytest.mark.parametrize(
    "reference", ["#/components/schemas/Pet", "https://apigateway.amazonaws.com/restapis/abc/models/Pet"]
)
def test_a_body_is_checked_against_its_model(gateway: GatewayProcess, deploy: Deploy, reference: str) -> None:
    api = deploy(gateway, validated("body", reference))
    for body, valid in BODIES:
        answer = api.call("/a", "POST", data=body)
        if valid:
            assert answer.status_code == 200, body
        else:
            assert (answer.status_code, answer.json()) == (400, {"message": "Invalid request body"}), body
            assert answer.headers["x-amzn-errortype"] == "BadRequestException"


def test_a_body_of_a_media_type_without_model_passes(gateway: GatewayProcess, deploy: Deploy) -> None:
    answer = deploy(gateway, validated("body")).call("/a", "POST", data=b"<a/>", headers={"Content-Type": "text/xml"})
    assert answer.json() != {"message": "Invalid request body"}


def test_missing_parameters_are_named(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = deploy(gateway, validated("params"))
    assert api.call("/a?q=1", headers={"X-Must": "1"}).status_code == 200
    for path, headers, names in [("/a", {}, "X-Must, q"), ("/a?q=", {"X-Must": "1"}, "q"), ("/a?q=1", {}, "X-Must")]:
        answer = api.call(path, headers=headers)
        assert (answer.status_code, answer.json()) == (
            400,
            {"message": f"Missing required request parameters: [{names}]"},
        )


def test_without_a_validator_nothing_is_checked(gateway: GatewayProcess, deploy: Deploy) -> None:
    assert deploy(gateway, validated("")).call("/a", "POST", data=b"{}").status_code == 200


def test_a_model_that_is_no_schema_is_an_internal_server_error(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = deploy(gateway, validated("body", "#/components/schemas/Nowhere"))
    answer = api.call("/a", "POST", data=b'{"age": 1, "pet": {}}')
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


# Customised gateway responses


def customised(**responses: Any) -> bytes:
    paths = {"/a": transformed(mock()), "/bad": transformed(mock(responses={}))}
    return document(paths, **{"x-amazon-apigateway-gateway-responses": responses})


def test_a_gateway_response_is_customised(gateway: GatewayProcess, deploy: Deploy) -> None:
    template = '{"said": $context.error.messageString, "type": "$context.error.responseType", "at": "$context.stage"}'
    custom = {
        "statusCode": "404",
        "responseTemplates": {"application/json": template},
        "responseParameters": {
            "gatewayresponse.header.X-Static": "'yes'",
            "gatewayresponse.header.X-Asked": "method.request.header.X-Own",
        },
    }
    api = deploy(gateway, customised(MISSING_AUTHENTICATION_TOKEN=custom))
    answer = api.call("/nowhere", headers={"X-Own": "mine"})
    assert answer.status_code == 404
    told = {"said": "Missing Authentication Token", "type": "MISSING_AUTHENTICATION_TOKEN", "at": "dev"}
    assert answer.json() == told
    assert (answer.headers["X-Static"], answer.headers["X-Asked"]) == ("yes", "mine")
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def test_a_default_holds_for_every_type_without_its_own(gateway: GatewayProcess, deploy: Deploy) -> None:
    text = {"responseTemplates": {"text/plain": "it failed: $context.error.message"}}
    api = deploy(gateway, customised(DEFAULT_5XX={"statusCode": 503, **text}, DEFAULT_4XX=text))
    failed, missing = api.call("/bad"), api.call("/nowhere")
    assert (failed.status_code, failed.text) == (503, "it failed: Internal server error")
    assert (missing.status_code, missing.text) == (403, "it failed: Missing Authentication Token")
    assert missing.headers["Content-Type"] == "text/plain"


# The stage's method settings and access log


def two_methods(gateway: GatewayProcess, deploy: Deploy) -> Deployed:
    return deploy(gateway, document({"/a": transformed(mock()), "/b": transformed(mock())}))


def patch_stage(api: Deployed, **values: str) -> None:
    patches = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    api.gateway.client().update_stage(restApiId=api.api_id, stageName="dev", patchOperations=patches)


def statuses(api: Deployed, paths: list[str]) -> list[int]:
    return [api.call(path).status_code for path in paths]


def test_each_method_has_the_stages_throttle_of_its_own(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = two_methods(gateway, deploy)
    patch_stage(api, **{"/*/*/throttling/rateLimit": "0.001", "/*/*/throttling/burstLimit": "2"})
    assert statuses(api, ["/a", "/a", "/a", "/b"]) == [200, 200, 429, 200]
    assert api.call("/a").json() == {"message": "Too Many Requests"}


def test_a_methods_own_throttle_wins_over_the_stages(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = two_methods(gateway, deploy)
    patch_stage(api, **{"/*/*/throttling/rateLimit": "0.001", "/*/*/throttling/burstLimit": "0"})
    patch_stage(api, **{"/~1a/ANY/throttling/rateLimit": "100", "/~1a/ANY/throttling/burstLimit": "100"})
    assert statuses(api, ["/a", "/a", "/b"]) == [200, 200, 429]


def test_a_throttle_is_switched_off_and_keeps_its_fill_meanwhile(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = two_methods(gateway, deploy)
    patch_stage(api, **{"/*/*/throttling/rateLimit": "0.001", "/*/*/throttling/burstLimit": "1"})
    assert statuses(api, ["/a", "/a"]) == [200, 429]
    patch_stage(api, **{"/variables/a": "1"})
    assert statuses(api, ["/a"]) == [429]
    patch_stage(api, **{"/*/*/throttling/rateLimit": "-1", "/*/*/throttling/burstLimit": "-1"})
    assert statuses(api, ["/a"]) == [200]


def plan_for_methods(gateway: GatewayProcess, deploy: Deploy, methods: dict[str, Any], **plan: Any) -> Deployed:
    """Two methods that ask for a key, and a plan with throttles for single methods of their stage."""
    key = {"security": [{"api_key": []}]}
    api = deploy(gateway, document({"/a": transformed(mock(), **key), "/b": transformed(mock(), **key)}), **plan)
    stages = [{"op": op, "path": "/apiStages", "value": f"{api.api_id}:dev"} for op in ("remove", "add")]
    limits = [
        {"op": "replace", "path": f"/apiStages/{api.api_id}:dev/throttle/{method}/{name}", "value": str(value)}
        for method, values in methods.items()
        for name, value in values.items()
    ]
    gateway.client().update_usage_plan(usagePlanId=api.plan_id, patchOperations=stages + limits)
    return api


NONE_LEFT = {"rateLimit": 0.001, "burstLimit": 1}
MANY = {"rateLimit": 100, "burstLimit": 100}


def test_a_plans_throttle_of_a_method_wins_over_its_throttle_of_all(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = plan_for_methods(gateway, deploy, {"/a/ANY": MANY}, throttle=NONE_LEFT)
    assert statuses(api, ["/a", "/a", "/a", "/b", "/b"]) == [200, 200, 200, 200, 429]
    assert api.call("/b").json() == {"message": "Too Many Requests"}


def test_a_plans_throttle_of_a_method_holds_back_that_method_alone(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = plan_for_methods(gateway, deploy, {"~1a/ANY": NONE_LEFT})
    assert statuses(api, ["/a", "/a", "/b", "/b"]) == [200, 429, 200, 200]


def test_the_stages_throttle_comes_after_the_plans(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = plan_for_methods(gateway, deploy, {"/a/ANY": MANY}, throttle=MANY)
    patch_stage(api, **{"/*/*/throttling/rateLimit": "0.001", "/*/*/throttling/burstLimit": "1"})
    assert statuses(api, ["/a", "/a", "/b", "/b"]) == [200, 429, 200, 429]


def test_each_key_has_the_throttle_of_a_method_for_itself(gateway: GatewayProcess, deploy: Deploy) -> None:
    api, client = plan_for_methods(gateway, deploy, {"/a/ANY": NONE_LEFT}), gateway.client()
    other = client.create_api_key(name="other", enabled=True)
    client.create_usage_plan_key(usagePlanId=api.plan_id, keyId=other["id"], keyType="API_KEY")
    assert statuses(api, ["/a", "/a"]) == [200, 429]
    assert api.call("/a", headers={"x-api-key": other["value"]}).status_code == 200
    client.delete_api_key(apiKey=other["id"])


def test_a_removed_throttle_of_a_method_holds_nothing_back(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = plan_for_methods(gateway, deploy, {"/a/ANY": NONE_LEFT})
    assert statuses(api, ["/a", "/a"]) == [200, 429]
    patch = {"op": "remove", "path": f"/apiStages/{api.api_id}:dev/throttle//a/ANY"}
    plan = gateway.client().update_usage_plan(usagePlanId=api.plan_id, patchOperations=[patch])
    assert (plan["apiStages"], statuses(api, ["/a"])) == ([{"apiId": api.api_id, "stage": "dev"}], [200])


LINE = (
    "$context.requestId ${context.identity.sourceIp} $context.httpMethod $context.resourcePath $context.status "
    "$context.responseLength $context.identity.apiKey $context.error.message $context.integration.status"
)


@pytest.fixture
def logging_account(gateway: GatewayProcess) -> Iterator[None]:
    """The account's role for logs, without which a stage gets no access log."""
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::123456789012:role/logs"}
    gateway.client().update_account(patchOperations=[role])
    yield
    gateway.client().update_account(patchOperations=[{**role, "value": ""}])


@pytest.mark.usefixtures("logging_account")
def test_each_request_is_a_line_of_its_stages_access_log(gateway: GatewayProcess, deploy: Deploy) -> None:
    paths = {"/a": transformed(mock()), "/closed": transformed(mock(), security=[{"api_key": []}])}
    api = deploy(gateway, document(paths))
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:API-Gateway-Logs/dev"
    patch_stage(api, **{"/accessLogSettings/destinationArn": arn, "/accessLogSettings/format": LINE})
    masked = "*" * len(API_KEY_VALUE[:-6]) + API_KEY_VALUE[-6:]
    expected = [
        (api.call("/a"), "GET /a 200 0 - - 200"),
        (api.call("/closed"), f"GET /closed 200 0 {masked} - 200"),
        (requests.get(api.invoke_url + "/nowhere"), "GET - 403 42 - Missing Authentication Token -"),
    ]
    for answer, told in expected:
        request_id = answer.headers["x-amzn-RequestId"]
        (entry,) = gateway.log_entries(request_id)
        assert entry["accessLog"] == {"group": "API-Gateway-Logs/dev", "line": f"{request_id} 127.0.0.1 {told}"}
        assert entry["status"] == answer.status_code


def test_a_stage_without_access_log_has_no_line_of_it(gateway: GatewayProcess, deploy: Deploy) -> None:
    answer = two_methods(gateway, deploy).call("/a")
    (entry,) = gateway.log_entries(answer.headers["x-amzn-RequestId"])
    assert "accessLog" not in entry
