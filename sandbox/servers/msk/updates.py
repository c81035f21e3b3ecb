"""The operations that `describe_connector_operation` tells of: one for each update of a connector."""

from __future__ import annotations

from sandbox.servers.aws.rest_json import Params
from sandbox.servers.msk.identifiers import new_version, now
from sandbox.servers.msk.shelf import Record

STEP_STATES = {
    "UPDATE_IN_PROGRESS": ("COMPLETED", "IN_PROGRESS", "PENDING", "PENDING"),
    "UPDATE_COMPLETE": ("COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED"),
    "ROLLBACK_IN_PROGRESS": ("COMPLETED", "COMPLETED", "FAILED", "PENDING"),
    "ROLLBACK_COMPLETE": ("COMPLETED", "COMPLETED", "FAILED", "CANCELLED"),
}
SIDES = ("origin", "target")
SETTINGS = ("capacity", "plugins", "workerConfiguration")


def new_operation(connector: Record, params: Params, arn: str) -> Record:
    """An update that begins now: `origin` and `target` are the fields of the connector that it changes."""
    target = {name: params[name] for name in ("connectorConfiguration", *SETTINGS) if name in params}
    if params.get("useDefaultWorkerConfiguration"):
        target["workerConfiguration"] = None
    configured = "connectorConfiguration" in params
    return {
        "connectorArn": connector["connectorArn"],
        "connectorOperationArn": arn,
        "connectorOperationType": "UPDATE_CONNECTOR_CONFIGURATION" if configured else "UPDATE_WORKER_SETTING",
        "connectorOperationState": "UPDATE_IN_PROGRESS",
        "creationTime": now(),
        "origin": {name: connector.get(name) for name in target},
        "target": target,
        "skipHealthValidation": params.get("skipHealthValidation", False),
    }


def settle(connector: Record, fault: Record | None) -> bool:
    """Take in how a connector fares by the definition that it was to be run by; tell whether its update has ended.

    A fault has the connector rolled back to what it was, unless the caller wanted no health checks.
    """
    operation = connector["operations"][-1]
    if operation["connectorOperationState"] == "ROLLBACK_IN_PROGRESS":
        _end(operation, "ROLLBACK_COMPLETE")
    elif fault is None or operation["skipHealthValidation"]:
        connector |= {**operation["target"], "currentVersion": new_version("C")}
        _end(operation, "UPDATE_COMPLETE")
    else:
        operation |= {"connectorOperationState": "ROLLBACK_IN_PROGRESS", "errorInfo": fault}
        return False
    return True


def _end(operation: Record, state: str) -> None:
    operation |= {"connectorOperationState": state, "endTime": now()}


def shown(operation: Record) -> Record:
    """The operation as Amazon describes it."""
    kind = operation["connectorOperationType"]
    if kind == "UPDATE_CONNECTOR_CONFIGURATION":
        sides = {f"{side}ConnectorConfiguration": operation[side]["connectorConfiguration"] for side in SIDES}
    else:
        sides = {f"{side}WorkerSetting": _setting(operation[side]) for side in SIDES}
    steps = zip(("INITIALIZE_UPDATE", kind, "VALIDATE_UPDATE", "FINALIZE_UPDATE"), _step_states(operation), strict=True)
    return {**operation, **sides, "operationSteps": [{"stepType": step, "stepState": state} for step, state in steps]}


def _step_states(operation: Record) -> tuple[str, ...]:
    return STEP_STATES[operation["connectorOperationState"]]


def _setting(side: Record) -> Record:
    default = "workerConfiguration" in side and side["workerConfiguration"] is None
    return {**side, "useDefaultWorkerConfiguration": default}
