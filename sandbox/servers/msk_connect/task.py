"""One task of a connector: a thread that reads its partitions and lands them in S3."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from sandbox.servers.msk_connect import kafka_clients
from sandbox.servers.msk_connect.commits import Commits
from sandbox.servers.msk_connect.config import SinkConfig
from sandbox.servers.msk_connect.errors import (
    ForeignObjectError,
    ObjectExistsError,
    OffsetsWentBackError,
    StoppedError,
    TaskFailedError,
    TopicRemadeError,
)
from sandbox.servers.msk_connect.landing import Landing
from sandbox.servers.msk_connect.objects import ObjectStore
from sandbox.servers.msk_connect.patience import insist
from sandbox.servers.msk_connect.plan import PartitionPlan
from sandbox.servers.msk_connect.records import Record, SourcePartition

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")

_POLL_RECORDS = 500
_POLL_SECONDS = 0.25
_IDLE_SECONDS = 0.5
_KAFKA_PAUSE_SECONDS = 1.0
_HOLD_SECONDS = 5.0


class State(Enum):
    """What a connector or task does, in Kafka Connect's words."""

    RUNNING = "RUNNING"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class _Clients:
    """What a task has of Kafka while it has partitions."""

    consumer: Consumer
    commits: Commits
    landing: Landing


@dataclass(frozen=True, slots=True)
class _Hold:
    """A partition that waits, until a moment of the monotonic clock, for someone to change something."""

    until: float
    reason: str


