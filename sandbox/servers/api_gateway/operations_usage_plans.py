"""Control plane: usage plans, which give API keys access to stages within a throttle and a quota."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.servers.api_gateway import method_throttles
from sandbox.servers.api_gateway.identifiers import new_id
from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.patches import Patch, checked, number
from sandbox.servers.api_gateway.state import State
from sandbox.servers.aws.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
)
from sandbox.servers.aws.rest_json import Params

LAST_OFFSET = {"DAY": 0, "WEEK": 6, "MONTH": 27}
PATCHES = {
    "/name": ("replace",),
    "/description": ("replace",),
    "/apiStages": ("add", "remove"),
    "/throttle": ("remove",),
    "/throttle/rateLimit": ("add", "replace"),
    "/throttle/burstLimit": ("add", "replace"),
    "/quota": ("remove",),
    "/quota/limit": ("add", "replace"),
    "/quota/period": ("add", "replace"),
    "/quota/offset": ("add", "replace"),
    **method_throttles.PATHS,
}


def create_usage_plan(state: State, params: Params) -> Params:
    """A usage plan without keys."""
    plan = {
        "id": new_id(6, state.plans),
        "name": params["name"],
        "description": params.get("description"),
        "apiStages": params.get("apiStages", []),
        "throttle": params.get("throttle"),
        "quota": params.get("quota"),
        "tags": params.get("tags"),
        "keyIds": [],
    }
    _check(state, plan)
    state.save_plan(plan)
    return plan


def _check(state: State, plan: dict[str, Any]) -> None:
    """Raises as Amazon does for a plan that cannot be, and completes what it leaves out."""
    for stage in plan["apiStages"]:
        api = state.apis.get(stage.get("apiId", ""))
        if api is None or stage.get("stage") not in api.stages:
            raise NotFoundError(f"API Stage not found: {stage.get('apiId')}:{stage.get('stage')}")
        for throttle in (stage.get("throttle") or {}).values():
            _check_throttle(throttle)
    _check_throttle(plan["throttle"])
    _check_quota(plan["quota"])


def _check_throttle(throttle: dict[str, Any] | None) -> None:
    if throttle is not None and min(throttle.get("rateLimit", 0), throttle.get("burstLimit", 0)) < 0:
        raise BadRequestError("Usage Plan throttle limits must not be negative")


def _check_quota(quota: dict[str, Any] | None) -> None:
    if quota is None:
        return
    quota.setdefault("offset", 0)
    if quota.get("period") not in LAST_OFFSET:
        raise BadRequestError("Usage Plan quota period must be DAY, WEEK or MONTH")
    if quota.get("limit", 0) < 1:
        raise BadRequestError("Usage Plan quota limit must be greater than zero")
    last = LAST_OFFSET[quota["period"]]
    if not 0 <= quota["offset"] <= last:
        raise BadRequestError(
            f"Usage Plan quota offset must be between 0 and {last} inclusive in the {quota['period']} period"
        )


def get_usage_plan(state: State, params: Params) -> Params:
    """One usage plan."""
    return state.plan(params["usagePlanId"])


def get_usage_plans(state: State, params: Params) -> Params:
    """All usage plans, or those of one key, a page at a time."""
    key_id = params.get("keyId")
    return page([plan for plan in state.plans.values() if key_id is None or key_id in plan["keyIds"]], params)


def update_usage_plan(state: State, params: Params) -> Params:
    """Patch a plan's name, description, stages (`apiId:stage`), throttles or quota."""
    plan = copy.deepcopy(state.plan(params["usagePlanId"]))
    for patch in params.get("patchOperations", []):
        if method_throttles.is_method_throttle(patch):
            method_throttles.change(plan, patch)
        else:
            checked([patch], PATCHES)
            _patch(plan, patch)
    _check(state, plan)
    state.save_plan(plan)
    return plan


