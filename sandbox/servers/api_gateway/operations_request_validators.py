"""Control plane: request validators, kept as the document's `x-amazon-apigateway-request-validators`."""

from __future__ import annotations

from sandbox.servers.api_gateway.document import methods, section
from sandbox.servers.api_gateway.extensions import REQUEST_VALIDATOR, REQUEST_VALIDATORS
from sandbox.servers.api_gateway.identifiers import new_id
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.patches import FLAG, VALUE, checked, patched
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError, ConflictError, NotFoundError
from sandbox.servers.aws.rest_json import Params

NOT_FOUND = "Invalid Request Validator identifier specified"
FIELDS = {"/name": VALUE, "/validateRequestParameters": FLAG, "/validateRequestBody": FLAG}
PATCHES = {path: field.operations for path, field in FIELDS.items()}


def create_request_validator(state: State, params: Params) -> Params:
    """A validator; it checks nothing unless told so."""
    if params["restApiId"] not in state.apis:
        raise BadRequestError("Invalid REST API identifier specified")
    api = state.draft(params["restApiId"])
    _put(api, new_id(6, api.validator_ids.values()), params)
    state.save_api(api)
    return _shown(api, params.get("name", ""))


def _put(api: Api, identifier: str, validator: Params) -> None:
    name = validator.get("name")
    if not name:
        raise BadRequestError("Request Validator name cannot be blank")
    if api.validator_ids.get(name, identifier) != identifier:
        raise ConflictError(f"Request Validator {name} already exists: the definition knows validators by name")
    api.document.setdefault(REQUEST_VALIDATORS, {})[name] = {
        "validateRequestParameters": validator.get("validateRequestParameters", False),
        "validateRequestBody": validator.get("validateRequestBody", False),
    }
    api.validator_ids[name] = identifier


def _shown(api: Api, name: str) -> Params:
    checks = section(api.document, REQUEST_VALIDATORS, name)
    return {
        "id": api.validator_ids[name],
        "name": name,
        "validateRequestBody": bool(checks.get("validateRequestBody")),
        "validateRequestParameters": bool(checks.get("validateRequestParameters")),
    }


def _name(api: Api | None, identifier: str) -> str:
    names = api.validator_ids.items() if api else ()
    for name, known in names:
        if known == identifier:
            return name
    raise NotFoundError(NOT_FOUND)


def get_request_validator(state: State, params: Params) -> Params:
    """One validator."""
    name = _name(state.apis.get(params["restApiId"]), params["requestValidatorId"])
    return _shown(state.api(params["restApiId"]), name)


def get_request_validators(state: State, params: Params) -> Params:
    """The validators of an API, a page at a time."""
    api = state.api(params["restApiId"])
    return page([_shown(api, name) for name in api.validator_ids], params)


def update_request_validator(state: State, params: Params) -> Params:
    """Patch a validator's name or what it checks; methods keep it over a new name."""
    name = _name(state.apis.get(params["restApiId"]), params["requestValidatorId"])
    api = state.draft(params["restApiId"])
    patches = checked(params.get("patchOperations", []), PATCHES, valueless=True)
    changed = patched(_shown(api, name), patches, FIELDS)
    _put(api, changed["id"], changed)
    if changed["name"] != name:
        _rename(api, name, changed["name"])
    state.save_api(api)
    return _shown(api, changed["name"])


def _rename(api: Api, old: str, new: str) -> None:
    del api.document[REQUEST_VALIDATORS][old]
    del api.validator_ids[old]
    for method in methods(api.document):
        if method.operation.get(REQUEST_VALIDATOR) == old:
            method.operation[REQUEST_VALIDATOR] = new


def delete_request_validator(state: State, params: Params) -> Params:
    """Remove a validator that no method uses."""
    name = _name(state.apis.get(params["restApiId"]), params["requestValidatorId"])
    api = state.draft(params["restApiId"])
    for method in methods(api.document):
        if method.operation.get(REQUEST_VALIDATOR) == name:
            raise ConflictError(
                f"Cannot delete request validator '{params['requestValidatorId']}', is referenced in method: "
                f"{method.path}/{method.verb}"
            )
    del api.document[REQUEST_VALIDATORS][name]
    del api.validator_ids[name]
    state.save_api(api)
    return {}


OPERATIONS = {
    "CreateRequestValidator": create_request_validator,
    "GetRequestValidator": get_request_validator,
    "GetRequestValidators": get_request_validators,
    "UpdateRequestValidator": update_request_validator,
    "DeleteRequestValidator": delete_request_validator,
}
