"""Clean tables and answers in DuckDB SQL over the rows as the source database holds them."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa

SQL = Path(__file__).parent
DATABASE_TABLES = {"pin": "pinterest_data", "geo": "geolocation_data", "user": "user_data"}
KEY_COLUMNS = {"pin": "index", "geo": "ind", "user": "ind"}
ANSWERS = ("1", "2a", "2b", "3a", "3b", "4", "5", "6", "7", "8")
# Beside the eight questions: what the notebooks ask about posts, persons and names.
EXTRAS = ("0_5", "5_per_post", "5_single_post", "shared_names")


def connect(file: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An empty DuckDB in UTC that knows the source tables (empty) and the cleaning rules; in memory without `file`."""
    connection = duckdb.connect(file or ":memory:")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(sql("tables"))
    connection.execute(sql("rules"))
    return connection


@cache
def source_columns(table: str) -> Mapping[str, str]:
    """Column names of a source table in their order, each with DuckDB's name of its type."""
    rows = connect().execute(f'describe "{table}"').fetchall()
    return MappingProxyType({row[0]: row[1] for row in rows})


def fill(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """Insert by column name; a missing column is DuckDB's error, never a null."""
    columns = ", ".join(f'"{name}"' for name in source_columns(table))
    connection.register("given_rows", rows)
    connection.execute(f'insert into "{table}" ({columns}) select {columns} from given_rows')  # noqa: S608
    connection.unregister("given_rows")


def clean_tables(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The clean `pin`, `geo`, `user` tables (parts.md, part 4), sorted by `ind`, timestamps naive in UTC.

    `tables` are keyed by the database's names (`pinterest_data`, ...), with its columns and one row a key at most;
    rows that belong to quarantine (a missing value, unreadable followers) are left out.
    """
    connection = connect()
    for table in DATABASE_TABLES.values():
        fill(connection, table, tables[table])
    return {entity: connection.sql(sql(f"clean_{entity}")).to_arrow_table() for entity in DATABASE_TABLES}


def sql(name: str) -> str:
    """The statements of one of the files beside this one."""
    return (SQL / f"{name}.sql").read_text()


def answers(tables: Mapping[str, pa.Table]) -> dict[str, list[dict[str, Any]]]:
    """The ten answers (`1`, `2a`, ... `8`) to questions.md, from the rows as the database holds them.

    Each is a list of rows with questions.md's columns in their order, sorted by its key columns.
    """
    return answers_from_clean(clean_tables(tables))


def answers_from_clean(clean: Mapping[str, pa.Table]) -> dict[str, list[dict[str, Any]]]:
    """The ten answers from the clean `pin`, `geo` and `user` tables (columns of parts.md, part 4)."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for entity in DATABASE_TABLES:
        connection.register(entity, clean[entity])
    return {name: table.to_pylist() for name, table in ask(connection, ANSWERS).items()}


def ask(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[str, pa.Table]:
    """The answers `names`, which stand in the order in which they need each other, from the connection's `pin`, `geo`
    and `user`."""
    connection.execute(sql("names"))
    return {name: _answer(connection, name) for name in names}


def _answer(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    """One answer, kept as a table too, because 2b reads 2a and 3b reads 3a."""
    connection.execute(f"create table answer_{name} as {sql(f'answer_{name}')}")
    return connection.table(f"answer_{name}").to_arrow_table()
