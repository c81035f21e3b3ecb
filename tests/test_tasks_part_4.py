"""The checks of notebook 04: what passes them, and what the hints tell of what does not."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lib.answer_key import answer_hash
from lib.checks import CheckFailedError, Given, check
from lib.queries import QUESTIONS
from lib.tasks import part_4

Rows = list[dict[str, Any]]

MEDIANS = [{"age_group": "18-24", "median_follower_count": 100.0}, {"age_group": "50+", "median_follower_count": 7.5}]
OTHER_MEDIANS = [{"age_group": "18-24", "median_follower_count": 200.0}]
PIN = {"entity": "pin", "raw": 10, "clean": 7, "duplicates": 1, "conflicts": 1, "invalid": 1}
LINES = {0: 30, 1: 40, 2: 30}
GEO, USER = PIN | {"entity": "geo"}, PIN | {"entity": "user"}


@pytest.fixture
def answer_key(tmp_path: Path) -> Callable[[Mapping[str, Any]], str]:
    """Writes the answer key of the given right answers, and tells its path."""

    def write(right: Mapping[str, Any]) -> str:
        salt, answers = bytes(16), {}
        for key, answer in right.items():
            rows = answer if isinstance(answer, list) else [{key: answer}]
            hashed = answer_hash(salt, key, [tuple(row.values()) for row in rows])
            answers[key] = {"columns": list(rows[0]), "rows": len(rows), "hash": hashed}
        file = tmp_path / "answer_key.json"
        file.write_text(json.dumps({"format": 1, "salt": salt.hex(), "rows": 10, "seed": 1, "answers": answers}))
        return str(file)

    return write


def hint_of(verify: Callable[[Given], None], **variables: Any) -> str:
    """The hint of a check that the notebook's variables fail."""
    with pytest.raises(CheckFailedError) as failure:
        verify(Given(variables))
    return str(failure.value)


def test_all_lines_are_loaded_when_no_fewer_are_there_than_had_landed() -> None:
    part_4.every_line_is_loaded(Given({"lines_landed": 10, "lines_loaded": 10}))
    part_4.every_line_is_loaded(Given({"lines_landed": 10, "lines_loaded": 12}))


def test_lines_that_are_not_loaded_are_counted_in_the_hint() -> None:
    assert "10 lines had landed, but only 4" in hint_of(part_4.every_line_is_loaded, lines_landed=10, lines_loaded=4)


def test_an_empty_bucket_is_no_success() -> None:
    assert "No pin has landed" in hint_of(part_4.every_line_is_loaded, lines_landed=0, lines_loaded=0)


def test_rows_are_accounted_for_where_the_four_counts_add_up() -> None:
    part_4.every_raw_row_is_accounted_for(Given({"cleaned": [PIN, GEO, USER]}))


@pytest.mark.parametrize(
    ("cleaned", "hint"),
    [
        ([PIN, GEO], "each of pin, geo and user"),
        ([PIN, GEO, USER | {"clean": 6}], "user: 10 raw rows, but 9"),
        ([PIN, GEO, USER | {"raw": 0, "clean": 0}], "`user` is empty"),
    ],
)
def test_a_row_that_is_not_accounted_for_is_named(cleaned: Rows, hint: str) -> None:
    assert hint in hint_of(part_4.every_raw_row_is_accounted_for, cleaned=cleaned)


def test_all_ten_answers_are_compared(answer_key: Callable[[Mapping[str, Any]], str]) -> None:
    answers = dict.fromkeys(QUESTIONS, MEDIANS)
    key = answer_key(answers)
    part_4.the_answers_are_right(Given({"answers": answers, "answer_key": key}))
    wrong = answers | {"8": OTHER_MEDIANS}
    assert "There are 1 rows; 2" in hint_of(part_4.the_answers_are_right, answers=wrong, answer_key=key)
    without = {question: answers[question] for question in QUESTIONS if question != "8"}
    assert "answer to 8 is missing" in hint_of(part_4.the_answers_are_right, answers=without, answer_key=key)


def test_the_lost_share_is_that_of_the_other_partitions() -> None:
    part_4.the_lost_share_is_right(Given({"lost_share": 0.7, "lines_per_partition": LINES}))


@pytest.mark.parametrize(
    ("share", "hint"),
    [
        (0.3, "the share that partition 0 keeps"),
        (70, "from 0 to 1"),
        ("0.7", "should be a number"),
        (0.4, "Divide the lines of the other partitions"),
        (..., "still `...`"),
    ],
)
def test_a_wrong_share_gets_a_hint_without_the_right_one(share: Any, hint: str) -> None:
    told = hint_of(part_4.the_lost_share_is_right, lost_share=share, lines_per_partition=LINES)
    assert hint in told
    assert "0.7" not in told


def test_half_kept_and_half_lost_is_right_too() -> None:
    part_4.the_lost_share_is_right(Given({"lost_share": 0.5, "lines_per_partition": {0: 5, 1: 5}}))


@pytest.mark.parametrize(
    ("number", "key", "variable", "right", "wrong"),
    [
        ("4.5", "1", "answer_1", MEDIANS, OTHER_MEDIANS),
        ("4.7", "8", "answer_8", MEDIANS, OTHER_MEDIANS),
        ("4.8", "shared_names", "people_sharing_a_name", 19, 9),
        ("4.9", "5_single_post", "answer_5_single_post", MEDIANS, OTHER_MEDIANS),
    ],
)
def test_an_answer_is_compared_with_the_key_of_its_question(
    answer_key: Callable[[Mapping[str, Any]], str], number: str, key: str, variable: str, right: Any, wrong: Any
) -> None:
    file = answer_key({key: right})
    assert check(number, {variable: right, "answer_key": file}).passed
    assert not check(number, {variable: wrong, "answer_key": file}).passed
    assert not check(number, {variable: ..., "answer_key": file}).passed


def test_question_5_needs_both_medians(answer_key: Callable[[Mapping[str, Any]], str]) -> None:
    key = answer_key({"5": MEDIANS, "5_per_post": OTHER_MEDIANS})
    both = {"answer_5": MEDIANS, "answer_5_per_post": OTHER_MEDIANS, "answer_key": key}
    part_4.question_5_is_answered_twice(Given(both))
    assert hint_of(part_4.question_5_is_answered_twice, **both | {"answer_5_per_post": MEDIANS})
    assert hint_of(part_4.question_5_is_answered_twice, **both | {"answer_5": OTHER_MEDIANS})


def test_the_key_is_found_in_the_notebooks_parameters_too(answer_key: Callable[[Mapping[str, Any]], str]) -> None:
    from lib.notebook import Parameters

    parameters = Parameters("catalog", "schema", answer_key=answer_key({"1": MEDIANS}))
    part_4.question_1_is_answered(Given({"answer_1": MEDIANS, "parameters": parameters}))
