"""Everything both services know: the one cluster, custom plugins, worker configurations, connectors."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.store import Store
from sandbox.servers.msk.identifiers import new_arn, new_version, now
from sandbox.servers.msk.shelf import Record, Shelf
from sandbox.servers.msk.worker_folder import WorkerFolder


@dataclass(frozen=True)
class Broker:
    """The sandbox's broker: the cluster's name, Kafka's version, and the bootstrap server as `host:port`."""

    cluster: str
    version: str
    address: str


class State:
    """The records of both services. Raises `StateError` when the state folder cannot be read or written.

    A connector's record has, besides Amazon's fields, its `phase` (see `connectors`) and its `operations`.
    """

    def __init__(self, store: Store, broker: Broker, worker: WorkerFolder) -> None:
        self.broker = broker
        self.worker = worker
        self.clusters = Shelf(store, "kafka", "cluster", "clusterArn", "clusterName")
        self.plugins = Shelf(store, "kafkaconnect", "custom-plugin", "customPluginArn", "name")
        self.worker_configurations = Shelf(
            store, "kafkaconnect", "worker-configuration", "workerConfigurationArn", "name"
        )
        self.connectors = Shelf(store, "kafkaconnect", "connector", "connectorArn", "connectorName")
        if not any(record["clusterName"] == broker.cluster for record in self.clusters.records()):
            self.clusters.save(_new_cluster(broker.cluster))

    def tagged(self, arn: str) -> tuple[Shelf, Record]:
        """The thing of MSK Connect that an ARN names, and its shelf. Raises `BadRequestError`, `NotFoundError`."""
        for shelf in (self.connectors, self.plugins, self.worker_configurations):
            if shelf.covers(arn):
                return shelf, shelf.find(arn)
        raise BadRequestError("Invalid input resource arn")


def _new_cluster(name: str) -> Record:
    return {
        "clusterArn": new_arn("kafka", "cluster", name),
        "clusterName": name,
        "creationTime": now(),
        "currentVersion": new_version("K"),
        "tags": {},
    }
