"""Offsets and dead letters of one range, committed in one Kafka transaction."""

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from sandbox.servers.msk_connect.dead_letters import DeadLetterTopic, context_headers
from sandbox.servers.msk_connect.errors import TaskFailedError
from sandbox.servers.msk_connect.records import DeadLetter, SourcePartition

_TIMEOUT_SECONDS = 10
_CLOSE_SECONDS = 1


class Commits:
    """The transactions of one task, so that a crash at any moment doubles neither a record nor a dead letter.

    After a KafkaException the outcome of the transaction is unknown: close both clients and make new ones, whose
    ``begin`` ends whatever was open; the committed offset then tells.
    """

    def __init__(
        self, producer: Producer, consumer: Consumer, connector: str, task: int, topic: DeadLetterTopic | None
    ) -> None:
        self._producer = producer
        self._consumer = consumer
        self._connector = connector
        self._task = task
        self._topic = topic
        self._refusals: list[KafkaError] = []

    def begin(self) -> None:
        """End what an earlier task of the same id left open; must return before any offset is read.

        Raises:
            KafkaException: the broker did not answer.
        """
        self._producer.init_transactions(_TIMEOUT_SECONDS)

    def committed(self, source: SourcePartition) -> int:
        """Give the committed offset of a partition, 0 when there is none for this life of its topic.

        The topic's id stands beside the offset, because an offset may outlive a topic that is deleted and made again.
        Offsets set by hand (``kafka-consumer-groups --reset-offsets``) carry no id and count.

        Raises:
            KafkaException: the broker did not answer, or does not know the partition.
        """
        (answer,) = self._consumer.committed([TopicPartition(source.topic, source.partition)], timeout=_TIMEOUT_SECONDS)
        if answer.error:
            raise KafkaException(answer.error)
        return 0 if (answer.metadata or source.topic_id) != source.topic_id else max(answer.offset, 0)

    def commit(self, source: SourcePartition, next_offset: int, letters: list[DeadLetter]) -> None:
        """Commit ``next_offset`` and send the dead letters, both or neither.

        Raises:
            KafkaException: the outcome is unknown or the transaction was aborted.
            TaskFailedError: a dead letter is larger than the dead-letter topic takes.
        """
        self._refusals.clear()
        self._producer.begin_transaction()
        if self._topic is not None:
            for letter in letters:
                self._send(source, letter, self._topic)
        offsets = [TopicPartition(source.topic, source.partition, next_offset, metadata=source.topic_id)]
        try:
            self._producer.send_offsets_to_transaction(
                offsets, self._consumer.consumer_group_metadata(), _TIMEOUT_SECONDS
            )
            self._producer.commit_transaction(_TIMEOUT_SECONDS)
        except KafkaException as error:
            self._explain(source, error)
            raise

    def close(self) -> None:
        """Give up what is not committed; the next task of this id aborts it.

        A message whose delivery was never told keeps its producer, with its threads, alive for ever: tell it now.
        """
        self._producer.purge()
        self._producer.flush(_CLOSE_SECONDS)

    def _send(self, source: SourcePartition, letter: DeadLetter, topic: DeadLetterTopic) -> None:
        record = letter.record
        context = context_headers(letter, source, self._connector, self._task) if topic.context_headers else []
        self._producer.produce(
            topic.name,
            value=record.value,
            key=record.key,
            headers=[*record.headers, *context],
            timestamp=record.timestamp_ms,
            on_delivery=self._delivered,
        )

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._refusals.append(error)

    def _explain(self, source: SourcePartition, error: KafkaException) -> None:
        if any(refusal.code() == KafkaError.MSG_SIZE_TOO_LARGE for refusal in self._refusals) and self._topic:
            raise TaskFailedError(
                f"A record of {source.topic} partition {source.partition} is too large for {self._topic.name}. "
                f"Raise its limit: sandbox kafka-configs --alter --entity-type topics --entity-name {self._topic.name} "
                "--add-config max.message.bytes=BYTES"
            ) from error
