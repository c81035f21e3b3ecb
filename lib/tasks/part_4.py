"""The checks of part 4."""

from __future__ import annotations

from lib.checks import Given, require, require_answer, task
from lib.queries import QUESTIONS

RUN = "4-databricks-etl.md#8-run-the-notebooks"
CHECK = "4-databricks-etl.md#check"
WRONG = "4-databricks-etl.md#what-goes-wrong"

_CLEANED = ("clean", "duplicates", "conflicts", "invalid")


@task("4.1", "Every line that had landed is in the raw tables", RUN)
def every_line_is_loaded(given: Given) -> None:
    """`lines_landed`: the pins in the bucket before the load; `lines_loaded`: those loaded, readable or not."""
    landed, loaded = given["lines_landed"], given["lines_loaded"]
    require(landed > 0, "No pin has landed yet: post rows (part 3), and wait until the sink has written them (part 2).")
    require(
        loaded >= landed,
        f"{landed} lines had landed, but only {loaded} are loaded. Does `raw_path` lead to the folder above the "
        "topics' folders, with all partitions below? Run the cell with `load_data` again, then the one that counts.",
    )


@task("4.2", "The clean tables account for every raw row", RUN)
def every_raw_row_is_accounted_for(given: Given) -> None:
    """`cleaned`: a row an entity, as `lib.jobs.clean` counts."""
    rows = {row["entity"]: row for row in given["cleaned"]}
    require(set(rows) == {"pin", "geo", "user"}, "`cleaned` should hold a row for each of pin, geo and user.")
    for entity, row in rows.items():
        require(row["clean"] > 0, f"The table `{entity}` is empty: load the raw tables first.")
        parts = sum(row[column] for column in _CLEANED)
        require(row["raw"] == parts, f"{entity}: {row['raw']} raw rows, but {parts} are accounted for: clean it again.")


@task("4.3", "The ten answers are right", CHECK)
def the_answers_are_right(given: Given) -> None:
    """`answers`: the rows of each answer table, by the question's name."""
    answers = given["answers"]
    for question in QUESTIONS:
        require(question in answers, f"The answer to {question} is missing: run `query_data`, then read its tables.")
        require_answer(given, question, answers[question])


@task("4.4", "The share that partition 0 loses", WRONG)
def the_lost_share_is_right(given: Given) -> None:
    """`lost_share`: the share of the lines in other partitions than 0, of `lines_per_partition`."""
    share, lines = given["lost_share"], given["lines_per_partition"]
    require(isinstance(share, int | float), "`lost_share` should be a number.")
    require(0 <= share <= 1, "`lost_share` should be a share, from 0 to 1, and no percentage.")
    kept = lines.get(0, 0) / sum(lines.values())
    require(
        abs(share - kept) > 1e-6 or abs(2 * kept - 1) < 1e-6,
        "That is the share that partition 0 keeps; the others are lost.",
    )
    require(abs(share - (1 - kept)) < 1e-6, "Divide the lines of the other partitions by the lines of all.")


@task("4.5", "Question 1: the most popular category in each country", CHECK)
def question_1_is_answered(given: Given) -> None:
    """`answer_1`: country, category, category_count."""
    require_answer(given, "1", given["answer_1"])


@task("4.6", "Question 5: the median of followers by age group, per person and per post", CHECK)
def question_5_is_answered_twice(given: Given) -> None:
    """`answer_5` and `answer_5_per_post`: age_group, median_follower_count."""
    require_answer(given, "5", given["answer_5"])
    require_answer(given, "5_per_post", given["answer_5_per_post"])


@task("4.7", "Question 8: the median of followers by age group and joining year", CHECK)
def question_8_is_answered(given: Given) -> None:
    """`answer_8`: age_group, join_year, median_follower_count."""
    require_answer(given, "8", given["answer_8"])


@task("4.8", "How many people share a name", CHECK)
def people_who_share_a_name_are_counted(given: Given) -> None:
    """`people_sharing_a_name`: persons, not names."""
    require_answer(given, "shared_names", given["people_sharing_a_name"])


@task("4.9", "The median of followers by age group, of people with one post", CHECK)
def the_number_of_posts_is_held_fixed(given: Given) -> None:
    """`answer_5_single_post`: age_group, median_follower_count."""
    require_answer(given, "5_single_post", given["answer_5_single_post"])
