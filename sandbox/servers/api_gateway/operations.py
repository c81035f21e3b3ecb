"""The operations of the control plane that are served; another file of them is one more line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from botocore.model import OperationModel

from sandbox.servers.api_gateway import (
    operations_account,
    operations_api_keys,
    operations_deployments,
    operations_export,
    operations_gateway_responses,
    operations_integrations,
    operations_methods,
    operations_models,
    operations_request_validators,
    operations_resources,
    operations_rest_apis,
    operations_stages,
    operations_tags,
    operations_usage_plans,
)
from sandbox.servers.api_gateway.operations_usage import get_usage
from sandbox.servers.api_gateway.quota import QuotaBook
from sandbox.servers.api_gateway.state import State
from sandbox.servers.aws import constraints
from sandbox.servers.aws.rest_json import Params, RestJson

Operation = Callable[[State, Params], Params]
_OF_STATE: dict[str, Operation] = {
    **operations_rest_apis.OPERATIONS,
    **operations_resources.OPERATIONS,
    **operations_methods.OPERATIONS,
    **operations_integrations.OPERATIONS,
    **operations_models.OPERATIONS,
    **operations_request_validators.OPERATIONS,
    **operations_gateway_responses.OPERATIONS,
    **operations_deployments.OPERATIONS,
    **operations_stages.OPERATIONS,
    **operations_export.OPERATIONS,
    **operations_api_keys.OPERATIONS,
    **operations_usage_plans.OPERATIONS,
    **operations_account.OPERATIONS,
    **operations_tags.OPERATIONS,
}


SERVED = frozenset([*_OF_STATE, "GetUsage"])


def operations(protocol: RestJson, state: State, quotas: QuotaBook) -> Mapping[str, Callable[[Params], Params]]:
    """The operations on one state, by Amazon's names of them: those of `SERVED`."""
    runs: dict[str, Operation] = {**_OF_STATE, "GetUsage": partial(get_usage, quotas)}
    return {name: partial(_run, protocol.operation(name), run, state) for name, run in runs.items()}


def _run(model: OperationModel, run: Operation, state: State, params: Params) -> Params:
    if model.input_shape is not None:
        constraints.check(model.input_shape, params, body=f"{model.name[0].lower()}{model.name[1:]}Input.")
    return run(state, params)
