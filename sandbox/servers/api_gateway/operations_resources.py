"""Control plane: the resources of an API, a tree of path parts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sandbox.servers.api_gateway.document import PATH_PART, canonical_path, methods
from sandbox.servers.api_gateway.document_check import BAD_PATH_PART, resource_faults
from sandbox.servers.api_gateway.method_shape import read_method
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.patches import checked
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError, ConflictError
from sandbox.servers.aws.rest_json import Params

PATCHES = {"/parentId": ("replace",), "/pathPart": ("replace",)}


def create_resource(state: State, params: Params) -> Params:
    """A resource below a parent."""
    api = state.draft_of_resource(params["restApiId"])
    path = _below(api.path(params["parentId"]), params["pathPart"])
    _check_free(api.resource_ids, path)
    api.document.setdefault("paths", {})[path] = {}
    api.replace_document(api.document)
    state.save_api(api)
    return _shown(api, path)


def _below(parent: str, part: str) -> str:
    if not PATH_PART.match(part):
        raise BadRequestError(BAD_PATH_PART)
    return f"{parent.rstrip('/')}/{part}"


def _check_free(known: Collection[str], path: str) -> None:
    """Raises as Amazon does for a path that no resource may have besides the known ones."""
    for fault in resource_faults(known, path):
        raise BadRequestError(fault)
    if path in known:
        part = path.rpartition("/")[2]
        raise ConflictError(f"Another resource with the same parent already has this name: {part}")


def get_resource(state: State, params: Params) -> Params:
    """One resource; with embed=["methods"] whole methods instead of their names."""
    api = state.api_of_resource(params["restApiId"])
    return _shown(api, api.path(params["resourceId"]), "methods" in params.get("embed", []))


def get_resources(state: State, params: Params) -> Params:
    """The resources of an API, a page at a time; with embed=["methods"] whole methods instead of their names."""
    api = state.api(params["restApiId"])
    whole = "methods" in params.get("embed", [])
    return page([_shown(api, path, whole) for path in api.resource_ids], params)


def _shown(api: Api, path: str, whole: bool = False) -> dict[str, Any]:
    found = {
        method.verb: read_method(api, path, method.verb, method.operation) if whole else {}
        for method in methods(api.document)
        if method.path == path
    }
    resource = {"id": api.resource_ids[path], "path": path, "resourceMethods": found or None}
    if path == "/":
        return resource
    parent, _, part = path.rpartition("/")
    return {**resource, "parentId": api.resource_ids[parent or "/"], "pathPart": part}


def update_resource(state: State, params: Params) -> Params:
    """Give a resource another name or another parent; what is below it moves with it."""
    api = state.draft_of_resource(params["restApiId"])
    path = api.path(params["resourceId"])
    for patch in checked(params.get("patchOperations", []), PATCHES):
        path = _moved(api, path, patch["path"], patch["value"])
    api.replace_document(api.document)
    state.save_api(api)
    return _shown(api, path)


def _moved(api: Api, path: str, field: str, value: str) -> str:
    if path == "/":
        raise BadRequestError(f"Root resource cannot update its {field[1:]}.")
    parent, _, part = path.rpartition("/")
    if field == "/pathPart":
        wanted = _below(parent, value)
    else:
        wanted = _below(api.path(value), part)
        if f"{wanted}/".startswith(f"{path}/"):
            raise BadRequestError("Resources cannot be cyclical.")
    if wanted != path:
        _move(api, path, wanted)
    return wanted


def _move(api: Api, old: str, new: str) -> None:
    moving = {path: new + path.removeprefix(old) for path in api.resource_ids if _holds(old, path)}
    _check_free([path for path in api.resource_ids if path not in moving], new)
    if len(moving) > 1 and new.endswith("+}"):
        greedy = new.rpartition("/")[2]
        raise BadRequestError(f"Cannot create a child of a resource with a greedy path variable: {greedy}")
    paths = api.document["paths"]
    api.document["paths"] = {moving.get(path, path): item for path, item in paths.items()}
    api.resource_ids = {moving.get(path, path): identifier for path, identifier in api.resource_ids.items()}
    _keep_parent(api, old)


def _holds(path: str, other: str) -> bool:
    return f"{other}/".startswith(f"{path.rstrip('/')}/")


def _keep_parent(api: Api, path: str) -> None:
    """A resource that was there only for its child stays when the child goes."""
    parent = canonical_path(path.rpartition("/")[0])
    if parent != "/":
        api.document["paths"].setdefault(parent, {})


def delete_resource(state: State, params: Params) -> Params:
    """Remove a resource with all that is below it."""
    api = state.draft_of_resource(params["restApiId"])
    gone = api.path(params["resourceId"])
    if gone == "/":
        raise BadRequestError("Root resource cannot be deleted")
    api.document["paths"] = {path: item for path, item in api.document["paths"].items() if not _holds(gone, path)}
    _keep_parent(api, gone)
    api.replace_document(api.document)
    state.save_api(api)
    return {}


OPERATIONS = {
    "CreateResource": create_resource,
    "GetResource": get_resource,
    "GetResources": get_resources,
    "UpdateResource": update_resource,
    "DeleteResource": delete_resource,
}
