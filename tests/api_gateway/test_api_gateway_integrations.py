"""The integrations `http` and `mock`: mappings, templates, passthrough, integration responses, overrides, failures."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from api_gateway_helpers import Deployed, GatewayProcess, document, free_port, mock, transformed

Deploy = Callable[..., Deployed]
Api = Callable[..., Deployed]
INTERNAL = {"message": "Internal server error"}


@pytest.fixture
def api(gateway: GatewayProcess, deploy: Deploy) -> Api:
    """Deploys one integration at `/{name}`."""

    def deploy_(integration: dict[str, Any], **document_parts: Any) -> Deployed:
        return deploy(gateway, document({"/{name}": transformed(integration)}, **document_parts))

    return deploy_


@pytest.fixture
def http(api: Api, backend: str) -> Api:
    """Deploys an `http` integration with the back end that tells what it heard."""

    def deploy_(path: str = "/heard", **more: Any) -> Deployed:
        return api({"type": "http", "uri": f"http://{backend}{path}", **more})

    return deploy_


# What reaches the back end


def test_only_amazons_and_mapped_headers_reach_the_back_end(http: Api) -> None:
    deployed = http(requestParameters={"integration.request.header.X-Copied": "method.request.header.X-Own"})
    heard = deployed.call("/a?q=1", "PUT", data=b"{}", headers={"X-Own": "mine", "Cookie": "secret=1"}).json()
    headers = heard["headers"]
    assert (heard["method"], heard["path"], headers["x-copied"]) == ("POST", "/heard", "mine")
    assert (headers["accept"], headers["content-type"]) == ("application/json", "application/json")
    assert headers["user-agent"] == f"AmazonAPIGateway_{deployed.api_id}"
    assert not {"x-own", "cookie", "x-api-key", "x-forwarded-for"} & set(headers)


MAPPED = [
    ("method.request.path.name", "the name"),
    ("method.request.querystring.q", "2"),
    ("method.request.multivaluequerystring.q", "1,2"),
    ("method.request.header.x-own", "mine"),
    ("method.request.body.a.b", "3"),
    ("method.request.body.a", '{"b":3}'),
    ("method.request.body", '{"a": {"b": 3}}'),
    ("stageVariables.own", "of the stage"),
    ("context.httpMethod", "POST"),
    ("context.identity.sourceIp", "127.0.0.1"),
    ("'static'", "static"),
]


@pytest.mark.parametrize(("source", "expected"), MAPPED)
def test_a_parameter_is_mapped_from(http: Api, source: str, expected: str) -> None:
    deployed = http(requestParameters={"integration.request.querystring.it": source})
    patch = {"op": "replace", "path": "/variables/own", "value": "of the stage"}
    deployed.gateway.client().update_stage(restApiId=deployed.api_id, stageName="dev", patchOperations=[patch])
    answer = deployed.call("/the%20name?q=1&q=2", "POST", data=b'{"a": {"b": 3}}', headers={"X-Own": "mine"})
    assert parse_qs(urlsplit(answer.json()["path"]).query) == {"it": [expected]}


def test_a_source_that_is_not_there_maps_nothing(http: Api) -> None:
    deployed = http(requestParameters={"integration.request.querystring.it": "method.request.querystring.q"})
    assert deployed.call("/a").json()["path"] == "/heard"


def test_a_path_placeholder_is_filled(http: Api) -> None:
    deployed = http("/{to}/end", requestParameters={"integration.request.path.to": "method.request.path.name"})
    assert deployed.call("/a%20b").json()["path"] == "/a%20b/end"


def test_a_mapped_value_adds_no_header(http: Api) -> None:
    deployed = http(requestParameters={"integration.request.header.X-Q": "method.request.querystring.q"})
    headers = deployed.call("/a?q=1%0d%0aEvil:%20yes").json()["headers"]
    assert headers["x-q"] == "1  Evil: yes"
    assert "evil" not in headers


def test_a_mapped_content_length_breaks_nothing(http: Api) -> None:
    deployed = http(requestParameters={"integration.request.header.Content-Length": "'100'"})
    assert deployed.call("/a", "POST", data=b"12").json()["body"] == "12"


def test_a_template_makes_the_body(http: Api) -> None:
    text = '{"who": $input.json(\'$.a\'), "name": "$input.params(\'name\')", "stage": "$context.stage"}'
    deployed = http(requestTemplates={"application/json": text})
    heard = deployed.call("/a%20b", "POST", json={"a": [1]}).json()
    assert json.loads(heard["body"]) == {"who": [1], "name": "a b", "stage": "dev"}


def test_a_template_may_override_parameters(http: Api) -> None:
    text = "#set($context.requestOverride.header.X = 'set')#set($context.requestOverride.querystring.q = 5)"
    heard = http(requestTemplates={"application/json": text}).call("/a", "POST", json={}).json()
    assert (heard["headers"]["x"], heard["path"]) == ("set", "/heard?q=5")


@pytest.mark.parametrize("verb", ["GET", "HEAD", "OPTIONS"])
def test_a_back_ends_get_has_no_body(http: Api, verb: str) -> None:
    answer = http(httpMethod=verb).call("/a", "POST", data=b"{}")
    assert answer.text == "" if verb == "HEAD" else answer.json()["body"] == ""


def test_any_passes_the_clients_method(http: Api) -> None:
    assert http(httpMethod="ANY").call("/a", "PATCH", data=b"{}").json()["method"] == "PATCH"


# Passthrough

XML = {"Content-Type": "text/xml"}
TEMPLATE = {"application/json": "templated"}
PASSTHROUGH = [
    ("when_no_match", TEMPLATE, "<a/>"),
    ("when_no_match", {}, "<a/>"),
    ("when_no_match", {"$default": "by default"}, "by default"),
    ("when_no_templates", {}, "<a/>"),
    ("when_no_templates", TEMPLATE, None),
    ("never", TEMPLATE, None),
    ("never", {}, None),
]


@pytest.mark.parametrize(("behaviour", "templates", "expected"), PASSTHROUGH)
def test_a_media_type_without_template(
    http: Api, behaviour: str, templates: dict[str, str], expected: str | None
) -> None:
    answer = http(passthroughBehavior=behaviour, requestTemplates=templates).call(
        "/a", "POST", data="<a/>", headers=XML
    )
    if expected is None:
        assert (answer.status_code, answer.json()) == (415, {"message": "Unsupported Media Type"})
        assert answer.headers["x-amzn-errortype"] == "BadRequestException"
    else:
        assert answer.json()["body"] == expected


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json; charset=utf-8"}])
def test_json_is_assumed_and_parameters_of_the_type_do_not_matter(http: Api, headers: dict[str, str]) -> None:
    deployed = http(passthroughBehavior="never", requestTemplates=TEMPLATE)
    assert deployed.call("/a", "POST", data="{}", headers=headers).json()["body"] == "templated"


# What the client gets


def test_the_status_picks_the_integration_response(http: Api) -> None:
    responses = {"4\\d{2}": {"statusCode": "418"}, "default": {"statusCode": "200"}}
    mapping = {"integration.request.path.to": "method.request.path.name"}
    deployed = http("/{to}", requestParameters=mapping, responses=responses)
    assert (deployed.call("/missing").status_code, deployed.call("/there").status_code) == (418, 200)


def test_a_pattern_must_fit_the_whole_status(http: Api) -> None:
    responses = {"40": {"statusCode": "418"}, "default": {"statusCode": "200"}}
    assert http("/missing", responses=responses).call("/a").status_code == 200


def test_an_answer_without_integration_response_is_an_internal_server_error(http: Api) -> None:
    answer = http("/missing", responses={"200": {"statusCode": "200"}}).call("/a")
    assert (answer.status_code, answer.json()) == (500, INTERNAL)


def test_only_mapped_headers_reach_the_client(http: Api) -> None:
    mapping = {
        "method.response.header.X-Mapped": "integration.response.header.X-Own",
        "method.response.header.X-From-Body": "integration.response.body.method",
        "method.response.header.X-Static": "'always'",
        "method.response.header.X-Context": "context.resourcePath",
        "method.response.header.X-Missing": "integration.response.header.Missing",
    }
    headers = http(responses={"default": {"statusCode": "201", "responseParameters": mapping}}).call("/a").headers
    found = tuple(headers[name] for name in ("X-Mapped", "X-From-Body", "X-Static", "X-Context"))
    assert found == ("kept", "POST", "always", "/{name}")
    assert not {"X-Own", "X-Missing", "Server", "WWW-Authenticate"} & set(headers)
    assert headers["Content-Type"] == "application/json"


def test_a_template_makes_the_answer(http: Api) -> None:
    text = '{"method": $input.json(\'$.method\'), "name": "$input.params(\'name\')"}'
    response = {"statusCode": "200", "responseTemplates": {"application/json": text}}
    assert http(responses={"default": response}).call("/a").json() == {"method": "POST", "name": "a"}


@pytest.mark.parametrize(("accept", "kind"), [("text/xml", "text/xml"), ("text/html", "application/json")])
def test_the_client_picks_the_answers_media_type(http: Api, accept: str, kind: str) -> None:
    templates = {"text/xml": "<a/>", "application/json": "{}"}
    deployed = http(responses={"default": {"statusCode": "200", "responseTemplates": templates}})
    answer = deployed.call("/a", headers={"Accept": accept})
    assert (answer.headers["Content-Type"], answer.text) == (kind, templates[kind])


def test_a_template_may_override_status_and_headers(api: Api) -> None:
    text = "#set($context.responseOverride.status = 404)#set($context.responseOverride.header.X = 'y')gone"
    response = {"statusCode": "200", "responseTemplates": {"application/json": text}}
    answer = api(mock(responses={"default": response})).call("/a")
    assert (answer.status_code, answer.headers["X"], answer.text) == (404, "y", "gone")


@pytest.mark.parametrize("override", [".status = 'many'", ".status = 99", ".header = 'none'", " = 'nothing'"])
def test_an_override_that_is_none_is_ignored(api: Api, override: str) -> None:
    text = f"#set($context.responseOverride{override})done"
    response = {"statusCode": "202", "responseTemplates": {"application/json": text}}
    assert api(mock(responses={"default": response})).call("/a").status_code == 202


def test_base64_is_converted_to_bytes_both_ways(http: Api) -> None:
    binary = {"contentHandling": "CONVERT_TO_BINARY"}
    text = {"default": {"statusCode": "200", "contentHandling": "CONVERT_TO_TEXT"}}
    answer = http("/raw", **binary, responses=text).call("/a", "POST", data=base64.b64encode(b"\xff\x00"))
    assert base64.b64decode(answer.content) == b"\xff\x00"


# Mock


def test_a_mock_answers_by_the_status_in_its_template(api: Api) -> None:
    templates = {"application/json": '{"statusCode": #if($input.params("name") == "good")200#{else}503#end}'}
    responses = {
        "200": {"statusCode": "200", "responseTemplates": {"application/json": '{"ok": true}'}},
        "5\\d\\d": {"statusCode": "503", "responseTemplates": {"application/json": '{"ok": false}'}},
    }
    deployed = api(mock(requestTemplates=templates, responses=responses))
    assert (deployed.call("/good").status_code, deployed.call("/good").json()) == (200, {"ok": True})
    assert (deployed.call("/bad").status_code, deployed.call("/bad").json()) == (503, {"ok": False})


@pytest.mark.parametrize("template", ["", "{}", "text", '{"statusCode": "200"}', "[]"])
def test_a_mock_without_a_status_is_an_internal_server_error(api: Api, template: str) -> None:
    answer = api(mock(requestTemplates={"application/json": template})).call("/a")
    assert (answer.status_code, answer.json()) == (500, INTERNAL)


# Failures

FAILING = ["#foreach($a in", "$util.base64Decode('?')", "$input.json('no path')"]


@pytest.mark.parametrize("template", FAILING)
def test_a_template_that_fails_is_an_internal_server_error(api: Api, gateway: GatewayProcess, template: str) -> None:
    answer = api(mock(requestTemplates={"application/json": template})).call("/a")
    assert (answer.status_code, answer.json()) == (500, INTERNAL)
    (entry,) = gateway.log_entries(answer.headers["x-amzn-RequestId"])
    assert "Unable to transform request" in entry["errorMessage"]


@pytest.mark.parametrize("template", FAILING)
def test_an_answers_template_that_fails_is_an_internal_server_error(api: Api, template: str) -> None:
    response = {"statusCode": "200", "responseTemplates": {"application/json": template}}
    answer = api(mock(responses={"default": response})).call("/a")
    assert (answer.status_code, answer.json()) == (500, INTERNAL)


def test_json_that_a_template_asks_of_text_is_a_bad_request(http: Api) -> None:
    answer = http(requestTemplates={"application/json": "$input.json('$.a')"}).call("/a", "POST", data=b"{")
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid JSON in request body"})


def test_a_back_end_out_of_reach_is_an_internal_server_error(api: Api) -> None:
    answer = api({"type": "http", "uri": f"http://127.0.0.1:{free_port()}/"}).call("/a")
    assert (answer.status_code, answer.json()) == (500, INTERNAL)


def test_a_slow_back_end_is_an_endpoint_request_timed_out(http: Api) -> None:
    answer = http("/slow", timeoutInMillis=100).call("/a")
    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})


# What an import refuses

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"type": "http", "uri": "ftp://x"}, "Invalid HTTP endpoint specified for URI"),
    ({"type": "http", "uri": "http://x", "passthroughBehavior": "always"}, "PassthroughBehavior"),
    ({"type": "http", "uri": "http://x", "contentHandling": "TO_TEXT"}, "ContentHandlingStrategy"),
    (mock(responses={"(": {"statusCode": "200"}}), "Invalid selection pattern specified: ("),
    (mock(responses={"default": {"statusCode": "99"}}), "Invalid status code"),
    (
        mock(responses={"default": {"statusCode": "200", "responseParameters": {"method.response.body": "'x'"}}}),
        "Invalid mapping expression parameter specified: method.response.body",
    ),
]


@pytest.mark.parametrize(("integration", "message"), REFUSED)
def test_an_integration_that_cannot_be_served_is_refused(
    gateway: GatewayProcess, integration: dict[str, Any], message: str
) -> None:
    client = gateway.client()
    with pytest.raises(client.exceptions.BadRequestException) as caught:
        client.import_rest_api(body=document({"/a": transformed(integration)}))
    assert message in str(caught.value)
