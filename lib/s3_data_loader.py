"""From the objects of the bucket to the raw tables: every object once, every line accounted for."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, DataFrameReader
from pyspark.sql import functions as F

from lib.entities import ENTITIES, Entity
from lib.errors import CourseError
from lib.json_values import fault, texts, typed
from lib.schemas import KEY, LANDED, QUARANTINE, raw_schema, source_schema
from lib.tables import QUARANTINE as QUARANTINE_TABLE
from lib.tables import Tables, raw_table, united

STAGE = "parse"
_OBJECT = "_object"
_ROW_IN_TASK = 2**33 - 1


class LandingZoneError(CourseError):
    """The folder with the landed objects cannot be listed."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load found of one entity: `objects` landed so far, `new_objects` of them not loaded yet; of the lines of
    these, `new_rows` went to the raw table and `unparsed` to `quarantine`."""

    objects: int
    new_objects: int
    new_rows: int
    unparsed: int


def lines(objects: DataFrame) -> DataFrame:
    """The lines of text files with where they stand: the columns of `lib.schemas.LANDED`.

    `source_line` is no line number, it only grows with the line's position within its object, whatever number of tasks
    reads the object or of objects a task reads: the MiB in which the reader's split of the object begins (Spark splits
    nothing below 1 MiB unless told to), then the row's number within the task, which `monotonically_increasing_id`
    keeps in its lower 33 bits. So no shuffle is needed to number a large object's lines.
    """
    file = F.col("source_file")
    row_in_task = F.monotonically_increasing_id().bitwiseAND(_ROW_IN_TASK)
    split = F.shiftleft(F.shiftright(F.col("_metadata.file_block_start"), 20), 33)
    return (
        objects.select(
            F.col("value").alias("payload"),
            F.col("_metadata.file_path").alias("source_file"),
            split.bitwiseOR(row_in_task).alias("source_line"),
        )
        .withColumn("source_partition", _between(file, "/partition=", "/").try_cast("int"))
        .withColumn("source_offset", _between(file, "+", ".").try_cast("bigint"))
        .withColumn("ingest_time", F.current_timestamp())
        .select(*LANDED.fieldNames())
    )


def _between(text: Column, last: str, first: str) -> Column:
    """What stands after the `last` such mark and before the `first` of the other after it; no number if none does."""
    return F.substring_index(F.substring_index(text, last, -1), first, 1)


def typed_lines(entity: Entity, landed: DataFrame) -> DataFrame:
    """`landed` with the columns of the entity's database table before its own: the schema of `raw_<entity>`.

    A value that a line does not hold exactly is NULL; a line whose key is NULL belongs into `quarantine`.
    """
    return _read(entity, landed).select(*entity.columns, *LANDED.fieldNames())


def unparsed(entity: Entity, landed: DataFrame) -> DataFrame:
    """The lines of `landed` that are no JSON object with a whole number as key, as rows of `quarantine`."""
    key = source_schema(entity)[entity.key]
    keyless = fault(F.col("payload"), key.name, key.dataType)
    columns = {
        "table_name": F.lit(entity.name),
        "stage": F.lit(STAGE),
        KEY: F.col(entity.key),
        "reason": F.when(F.col(_OBJECT).isNull(), "not a JSON object").otherwise(keyless),
    }
    set_aside = _read(entity, landed).where(F.col(entity.key).isNull())
    return set_aside.withColumns(columns).select(*QUARANTINE.fieldNames())


def _read(entity: Entity, landed: DataFrame) -> DataFrame:
    """`landed` with its object's fields as texts (NULL if the line is not one object) and the typed columns."""
    schema, payload = source_schema(entity), F.col("payload")
    objects = landed.withColumn(_OBJECT, texts(payload, schema))
    one = objects.withColumn(_OBJECT, F.when(F.size(_OBJECT) == 1, F.get(_OBJECT, F.lit(0))))
    columns = {f.name: typed(F.col(_OBJECT)[f.name], f.dataType, f.name, payload) for f in schema.fields}
    return one.withColumns(columns)


def _line_counts(entity: Entity, landed: DataFrame) -> DataFrame:
    has_key = F.col(entity.key).isNotNull()
    return typed_lines(entity, landed).agg(
        F.lit(entity.name).alias("entity"),
        F.count_if(has_key).alias("parsed"),
        F.count_if(~has_key).alias("unparsed"),
    )


def _one_slash(uri: str) -> str:
    """`inputFiles` writes file:///a, the metadata column, and so the ledger, file:/a; dbfs: is the same, and s3a://,
    which names a bucket, is not touched."""
    return re.sub("^([a-z]+):///", r"\1:/", uri)


