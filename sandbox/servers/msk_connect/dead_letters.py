"""Records of the dead-letter topic, as Kafka Connect writes them."""

from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from sandbox.servers.msk_connect.records import DeadLetter, Headers, SourcePartition, Stage

_PREFIX = "__connect.errors."
_DATA_EXCEPTION = "org.apache.kafka.connect.errors.DataException"


@dataclass(frozen=True, slots=True)
class DeadLetterTopic:
    """The ``errors.deadletterqueue.*`` keys; a replication factor of -1 is the broker's default."""

    name: str
    replication_factor: int
    context_headers: bool


def context_headers(letter: DeadLetter, source: SourcePartition, connector: str, task: int) -> Headers:
    """Give the headers by which Connect tells where a record came from and why it failed (KIP-298)."""
    context = {
        "topic": source.topic,
        "partition": source.partition,
        "offset": letter.record.offset,
        "connector.name": connector,
        "task.id": task,
        "stage": letter.stage.name,
        "class.name": letter.stage.value,
        "exception.class.name": _DATA_EXCEPTION,
        "exception.message": _message(letter),
        "exception.stacktrace": f"{_DATA_EXCEPTION}: {_message(letter)}",
    }
    return [(_PREFIX + name, str(value).encode()) for name, value in context.items()]


def _message(letter: DeadLetter) -> str:
    if letter.stage is Stage.VALUE_CONVERTER:
        return f"Converting byte[] to Kafka Connect data failed due to serialization error: {letter.reason}"
    return letter.reason


def create_topic(admin: AdminClient, topic: DeadLetterTopic, timeout: float) -> None:
    """Make the dead-letter topic with one partition, as Connect does; nothing happens when it is there.

    Raises:
        KafkaException: the broker refused, or did not answer.
    """
    wanted = NewTopic(topic.name, num_partitions=1, replication_factor=topic.replication_factor)
    try:
        admin.create_topics([wanted], request_timeout=timeout)[topic.name].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
