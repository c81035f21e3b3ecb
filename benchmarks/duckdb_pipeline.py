"""DuckDB does the pipeline's Spark work on the same landing folder: what `make bench` compares Spark with."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

ORACLE = Path(__file__).resolve().parents[1] / "sandbox" / "oracle"
SOURCES = {"pin": ("pinterest_data", "index"), "geo": ("geolocation_data", "ind"), "user": ("user_data", "ind")}
ANSWERS = ("1", "2a", "2b", "3a", "3b", "4", "5", "6", "7", "8")
RAW_ROWS = r"""
select
    unnest(json_transform(json, $structure)),
    json::varchar as payload,
    filename as source_file,
    regexp_extract(filename, '\+([0-9]+)\+[0-9]+\.json$', 1)::integer as source_partition,
    regexp_extract(filename, '\+([0-9]+)\.json$', 1)::bigint as source_offset,
    row_number() over () as source_line,
    now() as ingest_time
from read_json_objects($objects, format = 'newline_delimited', filename = true)
"""


def run(landing: Path, user_id: str) -> dict[str, float]:
    """Seconds by stage (`load`, `clean`, `answers`) for the JSON Lines under `landing/USER_ID.pin|geo|user`.

    The tables go to a database file, as Spark's go to Delta, so that both pay for writing. Raises duckdb.IOException
    where an entity has no object.
    """
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(Path(folder) / "pipeline.duckdb") as connection:
        _script(connection, "tables")
        _script(connection, "rules")
        return {
            "load": _seconds(lambda: _load(connection, landing, user_id)),
            "clean": _seconds(lambda: _clean(connection)),
            "answers": _seconds(lambda: _answer(connection)),
        }


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _sql(name: str) -> str:
    return (ORACLE / f"{name}.sql").read_text()


def _script(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute(_sql(name))


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"describe {table}").fetchall()}


def _load(connection: duckdb.DuckDBPyConnection, landing: Path, user_id: str) -> None:
    """The raw tables: typed columns, the line as landed, and the place it came from."""
    for entity, (table, _) in SOURCES.items():
        connection.execute(
            f"create table raw_{entity} as {RAW_ROWS}",
            {
                "structure": json.dumps(_columns(connection, table)),
                "objects": str(landing / f"{user_id}.{entity}" / "partition=*" / "*.json"),
            },
        )


def _clean(connection: duckdb.DuckDBPyConnection) -> None:
    """The clean tables: of each key the record that landed last, cleaned by the oracle's SQL."""
    for entity, (table, key) in SOURCES.items():
        columns = ", ".join(f'"{name}"' for name in _columns(connection, table))
        connection.execute(f"""
            insert into {table}
            select {columns} from raw_{entity}
            qualify row_number() over (
                partition by "{key}" order by source_partition desc, source_offset desc, source_line desc
            ) = 1
        """)
        connection.execute(f'create table "{entity}" as {_sql(f"clean_{entity}")}')


def _answer(connection: duckdb.DuckDBPyConnection) -> None:
    _script(connection, "names")
    for name in ANSWERS:
        connection.execute(f"create table answer_{name} as {_sql(f'answer_{name}')}")
