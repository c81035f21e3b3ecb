"""The three entities of the course as plain facts, importable without Spark.

A post of the source database is one row in each of three tables. Everything that names a table, a key column
or a topic suffix takes it from here; `lib.schemas` adds the Spark types.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record on its way from the database to the clean tables.

    Attributes:
        name: what the pipeline calls it: `pin`, `geo` or `user`; also the suffix of its topic.
        table: the table of the source database that holds it.
        key: the table's key column, a whole number; the records of one post share its value.
        columns: the table's columns in the order of the database, the key first.
    """

    name: str
    table: str
    key: str
    columns: tuple[str, ...]

    def topic(self, user_id: str) -> str:
        """The Kafka topic of this entity for one student, `USER_ID.name`."""
        return f"{user_id}.{self.name}"

    def stream(self, user_id: str) -> str:
        """The Kinesis stream of this entity for one student, `streaming-USER_ID-name`."""
        return f"streaming-{user_id}-{self.name}"


PIN = Entity(
    name="pin",
    table="pinterest_data",
    key="index",
    columns=(
        "index",
        "unique_id",
        "title",
        "description",
        "poster_name",
        "follower_count",
        "tag_list",
        "is_image_or_video",
        "image_src",
        "downloaded",
        "save_location",
        "category",
    ),
)
GEO = Entity(
    name="geo",
    table="geolocation_data",
    key="ind",
    columns=("ind", "timestamp", "latitude", "longitude", "country"),
)
USER = Entity(
    name="user",
    table="user_data",
    key="ind",
    columns=("ind", "first_name", "last_name", "age", "date_joined"),
)

ENTITIES: tuple[Entity, ...] = (PIN, GEO, USER)


def entity_named(name: str) -> Entity:
    """The entity called `name`; KeyError if there is none."""
    return {entity.name: entity for entity in ENTITIES}[name]


def entity_of_table(table: str) -> Entity:
    """The entity that `table` of the source database holds; KeyError if there is none."""
    return {entity.table: entity for entity in ENTITIES}[table]
