"""RDSDBConnector: reads the course's source database in chunks of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions
from sqlalchemy import Connection, Engine, Select, column, create_engine, func, select, table
from sqlalchemy.exc import DBAPIError

from lib.database_errors import HOW_TO_FILL, source_error
from lib.entities import Entity
from lib.errors import SourceError, UnknownTableError
from lib.rds_credentials import DatabaseCredentials
from lib.settings import Settings

Row = Sequence[Any]
Query = Select[*tuple[Any, ...]]

FEED = "feed"
CONNECT_SECONDS = 10
READ_SECONDS = 60


@dataclass(frozen=True, slots=True)
class TableIdentity:
    """What tells one filling of a table from another: a refilled table is made anew, so its `created` differs.

    Attributes:
        host, port, database, table: where the table is.
        created: `create_time` of information_schema, UTC, to the second.
    """

    host: str
    port: int
    database: str
    table: str
    created: str


@dataclass(frozen=True, slots=True)
class InvalidDatetime:
    """A DATETIME the server holds but no calendar has, such as `0000-00-00 00:00:00`."""

    text: str


class RDSDBConnector:
    """A pool of connections to the source database, and the reads the pipeline makes of it.

    Every read is one bounded query by key (`key > after ORDER BY key LIMIT n`), not a long-lived cursor: a slow
    consumer holds no server resource, and a read resumes from any key. Sessions run in UTC. Safe to share by threads.

        connector = RDSDBConnector.from_settings(load_settings())
        rows = connector.rows_after(PIN, after=None, limit=500)
    """

    def __init__(self, credentials: DatabaseCredentials) -> None:
        """Prepare the pool; nothing connects before the first read."""
        self._credentials = credentials
        self.engine = _engine(credentials)

    @classmethod
    def from_settings(cls, settings: Settings) -> RDSDBConnector:
        """Connector for `RDS_CREDENTIALS` and the `RDS_*` settings; CredentialsError if they do not suffice."""
        return cls(DatabaseCredentials.from_settings(settings))

    def __repr__(self) -> str:
        return f"RDSDBConnector({self._credentials.url})"

    def __enter__(self) -> RDSDBConnector:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections of the pool."""
        self.engine.dispose()

    def rows_after(self, entity: Entity, after: int | None, limit: int) -> list[Row]:
        """The next `limit` rows of the entity's table in order of its key, columns in the entity's order.

        `after` is the last key already read, None for the start. Raises the SourceErrors of `lib.errors`.
        """
        return self._fetch(_in_key_order(entity, after).limit(limit))

    def rows_with_keys(self, entity: Entity, keys: Sequence[int]) -> list[Row]:
        """The rows whose keys are among `keys`, each once, in no order; a key nobody has is just not there."""
        return self._fetch(_columns(entity).where(column(entity.key).in_(list(keys))))

    def keys_in_order(self, entity: Entity, limit: int) -> list[int]:
        """The first `limit` keys of the entity's table: what `LIMIT n, 1` counts along."""
        statement: Query = select(column(entity.key)).select_from(table(entity.table)).order_by(column(entity.key))
        return [row[0] for row in self._fetch(statement.limit(limit))]

    def feed_after(self, entity: Entity, after: int | None, limit: int) -> list[Row]:
        """The next `limit` rows (position, payload text) of the table `feed` that belong to the entity, by position."""
        statement: Query = select(column("position"), column("payload")).select_from(table(FEED))
        statement = statement.where(column("table_name") == entity.table).order_by(column("position")).limit(limit)
        return self._fetch(statement if after is None else statement.where(column("position") > after))

    def count(self, entity: Entity) -> int:
        """Number of rows of the entity's table."""
        return int(self._fetch(select(func.count()).select_from(table(entity.table)))[0][0])

    def count_feed(self, entity: Entity) -> int:
        """Number of rows of the table `feed` that belong to the entity."""
        statement = select(func.count()).select_from(table(FEED)).where(column("table_name") == entity.table)
        return int(self._fetch(statement)[0][0])

    def feed_table_names(self) -> set[str]:
        """The distinct table names in the table `feed`."""
        return {row[0] for row in self._fetch(select(column("table_name")).select_from(table(FEED)).distinct())}

    def identity(self, table_name: str, key: str) -> TableIdentity:
        """Which filling of `table_name` this is; UnknownTableError if it is missing or `key` is no unique key of it."""
        created = self._fetch(_information("tables", "create_time", table_name))
        if not created:
            raise UnknownTableError(f"Database {self._credentials.database!r} has no table {table_name}. {HOW_TO_FILL}")
        keys = self._fetch(_information("columns", "column_key", table_name).where(column("column_name") == key))
        if not keys or keys[0][0] not in ("PRI", "UNI"):
            raise UnknownTableError(
                f"Column `{key}` of {table_name} is no primary or unique key: the rows have no order to resume from. "
                f"Mend it with `ALTER TABLE {table_name} ADD PRIMARY KEY (`{key}`)`."
            )
        at = self._credentials
        return TableIdentity(at.host, at.port, at.database, table_name, f"{created[0][0]:%Y-%m-%dT%H:%M:%SZ}")

    def _fetch(self, statement: Query) -> list[Row]:
        with self._connection() as connection:
            return list(connection.execute(statement).fetchall())

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise source_error(error, self._credentials) from error
        except OSError as error:  # pymysql opens the certificate authority's file itself
            raise SourceError(f"{self._credentials.ssl_ca}, named by SSL_CA, cannot be used ({error}).") from error


def _engine(credentials: DatabaseCredentials) -> Engine:
    arguments: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "init_command": "SET time_zone = '+00:00'",
        "conv": conversions | {FIELD_TYPE.DATETIME: read_datetime, FIELD_TYPE.TIMESTAMP: read_datetime},
    }
    if credentials.ssl_ca:
        arguments |= {"ssl_ca": str(credentials.ssl_ca), "ssl_verify_cert": True, "ssl_verify_identity": True}
    return create_engine(credentials.url, connect_args=arguments, pool_pre_ping=True)


def read_datetime(text: str) -> datetime | InvalidDatetime:
    """A DATETIME as the server writes it; what is no moment becomes InvalidDatetime (the driver passes text)."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return InvalidDatetime(text)


def _columns(entity: Entity) -> Query:
    return select(*map(column, entity.columns)).select_from(table(entity.table))


def _in_key_order(entity: Entity, after: int | None) -> Query:
    statement = _columns(entity).order_by(column(entity.key))
    return statement if after is None else statement.where(column(entity.key) > after)


def _information(view: str, wanted: str, table_name: str) -> Query:
    source = table(view, schema="information_schema")
    statement: Query = select(column(wanted)).select_from(source).where(column("table_schema") == func.database())
    return statement.where(column("table_name") == table_name)
