"""MSK Connect: custom plugins. A new one is CREATING until the steward has looked for its file in S3."""

from __future__ import annotations

import re

from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.rest_json import Params
from sandbox.servers.msk.connectors import uses
from sandbox.servers.msk.identifiers import new_arn, now
from sandbox.servers.msk.names import check_name
from sandbox.servers.msk.pages import page
from sandbox.servers.msk.shelf import Record
from sandbox.servers.msk.state import State

BUCKET_ARN = re.compile(r"arn:aws:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])")
REVISION = 1  # a plugin cannot be updated, so that it has no other


def create_custom_plugin(state: State, params: Params) -> Params:
    """A plugin of a zip or jar in S3. What is in the file does not matter: the worker has the S3 sink in it."""
    check_name(params["name"])
    state.plugins.refuse_taken(params["name"])
    if not BUCKET_ARN.fullmatch(params["location"]["s3Location"]["bucketArn"]):
        raise BadRequestError("The bucket ARN isn't valid.")
    if not params["location"]["s3Location"]["fileKey"]:
        raise BadRequestError("The file key must not be empty.")
    plugin = _new_plugin(params)
    state.plugins.save(plugin)
    return {**plugin, "revision": REVISION}


def _new_plugin(params: Params) -> Record:
    time = now()
    described = {"description": params["description"]} if "description" in params else {}
    file = {"contentType": params["contentType"], "location": params["location"]}
    return {
        "customPluginArn": new_arn("kafkaconnect", "custom-plugin", params["name"]),
        "customPluginState": "CREATING",
        "name": params["name"],
        **described,
        "creationTime": time,
        "latestRevision": {**described, **file, "creationTime": time, "revision": REVISION},
        "tags": params.get("tags", {}),
    }


def describe_custom_plugin(state: State, params: Params) -> Params:
    """One plugin."""
    return _shown(state.plugins.find(params["customPluginArn"]))


def list_custom_plugins(state: State, params: Params) -> Params:
    """The plugins whose name begins with `namePrefix`, a page at a time."""
    found = [_shown(plugin) for plugin in state.plugins.records(params.get("namePrefix", ""))]
    shown, token = page(found, "customPluginArn", params.get("maxResults"), params.get("nextToken"))
    return {"customPlugins": shown, "nextToken": token}


def _shown(plugin: Record) -> Record:
    """`latestRevision` is the latest that was made with success, as the API reference says."""
    made = plugin["customPluginState"] == "ACTIVE"
    return {name: value for name, value in plugin.items() if made or name != "latestRevision"}


def delete_custom_plugin(state: State, params: Params) -> Params:
    """Remove a plugin that no connector uses."""
    plugin = state.plugins.find(params["customPluginArn"])
    for connector in state.connectors.records():
        if plugin["customPluginArn"] in uses(connector):
            raise BadRequestError(f"The custom plugin is in use by connector {connector['connectorArn']}.")
    state.plugins.delete(plugin["customPluginArn"])
    return {**plugin, "customPluginState": "DELETING"}


OPERATIONS = {
    "CreateCustomPlugin": create_custom_plugin,
    "DescribeCustomPlugin": describe_custom_plugin,
    "ListCustomPlugins": list_custom_plugins,
    "DeleteCustomPlugin": delete_custom_plugin,
}
