"""Control plane: REST APIs and their resources."""

from __future__ import annotations

from time import time
from typing import Any

from sandbox.servers.api_gateway.document import Document, Method, mappings, methods, parse, section
from sandbox.servers.api_gateway.document_check import API_KEY_SOURCE, check
from sandbox.servers.api_gateway.identifiers import new_id
from sandbox.servers.api_gateway.integrations import MAX_TIMEOUT_MS
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import NotImplementedOperationError
from sandbox.servers.aws.rest_json import Params

ENDPOINT_TYPES = "endpointConfigurationTypes"


def import_rest_api(state: State, params: Params) -> Params:
    """A new API from an OpenAPI document."""
    document = parse(params["body"])
    warnings = check(document, params.get("failOnWarnings", False))
    api = Api(summary={"id": new_id(10, state.apis), "createdDate": int(time())}, document={})
    _take(api, document, params)
    state.save_api(api)
    return {**api.summary, "warnings": warnings or None}


def put_rest_api(state: State, params: Params) -> Params:
    """Overwrite an API's definition. What is deployed stays as it is."""
    if params.get("mode", "merge") != "overwrite":
        raise NotImplementedOperationError("PutRestApi with mode=merge is not served here: use mode='overwrite'")
    api = state.draft(params["restApiId"])
    document = parse(params["body"])
    warnings = check(document, params.get("failOnWarnings", False))
    _take(api, document, params)
    state.save_api(api)
    return {**api.summary, "warnings": warnings or None}


def _take(api: Api, document: Document, params: Params) -> None:
    info = section(document, "info")
    types = (params.get("parameters") or {}).get(ENDPOINT_TYPES)
    known = api.summary.get("endpointConfiguration", {"types": ["EDGE"]})
    api.summary.update(
        name=str(info["title"]),
        description=info.get("description"),
        version=str(info["version"]) if "version" in info else None,
        apiKeySource=str(document.get(API_KEY_SOURCE, "HEADER")).upper(),
        endpointConfiguration={"types": [types]} if types else known,
        disableExecuteApiEndpoint=False,
    )
    api.replace_document(document)


def get_rest_api(state: State, params: Params) -> Params:
    """One API."""
    return state.api(params["restApiId"]).summary


def get_rest_apis(state: State, params: Params) -> Params:
    """All APIs, a page at a time."""
    return page([api.summary for api in state.apis.values()], params)


def delete_rest_api(state: State, params: Params) -> Params:
    """Remove an API with all that belongs to it."""
    state.delete_api(params["restApiId"])
    return {}


def get_resources(state: State, params: Params) -> Params:
    """The resources of an API; with embed=["methods"] whole methods instead of their names."""
    api = state.api(params["restApiId"])
    whole = "methods" in params.get("embed", [])
    by_path: dict[str, dict[str, Any]] = {}
    for method in methods(api.document):
        shown = _method(method, api.resource_ids[method.path]) if whole else {}
        by_path.setdefault(method.path, {})[method.verb] = shown
    return page([_resource(api, path, by_path.get(path)) for path in api.resource_ids], params)


def _resource(api: Api, path: str, found: dict[str, Any] | None) -> dict[str, Any]:
    resource = {"id": api.resource_ids[path], "path": path, "resourceMethods": found}
    if path == "/":
        return resource
    parent, _, part = path.rpartition("/")
    return {**resource, "parentId": api.resource_ids[parent or "/"], "pathPart": part}


def _method(method: Method, resource_id: str) -> dict[str, Any]:
    places = {"query": "querystring"}
    required = {
        f"method.request.{places.get(item['in'], item['in'])}.{item['name']}": bool(item.get("required"))
        for item in mappings(method.operation.get("parameters"))
        if {"in", "name"} <= item.keys()
    }
    return {
        "httpMethod": method.verb,
        "authorizationType": "NONE",
        "apiKeyRequired": method.api_key_required,
        "operationName": method.operation.get("operationId"),
        "requestParameters": required or None,
        "methodIntegration": _integration(method, resource_id),
    }


def _integration(method: Method, resource_id: str) -> dict[str, Any] | None:
    if method.integration is None:
        return None
    return {
        "type": str(method.integration["type"]).upper(),
        "httpMethod": method.integration.get("httpMethod"),
        "uri": method.integration.get("uri"),
        "connectionType": "INTERNET",
        "requestParameters": method.integration.get("requestParameters"),
        "passthroughBehavior": str(method.integration.get("passthroughBehavior", "when_no_match")).upper(),
        "timeoutInMillis": method.integration.get("timeoutInMillis", MAX_TIMEOUT_MS),
        "cacheNamespace": resource_id,
        "cacheKeyParameters": [],
    }


OPERATIONS = {
    "ImportRestApi": import_rest_api,
    "PutRestApi": put_rest_api,
    "GetRestApi": get_rest_api,
    "GetRestApis": get_rest_apis,
    "DeleteRestApi": delete_rest_api,
    "GetResources": get_resources,
}
