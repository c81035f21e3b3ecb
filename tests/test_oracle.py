"""The oracle itself, on tables small enough that every answer is worked out by hand beside them."""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from itertools import count
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import (
    Counts,
    OracleError,
    answers,
    answers_from_clean,
    assert_same_rows,
    clean_tables,
    expected_from_records,
    identities,
    key_identity,
    no_fault_identity,
    read_database,
    rows_of,
)
from oracle.database import arrow_rows
from sqlalchemy import Column, DateTime, Double, Engine, Integer, MetaData, Table, Text, create_engine, insert

from sandbox.oracle import connect

PIN = {
    "index": 0,
    "unique_id": "u",
    "title": "t",
    "description": "d",
    "poster_name": "poster",
    "follower_count": "10",
    "tag_list": "a,b",
    "is_image_or_video": "image",
    "image_src": "https://i/x.jpg",
    "downloaded": 1,
    "save_location": "Local save in /data/art",
    "category": "art",
}
GEO = {"ind": 0, "timestamp": datetime(2020, 6, 1), "latitude": 1.5, "longitude": -2.5, "country": "Albania"}
USER = {"ind": 0, "first_name": "Ann", "last_name": "Lee", "age": 20, "date_joined": datetime(2016, 1, 1)}
SAMPLES = {"pinterest_data": PIN, "geolocation_data": GEO, "user_data": USER}


def database(*posts: dict[str, Any]) -> dict[str, pa.Table]:
    """Three source tables with one row a post; a post names only what matters to its test."""
    tables = {}
    for name, sample in SAMPLES.items():
        rows = [
            tuple({**sample, "index": ind, "ind": ind, **post}[c] for c in sample) for ind, post in enumerate(posts)
        ]
        tables[name] = arrow_rows(name, rows)
    return tables


def answer(name: str, *posts: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in answers(database(*posts))[name]]


def post_of(first_name: str, followers: str, age: int = 20, year: int = 2016) -> dict[str, Any]:
    return {
        "first_name": first_name,
        "age": age,
        "date_joined": datetime(year, 1, 1),
        "follower_count": followers,
        "poster_name": first_name,
    }


# ---------------------------------------------------------------- the clean tables


def cleaned(entity: str, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = clean_tables(database(values))[entity].to_pylist()[0]
    return row


def test_clean_columns_stand_in_the_order_of_the_specification() -> None:
    clean = clean_tables(database({}))
    assert clean["pin"].column_names == [
        "ind",
        "unique_id",
        "title",
        "description",
        "follower_count",
        "poster_name",
        "tag_list",
        "is_image_or_video",
        "image_src",
        "save_location",
        "category",
    ]
    assert clean["geo"].column_names == ["ind", "country", "coordinates", "timestamp"]
    assert clean["user"].column_names == ["ind", "user_name", "age", "date_joined"]


def test_clean_columns_have_the_types_of_the_contract() -> None:
    clean = clean_tables(database({}))
    assert clean["pin"].schema.field("ind").type == pa.int32()
    assert clean["pin"].schema.field("follower_count").type == pa.int64()
    assert clean["geo"].schema.field("coordinates").type == pa.list_(pa.field("l", pa.float64()))
    assert clean["user"].schema.field("age").type == pa.int32()


@pytest.mark.parametrize(
    ("column", "placeholder"),
    [
        ("title", "No Title Data Available"),
        ("description", "No description available Story format"),
        ("description", "No description available"),
        ("description", "Untitled"),
        ("description", "Art."),
        ("poster_name", "User Info Error"),
        ("follower_count", "User Info Error"),
        ("image_src", "Image src error."),
        ("tag_list", "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"),
    ],
)
def test_a_placeholder_with_blanks_around_becomes_null(column: str, placeholder: str) -> None:
    assert cleaned("pin", **{column: placeholder})[column] is None
    assert cleaned("pin", **{column: f"  {placeholder}\n"})[column] is None


def test_a_placeholder_of_another_column_or_within_a_longer_text_stays() -> None:
    assert cleaned("pin", title="Untitled")["title"] == "Untitled"
    assert cleaned("pin", description="Untitled work. Art.")["description"] == "Untitled work. Art."


def test_text_keeps_its_blanks_and_every_script() -> None:
    text = " Καλημέρα, мир, 日本, שלום 🎨 "
    assert cleaned("pin", title=text)["title"] == text


def test_save_location_is_the_path_without_a_leading_blank() -> None:
    assert cleaned("pin", save_location="Local save in /data/mens-fashion")["save_location"] == "/data/mens-fashion"


def test_coordinates_are_latitude_then_longitude() -> None:
    assert cleaned("geo", latitude=-89.9998, longitude=179.5)["coordinates"] == [-89.9998, 179.5]


def test_user_name_is_first_and_last_with_one_blank() -> None:
    assert cleaned("user", first_name="Ann", last_name="Lee")["user_name"] == "Ann Lee"


def test_date_joined_keeps_its_time_of_day() -> None:
    moment = datetime(2016, 2, 29, 23, 59, 58)
    assert cleaned("user", date_joined=moment)["date_joined"] == moment


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("940", 940),
        ("985k", 985_000),
        (" 985K ", 985_000),
        ("15M", 15_000_000),
        ("1.2m", 1_200_000),
        ("3.4k", 3_400),
        ("1.10k", 1_100),
        ("0.5k", 500),
        ("0.000k", 0),
        ("007", 7),
        ("3B", 3_000_000_000),
        ("2.000000001b", 2_000_000_001),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775.807k", 2**63 - 1),
    ],
)
def test_followers_are_read_exactly(text: str, value: int) -> None:
    assert cleaned("pin", follower_count=text)["follower_count"] == value


