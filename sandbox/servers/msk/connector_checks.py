"""What MSK Connect refuses of a connector at once, with 400 or 404."""

from __future__ import annotations

import re
from typing import Any

from sandbox.servers.aws.errors import BadRequestError, NotFoundError, NotImplementedOperationError
from sandbox.servers.aws.rest_json import Params
from sandbox.servers.msk.shelf import NO_SUCH_THING
from sandbox.servers.msk.state import State

CONNECT_VERSIONS = ("2.7.1", "3.7.x")
MCU_COUNTS = (1, 2, 4, 8)
WORKER_COUNTS = range(1, 11)
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
SERVER = re.compile(r"[^\s,:]+:\d{1,5}")
SETTINGS = ("capacity", "plugins", "workerConfiguration", "useDefaultWorkerConfiguration")


def check_new(state: State, params: Params) -> None:
    """Check all that comes with a new connector. Raises `BadRequestError`, `NotFoundError`."""
    check_capacity(params["capacity"])
    check_plugins(state, params["plugins"])
    check_worker_configuration(state, params.get("workerConfiguration"))
    check_log_delivery(params.get("logDelivery", {}).get("workerLogDelivery", {}))
    servers = params["kafkaCluster"]["apacheKafkaCluster"]["bootstrapServers"].split(",")
    _require(all(SERVER.fullmatch(server.strip()) for server in servers), "The bootstrap servers aren't valid.")
    _require(bool(params["kafkaCluster"]["apacheKafkaCluster"]["vpc"]["subnets"]), "At least one subnet is required.")
    _require(bool(ROLE_ARN.fullmatch(params["serviceExecutionRoleArn"])), "The service execution role ARN isn't valid.")
    version, valid = params["kafkaConnectVersion"], ", ".join(CONNECT_VERSIONS)
    _require(version in CONNECT_VERSIONS, f"Unsupported KafkaConnectVersion [{version}]. Valid values: [{valid}]")
    _require(bool(params["connectorConfiguration"]), "The connector configuration must not be empty.")


def check_update(state: State, params: Params) -> None:
    """Check all that comes with an update. Raises `BadRequestError`, `NotFoundError`."""
    settings = any(name in params for name in SETTINGS)
    configuration = "connectorConfiguration" in params
    _require(
        settings != configuration,
        "Specify either the worker setting (capacity, plugins, workerConfiguration or useDefaultWorkerConfiguration) "
        "or the connectorConfiguration, and not both.",
    )
    _require(not configuration or bool(params["connectorConfiguration"]), "The connectorConfiguration is empty.")
    both = "workerConfiguration" in params and params.get("useDefaultWorkerConfiguration", False)
    _require(not both, "You can't specify both workerConfiguration and useDefaultWorkerConfiguration.")
    if "capacity" in params:
        check_capacity(params["capacity"])
    if "plugins" in params:
        check_plugins(state, params["plugins"])
    check_worker_configuration(state, params.get("workerConfiguration"))


def check_capacity(capacity: Params) -> None:
    """Exactly one kind of capacity, within the service's numbers."""
    _require(len(capacity) == 1, "Exactly one of autoScaling and provisionedCapacity must be specified.")
    ((kind, numbers),) = capacity.items()
    _require(numbers["mcuCount"] in MCU_COUNTS, f"The valid values of mcuCount are {_listed(MCU_COUNTS)}.")
    if kind == "provisionedCapacity":
        _require(numbers["workerCount"] in WORKER_COUNTS, _outside("workerCount"))
        return
    _require(numbers["minWorkerCount"] in WORKER_COUNTS, _outside("minWorkerCount"))
    _require(numbers["maxWorkerCount"] in WORKER_COUNTS, _outside("maxWorkerCount"))
    _require(numbers["minWorkerCount"] <= numbers["maxWorkerCount"], "minWorkerCount is more than maxWorkerCount.")
    tasks = numbers.get("maxAutoscalingTaskCount", numbers["maxWorkerCount"])
    _require(tasks >= numbers["maxWorkerCount"], "maxAutoscalingTaskCount must be at least equal to maxWorkerCount.")


def _outside(number: str) -> str:
    return f"{number} must be between {WORKER_COUNTS[0]} and {WORKER_COUNTS[-1]}."


def check_plugins(state: State, plugins: list[Params]) -> None:
    """One plugin, there and active."""
    _require(len(plugins) == 1, "You must specify a single-element list containing one customPlugin object.")
    used = plugins[0]["customPlugin"]
    plugin = state.plugins.find(used["customPluginArn"])
    _require(plugin["customPluginState"] == "ACTIVE", "The custom plugin isn't in the ACTIVE state.")
    _check_revision(used, plugin)


def check_worker_configuration(state: State, used: Params | None) -> None:
    """A worker configuration that is there, if one is named."""
    if used is not None:
        _check_revision(used, state.worker_configurations.find(used["workerConfigurationArn"]))


def _check_revision(used: Params, record: Params) -> None:
    if used["revision"] != record["latestRevision"]["revision"]:
        raise NotFoundError(NO_SUCH_THING)


def check_log_delivery(delivery: Params) -> None:
    """Logs go to CloudWatch Logs; the sandbox delivers to nowhere else."""
    group = delivery.get("cloudWatchLogs", {"enabled": False})
    _require(not group["enabled"] or bool(group.get("logGroup")), "A log group is required to deliver logs to it.")
    for place in ("firehose", "s3"):
        if delivery.get(place, {}).get("enabled"):
            raise NotImplementedOperationError(f"The sandbox does not deliver worker logs to {place}")


def _listed(values: tuple[Any, ...]) -> str:
    return ", ".join(str(value) for value in values)


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise BadRequestError(otherwise)
