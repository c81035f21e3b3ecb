"""MSK Connect: worker configurations. They cannot be updated, so that each has one revision."""

from __future__ import annotations

from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.rest_json import Params
from sandbox.servers.msk.connectors import uses
from sandbox.servers.msk.identifiers import new_arn, now
from sandbox.servers.msk.names import check_name
from sandbox.servers.msk.pages import page
from sandbox.servers.msk.shelf import Record
from sandbox.servers.msk.state import State
from sandbox.servers.msk.worker_properties import read_properties

REVISION = 1


def create_worker_configuration(state: State, params: Params) -> Params:
    """A worker configuration. The sandbox's worker follows its converters; the rest tunes clients that it lacks."""
    check_name(params["name"])
    state.worker_configurations.refuse_taken(params["name"])
    read_properties(params["propertiesFileContent"])
    configuration = _new_configuration(params)
    state.worker_configurations.save(configuration)
    return configuration


def _new_configuration(params: Params) -> Record:
    time = now()
    described = {"description": params["description"]} if "description" in params else {}
    content = {"propertiesFileContent": params["propertiesFileContent"]}
    return {
        "workerConfigurationArn": new_arn("kafkaconnect", "worker-configuration", params["name"]),
        "workerConfigurationState": "ACTIVE",
        "name": params["name"],
        **described,
        "creationTime": time,
        "latestRevision": {**described, **content, "creationTime": time, "revision": REVISION},
        "tags": params.get("tags", {}),
    }


def describe_worker_configuration(state: State, params: Params) -> Params:
    """One worker configuration, its properties included."""
    return state.worker_configurations.find(params["workerConfigurationArn"])


def list_worker_configurations(state: State, params: Params) -> Params:
    """The worker configurations whose name begins with `namePrefix`, a page at a time."""
    found = state.worker_configurations.records(params.get("namePrefix", ""))
    shown, token = page(found, "workerConfigurationArn", params.get("maxResults"), params.get("nextToken"))
    return {"workerConfigurations": shown, "nextToken": token}


def delete_worker_configuration(state: State, params: Params) -> Params:
    """Remove a worker configuration that no connector uses."""
    configuration = state.worker_configurations.find(params["workerConfigurationArn"])
    arn = configuration["workerConfigurationArn"]
    for connector in state.connectors.records():
        if arn in uses(connector):
            raise BadRequestError(f"The worker configuration is in use by connector {connector['connectorArn']}.")
    state.worker_configurations.delete(arn)
    return {**configuration, "workerConfigurationState": "DELETING"}


OPERATIONS = {
    "CreateWorkerConfiguration": create_worker_configuration,
    "DescribeWorkerConfiguration": describe_worker_configuration,
    "ListWorkerConfigurations": list_worker_configurations,
    "DeleteWorkerConfiguration": delete_worker_configuration,
}
