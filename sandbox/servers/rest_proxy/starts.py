"""Where a partition that is assigned anew begins.

Java's consumer has a position in each partition before it has read a record, so that a commit keeps the place of one
that began at the end. librdkafka has none; hence the start is looked up here.
"""

import contextlib

from confluent_kafka import Consumer, KafkaException

from sandbox.servers.rest_proxy.admin import Admin
from sandbox.servers.rest_proxy.commits import committed
from sandbox.servers.rest_proxy.fetched import Place


class Starts:
    """Looks starts up as Java's consumer does.

    Args:
        admin: what tells where partitions begin and end.
        reset: Java's ``auto.offset.reset``.
        timeout: seconds that Kafka may take to answer.
    """

    def __init__(self, admin: Admin, reset: str, timeout: float) -> None:
        self._reset = {"earliest": admin.beginnings, "latest": admin.ends}.get(reset)
        self._timeout = timeout

    def find(self, client: Consumer, places: list[Place]) -> dict[Place, int]:
        """Where to start, by partition; without those of which Kafka does not say: librdkafka will ask again."""
        try:
            starts = {place: offset for place, offset, _ in committed(client, places, self._timeout)}
            # librdkafka asks for the leaders a second after partitions are assigned, unless it knows them.
            for topic in {topic for topic, _ in places}:
                client.list_topics(topic, timeout=self._timeout)
        except KafkaException:
            return {}
        for place in places if self._reset else ():
            if place not in starts:
                starts |= self._start_without_commit(place)
        return starts

    def _start_without_commit(self, place: Place) -> dict[Place, int]:
        with contextlib.suppress(KafkaException):
            return self._reset([place]) if self._reset else {}
        return {}
