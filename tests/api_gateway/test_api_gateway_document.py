"""Reading an OpenAPI document: `aws/api.yaml`, what an import refuses, and what it warns of."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from api_gateway_helpers import REPOSITORY, any_method, document, operation
from hypothesis import given
from hypothesis import strategies as st

from sandbox.servers.api_gateway.document import methods, parse, resource_paths
from sandbox.servers.api_gateway.document_check import check
from sandbox.servers.aws.errors import BadRequestError

API_YAML = (REPOSITORY / "aws/api.yaml").read_bytes()


def errors_of(body: bytes) -> str:
    with pytest.raises(BadRequestError) as caught:
        check(parse(body), fail_on_warnings=False)
    return str(caught.value)


def test_the_projects_api_imports_without_a_warning() -> None:
    assert check(parse(API_YAML), fail_on_warnings=True) == []


def test_the_projects_api_asks_for_a_key_on_every_method() -> None:
    found = {(method.path, method.verb): method.api_key_required for method in methods(parse(API_YAML))}
    assert len(found) == 7
    assert set(found.values()) == {True}


def test_json_and_yaml_read_the_same() -> None:
    assert parse(json.dumps(yaml.safe_load(API_YAML)).encode()) == parse(API_YAML)


def test_yaml_dates_stay_text_and_numbers_become_text_keys() -> None:
    read = parse(b"openapi: 3.0.1\ninfo: {version: 2024-01-02}\npaths: {/a: {get: {responses: {200: {}}}}}")
    assert read["info"]["version"] == "2024-01-02"
    assert read["paths"]["/a"]["get"]["responses"] == {"200": {}}


def test_resources_between_paths_exist_too() -> None:
    assert resource_paths({"paths": {"/a/b/c/": {}, "/a/{x}": {}}}) == ["/", "/a", "/a/b", "/a/b/c", "/a/{x}"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"a: [", b"text", b"openapi: 2.0", b"swagger: '1.2'", b"\xff\xfe"])
def test_what_is_no_openapi_document_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        parse(body)


PATHS_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"/a b": any_method("http://x")}, "Resource's path part only allow"),
    ({"/{p+}/b": any_method("http://x")}, "Cannot create a child of a resource with a greedy path variable"),
    ({"/{a}": any_method("http://x"), "/{b}": any_method("http://x")}, "already has a variable path part"),
    (
        {"/a": any_method("ftp://x")},
        "Unable to put integration on 'ANY' for resource at path '/a': Invalid HTTP",
    ),
    ({"/a": any_method("http://x", timeoutInMillis=30000)}, "Timeout should be between 50 ms and 29000 ms"),
    ({"/a": any_method("http://x", type="aws_proxy")}, "integrations of type 'aws_proxy' are not served here"),
    ({"/a": any_method("http://x", verb="")}, "Enumeration value for HttpMethod must be non-empty"),
    (
        {"/a": any_method("http://x", requestParameters={"integration.request.path.a": "nowhere.stage"})},
        "Invalid mapping expression specified: nowhere.stage",
    ),
]


@pytest.mark.parametrize(("paths", "message"), PATHS_REFUSED)
def test_a_path_or_integration_that_cannot_be_served_is_refused(paths: dict[str, Any], message: str) -> None:
    said = errors_of(document(paths))
    assert said.startswith("Errors found during import:\n\t")
    assert message in said


def test_every_error_is_named_at_once() -> None:
    said = errors_of(document({"/a": any_method("ftp://x"), "/b c": any_method("http://x")}))
    assert said.count("\n\t") == 2


def test_security_at_the_root_is_warned_of_and_fails_an_import_that_says_so() -> None:
    body = document({"/a": {"get": operation("http://x")}}, security=[{"api_key": []}])
    assert check(parse(body), fail_on_warnings=False) == ["Ignoring the root level security; name it in each operation"]
    with pytest.raises(BadRequestError, match="Warnings found during import"):
        check(parse(body), fail_on_warnings=True)


def test_what_an_import_leaves_out_is_warned_of() -> None:
    iam = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
    paths = {"/a": {"get": {**operation("http://x"), "security": [{"sigv4": []}]}}}
    components = {"securitySchemes": {"sigv4": iam}}
    body = document(paths, components=components, **{"x-amazon-apigateway-policy": {"Version": "2012-10-17"}})
    policy, authorization = check(parse(body), fail_on_warnings=False)
    assert policy == "Ignoring x-amazon-apigateway-policy: resource policies are not served here"
    assert authorization == "Ignoring the authorization 'sigv4' of 'GET' at path '/a': not served here"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["paths", "/a", "/{p+}", "get", "security", "parameters", "info", "title", "x-amazon-apigateway-integration"]
SHAPED = st.recursive(JSON, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=4), max_leaves=20)


@given(st.dictionaries(st.sampled_from(KEYS), SHAPED))
def test_a_document_of_any_shape_is_checked_or_refused(content: dict[str, Any]) -> None:
    try:
        read = parse(json.dumps({"openapi": "3.0.1", **content}).encode())
        check(read, fail_on_warnings=False)
    except BadRequestError:
        return
    assert all(method.path in resource_paths(read) for method in methods(read))
