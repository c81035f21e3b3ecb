"""The checks of part 0."""

from __future__ import annotations

from lib.checks import Given, require, require_answer, task
from lib.entities import ENTITIES, PIN, USER

START = "README.md#the-six-parts"
SANDBOX = "troubleshooting.md#the-sandbox"
KEY = 42


@task("0.1", "Every stop of the pipeline answers", SANDBOX)
def every_stop_answers(given: Given) -> None:
    """`account`, `post_count`, `topics`, `answer`, `buckets`, `one`, `streams`: what the six services told."""
    require(len(str(given["account"])) == 12, "STS told no account of 12 digits: do the keys of the profile work?")
    require(given["post_count"] > 0, f"{PIN.table} is empty. In the sandbox `sandbox data` fills it.")
    user_id = given.parameter("user_id")
    missing = [entity.topic(user_id) for entity in ENTITIES if entity.topic(user_id) not in given["topics"]]
    require(not missing, f"Kafka has no topic {', '.join(missing)}. In the sandbox `sandbox up` makes them.")
    status = given["answer"].status_code
    require(status == 200, f"The API answered {status}: compare API_INVOKE_URL and API_KEY with `sandbox env`.")
    bucket = given.parameter("bucket")
    require(bucket in given["buckets"], f"S3 has no bucket {bucket}: is BUCKET that of this profile's account?")
    require([tuple(row) for row in given["one"]] == [(1,)], "Spark did not answer 1.")
    require(isinstance(given["streams"], list), "Kinesis told no list of streams.")


@task("0.2", "One post, by its key", START)
def one_post(given: Given) -> None:
    """`post`: the post with index 42, from the names of the columns to their values."""
    post = given["post"]
    require(isinstance(post, dict), f"`post` is a {type(post).__name__}; it should be a dictionary.")
    missing = [column for column in PIN.columns if column not in post]
    require(not missing, f"`post` lacks {', '.join(missing)}: dict(zip(PIN.columns, row)) pairs names with values.")
    (row,) = given["source"].rows_with_keys(PIN, [KEY])
    wrong = [column for column, value in zip(PIN.columns, row, strict=True) if post[column] != value]
    require(not wrong, f"Not the values of post {KEY}: {', '.join(wrong)}.")


@task("0.3", "Every post has a row in each table", START)
def nobody_is_missing(given: Given) -> None:
    """`row_counts`: from the name of each table to its number of rows."""
    counts = given["row_counts"]
    wanted = {entity.table for entity in ENTITIES}
    require(set(counts) == wanted, f"`row_counts` should have the keys {', '.join(sorted(wanted))}.")
    wrong = [entity.table for entity in ENTITIES if counts[entity.table] != given["source"].count(entity)]
    require(not wrong, f"Not the number of rows of {', '.join(wrong)}.")


@task("0.4", "Posts without tags", START)
def posts_without_tags(given: Given) -> None:
    """`untagged`: how many posts have the placeholder of `tag_list`; `untagged_share`: of all posts, 0 to 1."""
    untagged, share = int(given["untagged"]), float(given["untagged_share"])
    require_answer(given, "0_4", untagged)
    posts = given["source"].count(PIN)
    require(0 <= share <= 1, "`untagged_share` should be between 0 and 1, not a percentage.")
    require(abs(share * posts - untagged) < 1e-6 * posts, "`untagged_share` is not `untagged` divided by all posts.")


@task("0.5", "Persons and names", START)
def persons_and_names(given: Given) -> None:
    """`persons`: distinct persons of `user_data`; `names`: distinct full names."""
    persons, names = int(given["persons"]), int(given["names"])
    require_answer(given, "0_5", persons)
    require(0 < names <= persons, "There cannot be more names than persons: a person has one name.")
    rows = given["source"].rows_after(USER, None, given["source"].count(USER))
    first, last = (USER.columns.index(column) for column in ("first_name", "last_name"))
    distinct = len({(row[first], row[last]) for row in rows})
    require(names == distinct, "`names` is not the number of distinct pairs of first_name and last_name.")
