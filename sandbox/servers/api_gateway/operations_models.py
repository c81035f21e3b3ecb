"""Control plane: the models of an API, JSON schemas by name, kept as the document's `components.schemas`."""

from __future__ import annotations

import re
from typing import Any

import orjson

from sandbox.servers.api_gateway.document import methods, section
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.patches import VALUE, checked, patched
from sandbox.servers.api_gateway.schemas import REFERENCE, model_address, moved_references, referenced_models
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError, ConflictError, NotFoundError
from sandbox.servers.aws.rest_json import Params

NAME = re.compile(r"^[A-Za-z0-9]+$")
PATCHES = {"/description": ("replace",), "/schema": ("replace",)}
DRAFT_4 = "http://json-schema.org/draft-04/schema#"
# The models that an API made by CreateRestApi has: description and schema by name.
DEFAULT_MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "Empty": (
        "This is a default empty schema model",
        {"$schema": DRAFT_4, "title": "Empty Schema", "type": "object"},
    ),
    "Error": (
        "This is a default error schema model",
        {
            "$schema": DRAFT_4,
            "title": "Error Schema",
            "type": "object",
            "properties": {"message": {"type": "string"}},
        },
    ),
}


def add_default_models(api: Api) -> None:
    """Give a new API the models that Amazon gives it."""
    for name, (description, schema) in DEFAULT_MODELS.items():
        _put(api, {"name": name, "description": description, "contentType": "application/json"}, schema)


def create_model(state: State, params: Params) -> Params:
    """A model."""
    api = state.draft(params["restApiId"])
    name = params["name"]
    if not NAME.match(name):
        raise BadRequestError("Model name must be alphanumeric" if name else "Model name must be non-empty")
    if name in api.models:
        raise ConflictError("Model name already exists for this REST API")
    _put(api, params, _parsed(api, params.get("schema")))
    state.save_api(api)
    return _shown(api, name)


def _parsed(api: Api, text: str | None) -> dict[str, Any]:
    """The schema in a text, its references to other models those of the document."""
    if not (text or "").strip():
        raise BadRequestError("Model schema must have at least 1 property or array items defined")
    try:
        schema = orjson.loads(str(text))
    except orjson.JSONDecodeError:
        schema = None
    if not isinstance(schema, dict):
        raise BadRequestError(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]"
        )
    _check_references(api, moved := moved_references(schema, model_address(api.id), REFERENCE))
    return dict(moved)


def _check_references(api: Api, schema: dict[str, Any]) -> None:
    for name in referenced_models(schema):
        if name not in api.models:
            fault = f"Model reference must be in canonical form or refers to a model that is not there: {name}"
            raise BadRequestError(f"Invalid model specified: Validation Result: warnings : [], errors : [{fault}]")


def _put(api: Api, model: Params, schema: dict[str, Any]) -> None:
    api.document.setdefault("components", {}).setdefault("schemas", {})[model["name"]] = schema
    api.replace_document(api.document)
    described = {"description": model.get("description"), "contentType": model["contentType"]}
    api.models[model["name"]].update(described)


def _shown(api: Api, name: str, flatten: bool = False) -> Params:
    if name not in api.models:
        raise NotFoundError(f"Invalid model name specified: {name}")
    schemas = section(api.document, "components", "schemas")
    schema = _flat(schemas, schemas[name], (name,)) if flatten else schemas[name]
    text = orjson.dumps(moved_references(schema, REFERENCE, model_address(api.id)), option=orjson.OPT_INDENT_2)
    return {"contentType": "application/json", **api.models[name], "name": name, "schema": text.decode()}


def _flat(schemas: dict[str, Any], value: Any, within: tuple[str, ...]) -> Any:
    """A schema with those that it refers to put in their places; one that contains itself stays a reference."""
    if isinstance(value, list):
        return [_flat(schemas, item, within) for item in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("$ref", "")).removeprefix(REFERENCE)
    if name in schemas and name not in within:
        return _flat(schemas, schemas[name], (*within, name))
    return {key: _flat(schemas, item, within) for key, item in value.items()}


def get_model(state: State, params: Params) -> Params:
    """One model; with `flatten` the models that it refers to are put into it."""
    return _shown(state.api(params["restApiId"]), params["modelName"], params.get("flatten", False))


def get_models(state: State, params: Params) -> Params:
    """The models of an API, a page at a time."""
    api = state.api(params["restApiId"])
    return page([_shown(api, name) for name in sorted(api.models)], params)


def update_model(state: State, params: Params) -> Params:
    """Patch a model's schema or description."""
    api = state.draft(params["restApiId"])
    known = _shown(api, params["modelName"])
    patches = checked(params.get("patchOperations", []), PATCHES)
    changed = patched(known, patches, dict.fromkeys(PATCHES, VALUE))
    _put(api, changed, _parsed(api, changed["schema"]))
    state.save_api(api)
    return _shown(api, changed["name"])


def delete_model(state: State, params: Params) -> Params:
    """Remove a model that no method and no other model refers to."""
    api = state.draft(params["restApiId"])
    name = params["modelName"]
    _shown(api, name)
    _check_unused(api, name)
    del api.document["components"]["schemas"][name]
    api.replace_document(api.document)
    state.save_api(api)
    return {}


def _check_unused(api: Api, name: str) -> None:
    for method in methods(api.document):
        for part, where in (("requestBody", "request"), ("responses", "response")):
            if name in referenced_models(method.operation.get(part)):
                raise ConflictError(
                    f"Cannot delete model '{name}', is referenced in method {where}: {method.path}/{method.verb}"
                )
    for other, schema in section(api.document, "components", "schemas").items():
        if other != name and name in referenced_models(schema):
            raise ConflictError(f"Cannot delete model '{name}', is referenced in model: {other}")


OPERATIONS = {
    "CreateModel": create_model,
    "GetModel": get_model,
    "GetModels": get_models,
    "UpdateModel": update_model,
    "DeleteModel": delete_model,
}
