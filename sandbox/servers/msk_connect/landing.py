"""How a range lands: its object, then its offsets and dead letters, then a line in the log."""

import logging
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from confluent_kafka.admin import AdminClient

from sandbox.servers.msk_connect.commits import Commits
from sandbox.servers.msk_connect.config import SinkConfig
from sandbox.servers.msk_connect.discovery import topic_id
from sandbox.servers.msk_connect.errors import TopicRemadeError
from sandbox.servers.msk_connect.naming import object_key, object_metadata
from sandbox.servers.msk_connect.objects import ObjectStore
from sandbox.servers.msk_connect.plan import PartitionPlan
from sandbox.servers.msk_connect.records import Range, SourcePartition

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


class Insist(Protocol):
    """Repeats a call to S3 until it is done."""

    def __call__(self, call: Callable[[], _T]) -> _T: ...


class Landing:
    """Lands the ranges of one task.

    Args:
        config: the connector's configuration.
        label: what begins each line in the log: the connector and the task.
        store: the bucket.
        commits: the task's transactions.
        admin: tells a topic's id.
        insist: repeats calls to the store.
    """

    def __init__(
        self,
        config: SinkConfig,
        label: str,
        store: ObjectStore,
        commits: Commits,
        admin: AdminClient,
        insist: Insist,
    ) -> None:
        self._config = config
        self._label = label
        self._store = store
        self._commits = commits
        self._admin = admin
        self._insist = insist

    def plan(self, source: SourcePartition) -> PartitionPlan:
        """Begin a partition at its committed offset.

        Raises:
            KafkaException: the committed offset cannot be had.
        """
        start = self._commits.committed(source)
        _LOG.info("%s reads %s partition %d from %d", self._label, source.topic, source.partition, start)
        config = self._config

        def find_object(first_offset: int) -> int | None:
            key = self._key(source, first_offset)
            return self._insist(lambda: self._store.last_offset(key, source.topic_id))

        return PartitionPlan(start, config.rotation, config.null_values, config.tolerate, find_object)

    def settle(self, source: SourcePartition, plan: PartitionPlan) -> None:
        """Write the open range's object, commit the range, and begin the next.

        Raises:
            TopicRemadeError: the topic was made anew; nothing was written.
            ObjectExistsError: someone else wrote the object; nothing was committed.
            KafkaException: whether the range was committed is unknown.
        """
        began = time.monotonic()
        span = plan.range()
        self._check_life(source)
        size = self._upload(source, span)
        self._commits.commit(source, span.next_offset, span.dead_letters)
        plan.settle()
        self._report(source, span, size, time.monotonic() - began)

    def _check_life(self, source: SourcePartition) -> None:
        """Make sure that all that was read so far is of the topic it was read for.

        The consumer goes by the topic's name: until the next discovery it reads a topic made anew from the old
        position.
        """
        if topic_id(self._admin, source.topic) not in (source.topic_id, None):
            raise TopicRemadeError(
                "the topic was deleted and made again. The sink begins it anew by itself; objects of its former life "
                "must be moved or deleted first"
            )

    def _key(self, source: SourcePartition, first_offset: int) -> str:
        return object_key(self._config.topics_dir, source.topic, source.partition, first_offset)

    def _upload(self, source: SourcePartition, span: Range) -> int:
        """Write the object of a range that has lines of its own; gives its bytes."""
        if not span.lines or span.first_offset is None or span.last_offset is None:
            return 0
        key = self._key(source, span.first_offset)
        body = b"\n".join([*span.lines, b""])
        metadata = object_metadata(source.topic_id, span.last_offset, len(span.lines))
        self._insist(lambda: self._store.write(key, body, metadata))
        return len(body)

    def _report(self, source: SourcePartition, span: Range, size: int, seconds: float) -> None:
        where = f"{self._label} topic={source.topic} partition={source.partition}"
        did = "wrote" if span.lines else "adopted" if span.first_offset is not None else "passed over"
        _LOG.info(
            "%s %s offsets=%s-%s records=%d bytes=%d set_aside=%d committed=%d ms=%.0f",
            *(where, did, span.first_offset, span.last_offset, len(span.lines), size, len(span.dead_letters)),
            *(span.next_offset, seconds * 1000),
        )
        # Without a dead-letter topic the log is all that is left of the record.
        if self._config.log_errors or self._config.dead_letter_topic is None:
            for letter in span.dead_letters:
                _LOG.warning("%s set aside offset=%d: %s", where, letter.record.offset, letter.reason)