UNREADABLE_FOLLOWERS = [
    "",
    "many",
    "-5",
    "+5",
    "1,000",
    "1.5",
    ".5k",
    "5.k",
    "1 k",
    "1e3",
    "5kk",
    "0.0005k",
    "1.2345k",
    "9223372036854775808",
    "9223372036854775.808k",
    "user info error",
    "5\u212a",  # the Kelvin sign, which lower() turns into a k
    "\u0663",  # a digit of another script
    "5k\n5",
]


@pytest.mark.parametrize("text", UNREADABLE_FOLLOWERS)
def test_unreadable_followers_leave_no_clean_row(text: str) -> None:
    assert clean_tables(database({"follower_count": text}))["pin"].num_rows == 0


@given(
    st.integers(0, 10**16),
    st.text("0123456789", max_size=12),
    st.sampled_from(["k", "K", "m", "M", "b", "B"]),
)
def test_followers_agree_with_exact_fractions(whole: int, digits: str, unit: str) -> None:
    text = f"{whole}.{digits}{unit}" if digits else f"{whole}{unit}"
    exact = Fraction(text[:-1]) * {"k": 10**3, "m": 10**6, "b": 10**9}[unit.lower()]
    expected = int(exact) if exact.denominator == 1 and exact < 2**63 else None
    assert FOLLOWERS.execute("select followers(?)", [text]).fetchall() == [(expected,)]


FOLLOWERS = connect()


@pytest.mark.parametrize(("table", "entity"), [("pinterest_data", "pin"), ("geolocation_data", "geo")])
def test_a_null_in_any_column_leaves_no_clean_row(table: str, entity: str) -> None:
    tables = database({})
    for position, column in enumerate(tables[table].schema):
        nulled = tables[table].set_column(position, column, pa.nulls(1, column.type))
        assert clean_tables({**tables, table: nulled})[entity].num_rows == 0, column.name


def test_clean_rows_are_sorted_by_ind() -> None:
    tables = {name: table.take([2, 0, 1]) for name, table in database({}, {}, {}).items()}
    assert [table["ind"].to_pylist() for table in clean_tables(tables).values()] == [[0, 1, 2]] * 3


# ---------------------------------------------------------------- 1: most popular category per country


