"""The cleaner: typed, without placeholders, one row a key, and a reason for every other row."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landing import GEO, PIN, USER, line, without
from pyspark.sql import functions as F

from lib import entities
from lib.data_cleaning import CONFLICT, PLACEHOLDERS, DataCleaning
from lib.follower_count import whole_followers
from lib.s3_data_loader import typed_lines
from lib.schemas import LANDED, clean_schema

pytestmark = pytest.mark.sandbox

# Each example is a Spark job of many rows: a few examples cover thousands of texts.
few = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))

Raw = Callable[[entities.Entity, list[str]], Any]


@pytest.fixture(scope="module")
def raw(spark: Any) -> Raw:
    """Makes raw rows of lines that came one after another in one object."""

    def made(entity: entities.Entity, lines: list[str]) -> Any:
        landed = [(text, "object", 0, 0, number, datetime(2026, 1, 1)) for number, text in enumerate(lines)]
        return typed_lines(entity, spark.createDataFrame(landed, LANDED))

    return made


def rejections(entity: entities.Entity, rows: Any) -> list[tuple[int, str, int]]:
    """What is set aside, as (key, reason, place in the object)."""
    rejected = DataCleaning(entity).rejected(rows)
    return sorted((row.ind, row.reason, row.source_line) for row in rejected.collect())


@pytest.fixture(scope="module")
def pins(raw: Raw) -> dict[int, Any]:
    """Clean pins by key, from lines that differ in one thing each."""
    missing = {column: texts[0] for column, texts in PLACEHOLDERS.items()}
    lines = [
        line(PIN, index=1),
        line(PIN, index=2, **missing),
        line(PIN, index=3, **{column: f"  {text}\t" for column, text in missing.items()}),
        line(PIN, index=4, description="Untitled"),
        line(PIN, index=5, description=" Art. "),
        line(PIN, index=6, description="No description available"),
        line(PIN, index=7, title=" untitled, но мой 🏝 ", description="Art. of the deal"),
        line(PIN, index=8, save_location=" Local save in  /data/mens-fashion "),
        line(PIN, index=9, follower_count=12),
    ]
    return {row.ind: row for row in DataCleaning(entities.PIN).clean(raw(entities.PIN, lines)).collect()}


def test_a_clean_pin_has_a_whole_count_and_the_path_alone(pins: dict[int, Any]) -> None:
    expected = {**without(PIN, "index"), "ind": 1, "follower_count": 985_000, "save_location": "/data/art"}
    assert pins[1].asDict() == without(expected, "downloaded")
    assert list(pins[1].asDict()) == clean_schema(entities.PIN).fieldNames()
    assert pins[8].save_location == "/data/mens-fashion"
    assert pins[9].follower_count == 12


@pytest.mark.parametrize("key", [2, 3])
@pytest.mark.parametrize("column", list(PLACEHOLDERS))
def test_a_placeholder_is_null_with_and_without_blanks_around_it(pins: dict[int, Any], key: int, column: str) -> None:
    assert pins[key][column] is None


@pytest.mark.parametrize("key", [4, 5, 6])
def test_each_placeholder_of_a_description_is_null(pins: dict[int, Any], key: int) -> None:
    assert pins[key].description is None


def test_a_text_that_resembles_a_placeholder_stays_as_it_is(pins: dict[int, Any]) -> None:
    assert (pins[7].title, pins[7].description) == (" untitled, но мой 🏝 ", "Art. of the deal")


def test_a_clean_geo_has_its_coordinates_in_one_array(raw: Raw) -> None:
    rows = DataCleaning(entities.GEO).clean(raw(entities.GEO, [line(GEO)]))
    (row,) = rows.selectExpr("*", "unix_timestamp(timestamp) AS second").collect()
    assert (row.ind, row.country, row.coordinates) == (1, "Albania", [-12.3456, 170.5])
    assert row.second == datetime(2018, 1, 1, 0, 30, tzinfo=UTC).timestamp()


def test_a_clean_user_has_one_name_and_keeps_the_time_of_joining(raw: Raw) -> None:
    rows = DataCleaning(entities.USER).clean(raw(entities.USER, [line(USER)]))
    (row,) = rows.selectExpr("*", "unix_timestamp(date_joined) AS second").collect()
    assert (row.ind, row.user_name, row.age) == (1, "Ada Byron", 36)
    assert row.second == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()


def test_a_pin_that_lost_a_column_or_a_meaning_is_set_aside_with_each_reason(raw: Raw) -> None:
    lines = [
        line({**without(without(PIN, "follower_count"), "title"), "followers": "985k"}, index=1),
        line(PIN, index=2, category=None),
        line(PIN, index=3, tag_list=["a", "b"]),
        line(PIN, index=4, follower_count="many"),
        line(PIN, index=5, downloaded="yes"),
        line(PIN, index=6, board="an added column is no fault"),
    ]
    assert rejections(entities.PIN, raw(entities.PIN, lines)) == [
        (1, "title: missing; follower_count: missing", 0),
        (2, "category: null", 1),
        (3, 'tag_list: no exact string: ["a","b"]', 2),
        (4, "follower_count: no whole number in 64 bits: many", 3),
        (5, "downloaded: no exact int: yes", 4),
    ]


def test_a_user_whose_age_is_a_phrase_is_set_aside(raw: Raw) -> None:
    rows = raw(entities.USER, [line(USER, ind=1, age="36 years"), line(USER, ind=2, date_joined=1451606400)])
    assert rejections(entities.USER, rows) == [
        (1, "age: no exact int: 36 years", 0),
        (2, "date_joined: no exact timestamp: 1451606400", 1),
    ]


def test_an_invalid_version_neither_wins_nor_conflicts(raw: Raw) -> None:
    rows = raw(entities.USER, [line(USER), line(USER, age="none")])
    assert [row.age for row in DataCleaning(entities.USER).clean(rows).collect()] == [36]
    assert rejections(entities.USER, rows) == [(1, "age: no exact int: none", 1)]


def test_a_later_object_beats_a_later_line(raw: Raw, spark: Any) -> None:
    old = raw(entities.USER, [line(USER, ind=2), line(USER, age=40)])
    new = raw(entities.USER, [line(USER, age=41)]).selectExpr("* EXCEPT (source_offset)", "7L AS source_offset")
    kept = {row.ind: row.age for row in DataCleaning(entities.USER).clean(new.unionByName(old)).collect()}
    assert kept == {1: 41, 2: 36}


ages = st.sampled_from([20, "20", 20.0, 21, 22, "none"])


@few
@given(st.lists(st.tuples(st.integers(0, 60), ages), min_size=150, max_size=300))
def test_of_a_keys_versions_the_one_that_came_last_is_kept(raw: Raw, events: list[tuple[int, Any]]) -> None:
    rows = raw(entities.USER, [line(USER, ind=ind, age=age) for ind, age in events])
    clean, conflicts = model(events)
    assert {row.ind: row.age for row in DataCleaning(entities.USER).clean(rows).collect()} == clean
    found = [(ind, place) for ind, reason, place in rejections(entities.USER, rows) if reason == CONFLICT]
    assert sorted(found) == sorted(conflicts)


def model(events: list[tuple[int, Any]]) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """The rule in plain Python: the kept age of each key, and the last place of each version that was replaced."""
    last: dict[int, dict[int, int]] = {}
    for place, (ind, age) in enumerate(events):
        if age != "none":
            last.setdefault(ind, {})[int(age)] = place
    clean = {ind: max(versions, key=versions.__getitem__) for ind, versions in last.items()}
    return clean, [(ind, p) for ind, versions in last.items() for age, p in versions.items() if age != clean[ind]]


@pytest.mark.parametrize(("order", "kept"), [("AAB", "B"), ("ABA", "A")])
def test_one_repeat_and_one_conflict(raw: Raw, order: str, kept: str) -> None:
    rows = raw(entities.GEO, [line(GEO, country=country) for country in order])
    cleaning = DataCleaning(entities.GEO)
    assert [row.country for row in cleaning.clean(rows).collect()] == [kept]
    assert [json.loads(row.payload)["country"] for row in cleaning.rejected(rows).collect()] == [
        "A" if kept == "B" else "B"
    ]


digits = st.text("0123456789", min_size=1, max_size=22)
suffixes = st.sampled_from(["", "k", "K", "m", "M", "b", "B"])
well_formed = st.builds(
    lambda pad, whole, fraction, suffix, end: f"{pad}{whole}{fraction}{suffix}{end}",
    st.sampled_from(["", " ", "\t"]),
    digits,
    st.one_of(st.just(""), digits.map(lambda text: "." + text[:12])),
    suffixes,
    st.sampled_from(["", " ", "\n"]),
)
known = st.sampled_from(["1.2M", "3.4k", "15M", "985k", "940", "9223372036854775807", "9223372036854775808", "1.2345k"])
follower_texts = st.one_of(well_formed, known, st.text(max_size=6), st.text("0123456789.kKmM-+ \u212a", max_size=8))


@few
@given(st.lists(follower_texts, min_size=300))
def test_followers_are_read_exactly_or_not_at_all(spark: Any, texts: list[str]) -> None:
    column = whole_followers(F.col("text"))
    rows = spark.createDataFrame([(text,) for text in texts], "text string").select("text", column.alias("count"))
    assert {row.text: row["count"] for row in rows.collect()} == {text: followers(text) for text in texts}


def followers(text: str) -> int | None:
    """The rule in plain Python."""
    shown = text.strip(" \t\n\v\f\r")
    unit = {"k": 10**3, "m": 10**6, "b": 10**9}.get(shown[-1:].lower() if shown.isascii() else "", 1)
    number = shown[:-1] if unit > 1 else shown
    parts = number.split(".")
    if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > (2 if unit > 1 else 1):
        return None
    count = Fraction(number) * unit
    return int(count) if count.denominator == 1 and count < 2**63 else None
