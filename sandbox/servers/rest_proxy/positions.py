"""Which partitions an instance reads, and where it is in each."""

from collections.abc import Iterable, Mapping

from confluent_kafka import TopicPartition

from sandbox.servers.rest_proxy.errors import IllegalStateError
from sandbox.servers.rest_proxy.fetched import Place


class Positions:
    """The assigned partitions, and of each the offset of the next record to give to the client.

    A partition whose start Kafka has not told yet is assigned and has no offset.
    """

    def __init__(self) -> None:
        self.assigned: list[Place] = []
        self.offsets: dict[Place, int] = {}

    def begin(self, places: Iterable[Place], offsets: Mapping[Place, int]) -> None:
        """Read these partitions and no others, from these offsets."""
        self.assigned, self.offsets = list(places), dict(offsets)

    def forget(self, places: Iterable[Place]) -> None:
        """Read these partitions no more."""
        gone = set(places)
        self.assigned = [place for place in self.assigned if place not in gone]
        self.offsets = {place: offset for place, offset in self.offsets.items() if place not in gone}

    def known(self, places: Iterable[Place]) -> dict[Place, int]:
        """The offsets of those of these partitions that have one."""
        return {place: self.offsets[place] for place in places if place in self.offsets}

    def seekable(self, places: list[Place]) -> list[Place]:
        """These partitions, or all that are assigned when none is named; raises IllegalStateError for any other."""
        for topic, number in places:
            if (topic, number) not in self.assigned:
                raise IllegalStateError(f"No current assignment for partition {topic}-{number}")
        return places or self.assigned

    def starts(self) -> list[TopicPartition]:
        """The assigned partitions as librdkafka is told them."""
        return [
            TopicPartition(*place, self.offsets[place]) if place in self.offsets else TopicPartition(*place)
            for place in self.assigned
        ]
