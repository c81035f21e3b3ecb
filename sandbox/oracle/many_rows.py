"""The answers to more rows than memory holds: each chunk is cleaned as it comes, and what the questions ask for is kept
in a DuckDB on disk."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from sandbox.oracle.answers import ANSWERS, DATABASE_TABLES, EXTRAS, ask, connect, fill, sql

MEMORY = "1GB"
# The columns of the clean tables that some question reads.
KEPT = {
    "pin": "ind, follower_count, poster_name, category",
    "geo": "ind, country, timestamp",
    "user": "ind, user_name, age, date_joined",
}
# Answers to the source tables, which must be asked while their rows are there: each chunk's are added up.
SUMMED = {"0_4": "rows_without_tags"}


def answers_of_chunks(chunks: Iterable[Mapping[str, pa.Table]], folder: Path) -> dict[str, pa.Table]:
    """The answers to `ANSWERS`, `EXTRAS` and `SUMMED` from all rows of the source tables.

    Args:
        chunks: each holds some rows of each source table, keyed by the database's names; no key comes twice.
        folder: where DuckDB may put what it cannot hold in memory (1 GB at most); it is gone afterwards.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="oracle-") as place:
        connection = connect(Path(place) / "oracle.duckdb")
        try:
            connection.execute(f"set memory_limit = '{MEMORY}'")
            _prepare(connection)
            for chunk in chunks:
                _keep(connection, chunk)
            return ask(connection, (*ANSWERS, *EXTRAS, *SUMMED))
        finally:
            connection.close()


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    for entity in KEPT:
        connection.execute(f'create table "{entity}" as {_kept(entity)} limit 0')
    for name in SUMMED.values():
        connection.execute(f"create table {name} as {sql(name)} limit 0")


def _keep(connection: duckdb.DuckDBPyConnection, chunk: Mapping[str, pa.Table]) -> None:
    """Clean the rows of a chunk into what is kept, and forget them."""
    for entity, table in DATABASE_TABLES.items():
        fill(connection, table, chunk[table])
        connection.execute(f'insert into "{entity}" {_kept(entity)}')
    for name in SUMMED.values():
        connection.execute(f"insert into {name} {sql(name)}")
    for table in DATABASE_TABLES.values():
        connection.execute(f'truncate "{table}"')


def _kept(entity: str) -> str:
    return f"select {KEPT[entity]} from ({sql(f'clean_{entity}')})"  # noqa: S608
