"""Control plane: the methods of a resource and the responses that they declare."""

from __future__ import annotations

from typing import Any

from sandbox.servers.api_gateway.document import section, verb_key
from sandbox.servers.api_gateway.method_shape import (
    IN,
    REQUEST,
    RESPONSE_HEADER,
    read_method,
    read_method_response,
    write_method,
    write_method_response,
)
from sandbox.servers.api_gateway.patches import ENTRY, FLAG, VALUE, Field, flag, patched
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError, ConflictError, NotFoundError, NotImplementedOperationError
from sandbox.servers.aws.rest_json import Params

METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
FLAG_ENTRY = Field(ENTRY.operations, flag)
PATCHES = {
    "/authorizationType": VALUE,
    "/authorizerId": VALUE,
    "/apiKeyRequired": FLAG,
    "/operationName": VALUE,
    "/requestValidatorId": VALUE,
    "/requestParameters/*": FLAG_ENTRY,
    "/requestModels/*": ENTRY,
}
RESPONSE_PATCHES = {"/responseParameters/*": FLAG_ENTRY, "/responseModels/*": ENTRY}
INVALID_MAPPING = "Invalid mapping expression specified: Validation Result: warnings : [], errors : [{}]"


def put_method(state: State, params: Params) -> Params:
    """A method of a resource."""
    api = state.draft_of_resource(params["restApiId"])
    path, verb = api.path(params["resourceId"]), params["httpMethod"]
    if verb not in METHODS:
        raise BadRequestError(f"Invalid HttpMethod specified. Valid options are {','.join(METHODS)}")
    if verb_key(verb) in section(api.document, "paths", path):
        raise ConflictError("Method already exists for this resource")
    _check_method(api, params)
    operation: dict[str, Any] = {}
    write_method(api, operation, params)
    api.document["paths"].setdefault(path, {})[verb_key(verb)] = operation
    state.save_api(api)
    return read_method(api, path, verb, operation)


def _check_method(api: Api, method: Params) -> None:
    """Raises as Amazon does for a method that cannot be."""
    _check_authorization(method["authorizationType"])
    validator = method.get("requestValidatorId")
    if validator and validator not in api.validator_ids.values():
        raise BadRequestError("Invalid Request Validator identifier specified")
    _check_request_parameters(list(method.get("requestParameters") or {}))
    _check_models(api, method.get("requestModels") or {})


def _check_authorization(kind: str) -> None:
    if kind in ("CUSTOM", "COGNITO_USER_POOLS"):
        raise BadRequestError(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires "
            "a valid authorizer."
        )
    if kind == "AWS_IAM":
        raise NotImplementedOperationError("Methods with authorization type AWS_IAM are not served here; NONE is")
    if kind != "NONE":
        raise BadRequestError(
            "Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS"
        )


def _check_request_parameters(names: list[str]) -> None:
    parts = [name.removeprefix(REQUEST).partition(".") for name in names if name.startswith(REQUEST)]
    for name in names:
        place, _, own_name = name.removeprefix(REQUEST).partition(".")
        if not name.startswith(REQUEST) or place not in IN or not own_name:
            fault = f"Invalid mapping expression parameter specified: {name}"
            raise BadRequestError(INVALID_MAPPING.format(fault))
    if len({own_name for _, _, own_name in parts}) < len(parts):
        raise BadRequestError("Parameter names must be unique across querystring, header and path")


def _check_models(api: Api, models: dict[str, str]) -> None:
    for name in models.values():
        if name not in api.models:
            raise BadRequestError(f"Invalid model identifier specified: {name}")


def get_method(state: State, params: Params) -> Params:
    """One method."""
    api = state.api_of_resource(params["restApiId"])
    path, verb = api.path(params["resourceId"]), params["httpMethod"]
    return read_method(api, path, verb, api.operation(path, verb))


def update_method(state: State, params: Params) -> Params:
    """Patch a method's key, name, validator, parameters or models."""
    api = state.draft_of_resource(params["restApiId"])
    path, verb = api.path(params["resourceId"]), params["httpMethod"]
    operation = api.operation(path, verb)
    changed = patched(read_method(api, path, verb, operation), params.get("patchOperations", []), PATCHES)
    _check_method(api, changed)
    write_method(api, operation, changed)
    state.save_api(api)
    return read_method(api, path, verb, operation)


def delete_method(state: State, params: Params) -> Params:
    """Remove a method with its integration and responses."""
    api = state.draft_of_resource(params["restApiId"])
    path, verb = api.path(params["resourceId"]), params["httpMethod"]
    api.operation(path, verb)
    del api.document["paths"][path][verb_key(verb)]
    state.save_api(api)
    return {}


def put_method_response(state: State, params: Params) -> Params:
    """A response that a method declares."""
    api = state.draft_of_resource(params["restApiId"])
    operation = api.operation(api.path(params["resourceId"]), params["httpMethod"])
    if params["statusCode"] in section(operation, "responses"):
        raise ConflictError("Response already exists for this resource")
    return _save_response(state, api, operation, params)


def _save_response(state: State, api: Api, operation: Params, response: Params) -> Params:
    for name in response.get("responseParameters") or {}:
        if not name.startswith(RESPONSE_HEADER):
            fault = f"Invalid mapping expression parameter specified: {name}"
            raise BadRequestError(INVALID_MAPPING.format(fault))
    _check_models(api, response.get("responseModels") or {})
    write_method_response(operation, response)
    state.save_api(api)
    return read_method_response(operation, response["statusCode"])


def get_method_response(state: State, params: Params) -> Params:
    """One of a method's declared responses."""
    api = state.api_of_resource(params["restApiId"])
    operation = api.operation(api.path(params["resourceId"]), params["httpMethod"])
    return _response(operation, params["statusCode"])


def _response(operation: Params, status: str) -> Params:
    if status not in section(operation, "responses"):
        raise NotFoundError("Invalid Response status code specified")
    return read_method_response(operation, status)


def update_method_response(state: State, params: Params) -> Params:
    """Patch the headers or models of a declared response."""
    api = state.draft_of_resource(params["restApiId"])
    operation = api.operation(api.path(params["resourceId"]), params["httpMethod"])
    known = _response(operation, params["statusCode"])
    changed = patched(known, params.get("patchOperations", []), RESPONSE_PATCHES)
    return _save_response(state, api, operation, changed)


def delete_method_response(state: State, params: Params) -> Params:
    """Take a declared response from a method."""
    api = state.draft_of_resource(params["restApiId"])
    operation = api.operation(api.path(params["resourceId"]), params["httpMethod"])
    _response(operation, params["statusCode"])
    del operation["responses"][params["statusCode"]]
    state.save_api(api)
    return {}


OPERATIONS = {
    "PutMethod": put_method,
    "GetMethod": get_method,
    "UpdateMethod": update_method,
    "DeleteMethod": delete_method,
    "PutMethodResponse": put_method_response,
    "GetMethodResponse": get_method_response,
    "UpdateMethodResponse": update_method_response,
    "DeleteMethodResponse": delete_method_response,
}
