"""Landing folders as the sink leaves them, and schemas of their own to load them into."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lib.tables import Tables

USER_ID = "0123456789ab"

PIN = {
    "index": 1,
    "unique_id": "0a1b2c3d-0000-4000-8000-000000000001",
    "title": "A title",
    "description": "A description",
    "poster_name": "A poster",
    "follower_count": "985k",
    "tag_list": "a,b,c,d,e,f,g,h,i",
    "is_image_or_video": "image",
    "image_src": "https://i.pinimg.com/originals/aa/bb/cc/0.jpg",
    "downloaded": 1,
    "save_location": "Local save in /data/art",
    "category": "art",
}
GEO = {"ind": 1, "timestamp": "2018-01-01T00:30:00Z", "latitude": -12.3456, "longitude": 170.5, "country": "Albania"}
USER = {"ind": 1, "first_name": "Ada", "last_name": "Byron", "age": 36, "date_joined": "2016-12-31T23:59:59Z"}


def line(record: dict[str, Any], **changes: Any) -> str:
    """The record as one line, some values changed."""
    return json.dumps({**record, **changes}, ensure_ascii=False)


def without(record: dict[str, Any], column: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != column}


def land(folder: Path, entity: str, partition: int, offset: int, lines: list[str]) -> None:
    """Write one object."""
    topic = f"{USER_ID}.{entity}"
    place = folder / topic / f"partition={partition}"
    place.mkdir(parents=True, exist_ok=True)
    content = "".join(text + "\n" for text in lines)
    (place / f"{topic}+{partition}+{offset:010d}.json").write_text(content, encoding="utf-8", newline="")


@contextmanager
def fresh_tables(spark: Any) -> Iterator[Tables]:
    """Tables in an empty schema that is gone afterwards."""
    schema = f"test_{uuid.uuid4().hex[:12]}"
    tables = Tables(spark, "spark_catalog", schema)
    tables.create_schema()
    try:
        yield tables
    finally:
        spark.sql(f"DROP SCHEMA {schema} CASCADE")


def tables_of(tables: Tables) -> dict[str, list[str]]:
    """The rows of every table of a schema, in an order of their own; not when they were taken in."""
    return {
        name: sorted(repr(row) for row in tables.known(name).drop("ingest_time").collect())
        for name in sorted(tables.existing())
    }
