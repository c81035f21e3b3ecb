"""A consumer instance's side towards Kafka: what Java's consumer does, said with librdkafka.

The rules of when one may subscribe, assign and seek, and their messages, are those of Java's ``SubscriptionState``,
which Confluent's proxy hands on.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sandbox.servers.kafka_retriable import is_retriable
from sandbox.servers.rest_proxy.admin import Admin
from sandbox.servers.rest_proxy.embedded_records import size
from sandbox.servers.rest_proxy.errors import (
    AUTHENTICATION_CODE,
    KAFKA_ERROR_CODE,
    IllegalStateError,
    UndecodableRecordError,
)
from sandbox.servers.rest_proxy.fetched import Fetched, Place, place_of
from sandbox.servers.rest_proxy.kafka_errors import error_code, whole_answer
from sandbox.servers.rest_proxy.topic_pattern import TopicPattern

_Encoded = TypeVar("_Encoded")

# Few: while a client takes them piece by piece, the group hears nothing of this consumer.
_BATCH = 100
# Small records weigh more in memory than their bytes.
_MOST_RECORDS = 100_000
_METADATA_MS = 10_000
_INTERNAL_TOPICS = {"__consumer_offsets", "__transaction_state", "__share_group_state"}
# Small queues: what a client does not read yet stays in Kafka.
_SMALL_AND_PATIENT = {
    "queued.max.messages.kbytes": 1024,
    "fetch.max.bytes": 1024 * 1024,
    "topic.metadata.refresh.interval.ms": _METADATA_MS,
    "allow.auto.create.topics": False,
    "reconnect.backoff.max.ms": 1000,
    # With the default, librdkafka 2.16 forgets the only broker when it dies.
    "metadata.recovery.strategy": "none",
    "log.connection.close": False,
    # An offset may be committed when its record is on its way to the client, not before.
    "enable.auto.offset.store": False,
}

# An offset to commit, with the text that is kept beside it.
Commit = tuple[Place, int, str | None]


class _Mode(Enum):
    """How an instance came to its partitions."""

    NONE = "none"
    TOPICS = "topics"
    PATTERN = "pattern"
    BY_HAND = "partitions"


class ConsumerSession:
    """One Kafka consumer for one thread; it connects when it first needs to.

    Every method may raise KafkaException, or a RestProxyError.

    Args:
        settings: librdkafka's, and ``auto.offset.reset`` in Java's words.
        admin: what tells where partitions begin and end.
        timeout: seconds that Kafka may take to answer.
    """

    def __init__(self, settings: Mapping[str, Any], admin: Admin, timeout: float) -> None:
        self._reset = settings["auto.offset.reset"]
        self._commits_by_itself = settings["enable.auto.commit"]
        self._settings = {
            **_SMALL_AND_PATIENT,
            **settings,
            "auto.offset.reset": "error" if self._reset == "none" else self._reset,
            "error_cb": self._note_error,
        }
        self._admin = admin
        self._timeout = timeout
        self._open: Consumer | None = None
        self._start_anew()

    def _start_anew(self) -> None:
        self._mode = _Mode.NONE
        self._topics: list[str] = []
        self._pattern: TopicPattern | None = None
        self._pattern_seen = float("-inf")
        self._assigned: list[Place] = []
        # The next record to give to the client, and the place to commit, of each partition.
        self._positions: dict[Place, int] = {}
        self._fetched = Fetched()
        self._refusal: KafkaError | None = None

    @property
    def _client(self) -> Consumer:
        if self._open is None:
            self._open = Consumer(self._settings)
        return self._open

    # --- where records come from ---

    def subscribe(self, topics: list[str]) -> None:
        """Share the partitions of topics with the group; raises IllegalStateError for an instance that has others."""
        if topics:
            self._enter(_Mode.TOPICS)
            self._share(topics)
        else:
            self.unsubscribe()

    def subscribe_pattern(self, pattern: TopicPattern) -> None:
        """Share the partitions of all topics whose whole name matches, now or later."""
        self._enter(_Mode.PATTERN)
        self._pattern, self._pattern_seen = pattern, float("-inf")
        self._look_for_topics()

    def unsubscribe(self) -> None:
        """Give up all partitions and leave the group."""
        self.close()
        self._start_anew()

    def subscription(self) -> list[str]:
        """The topics subscribed to."""
        return self._topics

    def assign(self, places: list[Place]) -> None:
        """Read these partitions, whatever the group does; those read before go on where they are."""
        if not places:
            self.unsubscribe()
            return
        self._enter(_Mode.BY_HAND)
        known = {place: self._positions[place] for place in places if place in self._positions}
        self._forget(self._assigned)
        self._begin(places, known)

    def assignment(self) -> list[Place]:
        """The partitions that are read now."""
        return self._assigned

    # --- where in them ---

    def seek(self, offsets: Mapping[Place, int]) -> None:
        """Go on reading at these offsets; raises IllegalStateError for a partition that is not assigned."""
        self._seekable(list(offsets))
        self._fetched.drop(offsets)
        for place, offset in offsets.items():
            self._client.seek(TopicPartition(*place, offset))
            self._positions[place] = offset
        self._store(offsets)

    def seek_to_beginning(self, places: list[Place]) -> None:
        """Go on reading at the oldest records; of all partitions if none is named."""
        self.seek(self._admin.beginnings(self._seekable(places)))

    def seek_to_end(self, places: list[Place]) -> None:
        """Go on reading at what comes next; of all partitions if none is named."""
        self.seek(self._admin.ends(self._seekable(places)))

    def commit(self, commits: list[Commit] | None) -> None:
        """Commit these offsets, or how far each partition was given to the client."""
        if commits is None:
            commits = [(place, offset, None) for place, offset in self._positions.items()]
        if commits:
            offsets = [_with_metadata(*commit) for commit in commits]
            try:
                results = self._client.commit(offsets=offsets, asynchronous=False) or []
            except KafkaException as error:
                raise _commit_error(offsets[0], error.args[0]) from error
            for result in results:
                if result.error:
                    raise _commit_error(result, result.error)

    def committed(self, places: list[Place]) -> list[Commit]:
        """The group's offsets of these partitions, without those that have none."""
        asked = [TopicPartition(*place) for place in places]
        answers = self._client.committed(asked, timeout=self._timeout) if asked else []
        for answer in answers:
            if answer.error:
                raise KafkaException(answer.error)
        return [((a.topic, a.partition), a.offset, a.metadata or "") for a in answers if a.offset >= 0]

    # --- reading ---

    def fetch(self, seconds: float, enough: int) -> bool:
        """Wait for records and keep them; true when there are so many bytes of them, or very many records."""
        if self._mode is _Mode.NONE:
            text = "Consumer is not subscribed to any topics or assigned any partitions"
            raise whole_answer(KAFKA_ERROR_CODE, text)
        self._look_for_topics()
        ends = time.monotonic() + seconds
        while not self._has(enough) and (left := ends - time.monotonic()) > 0:
            message = self._client.poll(left)
            if message is not None:
                self._keep([message, *self._client.consume(_BATCH, 0)])
        self._complain()
        return self._has(enough)

    def take(self, max_bytes: int, encode: Callable[[Message], _Encoded]) -> list[_Encoded]:
        """Hand over the oldest records, encoded, as long as keys and values are less than so many bytes.

        Raises:
            UndecodableRecordError: the first of them cannot be encoded; one that follows waits for the next call.
        """
        taken: list[_Encoded] = []
        places: dict[Place, int] = {}
        left = max_bytes
        while self._fetched and size(self._fetched.first) < left:
            try:
                taken.append(encode(self._fetched.first))
            except UndecodableRecordError:
                if not taken:
                    raise
                break
            message = self._fetched.take()
            left -= size(message)
            places[place_of(message)] = int(message.offset() or 0) + 1
        self._positions |= places
        self._store(places)
        return taken

    def close(self) -> None:
        """Leave the group and disconnect."""
        if self._open is not None:
            self._open.close()
        self._open = None

    def _seekable(self, places: list[Place]) -> list[Place]:
        """These partitions, all of which must be assigned, or all that are when none is named."""
        for place in places:
            if place not in self._assigned:
                raise IllegalStateError(f"No current assignment for partition {place[0]}-{place[1]}")
        return places or self._assigned

    # --- the group's word ---

    def _enter(self, mode: _Mode) -> None:
        if self._mode not in (_Mode.NONE, mode):
            raise IllegalStateError("Subscription to topics, partitions and pattern are mutually exclusive")
        self._mode = mode

    def _share(self, topics: list[str]) -> None:
        self._topics = topics
        self._client.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke)

    def _look_for_topics(self) -> None:
        """Subscribe to the topics that match the pattern, when the last look is not fresh."""
        if self._pattern is None or time.monotonic() - self._pattern_seen < _METADATA_MS / 1000:
            return
        self._pattern_seen = time.monotonic()
        # When Kafka is away, the next look finds them.
        with contextlib.suppress(KafkaException):
            names = self._client.list_topics(timeout=self._timeout).topics.keys() - _INTERNAL_TOPICS
            topics = self._pattern.matching(names)
            if topics and topics != self._topics:
                self._share(topics)

    def _on_assign(self, _client: Consumer, partitions: list[TopicPartition]) -> None:
        self._begin([(partition.topic, partition.partition) for partition in partitions], {})

    def _on_revoke(self, _client: Consumer, partitions: list[TopicPartition]) -> None:
        self._forget([(partition.topic, partition.partition) for partition in partitions])

    def _begin(self, places: list[Place], known: Mapping[Place, int]) -> None:
        """Read partitions from where they are known to be, else from where Java would start.

        Java's consumer has a position in each partition before it has read a record, so that a commit keeps the place
        of one that began at the end. librdkafka has none; hence the start is looked up here.
        """
        found = self._starts([place for place in places if place not in known])
        self._assigned, self._positions = list(places), {**known, **found}
        starts = [TopicPartition(*place, self._positions[place]) for place in places if place in self._positions]
        others = [TopicPartition(*place) for place in places if place not in self._positions]
        self._client.assign(starts + others)
        self._store(found)

    def _starts(self, places: list[Place]) -> dict[Place, int]:
        """Where to start, by partition; without those of which Kafka does not say: librdkafka will ask again."""
        try:
            starts = {place: offset for place, offset, _ in self.committed(places)}
            # librdkafka asks for the leaders a second after partitions are assigned, unless it knows them.
            for topic in {topic for topic, _ in places}:
                self._client.list_topics(topic, timeout=self._timeout)
        except KafkaException:
            return {}
        resets = {"earliest": self._admin.beginnings, "latest": self._admin.ends}
        for place in places if self._reset in resets else ():
            if place not in starts:
                with contextlib.suppress(KafkaException):
                    starts |= resets[self._reset]([place])
        return starts

    def _forget(self, places: Iterable[Place]) -> None:
        gone = set(places)
        self._fetched.drop(gone)
        self._assigned = [place for place in self._assigned if place not in gone]
        self._positions = {place: offset for place, offset in self._positions.items() if place not in gone}

    def _store(self, places: Iterable[Place]) -> None:
        """Have the present positions committed before long, if the instance is to do so by itself."""
        offsets = [TopicPartition(*place, self._positions[place]) for place in places]
        if offsets and self._commits_by_itself:
            # A partition that the group has taken back meanwhile is no longer this instance's to commit.
            with contextlib.suppress(KafkaException):
                self._client.store_offsets(offsets=offsets)

    def _has(self, enough: int) -> bool:
        return self._fetched.bytes >= enough or len(self._fetched) >= _MOST_RECORDS

    # --- errors between the records ---

    def _keep(self, messages: list[Message]) -> None:
        # Between two of them the group may have taken a partition back.
        assigned = set(self._assigned)
        for message in messages:
            error = message.error()
            if error is not None:
                self._refusal = self._refusal if _passes(error) else error
            elif place_of(message) in assigned:
                self._fetched.add(message)

    def _note_error(self, error: KafkaError) -> None:
        if error_code(error) == AUTHENTICATION_CODE:
            self._refusal = error

    def _complain(self) -> None:
        """Raise what Kafka refused, once, when there are no records to give."""
        refusal, self._refusal = self._refusal, None
        if refusal and not self._fetched:
            raise whole_answer(error_code(refusal), refusal.str())


def _passes(error: KafkaError) -> bool:
    """Whether Java's consumer would go on without a word: the topic may yet come, the broker come back."""
    return is_retriable(error) or error.code() == KafkaError._MAX_POLL_EXCEEDED


def _with_metadata(place: Place, offset: int, metadata: str | None) -> TopicPartition:
    return TopicPartition(*place, offset) if metadata is None else TopicPartition(*place, offset, metadata)


def _commit_error(partition: TopicPartition, error: KafkaError) -> Exception:
    if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        text = f"Topic or Partition {partition.topic}-{partition.partition} does not exist"
        return whole_answer(KAFKA_ERROR_CODE, text)
    return whole_answer(error_code(error), error.str())
