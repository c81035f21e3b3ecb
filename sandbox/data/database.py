"""The source database: filled anew beside the old data, and swapped in by one RENAME TABLE.

A reader sees the old data or the new, never half of one. A refill that is killed leaves the old data in place and
tables named `..._new` behind, which the next one drops.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from sandbox.data.dials import Dials
from sandbox.data.errors import DataBusyError, DataLoadError
from sandbox.data.feed import feed
from sandbox.data.limits import check_rows, check_seed
from sandbox.data.schema import ENTITIES
from sandbox.data.tables import generate
from sandbox.data.wire import sql_values, text_bytes

FEED, DATASET = "feed", "dataset"
TABLES = (*(entity.table for entity in ENTITIES), FEED, DATASET)
FRESH, STALE = "_new", "_old"
STATEMENT_BYTES = 1_000_000
COLUMNS = {
    **{
        entity.table: ", ".join(f"`{name}` {sql}" for name, (_, sql) in entity.columns)
        + f", PRIMARY KEY (`{entity.key}`)"
        for entity in ENTITIES
    },
    FEED: "`position` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `table_name` VARCHAR(32) NOT NULL, "
    "`payload` LONGTEXT NOT NULL, KEY (`table_name`, `position`)",
    DATASET: "`seed` BIGINT NOT NULL, `rows` INT NOT NULL, `dials` LONGTEXT NOT NULL",
}
Progress = Callable[[int], None]


@dataclass(frozen=True)
class StoredDataset:
    """What a database was filled with."""

    rows: int
    seed: int
    dials: Dials


def load_database(engine: Engine, rows: int, seed: int, dials: Dials, progress: Progress | None = None) -> None:
    """Fill the three tables anew, `feed` if a dial asks for it, and the one-row table `dataset`.

    Args:
        engine: of the database, with the right to create, rename and drop tables.
        progress: is told the rows of each table loaded so far, then the rows of the feed counted on from there.

    Raises:
        InvalidRowsError, InvalidSeedError: an argument is out of range; nothing was changed.
        DataBusyError: another refill of this database is at work.
        DataLoadError: the database refused a step; the old data is still in place.
    """
    check_rows(rows)
    check_seed(seed)
    with refusals_named(), engine.connect() as connection:
        lock(connection)
        sweep(connection)
        for name in wanted(dials):
            connection.execute(text(f"CREATE TABLE `{name}{FRESH}` ({COLUMNS[name]}) ENGINE=InnoDB CHARSET=utf8mb4"))
        fill_tables(connection, rows, seed, dials, progress or ignore)
        describe(connection, StoredDataset(rows, seed, dials))
        swap(connection, wanted(dials))
        sweep(connection)


def stored_dataset(engine: Engine) -> StoredDataset | None:
    """Read what the database was filled with; None if it holds no data of the generator."""
    if not inspect(engine).has_table(DATASET):
        return None
    with engine.connect() as connection:
        row = connection.execute(text(f"SELECT `rows`, `seed`, `dials` FROM `{DATASET}`")).one_or_none()  # noqa: S608
    return StoredDataset(row[0], row[1], Dials.from_json(row[2])) if row else None


def wanted(dials: Dials) -> tuple[str, ...]:
    """Name the tables of a database with these dials."""
    return tuple(name for name in TABLES if name != FEED or dials.feeds)


def ignore(rows: int) -> None:
    """Take progress and do nothing with it."""


@contextmanager
def refusals_named() -> Iterator[None]:
    """Turn the database's refusals into DataLoadError."""
    try:
        yield
    except DBAPIError as refusal:
        reason = refusal.orig.args[-1] if refusal.orig and refusal.orig.args else refusal
        raise DataLoadError(
            f"The database refused the refill: {reason}.", "The old data is in place. See: sandbox doctor"
        ) from refusal


def lock(connection: Connection) -> None:
    """Keep other refills of this database out until the connection is closed, or dies."""
    connection.detach()
    if not connection.execute(text("SELECT GET_LOCK(CONCAT('sandbox data ', DATABASE()), 0)")).scalar_one():
        raise DataBusyError(
            "Another process is filling this database.", "Wait until it is done, then repeat: sandbox data"
        )


def sweep(connection: Connection) -> None:
    """Drop what an earlier refill left behind, unfinished or outdated."""
    names = ", ".join(f"`{name}{ending}`" for name in TABLES for ending in (FRESH, STALE))
    connection.execute(text(f"DROP TABLE IF EXISTS {names}"))


def fill_tables(connection: Connection, rows: int, seed: int, dials: Dials, progress: Progress) -> None:
    """Load the rows of the three tables, then the feed."""
    for chunk in generate(rows, seed, decimals=dials.decimals, chunk_rows=16_384):
        for entity, table in chunk.tables():
            insert(connection, entity.table, table)
        connection.commit()
        progress(chunk.first_row + chunk.pin.num_rows)
    for piece in feed(rows, seed, dials) if dials.feeds else ():
        insert(connection, FEED, piece)
        connection.commit()
        progress(rows + piece["position"][-1].as_py())


def insert(connection: Connection, name: str, table: pa.Table) -> None:
    """Insert rows, as many to a statement as fit into a megabyte or so."""
    values = sql_values(table, ending=",")
    rows_each = max(1, STATEMENT_BYTES * len(values) // max(1, values.nbytes))
    for start in range(0, len(values), rows_each):
        part = text_bytes(values, start, min(start + rows_each, len(values)))
        send(connection, f"INSERT INTO `{name}{FRESH}` VALUES ".encode() + part[:-1])  # noqa: S608


def send(connection: Connection, statement: bytes) -> None:
    """Send a statement as it stands: its texts hold percent signs and colons that are no parameters."""
    connection.exec_driver_sql(statement.decode(), execution_options={"no_parameters": True})


def describe(connection: Connection, stored: StoredDataset) -> None:
    """Write down what the tables hold."""
    statement = text(f"INSERT INTO `{DATASET}{FRESH}` VALUES (:seed, :rows, :dials)")  # noqa: S608
    connection.execute(statement, {"seed": stored.seed, "rows": stored.rows, "dials": stored.dials.to_json()})
    connection.commit()


def swap(connection: Connection, names: tuple[str, ...]) -> None:
    """Put the fresh tables in the place of the old ones, and an old feed that is not wanted out of the way."""
    present = set(inspect(connection).get_table_names()) & set(TABLES)
    away = [f"`{name}` TO `{name}{STALE}`" for name in TABLES if name in present]
    here = [f"`{name}{FRESH}` TO `{name}`" for name in names]
    connection.execute(text(f"RENAME TABLE {', '.join(away + here)}"))
