"""Documents with something wrong anywhere in them are refused, or else imported, shown and exported without a fault."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from sandbox.servers.api_gateway.document import Document, methods
from sandbox.servers.api_gateway.document_check import check
from sandbox.servers.api_gateway.document_import import merged, read_document
from sandbox.servers.api_gateway.gateway_response_shape import STATUS, read_gateway_response
from sandbox.servers.api_gateway.method_shape import read_method
from sandbox.servers.api_gateway.openapi_export import extensions, openapi_of
from sandbox.servers.api_gateway.rest_api_shape import read_rest_api
from sandbox.servers.api_gateway.state import Api
from sandbox.servers.api_gateway.swagger_export import to_swagger
from sandbox.servers.aws.errors import BadRequestError

INTEGRATION = {
    "type": "http",
    "httpMethod": "POST",
    "uri": "http://127.0.0.1:1/{name}",
    "requestParameters": {"integration.request.path.name": "method.request.path.name"},
    "requestTemplates": {"application/json": "$input.body"},
    "passthroughBehavior": "never",
    "timeoutInMillis": 50,
    "cacheKeyParameters": ["method.request.path.name"],
    "responses": {
        "default": {"statusCode": "200", "responseParameters": {"method.response.header.X": "'x'"}},
        "4\\d\\d": {"statusCode": 400, "responseTemplates": {"text/plain": "no"}, "contentHandling": "CONVERT_TO_TEXT"},
    },
}
ROW = {"$ref": "#/components/schemas/Row"}
OPENAPI: Document = {
    "openapi": "3.0.1",
    "info": {"title": "t", "version": "1", "description": "d"},
    "paths": {
        "/a/{name}/": {
            "parameters": [{"$ref": "#/components/parameters/name"}],
            "post": {
                "operationId": "o",
                "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": ROW}}, "required": True},
                "responses": {
                    "200": {
                        "description": "ok",
                        "headers": {"X": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": ROW}},
                    }
                },
                "security": [{"api_key": []}],
                "x-amazon-apigateway-request-validator": "all",
                "x-amazon-apigateway-integration": INTEGRATION,
            },
        },
        "/{proxy+}": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": INTEGRATION}},
    },
    "components": {
        "schemas": {"Row": {"type": "object"}, "Rows": {"type": "array", "items": ROW}},
        "parameters": {"name": {"name": "name", "in": "path", "required": True}},
        "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
    },
    "x-amazon-apigateway-request-validator": "all",
    "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True}},
    "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"statusCode": 418, "responseTemplates": {"a/b": "c"}}},
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    "x-amazon-apigateway-minimum-compression-size": 0,
    "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": False},
}
SWAGGER: Document = {
    "swagger": "2.0",
    "info": {"title": "t", "version": "1"},
    "consumes": ["application/json"],
    "paths": {
        "/a": {
            "parameters": [{"$ref": "#/parameters/q"}],
            "post": {
                "produces": ["text/plain"],
                "parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Row"}}],
                "responses": {"200": {"$ref": "#/responses/ok"}},
                "x-amazon-apigateway-integration": {"type": "mock"},
            },
        }
    },
    "parameters": {"q": {"name": "q", "in": "query", "type": "string"}},
    "responses": {"ok": {"description": "ok", "schema": {"type": "object"}, "headers": {"X": {"type": "string"}}}},
    "definitions": {"Row": {"type": "object"}},
    "securityDefinitions": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
}
SERVICE = ServiceModel(Loader().load_service_model("apigateway", "service-2"), "apigateway")
WRONG = [None, True, 7, -1.5, "", "text", [], [1], [None], [{}], {}, {"a": 1}, {"a": None}, {"": []}]


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to every value within a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*way, key)
        yield from places(item, (*way, key))


def replaced(document: Document, way: tuple[Any, ...], value: Any) -> Document:
    changed = copy.deepcopy(document)
    holder: Any = changed
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = value
    return changed


def given_fields(value: Any) -> Any:
    """Without the fields that an answer leaves out."""
    if not isinstance(value, dict):
        return value
    return {key: given_fields(item) for key, item in value.items() if item is not None}


def assert_shape(name: str, record: dict[str, Any]) -> None:
    report = ParamValidator().validate(given_fields(record), SERVICE.shape_for(name))
    assert not report.has_errors(), report.generate_report()


def go_all_the_way(document: Document) -> None:
    """Import, merge, show and export a document."""
    read = read_document(json.dumps(document).encode())
    check(read, fail_on_warnings=False)
    check(merged(read_document(json.dumps(OPENAPI).encode()), read), fail_on_warnings=False)
    api = Api(summary={"id": "abc123"}, document={})
    api.replace_document(read)
    for method in methods(read):
        assert_shape("Method", read_method(api, method.path, method.verb, method.operation))
    assert_shape("RestApi", read_rest_api(read))
    for kind in STATUS:
        assert_shape("GatewayResponse", read_gateway_response(read, kind))
    for wanted in (None, "apigateway"):
        exported = openapi_of(read, api.id, "dev", "1", extensions(wanted))
        json.dumps([exported, to_swagger(exported, read)])


@pytest.mark.parametrize("document", [OPENAPI, SWAGGER], ids=["openapi", "swagger"])
def test_the_documents_are_good_before_they_are_changed(document: Document) -> None:
    go_all_the_way(document)


@pytest.mark.parametrize("value", WRONG, ids=str)
@pytest.mark.parametrize("document", [OPENAPI, SWAGGER], ids=["openapi", "swagger"])
def test_every_place_bears_every_kind_of_value(document: Document, value: Any) -> None:
    for way in places(document):
        try:
            go_all_the_way(replaced(document, way, value))
        except BadRequestError:
            continue
