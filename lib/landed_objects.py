"""The objects that the S3 sink has written, as their names tell of them.

topics/0a1b2c3d4e5f.pin/partition=2/0a1b2c3d4e5f.pin+2+0000001500.json
folder  topic           partition   topic            partition, first offset
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lib.errors import CourseError

_NAME = re.compile(
    r"(?:.*/)?(?P<topic>[^/]+)/partition=(?P<partition>\d+)/(?P=topic)\+(?P=partition)\+(?P<offset>\d+)\.json"
)


class NoLandedObjectError(CourseError):
    """A key is not the name of an object that the sink with its default partitioner writes."""


@dataclass(frozen=True, slots=True, order=True)
class LandedObject:
    """One object of the landing zone.

    Attributes:
        topic, partition: where its records come from.
        first_offset: the offset of the record on its first line.
        key: its name in the bucket.
        size: bytes.
    """

    topic: str
    partition: int
    first_offset: int
    key: str
    size: int = 0

    @classmethod
    def of(cls, key: str, size: int = 0) -> LandedObject:
        """The object of this name. Raises NoLandedObjectError."""
        found = _NAME.fullmatch(key)
        if found is None:
            raise NoLandedObjectError(f"{key} is no .../TOPIC/partition=P/TOPIC+P+OFFSET.json.")
        return cls(found["topic"], int(found["partition"]), int(found["offset"]), key, size)


def landed_objects(s3: Any, bucket: str, folder: str, topic: str) -> list[LandedObject]:
    """The objects of a topic below `folder` (`topics`, say), by partition and offset."""
    return sorted(LandedObject.of(key, size) for key, size in _listed(s3, bucket, f"{folder}/{topic}/"))


def read_lines(s3: Any, bucket: str, key: str) -> list[str]:
    """The lines of one object: one JSON document each."""
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body.decode().splitlines()


def remove_objects(s3: Any, bucket: str, prefix: str) -> int:
    """Remove every object whose name begins with `prefix`; how many there were."""
    keys = [key for key, _ in _listed(s3, bucket, prefix)]
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)
    return len(keys)


def _listed(s3: Any, bucket: str, prefix: str) -> list[tuple[str, int]]:
    """Names and sizes; a listing comes in pages of 1,000."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [(entry["Key"], entry["Size"]) for page in pages for entry in page.get("Contents", [])]
