"""Definitions go in as OpenAPI 3 or Swagger 2.0 and come out as either; merged into an API or in the place of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import yaml
from api_gateway_helpers import any_method, document, operation
from control_plane_helpers import assert_bad_request, assert_not_found, assert_not_served

MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200", "responseTemplates": {"text/html": "<p>"}}},
    "passthroughBehavior": "when_no_match",
}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "pets", "version": "1.0"},
    "host": "example.com",
    "basePath": "/base",
    "paths": {
        "/pets": {
            "post": {
                "operationId": "CreatePet",
                "consumes": ["application/json"],
                "produces": ["application/json"],
                "parameters": [
                    {"name": "type", "in": "query", "required": False, "type": "string"},
                    {"in": "body", "name": "Pet", "required": True, "schema": {"$ref": "#/definitions/Pet"}},
                ],
                "responses": {
                    "200": {
                        "description": "200 response",
                        "schema": {"$ref": "#/definitions/Pets"},
                        "headers": {"X-Own": {"type": "string"}},
                    }
                },
                "security": [{"api_key": []}],
                "x-amazon-apigateway-integration": {
                    "type": "http",
                    "httpMethod": "POST",
                    "uri": "http://example.com/pets",
                    "responses": {"default": {"statusCode": "200"}},
                    "passthroughBehavior": "when_no_match",
                },
            }
        }
    },
    "securityDefinitions": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
    "definitions": {
        "Pet": {"type": "object", "properties": {"id": {"type": "integer"}}},
        "Pets": {"type": "array", "items": {"$ref": "#/definitions/Pet"}},
    },
}


@pytest.fixture
def imported(client: Any) -> Iterator[Any]:
    """Imports documents, and removes the APIs after the test."""
    made: list[str] = []

    def import_(body: bytes, **options: Any) -> str:
        made.append(client.import_rest_api(body=body, **options)["id"])
        return made[-1]

    yield import_
    for api_id in made:
        client.delete_rest_api(restApiId=api_id)


def exported(client: Any, api_id: str, kind: str = "oas30", **options: Any) -> dict[str, Any]:
    client.create_deployment(restApiId=api_id, stageName="dev")
    answer = client.get_export(restApiId=api_id, stageName="dev", exportType=kind, **options)
    return dict(json.loads(answer["body"].read()))


def swagger() -> bytes:
    return json.dumps(SWAGGER).encode()


def test_swagger_comes_out_as_it_went_in(client: Any, imported: Any) -> None:
    api_id = imported(swagger())
    out = exported(client, api_id, "swagger", parameters={"extensions": "apigateway"})
    assert (out.pop("host"), out.pop("basePath"), out.pop("schemes")) == (
        f"{api_id}.execute-api.us-east-1.amazonaws.com",
        "/dev",
        ["https"],
    )
    assert out == {key: value for key, value in SWAGGER.items() if key not in ("host", "basePath")}


def test_swagger_is_read_as_amazons_methods_and_models(client: Any, imported: Any) -> None:
    api_id = imported(swagger())
    (pets,) = [item for item in client.get_resources(restApiId=api_id)["items"] if item["path"] == "/pets"]
    method = client.get_method(restApiId=api_id, resourceId=pets["id"], httpMethod="POST")
    assert (method["operationName"], method["apiKeyRequired"]) == ("CreatePet", True)
    assert method["requestParameters"] == {"method.request.querystring.type": False}
    assert method["requestModels"] == {"application/json": "Pet"}
    assert method["methodResponses"]["200"] == {
        "statusCode": "200",
        "responseParameters": {"method.response.header.X-Own": False},
        "responseModels": {"application/json": "Pets"},
    }
    model = json.loads(client.get_model(restApiId=api_id, modelName="Pets")["schema"])
    assert model["items"] == {"$ref": f"https://apigateway.amazonaws.com/restapis/{api_id}/models/Pet"}


def test_openapi_has_amazons_extensions_only_if_asked_for(client: Any, imported: Any) -> None:
    body = document({"/a": {"get": {"x-amazon-apigateway-integration": MOCK, "responses": {}}}})
    api_id = imported(body)
    plain = exported(client, api_id)
    assert (plain["openapi"], plain["info"], plain["paths"]) == (
        "3.0.1",
        {"title": "test", "version": "1"},
        {"/a": {"get": {"responses": {}}}},
    )
    server = {
        "url": f"https://{api_id}.execute-api.us-east-1.amazonaws.com/{{basePath}}",
        "variables": {"basePath": {"default": "dev"}},
    }
    assert plain["servers"] == [server]
    whole = exported(client, api_id, parameters={"extensions": "integrations"})
    assert whole["paths"]["/a"]["get"]["x-amazon-apigateway-integration"] == MOCK


def test_methods_for_any_verb_are_in_every_export(client: Any, imported: Any) -> None:
    api_id = imported(document({"/a": any_method("http://127.0.0.1:1/")}))
    for kind in ("oas30", "swagger"):
        assert list(exported(client, api_id, kind)["paths"]["/a"]) == ["x-amazon-apigateway-any-method"]


def test_an_export_is_of_what_is_deployed_and_imports_again(client: Any, imported: Any) -> None:
    api_id = imported(swagger())
    first = exported(client, api_id, parameters={"extensions": "apigateway"})
    again = imported(json.dumps(first).encode())
    second = exported(client, again, parameters={"extensions": "apigateway"})
    assert {**first, "servers": None} == {**second, "servers": None}
    root = client.get_rest_api(restApiId=api_id)["rootResourceId"]
    client.create_resource(restApiId=api_id, parentId=root, pathPart="undeployed")
    export = client.get_export(restApiId=api_id, stageName="dev", exportType="oas30")
    assert "/undeployed" not in json.loads(export["body"].read())["paths"]


def test_an_export_is_a_file_in_json_or_yaml(client: Any, imported: Any) -> None:
    api_id = imported(swagger())
    client.create_deployment(restApiId=api_id, stageName="dev")
    export = partial(client.get_export, restApiId=api_id, stageName="dev", exportType="oas30")
    answer = export(accepts="application/yaml")
    assert yaml.safe_load(answer["body"].read())["info"]["title"] == "pets"
    told = (answer["contentType"], answer["contentDisposition"])
    assert told == ("application/octet-stream", 'attachment; filename="oas30_1.0.yaml"')
    assert export()["contentDisposition"] == 'attachment; filename="oas30_1.0.json"'


def test_an_export_that_cannot_be_is_refused(client: Any, imported: Any) -> None:
    api_id = imported(swagger())
    export = partial(client.get_export, restApiId=api_id)
    assert_not_found(export, "Invalid stage identifier specified", stageName="nope", exportType="oas30")
    client.create_deployment(restApiId=api_id, stageName="dev")
    assert_bad_request(export, "nope", stageName="dev", exportType="nope")
    assert_bad_request(export, "text/html", stageName="dev", exportType="oas30", accepts="text/html")
    bad = {"extensions": "nope"}
    assert_bad_request(export, "nope", stageName="dev", exportType="oas30", parameters=bad)


def test_merging_adds_and_replaces_methods_and_keeps_the_others(client: Any, imported: Any) -> None:
    old = {"/a": {"get": operation("http://127.0.0.1:1/a"), "put": operation("http://127.0.0.1:1/a")}}
    api_id = imported(document(old))
    new = {"/a": {"get": operation("http://127.0.0.1:1/new")}, "/b": {"get": operation("http://127.0.0.1:1/b")}}
    client.put_rest_api(restApiId=api_id, mode="merge", body=document(new))
    items = client.get_resources(restApiId=api_id, embed=["methods"])["items"]
    uris = {
        (item["path"], verb): method["methodIntegration"]["uri"]
        for item in items
        for verb, method in item.get("resourceMethods", {}).items()
    }
    assert uris == {
        ("/a", "GET"): "http://127.0.0.1:1/new",
        ("/a", "PUT"): "http://127.0.0.1:1/a",
        ("/b", "GET"): "http://127.0.0.1:1/b",
    }
    client.put_rest_api(restApiId=api_id, mode="overwrite", body=document(new))
    paths = {
        item["path"]: list(item.get("resourceMethods", [])) for item in client.get_resources(restApiId=api_id)["items"]
    }
    assert paths == {"/": [], "/a": ["GET"], "/b": ["GET"]}


def test_shared_parts_of_a_document_are_read_where_they_are_referred_to(client: Any, imported: Any) -> None:
    shared = {
        "parameters": {"name": {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}},
        "schemas": {"Row": {"type": "object"}},
        "requestBodies": {"Row": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Row"}}}}},
    }
    item = {
        "parameters": [{"$ref": "#/components/parameters/name"}],
        "put": {**operation("http://127.0.0.1:1/"), "requestBody": {"$ref": "#/components/requestBodies/Row"}},
    }
    validators = {"all": {"validateRequestBody": True, "validateRequestParameters": True}}
    more = {
        "components": shared,
        "x-amazon-apigateway-request-validators": validators,
        "x-amazon-apigateway-request-validator": "all",
    }
    api_id = imported(document({"/{name}/": item}, **more))
    (found,) = [item for item in client.get_resources(restApiId=api_id)["items"] if item["path"] == "/{name}"]
    method = client.get_method(restApiId=api_id, resourceId=found["id"], httpMethod="PUT")
    (validator,) = client.get_request_validators(restApiId=api_id)["items"]
    assert method["requestParameters"] == {"method.request.path.name": True}
    assert method["requestModels"] == {"application/json": "Row"}
    assert (method["requestValidatorId"], validator["name"]) == (validator["id"], "all")


def test_a_base_path_cannot_be_prepended_here(client: Any) -> None:
    assert_not_served(client.import_rest_api, "basepath", body=swagger(), parameters={"basepath": "prepend"})
