"""librdkafka's settings of a consumer instance."""

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError

METADATA_SECONDS = 10
# Small queues: what a client does not read yet stays in Kafka.
_SMALL_AND_PATIENT = {
    "queued.max.messages.kbytes": 1024,
    "fetch.max.bytes": 1024 * 1024,
    "topic.metadata.refresh.interval.ms": METADATA_SECONDS * 1000,
    "allow.auto.create.topics": False,
    "reconnect.backoff.max.ms": 1000,
    # With the default, librdkafka 2.16 forgets the only broker when it dies.
    "metadata.recovery.strategy": "none",
    "log.connection.close": False,
    # An offset may be committed when its record is on its way to the client, not before.
    "enable.auto.offset.store": False,
}


def instance_settings(settings: Mapping[str, Any], on_error: Callable[[KafkaError], None]) -> dict[str, Any]:
    """The settings to give to librdkafka.

    Args:
        settings: the instance's, ``auto.offset.reset`` in Java's words.
        on_error: hears what the client reports of its connection.
    """
    reset = settings["auto.offset.reset"]
    own = {"auto.offset.reset": "error" if reset == "none" else reset, "error_cb": on_error}
    return {**_SMALL_AND_PATIENT, **settings, **own}