@dataclass(frozen=True, slots=True)
class S3DataLoader:
    """Loads the objects of all partitions of the three topics into `raw_pin`, `raw_geo` and `raw_user`.

    Objects never change once written, so the raw tables themselves are the ledger: an object is loaded if a row of it
    is there. Lines that cannot be parsed are written to `quarantine` first; the append to the raw table commits the
    object. A run that dies between the two is repaired by the next.

    Attributes:
        tables: where the raw tables and `quarantine` are.
        raw_path: the folder above the topics' folders, as Spark writes it: `s3a://bucket/topics`, a Unity Catalog
            volume `/Volumes/...`, or a legacy mount `/mnt/...`.
        user_id: the id in the topics' names; an entity's objects lie under `raw_path/USER_ID.<entity>/partition=*/`.
    """

    tables: Tables
    raw_path: str
    user_id: str

    def load(self) -> dict[str, Loaded]:
        """Load what is not loaded yet; afterwards the raw tables and `quarantine` exist.

        Returns:
            Per entity name how many objects there are, and how many of them are new; 0 if nothing has landed (yet).

        Raises:
            LandingZoneError: `raw_path` cannot be listed.
        """
        loaded = self._loaded_objects(self.tables.prepare())
        landed = {entity.name: self._landed_objects(entity) for entity in ENTITIES}
        new = {name: sorted(objects - loaded[name]) for name, objects in landed.items()}
        found = self._set_aside(new)
        with ThreadPoolExecutor(len(ENTITIES)) as pool:
            list(
                pool.map(
                    lambda e: self._append(e, new[e.name], found.get(e.name, (0, 0)), len(loaded[e.name])), ENTITIES
                )
            )
        return {name: Loaded(len(landed[name]), len(new[name]), *found.get(name, (0, 0))) for name in landed}

    def _loaded_objects(self, existing: set[str]) -> dict[str, set[str]]:
        """The ledger: per entity the objects that the raw table has rows of."""
        loaded: dict[str, set[str]] = {entity.name: set() for entity in ENTITIES}
        ledgers = [
            self.tables.known(raw_table(entity)).select(F.lit(entity.name).alias("entity"), "source_file").distinct()
            for entity in ENTITIES
            if raw_table(entity) in existing
        ]
        for row in united(ledgers).collect() if ledgers else []:
            loaded[row.entity].add(row.source_file)
        return loaded

    def _reader(self) -> DataFrameReader:
        return self.tables.spark.read.option("recursiveFileLookup", True).option("lineSep", "\n")

    def _folder(self, entity: Entity) -> str:
        return f"{self.raw_path.rstrip('/')}/{entity.topic(self.user_id)}"

    def _landed_objects(self, entity: Entity) -> set[str]:
        try:
            listed = self._reader().text(self._folder(entity)).inputFiles()
        except PySparkException as error:
            if error.getCondition() == "PATH_NOT_FOUND":
                return set()
            raise LandingZoneError(
                f"{self._folder(entity)} cannot be listed: {str(error).splitlines()[0]} "
                "Is the path right, and does the storage answer? In the sandbox: `sandbox status`."
            ) from error
        return {_one_slash(uri) for uri in listed}

    def _lines(self, entity: Entity, objects: list[str]) -> DataFrame:
        """The lines of exactly these objects: Spark lists the folder again, so what landed since must stay out."""
        folder = self._reader().text(self._folder(entity))
        return lines(folder.where(F.col("_metadata.file_path").isin(objects)))

    def _set_aside(self, new: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
        """Bring the unparsed lines of new objects into `quarantine`; per entity the numbers of parsed and of other
        lines."""
        lines_of = {entity: self._lines(entity, new[entity.name]) for entity in ENTITIES if new[entity.name]}
        if not lines_of:
            return {}
        counts = united([_line_counts(*part) for part in lines_of.items()]).collect()
        faulty = [unparsed(*part) for part, row in zip(lines_of.items(), counts, strict=True) if row.unparsed]
        if faulty:
            self._quarantine(united(faulty))
        return {row.entity: (row.parsed, row.unparsed) for row in counts}

    def _quarantine(self, rows: DataFrame) -> None:
        """Append `rows`, except of objects whose lines a run that died later on has brought there already."""
        earlier = self.tables.known(QUARANTINE_TABLE).where(F.col("stage") == STAGE).select("source_file").distinct()
        fresh = rows.join(earlier, "source_file", "left_anti")
        self.tables.append(fresh.select(*QUARANTINE.fieldNames()), QUARANTINE_TABLE)

    def _append(self, entity: Entity, objects: list[str], counts: tuple[int, int], version: int) -> None:
        """Commit the objects. Without a parsed line nothing is committed: an empty commit would use up the version
        that belongs to the next rows, and these would be taken for a repetition."""
        parsed_lines, unparsed_lines = counts
        if not parsed_lines:
            self.tables.create(raw_table(entity), raw_schema(entity))
            return
        rows = typed_lines(entity, self._lines(entity, objects))
        # Only where it is needed: Spark tests it before the parsing, and parses each line a few times more for it.
        parsed = rows.where(F.col(entity.key).isNotNull()) if unparsed_lines else rows
        self.tables.append_once(parsed, raw_table(entity), version)
