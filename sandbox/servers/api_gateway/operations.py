"""The operations of the control plane that are served; another file of them is one more line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from sandbox.servers.api_gateway import (
    operations_api_keys,
    operations_deployments,
    operations_rest_apis,
    operations_usage_plans,
)
from sandbox.servers.api_gateway.state import State
from sandbox.servers.aws.rest_json import Params

_OPERATIONS: dict[str, Callable[[State, Params], Params]] = {
    **operations_rest_apis.OPERATIONS,
    **operations_deployments.OPERATIONS,
    **operations_api_keys.OPERATIONS,
    **operations_usage_plans.OPERATIONS,
}


def operations(state: State) -> Mapping[str, Callable[[Params], Params]]:
    """The operations on one state, by Amazon's names of them."""
    return {name: partial(run, state) for name, run in _OPERATIONS.items()}
