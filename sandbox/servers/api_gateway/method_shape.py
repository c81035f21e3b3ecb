"""A method and its responses: Amazon's shape of them, read from an OpenAPI operation and written into one."""

from __future__ import annotations

from typing import Any

from sandbox.servers.api_gateway.document import API_KEY_HEADER, Document, mappings, needs_api_key, section
from sandbox.servers.api_gateway.extensions import REQUEST_VALIDATOR
from sandbox.servers.api_gateway.integration_shape import read_integration
from sandbox.servers.api_gateway.schemas import model_name, model_reference
from sandbox.servers.api_gateway.state import Api

Record = dict[str, Any]
PLACES = {"path": "path", "query": "querystring", "header": "header"}
IN = {place: where for where, place in PLACES.items()}
API_KEY_SCHEME = "api_key"
REQUEST, RESPONSE_HEADER = "method.request.", "method.response.header."


def read_method(api: Api, path: str, verb: str, operation: Record) -> Record:
    """Amazon's Method of an operation (`verb` is `ANY` or an HTTP method in capitals)."""
    responses = {status: read_method_response(operation, status) for status in section(operation, "responses")}
    return {
        "httpMethod": verb,
        "authorizationType": "NONE",
        "apiKeyRequired": needs_api_key(api.document, operation),
        "operationName": operation.get("operationId"),
        "requestParameters": _request_parameters(operation) or None,
        "requestModels": _models(section(operation, "requestBody")) or None,
        "requestValidatorId": api.validator_ids.get(operation.get(REQUEST_VALIDATOR, "")),
        "methodResponses": {status: response for status, response in responses.items() if status.isdigit()} or None,
        "methodIntegration": read_integration(api, path, operation),
    }


def _request_parameters(operation: Record) -> dict[str, bool]:
    """Amazon's names of the parameters, and whether they are required."""
    return {
        f"{REQUEST}{PLACES[item['in']]}.{item['name']}": bool(item.get("required"))
        for item in mappings(operation.get("parameters"))
        if item.get("in") in PLACES and "name" in item
    }


def _models(holder: Record) -> dict[str, str]:
    """Model names by content type, of a request body or response."""
    named = {kind: model_name(section(media, "schema")) for kind, media in section(holder, "content").items()}
    return {kind: name for kind, name in named.items() if name is not None}


def write_method(api: Api, operation: Record, method: Record) -> None:
    """Put Amazon's Method into an operation; what a method does not say (responses, integration) stays as it is."""
    _set(operation, "operationId", method.get("operationName"))
    _set(operation, "parameters", [_parameter(*item) for item in (method.get("requestParameters") or {}).items()])
    content = _content(method.get("requestModels") or {})
    _set(operation, "requestBody", {"content": content, "required": True} if content else None)
    names = {identifier: name for name, identifier in api.validator_ids.items()}
    _set(operation, REQUEST_VALIDATOR, names.get(method.get("requestValidatorId") or ""))
    _require_api_key(api.document, operation, bool(method.get("apiKeyRequired")))


def _parameter(name: str, required: bool) -> Record:
    place, _, own_name = name.removeprefix(REQUEST).partition(".")
    return {"name": own_name, "in": IN[place], "required": required, "schema": {"type": "string"}}


def _content(models: dict[str, str]) -> Record:
    return {kind: {"schema": {"$ref": model_reference(name)}} for kind, name in models.items()}


def _require_api_key(document: Document, operation: Record, required: bool) -> None:
    if required == needs_api_key(document, operation):
        return
    _set(operation, "security", [{API_KEY_SCHEME: []}] if required else None)
    if required:
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes[API_KEY_SCHEME] = {"type": "apiKey", "name": API_KEY_HEADER, "in": "header"}


def read_method_response(operation: Record, status: str) -> Record:
    """Amazon's MethodResponse of one of an operation's responses."""
    response = section(operation, "responses", status)
    headers = {
        RESPONSE_HEADER + name: bool(section(header).get("required"))
        for name, header in section(response, "headers").items()
    }
    return {"statusCode": status, "responseParameters": headers or None, "responseModels": _models(response) or None}


def write_method_response(operation: Record, response: Record) -> None:
    """Put Amazon's MethodResponse into an operation."""
    status = response["statusCode"]
    written: Record = {"description": f"{status} response"}
    headers = {
        name.removeprefix(RESPONSE_HEADER): _header(required)
        for name, required in (response.get("responseParameters") or {}).items()
    }
    _set(written, "headers", headers)
    _set(written, "content", _content(response.get("responseModels") or {}))
    operation.setdefault("responses", {})[status] = written


def _header(required: bool) -> Record:
    return {**({"required": True} if required else {}), "schema": {"type": "string"}}


def _set(holder: Record, key: str, value: Any) -> None:
    """Hold the value, or nothing where there is none."""
    holder.pop(key, None)
    if value:
        holder[key] = value