def _patch(plan: dict[str, Any], patch: Patch) -> None:
    _, group, *rest = patch["path"].split("/")
    if group == "apiStages":
        _patch_stages(plan, patch)
    elif group in ("throttle", "quota") and patch["op"] == "remove":
        plan[group] = None
    elif group in ("throttle", "quota"):
        plan[group] = {**(plan[group] or {}), rest[0]: _limit(rest[0], patch)}
    else:
        plan[group] = patch["value"]


def _limit(field: str, patch: Patch) -> Any:
    if field == "period":
        return patch["value"]
    return number(patch, float if field == "rateLimit" else int)


def _patch_stages(plan: dict[str, Any], patch: Patch) -> None:
    api_id, _, stage = str(patch.get("value") or "").partition(":")
    if patch["op"] == "remove":
        plan["apiStages"].remove(method_throttles.stage_of(plan, api_id, stage))
    elif (api_id, stage) not in [(known["apiId"], known["stage"]) for known in plan["apiStages"]]:
        plan["apiStages"].append({"apiId": api_id, "stage": stage})


def delete_usage_plan(state: State, params: Params) -> Params:
    """Remove a plan that holds no stage any more."""
    plan = state.plan(params["usagePlanId"])
    if plan["apiStages"]:
        first = plan["apiStages"][0]
        raise BadRequestError(
            f"Cannot delete Usage Plan {plan['id']} because there are API Stages associated with it, "
            f"including {first['apiId']}:{first['stage']}"
        )
    state.delete_plan(plan["id"])
    return {}


def create_usage_plan_key(state: State, params: Params) -> Params:
    """Put an API key into a plan."""
    plan, key = state.plan(params["usagePlanId"]), state.key(params["keyId"])
    if params["keyType"] != "API_KEY":
        raise BadRequestError("Usage Plan Key type must be API_KEY")
    if key["id"] in plan["keyIds"]:
        raise ConflictError(f"API Key {key['id']} is already in Usage Plan {plan['id']}")
    state.save_plan({**plan, "keyIds": [*plan["keyIds"], key["id"]]})
    return {**_plan_key(key), "value": key["value"]}


def get_usage_plan_key(state: State, params: Params) -> Params:
    """One key of a plan."""
    plan = state.plan(params["usagePlanId"])
    if params["keyId"] not in plan["keyIds"]:
        raise NotFoundError("Invalid API Key identifier specified")
    return _plan_key(state.key(params["keyId"]))


def get_usage_plan_keys(state: State, params: Params) -> Params:
    """The keys of a plan whose name starts with `nameQuery`, a page at a time, without their values."""
    plan = state.plan(params["usagePlanId"])
    keys = [state.keys[key_id] for key_id in plan["keyIds"] if key_id in state.keys]
    wanted = [key for key in keys if (key["name"] or "").startswith(params.get("nameQuery", ""))]
    return page([_plan_key(key) for key in wanted], params)


def _plan_key(key: dict[str, Any]) -> dict[str, Any]:
    return {"id": key["id"], "type": "API_KEY", "name": key["name"]}


def delete_usage_plan_key(state: State, params: Params) -> Params:
    """Take a key out of a plan."""
    get_usage_plan_key(state, params)
    plan = state.plan(params["usagePlanId"])
    state.save_plan({**plan, "keyIds": [key_id for key_id in plan["keyIds"] if key_id != params["keyId"]]})
    return {}


OPERATIONS = {
    "CreateUsagePlan": create_usage_plan,
    "GetUsagePlan": get_usage_plan,
    "GetUsagePlans": get_usage_plans,
    "UpdateUsagePlan": update_usage_plan,
    "DeleteUsagePlan": delete_usage_plan,
    "CreateUsagePlanKey": create_usage_plan_key,
    "GetUsagePlanKey": get_usage_plan_key,
    "GetUsagePlanKeys": get_usage_plan_keys,
    "DeleteUsagePlanKey": delete_usage_plan_key,
}
