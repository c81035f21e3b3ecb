"""The resources below ``/topics``: what topics there are, and records sent to them."""

from typing import Any

import orjson
from confluent_kafka.admin import PartitionMetadata, TopicMetadata

from sandbox.servers.rest_proxy.cluster import Cluster
from sandbox.servers.rest_proxy.errors import PartitionNotFoundError
from sandbox.servers.rest_proxy.http import Answer, Request
from sandbox.servers.rest_proxy.media_types import embedded_format
from sandbox.servers.rest_proxy.producing import Place, Producing
from sandbox.servers.rest_proxy.records import parse_records
from sandbox.servers.rest_proxy.request_log import acknowledged


class Topics:
    """Answers requests below ``/topics``.

    Args:
        cluster: where topics are looked up.
        producing: where records go.
    """

    def __init__(self, cluster: Cluster, producing: Producing) -> None:
        self._cluster = cluster
        self._producing = producing

    async def list(self) -> Answer:
        """``GET /topics``: the names of all topics."""
        return Answer(orjson.dumps(await self._cluster.current_topics()))

    async def describe(self, topic: str) -> Answer:
        """``GET /topics/{t}``: name, settings and partitions."""
        metadata = await self._cluster.current_topic(topic)
        settings = await self._cluster.topic_settings(topic)
        return Answer(orjson.dumps({"name": topic, "configs": settings, "partitions": _partitions(metadata)}))

    async def partitions(self, topic: str) -> Answer:
        """``GET /topics/{t}/partitions``: leader and replicas of each."""
        return Answer(orjson.dumps(_partitions(await self._cluster.current_topic(topic))))

    async def partition(self, topic: str, partition: int) -> Answer:
        """``GET /topics/{t}/partitions/{p}``: one of them."""
        metadata = await self._cluster.current_topic(topic)
        return Answer(orjson.dumps(_partition(_known_partition(metadata, partition))))

    async def offsets(self, topic: str, partition: int) -> Answer:
        """``GET /topics/{t}/partitions/{p}/offsets``: where it begins, and where its next record will be."""
        _known_partition(await self._cluster.current_topic(topic), partition)
        beginning, end = await self._cluster.offsets(topic, partition)
        return Answer(orjson.dumps({"beginning_offset": beginning, "end_offset": end}))

    async def produce(self, request: Request, topic: str) -> Answer:
        """``POST /topics/{t}``: send records; answered when Kafka has acknowledged or refused each."""
        embedded = embedded_format(request.header(b"content-type"))
        records = parse_records(await request.body(), embedded)
        return _offsets(topic, await self._producing.produce(self._cluster, topic, records))

    async def produce_to_partition(self, request: Request, topic: str, partition: int) -> Answer:
        """``POST /topics/{t}/partitions/{p}``: send records to one partition."""
        embedded = embedded_format(request.header(b"content-type"))
        records = parse_records(await request.body(), embedded, partition)
        _known_partition(await self._cluster.topic(topic), partition)
        return _offsets(topic, await self._producing.produce(self._cluster, topic, records))


def _offsets(topic: str, outcomes: list[Place]) -> Answer:
    # Schema ids belong to formats with a schema registry; the format JSON has none.
    body = {"offsets": outcomes, "key_schema_id": None, "value_schema_id": None}
    logged = {"records": len(outcomes), "topic": topic, "offsets": acknowledged(outcomes)}
    return Answer(orjson.dumps(body), logged=logged)


def _known_partition(topic: TopicMetadata, partition: int) -> PartitionMetadata:
    if partition not in topic.partitions:
        raise PartitionNotFoundError
    return topic.partitions[partition]


def _partitions(topic: TopicMetadata) -> list[dict[str, Any]]:
    return [_partition(partition) for _, partition in sorted(topic.partitions.items())]


def _partition(partition: PartitionMetadata) -> dict[str, Any]:
    replicas = [
        {"broker": broker, "leader": broker == partition.leader, "in_sync": broker in partition.isrs}
        for broker in partition.replicas
    ]
    return {"partition": partition.id, "leader": partition.leader, "replicas": replicas}
