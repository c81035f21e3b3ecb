"""The checks of part 6: the same rows as a stream."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from lib.checks import Given, require, require_answer, task

_WALKTHROUGH = "6-kinesis-streaming.md"
_ENTITIES = ("pin", "geo", "user")
_HASH_KEYS = 2**128


@task("6.1", "Our template sends JSON, the original does not", f"{_WALKTHROUGH}#3-add-the-routes-to-the-api")
def template_sends_json(given: Given) -> None:
    """`arrived`: what the stream has of each template's record, as text."""
    arrived = given["arrived"]
    require(set(arrived) == {"original", "ours"}, "`arrived` should have a text of each template: original and ours.")
    require(_is_json_object(arrived["ours"]), "What our template sent is no JSON: compare it with `aws/templates`.")
    require(not _is_json_object(arrived["original"]), "The original template should send `{key=value}`: is it ours?")


@task("6.2", "The streaming job filled its tables", f"{_WALKTHROUGH}#7-run-the-streaming-job")
def job_filled_its_tables(given: Given) -> None:
    """`summary`: what `run.summary()` gave, as a pandas DataFrame."""
    rows = {
        str(table): int(count) for table, count in zip(given["summary"]["table"], given["summary"]["rows"], strict=True)
    }
    missing = {f"stream_{name}" for name in _ENTITIES} - set(rows)
    require(not missing, f"The summary lacks {', '.join(sorted(missing))}.")
    empty = sorted(table for table, count in rows.items() if not count)
    require(not empty, f"{', '.join(empty)} is empty: did `streaming-kinesis` end with 0?")


@task("6.3", "Batch and stream agree", f"{_WALKTHROUGH}#check")
def batch_and_stream_agree(given: Given) -> None:
    """`compared`: what `check_parity` gave."""
    found = {row["entity"]: row for row in given["compared"].collect()}
    require(set(found) == set(_ENTITIES), "`compared` should have a row each for pin, geo and user.")
    unlike = sorted(name for name, row in found.items() if row["only_batch"] or row["only_stream"])
    require(
        not unlike,
        f"{', '.join(unlike)}: rows are in one table only. Were all rows sent both ways, and did both jobs run since?",
    )
    require(all(row["stream"] for row in found.values()), "The tables agree because they are empty: send rows first.")


@task("6.4", "Which shard takes a key", f"{_WALKTHROUGH}#8-reshard-a-stream")
def shard_of_a_key(given: Given) -> None:
    """`shard_for(key, shards)`: the ShardId of the open shard that takes a key."""
    shard_for = given["shard_for"]
    shards = _after_a_split()
    for key in ("partition-1", "0", *map(str, range(100, 160))):
        answer = shard_for(key, shards)
        closed = answer == "shardId-000000000000"
        require(not closed, "A closed shard takes no records: it has an EndingSequenceNumber.")
        require(answer == _open_shard(key, shards), f"The key {key!r} goes to another shard than your function says.")
    ends = [_shard(7, _place("a"), _place("a"))]  # so narrow that it takes one key only
    require(shard_for("a", ends) == ends[0]["ShardId"], "Both ends of a range belong to it: compare with `<=`.")


@task("6.5", "Some of them failed", f"{_WALKTHROUGH}#what-goes-wrong")
def some_failed(given: Given) -> None:
    """`to_send_again(records, answer)`: the records that were refused."""
    to_send_again = given["to_send_again"]
    records = [{"Data": str(n).encode(), "PartitionKey": str(n % 2)} for n in range(6)]
    good = {"ShardId": "shardId-000000000000", "SequenceNumber": "1"}
    bad = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded"}
    mixed = {"FailedRecordCount": 2, "Records": [good, bad, good, good, bad, good]}
    require(
        list(to_send_again(records, mixed)) == [records[1], records[4]],
        "Entry n of the answer belongs to record n of the request; a refused one has an `ErrorCode`.",
    )
    fine = {"FailedRecordCount": 0, "Records": [good] * 6}
    require(list(to_send_again(records, fine)) == [], "Nothing failed, and still something is sent again.")


@task("6.6", "Each record once", f"{_WALKTHROUGH}#what-goes-wrong")
def each_record_once(given: Given) -> None:
    """`once`: the practice table's records without repetitions."""
    once, taken = given["once"], given["taken"]
    require({"ind", "text", "shardId", "sequenceNumber"} <= set(once.columns), "`once` should keep all columns.")
    places = [tuple(row) for row in once.select("shardId", "sequenceNumber").collect()]
    require(len(set(places)) == len(places), "A record is there twice: its place is shardId with sequenceNumber.")
    require(len(places) <= taken, "There are more records than the stream has.")
    require(len(places) == taken, "Records are missing: rows that are alike but for their place are two records.")


@task("6.7", "A stream read to its end", f"{_WALKTHROUGH}#5-read-records-back-by-hand")
def stream_read_to_its_end(given: Given) -> None:
    """`everything`: all records of the practice stream."""
    everything, taken = list(given["everything"]), given["taken"]
    numbers = [int(record["SequenceNumber"]) for record in everything]
    require(len(set(numbers)) == len(numbers), "A record is there twice: read each shard once.")
    require(
        len(numbers) >= taken,
        f"There are {len(numbers)} records; the stream has more. `list_shards` gives the closed shards too.",
    )
    last: dict[str, int] = {}
    for record, number in zip(everything, numbers, strict=True):
        key = record["PartitionKey"]
        require(last.get(key, 0) < number, "The records of a key are out of order: read a parent before its children.")
        last[key] = number


@task("6.8", "An answer from the stream", f"{_WALKTHROUGH}#check")
def answer_from_the_stream(given: Given) -> None:
    """`users_per_year`: question 6, from stream_user."""
    require_answer(given, "6", given["users_per_year"])


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _place(key: str) -> int:
    return int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16)


def _open_shard(key: str, shards: Sequence[Mapping[str, Any]]) -> str:
    """The shard that takes a key: of those that are open, their ranges share out all keys."""
    return next(
        str(shard["ShardId"])
        for shard in shards
        if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        and int(shard["HashKeyRange"]["StartingHashKey"]) <= _place(key) <= int(shard["HashKeyRange"]["EndingHashKey"])
    )


def _after_a_split() -> list[dict[str, Any]]:
    """The shards of a stream of two whose first one was split."""
    half, quarter = _HASH_KEYS // 2, _HASH_KEYS // 4
    parent = _shard(0, 0, half - 1) | {
        "SequenceNumberRange": {"StartingSequenceNumber": "1", "EndingSequenceNumber": "2"}
    }
    children = [_shard(2, 0, quarter - 1), _shard(3, quarter, half - 1)]
    return [
        parent,
        _shard(1, half, _HASH_KEYS - 1),
        *[child | {"ParentShardId": parent["ShardId"]} for child in children],
    ]


def _shard(number: int, first: int, last: int) -> dict[str, Any]:
    return {
        "ShardId": f"shardId-{number:012}",
        "HashKeyRange": {"StartingHashKey": str(first), "EndingHashKey": str(last)},
        "SequenceNumberRange": {"StartingSequenceNumber": str(number + 1)},
    }
