"""What happens before and around an integration: validation, customised answers, the stage's throttle and log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from api_gateway_helpers import API_KEY_VALUE, Deployed, GatewayProcess, any_method, document, mock, transformed

from sandbox.servers.api_gateway.deployed_stage import DeployedStages
from sandbox.servers.api_gateway.state import Api

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


# The stage's method settings and access log, as UpdateStage leaves them in the definitions


def stage_with(**fields: Any) -> Any:
    """The one deployed stage of an API with a `/a` and a `/b`."""
    snapshot = json.loads(document({"/a": any_method("http://x"), "/b": any_method("http://x")}))
    stage = {"stageName": "dev", "deploymentId": "d", **fields}
    api = Api({"id": "api"}, snapshot, {"/a": "1", "/b": "2"}, {"d": {"document": snapshot}}, {"dev": stage})
    stages = DeployedStages()
    stages.rebuild(type("Definitions", (), {"apis": {"api": api}})())  # type: ignore[arg-type]
    return stages.get("api", "dev")


def bucket(stage: Any, path: str) -> Any:
    return stage.router.match(path).target.operation("GET").bucket


@pytest.mark.parametrize("key", ["a/ANY", "~1a/ANY"])
def test_a_methods_own_throttle_wins_over_the_stages(key: str) -> None:
    all_methods = {"throttlingRateLimit": 5.0, "throttlingBurstLimit": 2}
    own = {"throttlingRateLimit": 1.0, "throttlingBurstLimit": 3}
    stage = stage_with(methodSettings={"*/*": all_methods, key: own})
    assert (bucket(stage, "/a").rate, bucket(stage, "/a").burst) == (1.0, 3)
    assert (bucket(stage, "/b").rate, bucket(stage, "/b").burst) == (5.0, 2)


@pytest.mark.parametrize("settings", [{}, {"*/*": {"throttlingRateLimit": -1.0, "throttlingBurstLimit": -1}}])
def test_a_stage_without_limits_throttles_nothing(settings: dict[str, Any]) -> None:
    assert bucket(stage_with(methodSettings=settings), "/a") is None


def test_each_method_has_a_bucket_of_its_own() -> None:
    stage = stage_with(methodSettings={"*/*": {"throttlingRateLimit": 0.001, "throttlingBurstLimit": 1}})
    taken = [bucket(stage, path).take() for path in ("/a", "/a", "/b")]
    assert taken == [True, False, True]


def test_a_stages_log_is_named_by_its_destination() -> None:
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:API-Gateway-Execution-Logs/dev"
    stage = stage_with(
        accessLogSettings={"destinationArn": arn, "format": "$context.status ${context.a.b} $context.x-y"}
    )
    assert stage.log.group == "API-Gateway-Execution-Logs/dev"
    assert stage.log.line({"status": 200, "a": {"b": "c"}}, {}) == "200 c -"


LINE = (
    "$context.requestId $context.identity.sourceIp $context.httpMethod $context.resourcePath $context.status "
    "$context.responseLength $context.identity.apiKey $context.error.message $context.integration.status"
)


def set_access_log(gateway: GatewayProcess, deployed: Deployed) -> None:
    """Give the stage its access log in the definitions on disk, between two runs."""
    gateway.stop()
    path = gateway.folder / "state" / "apis" / f"{deployed.api_id}.json"
    api = json.loads(path.read_text())
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:gateway"
    api["stages"]["dev"]["accessLogSettings"] = {"destinationArn": arn, "format": LINE}
    path.write_text(json.dumps(api))
    gateway.start()


def test_each_request_is_a_line_of_its_stages_access_log(mortal_gateway: GatewayProcess, deploy: Deploy) -> None:
    paths = {"/a": transformed(mock()), "/closed": transformed(mock(), security=[{"api_key": []}])}
    api = deploy(mortal_gateway, document(paths))
    set_access_log(mortal_gateway, api)
    masked = "*" * len(API_KEY_VALUE[:-6]) + API_KEY_VALUE[-6:]
    expected = [
        (api.call("/a"), "GET /a 200 0 - - 200"),
        (api.call("/closed"), f"GET /closed 200 0 {masked} - 200"),
        (requests.get(api.invoke_url + "/nowhere"), "GET - 403 42 - Missing Authentication Token -"),
    ]
    for answer, told in expected:
        request_id = answer.headers["x-amzn-RequestId"]
        (entry,) = mortal_gateway.log_entries(request_id)
        assert entry["accessLog"] == {"group": "gateway", "line": f"{request_id} 127.0.0.1 {told}"}
        assert entry["status"] == answer.status_code
