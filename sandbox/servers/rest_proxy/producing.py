"""Produce requests: what becomes of their records, and when a request fails as a whole."""

import asyncio
import time
from collections.abc import Container, Mapping
from typing import Any

from confluent_kafka import KafkaError

from sandbox.servers.kafka_lane import Lane, Outcome, producer_settings
from sandbox.servers.rest_proxy.cluster import PATIENCE_SECONDS, Cluster
from sandbox.servers.rest_proxy.errors import (
    AUTHENTICATION_CODE,
    AUTHORIZATION_CODE,
    PARTITION_NOT_FOUND_CODE,
    RETRIABLE_KAFKA_ERROR_CODE,
    PartitionNotFoundError,
)
from sandbox.servers.rest_proxy.kafka_errors import error_code, whole_answer
from sandbox.servers.rest_proxy.records import ANY_PARTITION, Record

# One entry of the answer's `offsets`: partition, offset, error_code, error.
Place = dict[str, Any]
# Java's: a key goes to the same partition whichever client sends it.
PARTITIONER = "murmur2_random"
# What says nothing about a record, only about Kafka or the proxy's rights.
_FAILS_AS_A_WHOLE = {AUTHENTICATION_CODE, AUTHORIZATION_CODE, RETRIABLE_KAFKA_ERROR_CODE}


class Producing:
    """Sends the records of produce requests and gathers their outcomes.

    Args:
        client_settings: librdkafka settings of the connection.
        overrides: librdkafka settings of the producer that win over the proxy's own.
        timeout: seconds from a request to its answer when Kafka is silent.
        loop: the event loop that awaits.
    """

    def __init__(
        self,
        client_settings: Mapping[str, Any],
        overrides: Mapping[str, Any],
        timeout: float,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        own = producer_settings(timeout - 2 * PATIENCE_SECONDS) | {"partitioner": PARTITIONER}
        self.lane = Lane({**client_settings, **own, **overrides}, loop)

    async def produce(self, cluster: Cluster, topic: str, records: list[Record]) -> list[Place]:
        """Send records to a topic and wait for Kafka's word on each; give their outcomes in order.

        Raises:
            TopicNotFoundError: the topic does not exist, or was deleted meanwhile.
            RestProxyError: no record reached Kafka, and it is not the records' fault.
        """
        began = time.monotonic()
        partitions = (await cluster.topic(topic)).partitions
        outcomes = await _deliver(self.lane, topic, records, partitions)
        codes = {outcome["error_code"] for outcome in outcomes}
        if len(codes) == 1 and codes <= _FAILS_AS_A_WHOLE:
            await cluster.topic(topic, fresh_seconds=0)
            raise whole_answer(codes.pop(), outcomes[0]["error"], self.lane.trouble_since(began))
        return outcomes

    def close(self, seconds: float) -> int:
        """Flush the lane; return the number of records given up."""
        return self.lane.close(seconds)


async def _deliver(lane: Lane, topic: str, records: list[Record], partitions: Container[int]) -> list[Place]:
    """Send the records whose partition exists, or is Kafka's choice; the others fail at once."""
    sent = [record for record in records if record[2] == ANY_PARTITION or record[2] in partitions]
    delivered = [_place(outcome) for outcome in await lane.deliver(topic, sent)] if sent else []
    if len(sent) == len(records):
        return delivered
    following = iter(delivered)
    return [next(following) if r[2] == ANY_PARTITION or r[2] in partitions else _NO_PARTITION for r in records]


def _place(outcome: Outcome) -> Place:
    if isinstance(outcome, KafkaError):
        return _failed(error_code(outcome), outcome.str())
    return {"partition": outcome.partition, "offset": outcome.offset, "error_code": None, "error": None}


def _failed(code: int, error: str) -> Place:
    return {"partition": None, "offset": None, "error_code": code, "error": error}


_NO_PARTITION = _failed(PARTITION_NOT_FOUND_CODE, PartitionNotFoundError.message)
