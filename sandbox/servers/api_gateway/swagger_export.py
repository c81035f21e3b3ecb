"""OpenAPI 3 written as Swagger 2.0: the other way of `swagger_import`."""

from __future__ import annotations

from typing import Any

from sandbox.servers.api_gateway.document import ANY_METHOD, INTEGRATION, VERBS, Document, mappings, section
from sandbox.servers.api_gateway.schemas import REFERENCE, model_name, moved_references
from sandbox.servers.api_gateway.swagger_import import ABOUT_ITSELF, DEFINITIONS

REPLACED = ("openapi", "info", "servers", "paths", "components")


def to_swagger(document: Document, source: Document) -> Document:
    """An exported OpenAPI 3 document as Swagger 2.0.

    Args:
        source: the API's own document, whose mapping templates tell what a method consumes and produces.
    """
    server = document["servers"][0]
    paths = section(document, "paths").items()
    written = {
        "swagger": "2.0",
        "info": document["info"],
        "host": server["url"].removeprefix("https://").partition("/")[0],
        "basePath": f"/{server['variables']['basePath']['default']}",
        "schemes": ["https"],
        "paths": {path: _item(section(item), section(source, "paths", path)) for path, item in paths},
        "securityDefinitions": section(document, "components", "securitySchemes"),
        "definitions": section(document, "components", "schemas"),
        **{key: value for key, value in document.items() if key not in REPLACED},
    }
    moved: Document = moved_references({key: value for key, value in written.items() if value}, REFERENCE, DEFINITIONS)
    return moved


def _item(item: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _operation(section(value), section(source, key)) if key in VERBS or key == ANY_METHOD else value
        for key, value in item.items()
    }


def _operation(operation: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in operation.items() if key not in ("parameters", "requestBody", "responses")}
    parameters = [_flat(item) for item in mappings(operation.get("parameters"))]
    body = section(operation, "requestBody")
    written = {
        "consumes": _kinds([section(body, "content"), section(source, INTEGRATION, "requestTemplates")]),
        "produces": _kinds(_produced(source)),
        "parameters": parameters + ([_body(body)] if section(body, "content") else []),
        "responses": {status: _response(section(item)) for status, item in section(operation, "responses").items()},
    }
    return {**{key: value for key, value in written.items() if value or key == "responses"}, **own}


def _kinds(holders: list[dict[str, Any]]) -> list[str]:
    return sorted({kind for holder in holders for kind in holder})


def _produced(source: dict[str, Any]) -> list[dict[str, Any]]:
    declared = [section(response, "content") for response in section(source, "responses").values()]
    integrated = section(source, INTEGRATION, "responses").values()
    return declared + [section(response, "responseTemplates") for response in integrated]


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    about = {key: item[key] for key in ABOUT_ITSELF if key in item}
    needed = {} if item.get("in") is None else {"required": bool(item.get("required"))}
    return {**about, **needed, **(section(item, "schema") or {"type": "string"})}


def _body(body: dict[str, Any]) -> dict[str, Any]:
    schema = next((section(media, "schema") for media in section(body, "content").values()), {})
    name = model_name(schema) or "body"
    return {"in": "body", "name": name, "required": bool(body.get("required")), "schema": schema}


def _response(response: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in response.items() if key not in ("content", "headers")}
    schema = next((section(media, "schema") for media in section(response, "content").values()), None)
    headers = {name: _flat(section(header)) for name, header in section(response, "headers").items()}
    return {**own, **({"schema": schema} if schema else {}), **({"headers": headers} if headers else {})}
