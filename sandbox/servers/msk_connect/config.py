"""The configuration of Confluent's S3 sink connector, as far as this sink follows it."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.servers.msk_connect.dead_letters import DeadLetterTopic
from sandbox.servers.msk_connect.errors import ConfigurationError
from sandbox.servers.msk_connect.plan import NullValues
from sandbox.servers.msk_connect.rotation import Rotation

CONNECTOR_CLASS = "io.confluent.connect.s3.S3SinkConnector"
STRING_CONVERTER = "org.apache.kafka.connect.storage.StringConverter"
JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"

# The keys that a worker configuration may set for all connectors, and a connector may set for itself.
CONVERTER_KEYS = (
    "key.converter",
    "key.converter.schemas.enable",
    "value.converter",
    "value.converter.schemas.enable",
)


@dataclass(frozen=True, slots=True)
class SinkConfig:
    """A checked configuration; attributes are named after their keys.

    Attributes:
        name: the connector's name.
        topics: names from ``topics``; empty when ``topics_regex`` is used.
        topics_regex: pattern that a topic's whole name must match.
        tasks_max: partition ``p`` belongs to task ``p % tasks_max``.
        rotation: ``flush.size`` and the ``rotate.*`` keys.
        tolerate: ``errors.tolerance`` is ``all``.
        log_errors: ``errors.log.enable``: one line in the log for each record set aside.
    """

    name: str
    topics: tuple[str, ...]
    topics_regex: re.Pattern[str] | None
    tasks_max: int
    rotation: Rotation
    bucket: str
    region: str
    topics_dir: str
    null_values: NullValues
    tolerate: bool
    dead_letter_topic: DeadLetterTopic | None
    log_errors: bool

    @property
    def group(self) -> str:
        """The consumer group, as Kafka Connect names it."""
        return f"connect-{self.name}"

    def wants(self, topic: str) -> bool:
        """Tell whether the connector reads a topic of this name."""
        return bool(self.topics_regex.fullmatch(topic)) if self.topics_regex else topic in self.topics


@dataclass(frozen=True, slots=True)
class _Key:
    """How one key is read: ``read`` raises ValueError where the text is not ``allowed``; no default means required."""

    read: Callable[[str], Any]
    allowed: str
    default: Any = ...


def _one_of(*choices: str, default: Any = ...) -> _Key:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError
        return text

    return _Key(read, " or ".join(choices), default)


def _switch(default: bool) -> _Key:
    def read(text: str) -> bool:
        return {"true": True, "false": False}[text.lower()]

    return _Key(read, "true or false", default)


def _number(least: int, default: Any = ..., also: int | None = None) -> _Key:
    def read(text: str) -> int:
        number = int(text)
        if number < least and number != also:
            raise ValueError
        return number

    return _Key(read, f"a whole number from {least}" + (f", or {also}" if also is not None else ""), default)


def _interval() -> _Key:
    """Milliseconds; -1, which Confluent's connector has for "off", becomes None."""
    number = _number(1, also=-1)
    return _Key(lambda text: None if (value := number.read(text)) == -1 else value, number.allowed, None)


def _text(pattern: str, allowed: str, default: Any = ...) -> _Key:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return _Key(read, allowed, default)


def _topic_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) for name in names):
        raise ValueError
    return names


_TOPIC = r"[A-Za-z0-9._-]{1,249}"
_KEYS: dict[str, _Key] = {
    "name": _text(r"\S.*", "a name", None),
    "connector.class": _one_of(CONNECTOR_CLASS),
    "tasks.max": _number(1, 1),
    "topics": _Key(_topic_names, "names of topics, separated by commas", ()),
    "topics.regex": _Key(re.compile, "a regular expression", None),
    "flush.size": _number(1),
    "rotate.interval.ms": _interval(),
    "rotate.schedule.interval.ms": _interval(),
    "timezone": _Key(ZoneInfo, "a time zone such as UTC or Europe/London", None),
    "s3.bucket.name": _text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket"),
    "s3.region": _text(r"[a-z0-9-]+", "a region such as us-east-1", "us-west-2"),
    "topics.dir": _text(r"[^/\s](.*[^/\s])?", "a folder without slashes at its ends", "topics"),
    "storage.class": _one_of("io.confluent.connect.s3.storage.S3Storage", default=None),
    "format.class": _one_of("io.confluent.connect.s3.format.json.JsonFormat"),
    "partitioner.class": _one_of("io.confluent.connect.storage.partitioner.DefaultPartitioner", default=None),
    "schema.compatibility": _one_of("NONE", default=None),
    "behavior.on.null.values": _one_of(*(choice.value for choice in NullValues), default="fail"),
    "key.converter": _one_of(STRING_CONVERTER, default=STRING_CONVERTER),
    "key.converter.schemas.enable": _switch(False),
    "value.converter": _one_of(JSON_CONVERTER),
    # Kafka's own default is true, which wraps every value in a schema: leaving it out is a mistake here.
    "value.converter.schemas.enable": _one_of("false"),
    "errors.tolerance": _one_of("none", "all", default="none"),
    "errors.log.enable": _switch(False),
    "errors.deadletterqueue.topic.name": _text(_TOPIC, "the name of a topic", None),
    "errors.deadletterqueue.topic.replication.factor": _number(1, 3, also=-1),
    "errors.deadletterqueue.context.headers.enable": _switch(False),
}