class SinkTask:
    """Lands the partitions that ``assign`` names until ``stop`` is set.

    Kafka or S3 being away is waited out. Every trouble with an unknown outcome has one cure: forget the open range and
    begin again at the committed offset, where the plan finds what was already written.

    Attributes:
        number: the task's id within its connector.
        state: FAILED when the task gave up; it does not start again by itself.
    """

    def __init__(
        self,
        config: SinkConfig,
        number: int,
        settings: dict[str, str],
        admin: AdminClient,
        store: ObjectStore,
        stop: threading.Event,
    ) -> None:
        self.number = number
        self.state = State.RUNNING
        self._label = f"{config.name} task {number}"
        self._config = config
        self._settings = settings
        self._admin = admin
        self._store = store
        self._stop = stop
        self._trouble = ""
        self._wanted: frozenset[SourcePartition] = frozenset()
        self._plans: dict[SourcePartition, PartitionPlan] = {}
        self._holds: dict[SourcePartition, _Hold] = {}
        self._positions_stale = False
        self._clients: _Clients | None = None
        self._thread = threading.Thread(target=self._run, name=self._label, daemon=True)

    @property
    def reason(self) -> str:
        """Why the task failed, or what it waits for at the moment; empty when all is well."""
        return self._trouble or "; ".join(hold.reason for hold in list(self._holds.values()))

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended, at most ``timeout`` seconds."""
        self._thread.join(timeout)

    def assign(self, partitions: frozenset[SourcePartition]) -> None:
        """Say which partitions are this task's from now on; what is open of others is forgotten."""
        self._wanted = partitions

    def committed(self) -> dict[SourcePartition, int]:
        """Give the offset up to which each partition has been landed."""
        return {source: plan.committed for source, plan in list(self._plans.items())}

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._survive_kafka()
        except StoppedError:
            pass
        # Whatever it is, a dead thread must show in the status.
        except Exception as error:
            self.state, self._trouble = State.FAILED, str(error)
            _LOG.error("%s FAILED: %s", self._label, error, exc_info=not isinstance(error, TaskFailedError))
        finally:
            self._close_clients()

    def _survive_kafka(self) -> None:
        try:
            self._step()
        except KafkaException as error:
            self._tell(f"Kafka: {error}")
            self._close_clients()
            self._stop.wait(_KAFKA_PAUSE_SECONDS)

    def _step(self) -> None:
        """Follow the assignment, read once, land what is due."""
        if not self._wanted and self._clients is None:
            self._stop.wait(_IDLE_SECONDS)
            return
        clients = self._clients = self._clients or self._open_clients()
        self._follow_assignment(clients)
        if not self._plans:
            self._stop.wait(_IDLE_SECONDS)
            return
        self._take(clients, clients.consumer.consume(_POLL_RECORDS, _POLL_SECONDS))
        for source, plan in list(self._plans.items()):
            if plan.due(_now_ms()):
                with self._confined(source):
                    self._settle(clients, source, plan)

    def _open_clients(self) -> _Clients:
        group, whose = self._config.group, (self._config.name, self.number)
        consumer = kafka_clients.consumer(self._settings, group, *whose)
        producer = kafka_clients.producer(self._settings, f"{group}-task-{self.number}", *whose)
        commits = Commits(producer, consumer, self._config.name, self.number, self._config.dead_letter_topic)
        commits.begin()
        landing = Landing(self._config, self._label, self._store, commits, self._admin, self._insist)
        return _Clients(consumer, commits, landing)

    def _close_clients(self) -> None:
        if self._clients is not None:
            self._clients.commits.close()
            self._clients.consumer.close()
        self._clients = None
        self._plans.clear()

    def _follow_assignment(self, clients: _Clients) -> None:
        """Begin the partitions that are new, forget those that are gone; positions of the others stay."""
        now = time.monotonic()
        held = {source for source, hold in self._holds.items() if hold.until > now}
        wanted = self._wanted - held
        for gone in self._holds.keys() - self._wanted:
            del self._holds[gone]
        for gone in self._plans.keys() - wanted:
            self._forget(gone)
        for new in wanted - self._plans.keys():
            self._plans[new] = clients.landing.plan(new)
            self._positions_stale = True
        if self._positions_stale:
            clients.consumer.assign([_position(source, plan) for source, plan in self._plans.items()])
            self._positions_stale, self._trouble = False, ""

    def _forget(self, source: SourcePartition) -> None:
        """Drop what is open of a partition; while it is wanted it begins again at its committed offset."""
        plan = self._plans.pop(source)
        self._positions_stale = True
        dropped = plan.next_offset - plan.committed
        _LOG.info("%s lets go of %s partition %d, %d open", self._label, source.topic, source.partition, dropped)

    def _take(self, clients: _Clients, messages: Iterable[Message]) -> None:
        sources = {(source.topic, source.partition): source for source in self._plans}
        for message in messages:
            if (error := message.error()) is not None:
                self._tell(f"Kafka: {error.str()}")
                continue
            source = sources[cast(str, message.topic()), cast(int, message.partition())]
            # A partition forgotten halfway through the batch begins again from Kafka.
            if source in self._plans:
                with self._confined(source):
                    self._add(clients, source, kafka_clients.to_record(message))

    def _add(self, clients: _Clients, source: SourcePartition, record: Record) -> None:
        plan = self._plans[source]
        if plan.full(record.offset):
            self._settle(clients, source, plan)
        plan.add(record, _now_ms())
        if plan.full():
            self._settle(clients, source, plan)

    def _settle(self, clients: _Clients, source: SourcePartition, plan: PartitionPlan) -> None:
        clients.landing.settle(source, plan)
        self._holds.pop(source, None)
        self._trouble = ""

    @contextlib.contextmanager
    def _confined(self, source: SourcePartition) -> Iterator[None]:
        """Keep one partition's trouble to that partition where others can go on."""
        try:
            yield
        except ObjectExistsError as error:
            _LOG.warning("%s begins again at its commit: %s", self._label, error)
            self._forget(source)
        except (ForeignObjectError, OffsetsWentBackError, TopicRemadeError) as error:
            self._hold(source, f"{source.topic} partition {source.partition} waits: {error}")
        except TaskFailedError as error:
            raise TaskFailedError(f"{source.topic} partition {source.partition}: {error}") from error

    def _hold(self, source: SourcePartition, reason: str) -> None:
        _LOG.error("%s %s", self._label, reason)
        self._holds[source] = _Hold(time.monotonic() + _HOLD_SECONDS, reason)
        self._forget(source)

    def _insist(self, call: Callable[[], _T]) -> _T:
        return insist(call, self._stop, self._tell)

    def _tell(self, trouble: str) -> None:
        self._trouble = trouble
        _LOG.warning("%s waits: %s", self._label, trouble)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _position(source: SourcePartition, plan: PartitionPlan) -> TopicPartition:
    # Without a commit the topic is read from the oldest record there is, whatever its offset.
    return TopicPartition(source.topic, source.partition, plan.next_offset or OFFSET_BEGINNING)
