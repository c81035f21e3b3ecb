"""The resource ``/brokers``."""

import orjson

from sandbox.servers.rest_proxy.cluster import Cluster
from sandbox.servers.rest_proxy.http import Answer


class Brokers:
    """Answers ``GET /brokers``: the ids of the cluster's brokers."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def list(self) -> Answer:
        """``GET /brokers``."""
        return Answer(orjson.dumps({"brokers": await self._cluster.current_brokers()}))
