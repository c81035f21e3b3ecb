"""MSK Connect: connectors. What is saved here, the steward brings about."""

from __future__ import annotations

from sandbox.servers.aws.errors import BadRequestError, NotFoundError
from sandbox.servers.aws.rest_json import Params
from sandbox.servers.msk import connectors, updates
from sandbox.servers.msk.connector_checks import check_new, check_update
from sandbox.servers.msk.connectors import Phase
from sandbox.servers.msk.identifiers import connector_arn_of, new_arn, new_operation_arn, new_version, now
from sandbox.servers.msk.names import check_name
from sandbox.servers.msk.pages import page
from sandbox.servers.msk.shelf import NO_SUCH_THING, Record
from sandbox.servers.msk.state import State

SCALE_IN, SCALE_OUT = {"cpuUtilizationPercentage": 20}, {"cpuUtilizationPercentage": 80}  # Amazon's defaults


def create_connector(state: State, params: Params) -> Params:
    """A connector. It is CREATING until the worker runs it or has refused its configuration."""
    check_name(params["connectorName"])
    state.connectors.refuse_taken(params["connectorName"])
    check_new(state, params)
    connector = {
        "networkType": "IPV4",
        "tags": {},
        **params,
        "capacity": _with_defaults(params["capacity"]),
        "connectorArn": new_arn("kafkaconnect", "connector", params["connectorName"]),
        "creationTime": now(),
        "currentVersion": new_version("C"),
        "phase": Phase.CREATING,
        "operations": [],
    }
    state.connectors.save(connector)
    return connectors.shown(state, connector)


def _with_defaults(capacity: Params) -> Params:
    if "autoScaling" not in capacity:
        return capacity
    return {"autoScaling": {"scaleInPolicy": SCALE_IN, "scaleOutPolicy": SCALE_OUT, **capacity["autoScaling"]}}


def describe_connector(state: State, params: Params) -> Params:
    """One connector."""
    return connectors.shown(state, state.connectors.find(params["connectorArn"]))


def list_connectors(state: State, params: Params) -> Params:
    """The connectors whose name begins with `connectorNamePrefix`, a page at a time."""
    found = state.connectors.records(params.get("connectorNamePrefix", ""))
    shown, token = page(found, "connectorArn", params.get("maxResults"), params.get("nextToken"))
    return {"connectors": [connectors.shown(state, connector) for connector in shown], "nextToken": token}


def update_connector(state: State, params: Params) -> Params:
    """Begin an update of a running connector: of its configuration, or of its workers' setting."""
    connector = state.connectors.find(params["connectorArn"])
    _check_version(connector, params["currentVersion"])
    if connectors.shown(state, connector)["connectorState"] != Phase.RUNNING:
        raise BadRequestError("The connector must be in the RUNNING state to be updated.")
    check_update(state, params)
    if "capacity" in params:
        params["capacity"] = _with_defaults(params["capacity"])
    operation = updates.new_operation(connector, params, new_operation_arn(connector["connectorArn"]))
    connector["operations"].append(operation)
    connector["phase"] = Phase.UPDATING
    state.connectors.save(connector)
    return {**connectors.shown(state, connector), **operation}


def delete_connector(state: State, params: Params) -> Params:
    """Have the connector ended; its record goes when the worker has let go of it. Its offsets stay in Kafka."""
    connector = state.connectors.find(params["connectorArn"])
    if "currentVersion" in params:
        _check_version(connector, params["currentVersion"])
    connector = {**connector, "phase": Phase.DELETING, "stateDescription": None}
    state.connectors.save(connector)
    return connectors.shown(state, connector)


def _check_version(connector: Record, version: str) -> None:
    if version != connector["currentVersion"]:
        raise BadRequestError("The currentVersion that you specified isn't the connector's current version.")


def describe_connector_operation(state: State, params: Params) -> Params:
    """One update of a connector."""
    arn = params["connectorOperationArn"]
    for operation in state.connectors.find(connector_arn_of(arn))["operations"]:
        if operation["connectorOperationArn"] == arn:
            return updates.shown(operation)
    raise NotFoundError(NO_SUCH_THING)


def list_connector_operations(state: State, params: Params) -> Params:
    """A connector's updates, a page at a time."""
    operations = state.connectors.find(params["connectorArn"])["operations"]
    shown, token = page(operations, "connectorOperationArn", params.get("maxResults"), params.get("nextToken"))
    return {"connectorOperations": shown, "nextToken": token}


OPERATIONS = {
    "CreateConnector": create_connector,
    "DescribeConnector": describe_connector,
    "ListConnectors": list_connectors,
    "UpdateConnector": update_connector,
    "DeleteConnector": delete_connector,
    "DescribeConnectorOperation": describe_connector_operation,
    "ListConnectorOperations": list_connector_operations,
}
