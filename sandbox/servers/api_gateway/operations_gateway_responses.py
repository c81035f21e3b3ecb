"""Control plane: the answers that the gateway itself gives."""

from __future__ import annotations

from sandbox.servers.api_gateway.extensions import GATEWAY_RESPONSES
from sandbox.servers.api_gateway.gateway_response_shape import (
    STATUS,
    is_defined,
    read_gateway_response,
    write_gateway_response,
)
from sandbox.servers.api_gateway.operations_methods import INVALID_MAPPING
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.patches import ENTRY, VALUE, patched
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError, NotFoundError
from sandbox.servers.aws.rest_json import Params

PATCHES = {"/statusCode": VALUE, "/responseParameters/*": ENTRY, "/responseTemplates/*": ENTRY}
HEADER = "gatewayresponse.header."
SOURCES = ("'", "method.request.", "context.", "stageVariables.")


def put_gateway_response(state: State, params: Params) -> Params:
    """An API's own answer of a type, in the place of the one that it had."""
    return _save(state, state.draft(params["restApiId"]), params)


def _save(state: State, api: Api, response: Params) -> Params:
    _check(response)
    write_gateway_response(api.document, response)
    state.save_api(api)
    return read_gateway_response(api.document, response["responseType"])


def _check(response: Params) -> None:
    for field in ("responseTemplates", "responseParameters"):
        if not all((response.get(field) or {"": "-"}).values()):
            raise BadRequestError(f"Invalid null or empty value in {field}")
    for name, source in (response.get("responseParameters") or {}).items():
        if not name.startswith(HEADER):
            raise BadRequestError(INVALID_MAPPING.format(f"Invalid mapping expression parameter specified: {name}"))
        if not source.startswith(SOURCES):
            raise BadRequestError(INVALID_MAPPING.format(f"Invalid mapping expression specified: {source}"))


def get_gateway_response(state: State, params: Params) -> Params:
    """The answer of a type, the API's own or Amazon's."""
    return read_gateway_response(state.api(params["restApiId"]).document, params["responseType"])


def get_gateway_responses(state: State, params: Params) -> Params:
    """The answers of all types, a page at a time."""
    document = state.api(params["restApiId"]).document
    return page([read_gateway_response(document, kind) for kind in STATUS], params, key="responseType")


def update_gateway_response(state: State, params: Params) -> Params:
    """Patch the answer of a type; it is the API's own from then on."""
    api = state.draft(params["restApiId"])
    known = read_gateway_response(api.document, params["responseType"])
    return _save(state, api, patched(known, params.get("patchOperations", []), PATCHES))


def delete_gateway_response(state: State, params: Params) -> Params:
    """Go back to Amazon's answer of a type."""
    api = state.draft(params["restApiId"])
    if not is_defined(api.document, params["responseType"]):
        raise NotFoundError("Gateway response type not defined on api")
    del api.document[GATEWAY_RESPONSES][params["responseType"]]
    state.save_api(api)
    return {}


OPERATIONS = {
    "PutGatewayResponse": put_gateway_response,
    "GetGatewayResponse": get_gateway_response,
    "GetGatewayResponses": get_gateway_responses,
    "UpdateGatewayResponse": update_gateway_response,
    "DeleteGatewayResponse": delete_gateway_response,
}
