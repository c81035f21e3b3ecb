"""Control plane: API keys. A key's value leaves only when it is made or asked for."""

from __future__ import annotations

from time import time
from typing import Any

from sandbox.servers.api_gateway.identifiers import new_id, new_key_value
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.patches import FLAG, VALUE, checked, patched
from sandbox.servers.api_gateway.state import State
from sandbox.servers.aws.errors import BadRequestError, ConflictError
from sandbox.servers.aws.rest_json import Params

FIELDS = {"/name": VALUE, "/description": VALUE, "/customerId": VALUE, "/enabled": FLAG}
PATCHES = {path: field.operations for path, field in FIELDS.items()}
MIN_VALUE_LENGTH, MAX_VALUE_LENGTH = 20, 128


def create_api_key(state: State, params: Params) -> Params:
    """A key with the value given, or a new one. It is disabled unless `enabled` says otherwise, as at Amazon."""
    value = params.get("value") or new_key_value()
    _check_value(state, value)
    now = int(time())
    key = {
        "id": new_id(10, state.keys),
        "value": value,
        "name": params.get("name"),
        "description": params.get("description"),
        "customerId": params.get("customerId"),
        "enabled": params.get("enabled", False),
        "createdDate": now,
        "lastUpdatedDate": now,
        "stageKeys": [],
        "tags": params.get("tags"),
    }
    state.save_key(key)
    return key


def _check_value(state: State, value: str) -> None:
    if len(value) < MIN_VALUE_LENGTH:
        raise BadRequestError(f"API Key value should be at least {MIN_VALUE_LENGTH} characters")
    if len(value) > MAX_VALUE_LENGTH or not value.isascii() or not value.isprintable():
        raise BadRequestError(f"API Key value should be at most {MAX_VALUE_LENGTH} printable ASCII characters")
    if any(key["value"] == value for key in state.keys.values()):
        raise ConflictError("API Key already exists")


def get_api_key(state: State, params: Params) -> Params:
    """One key, its value only with `includeValue`."""
    return _shown(state.key(params["apiKey"]), params.get("includeValue", False))


def get_api_keys(state: State, params: Params) -> Params:
    """Keys whose name starts with `nameQuery`, a page at a time, their values only with `includeValues`."""
    wanted = [key for key in state.keys.values() if (key["name"] or "").startswith(params.get("nameQuery", ""))]
    if "customerId" in params:
        wanted = [key for key in wanted if key["customerId"] == params["customerId"]]
    return page([_shown(key, params.get("includeValues", False)) for key in wanted], params)


def _shown(key: dict[str, Any], with_value: bool) -> dict[str, Any]:
    return {name: field for name, field in key.items() if with_value or name != "value"}


def update_api_key(state: State, params: Params) -> Params:
    """Patch a key's name, description, customer or whether it may be used; its value stays."""
    patches = checked(params.get("patchOperations", []), PATCHES, valueless=True)
    changed = patched(state.key(params["apiKey"]), patches, FIELDS)
    changed["lastUpdatedDate"] = int(time())
    state.save_key(changed)
    return _shown(changed, with_value=False)


def delete_api_key(state: State, params: Params) -> Params:
    """Remove a key, and from every usage plan."""
    state.delete_key(params["apiKey"])
    return {}


OPERATIONS = {
    "CreateApiKey": create_api_key,
    "GetApiKey": get_api_key,
    "GetApiKeys": get_api_keys,
    "UpdateApiKey": update_api_key,
    "DeleteApiKey": delete_api_key,
}
