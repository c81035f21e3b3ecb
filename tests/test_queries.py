"""The eight questions on tables small enough to answer by hand."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import functions as F

from lib.entities import GEO, PIN, USER
from lib.notebook import prepare
from lib.queries import QUESTIONS
from lib.schemas import clean_schema

pytestmark = pytest.mark.sandbox


@dataclass(frozen=True)
class Person:
    """One person of `user`; two of them share a name."""

    name: str
    age: int
    joined: datetime


ADA = Person("Ada Byron", 24, datetime(2015, 12, 31, 23, 59, 59, tzinfo=UTC))
BEA = Person("Bea Cole", 25, datetime(2016, 1, 1, tzinfo=UTC))
CAL = Person("Cal Dunn", 50, datetime(2016, 6, 1, tzinfo=UTC))
DEE = Person("Dee Ede", 51, datetime(2016, 6, 1, tzinfo=UTC))
OTHER_ADA = Person("Ada Byron", 24, datetime(2016, 5, 5, tzinfo=UTC))
TEEN = Person("Ted Fox", 17, datetime(2021, 1, 1, tzinfo=UTC))

# The category, the poster and the followers of a post, its country and moment, and whose it is.
POSTS = [
    ("art", "ada", 100, "Albania", datetime(2018, 1, 1, tzinfo=UTC), ADA),
    ("art", "ada", 300, "Albania", datetime(2017, 12, 31, 23, 59, 59, tzinfo=UTC), ADA),
    ("art", "ada", None, "Belgium", datetime(2022, 12, 31, 23, 59, 59, tzinfo=UTC), ADA),
    ("beauty", "bea", 300, "Albania", datetime(2022, 12, 31, 23, 0, tzinfo=UTC), BEA),
    ("beauty", "cal", 2**40, "Cuba", datetime(2020, 5, 5, tzinfo=UTC), CAL),
    ("art", "dee", 2**40, "Belgium", datetime(2020, 5, 6, tzinfo=UTC), DEE),
    ("beauty", "ada2", 500, "Albania", datetime(2023, 1, 1, tzinfo=UTC), OTHER_ADA),
    ("quotes", "ted", None, "Denmark", datetime(2016, 1, 1, tzinfo=UTC), TEEN),
]
# Rows that are no posts: each of these keys is missing in one of the other two tables.
PIN_ONLY, GEO_ONLY, USER_ONLY = 100, 101, 102
LONER = Person("Lone Some", 30, datetime(2016, 7, 7, tzinfo=UTC))

Answers = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def answers(spark: Any) -> Iterator[dict[str, Any]]:
    """Every answer, asked by a client in another time zone: rows, and under `columns` their names."""
    prepare(spark)
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Auckland"
    time.tzset()
    try:
        tables = clean_tables(spark)
        asked = {name: question(*tables) for name, question in QUESTIONS.items()}
        yield {name: (answer.columns, [tuple(row) for row in answer.collect()]) for name, answer in asked.items()}
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


def clean_tables(spark: Any) -> list[Any]:
    pin, geo, user = [], [], []
    for ind, (category, poster, followers, country, moment, person) in enumerate(POSTS):
        pin.append((ind, category, poster, followers))
        geo.append((ind, country, int(moment.timestamp())))
        user.append((ind, person.name, person.age, int(person.joined.timestamp())))
    pin += [(ind, "travel", "nobody", 2**41) for ind in (PIN_ONLY, PIN_ONLY + 100)]
    geo += [(ind, "Nowhere", 1_600_000_000) for ind in (GEO_ONLY, PIN_ONLY + 100)]
    user += [(USER_ONLY, LONER.name, LONER.age, int(LONER.joined.timestamp()))]
    return [
        whole(spark, PIN, pin, "ind category poster_name follower_count"),
        whole(spark, GEO, geo, "ind country timestamp"),
        whole(spark, USER, user, "ind user_name age date_joined"),
    ]


def whole(spark: Any, entity: Any, rows: list[tuple[Any, ...]], names: str) -> Any:
    """A clean table of these columns, moments given in seconds, the other columns NULL."""
    given, schema = names.split(), clean_schema(entity)
    types = {
        f.name: "bigint" if f.dataType.simpleString() == "timestamp" else f.dataType.simpleString() for f in schema
    }
    frame = spark.createDataFrame(rows, ", ".join(f"{name} {types[name]}" for name in given))
    moments = {f.name: F.timestamp_seconds(f.name) for f in schema if f.dataType.simpleString() == "timestamp"}
    absent = {f.name: F.lit(None).cast(f.dataType) for f in schema if f.name not in given}
    return frame.withColumns({**moments, **absent}).select(*schema.fieldNames())


@pytest.mark.parametrize(
    ("question", "columns"),
    [
        ("1", "country category category_count"),
        ("2a", "post_year category category_count"),
        ("2b", "post_year category category_count"),
        ("3a", "country poster_name follower_count"),
        ("3b", "country follower_count"),
        ("4", "age_group category category_count"),
        ("5", "age_group median_follower_count"),
        ("6", "join_year number_users_joined"),
        ("7", "join_year median_follower_count"),
        ("8", "age_group join_year median_follower_count"),
    ],
)
def test_an_answer_has_the_columns_of_its_question(answers: dict[str, Any], question: str, columns: str) -> None:
    assert answers[question][0] == columns.split()


def test_categories_that_share_a_countrys_top_are_all_shown(answers: dict[str, Any]) -> None:
    assert answers["1"][1] == [
        ("Albania", "art", 2),
        ("Albania", "beauty", 2),
        ("Belgium", "art", 2),
        ("Cuba", "beauty", 1),
        ("Denmark", "quotes", 1),
    ]


def test_years_are_those_of_the_post_in_utc_from_2018_to_2022(answers: dict[str, Any]) -> None:
    assert answers["2a"][1] == [
        (2018, "art", 1),
        (2020, "art", 1),
        (2020, "beauty", 1),
        (2022, "art", 1),
        (2022, "beauty", 1),
    ]


def test_the_top_of_a_year_is_shared_too(answers: dict[str, Any]) -> None:
    assert answers["2b"][1] == answers["2a"][1]


def test_posters_without_a_count_never_win_and_equal_ones_share(answers: dict[str, Any]) -> None:
    assert answers["3a"][1] == [("Albania", "ada2", 500), ("Belgium", "dee", 2**40), ("Cuba", "cal", 2**40)]


def test_every_country_that_shares_the_top_of_all_is_shown(answers: dict[str, Any]) -> None:
    assert answers["3b"][1] == [("Belgium", 2**40), ("Cuba", 2**40)]


def test_50_belongs_to_36_50_and_17_to_no_group(answers: dict[str, Any]) -> None:
    assert answers["4"][1] == [
        ("18-24", "art", 3),
        ("25-35", "beauty", 1),
        ("36-50", "beauty", 1),
        ("50+", "art", 1),
    ]


def test_a_median_counts_each_person_once_with_the_largest_count(answers: dict[str, Any]) -> None:
    middle_of_300_and_500 = 400.0
    assert answers["5"][1] == [
        ("18-24", middle_of_300_and_500),
        ("25-35", 300.0),
        ("36-50", float(2**40)),
        ("50+", float(2**40)),
    ]


def test_people_who_share_a_name_are_counted_apart_and_need_no_post(answers: dict[str, Any]) -> None:
    bea_cal_dee_other_ada_and_the_loner = 5
    assert answers["6"][1] == [(2015, 1), (2016, bea_cal_dee_other_ada_and_the_loner)]


def test_medians_per_joining_year(answers: dict[str, Any]) -> None:
    middle_of_500_and_two_to_the_40 = (500 + 2**40) / 2
    assert answers["7"][1] == [(2015, 300.0), (2016, middle_of_500_and_two_to_the_40)]


def test_medians_per_age_group_and_joining_year(answers: dict[str, Any]) -> None:
    assert answers["8"][1] == [
        ("18-24", 2015, 300.0),
        ("18-24", 2016, 500.0),
        ("25-35", 2016, 300.0),
        ("36-50", 2016, float(2**40)),
        ("50+", 2016, float(2**40)),
    ]
