"""From the raw rows to the clean tables: one row a key, right types, no placeholder; the rest with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lib.entities import GEO, PIN, USER, Entity
from lib.follower_count import whole_followers
from lib.json_values import BLANKS, fault
from lib.schemas import KEY, QUARANTINE, clean_schema, source_schema

STAGE = "clean"
CONFLICT = "conflict: a later version of the same ind was kept"

PLACEHOLDERS: dict[str, tuple[str, ...]] = {
    "title": ("No Title Data Available",),
    "description": ("No description available Story format", "No description available", "Untitled", "Art."),
    "poster_name": ("User Info Error",),
    "follower_count": ("User Info Error",),
    "tag_list": ("N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e",),
    "image_src": ("Image src error.",),
}
"""What the source writes in place of a missing value, per column of `pinterest_data`; blanks around it do not count."""

_SAVED = r"^Local save in\s*"


def _is_placeholder(column: str) -> Column:
    return F.trim(F.col(column), F.lit(BLANKS)).isin(*PLACEHOLDERS[column])


def _without_placeholder(column: str) -> Column:
    return F.when(~_is_placeholder(column), F.col(column))


def _pin() -> dict[str, Column]:
    """What differs from the raw column of the same name."""
    cleaned = {column: _without_placeholder(column) for column in PLACEHOLDERS}
    return cleaned | {
        KEY: F.col(PIN.key),
        "follower_count": whole_followers(F.col("follower_count")),
        "save_location": F.regexp_replace(F.trim("save_location", F.lit(BLANKS)), _SAVED, ""),
    }


def _geo() -> dict[str, Column]:
    return {"coordinates": F.array("latitude", "longitude")}


def _user() -> dict[str, Column]:
    return {"user_name": F.concat("first_name", F.lit(" "), "last_name")}


_RULES = {PIN.name: _pin, GEO.name: _geo, USER.name: _user}


@dataclass(frozen=True, slots=True)
class DataCleaning:
    """The cleaning rules of one entity, as functions from DataFrame to DataFrame; they read and write no table.

    `raw` is always a DataFrame with the columns of `raw_<entity>` (`lib.schemas.raw_schema`). Each raw row is then
    in exactly one of four places: in `clean`, in `rejected` as invalid, in `rejected` as a conflict, or it is an
    identical repeat and in neither.

    Attributes:
        entity: whose rows are cleaned.
    """

    entity: Entity

    def clean(self, raw: DataFrame) -> DataFrame:
        """One row a key, with the columns of `lib.schemas.clean_schema`: of a key's valid rows the latest."""
        latest = Window.partitionBy(self.entity.key).orderBy(*_latest_first())
        ranked = self.valid(raw).withColumn("_rank", F.row_number().over(latest))
        return self.transform(ranked.where(F.col("_rank") == 1))

    def rejected(self, raw: DataFrame) -> DataFrame:
        """Rows of `quarantine` of stage `clean`: every invalid row, and once each version that a later one replaced."""
        return self.invalid(raw).unionByName(self.conflicts(raw))

    def valid(self, raw: DataFrame) -> DataFrame:
        """The raw rows whose columns all hold an exact value."""
        return raw.where(self.is_valid())

    def invalid(self, raw: DataFrame) -> DataFrame:
        """The other raw rows, as rows of `quarantine` that name each column at fault."""
        return self._quarantined(raw.where(~self.is_valid()), F.concat_ws("; ", *self._faults()))

    def conflicts(self, raw: DataFrame) -> DataFrame:
        """Versions of a key that are not the latest, as rows of `quarantine`; of a repeated version its last row."""
        valid, key = self.valid(raw), self.entity.key
        repeated = valid.groupBy(key).count().where("count > 1").select(key)
        version = Window.partitionBy(key, *self._others()).orderBy(*_latest_first())
        latest = Window.partitionBy(key).orderBy(*_latest_first())
        versions = (
            valid.join(repeated, key, "left_semi")
            .withColumn("_rank", F.row_number().over(version))
            .where(F.col("_rank") == 1)
            .withColumn("_rank", F.row_number().over(latest))
        )
        return self._quarantined(versions.where(F.col("_rank") > 1), F.lit(CONFLICT))

    def transform(self, rows: DataFrame) -> DataFrame:
        """Valid raw rows, one by one, with the columns of the clean table."""
        changed = _RULES[self.entity.name]()
        wanted = clean_schema(self.entity).fieldNames()
        return rows.select(*[changed.get(name, F.col(name)).alias(name) for name in wanted])

    def counts(self, raw: DataFrame) -> DataFrame:
        """One row: raw (rows) and clean (rows that `clean` will have). Equal numbers mean that nothing is rejected."""
        valid_key = F.when(self.is_valid(), F.col(self.entity.key))
        return raw.agg(F.count("*").alias("raw"), F.count_distinct(valid_key).alias("clean"))

    def is_valid(self) -> Column:
        """Whether every column of a raw row holds an exact value."""
        present = [F.col(f"`{column}`").isNotNull() for column in self.entity.columns]
        return reduce(and_, present) & ~self._is_unreadable_count()

    def _others(self) -> list[str]:
        return [column for column in self.entity.columns if column != self.entity.key]

    def _is_unreadable_count(self) -> Column:
        """Whether a pin's follower_count is neither its placeholder nor a whole number; false for other entities."""
        if self.entity != PIN:
            return F.lit(False)
        return ~_is_placeholder("follower_count") & whole_followers(F.col("follower_count")).isNull()

    def _faults(self) -> list[Column]:
        payload = F.col("payload")
        absent = [
            F.when(F.col(f"`{field.name}`").isNull(), fault(payload, field.name, field.dataType))
            for field in source_schema(self.entity).fields
        ]
        if self.entity != PIN:
            return absent
        unreadable = F.concat(F.lit("follower_count: no whole number in 64 bits: "), F.col("follower_count"))
        return [*absent, F.when(self._is_unreadable_count(), unreadable)]

    def _quarantined(self, rows: DataFrame, reason: Column) -> DataFrame:
        columns = {
            "table_name": F.lit(self.entity.name),
            "stage": F.lit(STAGE),
            KEY: F.col(self.entity.key),
            "reason": reason,
        }
        return rows.withColumns(columns).select(*QUARANTINE.fieldNames())


def _latest_first() -> list[Column]:
    """Later means the higher offset; a key stays in one partition. Within an object it is the later line."""
    return [F.col(column).desc() for column in ("source_offset", "source_file", "source_line")]
