"""The few calls about clusters that Airflow's connection test and its operators make: there is one, the sandbox's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.servers.jobs.errors import invalid
from sandbox.servers.jobs.requests import converted

CLUSTER_ID = "sandbox"
SPARK_VERSION = {"key": "sandbox-spark-4.2", "name": "Spark 4.2 of the sandbox"}


class ClusterId(msgspec.Struct):
    """Names a cluster."""

    cluster_id: str


def spark_versions(_: Mapping[str, Any]) -> dict[str, Any]:
    """The versions that a cluster may have."""
    return {"versions": [SPARK_VERSION]}


def get_cluster(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The one cluster."""
    asked = converted(arguments, ClusterId).cluster_id
    if asked != CLUSTER_ID:
        raise invalid(f"Cluster {asked} does not exist: the sandbox has one, {CLUSTER_ID!r}.")
    shown = {"cluster_id": CLUSTER_ID, "cluster_name": CLUSTER_ID, "spark_version": SPARK_VERSION["key"]}
    return {**shown, "state": "RUNNING", "state_message": ""}
