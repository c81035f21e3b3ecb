"""The three source tables, read from MariaDB or MySQL into Arrow."""

import pyarrow as pa
from sqlalchemy import DateTime, Double, Engine, Integer, Text, column, select, table
from sqlalchemy.types import TypeEngine

from sandbox.oracle import DATABASE_TABLES, source_columns

SQL_TYPES: dict[str, type[TypeEngine]] = {
    "INTEGER": Integer,
    "VARCHAR": Text,
    "DOUBLE": Double,
    "TIMESTAMP": DateTime,
}
ARROW_TYPES = {
    "INTEGER": pa.int32(),
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "TIMESTAMP": pa.timestamp("us"),
}


def arrow_schema(name: str) -> pa.Schema:
    """The Arrow schema of a source table (`pinterest_data`, ...), datetimes naive in UTC."""
    types = source_columns(name)
    return pa.schema([(column_name, ARROW_TYPES[kind]) for column_name, kind in types.items()])


def arrow_rows(name: str, rows: list[tuple[object, ...]]) -> pa.Table:
    """Rows in the column order of the source table `name`, as an Arrow table of its schema."""
    schema = arrow_schema(name)
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)], schema=schema)


def read_database(engine: Engine) -> dict[str, pa.Table]:
    """All rows of the three source tables, keyed by the database's table names; datetimes are taken as UTC."""
    return {name: _read(engine, name) for name in DATABASE_TABLES.values()}


def _read(engine: Engine, name: str) -> pa.Table:
    kinds = source_columns(name)
    source = table(name, *(column(column_name, SQL_TYPES[kind]()) for column_name, kind in kinds.items()))
    with engine.connect() as connection:
        rows = connection.execute(select(source)).all()
    return arrow_rows(name, [tuple(row) for row in rows])