def parse_config(name: str, config: Mapping[str, Any]) -> SinkConfig:
    """Check a connector's configuration and give it typed.

    Args:
        name: the connector's name.
        config: the flat map of keys and values that Amazon takes; numbers and booleans count as their text.

    Raises:
        ConfigurationError: with every fault found: unknown keys, values that are not allowed, keys that contradict.
    """
    problems: list[str] = []
    texts = {key: _as_text(key, value, problems) for key, value in config.items()}
    values = {key: _read(key, known, texts, problems) for key, known in _KEYS.items()}
    problems += [_unknown(key) for key in config if key not in _KEYS]
    if not problems:
        problems = _contradictions(name, values, texts)
    if problems:
        raise ConfigurationError(problems)
    return _typed(name, values)


def _as_text(key: str, value: Any, problems: list[str]) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value).strip()
    problems.append(f"{key} is {value!r}; a configuration holds text, numbers, true and false")
    return ""


def _read(key: str, known: _Key, texts: dict[str, str], problems: list[str]) -> Any:
    if key not in texts:
        if known.default is ...:
            problems.append(f"{key} is missing; it must be {known.allowed}")
        return known.default
    try:
        if re.search(r"\$\{\w+\}", texts[key]):
            raise ValueError
        return known.read(texts[key])
    # ZoneInfo raises ZoneInfoNotFoundError, a KeyError, and re.compile raises re.error, no ValueError.
    except (ValueError, KeyError, OSError, re.error):
        placeholder = ", with the placeholder filled in" if "${" in texts[key] else ""
        problems.append(f"{key} is {texts[key]!r}; it must be {known.allowed}{placeholder}")
        return known.default


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, _KEYS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(_KEYS)}"
    return f"{key} is not a key that this sink follows; {hint}"


def _contradictions(name: str, values: dict[str, Any], texts: dict[str, str]) -> list[str]:
    regex, dead_letters = values["topics.regex"], values["errors.deadletterqueue.topic.name"]
    read_back = bool(dead_letters) and (dead_letters in values["topics"] or (regex and regex.fullmatch(dead_letters)))
    about_dead_letters = [key for key in texts if key.startswith("errors.deadletterqueue.")]
    rules = {
        f"name is {values['name']!r} but the connector is called {name!r}; leave it out": (
            values["name"] not in (None, name)
        ),
        "topics and topics.regex are both set; keep one of them": bool(values["topics"]) and regex is not None,
        "topics and topics.regex are both missing; set one of them": not values["topics"] and regex is None,
        "rotate.schedule.interval.ms needs timezone, such as UTC": (
            values["rotate.schedule.interval.ms"] is not None and values["timezone"] is None
        ),
        f"errors.deadletterqueue.topic.name is {dead_letters!r}, which the connector itself would read; "
        "choose a name that topics and topics.regex do not cover": bool(read_back),
        "errors.deadletterqueue.topic.name needs errors.tolerance to be all, which is none": (
            bool(dead_letters) and values["errors.tolerance"] == "none"
        ),
        f"{', '.join(about_dead_letters)} needs errors.deadletterqueue.topic.name": (
            bool(about_dead_letters) and not dead_letters
        ),
    }
    return [sentence for sentence, broken in rules.items() if broken]


def _typed(name: str, values: dict[str, Any]) -> SinkConfig:
    return SinkConfig(
        name=name,
        topics=values["topics"],
        topics_regex=values["topics.regex"],
        tasks_max=values["tasks.max"],
        rotation=_rotation(values),
        bucket=values["s3.bucket.name"],
        region=values["s3.region"],
        topics_dir=values["topics.dir"],
        null_values=NullValues(values["behavior.on.null.values"]),
        tolerate=values["errors.tolerance"] == "all",
        dead_letter_topic=_dead_letter_topic(values),
        log_errors=values["errors.log.enable"],
    )


def _rotation(values: dict[str, Any]) -> Rotation:
    return Rotation(
        flush_size=values["flush.size"],
        interval_ms=values["rotate.interval.ms"],
        schedule_ms=values["rotate.schedule.interval.ms"],
        timezone=values["timezone"] or ZoneInfo("UTC"),
    )


def _dead_letter_topic(values: dict[str, Any]) -> DeadLetterTopic | None:
    if not values["errors.deadletterqueue.topic.name"]:
        return None
    return DeadLetterTopic(
        name=values["errors.deadletterqueue.topic.name"],
        replication_factor=values["errors.deadletterqueue.topic.replication.factor"],
        context_headers=values["errors.deadletterqueue.context.headers.enable"],
    )
