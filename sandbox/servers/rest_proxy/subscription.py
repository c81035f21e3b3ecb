"""What an instance is subscribed to, and the rules of Java's ``SubscriptionState`` about it."""

import time
from collections.abc import Set
from enum import Enum

from sandbox.servers.rest_proxy.consumer_settings import METADATA_SECONDS
from sandbox.servers.rest_proxy.errors import KAFKA_ERROR_CODE, IllegalStateError
from sandbox.servers.rest_proxy.kafka_errors import whole_answer
from sandbox.servers.rest_proxy.topic_pattern import TopicPattern

_INTERNAL_TOPICS = {"__consumer_offsets", "__transaction_state", "__share_group_state"}


class Mode(Enum):
    """How an instance came to its partitions."""

    NONE = "none"
    TOPICS = "topics"
    PATTERN = "pattern"
    BY_HAND = "partitions"


class Subscription:
    """The mode of an instance, the topics that it shares with its group, and the pattern that finds them."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self._mode = Mode.NONE
        self._pattern: TopicPattern | None = None
        self._looked_at = float("-inf")

    def enter(self, mode: Mode) -> None:
        """Go into a mode; raises IllegalStateError for an instance that is in another."""
        if self._mode not in (Mode.NONE, mode):
            raise IllegalStateError("Subscription to topics, partitions and pattern are mutually exclusive")
        self._mode = mode

    def follow(self, pattern: TopicPattern) -> None:
        """Look for topics by this pattern from now on; raises IllegalStateError as `enter` does."""
        self.enter(Mode.PATTERN)
        self._pattern, self._looked_at = pattern, float("-inf")

    def check(self) -> None:
        """Let an instance read that has something to read from; raises KafkaFailedError for another."""
        if self._mode is Mode.NONE:
            text = "Consumer is not subscribed to any topics or assigned any partitions"
            raise whole_answer(KAFKA_ERROR_CODE, text)

    def look_is_due(self) -> bool:
        """Whether there is a pattern, and the last look at the cluster's topics is not fresh; now it is."""
        now = time.monotonic()
        if self._pattern is None or now - self._looked_at < METADATA_SECONDS:
            return False
        self._looked_at = now
        return True

    def found(self, names: Set[str]) -> list[str]:
        """Those of the cluster's topics that the pattern finds; empty when they are those subscribed to already."""
        topics = self._pattern.matching(names - _INTERNAL_TOPICS) if self._pattern else []
        return [] if topics == self.topics else topics
