"""Shards split, merged and brought to a number: lineage, closing, filters, and nothing lost or twice under load."""

from __future__ import annotations

import threading
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from kinesis_helpers import ACCOUNT, become_active, iterator, read_stream, refused, shards

pytestmark = pytest.mark.sandbox

HASH_KEYS = 2**128


def shard(number: int) -> str:
    return f"shardId-{number:012}"


def split(client: Any, name: str, number: int, key: int) -> None:
    client.split_shard(StreamName=name, ShardToSplit=shard(number), NewStartingHashKey=str(key))
    become_active(client, name)


def merge(client: Any, name: str, one: int, other: int) -> None:
    client.merge_shards(StreamName=name, ShardToMerge=shard(one), AdjacentShardToMerge=shard(other))
    become_active(client, name)


def open_shards(client: Any, name: str) -> list[dict[str, Any]]:
    found = [s for s in shards(client, name) if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
    return sorted(found, key=lambda s: int(s["HashKeyRange"]["StartingHashKey"]))


def listed(client: Any, name: str, **more: Any) -> list[int]:
    return [int(s["ShardId"][-12:]) for s in client.list_shards(StreamName=name, **more)["Shards"]]


def test_a_split_puts_two_shards_in_the_place_of_one(client: Any, new_stream: Any) -> None:
    name = new_stream()
    number = client.put_record(StreamName=name, Data=b"before", PartitionKey="1")["SequenceNumber"]
    place = iterator(client, name)
    split(client, name, 0, HASH_KEYS // 4)
    parent, lower, upper = shards(client, name)
    assert int(parent["SequenceNumberRange"]["EndingSequenceNumber"]) > int(number)
    assert [child["ParentShardId"] for child in (lower, upper)] == [shard(0), shard(0)]
    assert lower["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(HASH_KEYS // 4 - 1)}
    assert upper["HashKeyRange"] == {"StartingHashKey": str(HASH_KEYS // 4), "EndingHashKey": str(HASH_KEYS - 1)}
    for child in (lower, upper):
        start = int(child["SequenceNumberRange"]["StartingSequenceNumber"])
        assert start > int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
    answer = client.get_records(ShardIterator=place)
    assert [record["Data"] for record in answer["Records"]] == [b"before"]
    assert "NextShardIterator" not in answer
    assert [child["ShardId"] for child in answer["ChildShards"]] == [shard(1), shard(2)]
    assert answer["ChildShards"][0]["ParentShards"] == [shard(0)]


def test_a_merge_puts_one_shard_in_the_place_of_two(client: Any, new_stream: Any) -> None:
    name = new_stream(3)
    with refused("InvalidArgumentException", "are not an adjacent pair of shards eligible for merging"):
        client.merge_shards(StreamName=name, ShardToMerge=shard(0), AdjacentShardToMerge=shard(2))
    merge(client, name, 0, 1)
    child = shards(client, name)[-1]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (shard(0), shard(1))
    assert len(open_shards(client, name)) == 2
    assert client.put_record(StreamName=name, Data=b"x", PartitionKey="1", ExplicitHashKey="0")["ShardId"] == shard(3)
    closed = client.get_records(ShardIterator=iterator(client, name, shard(1), "LATEST"))
    assert closed["ChildShards"][0]["ParentShards"] == [shard(0), shard(1)]
    assert "NextShardIterator" not in closed


def test_children_can_be_read_before_anything_is_put_into_them(client: Any, new_stream: Any) -> None:
    name = new_stream(1)
    client.put_record(StreamName=name, Data=b"1", PartitionKey="k")
    assert len(read_stream(client, name)) == 1
    client.split_shard(
        StreamName=name, ShardToSplit=shards(client, name)[0]["ShardId"], NewStartingHashKey=str(1 << 127)
    )
    become_active(client, name)
    assert len(read_stream(client, name)) == 1


def test_what_cannot_be_split_or_merged_is_told_in_amazons_words(client: Any, new_stream: Any) -> None:
    name = new_stream(2)
    arguments = {"StreamName": name, "ShardToSplit": shard(0)}
    for key in (0, 1, HASH_KEYS // 2 - 1, HASH_KEYS - 1):
        with refused("InvalidArgumentException", f"NewStartingHashKey {key} used in SplitShard.. on shard {shard(0)}"):
            client.split_shard(**arguments, NewStartingHashKey=str(key))
    with refused(
        "ResourceNotFoundException", f"Could not find shard {shard(9)} in stream {name} under account {ACCOUNT}."
    ):
        client.split_shard(StreamName=name, ShardToSplit=shard(9), NewStartingHashKey="9")
    with refused("ValidationException", "at 'newStartingHashKey' failed"):
        client.split_shard(**arguments, NewStartingHashKey="-1")
    client.split_shard(**arguments, NewStartingHashKey="1000")
    with refused(
        "ResourceInUseException", f"Stream {name} under account {ACCOUNT} not ACTIVE, instead in state UPDATING"
    ):
        client.delete_stream(StreamName=name)
    become_active(client, name)
    with refused("InvalidArgumentException", "has already been merged or split"):
        client.split_shard(**arguments, NewStartingHashKey="1000")


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 3), (3, 2), (4, 6), (5, 3)])
def test_a_stream_comes_to_a_number_of_equal_shards(client: Any, new_stream: Any, before: int, after: int) -> None:
    name = new_stream(before)
    answer = client.update_shard_count(StreamName=name, TargetShardCount=after, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (before, after)
    told = become_active(client, name)
    assert told["OpenShardCount"] == after
    ranges = [
        (int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"]))
        for s in open_shards(client, name)
    ]
    assert ranges == [(HASH_KEYS * n // after, HASH_KEYS * (n + 1) // after - 1) for n in range(after)]
    for child in shards(client, name)[before:]:
        assert "ParentShardId" in child


def test_a_number_of_shards_beyond_the_limits_is_refused(client: Any, new_stream: Any) -> None:
    name = new_stream(4)
    for target, told in (
        (9, "scale up over double"),
        (1, "scale down below half"),
        (501, "cannot be greater than 500"),
    ):
        with refused("LimitExceededException", f"{told}.* Current open shard count: 4, Target shard count: {target}"):
            client.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")


def test_shards_are_listed_by_page_and_by_filter(client: Any, new_stream: Any) -> None:
    name = new_stream(2)
    told = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    split(client, name, 0, 1000)
    first = client.list_shards(StreamName=name, MaxResults=3)
    rest = client.list_shards(NextToken=first["NextToken"])
    assert [len(first["Shards"]), len(rest["Shards"])] == [3, 1]
    assert listed(client, name, ExclusiveStartShardId=shard(1)) == [2, 3]
    assert listed(client, name, ShardFilter={"Type": "AFTER_SHARD_ID", "ShardId": shard(2)}) == [3]
    assert listed(client, name, ShardFilter={"Type": "AT_LATEST"}) == [1, 2, 3]
    assert listed(client, name, ShardFilter={"Type": "AT_TRIM_HORIZON"}) == [0, 1]
    assert listed(client, name, ShardFilter={"Type": "FROM_TRIM_HORIZON"}) == [0, 1, 2, 3]
    assert listed(client, name, ShardFilter={"Type": "AT_TIMESTAMP", "Timestamp": told["StreamCreationTimestamp"]}) == [
        0,
        1,
    ]
    assert listed(client, name, StreamCreationTimestamp=told["StreamCreationTimestamp"]) == [0, 1, 2, 3]
    filtered = client.list_shards(StreamName=name, MaxResults=1, ShardFilter={"Type": "AT_LATEST"})
    after = client.list_shards(NextToken=filtered["NextToken"])
    assert [int(s["ShardId"][-1]) for s in after["Shards"]] == [2, 3]


def test_listings_that_contradict_themselves_are_refused(client: Any, new_stream: Any) -> None:
    name = new_stream(2)
    token = client.list_shards(StreamName=name, MaxResults=1)["NextToken"]
    with refused("InvalidArgumentException", "^NextToken and StreamName cannot be provided together.$"):
        client.list_shards(StreamName=name, NextToken=token)
    with refused("InvalidArgumentException", "^Either NextToken or StreamName should be provided.$"):
        client.list_shards()
    with refused("InvalidArgumentException", "Invalid NextToken"):
        client.list_shards(NextToken="nonsense")
    with refused("ResourceNotFoundException"):
        client.list_shards(StreamName=name, StreamCreationTimestamp=1)
    with refused("InvalidArgumentException", "Timestamp must be specified"):
        client.list_shards(StreamName=name, ShardFilter={"Type": "AT_TIMESTAMP"})


class Writers:
    """Writes numbered records under every key from several clients until told to stop; knows what was answered."""

    def __init__(self, kinesis: Any, name: str, count: int = 2) -> None:
        self.sent: dict[str, list[int]] = defaultdict(list)
        self.numbers: list[str] = []
        self.stop = threading.Event()
        self.errors: list[BaseException] = []
        clients = [kinesis.new_client() for _ in range(count)]
        self.threads = [
            threading.Thread(target=self.write, args=(client, name, writer)) for writer, client in enumerate(clients)
        ]

    def write(self, client: Any, name: str, writer: int) -> None:
        number = 0
        try:
            while not self.stop.is_set():
                keys = [f"{writer}-{key}" for key in range(10)]
                records = [{"Data": str(number).encode(), "PartitionKey": key} for key in keys]
                answer = client.put_records(StreamName=name, Records=records)
                assert answer["FailedRecordCount"] == 0
                for key, told in zip(keys, answer["Records"], strict=True):
                    self.sent[key].append(number)
                    self.numbers.append(told["SequenceNumber"])
                number += 1
        except BaseException as error:
            self.errors.append(error)

    def __enter__(self) -> Writers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def follow(client: Any, name: str, done: threading.Event) -> list[dict[str, Any]]:
    """Read a stream as a consumer does: a shard to its end, then the children whose parents are all read."""
    first = client.list_shards(StreamName=name, ShardFilter={"Type": "AT_TRIM_HORIZON"})["Shards"]
    places: dict[str, str] = {s["ShardId"]: iterator(client, name, s["ShardId"]) for s in first}
    read: set[str] = set()
    found: list[dict[str, Any]] = []
    while places:
        last_round = done.is_set()
        fresh = 0
        for current in list(places):
            answer = client.get_records(ShardIterator=places[current], Limit=1000)
            found += answer["Records"]
            fresh += len(answer["Records"])
            if "NextShardIterator" in answer:
                places[current] = answer["NextShardIterator"]
                continue
            del places[current]
            read.add(current)
            fresh += 1
            for child in answer["ChildShards"]:
                if set(child["ParentShards"]) <= read:
                    places[child["ShardId"]] = iterator(client, name, child["ShardId"])
        if last_round and not fresh:
            break
    return found


def require_once_and_in_order(writers: Writers, found: list[dict[str, Any]]) -> None:
    assert not writers.errors
    by_key: dict[str, list[int]] = defaultdict(list)
    for record in found:
        by_key[record["PartitionKey"]].append(int(record["Data"]))
    assert by_key == writers.sent
    assert sorted(record["SequenceNumber"] for record in found) == sorted(writers.numbers)
    assert len(set(writers.numbers)) == len(writers.numbers)


def reshard_under_load(kinesis: Any, name: str, rounds: int) -> None:
    client, done, found = kinesis.new_client(), threading.Event(), []
    consumer = threading.Thread(target=lambda: found.extend(follow(kinesis.new_client(), name, done)))
    with Writers(kinesis, name) as writers:
        consumer.start()
        for _ in range(rounds):
            lower = open_shards(client, name)[0]
            middle = (int(lower["HashKeyRange"]["StartingHashKey"]) + int(lower["HashKeyRange"]["EndingHashKey"])) // 2
            split(client, name, int(lower["ShardId"][-12:]), middle)
            one, other = open_shards(client, name)[1:3]
            merge(client, name, int(one["ShardId"][-12:]), int(other["ShardId"][-12:]))
            count = len(open_shards(client, name))
            client.update_shard_count(StreamName=name, TargetShardCount=count + 1, ScalingType="UNIFORM_SCALING")
            become_active(client, name)
            client.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
            become_active(client, name)
    done.set()
    consumer.join()
    require_once_and_in_order(writers, found)
    require_closed_shards_end(client, name)


def require_closed_shards_end(client: Any, name: str) -> None:
    """No record of a closed shard lies beyond its ending sequence number, and lineages cover all hash keys."""
    for closed in shards(client, name):
        numbers = closed["SequenceNumberRange"]
        answer = client.get_records(ShardIterator=iterator(client, name, closed["ShardId"]))
        for record in answer["Records"]:
            assert int(numbers["StartingSequenceNumber"]) < int(record["SequenceNumber"])
            assert int(record["SequenceNumber"]) < int(numbers.get("EndingSequenceNumber", 10**60))
    ranges = [
        (int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"]))
        for s in open_shards(client, name)
    ]
    assert (ranges[0][0], ranges[-1][1]) == (0, HASH_KEYS - 1)
    assert all(lower[1] + 1 == upper[0] for lower, upper in pairwise(ranges))


def test_splits_and_merges_under_load_lose_nothing_double_nothing_and_keep_the_order(
    kinesis: Any, new_stream: Any
) -> None:
    reshard_under_load(kinesis, new_stream(2), rounds=2)


@pytest.mark.full
def test_many_splits_and_merges_under_load(kinesis: Any, new_stream: Any) -> None:
    reshard_under_load(kinesis, new_stream(2), rounds=15)
