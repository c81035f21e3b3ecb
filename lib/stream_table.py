"""From the records of a Kinesis stream to its table: one row a key, for ever, whatever is sent or read again.

Each batch is taken so that taking it once more changes nothing, with no memory but the tables themselves: a record is
known by its place (stream, shard, sequence number), and what a key's row is follows from the key's records in the raw
table, by the same `DataCleaning` as in the batch half.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from lib.data_cleaning import STAGE as CLEAN_STAGE
from lib.data_cleaning import DataCleaning
from lib.entities import Entity
from lib.key_search import spans, with_keys
from lib.s3_data_loader import STAGE as PARSE_STAGE
from lib.s3_data_loader import unparsed
from lib.schemas import KEY, LANDED, QUARANTINE, clean_schema, raw_schema
from lib.stream_batch import VALID, StreamBatch, look_at
from lib.tables import QUARANTINE as QUARANTINE_TABLE
from lib.tables import Tables, raw_stream_table, retried, stream_table, united

_MERGE = """
MERGE INTO {table} AS old USING {{rows}} AS new ON old.ind = new.ind AND ({ranges}) WHEN MATCHED THEN UPDATE SET *
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

        The rows of keys that never came before, each once, are appended; those of all others are worked out anew from
        all records of their keys.
        """
        batch = look_at(self.entity, landed(frames))
        if batch.unparsed:
            self._set_aside_unparsed(batch.rows.select(*LANDED.fieldNames()))
        if not batch.places:
            return
        earlier = self._earlier(batch)
        self._keep(batch, batch.places.keys() & earlier.keys())
        doubtful = batch.doubtful | set(earlier.values())
        fresh = self._cleaning.transform(batch.left(batch.places_of(doubtful)))
        new = [fresh] if doubtful < batch.keys else []
        new += self._settle(doubtful) if doubtful else []
        if new:
            self.tables.append(united(new), stream_table(self.entity))

    @property
    def _cleaning(self) -> DataCleaning:
        return DataCleaning(self.entity)

    @property
    def _raw(self) -> DataFrame:
        return self.tables.known(raw_stream_table(self.entity))

    def _earlier(self, batch: StreamBatch) -> dict[str, int]:
        """The key of each record in the raw table that has a key of the batch, by its place. Where rows come in their
        order there is none, and to see that costs a look at the files' statistics."""
        found = with_keys(self._raw, self.entity.key, batch.keys).select("source_file", self.entity.key).toArrow()
        return dict(zip(found["source_file"].to_pylist(), found[self.entity.key].to_pylist(), strict=True))

    def _keep(self, batch: StreamBatch, there: Collection[str]) -> None:
        """Add the parsed records to the raw table, except those that are there, by their places."""
        if len(there) < len(batch.places):
            self.tables.append(batch.left(there), raw_stream_table(self.entity))

    def _settle(self, keys: Collection[int]) -> list[DataFrame]:
        """See to it that the table's rows are what all records of their keys say; give those that are to be added."""
        marked = self._raw.withColumn(VALID, self._cleaning.is_valid())
        records = with_keys(marked, self.entity.key, keys).toArrow().to_pylist()
        table = self.tables.known(stream_table(self.entity))
        before = {row[KEY]: row for row in with_keys(table, KEY, keys).toArrow().to_pylist()}
        contested = _contested(self.entity, records)
        agreed = {row[self.entity.key]: row for row in records}.items()
        missing = [row for key, row in agreed if key not in contested and key not in before]
        added = [self._cleaning.transform(self._held(missing, raw_schema(self.entity)))] if missing else []
        return added + (self._decide(contested, records, before) if contested else [])

    def _decide(
        self, keys: set[int], records: list[dict[str, Any]], before: Mapping[int, dict[str, Any]]
    ) -> list[DataFrame]:
        """Settle keys of which there is more than one version, or one that is not valid."""
        raw = self._held([row for row in records if row[self.entity.key] in keys], raw_schema(self.entity))
        self._replace_rejected(raw, keys)
        rows = self._cleaning.clean(raw).toArrow().to_pylist()
        changed = [row for row in rows if before.get(row[KEY], row) != row]
        if changed:
            self._merge(changed)
        missing = [row for row in rows if row[KEY] not in before]
        return [self._held(missing, clean_schema(self.entity))] if missing else []

    def _held(self, rows: list[dict[str, Any]], schema: StructType) -> DataFrame:
        """Rows at hand as a DataFrame of the schema's columns."""
        return self.tables.spark.createDataFrame([tuple(row[n] for n in schema.fieldNames()) for row in rows], schema)

    def _replace_rejected(self, records: DataFrame, keys: Collection[int]) -> None:
        """Let `quarantine` hold what the cleaning rejects of these keys' records, and nothing else of them."""
        rejected = self._marked(self._cleaning.rejected(records))
        own = self._own(CLEAN_STAGE)
        before = with_keys(self.tables.known(QUARANTINE_TABLE).where(own), KEY, keys)
        changed = {key for key, _ in _places(rejected) ^ _places(before)}
        if changed:
            theirs = F.col(KEY).isin(*changed)
            self.tables.replace_where(rejected.where(theirs), QUARANTINE_TABLE, own & theirs)

    def _merge(self, changed: list[dict[str, Any]]) -> None:
        """Replace rows of the table."""
        ranges = " OR ".join(f"old.ind BETWEEN {a} AND {b}" for a, b in spans([row[KEY] for row in changed]))
        statement = _MERGE.format(table=self.tables.name(stream_table(self.entity)), ranges=ranges)
        rows = self._held(changed, clean_schema(self.entity))

        def merge() -> None:
            self.tables.spark.sql(statement, rows=rows)

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


def _contested(entity: Entity, records: list[dict[str, Any]]) -> set[int]:
    """The keys that have more than one version, or one that is not valid."""
    versions: dict[int, set[tuple[Any, ...]]] = {}
    for row in records:
        versions.setdefault(row[entity.key], set()).add(tuple(row[column] for column in entity.columns))
    faulty = {row[entity.key] for row in records if not row[VALID]}
    return faulty | {key for key, told in versions.items() if len(told) > 1}
