"""The loader: all partitions, every line in a raw table or in quarantine, every object once."""

import json
import os
import time
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from landing import GEO, PIN, USER, USER_ID, fresh_tables, land, line, without

from lib import jobs
from lib.notebook import Parameters
from lib.s3_data_loader import LandingZoneError, S3DataLoader, lines
from lib.tables import QUARANTINE, Tables

pytestmark = pytest.mark.sandbox

GREEK = "Ταξίδι στην Αθήνα 東京 🏝 שלום"
NOT_OBJECTS = ["[17]", '"pin 17"', "17", "null", "", '{"index": 18', line(PIN) + line(PIN), line(PIN) + " and more"]
KEYLESS = {
    "index: missing": line(without(PIN, "index")),
    "index: null": line(PIN, index=None),
    "index: no exact int: 2147483648": line(PIN, index=2147483648),
    "index: no exact int: 17.5": line(PIN, index=17.5),
    "index: no exact int: true": line(PIN, index=True),
    "index: no exact int: seventeen": line(PIN, index="seventeen"),
}


def loader(tables: Tables, folder: Path) -> S3DataLoader:
    return S3DataLoader(tables, f"file://{folder}", USER_ID)


def count(tables: Tables, table: str) -> int:
    return tables.known(table).count()


class Landed:
    """Everything one load made of one landing folder."""

    def __init__(self, tables: Tables) -> None:
        self.pin = tables.known("raw_pin").orderBy("source_partition", "source_offset", "source_line").collect()
        self.geo = tables.known("raw_geo").selectExpr("*", "unix_timestamp(timestamp) AS second").collect()
        self.user = tables.known("raw_user").collect()
        self.quarantine = tables.known(QUARANTINE).collect()

    def one_pin(self, index: int) -> Any:
        (row,) = [row for row in self.pin if row["index"] == index]
        return row


@pytest.fixture(scope="module")
def landed(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landed]:
    """One folder, with a blank in its path, loaded by a client that lives in New Zealand."""
    folder = tmp_path_factory.mktemp("a landing folder")
    land(folder, "pin", 0, 0, [line(PIN, index=n) for n in (3, 1, 2)])
    land(folder, "pin", 0, 3, [line(PIN, index=4, title=GREEK), line(PIN, index="5", board="added")])
    land(folder, "pin", 1, 0, NOT_OBJECTS + list(KEYLESS.values()))
    drifted = {**without(PIN, "tag_list"), "tags": "renamed", "index": 7, "downloaded": None, "title": {"en": "nested"}}
    land(folder, "pin", 2, 0, [line(PIN, index=6, follower_count=985000, title='{"en": "text"}'), json.dumps(drifted)])
    moments = ["2018-01-01T00:30:00Z", "2018-01-01T00:30:00", "2018-01-01T01:30:00+01:00", "12:00:00", 1514766600]
    land(folder, "geo", 1, 0, [line(GEO, ind=n, timestamp=moment) for n, moment in enumerate(moments)])
    land(folder, "geo", 2, 0, [line(GEO, ind=n + 5, latitude=text) for n, text in enumerate(["-1.5", "1d", "1e999"])])
    ages = [34, "34", 34.0, 34.5, "34 years", 2**31]
    land(folder, "user", 0, 0, [line(USER, ind=n, age=age) for n, age in enumerate(ages)])
    with fresh_tables(spark) as tables, client_in("Pacific/Auckland"):
        loader(tables, folder).load()
        yield Landed(tables)


class client_in:
    """A client process in another time zone."""

    def __init__(self, zone: str) -> None:
        self.zone, self.before = zone, os.environ.get("TZ")

    def __enter__(self) -> None:
        self._set(self.zone)

    def __exit__(self, *_: object) -> None:
        self._set(self.before)

    def _set(self, zone: str | None) -> None:
        if zone is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = zone
        time.tzset()


def test_objects_of_all_partitions_are_loaded_in_their_order(landed: Landed) -> None:
    assert [(row["index"], row.source_partition, row.source_offset) for row in landed.pin] == [
        (3, 0, 0),
        (1, 0, 0),
        (2, 0, 0),
        (4, 0, 3),
        (5, 0, 3),
        (6, 2, 0),
        (7, 2, 0),
    ]


def test_the_line_is_kept_as_it_landed_and_so_is_its_object(landed: Landed) -> None:
    row = landed.one_pin(4)
    assert row.payload == line(PIN, index=4, title=GREEK)
    assert row.source_file.endswith(f"/{USER_ID}.pin/partition=0/{USER_ID}.pin+0+0000000003.json")


def test_text_in_any_script_stays_as_it_is(landed: Landed) -> None:
    assert landed.one_pin(4).title == GREEK


def test_an_added_column_is_no_fault_and_a_key_may_be_text(landed: Landed) -> None:
    assert landed.one_pin(5).title == PIN["title"]


def test_a_retyped_value_that_is_exact_is_read(landed: Landed) -> None:
    assert landed.one_pin(6).follower_count == "985000"
    assert [row.age for row in sorted(landed.user, key=lambda row: row.ind)] == [34, 34, 34, None, None, None]
    assert {row.ind: row.latitude for row in landed.geo if row.ind > 4} == {5: -1.5, 6: None, 7: None}


def test_a_renamed_a_null_and_a_nested_value_are_null_but_a_text_in_braces_is_a_text(landed: Landed) -> None:
    drifted = landed.one_pin(7)
    assert (drifted.tag_list, drifted.downloaded, drifted.title) == (None, None, None)
    assert landed.one_pin(6).title == '{"en": "text"}'


