"""The operations of the control plane that are served; another file of them is one more line here."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.servers.api_gateway import (
    operations_api_keys,
    operations_deployments,
    operations_rest_apis,
    operations_usage_plans,
)
from sandbox.servers.api_gateway.protocol import Params
from sandbox.servers.api_gateway.state import State

OPERATIONS: dict[str, Callable[[State, Params], Params]] = {
    **operations_rest_apis.OPERATIONS,
    **operations_deployments.OPERATIONS,
    **operations_api_keys.OPERATIONS,
    **operations_usage_plans.OPERATIONS,
}
