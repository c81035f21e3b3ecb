"""Connectors of MSK Connect through boto3's client `kafkaconnect`: find, make, change and delete, each seen through.

On Amazon each step takes minutes, in the sandbox a second: both are awaited alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from lib.errors import CourseError
from lib.waiting import wait_for

Connector = dict[str, Any]
Config = dict[str, str]

PATIENCE = 20 * 60.0
"""Seconds that a step is waited for: Amazon takes minutes for what the sandbox does in seconds."""
SHARED = (
    "capacity",
    "kafkaCluster",
    "kafkaClusterClientAuthentication",
    "kafkaClusterEncryptionInTransit",
    "kafkaConnectVersion",
    "logDelivery",
    "plugins",
    "serviceExecutionRoleArn",
    "workerConfiguration",
)
"""What a new connector takes over from one that runs on the same cluster: all but its name and configuration."""


class ConnectorFailedError(CourseError):
    """A connector does not run as it was asked to; the message holds the service's own reason."""


def read_definition(path: Path, user_id: str) -> tuple[str, Config]:
    """Name and configuration of a file like `aws/s3-sink.json`, with USER_ID filled in."""
    definition = json.loads(Template(path.read_text(encoding="utf-8")).substitute(USER_ID=user_id))
    return str(definition["name"]), dict(definition["config"])


def find_connector(connect: Any, name: str) -> Connector | None:
    """The connector of this name with all that `describe_connector` tells, None if there is none."""
    pages = connect.get_paginator("list_connectors").paginate(connectorNamePrefix=name)
    arns = [each["connectorArn"] for page in pages for each in page["connectors"] if each["connectorName"] == name]
    if not arns:
        return None
    try:
        return dict(connect.describe_connector(connectorArn=arns[0]))
    except connect.exceptions.NotFoundException:  # it went since it was listed
        return None


def make_connector(connect: Any, model: Mapping[str, Any], name: str, config: Config) -> Connector:
    """Make a connector on the cluster of `model` (another one, as described), and wait until it runs.

    Raises:
        ConnectorFailedError: it failed; it is still there, to be looked at or deleted.
    """
    shared = {field: model[field] for field in SHARED if model.get(field)}
    arn = connect.create_connector(connectorName=name, connectorConfiguration=config, **shared)["connectorArn"]
    return await_running(connect, arn)


def await_running(connect: Any, arn: str) -> Connector:
    """The connector once it is RUNNING; ConnectorFailedError with the reason if it is FAILED instead."""

    def settled() -> Connector | None:
        told: Connector = connect.describe_connector(connectorArn=arn)
        return told if told["connectorState"] in ("RUNNING", "FAILED") else None

    connector = wait_for("the connector to run", settled, PATIENCE)
    if connector["connectorState"] == "FAILED":
        raise ConnectorFailedError(_reason(connector.get("stateDescription")))
    return connector


def change_config(connect: Any, arn: str, config: Config) -> Connector:
    """Give a running connector another configuration, and wait until it runs by it; the connector.

    Raises:
        ConnectorFailedError: the configuration is no good; the connector runs on by the old one.
    """
    version = await_running(connect, arn)["currentVersion"]
    update = connect.update_connector(connectorArn=arn, currentVersion=version, connectorConfiguration=config)
    operation = await_operation(connect, update["connectorOperationArn"])
    if operation["connectorOperationState"] != "UPDATE_COMPLETE":
        raise ConnectorFailedError(_reason(operation.get("errorInfo")))
    return await_running(connect, arn)


def await_operation(connect: Any, arn: str) -> dict[str, Any]:
    """An update once it has ended, well or not."""

    def ended() -> dict[str, Any] | None:
        operation: dict[str, Any] = connect.describe_connector_operation(connectorOperationArn=arn)
        return operation if operation.get("endTime") else None

    return wait_for("the update to end", ended, PATIENCE)


def delete_connector(connect: Any, name: str) -> None:
    """Delete the connector of this name and wait until it is gone; nothing happens if there is none."""
    connector = find_connector(connect, name)
    if connector is None:
        return
    if connector["connectorState"] != "DELETING":
        connect.delete_connector(connectorArn=connector["connectorArn"])
    wait_for(f"the connector {name} to go", lambda: find_connector(connect, name) is None, PATIENCE)


def delete_plugin(connect: Any, name: str) -> None:
    """Delete the custom plugin of this name and wait until it is gone; nothing happens if there is none."""

    def there() -> list[str]:
        pages = connect.get_paginator("list_custom_plugins").paginate(namePrefix=name)
        return [each["customPluginArn"] for page in pages for each in page["customPlugins"] if each["name"] == name]

    for arn in there():
        connect.delete_custom_plugin(customPluginArn=arn)
    wait_for(f"the plugin {name} to go", lambda: not there(), PATIENCE)


def _reason(told: Mapping[str, str] | None) -> str:
    return f"{told['code']}: {told['message']}" if told else "The service gives no reason: look at the connector's log."
