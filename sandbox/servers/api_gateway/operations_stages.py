"""Control plane: the stages of an API, each pointing at a deployment."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from time import time
from typing import Any

from sandbox.servers.api_gateway import method_settings
from sandbox.servers.api_gateway.patches import FLAG, VALUE, Patch, checked, name_in, patched
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import BadRequestError, ConflictError, NotImplementedOperationError
from sandbox.servers.aws.rest_json import Params

STAGE_NAME = re.compile(r"^[A-Za-z0-9_-]{1,128}$")
VARIABLE_NAME = re.compile(r"^[A-Za-z0-9_]+$")
VARIABLE_VALUE = re.compile(r"^[A-Za-z0-9\-._~:/?#&=, ]+$")
FIELDS = {
    **dict.fromkeys(("/deploymentId", "/description", "/documentationVersion"), VALUE),
    **dict.fromkeys(("/accessLogSettings/destinationArn", "/accessLogSettings/format"), VALUE),
    "/tracingEnabled": FLAG,
}
PATCHES = {
    **{path: field.operations for path, field in FIELDS.items()},
    "/variables/*": ("add", "replace", "remove"),
    "/accessLogSettings": ("remove",),
}
UNSERVED = ("/canarySettings", "/cacheClusterEnabled", "/cacheClusterSize", "/clientCertificateId", "/webAclArn")


def create_stage(state: State, params: Params) -> Params:
    """A stage that points at a deployment."""
    api = state.draft(params["restApiId"])
    state.deployment(api.id, params["deploymentId"])
    if params["stageName"] in api.stages:
        raise ConflictError("Stage already exists")
    stage = new_stage(params, params["deploymentId"], params.get("description"))
    stage.update(tags=params.get("tags"), documentationVersion=params.get("documentationVersion"))
    api.stages[stage["stageName"]] = stage
    state.save_api(api)
    return stage


def new_stage(params: Params, deployment_id: str, description: str | None) -> dict[str, Any]:
    """A stage as CreateStage and CreateDeployment make it. Raises `BadRequestError` for what Amazon refuses."""
    if not STAGE_NAME.match(params["stageName"]):
        raise BadRequestError("Stage name only allows a-zA-Z0-9_- and at most 128 characters")
    refuse_unserved(params)
    variables = params.get("variables") or {}
    check_variables(variables)
    now = int(time())
    return {
        "stageName": params["stageName"],
        "deploymentId": deployment_id,
        "description": description,
        "variables": dict(variables) or None,
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": params.get("tracingEnabled", False),
        "createdDate": now,
        "lastUpdatedDate": now,
    }


def refuse_unserved(params: Params) -> None:
    """Raises for a stage that asks for what is not served."""
    if params.get("canarySettings"):
        raise NotImplementedOperationError("Canary releases are not served here")
    if params.get("cacheClusterEnabled"):
        raise NotImplementedOperationError("Caches of stages are not served here")


def check_variables(variables: Mapping[str, str]) -> None:
    """Raises `BadRequestError` for a name or value that a stage variable cannot have."""
    for name, value in variables.items():
        if not VARIABLE_NAME.match(name):
            raise BadRequestError(f"Invalid stage variable name: {name}. Please use alphanumeric characters and '_'.")
        if not VARIABLE_VALUE.match(value):
            raise BadRequestError(
                f"Invalid stage variable value: {value}. Please use values with alphanumeric characters and the "
                "symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
            )


def get_stage(state: State, params: Params) -> Params:
    """One stage."""
    return state.stage(params["restApiId"], params["stageName"])


def get_stages(state: State, params: Params) -> Params:
    """The stages of an API, or those that point at one deployment."""
    wanted = params.get("deploymentId")
    stages = state.api(params["restApiId"]).stages.values()
    return {"item": [stage for stage in stages if wanted in (None, stage["deploymentId"])]}


def update_stage(state: State, params: Params) -> Params:
    """Patch a stage's deployment, description, variables, access log or the settings of its methods."""
    api = state.draft(params["restApiId"])
    stage = copy.deepcopy(state.stage(api.id, params["stageName"]))
    for patch in params.get("patchOperations", []):
        stage = _patched(state, api, stage, patch)
    check_variables(stage["variables"] or {})
    _check_logging(state, stage)
    stage["lastUpdatedDate"] = int(time())
    api.stages[stage["stageName"]] = stage
    state.save_api(api)
    return stage


def _patched(state: State, api: Api, stage: Params, patch: Patch) -> Params:
    path = str(patch.get("path"))
    if path.startswith(UNSERVED):
        raise NotImplementedOperationError(f"Stages with {path.split('/')[1]} are not served here")
    if method_settings.is_method_setting(patch, stage["methodSettings"]):
        method_settings.change(stage["methodSettings"], patch)
        return stage
    checked([patch], PATCHES, valueless=path in FIELDS)
    if path == "/deploymentId":
        state.deployment(api.id, patch["value"])
    if path == "/accessLogSettings":
        return {**stage, "accessLogSettings": None}
    if path in FIELDS:
        return patched(stage, [patch], FIELDS)
    return {**stage, "variables": _with_variable(stage["variables"] or {}, patch) or None}


def _with_variable(variables: dict[str, str], patch: Patch) -> dict[str, str]:
    name = name_in(patch["path"])
    rest = {known: value for known, value in variables.items() if known != name}
    return rest if patch["op"] == "remove" else {**rest, name: patch["value"]}


def _check_logging(state: State, stage: Params) -> None:
    """Logs go to CloudWatch by a role that the account names."""
    levels = {settings["loggingLevel"] for settings in stage["methodSettings"].values()}
    log = stage.get("accessLogSettings")
    if (levels - {"OFF"} or log) and not state.account.get("cloudwatchRoleArn"):
        raise BadRequestError("CloudWatch Logs role ARN must be set in account settings to enable logging")
    if log and not str(log.get("destinationArn", "arn:")).startswith("arn:"):
        raise BadRequestError("Invalid ARN specified in the request")


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
    "CreateStage": create_stage,
    "GetStage": get_stage,
    "GetStages": get_stages,
    "UpdateStage": update_stage,
    "DeleteStage": delete_stage,
}
