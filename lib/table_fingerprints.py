"""Fingerprints of tables: whether a second run has changed anything at all, told by one number a table."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lib.tables import Tables, united


def fingerprints(tables: Tables, names: Iterable[str]) -> DataFrame:
    """One row a table, by its name: table, rows, fingerprint (the sum of the hashes of all its rows).

    Two tables with the same rows have the same fingerprint, whatever the order of the rows; a row that is added, lost,
    doubled or changed makes it another one.

    Raises:
        TableMissingError: one of the tables is not there yet.
    """
    return united([_of_one(tables.read(name), name) for name in names]).orderBy("table")


def _of_one(rows: DataFrame, name: str) -> DataFrame:
    # A hash is any number of 64 bits: the sum of some thousand of them is none.
    one = F.xxhash64(*[F.col(f"`{column}`") for column in rows.columns]).cast("decimal(38,0)")
    numbers = [F.count("*").alias("rows"), F.coalesce(F.sum(one), F.lit(0)).cast("string").alias("fingerprint")]
    return rows.agg(*numbers).select(F.lit(name).alias("table"), "rows", "fingerprint")
