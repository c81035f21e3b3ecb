"""An answer is right or wrong by its salted hash, which `lib` and the sandbox make alike, each in its own way."""

import json
import math
from collections import namedtuple
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Row

from lib import answer_key as lib_key
from lib.answer_key import AnswerDiffersError, AnswerKeyError, compare
from sandbox.data import Dials, StoredDataset, generate
from sandbox.oracle import ANSWERS, EXTRAS, SUMMED, answer_key, answers, answers_of_chunks, is_key_of
from sandbox.oracle.answer_key import answer_hash as sandbox_hash

SALT = bytes(range(16))
MEDIANS = [("18-24", 69000.0), ("25-35", 25000.5), ("36-50", None)]
COLUMNS = ("age_group", "median_follower_count")

numbers = st.integers(-(2**63), 2**63) | st.floats() | st.decimals(allow_nan=False, allow_infinity=False, places=3)
moments = st.datetimes(timezones=st.none() | st.timezones())
plain = st.none() | st.booleans() | numbers | st.text() | st.dates() | moments
values = plain | st.lists(plain, max_size=3)
tables = st.lists(st.tuples(values, values), max_size=4)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The answer key of one question, `5`, and of a single number, `one`."""
    medians = pa.table({name: list(column) for name, column in zip(COLUMNS, zip(*MEDIANS, strict=True), strict=True)})
    path = tmp_path / "answer_key.json"
    path.write_text(answer_key({"5": medians, "one": pa.table({"persons": [409]})}, {"rows": 11_154, "seed": 1}))
    return str(path)


def named(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


# ---------------------------------------------------------------- two hands


@given(tables)
@settings(max_examples=60, deadline=None)
def test_both_hands_make_the_same_hash_of_the_same_rows(rows: list[tuple[Any, ...]]) -> None:
    assert lib_key.answer_hash(SALT, "5", rows) == sandbox_hash(SALT, "5", rows)


@given(tables, st.randoms())
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_does_not_matter(rows: list[tuple[Any, ...]], random: Any) -> None:
    mixed = list(rows)
    random.shuffle(mixed)
    assert lib_key.answer_hash(SALT, "5", mixed) == lib_key.answer_hash(SALT, "5", rows)


def test_the_hash_is_the_one_that_the_description_of_the_file_gives() -> None:
    """Worked out beside it: a change of the canonical text would make every key that is out there useless."""
    import hashlib

    text = '["n:2.5","s:é"]\n["null","d:2020-02-29"]'
    expected = hashlib.pbkdf2_hmac("sha256", text.encode(), SALT + b"2a", 100_000).hex()
    assert lib_key.answer_hash(SALT, "2a", [(None, date(2020, 2, 29)), (Decimal("2.50"), "e\u0301")]) == expected


ONE_AND_THE_SAME = [
    (3, 3.0),
    (3, Decimal("3.00")),
    (0.0, -0.0),
    (0.1 + 0.2, 0.3),
    (None, math.nan),
    ("\u00e9", "e\u0301"),
    (datetime(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)),
    (datetime(2020, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), datetime(2020, 1, 1)),
]
FROM_PANDAS = [
    (True, np.bool_(True)),
    (7, np.int64(7)),
    (0.5, np.float32(0.5)),
    (None, pd.NaT),
]
DIFFERENT = [
    (3, 4),
    (3, "3"),
    (1, True),
    (0, None),
    ("", None),
    ("null", None),
    ("b:true", True),
    ("a", "A"),
    ("a", "a "),
    (25000.0, 25000.5),
    (999_999_999_999, 999_999_999_998),
    (date(2020, 1, 1), datetime(2020, 1, 1)),
    (datetime(2020, 1, 1), datetime(2020, 1, 1, 0, 0, 1)),
    ([1, 2], [2, 1]),
    ("1,2", [1, 2]),
]


@pytest.mark.parametrize(("one", "other"), ONE_AND_THE_SAME, ids=repr)
def test_the_same_value_has_one_hash(one: Any, other: Any) -> None:
    hashes = {made(SALT, "5", [(value,)]) for value in (one, other) for made in (lib_key.answer_hash, sandbox_hash)}
    assert len(hashes) == 1


@pytest.mark.parametrize(("plain", "other"), FROM_PANDAS, ids=repr)
def test_a_value_of_pandas_has_the_hash_of_the_plain_one(plain: Any, other: Any) -> None:
    assert lib_key.answer_hash(SALT, "5", [(plain,)]) == lib_key.answer_hash(SALT, "5", [(other,)])


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=repr)
def test_different_values_have_different_hashes(one: Any, other: Any) -> None:
    hashes = {made(SALT, "5", [(value,)]) for value in (one, other) for made in (lib_key.answer_hash, sandbox_hash)}
    assert len(hashes) == 2


def test_another_question_or_another_salt_has_another_hash() -> None:
    same = [(409,)]
    hashes = [lib_key.answer_hash(salt, key, same) for salt, key in [(SALT, "5"), (SALT, "6"), (SALT[::-1], "5")]]
    assert len(set(hashes)) == 3


# ---------------------------------------------------------------- what is compared

Pair = namedtuple("Pair", COLUMNS)
SHAPES = {
    "tuples": MEDIANS,
    "lists": [list(row) for row in MEDIANS],
    "mappings": named(MEDIANS),
    "Spark's rows": [Row(**row) for row in named(MEDIANS)],
    "named tuples": [Pair(*row) for row in MEDIANS],
    "another order": MEDIANS[::-1],
    "pandas": pd.DataFrame(MEDIANS, columns=list(COLUMNS)),
}


@pytest.mark.parametrize("answer", SHAPES.values(), ids=SHAPES)
def test_a_right_answer_of_any_form_is_right(file: str, answer: Any) -> None:
    compare(file, "5", answer)


class Frame:
    """As much of a Spark DataFrame as is needed, counting the rows it is asked for."""

    def __init__(self, rows: list[Row]) -> None:
        self.columns = list(COLUMNS)
        self.rows = rows
        self.asked = 0

    def limit(self, number: int) -> "Frame":
        self.asked = number
        return Frame(self.rows[:number])

    def collect(self) -> list[Row]:
        return self.rows


def test_a_dataframe_is_right_and_never_collected_whole(file: str) -> None:
    compare(file, "5", Frame([Row(**row) for row in named(MEDIANS)]))
    endless = Frame([Row(age_group=str(number), median_follower_count=0.0) for number in range(1000)])
    with pytest.raises(AnswerDiffersError, match="more rows than the 3"):
        compare(file, "5", endless)
    assert endless.asked == len(MEDIANS) + 1


@pytest.mark.parametrize("answer", [409, 409.0, np.int64(409), [409], [(409,)], (409,), Row(persons=409)], ids=repr)
def test_a_single_value_is_right_as_it_is_and_in_a_row(file: str, answer: Any) -> None:
    compare(file, "one", answer)


@pytest.mark.parametrize("answer", [408, "409", None, True, 409.001], ids=repr)
def test_a_wrong_single_value_is_refused_and_not_told(file: str, answer: Any) -> None:
    with pytest.raises(AnswerDiffersError) as caught:
        compare(file, "one", answer)
    assert "409" not in str(caught.value)


WRONG = {
    "a value differs": [("18-24", 69000.0), ("25-35", 25000.0), ("36-50", None)],
    "a value differs from": [("18-24", 69000.0), ("25-35", 25000.5), ("36-50", 0)],
    "There are 2 rows; 3 are right": MEDIANS[:2],
    "There are 0 rows; 3 are right": [],
    "more rows than the 3 that are right": [*MEDIANS, ("50+", 1.0)],
    "more rows than the 3": [*MEDIANS, MEDIANS[0]],
    "2 values: age_group, median_follower_count": [(*row, 1) for row in MEDIANS],
    "columns are age, median_follower_count": [{"age": row[0], "median_follower_count": row[1]} for row in MEDIANS],
    "in this order": [{"median_follower_count": row[1], "age_group": row[0]} for row in MEDIANS],
    "do not all have the same columns": [*named(MEDIANS)[:2], {"age_group": "36-50"}],
    "holds a set": [("18-24", 69000.0), ("25-35", 25000.5), ("36-50", {1})],
}


@pytest.mark.parametrize(("told", "answer"), WRONG.items(), ids=WRONG)
def test_a_wrong_answer_is_refused_with_what_is_wrong(file: str, told: str, answer: Any) -> None:
    with pytest.raises(AnswerDiffersError, match=told):
        compare(file, "5", answer)


def test_a_repeated_row_in_place_of_a_tie_is_refused(file: str) -> None:
    with pytest.raises(AnswerDiffersError, match="a value differs"):
        compare(file, "5", [MEDIANS[0], MEDIANS[0], MEDIANS[1]])


def test_a_wrong_answer_is_told_of_which_data_the_key_is(file: str) -> None:
    with pytest.raises(AnswerDiffersError, match="11,154 rows of seed 1"):
        compare(file, "one", 1)


# ---------------------------------------------------------------- the file


def test_without_a_key_the_command_that_makes_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnswerKeyError, match=r"`answer_key` is empty.*sandbox env.*sandbox data"):
        compare("", "5", MEDIANS)
    with pytest.raises(AnswerKeyError, match=r"no answer key at .*nowhere.*sandbox data"):
        compare(str(tmp_path / "nowhere"), "5", MEDIANS)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2}', "\x00"])
def test_a_damaged_key_is_an_error_with_the_command_that_makes_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    with pytest.raises(AnswerKeyError, match=r"damaged.*sandbox data"):
        compare(str(tmp_path / "key.json"), "5", MEDIANS)


@pytest.mark.parametrize("name", ["format", "salt", "rows", "seed", "answers"])
def test_a_key_that_lacks_something_is_damaged(file: str, name: str) -> None:
    known = json.loads(Path(file).read_text())
    del known[name]
    Path(file).write_text(json.dumps(known))
    with pytest.raises(AnswerKeyError, match="damaged"):
        compare(file, "5", MEDIANS)


def test_a_question_that_the_key_lacks_is_an_error_that_names_those_it_has(file: str) -> None:
    with pytest.raises(AnswerKeyError, match=r"no answer '9', only 5, one.*sandbox data"):
        compare(file, "9", MEDIANS)


def test_each_key_has_a_salt_of_its_own() -> None:
    made = [json.loads(answer_key({"one": pa.table({"persons": [409]})}, {"rows": 1, "seed": 1})) for _ in range(2)]
    assert made[0]["salt"] != made[1]["salt"]
    assert made[0]["answers"]["one"]["hash"] != made[1]["answers"]["one"]["hash"]
    assert "409" not in json.dumps([known["answers"]["one"]["columns"] for known in made])


def test_a_key_is_known_by_its_data_and_its_questions(file: str, tmp_path: Path) -> None:
    data = {"rows": 11_154, "seed": 1}
    assert is_key_of(Path(file), data, ["5", "one"])
    assert not is_key_of(Path(file), {**data, "seed": 2}, ["5"])
    assert not is_key_of(Path(file), data, ["5", "6"])
    assert not is_key_of(tmp_path / "nowhere", data, [])
    (tmp_path / "damaged").write_text("[]")
    assert not is_key_of(tmp_path / "damaged", data, [])


# ---------------------------------------------------------------- the answers in it


def source_rows(rows: int, seed: int, chunk_rows: int, decimals: bool = False) -> list[dict[str, pa.Table]]:
    """The generator's rows in chunks, keyed by the database's names."""
    chunks = generate(rows, seed, decimals=decimals, chunk_rows=chunk_rows)
    return [{entity.table: table for entity, table in chunk.tables()} for chunk in chunks]


@pytest.mark.parametrize("decimals", [False, True])
def test_answers_in_chunks_are_those_of_the_whole(tmp_path: Path, decimals: bool) -> None:
    (whole,) = source_rows(2_000, 7, 2_000, decimals)
    found = answers_of_chunks(source_rows(2_000, 7, 300, decimals), tmp_path)
    assert {key: found[key].to_pylist() for key in ANSWERS} == answers(whole)
    assert list(found) == [*ANSWERS, *EXTRAS, *SUMMED]
    assert not list(tmp_path.iterdir())


def test_decimals_change_the_answers(tmp_path: Path) -> None:
    found = [answers_of_chunks(source_rows(2_000, 7, 2_000, decimals), tmp_path) for decimals in (False, True)]
    assert found[0]["5"] != found[1]["5"]
    assert found[0]["6"] == found[1]["6"]


def test_the_extra_answers_are_those_of_plain_python(tmp_path: Path) -> None:
    """Counted anew, row by row: a third hand, for what no test of the pipeline asks."""
    (whole,) = source_rows(2_000, 7, 2_000)
    found = {key: table.to_pylist() for key, table in answers_of_chunks([whole], tmp_path).items()}
    assert found["0_4"] == [{"rows_without_tags": rows_without_tags(whole)}]
    assert found["shared_names"] == [{"persons": persons_with_shared_names(whole)}]
    assert found["0_5"] == [{"persons": len(set(persons(whole)))}]
    assert {row["age_group"]: row["median_follower_count"] for row in found["5_per_post"]} == medians(whole, None)
    assert {row["age_group"]: row["median_follower_count"] for row in found["5_single_post"]} == medians(whole, 1)


def rows_without_tags(tables: dict[str, pa.Table]) -> int:
    return tables["pinterest_data"]["tag_list"].to_pylist().count("N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e")


def persons(tables: dict[str, pa.Table]) -> list[tuple[Any, ...]]:
    """Who each post is of."""
    columns = ("first_name", "last_name", "age", "date_joined")
    return list(zip(*(tables["user_data"][name].to_pylist() for name in columns), strict=True))


def persons_with_shared_names(tables: dict[str, pa.Table]) -> int:
    everybody = set(persons(tables))
    names = [person[:2] for person in everybody]
    return sum(names.count(person[:2]) > 1 for person in everybody)


def medians(tables: dict[str, pa.Table], only_with_posts: int | None) -> dict[str, float]:
    """The median of the followers of posts by age group, of all, or of the persons with so many posts."""
    from statistics import median

    posts = persons(tables)
    groups: dict[str, list[int]] = {}
    for person, text in zip(posts, tables["pinterest_data"]["follower_count"].to_pylist(), strict=True):
        if text == "User Info Error" or (only_with_posts and posts.count(person) != only_with_posts):
            continue
        followers = int(text.replace("k", "000").replace("M", "000000"))
        groups.setdefault(group_of(person[2]), []).append(followers)
    return {group: median(known) for group, known in groups.items()}


def group_of(age: int) -> str:
    return "18-24" if age <= 24 else "25-35" if age <= 35 else "36-50" if age <= 50 else "50+"


def test_the_dials_of_a_feed_do_not_change_the_key(tmp_path: Path) -> None:
    from sandbox.right_answers import right_answers

    told: list[int] = []
    plain = right_answers(tmp_path, StoredDataset(300, 1, Dials()), told.append)
    poisoned = right_answers(tmp_path, StoredDataset(300, 1, Dials(poison=0.5, duplicates=0.5)), told.append)
    assert plain == poisoned
    assert told == [300, 300]
