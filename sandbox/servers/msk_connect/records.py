"""What passes from Kafka through a plan to S3 and to the dead-letter topic."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

Headers = list[tuple[str, bytes | None]]


class SourcePartition(NamedTuple):
    """One partition of one life of a topic: a topic deleted and made again has another ``topic_id``."""

    topic: str
    topic_id: str
    partition: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a partition, as it stands in Kafka; ``timestamp_ms`` is 0 where the record has none."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers


class Stage(Enum):
    """Where a record failed, named as Kafka Connect names it: the stage and the class at work there."""

    VALUE_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
    TASK_PUT = "io.confluent.connect.s3.S3SinkTask"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that cannot become a line, with the reason."""

    record: Record
    stage: Stage
    reason: str


@dataclass(frozen=True, slots=True)
class Range:
    """What one commit settles: the records of one partition up to, and without, ``next_offset``.

    Attributes:
        first_offset: offset of the object's first line; None when the range holds no line.
        last_offset: offset of the object's last line; None when the range holds no line.
        lines: the object's lines without their line breaks; empty when the object is there already (adopted).
        dead_letters: in order of offset.
    """

    first_offset: int | None
    last_offset: int | None
    lines: list[bytes]
    dead_letters: list[DeadLetter]
    next_offset: int
