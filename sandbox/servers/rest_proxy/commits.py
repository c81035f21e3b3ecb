"""The offsets that a group keeps in Kafka."""

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from sandbox.servers.rest_proxy.errors import KAFKA_ERROR_CODE
from sandbox.servers.rest_proxy.fetched import Place
from sandbox.servers.rest_proxy.kafka_errors import error_code, whole_answer

# An offset to commit, with the text that is kept beside it.
Commit = tuple[Place, int, str | None]


def commit(client: Consumer, commits: list[Commit]) -> None:
    """Commit offsets and wait for Kafka's word; raises a RestProxyError when it refuses one of them."""
    offsets = [_with_metadata(*commit) for commit in commits]
    try:
        results = client.commit(offsets=offsets, asynchronous=False) or []
    except KafkaException as error:
        raise _commit_error(offsets[0], error.args[0]) from error
    for result in results:
        if result.error:
            raise _commit_error(result, result.error)


def committed(client: Consumer, places: list[Place], timeout: float) -> list[Commit]:
    """The group's offsets of these partitions, without those that have none; raises KafkaException."""
    asked = [TopicPartition(*place) for place in places]
    answers = client.committed(asked, timeout=timeout) if asked else []
    for answer in answers:
        if answer.error:
            raise KafkaException(answer.error)
    return [((a.topic, a.partition), a.offset, a.metadata or "") for a in answers if a.offset >= 0]


def _with_metadata(place: Place, offset: int, metadata: str | None) -> TopicPartition:
    return TopicPartition(*place, offset) if metadata is None else TopicPartition(*place, offset, metadata)


def _commit_error(partition: TopicPartition, error: KafkaError) -> Exception:
    if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        text = f"Topic or Partition {partition.topic}-{partition.partition} does not exist"
        return whole_answer(KAFKA_ERROR_CODE, text)
    return whole_answer(error_code(error), error.str())
