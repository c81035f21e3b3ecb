"""Topics to practise on: make one, read all of it, remove it. Each call returns when Kafka has done it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from lib.kafka_client import TopicMissingError, records_by_partition
from lib.waiting import wait_for

_SECONDS = 30.0
_POLL_SECONDS = 0.5


def make_topic(admin: AdminClient, name: str, partitions: int = 3, config: Mapping[str, str] | None = None) -> None:
    """Make a topic with these settings, and wait until each partition is served; one that is there stays as it is."""
    # -1: as many replicas as the cluster has by default; one in the sandbox, two or three on MSK.
    topic = NewTopic(name, num_partitions=partitions, replication_factor=-1, config=dict(config or {}))
    try:
        admin.create_topics([topic])[name].result(_SECONDS)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
    wait_for(f"the topic {name} to be served", lambda: _served(admin, name, partitions), _SECONDS)


def delete_topics(admin: AdminClient, names: Iterable[str]) -> None:
    """Remove those of the topics that are there, and wait until they are gone."""
    wanted = set(names)

    def left() -> list[str]:
        return sorted(wanted & admin.list_topics(timeout=_SECONDS).topics.keys())

    there = left()
    for deleted in admin.delete_topics(there).values() if there else []:
        deleted.result(_SECONDS)
    wait_for(f"the topics {', '.join(there)} to go", lambda: not left(), _SECONDS)


def read_topic(settings: Mapping[str, Any], topic: str) -> list[Message]:
    """Every record of a topic up to its present end, by partition and offset.

    Nothing is committed, so that it is the same at each call. `settings` are those of a confluent-kafka client.
    """
    consumer = Consumer({**settings, "group.id": f"{topic}-reader", "enable.partition.eof": True})
    try:
        return sorted(_read(consumer, topic), key=lambda record: (record.partition() or 0, record.offset() or 0))
    finally:
        consumer.close()


def _read(consumer: Consumer, topic: str) -> list[Message]:
    found: list[Message] = []
    open_partitions = set(consumer.list_topics(topic, timeout=_SECONDS).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in open_partitions])

    def read_to_the_end() -> bool:
        for message in consumer.consume(1000, _POLL_SECONDS):
            error = message.error()
            if error is None:
                found.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                open_partitions.discard(message.partition())
            elif not error.retriable():
                raise KafkaException(error)
        return not open_partitions

    wait_for(f"the end of the topic {topic}", read_to_the_end, 2 * _SECONDS, every=0)
    return found


def _served(admin: AdminClient, name: str, partitions: int) -> bool:
    """Whether offsets are told: a leader has its name in the metadata a moment before it takes records."""
    try:
        return len(records_by_partition(admin, name)) >= partitions
    except (KafkaException, TopicMissingError):
        return False
