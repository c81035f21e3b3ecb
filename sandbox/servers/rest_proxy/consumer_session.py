"""A consumer instance's side towards Kafka: what Java's consumer does, said with librdkafka."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sandbox.servers.rest_proxy.admin import Admin
from sandbox.servers.rest_proxy.commits import Commit, commit, committed
from sandbox.servers.rest_proxy.consumer_settings import instance_settings
from sandbox.servers.rest_proxy.fetched import Place
from sandbox.servers.rest_proxy.incoming import Incoming
from sandbox.servers.rest_proxy.positions import Positions
from sandbox.servers.rest_proxy.starts import Starts
from sandbox.servers.rest_proxy.subscription import Mode, Subscription
from sandbox.servers.rest_proxy.topic_pattern import TopicPattern

_Encoded = TypeVar("_Encoded")


class ConsumerSession:
    """One Kafka consumer for one thread; it connects when it first needs to.

    Every method may raise KafkaException, or a RestProxyError.

    Args:
        settings: librdkafka's, and ``auto.offset.reset`` in Java's words.
        admin: what tells where partitions begin and end.
        timeout: seconds that Kafka may take to answer.
    """

    def __init__(self, settings: Mapping[str, Any], admin: Admin, timeout: float) -> None:
        self._settings = instance_settings(settings, self._note_error)
        self._commits_by_itself = settings["enable.auto.commit"]
        self._admin = admin
        self._starts = Starts(admin, settings["auto.offset.reset"], timeout)
        self._timeout = timeout
        self._open: Consumer | None = None
        self._start_anew()

    def _start_anew(self) -> None:
        self._subscription = Subscription()
        self._positions = Positions()
        self._incoming = Incoming()

    @property
    def _client(self) -> Consumer:
        if self._open is None:
            self._open = Consumer(self._settings)
        return self._open

    # --- where records come from ---

    def subscribe(self, topics: list[str]) -> None:
        """Share the partitions of topics with the group; raises IllegalStateError for an instance that has others."""
        if topics:
            self._subscription.enter(Mode.TOPICS)
            self._share(topics)
        else:
            self.unsubscribe()

    def subscribe_pattern(self, pattern: TopicPattern) -> None:
        """Share the partitions of all topics whose whole name matches, now or later."""
        self._subscription.follow(pattern)
        self._look_for_topics()

    def unsubscribe(self) -> None:
        """Give up all partitions and leave the group."""
        self.close()
        self._start_anew()

    def subscription(self) -> list[str]:
        """The topics subscribed to."""
        return self._subscription.topics

    def assign(self, places: list[Place]) -> None:
        """Read these partitions, whatever the group does; those read before go on where they are."""
        if not places:
            self.unsubscribe()
            return
        self._subscription.enter(Mode.BY_HAND)
        known = self._positions.known(places)
        self._forget(self._positions.assigned)
        self._begin(places, known)

    def assignment(self) -> list[Place]:
        """The partitions that are read now."""
        return self._positions.assigned

    # --- where in them ---

    def seek(self, offsets: Mapping[Place, int]) -> None:
        """Go on reading at these offsets; raises IllegalStateError for a partition that is not assigned."""
        self._positions.seekable(list(offsets))
        self._incoming.drop(offsets)
        for place, offset in offsets.items():
            self._client.seek(TopicPartition(*place, offset))
            self._positions.offsets[place] = offset
        self._store(offsets)

    def seek_to_beginning(self, places: list[Place]) -> None:
        """Go on reading at the oldest records; of all partitions if none is named."""
        self.seek(self._admin.beginnings(self._positions.seekable(places)))

    def seek_to_end(self, places: list[Place]) -> None:
        """Go on reading at what comes next; of all partitions if none is named."""
        self.seek(self._admin.ends(self._positions.seekable(places)))

    def commit(self, commits: list[Commit] | None) -> None:
        """Commit these offsets, or how far each partition was given to the client."""
        if commits is None:
            commits = [(place, offset, None) for place, offset in self._positions.offsets.items()]
        if commits:
            commit(self._client, commits)

    def committed(self, places: list[Place]) -> list[Commit]:
        """The group's offsets of these partitions, without those that have none."""
        return committed(self._client, places, self._timeout)

    # --- reading ---

    def fetch(self, seconds: float, enough: int) -> bool:
        """Wait for records and keep them; true when there are so many bytes of them, or very many records."""
        self._subscription.check()
        self._look_for_topics()
        return self._incoming.wait(self._client, seconds, enough, lambda: set(self._positions.assigned))

    def take(self, max_bytes: int, encode: Callable[[Message], _Encoded]) -> list[_Encoded]:
        """Hand over the oldest records, encoded, as long as keys and values are less than so many bytes.

        Raises:
            UndecodableRecordError: the first of them cannot be encoded; one that follows waits for the next call.
        """
        taken, places = self._incoming.take(max_bytes, encode)
        self._positions.offsets |= places
        self._store(places)
        return taken

    def close(self) -> None:
        """Leave the group and disconnect."""
        if self._open is not None:
            self._open.close()
        self._open = None

    # --- the group's word ---

    def _share(self, topics: list[str]) -> None:
        self._subscription.topics = topics
        self._client.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke)

    def _look_for_topics(self) -> None:
        """Subscribe to the topics that match the pattern, when the last look is not fresh."""
        if not self._subscription.look_is_due():
            return
        # When Kafka is away, the next look finds them.
        with contextlib.suppress(KafkaException):
            names = self._client.list_topics(timeout=self._timeout).topics.keys()
            if topics := self._subscription.found(names):
                self._share(topics)

    def _on_assign(self, _client: Consumer, partitions: list[TopicPartition]) -> None:
        self._begin([(partition.topic, partition.partition) for partition in partitions], {})

    def _on_revoke(self, _client: Consumer, partitions: list[TopicPartition]) -> None:
        self._forget([(partition.topic, partition.partition) for partition in partitions])

    def _begin(self, places: list[Place], known: Mapping[Place, int]) -> None:
        """Read partitions from where they are known to be, else from where Java would start."""
        found = self._starts.find(self._client, [place for place in places if place not in known])
        self._positions.begin(places, {**known, **found})
        self._client.assign(self._positions.starts())
        self._store(found)

    def _forget(self, places: Iterable[Place]) -> None:
        gone = set(places)
        self._incoming.drop(gone)
        self._positions.forget(gone)

    def _store(self, places: Iterable[Place]) -> None:
        """Have the present positions committed before long, if the instance is to do so by itself."""
        offsets = [TopicPartition(*place, offset) for place, offset in self._positions.known(places).items()]
        if offsets and self._commits_by_itself:
            # A partition that the group has taken back meanwhile is no longer this instance's to commit.
            with contextlib.suppress(KafkaException):
                self._client.store_offsets(offsets=offsets)

    def _note_error(self, error: KafkaError) -> None:
        self._incoming.note_error(error)
