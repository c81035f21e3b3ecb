"""The bodies of requests to consumer instances, read as Jackson reads them for Confluent's proxy.

A text may be written as a number and a number as a text; messages of wrong ones are Jackson's, Kafka's or the Bean
Validation constraints'.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.servers.rest_proxy.commits import Commit
from sandbox.servers.rest_proxy.errors import (
    BadRequestError,
    ConstraintViolationError,
    ConsumerConfigConstraintError,
    FieldTypeError,
    IllegalStateError,
    InvalidConsumerConfigError,
    UnrecognizedFieldError,
)
from sandbox.servers.rest_proxy.exact_json import decode
from sandbox.servers.rest_proxy.fetched import Place
from sandbox.servers.rest_proxy.media_types import EmbeddedFormat
from sandbox.servers.rest_proxy.settings import FETCH_MIN_BYTES, OFFSET_RESETS
from sandbox.servers.rest_proxy.topic_pattern import TopicPattern

_FORMATS = {"binary": EmbeddedFormat.BINARY, "json": EmbeddedFormat.JSON}
_INT = range(-(2**31), 2**31)
# The largest long is left out: a commit adds one.
_LONG = range(-(2**63), 2**63 - 1)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,19}")
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_MOST_NAME_BYTES = 249

Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class InstanceRequest:
    """What a new consumer instance is to be; None where the proxy's configuration decides.

    Attributes:
        name: of the instance.
        format: of the records it gives.
        settings: of its Kafka consumer, in librdkafka's names.
        fetch_min_bytes: as in the proxy's ConsumerLimits.
        request_timeout_ms: as in the proxy's ConsumerLimits.
    """

    name: str | None
    format: EmbeddedFormat
    settings: Mapping[str, Any]
    fetch_min_bytes: int | None
    request_timeout_ms: int | None


def parse_instance(body: bytes) -> InstanceRequest:
    """Read the body of ``POST /consumers/{group}``; an empty one leaves everything to the configuration.

    Raises:
        ConstraintViolationError: a format that is not served here.
        InvalidConsumerConfigError: a value that Kafka's consumer does not know.
        ConsumerConfigConstraintError: ``fetch.min.bytes`` is out of range.
        UnrecognizedFieldError, FieldTypeError, MalformedJsonError: as in every body.
    """
    fields = _fields(body or b"{}", "config", _INSTANCE_FIELDS)
    settings = {"auto.offset.reset": _reset(fields), "enable.auto.commit": _auto_commit(fields)}
    return InstanceRequest(
        # The older of the two names for it wins, as at Confluent's.
        name=fields["name"] if fields["id"] is None else fields["id"],
        format=_format(fields["format"]),
        settings={name: value for name, value in settings.items() if value is not None},
        fetch_min_bytes=_min_bytes(fields["fetch.min.bytes"]),
        request_timeout_ms=fields["consumer.request.timeout.ms"],
    )


def parse_subscription(body: bytes) -> tuple[list[str] | None, TopicPattern | None]:
    """Read the body of ``POST .../subscription``: topics, or the pattern of their names, or neither.

    Raises:
        IllegalStateError: both.
        ConstraintViolationError: the pattern cannot be matched, or no topic can have a name.
    """
    fields = _fields(body, "subscription", {"topics": _list_of(_topic), "topic_pattern": _text})
    topics, pattern = fields["topics"], fields["topic_pattern"]
    if topics is not None and pattern is not None:
        raise IllegalStateError("Subscription to topics, partitions and pattern are mutually exclusive")
    unique = None if topics is None else list(dict.fromkeys(topics))
    return unique, None if pattern is None else TopicPattern(pattern)


def parse_partitions(body: bytes) -> list[Place]:
    """Read ``{"partitions": [{"topic", "partition"}, ...]}``: each once.

    Raises:
        ConstraintViolationError: a field is missing or negative, or no topic can have the name.
    """
    fields = _fields(body, "partitions", {"partitions": _list_of(_object_of(_PARTITION_FIELDS))})
    return list(dict.fromkeys(_place(item) for item in _required(fields, "partitions")))


def parse_offsets(body: bytes) -> list[Commit]:
    """Read ``{"offsets": [{"topic", "partition", "offset", "metadata"}, ...]}``; of a repeated place the last counts.

    Raises:
        ConstraintViolationError: a field is missing or negative, or no topic can have the name.
    """
    fields = _fields(body, "offsets", {"offsets": _list_of(_object_of(_OFFSET_FIELDS))})
    items = {_place(item): item for item in _required(fields, "offsets")}
    return [(place, _not_negative(item, "offset"), item["metadata"]) for place, item in items.items()]


def check_name(name: str) -> str:
    """Give the name of a group or an instance back; raises BadRequestError if no consumer can have it."""
    if not name.isprintable() or len(name.encode()) > _MOST_NAME_BYTES:
        raise BadRequestError
    return name


def _fields(body: bytes, name: str, readers: Mapping[str, Reader]) -> dict[str, Any]:
    document = decode(body)[0] if body.strip() else None
    if document is None:
        raise ConstraintViolationError(f"{name} must not be null (was null)")
    fields: dict[str, Any] = _object_of(readers)(document)
    return fields


def _object_of(readers: Mapping[str, Reader]) -> Reader:
    """A reader of objects with no other fields than these; one that is absent is None."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise FieldTypeError(f"Cannot deserialize value of type `java.util.LinkedHashMap` from {_kind(value)}")
        for field in sorted(value.keys() - readers.keys()):
            raise UnrecognizedFieldError(field)
        given = {name: value.get(name) for name in readers}
        return {name: None if item is None else readers[name](item) for name, item in given.items()}

    return read


