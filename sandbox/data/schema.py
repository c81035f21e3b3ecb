"""The three tables: names, keys, columns in SQL order, Arrow types and SQL types."""

from dataclasses import dataclass

import pyarrow as pa

INT = (pa.int32(), "INT NOT NULL")
TEXT = (pa.string(), "TEXT NOT NULL")
DOUBLE = (pa.float64(), "DOUBLE NOT NULL")
DATETIME = (pa.timestamp("s"), "DATETIME NOT NULL")


@dataclass(frozen=True)
class Entity:
    """One kind of row.

    Attributes:
        name: `pin`, `geo` or `user`, as in the topics.
        table: the table of the source database.
        key: the column that numbers the posts.
        columns: (column, (Arrow type, SQL type)) in SQL order.
    """

    name: str
    table: str
    key: str
    columns: tuple[tuple[str, tuple[pa.DataType, str]], ...]

    @property
    def arrow(self) -> pa.Schema:
        """The columns as an Arrow schema; timestamps are in seconds, UTC, without a zone, as DATETIME is."""
        return pa.schema([pa.field(name, arrow, nullable=False) for name, (arrow, _) in self.columns])


PIN = Entity(
    "pin",
    "pinterest_data",
    "index",
    (
        ("index", INT),
        ("unique_id", TEXT),
        ("title", TEXT),
        ("description", TEXT),
        ("poster_name", TEXT),
        ("follower_count", TEXT),
        ("tag_list", TEXT),
        ("is_image_or_video", TEXT),
        ("image_src", TEXT),
        ("downloaded", INT),
        ("save_location", TEXT),
        ("category", TEXT),
    ),
)
GEO = Entity(
    "geo",
    "geolocation_data",
    "ind",
    (("ind", INT), ("timestamp", DATETIME), ("latitude", DOUBLE), ("longitude", DOUBLE), ("country", TEXT)),
)
USER = Entity(
    "user",
    "user_data",
    "ind",
    (("ind", INT), ("first_name", TEXT), ("last_name", TEXT), ("age", INT), ("date_joined", DATETIME)),
)
ENTITIES = (PIN, GEO, USER)
