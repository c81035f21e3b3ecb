"""The course's Delta tables: what they are called and how they are written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from lib.entities import Entity
from lib.errors import CourseError
from lib.schemas import QUARANTINE as QUARANTINE_SCHEMA

QUARANTINE = "quarantine"
Result = TypeVar("Result")


class TableMissingError(CourseError):
    """A table that an earlier job writes does not exist yet."""


def raw_table(entity: Entity) -> str:
    """Name of the table that keeps an entity's records as they landed."""
    return f"raw_{entity.name}"


def clean_table(entity: Entity) -> str:
    """Name of the table of an entity's cleaned rows, one a key."""
    return entity.name


def stream_table(entity: Entity) -> str:
    """Name of the table of an entity's cleaned rows that came by Kinesis, one a key."""
    return f"stream_{entity.name}"


def raw_stream_table(entity: Entity) -> str:
    """Name of the table that keeps an entity's records as they came by Kinesis."""
    return f"raw_stream_{entity.name}"


def answer_table(question: str) -> str:
    """Name of the table of one question's answer; `question` is a key of `lib.queries.QUESTIONS`."""
    return f"answer_{question}"


def united(frames: Iterable[DataFrame]) -> DataFrame:
    """All rows of frames with the same columns; at least one. (`DataFrame.union` itself, taken from the class, fails on
    databricks-connect: there only a frame knows of what kind it is.)"""
    return reduce(lambda one, other: one.union(other), frames)


def _quoted(*parts: str) -> str:
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def _is_conflict(error: PySparkException) -> bool:
    condition = error.getCondition() or ""
    return condition.startswith("DELTA_CONCURRENT") or condition == "DELTA_METADATA_CHANGED"


def retried(
    step: Callable[[], Result], is_passing: Callable[[PySparkException], bool] = _is_conflict, attempts: int = 6
) -> Result:
    """What `step` gives, which is taken again where its error is a passing one; the last error is raised.

    Only for steps of which nothing remains where they fail. By default a write is repeated before which another writer
    of the same table came: Delta refuses the whole commit.
    """
    for attempt in range(attempts - 1):
        try:
            return step()
        except PySparkException as error:
            if not is_passing(error):
                raise
            time.sleep(0.2 * 2**attempt)
    return step()


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one schema, reached through one Spark session (Spark Connect is enough).

    Attributes:
        spark: the session.
        catalog: e.g. `spark_catalog` in the sandbox, a Unity Catalog's name on Databricks.
        schema: the schema that holds all tables.
    """

    spark: SparkSession
    catalog: str
    schema: str

    def name(self, table: str) -> str:
        """The quoted three-part name of a table (`user` is a reserved word)."""
        return _quoted(self.catalog, self.schema, table)

    def prepare(self) -> set[str]:
        """Make the schema and `quarantine` if they are missing; the names of the tables there were."""
        self.create_schema()
        existing = self.existing()
        if QUARANTINE not in existing:
            self.create(QUARANTINE, QUARANTINE_SCHEMA, partitioned_by=("table_name", "stage"))
        return existing

    def has_schema(self) -> bool:
        """Whether the schema is there."""
        return self.spark.catalog.databaseExists(_quoted(self.catalog, self.schema))

    def create_schema(self) -> None:
        """Make the schema if it is not there (asked first: on Databricks a student may lack the right to create)."""
        if not self.has_schema():
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {_quoted(self.catalog, self.schema)}")

    def existing(self) -> set[str]:
        """The names of the tables that exist."""
        rows = self.spark.sql(f"SHOW TABLES IN {_quoted(self.catalog, self.schema)}").collect()
        return {row.tableName for row in rows}

    def create(self, table: str, schema: StructType, partitioned_by: tuple[str, ...] = ()) -> None:
        """Make an empty table if there is none of this name."""
        columns = ", ".join(f"{_quoted(field.name)} {field.dataType.simpleString()}" for field in schema.fields)
        partitions = f"PARTITIONED BY ({', '.join(map(_quoted, partitioned_by))})" if partitioned_by else ""
        self.spark.sql(f"CREATE TABLE IF NOT EXISTS {self.name(table)} ({columns}) USING delta {partitions}")

    def read(self, table: str) -> DataFrame:
        """The table as a DataFrame.

        Raises:
            TableMissingError: there is no such table.
        """
        if not self.spark.catalog.tableExists(self.name(table)):
            raise TableMissingError(
                f"There is no table {self.catalog}.{self.schema}.{table}. "
                "Run the job notebooks in their order: load_data, clean_pin, clean_geo, clean_user, query_data; the "
                "stream_ tables are written by write_stream_data."
            )
        return self.known(table)

    def known(self, table: str) -> DataFrame:
        """A table that is known to exist as a DataFrame."""
        return self.spark.table(self.name(table))

    def append_once(self, rows: DataFrame, table: str, version: int) -> None:
        """Append `rows`, making the table if need be; a second append with the same or a lower `version` adds nothing.

        Delta remembers the version in the table's own log, so that a run whose client was killed while the server
        went on, and the run that repeats it, cannot both append.
        """
        once = {"txnAppId": f"append.{table}", "txnVersion": str(version)}
        write = rows.write.format("delta").mode("append").options(**once)
        retried(lambda: write.saveAsTable(self.name(table)))

    def append(self, rows: DataFrame, table: str) -> None:
        """Append `rows` to a table that exists."""
        retried(lambda: rows.writeTo(self.name(table)).append())

    def overwrite(self, rows: DataFrame, table: str) -> None:
        """Replace the table's whole content by `rows`, in one commit; readers see the old rows or the new."""
        if self.spark.catalog.tableExists(self.name(table)):
            self.replace_where(rows, table, F.lit(True))
        else:
            retried(lambda: rows.write.format("delta").mode("overwrite").saveAsTable(self.name(table)))

    def replace_where(self, rows: DataFrame, table: str, condition: Column) -> None:
        """Replace the rows for which `condition` holds by `rows`, in one commit; other rows stay.

        Unlike saveAsTable this leaves the metastore alone, which is half of the time of a small write.
        """
        retried(lambda: rows.writeTo(self.name(table)).overwrite(condition))