def test_1_counts_posts_and_keeps_ties_sorted_by_country_and_category() -> None:
    # Brazil: art 1, travel 1 (tie). Albania: art 1, beauty 2.
    posts = [("Brazil", "travel"), ("Albania", "beauty"), ("Brazil", "art"), ("Albania", "art"), ("Albania", "beauty")]
    assert answer("1", *({"country": country, "category": category} for country, category in posts)) == [
        ("Albania", "beauty", 2),
        ("Brazil", "art", 1),
        ("Brazil", "travel", 1),
    ]


def test_1_has_the_columns_of_the_specification() -> None:
    assert list(answers(database({}))["1"][0]) == ["country", "category", "category_count"]


def test_1_counts_only_posts_whose_three_rows_are_there() -> None:
    tables = database({"category": "art"}, {"category": "travel"}, {"category": "travel"})
    tables["geolocation_data"] = tables["geolocation_data"].slice(0, 2)
    assert [row["category"] for row in answers(tables)["1"]] == ["art", "travel"]


# ---------------------------------------------------------------- 2: categories per year


FIRST_2018, LAST_2022 = datetime(2018, 1, 1), datetime(2022, 12, 31, 23, 59, 59)
LAST_2017, FIRST_2023 = datetime(2017, 12, 31, 23, 59, 59), datetime(2023, 1, 1)


def test_2a_takes_both_ends_of_2018_to_2022_and_nothing_beyond() -> None:
    posts = [{"timestamp": moment} for moment in (LAST_2022, FIRST_2023, LAST_2017, FIRST_2018)]
    assert answer("2a", *posts) == [(2018, "art", 1), (2022, "art", 1)]


def test_2a_lists_every_category_and_2b_only_the_top_with_ties() -> None:
    # 2018: art 2, travel 2, quotes 1. 2019: quotes 1.
    categories = ["travel", "art", "quotes", "art", "travel"]
    posts = [{"timestamp": FIRST_2018, "category": category} for category in categories]
    posts.append({"timestamp": datetime(2019, 5, 5), "category": "quotes"})
    assert answer("2a", *posts) == [(2018, "art", 2), (2018, "quotes", 1), (2018, "travel", 2), (2019, "quotes", 1)]
    assert answer("2b", *posts) == [(2018, "art", 2), (2018, "travel", 2), (2019, "quotes", 1)]


@pytest.mark.parametrize("name", ["2a", "2b"])
def test_2_has_the_columns_of_the_specification(name: str) -> None:
    assert list(answers(database({}))[name][0]) == ["post_year", "category", "category_count"]


@pytest.fixture
def far_from_utc() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Kiritimati"  # UTC+14
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
def test_years_are_years_in_utc_whatever_the_machines_time_zone() -> None:
    tables = database({"timestamp": LAST_2022, "date_joined": datetime(2020, 12, 31, 23, 59, 59)})
    geo = tables["geolocation_data"]
    with_zone = geo["timestamp"].cast(pa.timestamp("us", "UTC"))
    for stamps in (geo["timestamp"], with_zone, with_zone.cast(pa.timestamp("us", "America/New_York"))):
        found = answers({**tables, "geolocation_data": geo.set_column(1, "timestamp", stamps)})
        assert found["2a"][0]["post_year"] == 2022
        assert found["6"] == [{"join_year": 2020, "number_users_joined": 1}]


# ---------------------------------------------------------------- 3: posters with most followers


