"""The Spark types of the course's tables; the column names come from `lib.entities`.

A post lands as JSON, is kept as it landed in `raw_<entity>`, and is cleaned into the table `<entity>`.
What cannot be loaded or cleaned lies in `quarantine`. Nothing here is inferred from data.
"""

from __future__ import annotations

from pyspark.sql.types import (
    ArrayType,
    DataType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from lib.entities import GEO, PIN, USER, Entity

_TYPES: dict[str, DataType] = {
    "index": IntegerType(),
    "ind": IntegerType(),
    "downloaded": IntegerType(),
    "age": IntegerType(),
    "latitude": DoubleType(),
    "longitude": DoubleType(),
    "timestamp": TimestampType(),
    "date_joined": TimestampType(),
}

KEY = "ind"
"""What the key column is called from the clean tables on; in `pinterest_data` it is still `index`."""

LANDED = StructType(
    [
        StructField("payload", StringType()),
        StructField("source_file", StringType()),
        StructField("source_partition", IntegerType()),
        StructField("source_offset", LongType()),
        StructField("source_line", LongType()),
        StructField("ingest_time", TimestampType()),
    ]
)
"""Where a record came from: the line as it landed, its object, the object's Kafka partition and first offset, a number
that grows with the line's position in the object, and when it was loaded."""

QUARANTINE = StructType(
    [
        StructField("table_name", StringType()),
        StructField("stage", StringType()),
        StructField(KEY, IntegerType()),
        StructField("reason", StringType()),
        *LANDED.fields,
    ]
)
"""Records that were set aside: of which entity, by which stage (`parse` or `clean`), the key if it is known, why."""

_CLEAN: dict[str, StructType] = {
    PIN.name: StructType(
        [
            StructField(KEY, IntegerType()),
            StructField("unique_id", StringType()),
            StructField("title", StringType()),
            StructField("description", StringType()),
            StructField("follower_count", LongType()),
            StructField("poster_name", StringType()),
            StructField("tag_list", StringType()),
            StructField("is_image_or_video", StringType()),
            StructField("image_src", StringType()),
            StructField("save_location", StringType()),
            StructField("category", StringType()),
        ]
    ),
    GEO.name: StructType(
        [
            StructField(KEY, IntegerType()),
            StructField("country", StringType()),
            StructField("coordinates", ArrayType(DoubleType())),
            StructField("timestamp", TimestampType()),
        ]
    ),
    USER.name: StructType(
        [
            StructField(KEY, IntegerType()),
            StructField("user_name", StringType()),
            StructField("age", IntegerType()),
            StructField("date_joined", TimestampType()),
        ]
    ),
}


def source_schema(entity: Entity) -> StructType:
    """The columns of the entity's database table, in its order, with their Spark types (text unless said otherwise)."""
    return StructType([StructField(column, _TYPES.get(column, StringType())) for column in entity.columns])


def raw_schema(entity: Entity) -> StructType:
    """The columns of `raw_<entity>`: those of the database table, then `LANDED`."""
    return StructType([*source_schema(entity).fields, *LANDED.fields])


def clean_schema(entity: Entity) -> StructType:
    """The columns of the clean table `<entity>`, in the order of the course's part 4."""
    return _CLEAN[entity.name]
