"""The consumer instances that the proxy holds for its clients: made, found by name, deleted, and ended when idle."""

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from confluent_kafka import KafkaException

from sandbox.servers.rest_proxy.admin import Admin
from sandbox.servers.rest_proxy.consumer_requests import InstanceRequest
from sandbox.servers.rest_proxy.consumer_session import ConsumerSession
from sandbox.servers.rest_proxy.embedded_records import encode_record
from sandbox.servers.rest_proxy.errors import (
    RETRIABLE_KAFKA_ERROR_CODE,
    ConsumerAlreadyExistsError,
    ConsumerInstanceNotFoundError,
)
from sandbox.servers.rest_proxy.http import ClientGoneError
from sandbox.servers.rest_proxy.kafka_errors import error_code, whole_answer
from sandbox.servers.rest_proxy.media_types import EmbeddedFormat
from sandbox.servers.rest_proxy.settings import ConsumerLimits, ProxySettings
from sandbox.servers.rest_proxy.worker import Worker

_Given = TypeVar("_Given")

# How long a read keeps the instance's thread to itself: commits and the like take their turn in between.
_SLICE_SECONDS = 0.1
_EXPIRY_SECONDS = 1.0


@dataclass(frozen=True)
class ReadLimits:
    """What a read waits for.

    Attributes:
        seconds: how long, at most.
        min_bytes: bytes of keys and values that end it early; none if negative.
        max_bytes: what the answer's keys and values are less than.
    """

    seconds: float
    min_bytes: int
    max_bytes: int

    @property
    def enough(self) -> int:
        """Bytes after which more need not be fetched."""
        return self.max_bytes if self.min_bytes < 0 else min(self.max_bytes, self.min_bytes + 1)


class Instance:
    """A consumer with a thread of its own, so that nothing but its own calls wait for it.

    Args:
        session: its side towards Kafka.
        format: of the records it gives.
        limits: of its reads.
        name: of its thread.
        timeout: seconds until a call that Kafka does not answer is given up.
    """

    def __init__(
        self, session: ConsumerSession, format: EmbeddedFormat, limits: ConsumerLimits, name: str, timeout: float
    ) -> None:
        self.format = format
        self.limits = limits
        self.used_at = time.monotonic()
        self._session = session
        self._worker = Worker(name)
        self._timeout = timeout
        self._ended = False

    async def call(self, function: Callable[[ConsumerSession], _Given]) -> _Given:
        """Do something with the session, on its thread.

        Raises:
            ConsumerInstanceNotFoundError: the instance was deleted meanwhile.
            RestProxyError: Kafka refused, or did not answer in time.
        """
        if self._ended:
            raise ConsumerInstanceNotFoundError
        try:
            async with asyncio.timeout(self._timeout):
                return await self._worker.call(partial(function, self._session))
        except KafkaException as error:
            raise whole_answer(error_code(error.args[0]), error.args[0].str()) from error
        except TimeoutError:
            raise whole_answer(RETRIABLE_KAFKA_ERROR_CODE, "Kafka did not answer in time.") from None
        finally:
            self.used_at = time.monotonic()

    async def read(self, limits: ReadLimits, gone: asyncio.Future[None]) -> list[bytes]:
        """Wait for records and hand them over, encoded; if the client is gone, they wait for the next read.

        Raises:
            ClientGoneError: the client is gone.
            UndecodableRecordError: the next record does not hold the instance's format.
        """
        ends = time.monotonic() + limits.seconds
        done = False
        while not done:
            left = ends - time.monotonic()
            fetch = partial(ConsumerSession.fetch, seconds=min(left, _SLICE_SECONDS), enough=limits.enough)
            done = await self.call(fetch) or left <= _SLICE_SECONDS
            if gone.done():
                raise ClientGoneError
        encode = partial(encode_record, embedded=self.format)
        return await self.call(lambda session: session.take(limits.max_bytes, encode))

    async def end(self) -> None:
        """Leave the group and end the thread; returns when Kafka knows, or will not answer."""
        self._ended = True
        closing = asyncio.ensure_future(self._worker.call(self._session.close))
        await asyncio.wait([closing], timeout=self._timeout)
        self._worker.stop()


class Instances:
    """All consumer instances, by group and name; those that nobody used for a while end by themselves.

    Args:
        settings: the proxy's.
        admin: what tells where partitions begin and end.
        timeout: seconds from a request to its answer when Kafka is silent.
    """

    def __init__(self, settings: ProxySettings, admin: Admin, timeout: float) -> None:
        self._settings = settings
        self._admin = admin
        self._timeout = timeout
        self._instances: dict[tuple[str, str], Instance] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._expiry = asyncio.create_task(self._expire())

    def create(self, group: str, request: InstanceRequest) -> str:
        """Make an instance and give its name; raises ConsumerAlreadyExistsError when the group has that name."""
        name = self._new_name() if request.name is None else request.name
        if (group, name) in self._instances:
            raise ConsumerAlreadyExistsError
        settings = {**self._settings.client, **self._settings.consumer, **request.settings, "group.id": group}
        # Kafka's own calls give up first: what they say is better than that nothing was said.
        session = ConsumerSession(settings, self._admin, self._timeout - 1)
        limits = _with_wishes(self._settings.limits, request)
        self._instances[group, name] = Instance(session, request.format, limits, f"consumer {name}", self._timeout)
        return name

    def find(self, group: str, name: str) -> Instance:
        """The instance of that name, which is now in use; raises ConsumerInstanceNotFoundError."""
        if (group, name) not in self._instances:
            raise ConsumerInstanceNotFoundError
        instance = self._instances[group, name]
        instance.used_at = time.monotonic()
        return instance

    async def delete(self, group: str, name: str) -> None:
        """End an instance; raises ConsumerInstanceNotFoundError."""
        instance = self.find(group, name)
        del self._instances[group, name]
        await instance.end()

    async def close(self) -> None:
        """End all instances."""
        self._expiry.cancel()
        ending = [asyncio.create_task(instance.end()) for instance in self._instances.values()]
        self._instances.clear()
        await asyncio.gather(*ending, *self._ending)

    def _new_name(self) -> str:
        server = f"{self._settings.id}-" if self._settings.id else ""
        return f"rest-consumer-{server}{uuid.uuid4()}"

    async def _expire(self) -> None:
        idle_seconds = self._settings.limits.instance_timeout_ms / 1000
        while True:
            await asyncio.sleep(min(_EXPIRY_SECONDS, idle_seconds))
            latest = time.monotonic() - idle_seconds
            for key, instance in list(self._instances.items()):
                if instance.used_at <= latest:
                    del self._instances[key]
                    task = asyncio.create_task(instance.end())
                    self._ending.add(task)
                    task.add_done_callback(self._ending.discard)


def _with_wishes(limits: ConsumerLimits, request: InstanceRequest) -> ConsumerLimits:
    wishes = {"fetch_min_bytes": request.fetch_min_bytes, "request_timeout_ms": request.request_timeout_ms}
    return replace(limits, **{name: value for name, value in wishes.items() if value is not None})
