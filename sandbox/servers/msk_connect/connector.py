"""One connector: its configuration checked, its partitions found and handed to tasks, its status shown."""

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from sandbox.servers.msk_connect import kafka_clients
from sandbox.servers.msk_connect.config import SinkConfig, parse_config
from sandbox.servers.msk_connect.definitions import read_definition
from sandbox.servers.msk_connect.discovery import find_partitions
from sandbox.servers.msk_connect.errors import ConfigurationError, DefinitionError, StoppedError, StoreUnavailableError
from sandbox.servers.msk_connect.objects import ObjectStore, s3_client
from sandbox.servers.msk_connect.status import StatusFile, describe, status_path
from sandbox.servers.msk_connect.task import SinkTask, State

_LOG = logging.getLogger(__name__)
_DISCOVERY_SECONDS = 2.0


class Connector:
    """Runs the connector of one definition file in threads of its own, from ``start`` to ``stop``.

    Args:
        path: the definition file.
        defaults: keys of the worker configuration that the definition may override.
        settings: librdkafka settings that reach the cluster.
        s3_endpoint: where S3 is; None for what the AWS environment says.
    """

    def __init__(
        self, path: Path, defaults: Mapping[str, str], settings: dict[str, str], s3_endpoint: str | None
    ) -> None:
        self._path = path
        self._defaults = defaults
        self._settings = settings
        self._s3_endpoint = s3_endpoint
        self._stop = threading.Event()
        self._name, self._fingerprint = path.stem, ""
        self._state, self._reason = State.RUNNING, ""
        self._tasks: list[SinkTask] = []
        self._status = StatusFile(status_path(path))
        self._thread = threading.Thread(target=self._run, name=path.stem, daemon=True)

    def start(self) -> None:
        """Begin; a faulty definition ends in the state FAILED, with its reason."""
        self._thread.start()

    def stop(self) -> None:
        """Ask all threads to end: what is due is finished, what is open stays uncommitted for the next start."""
        self._stop.set()

    def join(self, timeout: float) -> None:
        """Wait at most ``timeout`` seconds for all threads, then take the status away."""
        until = time.monotonic() + timeout
        self._thread.join(timeout)
        for task in self._tasks:
            task.join(max(0.0, until - time.monotonic()))
        self._status.remove()

    def _run(self) -> None:
        try:
            config = self._prepare()
            store = self._open_store(config)
            admin = kafka_clients.admin(self._settings, config.name)
            self._tasks = [
                SinkTask(config, number, self._settings, admin, store, self._stop) for number in range(config.tasks_max)
            ]
            for task in self._tasks:
                task.start()
            self._hand_out(config, admin)
        except StoppedError:
            pass
        except (DefinitionError, ConfigurationError) as error:
            self._fail(str(error))
        # Whatever it is, a dead thread must show in the status.
        except Exception as error:
            _LOG.exception("%s came to an unforeseen end", self._name)
            self._fail(repr(error))

    def _prepare(self) -> SinkConfig:
        definition = read_definition(self._path)
        self._name, self._fingerprint = definition.name, definition.fingerprint
        config = parse_config(definition.name, {**self._defaults, **definition.config})
        self._warn_of_differences(config)
        return config

    def _warn_of_differences(self, config: SinkConfig) -> None:
        if config.rotation.interval_ms is not None and config.rotation.schedule_ms is None:
            _LOG.warning(
                "%s counts wall-clock time for rotate.interval.ms; Confluent's connector ignores that key with the "
                "DefaultPartitioner. On Amazon set rotate.schedule.interval.ms and timezone too",
                self._name,
            )

    def _open_store(self, config: SinkConfig) -> ObjectStore:
        while not self._stop.is_set():
            try:
                store = ObjectStore(s3_client(config.region, self._s3_endpoint), config.bucket)
                store.check_bucket()
                return store
            except StoreUnavailableError as error:
                self._wait_for(str(error))
        raise StoppedError("The worker stops before S3 answered.")

    def _hand_out(self, config: SinkConfig, admin: AdminClient) -> None:
        while not self._stop.is_set():
            try:
                partitions = find_partitions(admin, config)
            except KafkaException as error:
                self._wait_for(f"Kafka: {error}")
                continue
            for task in self._tasks:
                task.assign(frozenset(p for p in partitions if p.partition % config.tasks_max == task.number))
            self._reason = "" if partitions else "No topic matches topics or topics.regex yet"
            self._show()
            self._stop.wait(_DISCOVERY_SECONDS)

    def _wait_for(self, reason: str) -> None:
        if reason != self._reason:
            _LOG.warning("%s waits: %s", self._name, reason)
        self._reason = reason
        self._show()
        self._stop.wait(_DISCOVERY_SECONDS)

    def _fail(self, reason: str) -> None:
        _LOG.error("%s FAILED: %s", self._name, reason)
        self._state, self._reason = State.FAILED, reason
        self._show()

    def _show(self) -> None:
        if not self._stop.is_set():
            self._status.write(describe(self._name, self._fingerprint, self._state, self._reason, self._tasks))
