"""Which partitions a connector reads at the moment."""

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, TopicDescription

from sandbox.servers.msk_connect.config import SinkConfig
from sandbox.servers.msk_connect.dead_letters import create_topic
from sandbox.servers.msk_connect.records import SourcePartition

_TIMEOUT_SECONDS = 10


def find_partitions(admin: AdminClient, config: SinkConfig) -> frozenset[SourcePartition]:
    """Give every partition of the topics that the connector wants; makes its dead-letter topic where it is missing.

    Raises:
        KafkaException: the broker did not answer, or refused.
    """
    names = admin.list_topics(timeout=_TIMEOUT_SECONDS).topics.keys()
    letters = config.dead_letter_topic
    if letters is not None and letters.name not in names:
        create_topic(admin, letters, _TIMEOUT_SECONDS)
    return frozenset(found for name in names if config.wants(name) for found in _partitions(admin, name))


def topic_id(admin: AdminClient, name: str) -> str | None:
    """Give the id of a topic as it is now, None when there is no such topic.

    Raises:
        KafkaException: the broker did not answer, or refused.
    """
    topic = _describe(admin, name)
    return None if topic is None else str(topic.topic_id)


def _partitions(admin: AdminClient, name: str) -> list[SourcePartition]:
    """Give a topic's partitions: none when it is Kafka's own, or was deleted a moment ago."""
    topic = _describe(admin, name)
    if topic is None or topic.is_internal:
        return []
    return [SourcePartition(name, str(topic.topic_id), partition.id) for partition in topic.partitions]


def _describe(admin: AdminClient, name: str) -> TopicDescription | None:
    try:
        return admin.describe_topics(TopicCollection([name]), request_timeout=_TIMEOUT_SECONDS)[name].result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise
