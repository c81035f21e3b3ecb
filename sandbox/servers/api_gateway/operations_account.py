"""Control plane: the account's settings."""

from __future__ import annotations

from typing import Any

from sandbox.servers.api_gateway.patches import VALUE, checked, patched
from sandbox.servers.api_gateway.state import State
from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.rest_json import Params

PATCHES = {"/cloudwatchRoleArn": ("replace",)}
# Amazon's own limits of an account and Region.
FIXED: dict[str, Any] = {
    "throttleSettings": {"burstLimit": 5000, "rateLimit": 10_000.0},
    "features": ["UsagePlans"],
    "apiKeyVersion": "4",
}


def get_account(state: State, _: Params) -> Params:
    """The account's settings and limits."""
    return {**FIXED, **state.account}


def update_account(state: State, params: Params) -> Params:
    """Patch the role by which logs reach CloudWatch."""
    patches = checked(params.get("patchOperations", []), PATCHES, valueless=True)
    changed = patched(state.account, patches, {"/cloudwatchRoleArn": VALUE})
    arn = changed.get("cloudwatchRoleArn") or ""
    if arn and not arn.startswith("arn:aws:iam::"):
        raise BadRequestError(
            "The role ARN does not have required permissions configured. Please grant trust permission "
            "for API Gateway and add the required role policy."
        )
    state.save_account({"cloudwatchRoleArn": arn} if arn else {})
    return get_account(state, params)


OPERATIONS = {"GetAccount": get_account, "UpdateAccount": update_account}
