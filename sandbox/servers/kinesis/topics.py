"""The topics behind the streams: made, widened, kept for as long as the stream says, deleted, asked for offsets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

LONGEST_RECORD_BYTES = 11 << 20
SECONDS = 20
_GRACE_SECONDS = 5
_MILLISECONDS_AN_HOUR = 3_600_000
_SEGMENTS = 24  # of a retention period: so much finer than the period is what Kafka deletes at once
# What an answer says where this client's knowledge of a topic is old: a partition was added since, or its leader began
# anew. The client asks for the topic again only when it is told to.
_STALE = (KafkaError._NOENT, KafkaError.FENCED_LEADER_EPOCH, KafkaError.NOT_LEADER_FOR_PARTITION)
_Result = TypeVar("_Result")


class Topics:
    """Asks Kafka, without holding up the event loop. Every method raises `KafkaException` when Kafka refuses."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        # One client for good: its pending answers would die with it.
        self._admin = AdminClient(dict(settings))
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="topics")

    async def create(self, topic: str, partitions: int, retention_hours: int) -> None:
        """Make a topic, unless it is there."""
        config = {
            **_retention(retention_hours),
            # Times grow with the offsets then, and an iterator AT_TIMESTAMP finds the first record of its time.
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(LONGEST_RECORD_BYTES),
        }
        new = NewTopic(topic, partitions, 1, config=config)
        there = KafkaError.TOPIC_ALREADY_EXISTS
        await self._run(lambda: _settle(self._admin.create_topics([new], request_timeout=SECONDS), there))

    async def delete(self, topic: str) -> None:
        """Delete a topic, if it is there."""
        gone = KafkaError.UNKNOWN_TOPIC_OR_PART
        await self._run(lambda: _settle(self._admin.delete_topics([topic], request_timeout=SECONDS), gone))

    async def widen(self, topic: str, partitions: int) -> None:
        """Give a topic so many partitions, unless it has them."""
        found = await self._run(lambda: self._admin.list_topics(topic, timeout=SECONDS).topics[topic])
        if len(found.partitions) < partitions:
            wider = NewPartitions(topic, partitions)
            await self._run(lambda: _settle(self._admin.create_partitions([wider], request_timeout=SECONDS)))

    async def retain(self, topic: str, retention_hours: int) -> None:
        """Change how long Kafka keeps a topic's records."""
        resource = ConfigResource(ResourceType.TOPIC, topic)
        for name, value in _retention(retention_hours).items():
            entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            resource.add_incremental_config(entry)
        await self._run(lambda: _settle(self._admin.incremental_alter_configs([resource], request_timeout=SECONDS)))

    async def ends(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The next offset of partitions."""
        return await self._offsets(topic, partitions, OffsetSpec.latest())

    async def offset_at(self, topic: str, partition: int, milliseconds: int) -> int | None:
        """The offset of the first record that is not older than a moment; None if there is none."""
        found = await self._offsets(topic, [partition], OffsetSpec.for_timestamp(milliseconds))
        return None if found[partition] < 0 else found[partition]

    def close(self) -> None:
        """End the threads that wait for Kafka."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _offsets(self, topic: str, partitions: Iterable[int], spec: OffsetSpec) -> dict[int, int]:
        asked = {TopicPartition(topic, partition): spec for partition in partitions}

        def ask() -> dict[int, int]:
            answers = self._admin.list_offsets(asked, request_timeout=SECONDS)
            return {place.partition: _result(answer).offset for place, answer in answers.items()}

        def ask_again() -> dict[int, int]:
            self._admin.list_topics(topic, timeout=SECONDS)
            return ask()

        try:
            return await self._run(ask)
        except KafkaException as error:
            if error.args[0].code() not in _STALE:
                raise
            return await self._run(ask_again)

    async def _run(self, ask: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)


def _settle(answers: Mapping[Any, Any], harmless: int | None = None) -> None:
    for answer in answers.values():
        try:
            _result(answer)
        except KafkaException as error:
            if error.args[0].code() != harmless:
                raise


def _result(answer: Any) -> Any:
    """An answer of Kafka's; one that the client never gives is an error like others."""
    try:
        return answer.result(SECONDS + _GRACE_SECONDS)
    except TimeoutError as error:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from error


def _retention(hours: int) -> dict[str, str]:
    milliseconds = hours * _MILLISECONDS_AN_HOUR
    return {"retention.ms": str(milliseconds), "segment.ms": str(milliseconds // _SEGMENTS)}
