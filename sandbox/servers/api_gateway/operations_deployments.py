"""Control plane: deployments (snapshots of a definition) and the stages that point at them."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from time import time
from typing import Any

from sandbox.servers.api_gateway.document import Document, methods
from sandbox.servers.api_gateway.identifiers import new_id
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.patches import Patch, checked, name_in
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError, ConflictError
from sandbox.servers.aws.rest_json import Params

STAGE_NAME = re.compile(r"^[A-Za-z0-9_-]{1,128}$")
VARIABLE_NAME = re.compile(r"^[A-Za-z0-9_]+$")
VARIABLE_VALUE = re.compile(r"^[A-Za-z0-9\-._~:/?#&=, ]+$")
PATCHES = {
    "/deploymentId": ("replace",),
    "/description": ("replace",),
    "/variables/*": ("add", "replace", "remove"),
}


def create_deployment(state: State, params: Params) -> Params:
    """A snapshot of the API as it is now; with `stageName` the stage is made or moved to it."""
    api = state.draft(params["restApiId"])
    _check_deployable(api.document)
    deployment: dict[str, Any] = {"id": new_id(6, api.deployments), "createdDate": int(time())}
    deployment.update(description=params.get("description"), document=copy.deepcopy(api.document))
    if "stageName" in params:
        stage = _stage_for(api, params, deployment["id"])
        api.stages[stage["stageName"]] = stage
    api.deployments[deployment["id"]] = deployment
    state.save_api(api)
    return _shown(deployment)


def _check_deployable(document: Document) -> None:
    found = list(methods(document))
    if not found:
        raise BadRequestError("The REST API doesn't contain any methods")
    if any(method.integration is None for method in found):
        raise BadRequestError("No integration defined for method")


def _stage_for(api: Api, params: Params, deployment_id: str) -> dict[str, Any]:
    variables = params.get("variables") or {}
    known = api.stages.get(params["stageName"])
    if known is None:
        return _new_stage(params["stageName"], deployment_id, params.get("stageDescription"), variables)
    _check_variables(variables)
    merged = {**(known.get("variables") or {}), **variables}
    return {**known, "deploymentId": deployment_id, "variables": merged or None, "lastUpdatedDate": int(time())}


def _new_stage(name: str, deployment_id: str, description: str | None, variables: Mapping[str, str]) -> dict[str, Any]:
    if not STAGE_NAME.match(name):
        raise BadRequestError("Stage name only allows a-zA-Z0-9_- and at most 128 characters")
    _check_variables(variables)
    now = int(time())
    return {
        "stageName": name,
        "deploymentId": deployment_id,
        "description": description,
        "variables": dict(variables) or None,
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": False,
        "createdDate": now,
        "lastUpdatedDate": now,
    }


def _check_variables(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if not VARIABLE_NAME.match(name):
            raise BadRequestError(f"Invalid stage variable name: {name}. Please use alphanumeric characters and '_'.")
        if not VARIABLE_VALUE.match(value):
            raise BadRequestError(
                f"Invalid stage variable value: {value}. Please use values with alphanumeric characters and the "
                "symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
            )


def get_deployment(state: State, params: Params) -> Params:
    """One deployment; with embed=["apisummary"] its paths and methods."""
    deployment = state.deployment(params["restApiId"], params["deploymentId"])
    return _shown(deployment, with_summary="apisummary" in params.get("embed", []))


def get_deployments(state: State, params: Params) -> Params:
    """The deployments of an API, a page at a time."""
    return page([_shown(deployment) for deployment in state.api(params["restApiId"]).deployments.values()], params)


def _shown(deployment: dict[str, Any], with_summary: bool = False) -> dict[str, Any]:
    shown = {key: value for key, value in deployment.items() if key != "document"}
    if not with_summary:
        return shown
    summary: dict[str, dict[str, Any]] = {}
    for method in methods(deployment["document"]):
        snapshot = {"authorizationType": "NONE", "apiKeyRequired": method.api_key_required}
        summary.setdefault(method.path, {})[method.verb] = snapshot
    return {**shown, "apiSummary": summary}


def delete_deployment(state: State, params: Params) -> Params:
    """Remove a deployment that no stage points at."""
    api = state.draft(params["restApiId"])
    deployment = state.deployment(api.id, params["deploymentId"])
    if any(stage["deploymentId"] == deployment["id"] for stage in api.stages.values()):
        raise BadRequestError("Active stages pointing to this deployment must be moved or deleted")
    del api.deployments[deployment["id"]]
    state.save_api(api)
    return {}


def create_stage(state: State, params: Params) -> Params:
    """A stage that points at a deployment."""
    api = state.draft(params["restApiId"])
    state.deployment(api.id, params["deploymentId"])
    if params["stageName"] in api.stages:
        raise ConflictError("Stage already exists")
    variables = params.get("variables") or {}
    stage = _new_stage(params["stageName"], params["deploymentId"], params.get("description"), variables)
    stage["tags"] = params.get("tags")
    api.stages[stage["stageName"]] = stage
    state.save_api(api)
    return stage


def get_stage(state: State, params: Params) -> Params:
    """One stage."""
    return state.stage(params["restApiId"], params["stageName"])


def get_stages(state: State, params: Params) -> Params:
    """The stages of an API, or those that point at one deployment."""
    wanted = params.get("deploymentId")
    stages = state.api(params["restApiId"]).stages.values()
    return {"item": [stage for stage in stages if wanted in (None, stage["deploymentId"])]}


def update_stage(state: State, params: Params) -> Params:
    """Patch a stage's deployment, description or variables."""
    api = state.draft(params["restApiId"])
    stage = dict(state.stage(api.id, params["stageName"]))
    variables = dict(stage.get("variables") or {})
    for patch in checked(params.get("patchOperations", []), PATCHES):
        _patch_stage(state, api, stage, variables, patch)
    _check_variables(variables)
    stage.update(variables=variables or None, lastUpdatedDate=int(time()))
    api.stages[stage["stageName"]] = stage
    state.save_api(api)
    return stage


def _patch_stage(state: State, api: Api, stage: Params, variables: dict[str, str], patch: Patch) -> None:
    path = patch["path"]
    if path == "/deploymentId":
        stage["deploymentId"] = state.deployment(api.id, patch["value"])["id"]
    elif path == "/description":
        stage["description"] = patch["value"]
    elif patch["op"] == "remove":
        variables.pop(name_in(path), None)
    else:
        variables[name_in(path)] = patch["value"]


def delete_stage(state: State, params: Params) -> Params:
    """Remove a stage, and from the usage plans that hold it."""
    api = state.draft(params["restApiId"])
    state.stage(api.id, params["stageName"])
    gone = {"apiId": api.id, "stage": params["stageName"]}
    for plan in [plan for plan in state.plans.values() if gone in plan["apiStages"]]:
        state.save_plan({**plan, "apiStages": [stage for stage in plan["apiStages"] if stage != gone]})
    del api.stages[params["stageName"]]
    state.save_api(api)
    return {}


OPERATIONS = {
    "CreateDeployment": create_deployment,
    "GetDeployment": get_deployment,
    "GetDeployments": get_deployments,
    "DeleteDeployment": delete_deployment,
    "CreateStage": create_stage,
    "GetStage": get_stage,
    "GetStages": get_stages,
    "UpdateStage": update_stage,
    "DeleteStage": delete_stage,
}
