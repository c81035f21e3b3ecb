"""Swagger 2.0 read as OpenAPI 3: the same paths, models and extensions, each where OpenAPI 3 has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.servers.api_gateway.document import ANY_METHOD, VERBS, Document, mappings, section, texts
from sandbox.servers.api_gateway.schemas import REFERENCE, moved_references

DEFINITIONS = "#/definitions/"
JSON = "application/json"
# What describes a parameter or header itself; in OpenAPI 3 the rest is its schema.
ABOUT_ITSELF = ("name", "in", "required", "description")
REPLACED = (
    "swagger", "host", "basePath", "schemes", "consumes", "produces", "definitions", "parameters", "responses",
    "securityDefinitions",
)  # fmt: skip


def from_swagger(document: Document) -> Document:
    """The document as OpenAPI 3. `host`, `basePath` and `schemes` have no meaning to an import and are left out."""
    inlined = _inlined(document, document)
    moved = moved_references(inlined, DEFINITIONS, REFERENCE)
    return {
        "openapi": "3.0.1",
        **{key: value for key, value in moved.items() if key not in REPLACED},
        "paths": {path: _item(moved, section(item)) for path, item in section(moved, "paths").items()},
        "components": {
            "schemas": section(moved, "definitions"),
            "securitySchemes": section(moved, "securityDefinitions"),
        },
    }


def _inlined(document: Document, value: Any, depth: int = 0) -> Any:
    """A copy with the shared parameters and responses in the places where they are referred to."""
    if isinstance(value, list):
        return [_inlined(document, item, depth) for item in value]
    if not isinstance(value, dict):
        return value
    reference = str(value.get("$ref", ""))
    if reference.startswith(("#/parameters/", "#/responses/")) and depth == 0:
        return _inlined(document, section(document, *reference[2:].split("/")), depth + 1)
    return {key: _inlined(document, item, depth) for key, item in value.items()}


def _item(document: Document, item: dict[str, Any]) -> dict[str, Any]:
    shared = mappings(item.get("parameters"))
    return {
        key: _operation(document, section(value), shared) if key in VERBS or key == ANY_METHOD else value
        for key, value in item.items()
        if key != "parameters"
    }


def _operation(document: Document, operation: dict[str, Any], shared: Iterable[dict[str, Any]]) -> dict[str, Any]:
    consumes = texts(operation.get("consumes")) or texts(document.get("consumes")) or [JSON]
    produces = texts(operation.get("produces")) or texts(document.get("produces")) or [JSON]
    replaced = ("consumes", "produces", "parameters", "responses", "schemes")
    own = {key: value for key, value in operation.items() if key not in replaced}
    given = [*shared, *mappings(operation.get("parameters"))]
    own["parameters"] = [_with_schema(item) for item in given if item.get("in") in ["path", "query", "header"]]
    for body in (item for item in given if item.get("in") == "body"):
        content = {kind: {"schema": section(body, "schema")} for kind in consumes}
        own["requestBody"] = {"content": content, "required": bool(body.get("required"))}
    responses = section(operation, "responses").items()
    own["responses"] = {status: _response(section(response), produces) for status, response in responses}
    return own


def _with_schema(item: dict[str, Any]) -> dict[str, Any]:
    about = {key: value for key, value in item.items() if key in ABOUT_ITSELF}
    return {**about, "schema": {key: value for key, value in item.items() if key not in ABOUT_ITSELF}}


def _response(response: dict[str, Any], produces: Iterable[str]) -> dict[str, Any]:
    own = {key: value for key, value in response.items() if key not in ("schema", "headers")}
    if "schema" in response:
        own["content"] = {kind: {"schema": response["schema"]} for kind in produces}
    if "headers" in response:
        own["headers"] = {name: _with_schema(section(item)) for name, item in section(response, "headers").items()}
    return own