def test_a_timestamp_is_iso_8601_and_utc_wherever_the_client_is(landed: Landed) -> None:
    half_past = int(datetime.fromisoformat("2018-01-01T00:30:00+00:00").timestamp())
    seconds = {row.ind: row.second for row in landed.geo if row.ind <= 4}
    assert seconds == {0: half_past, 1: half_past, 2: half_past, 3: None, 4: None}


def test_what_is_no_object_is_set_aside_as_it_landed(landed: Landed) -> None:
    set_aside = [row.payload for row in landed.quarantine if row.reason == "not a JSON object"]
    assert sorted(set_aside) == sorted(NOT_OBJECTS)


def test_what_has_no_whole_key_is_set_aside_with_the_reason(landed: Landed) -> None:
    reasons = {row.reason: row.payload for row in landed.quarantine if row.reason != "not a JSON object"}
    assert reasons == KEYLESS


def test_a_quarantined_line_says_where_it_stood(landed: Landed) -> None:
    row = landed.quarantine[0]
    assert (row.table_name, row.stage, row.ind) == ("pin", "parse", None)
    assert (row.source_partition, row.source_offset) == (1, 0)
    assert row.ingest_time is not None


def test_loading_again_adds_nothing_and_a_new_object_only_itself(tables: Tables, tmp_path: Path) -> None:
    land(tmp_path, "pin", 0, 0, [line(PIN, index=1), "no object"])
    first = loader(tables, tmp_path).load()
    again = loader(tables, tmp_path).load()
    assert (first["pin"].new_rows, first["pin"].unparsed, again["pin"].new_objects) == (1, 1, 0)
    land(tmp_path, "pin", 2, 0, [line(PIN, index=2)])
    assert loader(tables, tmp_path).load()["pin"].new_objects == 1
    assert (count(tables, "raw_pin"), count(tables, QUARANTINE)) == (2, 1)


def test_a_load_that_dies_before_the_raw_table_is_repaired_by_the_next(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(tmp_path, "pin", 0, 0, [line(PIN, index=1), "no object"])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(S3DataLoader, "_append", die)
        loader(tables, tmp_path).load()
    assert count(tables, QUARANTINE) == 1
    land(tmp_path, "pin", 0, 2, ["another that is none", line(PIN, index=2)])
    loader(tables, tmp_path).load()
    assert (count(tables, "raw_pin"), count(tables, QUARANTINE)) == (2, 2)


def die(*_: object) -> None:
    raise KeyboardInterrupt


def test_objects_that_come_after_one_without_any_readable_line_are_loaded(tables: Tables, tmp_path: Path) -> None:
    for offset, text in enumerate([line(PIN, index=1), "no object", line(PIN, index=2)]):
        land(tmp_path, "pin", 0, offset, [text])
        loader(tables, tmp_path).load()
    assert (count(tables, "raw_pin"), count(tables, QUARANTINE)) == (2, 1)


def test_two_loads_of_the_same_objects_append_them_once(tables: Tables, spark: Any) -> None:
    rows = spark.createDataFrame([(1,)], "n int")
    for _ in range(2):
        tables.append_once(rows, "once", version=0)
    assert count(tables, "once") == 1


def test_before_anything_has_landed_the_tables_are_empty_and_a_warning_says_why(
    tables: Tables, spark: Any, tmp_path: Path
) -> None:
    parameters = Parameters(tables.catalog, tables.schema, raw_path=f"file://{tmp_path}/none", user_id=USER_ID)
    with pytest.warns(jobs.NothingLandedWarning, match="streaming-batch"):
        summary = jobs.load_data(spark, parameters).collect()
    assert [tuple(row) for row in summary] == [(name, 0, 0, 0, 0) for name in ("pin", "geo", "user")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        counts = jobs.clean(spark, "geo", parameters).collect()
    assert [tuple(row) for row in counts] == [("geo", 0, 0, 0, 0, 0)]


def test_a_folder_that_cannot_be_listed_is_an_error_that_names_it(tables: Tables) -> None:
    with pytest.raises(LandingZoneError, match=f"nosuchscheme://bucket/{USER_ID}.pin cannot be listed"):
        S3DataLoader(tables, "nosuchscheme://bucket/", USER_ID).load()


def test_lines_keep_their_order_in_an_object_that_several_tasks_read(spark: Any, tmp_path: Path) -> None:
    big, small = tmp_path / "big", tmp_path / "small"
    big.write_text("".join(f"big {n:07d} {'x' * 100}\n" for n in range(40_000)))
    small.write_text("".join(f"small {n:07d}\n" for n in range(1000)))
    mebibyte = {"spark.sql.files.maxPartitionBytes": "1m", "spark.sql.files.openCostInBytes": "1m"}
    with settings(spark, mebibyte):
        read = lines(spark.read.option("lineSep", "\n").text(f"file://{tmp_path}"))
        rows = read.selectExpr("substring(payload, 1, 13) AS text", "source_file", "source_line").collect()
    for name, total in (("big", 40_000), ("small", 1000)):
        of_file = [row for row in rows if row.source_file.endswith(f"/{name}")]
        assert len({row.source_line for row in of_file}) == total
        ordered = [row.text for row in sorted(of_file, key=lambda row: row.source_line)]
        assert ordered == sorted(ordered)


class settings:
    """Session settings for a while."""

    def __init__(self, spark: Any, values: dict[str, str]) -> None:
        self.spark, self.values = spark, values

    def __enter__(self) -> None:
        for name, value in self.values.items():
            self.spark.conf.set(name, value)

    def __exit__(self, *_: object) -> None:
        for name in self.values:
            self.spark.conf.unset(name)
