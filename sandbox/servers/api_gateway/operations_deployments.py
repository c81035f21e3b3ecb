"""Control plane: deployments, snapshots of a definition."""

from __future__ import annotations

import copy
from time import time
from typing import Any

from sandbox.servers.api_gateway.document import Document, methods
from sandbox.servers.api_gateway.identifiers import new_id
from sandbox.servers.api_gateway.operations_stages import check_variables, new_stage, refuse_unserved
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.patches import VALUE, checked, patched
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.rest_json import Params

PATCHES = {"/description": ("replace",)}


def create_deployment(state: State, params: Params) -> Params:
    """A snapshot of the API as it is now; with `stageName` the stage is made or moved to it."""
    api = state.draft(params["restApiId"])
    _check_deployable(api.document)
    deployment: dict[str, Any] = {"id": new_id(6, api.deployments), "createdDate": int(time())}
    deployment.update(description=params.get("description"), document=copy.deepcopy(api.document))
    if params.get("stageName"):
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
    known = api.stages.get(params["stageName"])
    if known is None:
        return new_stage(params, deployment_id, params.get("stageDescription"))
    refuse_unserved(params)
    variables = params.get("variables") or {}
    check_variables(variables)
    merged = {**(known.get("variables") or {}), **variables}
    return {**known, "deploymentId": deployment_id, "variables": merged or None, "lastUpdatedDate": int(time())}


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


def update_deployment(state: State, params: Params) -> Params:
    """Patch a deployment's description."""
    api = state.draft(params["restApiId"])
    deployment = state.deployment(api.id, params["deploymentId"])
    patches = checked(params.get("patchOperations", []), PATCHES, valueless=True)
    api.deployments[deployment["id"]] = patched(deployment, patches, {"/description": VALUE})
    state.save_api(api)
    return _shown(api.deployments[deployment["id"]])


def delete_deployment(state: State, params: Params) -> Params:
    """Remove a deployment that no stage points at."""
    api = state.draft(params["restApiId"])
    deployment = state.deployment(api.id, params["deploymentId"])
    if any(stage["deploymentId"] == deployment["id"] for stage in api.stages.values()):
        raise BadRequestError("Active stages pointing to this deployment must be moved or deleted")
    del api.deployments[deployment["id"]]
    state.save_api(api)
    return {}


OPERATIONS = {
    "CreateDeployment": create_deployment,
    "GetDeployment": get_deployment,
    "GetDeployments": get_deployments,
    "UpdateDeployment": update_deployment,
    "DeleteDeployment": delete_deployment,
}
