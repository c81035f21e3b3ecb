"""Small source tables of the tests' own, in a database of their own beside the course's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text

from lib.entities import GEO, PIN, USER, Entity
from lib.rds_credentials import DatabaseCredentials

TABLES = {
    PIN: "`index` INT PRIMARY KEY, unique_id TEXT, title TEXT, description TEXT, poster_name TEXT, "
    "follower_count TEXT, tag_list TEXT, is_image_or_video TEXT, image_src TEXT, downloaded INT, "
    "save_location TEXT, category TEXT",
    GEO: "ind INT PRIMARY KEY, `timestamp` DATETIME, latitude DOUBLE, longitude DOUBLE, country TEXT",
    USER: "ind INT PRIMARY KEY, first_name TEXT, last_name TEXT, age INT, date_joined DATETIME",
}
FIRST_POST = datetime(2018, 3, 4, 5, 6, 7)
TITLE = "Ζωή ✨ こんにちは שלום"


def row_of(entity: Entity, key: int) -> tuple[Any, ...]:
    """The row with this key: told by the key alone."""
    if entity.name == "pin":
        return (key, f"id-{key}", TITLE, "d", "p", "985k", "a,b", "image", "src", 1, "Local save in /data/art", "art")
    moment = FIRST_POST + timedelta(seconds=key)
    return (key, moment, -89.9787, 12.5, "Albania") if entity.name == "geo" else (key, "Abigail", "Ali", 20, moment)


class SourceTables:
    """The three tables in a fresh database."""

    def __init__(self, engine: Engine, database: str) -> None:
        self.engine = engine
        self.database = database

    @property
    def credentials(self) -> DatabaseCredentials:
        url = self.engine.url
        password = SecretStr(url.password or "")
        return DatabaseCredentials(str(url.host), str(url.username), password, self.database, int(url.port or 3306))

    @property
    def environment(self) -> dict[str, str]:
        """RDS_* variables for a subprocess."""
        at = self.credentials
        password = at.password.get_secret_value()
        values = {"HOST": at.host, "USER": at.user, "PASSWORD": password, "DATABASE": at.database, "PORT": str(at.port)}
        return {f"RDS_{name}": value for name, value in values.items()}

    def run(self, statement: str, rows: list[dict[str, Any]] | None = None) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), rows)

    def fill(self, rows: int) -> None:
        """Make the three tables anew, keys 0 to rows - 1."""
        for entity, columns in TABLES.items():
            self.run(f"CREATE OR REPLACE TABLE {entity.table} ({columns})")
            self.insert(entity, [row_of(entity, key) for key in range(rows)])

    def insert(self, entity: Entity, rows: list[tuple[Any, ...]]) -> None:
        names = [f"v{n}" for n in range(len(entity.columns))]
        values = ", ".join(f":{name}" for name in names)
        self.run(f"INSERT INTO {entity.table} VALUES ({values})", [dict(zip(names, row, strict=True)) for row in rows])

    def make_feed(self, payloads: list[tuple[str, str]]) -> None:
        """Make the table `feed` of (table_name, payload)."""
        self.run(
            "CREATE OR REPLACE TABLE feed "
            "(position BIGINT AUTO_INCREMENT PRIMARY KEY, table_name VARCHAR(32), payload LONGTEXT)"
        )
        self.run("INSERT INTO feed (table_name, payload) VALUES (:t, :p)", [{"t": t, "p": p} for t, p in payloads])


@contextmanager
def source_tables(engine: Engine) -> Iterator[SourceTables]:
    """A database that is dropped afterwards."""
    database = f"client_tests_{uuid.uuid4().hex[:8]}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE DATABASE {database} CHARACTER SET utf8mb4"))
    own = create_engine(engine.url.set(database=database))
    try:
        yield SourceTables(own, database)
    finally:
        own.dispose()
        with engine.begin() as connection:
            connection.execute(text(f"DROP DATABASE {database}"))