def posters(*rows: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [{"country": c, "poster_name": name, "follower_count": followers} for c, name, followers in rows]


def test_3a_keeps_every_poster_who_shares_the_top_once_each() -> None:
    posts = posters(
        ("Chad", "zoe", "2k"),
        ("Chad", "bob", "2000"),
        ("Chad", "bob", "1.9k"),
        ("Chad", "low", "1k"),
        ("Chad", "zoe", "2k"),
    )
    assert answer("3a", *posts) == [("Chad", "bob", 2000), ("Chad", "zoe", 2000)]


def test_3a_null_followers_never_win_and_a_country_without_any_has_no_row() -> None:
    posts = posters(
        ("Chad", "User Info Error", "User Info Error"), ("Chad", "a", "0"), ("Peru", "b", "User Info Error")
    )
    assert answer("3a", *posts) == [("Chad", "a", 0)]


def test_3a_a_poster_of_two_countries_stands_in_each_with_its_count_there() -> None:
    posts = posters(("Chad", "a", "5"), ("Peru", "a", "7"))
    assert answer("3a", *posts) == [("Chad", "a", 5), ("Peru", "a", 7)]


def test_3a_a_poster_without_a_name_is_kept_and_comes_first() -> None:
    posts = posters(("Chad", "a", "5"), ("Chad", "User Info Error", "5"))
    assert answer("3a", *posts) == [("Chad", None, 5), ("Chad", "a", 5)]


def test_3b_names_every_country_of_the_top_once() -> None:
    # Peru has two posters at the top of all, Chad one, Mali's best is lower.
    posts = posters(("Peru", "a", "3M"), ("Peru", "b", "3M"), ("Chad", "c", "3m"), ("Mali", "d", "2.9M"))
    assert answer("3b", *posts) == [("Chad", 3_000_000), ("Peru", 3_000_000)]


def test_3_is_empty_where_no_followers_are_known() -> None:
    found = answers(database({"follower_count": "User Info Error"}))
    assert (found["3a"], found["3b"]) == ([], [])


def test_3_has_the_columns_of_the_specification() -> None:
    found = answers(database({}))
    assert list(found["3a"][0]) == ["country", "poster_name", "follower_count"]
    assert list(found["3b"][0]) == ["country", "follower_count"]


# ---------------------------------------------------------------- 4 and 5: age groups


def test_4_age_groups_end_where_the_specification_says_and_17_is_in_none() -> None:
    ages = {17: "beauty", 18: "art", 24: "art", 25: "quotes", 35: "quotes", 36: "tattoos", 50: "tattoos", 51: "travel"}
    posts = [{"age": age, "category": category} for age, category in ages.items()]
    assert answer("4", *posts) == [
        ("18-24", "art", 2),
        ("25-35", "quotes", 2),
        ("36-50", "tattoos", 2),
        ("50+", "travel", 1),
    ]


def test_4_counts_posts_not_persons_and_keeps_ties() -> None:
    # One person posts art twice, two persons post travel once each: a tie at 2.
    posts = [
        {"category": "art"},
        {"category": "art"},
        {"category": "travel"},
        {"category": "travel", "first_name": "Bea"},
        {"category": "quotes"},
    ]
    assert answer("4", *posts) == [("18-24", "art", 2), ("18-24", "travel", 2)]


def test_5_one_person_with_many_posts_counts_once() -> None:
    # Persons: busy 1000 (five posts), then 10 and 20. Per person the median is 20, per post it would be 1000.
    posts = [post_of("busy", "1k")] * 5 + [post_of("a", "10"), post_of("b", "20")]
    assert answer("5", *posts) == [("18-24", 20.0)]


def test_5_followers_of_a_person_are_the_largest_of_its_posts() -> None:
    posts = [post_of("a", "91k"), post_of("a", "User Info Error"), post_of("a", "92k")]
    assert answer("5", *posts) == [("18-24", 92_000.0)]


def test_5_an_even_number_of_persons_gives_the_mean_of_the_middle_two() -> None:
    posts = [post_of(name, followers) for name, followers in zip("abcd", ["1", "4", "7", "1M"], strict=True)]
    assert answer("5", *posts) == [("18-24", 5.5)]


def test_5_persons_without_followers_are_left_out_and_a_group_of_them_has_no_row() -> None:
    posts = [post_of("a", "User Info Error"), post_of("b", "3"), post_of("c", "User Info Error", age=60)]
    assert answer("5", *posts) == [("18-24", 3.0)]


def test_5_namesakes_of_another_age_or_joining_day_are_other_persons() -> None:
    # Four persons of one name: 1, 2, 6, 100 -> 4.0; as one person it would be 100.
    posts = [
        post_of("Ann", "1", age=20),
        post_of("Ann", "2", age=21),
        post_of("Ann", "6", year=2017),
        post_of("Ann", "100", age=22, year=2017),
    ]
    assert answer("5", *posts) == [("18-24", 4.0)]


def test_5_has_the_columns_of_the_specification() -> None:
    assert list(answers(database({}))["5"][0]) == ["age_group", "median_follower_count"]


# ---------------------------------------------------------------- 6, 7 and 8: joining years


def test_6_counts_persons_so_namesakes_count_apart_and_posts_do_not() -> None:
    posts = [
        post_of("Ann", "1", age=20),
        post_of("Ann", "1", age=20),
        post_of("Ann", "1", age=30),
        post_of("Ann", "1", age=40),
        post_of("Bea", "1", year=2017),
    ]
    assert answer("6", *posts) == [(2016, 3), (2017, 1)]


def test_6_persons_who_joined_a_second_apart_are_two() -> None:
    posts = [{"date_joined": datetime(2016, 1, 1, 0, 0, second)} for second in (0, 1)]
    assert answer("6", *posts) == [(2016, 2)]


def test_6_takes_both_ends_of_2015_to_2020_and_no_year_without_persons() -> None:
    assert answer("6", *(post_of("a", "1", year=year) for year in (2014, 2015, 2020, 2021))) == [(2015, 1), (2020, 1)]


def test_6_has_the_columns_of_the_specification() -> None:
    assert list(answers(database({}))["6"][0]) == ["join_year", "number_users_joined"]


def test_7_median_per_person_and_year_even_and_odd() -> None:
    # 2015: 1, 2 -> 1.5. 2020: 5, 9, 100 -> 9. 2014 and 2021 are out, and 2016 knows no followers.
    followers = {2015: ["1", "2"], 2020: ["100", "5", "9"], 2014: ["1"], 2021: ["1"], 2016: ["User Info Error"]}
    posts = [post_of(text, text, year=year) for year, texts in followers.items() for text in texts]
    assert answer("7", *posts) == [(2015, 1.5), (2020, 9.0)]


def test_7_counts_a_person_of_no_age_group_too() -> None:
    assert answer("7", post_of("child", "8", age=17)) == [(2016, 8.0)]


def test_8_median_per_age_group_and_year_sorted_by_both() -> None:
    posts = [
        post_of("a", "30", age=51, year=2015),
        post_of("b", "1", year=2017),
        post_of("c", "2", year=2017),
        post_of("c", "2", year=2017),
        post_of("d", "7", year=2015),
        post_of("e", "User Info Error", age=30),
        post_of("f", "9", age=17),
    ]
    assert answer("8", *posts) == [("18-24", 2015, 7.0), ("18-24", 2017, 1.5), ("50+", 2015, 30.0)]


def test_7_and_8_have_the_columns_of_the_specification() -> None:
    found = answers(database({}))
    assert list(found["7"][0]) == ["join_year", "median_follower_count"]
    assert list(found["8"][0]) == ["age_group", "join_year", "median_follower_count"]


# ---------------------------------------------------------------- reading the database


@pytest.fixture
def engine() -> Iterator[Engine]:
    kinds: dict[type, type] = {int: Integer, str: Text, float: Double, datetime: DateTime}
    engine, metadata = create_engine("sqlite://"), MetaData()
    for name, sample in SAMPLES.items():
        Table(name, metadata, *(Column(column, kinds[type(value)]) for column, value in sample.items()))
    metadata.create_all(engine)
    with engine.begin() as connection:
        for name, sample in SAMPLES.items():
            connection.execute(insert(metadata.tables[name]), [sample])
    yield engine
    engine.dispose()


def test_read_database_gives_the_rows_as_they_are(engine: Engine) -> None:
    tables = read_database(engine)
    assert {name: table.to_pylist() for name, table in tables.items()} == {n: [s] for n, s in SAMPLES.items()}


# ---------------------------------------------------------------- the records of a topic


def sent(sample: dict[str, Any], **changes: Any) -> bytes:
    payload = {**sample, **changes}
    return json.dumps(payload, default=lambda moment: f"{moment.isoformat()}Z", ensure_ascii=False).encode()


def without(sample: dict[str, Any], column: str) -> bytes:
    return sent({name: value for name, value in sample.items() if name != column})


def streamed(entity: str, *values: bytes | str, through_sink: bool = True) -> Any:
    offsets = count()
    records = [(0, next(offsets), value) for value in values]
    found = expected_from_records({entity: records}, through_sink=through_sink)[entity]
    identities(found.counts)
    return found


def test_a_valid_record_becomes_the_clean_row_of_its_database_row() -> None:
    found = expected_from_records(
        {"pin": [(0, 0, sent(PIN))], "geo": [(0, 0, sent(GEO))], "user": [(1, 4, sent(USER))]}
    )
    clean = clean_tables(database({}))
    assert {entity: rows_of(found[entity].clean) for entity in found} == {e: rows_of(clean[e]) for e in clean}


@pytest.mark.parametrize("value", ['{"ind": 1', "", "{'ind': 1}", "NaN", b"\xff\xfe"])
def test_a_value_that_is_not_json_is_a_dead_letter_of_the_sink(value: bytes | str) -> None:
    found = streamed("user", value)
    assert (len(found.dead_letters), found.quarantine) == (1, [])


def test_a_line_that_is_not_json_is_a_parse_quarantine() -> None:
    found = streamed("user", '{"ind": 1', through_sink=False)
    assert [(row.stage, row.ind) for row in found.quarantine] == [("parse", None)]


@pytest.mark.parametrize("value", ['"text"', "[1]", "17", "true"])
def test_json_that_is_no_object_is_a_parse_quarantine(value: str) -> None:
    assert [row.stage for row in streamed("user", value).quarantine] == ["parse"]


@pytest.mark.parametrize("key", [None, "x", "", 1.5, "1.5", True, [1], 2**31, -(2**31) - 1, "2147483648"])
def test_a_key_that_is_no_whole_number_in_32_bits_is_a_parse_quarantine(key: object) -> None:
    assert [(row.stage, row.ind) for row in streamed("user", sent(USER, ind=key)).quarantine] == [("parse", None)]


def test_a_missing_key_is_a_parse_quarantine_and_the_key_of_pin_is_index() -> None:
    assert streamed("user", without(USER, "ind")).counts.parse_quarantine == 1
    assert streamed("pin", sent({**PIN, "ind": 3}, index=None)).counts.parse_quarantine == 1


@pytest.mark.parametrize("key", [17, "17", 2**31 - 1, -(2**31)])
def test_a_whole_key_is_read_as_number_or_text(key: int | str) -> None:
    assert streamed("user", sent(USER, ind=key)).clean["ind"].to_pylist() == [int(key)]


@pytest.mark.parametrize("column", [name for name in PIN if name != "index"])
def test_a_missing_null_or_nested_column_is_a_clean_quarantine(column: str) -> None:
    values = [without(PIN, column), sent(PIN, **{column: None}), sent(PIN, **{column: {"a": 1}})]
    found = streamed("pin", *values)
    assert [(row.stage, row.ind) for row in found.quarantine] == [("clean", 0)] * 3
    assert found.clean.num_rows == 0


def test_a_renamed_column_is_a_clean_quarantine_and_an_added_one_no_fault() -> None:
    renamed = json.dumps({**json.loads(without(USER, "age")), "years": 20})
    found = streamed("user", renamed, sent(USER, ind=1, years=20))
    assert ([row.ind for row in found.quarantine], found.clean["ind"].to_pylist()) == ([0], [1])


@pytest.mark.parametrize(
    ("sample", "column", "value"),
    [
        (USER, "age", "34.0"),
        (USER, "age", "old"),
        (USER, "age", 34.5),
        (USER, "age", 2**31),
        (USER, "age", True),
        (USER, "date_joined", "21/10/2015 10:00"),
        (USER, "date_joined", "2015-10-21"),
        (USER, "date_joined", "2015-02-30T00:00:00Z"),
        (USER, "date_joined", 1445385600),
        (GEO, "latitude", "north"),
        (GEO, "latitude", ""),
        (GEO, "latitude", "1e999"),
    ],
)
def test_a_value_that_is_not_of_its_columns_type_is_a_clean_quarantine(
    sample: dict[str, Any], column: str, value: object
) -> None:
    entity = "user" if sample is USER else "geo"
    assert [row.stage for row in streamed(entity, sent(sample, **{column: value})).quarantine] == ["clean"]


def test_a_retyped_scalar_with_an_exact_value_is_accepted() -> None:
    user = streamed("user", sent(USER, age="34")).clean.to_pylist()[0]
    geo = streamed("geo", sent(GEO, latitude="-12.5", longitude=12)).clean.to_pylist()[0]
    pin = streamed("pin", sent(PIN, follower_count=985000, downloaded="1", title=1.5)).clean.to_pylist()[0]
    assert (user["age"], geo["coordinates"]) == (34, [-12.5, 12.0])
    assert (pin["follower_count"], pin["title"]) == (985_000, "1.5")


def test_a_number_in_a_text_column_keeps_the_digits_it_was_sent_with() -> None:
    text = sent(PIN).decode().replace('"title": "t"', '"title": 1.50')
    assert streamed("pin", text).clean["title"].to_pylist() == ["1.50"]


@pytest.mark.parametrize(
    "text", ["2015-12-31T23:30:00Z", "2016-01-01T01:30:00+02:00", "2015-12-31 23:30:00", "2015-12-31T23:30:00.000"]
)
def test_iso_timestamps_are_read_in_utc(text: str) -> None:
    assert streamed("user", sent(USER, date_joined=text)).clean["date_joined"].to_pylist() == [
        datetime(2015, 12, 31, 23, 30)
    ]


@pytest.mark.parametrize("text", UNREADABLE_FOLLOWERS)
def test_unreadable_followers_are_a_clean_quarantine(text: str) -> None:
    assert [row.stage for row in streamed("pin", sent(PIN, follower_count=text)).quarantine] == ["clean"]


def test_a_null_value_is_refused_because_no_rule_covers_it() -> None:
    with pytest.raises(OracleError, match="offset 0 is null"):
        expected_from_records({"pin": [(0, 0, "null")]})


# ---------------------------------------------------------------- duplicates and conflicts


VERSIONS = {"A": sent(USER, age=20), "B": sent(USER, age=30), "C": sent(USER, age=40), "X": sent(USER, age="bad")}


@pytest.mark.parametrize(
    ("order", "kept", "duplicates", "conflicts", "quarantine"),
    [
        ("A", 20, 0, 0, 0),
        ("AA", 20, 1, 0, 0),
        ("AB", 30, 0, 1, 0),
        ("AAB", 30, 1, 1, 0),
        ("ABA", 20, 1, 1, 0),
        ("ABB", 30, 1, 1, 0),
        ("ABAB", 30, 2, 1, 0),
        ("ABC", 40, 0, 2, 0),
        ("ABCAA", 20, 2, 2, 0),
        ("AX", 20, 0, 0, 1),
        ("XAXB", 30, 0, 1, 2),
    ],
)
def test_of_repeats_one_stays_and_of_versions_the_one_sent_last(
    order: str, kept: int, duplicates: int, conflicts: int, quarantine: int
) -> None:
    found = streamed("user", *(VERSIONS[letter] for letter in order))
    assert found.clean["age"].to_pylist() == [kept]
    assert (found.duplicates, len(found.conflicts), len(found.quarantine)) == (duplicates, conflicts, quarantine)
    assert all(row.reason.startswith("conflict:") and row.ind == 0 for row in found.conflicts)


def test_repeats_are_equal_after_typing_whatever_their_text() -> None:
    found = streamed(
        "user", sent(USER), sent(USER, age="20", added=1), sent(USER, date_joined="2016-01-01T01:00:00+01:00")
    )
    assert (found.duplicates, found.conflicts) == (2, [])


def test_versions_that_differ_only_before_cleaning_are_a_conflict() -> None:
    found = streamed("pin", sent(PIN, follower_count="985k"), sent(PIN, follower_count="985K"))
    assert (found.duplicates, len(found.conflicts)) == (0, 1)


def test_the_order_of_offsets_decides_not_the_order_given() -> None:
    found = expected_from_records({"user": [(1, 9, VERSIONS["B"]), (1, 3, VERSIONS["A"])]})["user"]
    assert (found.clean["age"].to_pylist(), found.conflicts[0].record.offset) == ([30], 3)


# ---------------------------------------------------------------- what adds up


SOUND = Counts(
    topic=11,
    sink_dead_letters=1,
    s3_lines=10,
    raw=8,
    parse_quarantine=2,
    clean=4,
    duplicates=2,
    conflicts=1,
    clean_quarantine=1,
)


def test_sound_counts_pass() -> None:
    identities(SOUND)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"topic": 12}, "pin: topic is 12, but s3_lines \\+ sink dead letters is 11"),
        ({"parse_quarantine": 3}, "pin: s3_lines is 10, but raw \\+ parse quarantine is 11"),
        ({"clean": 5}, "pin: raw is 8, but clean \\+ duplicates \\+ conflicts \\+ clean quarantine is 9"),
    ],
)
def test_a_broken_identity_is_named_with_both_numbers(change: dict[str, int], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        identities(Counts(**{**vars(SOUND), **change}), "pin")


def test_every_broken_identity_is_named_at_once() -> None:
    with pytest.raises(AssertionError, match=r"(?s)topic is 12.*raw is 8"):
        identities(Counts(**{**vars(SOUND), "topic": 12, "clean": 5}))


def test_without_a_fault_every_stage_equals_the_source() -> None:
    counts = Counts(
        topic=4,
        sink_dead_letters=0,
        s3_lines=4,
        raw=4,
        parse_quarantine=0,
        clean=4,
        duplicates=0,
        conflicts=0,
        clean_quarantine=0,
    )
    no_fault_identity(counts, source=4, acknowledged=4)
    with pytest.raises(AssertionError, match="source is 4, but acknowledged is 3"):
        no_fault_identity(counts, source=4, acknowledged=3)


def test_keys_of_clean_and_quarantine_make_up_the_source() -> None:
    key_identity(source={1, 2, 3}, clean={1, 2}, quarantine={2, 3})
    with pytest.raises(AssertionError, match=r"1 keys of the source are neither clean nor in quarantine: \[3\]"):
        key_identity(source={1, 2, 3}, clean={1, 2}, quarantine=set())
    with pytest.raises(AssertionError, match=r"1 keys are not in the source: \[4\]"):
        key_identity(source={1}, clean={1, 4}, quarantine=set())


# ---------------------------------------------------------------- comparing rows


def test_equal_rows_pass_and_a_zone_does_not_matter() -> None:
    aware = datetime(2020, 1, 1, tzinfo=UTC)
    assert_same_rows([{"at": aware, "xy": (1.0, 2.0)}], [{"at": aware.replace(tzinfo=None), "xy": [1.0, 2.0]}])


@pytest.mark.parametrize(
    ("actual", "message"),
    [
        ([{"a": 1, "b": 2.5}], r"row 1 of 1 actual, 2 expected: missing; expected \{'a': 2"),
        ([{"a": 1, "b": 2.5}, {"a": 2, "b": 3.0}, {"a": 3, "b": 0.0}], r"row 2 .* not expected: \{'a': 3"),
        ([{"a": 1, "b": 2.0}, {"a": 2, "b": 3.0}], "row 0 .* b is 2.0, expected 2.5"),
        ([{"b": 2.5, "a": 1}, {"a": 2, "b": 3.0}], r"row 0 .* columns \['b', 'a'\], expected \['a', 'b'\]"),
        ([{"a": 2, "b": 3.0}, {"a": 1, "b": 2.5}], "row 0 .* a is 2, expected 1"),
        ([{"a": 1, "b": None}, {"a": 2, "b": 3.0}], "row 0 .* b is None, expected 2.5"),
    ],
)
def test_the_first_difference_is_shown(actual: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        assert_same_rows(actual, [{"a": 1, "b": 2.5}, {"a": 2, "b": 3.0}])


def test_answers_from_clean_are_the_answers_from_the_database() -> None:
    tables = database(post_of("a", "1k"), post_of("b", "2k", age=40))
    assert answers_from_clean(clean_tables(tables)) == answers(tables)
