"""Control plane: what a method's request goes to, and what is made of the answers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sandbox.servers.api_gateway.document import INTEGRATION, Method, section
from sandbox.servers.api_gateway.integration_shape import (
    read_integration,
    read_integration_response,
    remove_integration_response,
    write_integration,
    write_integration_response,
)
from sandbox.servers.api_gateway.integrations import check_integration
from sandbox.servers.api_gateway.method_shape import REQUEST, read_method, read_method_response
from sandbox.servers.api_gateway.operations_methods import INVALID_MAPPING
from sandbox.servers.api_gateway.patches import ENTRY, FLAG, MEMBER, VALUE, Field, patched
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError, ConflictError, NotFoundError, NotImplementedOperationError
from sandbox.servers.aws.rest_json import Params

REQUEST_SOURCE = re.compile(r"^method\.request\.(multivalue)?(path|querystring|header)\.")


def _milliseconds(text: str | None) -> int:
    if not str(text).isdigit():
        raise BadRequestError("Timeout should be between 50 ms and 29000 ms")
    return int(str(text))


PATCHES = {
    **dict.fromkeys(("/uri", "/httpMethod", "/credentials", "/passthroughBehavior", "/contentHandling"), VALUE),
    **dict.fromkeys(("/cacheNamespace", "/connectionType", "/connectionId"), VALUE),
    "/timeoutInMillis": Field(read=_milliseconds),
    "/tlsConfig/insecureSkipVerification": FLAG,
    "/requestParameters/*": ENTRY,
    "/requestTemplates/*": ENTRY,
    "/cacheKeyParameters/*": MEMBER,
}
RESPONSE_PATCHES = {
    "/selectionPattern": VALUE,
    "/contentHandling": VALUE,
    "/responseParameters/*": ENTRY,
    "/responseTemplates/*": ENTRY,
}


def put_integration(state: State, params: Params) -> Params:
    """The integration of a method, in the place of the one that it had."""
    api = state.draft_of_resource(params["restApiId"])
    path, verb = api.path(params["resourceId"]), params["httpMethod"]
    api.operation(path, verb).pop(INTEGRATION, None)
    wanted = {**params, "httpMethod": params.get("integrationHttpMethod")}
    return _save(state, api, path, verb, wanted)


def _save(state: State, api: Api, path: str, verb: str, integration: Params) -> Params:
    operation = api.operation(path, verb)
    _check(api, path, verb, integration)
    write_integration(api, path, operation, integration)
    for fault in check_integration(Method(path, verb, False, operation[INTEGRATION], operation)):
        raise BadRequestError(fault)
    state.save_api(api)
    return read_integration(api, path, operation) or {}


def _check(api: Api, path: str, verb: str, integration: Params) -> None:
    if integration["type"] == "AWS_PROXY":
        raise NotImplementedOperationError("Integrations of type AWS_PROXY are not served here")
    declared = read_method(api, path, verb, api.operation(path, verb))["requestParameters"] or {}
    several = [name.replace(REQUEST, f"{REQUEST}multivalue") for name in declared]
    sources = (integration.get("requestParameters") or {}).values()
    _check_declared([name for name in sources if REQUEST_SOURCE.match(name)], [*declared, *several])


def _check_declared(names: Iterable[str], declared: Iterable[str]) -> None:
    for name in names:
        if name not in declared:
            fault = f"Invalid mapping expression parameter specified: {name}"
            raise BadRequestError(INVALID_MAPPING.format(fault))


def get_integration(state: State, params: Params) -> Params:
    """The integration of a method."""
    api = state.api_of_resource(params["restApiId"])
    return _known(api, params)


def _known(api: Api, params: Params) -> Params:
    path, verb = api.path(params["resourceId"]), params["httpMethod"]
    api.integration(path, verb)
    return read_integration(api, path, api.operation(path, verb)) or {}


def update_integration(state: State, params: Params) -> Params:
    """Patch a method's integration."""
    api = state.draft_of_resource(params["restApiId"])
    changed = patched(_known(api, params), params.get("patchOperations", []), PATCHES)
    return _save(state, api, api.path(params["resourceId"]), params["httpMethod"], changed)


def delete_integration(state: State, params: Params) -> Params:
    """Take the integration from a method, and its responses with it."""
    api = state.draft_of_resource(params["restApiId"])
    path, verb = api.path(params["resourceId"]), params["httpMethod"]
    api.integration(path, verb)
    del api.operation(path, verb)[INTEGRATION]
    state.save_api(api)
    return {}


def put_integration_response(state: State, params: Params) -> Params:
    """What the client gets for those answers of the back end that match `selectionPattern` (by default: the rest)."""
    api = state.draft_of_resource(params["restApiId"])
    return _save_response(state, api, params, params)


def _save_response(state: State, api: Api, params: Params, response: Params) -> Params:
    path, verb = api.path(params["resourceId"]), params["httpMethod"]
    integration, operation = api.integration(path, verb), api.operation(path, verb)
    pattern = response.get("selectionPattern") or "default"
    holder = section(integration, "responses").get(pattern)
    if holder is not None and str(holder.get("statusCode")) != response["statusCode"]:
        raise ConflictError(f"Integration response with selection pattern {pattern} already exists")
    declared = read_method_response(operation, response["statusCode"])["responseParameters"] or {}
    _check_declared(response.get("responseParameters") or {}, declared)
    write_integration_response(integration, response)
    state.save_api(api)
    return read_integration_response(integration, pattern)


def get_integration_response(state: State, params: Params) -> Params:
    """The response of an integration with a status code."""
    return _known_response(state.api_of_resource(params["restApiId"]), params)


def _known_response(api: Api, params: Params) -> Params:
    found = (_known(api, params)["integrationResponses"] or {}).get(params["statusCode"])
    if found is None:
        raise NotFoundError("Invalid Response status code specified")
    response: Params = found
    return response


def update_integration_response(state: State, params: Params) -> Params:
    """Patch a response of an integration."""
    api = state.draft_of_resource(params["restApiId"])
    changed = patched(_known_response(api, params), params.get("patchOperations", []), RESPONSE_PATCHES)
    return _save_response(state, api, params, changed)


def delete_integration_response(state: State, params: Params) -> Params:
    """Take a response from an integration."""
    api = state.draft_of_resource(params["restApiId"])
    _known_response(api, params)
    integration = api.integration(api.path(params["resourceId"]), params["httpMethod"])
    remove_integration_response(integration, params["statusCode"])
    state.save_api(api)
    return {}


OPERATIONS = {
    "PutIntegration": put_integration,
    "GetIntegration": get_integration,
    "UpdateIntegration": update_integration,
    "DeleteIntegration": delete_integration,
    "PutIntegrationResponse": put_integration_response,
    "GetIntegrationResponse": get_integration_response,
    "UpdateIntegrationResponse": update_integration_response,
    "DeleteIntegrationResponse": delete_integration_response,
}
