"""Control plane: REST APIs, made empty or imported."""

from __future__ import annotations

import copy
from time import time
from typing import Any

from sandbox.servers.api_gateway.document import Document
from sandbox.servers.api_gateway.document_check import check
from sandbox.servers.api_gateway.document_import import merged, read_document
from sandbox.servers.api_gateway.identifiers import new_id
from sandbox.servers.api_gateway.operations_models import add_default_models
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.patches import FLAG, MEMBER, VALUE, Patch, patched
from sandbox.servers.api_gateway.rest_api_shape import (
    endpoint_configuration,
    read_rest_api,
    write_rest_api,
)
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError, NotImplementedOperationError
from sandbox.servers.aws.rest_json import Params

ENDPOINT_TYPES = "endpointConfigurationTypes"
# The one type of an API is the list's first member, or named by itself: both paths are Amazon's.
ENDPOINT_TYPE_PATHS = tuple(f"/endpointConfiguration/types/{name}" for name in ("0", "EDGE", "REGIONAL", "PRIVATE"))
PATCHES = {
    **dict.fromkeys(("/name", "/description", "/version", "/apiKeySource", "/minimumCompressionSize"), VALUE),
    **dict.fromkeys(("/endpointType", "/endpointConfiguration/ipAddressType"), VALUE),
    "/disableExecuteApiEndpoint": FLAG,
    "/binaryMediaTypes/*": MEMBER,
}


def create_rest_api(state: State, params: Params) -> Params:
    """An API with nothing but its root resource and Amazon's two models, or a clone of another API's definition."""
    if params.get("description") == "":
        raise BadRequestError("Description cannot be an empty string")
    _refuse_unserved(params)
    api = _new(state)
    if "cloneFrom" in params:
        api.replace_document(copy.deepcopy(state.api(params["cloneFrom"]).document))
    else:
        api.replace_document({"openapi": "3.0.1", "info": {}, "paths": {}})
        add_default_models(api)
    api.summary["endpointConfiguration"] = endpoint_configuration(params.get("endpointConfiguration") or {})
    api.summary["tags"] = params.get("tags")
    _describe(api, params)
    state.save_api(api)
    return api.summary


def _new(state: State) -> Api:
    return Api(summary={"id": new_id(10, state.apis), "createdDate": int(time())}, document={})


def _refuse_unserved(fields: Params) -> None:
    if fields.get("policy"):
        raise NotImplementedOperationError("Resource policies are not served here")
    if fields.get("apiKeySource") == "AUTHORIZER":
        raise NotImplementedOperationError("API keys from an authorizer are not served here: apiKeySource is HEADER")


def _describe(api: Api, fields: Params) -> None:
    write_rest_api(api.document, fields)
    api.summary.update(read_rest_api(api.document))


def import_rest_api(state: State, params: Params) -> Params:
    """A new API from an OpenAPI 3 or Swagger 2.0 document."""
    document = read_document(params["body"])
    warnings = check(document, params.get("failOnWarnings", False))
    api = _new(state)
    _take(api, document, params)
    state.save_api(api)
    return {**api.summary, "warnings": warnings or None}


def put_rest_api(state: State, params: Params) -> Params:
    """Merge a document into an API's definition, or overwrite it. What is deployed stays as it is."""
    api = state.draft(params["restApiId"])
    document = read_document(params["body"])
    if params.get("mode", "merge") == "merge":
        document = merged(api.document, document)
    warnings = check(document, params.get("failOnWarnings", False))
    _take(api, document, params)
    state.save_api(api)
    return {**api.summary, "warnings": warnings or None}


def _take(api: Api, document: Document, params: Params) -> None:
    options = params.get("parameters") or {}
    if options.get("basepath", "ignore") != "ignore":
        raise NotImplementedOperationError("Imports with basepath=prepend or split are not served here")
    types = options.get(ENDPOINT_TYPES)
    known = api.summary.get("endpointConfiguration")
    api.summary["endpointConfiguration"] = endpoint_configuration({"types": [types]} if types else known or {})
    api.replace_document(document)
    api.summary.update(read_rest_api(document))


def get_rest_api(state: State, params: Params) -> Params:
    """One API."""
    return state.api(params["restApiId"]).summary


def get_rest_apis(state: State, params: Params) -> Params:
    """All APIs, a page at a time."""
    return page([api.summary for api in state.apis.values()], params)


def update_rest_api(state: State, params: Params) -> Params:
    """Patch an API's name, description and settings."""
    api = state.draft(params["restApiId"])
    patches = [_with_endpoint_type(patch) for patch in params.get("patchOperations", [])]
    known = {**api.summary, "endpointType": api.summary["endpointConfiguration"]["types"][0]}
    changed = patched(known, patches, PATCHES)
    _refuse_unserved(changed)
    api.summary["endpointConfiguration"] = _endpoint(changed, known)
    _describe(api, changed)
    state.save_api(api)
    return api.summary


def _with_endpoint_type(patch: Patch) -> Patch:
    if patch.get("path") == "/policy" and patch.get("value"):
        raise NotImplementedOperationError("Resource policies are not served here")
    return {**patch, "path": "/endpointType"} if patch.get("path") in ENDPOINT_TYPE_PATHS else patch


def _endpoint(changed: Params, known: Params) -> dict[str, Any]:
    """The endpoint configuration; a new type brings its own address type, unless that is patched too."""
    wanted = {**changed["endpointConfiguration"], "types": [changed["endpointType"]]}
    old = known["endpointConfiguration"]
    if wanted["types"] != old["types"] and wanted.get("ipAddressType") == old.get("ipAddressType"):
        wanted["ipAddressType"] = None
    return endpoint_configuration(wanted)


def delete_rest_api(state: State, params: Params) -> Params:
    """Remove an API with all that belongs to it."""
    state.delete_api(params["restApiId"])
    return {}


OPERATIONS = {
    "CreateRestApi": create_rest_api,
    "ImportRestApi": import_rest_api,
    "PutRestApi": put_rest_api,
    "GetRestApi": get_rest_api,
    "GetRestApis": get_rest_apis,
    "UpdateRestApi": update_rest_api,
    "DeleteRestApi": delete_rest_api,
}
