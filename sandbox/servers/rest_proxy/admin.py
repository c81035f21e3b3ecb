"""What only an admin client can ask: topics' settings and partitions' offsets. Every call blocks."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, ResourceType

from sandbox.servers.rest_proxy.fetched import Place


class Admin:
    """Asks Kafka over a connection of its own, from any thread; raises KafkaException when Kafka does not say.

    Args:
        client_settings: librdkafka settings of the connection.
        timeout: seconds that Kafka may take to answer.
    """

    def __init__(self, client_settings: Mapping[str, Any], timeout: float) -> None:
        self._client_settings = client_settings
        self._timeout = timeout

    def topic_settings(self, topic: str) -> dict[str, str | None]:
        """A topic's settings by name; None where Kafka keeps the value to itself."""
        resource = ConfigResource(ResourceType.TOPIC, topic)
        described = self._client.describe_configs([resource], request_timeout=self._timeout)
        return {entry.name: entry.value for entry in described[resource].result().values()}

    def beginnings(self, places: Iterable[Place]) -> dict[Place, int]:
        """The offset of the oldest record of each partition."""
        return self._offsets(places, OffsetSpec.earliest())

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The offset that the next record of each partition will have."""
        return self._offsets(places, OffsetSpec.latest())

    def _offsets(self, places: Iterable[Place], kind: OffsetSpec) -> dict[Place, int]:
        asked = {TopicPartition(*place): kind for place in places}
        answers = self._client.list_offsets(asked, request_timeout=self._timeout) if asked else {}
        return {(place.topic, place.partition): answer.result().offset for place, answer in answers.items()}

    @cached_property
    def _client(self) -> AdminClient:
        # With the default, librdkafka 2.16 forgets the only broker when it dies.
        return AdminClient({**self._client_settings, "metadata.recovery.strategy": "none"})
