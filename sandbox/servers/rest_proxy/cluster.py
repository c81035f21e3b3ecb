"""What the Kafka cluster holds: its topics and their settings, asked for when needed and remembered for a while."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import ClusterMetadata, TopicMetadata

from sandbox.servers.kafka_lane import Lane
from sandbox.servers.rest_proxy.admin import Admin
from sandbox.servers.rest_proxy.errors import TopicNotFoundError
from sandbox.servers.rest_proxy.kafka_errors import error_code, whole_answer

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")

# How long a deleted topic may look alive. A new topic is found at once.
_FRESH_SECONDS = 1.0
# How long a request waits for a renewal before it trusts what is remembered.
PATIENCE_SECONDS = 0.5


class Cluster:
    """Topics of the cluster, read through a lane's producer.

    Every method raises a RestProxyError when Kafka does not say.

    Args:
        lane: whose connection asks.
        admin: what asks for settings and offsets.
        timeout: seconds that Kafka may take to answer.
    """

    def __init__(self, lane: Lane, admin: Admin, timeout: float) -> None:
        self._lane = lane
        self._admin = admin
        self._timeout = timeout
        self._topics: dict[str, TopicMetadata] = {}
        self._brokers: list[int] = []
        self._known_at = float("-inf")
        self._renewal: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="metadata")

    async def topic(self, name: str, fresh_seconds: float = _FRESH_SECONDS) -> TopicMetadata:
        """A topic that records are sent to, from memory; renewed if older, when Kafka answers without delay.

        Raises:
            TopicNotFoundError: the cluster has no such topic.
        """
        if name not in self._topics:
            return await self.current_topic(name)
        if time.monotonic() - self._known_at > fresh_seconds:
            await asyncio.wait([self._renew()], timeout=PATIENCE_SECONDS)
        return self._remembered(name)

    async def current_topic(self, name: str) -> TopicMetadata:
        """The topic as it is now; raises TopicNotFoundError when the cluster has none of that name."""
        await self.current_topics()
        return self._remembered(name)

    async def current_topics(self) -> list[str]:
        """Names of all topics as they are now, sorted."""
        await self._renew_now()
        return sorted(self._topics)

    async def current_brokers(self) -> list[int]:
        """Ids of the brokers as they are now, sorted."""
        await self._renew_now()
        return self._brokers

    async def topic_settings(self, name: str) -> dict[str, str | None]:
        """A topic's settings by name; None where Kafka keeps the value to itself."""
        return await self._ask_admin(self._admin.topic_settings, name)

    async def offsets(self, topic: str, partition: int) -> tuple[int, int]:
        """The offset of a partition's oldest record, and the one that comes next."""
        place = (topic, partition)
        beginnings = await self._ask_admin(self._admin.beginnings, [place])
        ends = await self._ask_admin(self._admin.ends, [place])
        return beginnings[place], ends[place]

    def close(self) -> None:
        """End the threads that wait for Kafka."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask_admin(self, ask: Callable[[_Asked], _Answer], about: _Asked) -> _Answer:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, ask, about)
        except KafkaException as error:
            raise whole_answer(error_code(error.args[0]), error.args[0].str()) from error

    async def _renew_now(self) -> None:
        asked_at = time.monotonic()
        while self._known_at < asked_at:
            await asyncio.shield(self._renew())

    def _remembered(self, name: str) -> TopicMetadata:
        if name not in self._topics:
            raise TopicNotFoundError
        return self._topics[name]

    def _renew(self) -> asyncio.Task[None]:
        """The renewal under way, or a new one: many requests share one question."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._ask())
            # A failure is heard by whoever waits for it. A request that did not wait long enough met Kafka itself.
            self._renewal.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._renewal

    async def _ask(self) -> None:
        asked_at = time.monotonic()
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, self._list_topics)
        except KafkaException as error:
            reason = error.args[0]
            raise whole_answer(error_code(reason), reason.str(), self._lane.trouble_since(asked_at)) from error
        self._topics = {name: topic for name, topic in answer.topics.items() if topic.error is None}
        self._brokers = sorted(answer.brokers)
        self._known_at = asked_at

    def _list_topics(self) -> ClusterMetadata:
        return self._lane.producer.list_topics(timeout=self._timeout)
