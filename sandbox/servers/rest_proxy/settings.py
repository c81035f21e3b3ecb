"""What ``kafka-rest.properties`` tells the proxy: Confluent's names, and those of its settings that the proxy follows.

``bootstrap.servers`` and ``client.*`` are for every Kafka client, ``producer.*`` and ``consumer.*`` for one kind;
the rest is the proxy's own. A setting that is not followed is refused by name, so that it never looks as if it worked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.servers.kafka_properties import UnsupportedPropertyError, librdkafka_settings, read_properties

_INT_LIMIT = 2**31
# Java's consumer starts at the end and commits by itself; confluent-kafka would read committed records only.
_JAVA_CONSUMER = {
    "auto.offset.reset": "latest",
    "enable.auto.commit": True,
    "isolation.level": "read_uncommitted",
}
# Java's word for each of librdkafka's.
_LIBRDKAFKA_NAMES = {"fetch.max.wait.ms": "fetch.wait.max.ms", "max.request.size": "message.max.bytes"}
OFFSET_RESETS = ("latest", "earliest", "none")


@dataclass(frozen=True)
class ConsumerLimits:
    """What a read request may take, and how long an instance lives.

    Attributes:
        request_timeout_ms: how long a read waits for records.
        request_max_bytes: bytes of keys and values in one answer.
        fetch_min_bytes: bytes with which a read is answered before its time; none if negative.
        instance_timeout_ms: how long an instance may be idle.
    """

    request_timeout_ms: int = 1000
    request_max_bytes: int = 64 * 1024 * 1024
    fetch_min_bytes: int = -1
    instance_timeout_ms: int = 300_000


@dataclass(frozen=True)
class ProxySettings:
    """The proxy's configuration.

    Attributes:
        client: librdkafka settings of every Kafka client.
        producer: those of the producer besides.
        consumer: those of the consumer instances besides, and ``auto.offset.reset`` and the like in Java's words.
        limits: of the consumer instances.
        id: part of the names that the proxy gives to instances.
    """

    client: Mapping[str, Any]
    producer: Mapping[str, Any] = field(default_factory=dict)
    consumer: Mapping[str, Any] = field(default_factory=lambda: dict(_JAVA_CONSUMER))
    limits: ConsumerLimits = ConsumerLimits()
    id: str = ""


def read_settings(path: Path) -> ProxySettings:
    """Read ``kafka-rest.properties``.

    Raises:
        KafkaPropertiesError: the file is missing, lacks a setting, or has one that the proxy cannot follow.
    """
    client = librdkafka_settings(path, prefix="client.")
    properties = {key: value for key, value in read_properties(path).items() if not key.startswith("client.")}
    values = {key: _read(key, value, path) for key, value in properties.items() if key != "bootstrap.servers"}
    limits = {_LIMITS[key]: value for key, value in values.items() if key in _LIMITS}
    return ProxySettings(
        client=client,
        producer=_prefixed("producer.", values),
        consumer=_JAVA_CONSUMER | _prefixed("consumer.", values),
        limits=ConsumerLimits(**limits),
        id=values.get("id", ""),
    )


def _read(key: str, text: str, path: Path) -> Any:
    if key not in _READERS:
        raise UnsupportedPropertyError(f"{path}: the proxy does not follow the setting {key}. Remove that line.")
    try:
        return _READERS[key](text)
    except ValueError as error:
        raise UnsupportedPropertyError(f"{path}: {key} must be {error}.") from None


def _prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    names = {key: key.removeprefix(prefix) for key in values if key.startswith(prefix) and key not in _LIMITS}
    return {_LIBRDKAFKA_NAMES.get(name, name): values[key] for key, name in names.items()}


def _number(least: int, most: int = _INT_LIMIT - 1) -> Callable[[str], int]:
    def read(text: str) -> int:
        digits = text.strip()
        if not digits.removeprefix("-").isascii() or not digits.removeprefix("-").isdigit():
            raise ValueError("a whole number")
        if not least <= int(digits) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(digits)

    return read


def _choice(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.strip() not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text.strip()

    return read


def _truth(text: str) -> bool:
    return _choice("true", "false")(text.lower()) == "true"


_LIMITS = {
    "consumer.request.timeout.ms": "request_timeout_ms",
    "consumer.request.max.bytes": "request_max_bytes",
    "consumer.instance.timeout.ms": "instance_timeout_ms",
    "fetch.min.bytes": "fetch_min_bytes",
}
FETCH_MIN_BYTES = range(-1, 10_000_001)
_READERS: dict[str, Callable[[str], Any]] = {
    "id": str.strip,
    "consumer.request.timeout.ms": _number(0),
    "consumer.request.max.bytes": _number(1, 2**63 - 1),
    "consumer.instance.timeout.ms": _number(1),
    "fetch.min.bytes": _number(FETCH_MIN_BYTES.start, FETCH_MIN_BYTES.stop - 1),
    "consumer.auto.commit.interval.ms": _number(1),
    "consumer.auto.offset.reset": _choice(*OFFSET_RESETS),
    "consumer.enable.auto.commit": _truth,
    "consumer.fetch.max.wait.ms": _number(0, 300_000),
    "consumer.heartbeat.interval.ms": _number(1, 3_600_000),
    "consumer.isolation.level": _choice("read_uncommitted", "read_committed"),
    "consumer.max.poll.interval.ms": _number(1, 86_400_000),
    "consumer.session.timeout.ms": _number(1, 3_600_000),
    "producer.compression.type": _choice("none", "gzip", "snappy", "lz4", "zstd"),
    "producer.max.request.size": _number(1000, 1_000_000_000),
}
