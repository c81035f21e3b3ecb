"""What a connector's record says: how far it has come, what the worker shall run, and in which state it is."""

from __future__ import annotations

import re
from enum import StrEnum

from sandbox.servers.msk.shelf import Record
from sandbox.servers.msk.state import State
from sandbox.servers.msk.worker_properties import DEFAULTS, inherit, read_properties
from sandbox.servers.msk_connect.definitions import Definition

LOOPBACK = re.compile(r"^(localhost|127\.0\.0\.1):")


class Phase(StrEnum):
    """How far a connector has come. RUNNING: it was started; whether it fares well is the worker's to tell.

    FAILED: it cannot be started here at all, and its record says why.
    """

    CREATING = "CREATING"
    RUNNING = "RUNNING"
    UPDATING = "UPDATING"
    DELETING = "DELETING"
    FAILED = "FAILED"


def wanted(connector: Record) -> Record:
    """The connector as the worker shall run it: while an update is under way, as it will be when that succeeds."""
    if connector["phase"] == Phase.UPDATING:
        operation = connector["operations"][-1]
        if operation["connectorOperationState"] == "UPDATE_IN_PROGRESS":
            return {**connector, **operation["target"]}
    return connector


def definition(state: State, connector: Record) -> Definition:
    """The definition by which the worker runs a connector."""
    configuration = connector["connectorConfiguration"]
    return Definition(connector["connectorName"], inherit(_worker_properties(state, connector), configuration))


def _worker_properties(state: State, connector: Record) -> dict[str, str]:
    used = connector.get("workerConfiguration")
    if used is None:
        return DEFAULTS
    configuration = state.worker_configurations.find(used["workerConfigurationArn"])
    return read_properties(configuration["latestRevision"]["propertiesFileContent"])


def unreachable(state: State, connector: Record) -> Record | None:
    """Why the worker does not reach the connector's cluster, as Amazon's StateDescription; None where it does."""
    servers = connector["kafkaCluster"]["apacheKafkaCluster"]["bootstrapServers"]
    here = LOOPBACK.sub("localhost:", state.broker.address)
    if any(LOOPBACK.sub("localhost:", server.strip()) != here for server in servers.split(",")):
        reason = f"there is no Kafka at {servers} that the worker can reach; the cluster's bootstrap servers are {here}"
    elif connector["kafkaClusterEncryptionInTransit"]["encryptionType"] != "TLS":
        reason = f"the cluster at {servers} takes TLS connections only"
    else:
        return None
    message = f"The last operation failed. Retry the operation. Message: {reason}"
    return {"code": "UnknownError.Unknown", "message": message}


def shown(state: State, connector: Record) -> Record:
    """The connector as Amazon describes it: with `connectorState`, and with `stateDescription` where it failed."""
    fault = connector.get("stateDescription")
    if connector["phase"] == Phase.RUNNING:
        told = state.worker.told(definition(state, connector))
        fault = told.fault if told else None
    if fault:
        return {**connector, "connectorState": Phase.FAILED, "stateDescription": fault}
    return {**connector, "connectorState": connector["phase"]}


def uses(connector: Record) -> set[str]:
    """The ARNs of the plugins and worker configurations that a connector has, or will have after its update."""
    found = set()
    for version in (connector, wanted(connector)):
        found |= {plugin["customPlugin"]["customPluginArn"] for plugin in version["plugins"]}
        if version.get("workerConfiguration"):
            found.add(version["workerConfiguration"]["workerConfigurationArn"])
    return found


def log_group(connector: Record) -> str | None:
    """The log group in CloudWatch Logs to which a connector's log lines go; None where they stay with the worker."""
    delivery = connector.get("logDelivery", {}).get("workerLogDelivery", {}).get("cloudWatchLogs", {"enabled": False})
    return delivery["logGroup"] if delivery["enabled"] else None
