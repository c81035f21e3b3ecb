"""The jobs of the course's ETL, one call of a job notebook each: load, clean, answer. All are safe to repeat.

Each returns a small DataFrame of counts for `display`; the rows are in the tables that `lib.tables` names.
"""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, fields

from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from lib.data_cleaning import CONFLICT, DataCleaning
from lib.data_cleaning import STAGE as CLEAN_STAGE
from lib.entities import ENTITIES, entity_named
from lib.notebook import Parameters, prepare
from lib.quality import CleanedRows, require_few_quarantined, require_sum
from lib.queries import QUESTIONS
from lib.s3_data_loader import STAGE as PARSE_STAGE
from lib.s3_data_loader import Loaded, S3DataLoader
from lib.tables import QUARANTINE, Tables, answer_table, clean_table, raw_table

# An answer is mostly work for the driver; on its two cores more at once only compete.
_ANSWERS_AT_ONCE = 3


class NothingLandedWarning(UserWarning):
    """The landing folder of an entity holds no object (yet)."""


def load_data(spark: SparkSession, parameters: Parameters) -> DataFrame:
    """Load every object that is not loaded yet into the raw tables.

    Returns:
        One row an entity: entity, objects (landed so far), new_objects, new_rows, unparsed (by this run).

    Raises:
        SettingsError: `raw_path` or `user_id` is empty.
        LandingZoneError: `raw_path` cannot be listed.
    """
    parameters.require("raw_path", "user_id")
    tables = _tables(spark, parameters)
    loaded = S3DataLoader(tables, parameters.raw_path, parameters.user_id).load()
    _warn_of_empty_folders(loaded, parameters)
    rows = [(entity, *astuple(counts)) for entity, counts in loaded.items()]
    columns = [f"{field.name} bigint" for field in fields(Loaded)]
    return spark.createDataFrame(rows, ", ".join(["entity string", *columns]))


def clean(spark: SparkSession, entity: str, parameters: Parameters) -> DataFrame:
    """Rebuild the clean table `entity` (`pin`, `geo` or `user`), and its share of `quarantine`, from its raw table.

    Rejected rows are written first, so that at no moment a row is in neither table. What was written is counted again.

    Returns:
        One row: entity, raw, clean, duplicates, conflicts, invalid (rows); raw is the sum of the other four.

    Raises:
        SettingsError: `max_quarantine_share` is no share.
        TableMissingError: load_data has not run yet.
        QualityGateError: the tables do not add up, or more rows are in `quarantine` than `max_quarantine_share` allows.
    """
    limit = parameters.quarantine_limit
    tables, cleaning = _tables(spark, parameters), DataCleaning(entity_named(entity))
    raw = tables.read(raw_table(cleaning.entity))
    own = (F.col("table_name") == entity) & (F.col("stage") == CLEAN_STAGE)
    earlier = tables.read(QUARANTINE).where(own).agg(F.count("*").alias("earlier"))
    counts = cleaning.counts(raw).crossJoin(earlier).collect()[0]
    rejected = {"conflicts": 0, "invalid": 0}
    # Most runs reject nothing: to know that costs less than a commit that changes nothing.
    if counts.raw > counts.clean or counts.earlier:
        rejected = _replace_rejected(tables, cleaning.rejected(raw), own)
    tables.overwrite(cleaning.clean(raw), clean_table(cleaning.entity))
    duplicates = counts.raw - counts.clean - sum(rejected.values())
    rows = CleanedRows(entity, counts.raw, counts.clean, duplicates, rejected["conflicts"], rejected["invalid"])
    _pass_gate(tables, rows, limit)
    columns = [f"{field.name} bigint" for field in fields(CleanedRows)[1:]]
    return spark.createDataFrame([astuple(rows)], ", ".join(["entity string", *columns]))


def _pass_gate(tables: Tables, rows: CleanedRows, limit: float) -> None:
    """Count what the tables hold, and raise QualityGateError where that is not as it should be."""
    stage, own = F.col("stage"), F.col("table_name") == rows.entity
    numbers = [F.count_if(stage == name).alias(name) for name in (CLEAN_STAGE, PARSE_STAGE)]
    set_aside = tables.known(QUARANTINE).where(own).agg(*numbers)
    clean_rows = tables.known(clean_table(entity_named(rows.entity))).agg(F.count("*").alias("rows"))
    found = clean_rows.crossJoin(set_aside).collect()[0]
    require_sum(rows, found["rows"], found[CLEAN_STAGE])
    require_few_quarantined(rows, found[PARSE_STAGE], limit)


def _replace_rejected(tables: Tables, rejected: DataFrame, own: Column) -> dict[str, int]:
    """Replace what earlier runs have set aside; the numbers of conflicts and of invalid rows, counted on the way."""
    is_conflict, seen = F.col("reason") == CONFLICT, Observation()
    numbers = [F.count_if(is_conflict).alias("conflicts"), F.count_if(~is_conflict).alias("invalid")]
    tables.replace_where(rejected.observe(seen, *numbers), QUARANTINE, own)
    return seen.get


def query_data(spark: SparkSession, parameters: Parameters) -> DataFrame:
    """Write the answers of all questions from the clean tables.

    Returns:
        One row a question: question, table, answer_rows.

    Raises:
        TableMissingError: one of the clean jobs has not run yet.
    """
    tables = _tables(spark, parameters)
    pin, geo, user = (tables.read(clean_table(entity)) for entity in ENTITIES)
    with ThreadPoolExecutor(_ANSWERS_AT_ONCE) as pool:
        counts = pool.map(lambda q: _answer(tables, q, pin, geo, user), QUESTIONS)
        rows = [(q, answer_table(q), count) for q, count in zip(QUESTIONS, counts, strict=True)]
    return spark.createDataFrame(rows, "question string, table string, answer_rows bigint")


def _answer(tables: Tables, question: str, *clean_tables: DataFrame) -> int:
    """Write one answer; its number of rows. An answer is small: written from here it is one file in its order."""
    answer = QUESTIONS[question](*clean_tables)
    rows = answer.collect()
    tables.overwrite(tables.spark.createDataFrame(rows, answer.schema).coalesce(1), answer_table(question))
    return len(rows)


def _tables(spark: SparkSession, parameters: Parameters) -> Tables:
    prepare(spark)
    return Tables(spark, parameters.catalog, parameters.schema)


def _warn_of_empty_folders(loaded: dict[str, Loaded], parameters: Parameters) -> None:
    empty = [entity for entity, counts in loaded.items() if not counts.objects]
    if empty:
        warnings.warn(
            f"Nothing has landed under {parameters.raw_path} for {', '.join(empty)} of {parameters.user_id}. "
            "Post rows with `streaming-batch`; objects appear when the sink has filled one or its interval is over.",
            NothingLandedWarning,
            stacklevel=3,
        )