def _list_of(reader: Reader) -> Reader:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise FieldTypeError(f"Cannot deserialize value of type `java.util.ArrayList` from {_kind(value)}")
        if None in value:
            raise ConstraintViolationError("a list must not contain null")
        return [reader(item) for item in value]

    return read


def _text(value: Any) -> str:
    if isinstance(value, list | dict):
        raise FieldTypeError(f"Cannot deserialize value of type `java.lang.String` from {_kind(value)}")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "\0" in text:
        raise BadRequestError
    return text


def _name(value: Any) -> str:
    return check_name(_text(value))


def _whole(java: str, allowed: range) -> Reader:
    def read(value: Any) -> int:
        number = value
        if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int | float):
            text = f"Cannot deserialize value of type `{java}` from {_kind(value)}"
            raise FieldTypeError(f"{text}: not a valid `{java}` value")
        if int(number) not in allowed:
            raise FieldTypeError(f"Numeric value ({value}) out of range of `{java}`")
        return int(number)

    return read


def _kind(value: Any) -> str:
    match value:
        case str():
            return f'String "{value}"'
        case bool():
            return "Boolean value"
        case list():
            return "Array value (token `JsonToken.START_ARRAY`)"
        case dict():
            return "Object value (token `JsonToken.START_OBJECT`)"
    return "Number value"


def _topic(value: Any) -> str:
    topic = _text(value)
    if not topic:
        raise ConstraintViolationError("topic must not be empty (was )")
    if not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        raise ConstraintViolationError(f"Topic name is invalid: '{topic}' {_TOPIC_RULE}")
    return topic


_TOPIC_RULE = "is not 1 to 249 of the ASCII alphanumerics, '.', '_' and '-'"
_PARTITION_FIELDS: dict[str, Reader] = {"topic": _topic, "partition": _whole("int", _INT)}
_OFFSET_FIELDS: dict[str, Reader] = {**_PARTITION_FIELDS, "offset": _whole("long", _LONG), "metadata": _text}
_INSTANCE_FIELDS: dict[str, Reader] = {
    "id": _name,
    "name": _name,
    "format": _text,
    "auto.offset.reset": _text,
    "auto.commit.enable": _text,
    "fetch.min.bytes": _whole("java.lang.Integer", _INT),
    "consumer.request.timeout.ms": _whole("java.lang.Integer", _INT),
}


def _required(fields: Mapping[str, Any], name: str) -> Any:
    if fields[name] is None:
        raise ConstraintViolationError(f"{name} must not be null (was null)")
    return fields[name]


def _not_negative(fields: Mapping[str, Any], name: str) -> int:
    number: int = _required(fields, name)
    if number < 0:
        raise ConstraintViolationError(f"{name} must be greater than or equal to 0 (was {number})")
    return number


def _place(fields: Mapping[str, Any]) -> Place:
    return _required(fields, "topic"), _not_negative(fields, "partition")


def _format(text: str | None) -> EmbeddedFormat:
    if text is None:
        return EmbeddedFormat.BINARY
    if text.lower() not in _FORMATS:
        raise ConstraintViolationError("Invalid format type.")
    return _FORMATS[text.lower()]


def _reset(fields: Mapping[str, Any]) -> str | None:
    text: str | None = fields["auto.offset.reset"]
    if text is not None and text not in OFFSET_RESETS:
        known = ", ".join(OFFSET_RESETS)
        reason = f"Invalid value {text} for configuration auto.offset.reset: String must be one of: {known}"
        raise InvalidConsumerConfigError(reason)
    return text


def _auto_commit(fields: Mapping[str, Any]) -> bool | None:
    text: str | None = fields["auto.commit.enable"]
    if text is None:
        return None
    if text.strip().lower() not in ("true", "false"):
        reason = f"Invalid value {text} for configuration enable.auto.commit: Expected value to be either true or false"
        raise InvalidConsumerConfigError(reason)
    return text.strip().lower() == "true"


def _min_bytes(number: int | None) -> int | None:
    if number is None or number in FETCH_MIN_BYTES:
        return number
    least, most = FETCH_MIN_BYTES.start, FETCH_MIN_BYTES.stop - 1
    rule = f"at least {least}" if number < least else f"no more than {most}"
    raise ConsumerConfigConstraintError(
        f"Invalid value {number} for configuration fetch.min.bytes: Value must be {rule}"
    )
