"""Invoking a deployed API: what passes, what AWS answers itself, and what the access log says."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from api_gateway_helpers import API_KEY_VALUE, Deployed, GatewayProcess, any_method, document, free_port, operation

from sandbox.stack import wait_until

Deploy = Callable[..., Deployed]
MISSING_TOKEN = '{"message":"Missing Authentication Token"}'


@pytest.fixture
def api(gateway: GatewayProcess, deploy: Deploy) -> Deployed:
    """`aws/api.yaml`, deployed."""
    return deploy(gateway)


def assert_refused(answer: requests.Response, status: int, error_type: str, body: str) -> None:
    assert (answer.status_code, answer.text) == (status, body)
    assert answer.headers["x-amzn-errortype"] == error_type
    assert answer.headers["Content-Type"] == "application/json"
    assert_identified(answer)


def assert_identified(answer: requests.Response) -> None:
    assert len(answer.headers["x-amzn-RequestId"]) == 36
    assert len(answer.headers["x-amz-apigw-id"]) == 16


@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_reaches_the_back_end_as_it_is(api: Deployed, verb: str) -> None:
    assert api.call("/topics", verb).json()["method"] == verb


def test_head_is_answered_without_a_body(api: Deployed) -> None:
    answer = api.call("/topics", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


def test_path_and_query_string_pass_byte_for_byte(api: Deployed) -> None:
    heard = api.call("/topics/a%20b/c%2Fd?x=1&x=2&empty=&e=%C3%A9+%25").json()
    assert heard["path"] == "/topics/a%20b/c%2Fd?x=1&x=2&empty=&e=%C3%A9+%25"


def test_a_body_of_any_bytes_passes_unchanged(api: Deployed) -> None:
    body = bytes(range(256)) * 4000
    assert api.call("/raw", "POST", data=body).content == body


def test_a_chunked_body_passes(api: Deployed) -> None:
    assert api.call("/raw", "POST", data=iter([b"first,", b"second"])).content == b"first,second"


def test_the_back_ends_status_passes(api: Deployed) -> None:
    assert api.call("/missing").status_code == 404


def test_client_headers_pass_and_amazons_are_added(api: Deployed) -> None:
    sent = {"Content-Type": "application/vnd.kafka.json.v2+json", "X-Own": "é", "X-Forwarded-For": "10.0.0.1"}
    encoded = {name: value.encode() for name, value in sent.items()}
    heard = api.call("/topics", "POST", data=b"{}", headers=encoded).json()["headers"]
    assert heard["content-type"] == sent["Content-Type"]
    assert heard["x-own"].encode("latin-1").decode() == "é"
    assert heard["x-forwarded-for"] == "10.0.0.1, 127.0.0.1"
    assert heard["x-amzn-apigateway-api-id"] == api.api_id
    assert heard["x-amzn-trace-id"].startswith("Root=1-")


def test_headers_that_amazon_drops_do_not_reach_the_back_end(api: Deployed) -> None:
    sent = {"Content-MD5": "x", "Max-Forwards": "3", "TE": "trailers", "Via": "1.1 here", "Content-Encoding": "gzip"}
    heard = api.call("/topics", "POST", data=gzip.compress(b"{}"), headers=sent).json()["headers"]
    assert not {name.lower() for name in sent} & heard.keys()


def test_the_user_agent_is_amazons_where_the_client_names_none(api: Deployed) -> None:
    bare = http.client.HTTPConnection("127.0.0.1", api.gateway.port)
    bare.request("GET", f"/{api.api_id}/dev/topics", headers=api.headers)
    heard = json.loads(bare.getresponse().read())["headers"]
    assert heard["user-agent"] == f"AmazonAPIGateway_{api.api_id}"
    assert "accept" not in heard


def test_answer_headers_pass_or_are_remapped(api: Deployed) -> None:
    answer = api.call("/topics")
    assert answer.headers["X-Own"] == "kept"
    assert answer.headers["Content-Type"] == "application/x-backend"
    assert answer.headers["x-amzn-Remapped-WWW-Authenticate"] == "Basic"
    assert "BaseHTTP" in answer.headers["x-amzn-Remapped-Server"]
    assert {"x-amzn-remapped-date", "x-amzn-remapped-content-length", "x-amzn-trace-id"} <= set(answer.headers)
    assert "WWW-Authenticate" not in answer.headers
    assert "Server" not in answer.headers
    assert_identified(answer)


def test_connections_to_the_back_end_are_kept(api: Deployed) -> None:
    ports = {api.call("/topics").json()["connection"] for _ in range(5)}
    assert len(ports) == 1


def test_both_forms_of_the_invoke_url_work(api: Deployed) -> None:
    short = requests.get(f"{api.gateway.url}/{api.api_id}/dev/topics/x?y=1", headers=api.headers)
    assert short.json()["path"] == api.call("/topics/x?y=1").json()["path"]


def test_a_path_without_a_resource_is_missing_authentication_token(api: Deployed) -> None:
    assert_refused(api.call("/"), 403, "MissingAuthenticationTokenException", MISSING_TOKEN)
    assert_refused(api.call(""), 403, "MissingAuthenticationTokenException", MISSING_TOKEN)


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "not-the-key"}, {"x-api-key": ""}, {"x-api-key": "é".encode()}])
def test_no_key_or_a_wrong_one_is_forbidden(api: Deployed, headers: dict[str, Any]) -> None:
    answer = requests.post(api.invoke_url + "/topics", headers=headers)
    assert_refused(answer, 403, "ForbiddenException", '{"message":"Forbidden"}')


def test_a_disabled_key_is_forbidden(api: Deployed) -> None:
    client = api.gateway.client()
    disabled = client.create_api_key(name="off", value="a-disabled-key-of-some-length")
    client.create_usage_plan_key(usagePlanId=api.plan_id, keyId=disabled["id"], keyType="API_KEY")
    answer = requests.get(api.invoke_url + "/x", headers={"x-api-key": disabled["value"]})
    client.delete_api_key(apiKey=disabled["id"])
    assert answer.status_code == 403


@pytest.mark.parametrize("where", ["{api}/other-stage", "zzzzzzzzz9/dev"])
def test_an_unknown_stage_or_api_is_forbidden(api: Deployed, where: str) -> None:
    answer = requests.get(f"{api.gateway.url}/{where.format(api=api.api_id)}/topics", headers=api.headers)
    assert_refused(answer, 403, "ForbiddenException", '{"message":"Forbidden"}')


def test_more_than_the_burst_is_throttled_and_tokens_come_back(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = deploy(gateway, throttle={"rateLimit": 0.2, "burstLimit": 2})
    answers = [api.call("/topics") for _ in range(4)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert_refused(answers[3], 429, "TooManyRequestsException", '{"message":"Too Many Requests"}')
    assert wait_until(lambda: api.call("/topics").status_code == 200, seconds=30)


def test_a_rate_without_a_burst_lets_a_second_of_it_pass_at_once(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = deploy(gateway, throttle={"rateLimit": 2.0})
    assert [api.call("/topics").status_code for _ in range(4)][::3] == [200, 429]


def test_a_burst_limit_of_zero_lets_nothing_pass(gateway: GatewayProcess, deploy: Deploy) -> None:
    assert deploy(gateway, throttle={"rateLimit": 1.0, "burstLimit": 0}).call("/topics").status_code == 429


def test_more_than_the_quota_is_limit_exceeded(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = deploy(gateway, quota={"limit": 3, "period": "DAY"})
    answers = [api.call("/topics") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert_refused(answers[3], 429, "LimitExceededException", '{"message":"Limit Exceeded"}')


def test_a_raised_quota_counts_what_was_used(gateway: GatewayProcess, deploy: Deploy) -> None:
    api = deploy(gateway, quota={"limit": 1, "period": "MONTH"})
    assert [api.call("/topics").status_code for _ in range(2)] == [200, 429]
    patch = {"op": "replace", "path": "/quota/limit", "value": "2"}
    gateway.client().update_usage_plan(usagePlanId=api.plan_id, patchOperations=[patch])
    assert [api.call("/topics").status_code for _ in range(2)] == [200, 429]


def test_ten_megabytes_pass_and_one_byte_more_is_too_long(api: Deployed) -> None:
    ten = b"x" * (10 * 1024 * 1024)
    assert api.call("/raw", "POST", data=ten).content == ten
    answer = api.call("/raw", "POST", data=ten + b"x")
    assert_refused(answer, 413, "RequestTooLargeException", '{"message":"Request Too Long"}')


def test_a_chunked_body_beyond_ten_megabytes_is_too_long(api: Deployed) -> None:
    chunks = (b"x" * 1024 * 1024 for _ in range(11))
    assert api.call("/raw", "POST", data=chunks).status_code == 413


def test_an_answer_beyond_ten_megabytes_is_an_internal_server_error(api: Deployed) -> None:
    assert_refused(api.call("/huge"), 500, "InternalServerErrorException", '{"message":"Internal server error"}')


UNREACHABLE = [
    ("http://127.0.0.1:{closed}/{{proxy}}", 504, "Network error communicating with endpoint"),
    ("http://{backend}/hang-up/{{proxy}}", 504, "Network error communicating with endpoint"),
    ("http://no-such-host.invalid/{{proxy}}", 500, "Internal server error"),
    ("http://${{stageVariables.neverSet}}/{{proxy}}", 500, "Internal server error"),
    ("http://{backend}/{{unmapped}}", 500, "Internal server error"),
]


@pytest.mark.parametrize(("uri", "status", "message"), UNREACHABLE)
def test_a_back_end_out_of_reach(
    gateway: GatewayProcess, deploy: Deploy, backend: str, uri: str, status: int, message: str
) -> None:
    there = uri.format(closed=free_port(), backend=backend)
    api = deploy(gateway, document({"/{proxy+}": any_method(there)}))
    assert_refused(api.call("/x", "POST"), status, "InternalServerErrorException", f'{{"message":"{message}"}}')


def test_a_back_end_slower_than_its_timeout(gateway: GatewayProcess, deploy: Deploy, backend: str) -> None:
    api = deploy(gateway, document({"/{proxy+}": any_method(f"http://{backend}/slow", timeoutInMillis=100)}))
    answer = api.call("/x")
    assert_refused(answer, 504, "InternalServerErrorException", '{"message":"Endpoint request timed out"}')


def test_the_most_specific_resource_answers(gateway: GatewayProcess, deploy: Deploy, backend: str) -> None:
    paths = {
        "/{proxy+}": any_method(f"http://{backend}/greedy"),
        "/topics/{name}": any_method(f"http://{backend}/variable"),
        "/topics/fixed": {"get": operation(f"http://{backend}/fixed", verb="POST")},
    }
    api = deploy(gateway, document(paths))
    assert api.call("/topics/fixed").json()["path"] == "/fixed"
    assert api.call("/topics/fixed").json()["method"] == "POST"
    assert api.call("/topics/other").json()["path"] == "/variable"
    assert api.call("/topics/other/deep").json()["path"] == "/greedy"
    assert api.call("/topics").json()["path"] == "/greedy"
    assert_refused(api.call("/topics/fixed", "PUT"), 403, "MissingAuthenticationTokenException", MISSING_TOKEN)


def test_mapped_parameters_reach_path_query_and_headers(gateway: GatewayProcess, deploy: Deploy, backend: str) -> None:
    mapping = {
        "integration.request.path.proxy": "method.request.querystring.where",
        "integration.request.header.X-Static": "'always'",
        "integration.request.header.X-Copied": "method.request.header.X-Own",
        "integration.request.querystring.stage": "stageVariables.restProxy",
    }
    there = any_method(f"http://{backend}/{{proxy}}", requestParameters=mapping)
    heard = deploy(gateway, document({"/a": there})).call("/a?where=b", headers={"X-Own": "mine"}).json()
    assert heard["path"] == f"/b?where=b&stage={backend.replace(':', '%3A')}"
    assert (heard["headers"]["x-static"], heard["headers"]["x-copied"]) == ("always", "mine")


def test_the_access_log_has_one_line_a_request(api: Deployed) -> None:
    answer = api.call("/topics/x?secret=no", "POST", data=b"{}")
    (entry,) = api.gateway.log_entries(answer.headers["x-amzn-RequestId"])
    assert entry["extendedRequestId"] == answer.headers["x-amz-apigw-id"]
    assert (entry["httpMethod"], entry["resourcePath"], entry["path"]) == ("POST", "/{proxy+}", "/dev/topics/x")
    assert (entry["status"], entry["integrationStatus"], entry["ip"]) == (200, 200, "127.0.0.1")
    assert (entry["apiId"], entry["stage"], entry["apiKeyId"]) == (api.api_id, "dev", api.key_id)
    assert entry["responseLength"] == len(answer.content)
    assert entry["responseLatency"] >= entry["integrationLatency"] > 0


def test_the_access_log_says_why_a_request_was_refused(api: Deployed) -> None:
    answer = requests.get(api.invoke_url + "/topics")
    (entry,) = api.gateway.log_entries(answer.headers["x-amzn-RequestId"])
    assert (entry["status"], entry["errorResponseType"], entry["integrationStatus"]) == (403, "INVALID_API_KEY", "-")


def test_no_log_shows_a_secret(api: Deployed) -> None:
    answer = api.call("/hang-up", "POST")
    api.gateway.log_entries(answer.headers["x-amzn-RequestId"])
    logs = "".join((api.gateway.folder / name).read_text() for name in ("access.log", "errors.log"))
    assert API_KEY_VALUE not in logs
    assert "the-secret-of" not in logs


def test_a_change_is_visible_when_deployed_and_not_before(api: Deployed, backend: str) -> None:
    client = api.gateway.client()
    body = document({"/{proxy+}": any_method(f"http://{backend}/changed")})
    client.put_rest_api(restApiId=api.api_id, mode="overwrite", body=body)
    assert api.call("/topics").json()["path"] == "/topics"
    client.create_deployment(restApiId=api.api_id, stageName="dev")
    deployed_at = time.monotonic()
    assert api.call("/topics").json()["path"] == "/changed"
    assert time.monotonic() - deployed_at < 1


def test_a_stage_moves_back_to_an_earlier_deployment(api: Deployed, backend: str) -> None:
    client = api.gateway.client()
    body = document({"/{proxy+}": any_method(f"http://{backend}/changed")})
    client.put_rest_api(restApiId=api.api_id, mode="overwrite", body=body)
    client.create_deployment(restApiId=api.api_id, stageName="dev")
    patch = {"op": "replace", "path": "/deploymentId", "value": api.deployment_id}
    client.update_stage(restApiId=api.api_id, stageName="dev", patchOperations=[patch])
    assert api.call("/topics").json()["path"] == "/topics"


def test_a_changed_stage_variable_takes_effect_at_once(api: Deployed) -> None:
    patch = {"op": "replace", "path": "/variables/restProxy", "value": f"127.0.0.1:{free_port()}"}
    api.gateway.client().update_stage(restApiId=api.api_id, stageName="dev", patchOperations=[patch])
    assert api.call("/topics").status_code == 504


def test_requests_at_once_do_not_wait_for_one_another(api: Deployed) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.call("/slow"), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert time.monotonic() - started < 6


def test_the_health_check_answers_without_a_key(gateway: GatewayProcess) -> None:
    assert requests.get(f"{gateway.url}/ping").text == "healthy"


@pytest.mark.parametrize("start", ["OPTIONS *", "GET //", "GET /restapis//", "FOO /a/b"])
def test_an_odd_request_is_refused_and_breaks_nothing(gateway: GatewayProcess, start: str) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        connection.sendall(f"{start} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(1000).split()[1][:1] == b"4"
