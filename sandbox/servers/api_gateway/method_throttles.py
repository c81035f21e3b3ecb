"""Patches of the throttles that a usage plan sets for single methods of a stage.

Their paths are `/apiStages/{apiId:stage}/throttle/{resourcePath}/{httpMethod}/rateLimit` and `burstLimit`; one method's
or all are removed by the path above. Slashes of the resource path may be written `~1` or as they are, and the method is
kept as `/path/VERB`, the key of `apiStages[].throttle`.
"""

from __future__ import annotations

import re
from typing import Any, cast

from sandbox.servers.api_gateway.method_settings import method_name
from sandbox.servers.api_gateway.patches import Patch, number
from sandbox.servers.aws.errors import NotFoundError

ALL = re.compile(r"^/apiStages/([^/:]+):([^/]+)/throttle$")
METHOD = re.compile(r"^/apiStages/([^/:]+):([^/]+)/throttle/(.+/[A-Z]+)$")
LIMIT = re.compile(r"^/apiStages/([^/:]+):([^/]+)/throttle/(.+/[A-Z]+)/(rateLimit|burstLimit)$")
# As Amazon names them, misspelling and all, where it refuses another path.
PATHS: dict[str, tuple[str, ...]] = {
    "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>": ("remove",),
    "/apiStages/<apidId:stageName>/throttle": ("remove",),
    "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/rateLimit": ("add", "replace"),
    "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/burstLimit": ("add", "replace"),
}


def is_method_throttle(patch: Patch) -> bool:
    """Whether a patch of a plan is one of a method's throttle."""
    path, operation = str(patch.get("path")), patch.get("op")
    if operation == "remove":
        return bool(ALL.match(path) or METHOD.match(path))
    return operation in ("add", "replace") and patch.get("value") is not None and bool(LIMIT.match(path))


def change(plan: dict[str, Any], patch: Patch) -> None:
    """Carry out a patch that `is_method_throttle`. Raises `BadRequestError`, or `NotFoundError`: no such stage, method.

    A stage without throttles of its methods has no `throttle`.
    """
    match = LIMIT.match(patch["path"]) or METHOD.match(patch["path"]) or ALL.match(patch["path"])
    assert match is not None, "a patch is checked before it is carried out"
    api_id, name, *rest = match.groups()
    stage = stage_of(plan, api_id, name)
    throttles = stage.pop("throttle", None) or {}
    if patch["op"] == "remove":
        throttles = _without(throttles, rest[0]) if rest else {}
    else:
        _set(throttles, rest[0], rest[1], patch)
    if throttles:
        stage["throttle"] = throttles


def stage_of(plan: dict[str, Any], api_id: str, name: str) -> dict[str, Any]:
    """A stage of a plan. Raises `NotFoundError`."""
    for stage in plan["apiStages"]:
        if (stage.get("apiId"), stage.get("stage")) == (api_id, name):
            return cast(dict[str, Any], stage)
    raise NotFoundError(f"Invalid API Stage {{api: {api_id}, stage: {name}}} specified for usageplan {plan['id']}")


def _without(throttles: dict[str, Any], method: str) -> dict[str, Any]:
    left = {known: limits for known, limits in throttles.items() if method_name(known) != method_name(method)}
    if len(left) == len(throttles):
        raise NotFoundError("Invalid Method identifier specified")
    return left


def _set(throttles: dict[str, Any], method: str, limit: str, patch: Patch) -> None:
    known = next((key for key in throttles if method_name(key) == method_name(method)), f"/{method_name(method)}")
    value = number(patch, float if limit == "rateLimit" else int)
    throttles[known] = {**throttles.get(known, {}), limit: value}
