"""From the records of a Kinesis stream to its table: one row a key, for ever, whatever is sent or read again.

Each batch is taken so that taking it once more changes nothing, with no memory but the tables themselves: a record is
known by its place (stream, shard, sequence number), and what a key's row is follows from the key's records in the raw
table, by the same `DataCleaning` as in the batch half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lib.data_cleaning import STAGE as CLEAN_STAGE
from lib.data_cleaning import DataCleaning
from lib.entities import Entity
from lib.s3_data_loader import STAGE as PARSE_STAGE
from lib.s3_data_loader import typed_lines, unparsed
from lib.schemas import KEY, LANDED, QUARANTINE, clean_schema, raw_schema
from lib.tables import QUARANTINE as QUARANTINE_TABLE
from lib.tables import Tables, raw_stream_table, retried, stream_table

_MERGE = """
MERGE INTO {table} AS old USING {{rows}} AS new ON old.ind = new.ind AND old.ind BETWEEN {first} AND {last}
WHEN MATCHED AND NOT ({same}) THEN UPDATE SET *
WHEN NOT MATCHED THEN INSERT *
"""


def landed(frames: DataFrame) -> DataFrame:
    """The records of `format("kinesis")` as rows of `lib.schemas.LANDED`.

    `source_file` is `stream/shard/sequence number`: unique, and growing with the order of a key's records, since a
    child of a reshard has a higher number than its parents. A Kinesis record has no offset. Data that is no text is
    kept in base64, behind `base64:`.
    """
    text = F.try_validate_utf8(F.col("data").cast("string"))
    return frames.select(
        F.coalesce(text, F.concat(F.lit("base64:"), F.base64("data"))).alias("payload"),
        F.concat_ws("/", "stream", "shardId", "sequenceNumber").alias("source_file"),
        F.substring_index("shardId", "-", -1).try_cast("int").alias("source_partition"),
        F.lit(None).cast("bigint").alias("source_offset"),
        F.lit(0).cast("bigint").alias("source_line"),
        F.current_timestamp().alias("ingest_time"),
    ).select(*LANDED.fieldNames())


@dataclass(frozen=True, slots=True)
class StreamTable:
    """The tables of one entity's stream: `raw_stream_<entity>`, `stream_<entity>`, and its share of `quarantine`.

    Its rows of `quarantine` have `stream_<entity>` as `table_name`.

    Attributes:
        tables: the schema they are in.
        entity: whose records come.
    """

    tables: Tables
    entity: Entity

    def create(self) -> None:
        """Make the tables that are missing; `quarantine` is there."""
        self.tables.create(raw_stream_table(self.entity), raw_schema(self.entity))
        self.tables.create(stream_table(self.entity), clean_schema(self.entity))

    def take(self, frames: DataFrame) -> None:
        """Take a batch of records, with the columns of `format("kinesis")`: each ends in the tables or in quarantine.

        A batch of keys that never came before, each once, is appended; for any other the rows of its keys are worked
        out anew from all of their records.
        """
        lines = landed(frames)
        rows = typed_lines(self.entity, lines)
        found = self._survey(rows)
        if found.unparsed:
            self._set_aside_unparsed(lines)
        if not found.parsed:
            return
        rows, span = rows.where(self._key.isNotNull()), self._key.between(found.first, found.last)
        if found.valid == found.keys == found.parsed and not self._is_known(rows, span):
            self.tables.append(rows, raw_stream_table(self.entity))
            self.tables.append(self._cleaning.transform(rows), stream_table(self.entity))
        else:
            self._settle(rows, span, found)

    @property
    def _key(self) -> Column:
        return F.col(self.entity.key)

    @property
    def _cleaning(self) -> DataCleaning:
        return DataCleaning(self.entity)

    def _survey(self, rows: DataFrame) -> Any:
        """One row: unparsed, parsed and valid (numbers of records), keys (distinct), first, last."""
        return rows.agg(
            F.count_if(self._key.isNull()).alias("unparsed"),
            F.count(self._key).alias("parsed"),
            F.count_if(self._cleaning.is_valid()).alias("valid"),
            F.count_distinct(self._key).alias("keys"),
            F.min(self._key).alias("first"),
            F.max(self._key).alias("last"),
        ).collect()[0]

    def _is_known(self, rows: DataFrame, span: Column) -> bool:
        """Whether any key of the batch came before. Where rows come in their order nothing between its first and last
        key did, and to see that costs a look at the files' statistics."""
        earlier = self.tables.known(raw_stream_table(self.entity)).where(span).select(self.entity.key)
        if not earlier.take(1):
            return False
        return bool(earlier.join(F.broadcast(rows.select(self.entity.key)), self.entity.key, "left_semi").take(1))

    def _settle(self, rows: DataFrame, span: Column, found: Any) -> None:
        """Keep the records that are new, then work the rows of the batch's keys out from all records of them."""
        place, columns = [self.entity.key, "source_file"], raw_schema(self.entity).fieldNames()
        there = self.tables.known(raw_stream_table(self.entity)).where(span).select(*place)
        self.tables.append(rows.join(there, place, "left_anti").select(*columns), raw_stream_table(self.entity))
        keys = F.broadcast(rows.select(self.entity.key).distinct())
        raw = self.tables.known(raw_stream_table(self.entity)).where(span)
        records = self._held(raw.join(keys, self.entity.key, "left_semi").select(*columns))
        self._replace_rejected(records, found)
        self._merge(self._cleaning.clean(records), found)

    def _held(self, rows: DataFrame) -> DataFrame:
        """The same rows, read once for all that is asked of them; no more than the records of a batch's keys."""
        return self.tables.spark.createDataFrame(rows.toArrow(), rows.schema)

    def _replace_rejected(self, records: DataFrame, found: Any) -> None:
        """Let `quarantine` hold what the cleaning rejects of these keys' records, and nothing else of them."""
        rejected = self._held(self._marked(self._cleaning.rejected(records)))
        own = self._own(CLEAN_STAGE) & F.col(KEY).between(found.first, found.last)
        keys = F.broadcast(records.select(self._key.alias(KEY)).distinct())
        before = self.tables.known(QUARANTINE_TABLE).where(own).join(keys, KEY, "left_semi")
        changed = {key for key, _ in _places(rejected) ^ _places(before)}
        if changed:
            theirs = F.col(KEY).isin(changed)
            self.tables.replace_where(rejected.where(theirs), QUARANTINE_TABLE, own & theirs)

    def _merge(self, clean: DataFrame, found: Any) -> None:
        """Bring rows into the table; only files that may hold their keys are looked at."""
        same = " AND ".join(f"old.`{name}` <=> new.`{name}`" for name in clean_schema(self.entity).fieldNames())
        table = self.tables.name(stream_table(self.entity))
        statement = _MERGE.format(table=table, first=found.first, last=found.last, same=same)

        def merge() -> None:
            self.tables.spark.sql(statement, rows=clean)

        retried(merge)

    def _set_aside_unparsed(self, lines: DataFrame) -> None:
        """Append the records that cannot be parsed to `quarantine`, except those that are there."""
        faulty = self._marked(unparsed(self.entity, lines))
        there = self.tables.known(QUARANTINE_TABLE).where(self._own(PARSE_STAGE)).select("source_file")
        fresh = faulty.join(there, "source_file", "left_anti").select(*QUARANTINE.fieldNames())
        self.tables.append(fresh, QUARANTINE_TABLE)

    def _own(self, stage: str) -> Column:
        return (F.col("table_name") == stream_table(self.entity)) & (F.col("stage") == stage)

    def _marked(self, rejected: DataFrame) -> DataFrame:
        return rejected.withColumn("table_name", F.lit(stream_table(self.entity)))


def _places(rows: DataFrame) -> set[tuple[int, str]]:
    """Key and place of each row."""
    return {(row[KEY], row.source_file) for row in rows.select(KEY, "source_file").collect()}
