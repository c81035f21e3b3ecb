"""Streams: made, described, listed, changed, deleted; every answer has botocore's output shape (see the client)."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest
from kinesis_helpers import (
    ACCOUNT,
    become_active,
    iterator,
    new_name,
    refused,
    shards,
    stream_names,
    summary,
    wait_until,
)

pytestmark = pytest.mark.sandbox


def arn(name: str) -> str:
    return f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{name}"


def test_a_stream_is_creating_at_first_and_shows_no_shard_until_it_is_active(client: Any) -> None:
    name = new_name()
    client.create_stream(StreamName=name, ShardCount=3, Tags={"made": "so"})
    described = client.describe_stream(StreamName=name)["StreamDescription"]
    assert described["StreamStatus"] == "ACTIVE" or described["Shards"] == []
    told = become_active(client, name)
    assert told["StreamARN"] == arn(name)
    assert (told["OpenShardCount"], told["RetentionPeriodHours"], told["EncryptionType"]) == (3, 24, "NONE")
    assert told["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert client.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "made", "Value": "so"}]


def test_shards_cover_all_hash_keys_without_a_gap(client: Any, new_stream: Any) -> None:
    ranges = [shard["HashKeyRange"] for shard in shards(client, new_stream(3))]
    assert (ranges[0]["StartingHashKey"], ranges[-1]["EndingHashKey"]) == ("0", str(2**128 - 1))
    for lower, upper in pairwise(ranges):
        assert int(lower["EndingHashKey"]) + 1 == int(upper["StartingHashKey"])


def test_a_stream_on_demand_has_four_shards(client: Any) -> None:
    name = new_name()
    client.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    told = become_active(client, name)
    assert (told["OpenShardCount"], told["StreamModeDetails"]["StreamMode"]) == (4, "ON_DEMAND")
    with refused("ValidationException", f"Request is invalid. Stream {name} under account {ACCOUNT} is in On-Demand"):
        client.update_shard_count(StreamName=name, TargetShardCount=5, ScalingType="UNIFORM_SCALING")
    limits = client.describe_limits()
    assert limits["OnDemandStreamCount"] >= 1
    assert limits["OpenShardCount"] >= 4
    client.update_stream_mode(StreamARN=arn(name), StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert become_active(client, name)["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}


def test_a_second_stream_of_a_name_is_refused(client: Any, stream: str) -> None:
    with refused("ResourceInUseException", f"Stream {stream} under account {ACCOUNT} already exists."):
        client.create_stream(StreamName=stream, ShardCount=1)


def test_more_shards_than_the_account_may_have_are_refused(client: Any) -> None:
    with refused("LimitExceededException", "This request would exceed the shard limit for the account"):
        client.create_stream(StreamName=new_name(), ShardCount=100_000)


@pytest.mark.parametrize(
    "call",
    [
        {"StreamName": "a b", "ShardCount": 1},
        {"StreamName": "", "ShardCount": 1},
        {"StreamName": "a" * 129, "ShardCount": 1},
        {"StreamName": "a", "ShardCount": 0},
        {"StreamName": "a"},
        {"ShardCount": 1},
        {"StreamName": "a", "StreamModeDetails": {"StreamMode": "SOMETIMES"}},
        {"StreamName": "a", "StreamModeDetails": {}},
        {"StreamName": "a", "ShardCount": 1, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
    ],
    ids=str,
)
def test_a_stream_that_breaks_a_constraint_is_refused(client: Any, call: dict[str, Any]) -> None:
    with refused("ValidationException"):
        client.create_stream(**call)


def test_a_broken_constraint_is_told_in_amazons_words(client: Any) -> None:
    words = (
        r"^2 validation errors detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy "
        r"regular expression pattern: \[a-zA-Z0-9_.-\]\+; Value '0' at 'shardCount' failed to satisfy constraint: "
        r"Member must have value greater than or equal to 1$"
    )
    with refused("ValidationException", words):
        client.create_stream(StreamName="a b", ShardCount=0)


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("describe_stream", {}),
        ("describe_stream_summary", {}),
        ("delete_stream", {}),
        ("list_shards", {}),
        ("list_tags_for_stream", {}),
        ("add_tags_to_stream", {"Tags": {"a": "b"}}),
        ("remove_tags_from_stream", {"TagKeys": ["a"]}),
        ("put_record", {"Data": b"x", "PartitionKey": "1"}),
        ("put_records", {"Records": [{"Data": b"x", "PartitionKey": "1"}]}),
        ("split_shard", {"ShardToSplit": "shardId-000000000000", "NewStartingHashKey": "9"}),
        ("merge_shards", {"ShardToMerge": "a", "AdjacentShardToMerge": "b"}),
        ("update_shard_count", {"TargetShardCount": 1, "ScalingType": "UNIFORM_SCALING"}),
        ("increase_stream_retention_period", {"RetentionPeriodHours": 48}),
        ("decrease_stream_retention_period", {"RetentionPeriodHours": 24}),
        ("start_stream_encryption", {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}),
        ("stop_stream_encryption", {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}),
    ],
)
def test_a_stream_that_is_not_there_is_told_by_name_and_by_arn(client: Any, operation: str, more: Any) -> None:
    told = f"^Stream no-such-stream under account {ACCOUNT} not found.$"
    with refused("ResourceNotFoundException", told):
        getattr(client, operation)(StreamName="no-such-stream", **more)
    with refused("ResourceNotFoundException", told):
        getattr(client, operation)(StreamARN=arn("no-such-stream"), **more)
    with refused("InvalidArgumentException"):
        getattr(client, operation)(**more)


def test_a_stream_of_another_account_or_region_is_not_there(client: Any, stream: str) -> None:
    for other in (arn(stream).replace(ACCOUNT, "210987654321"), arn(stream).replace("us-east-1", "eu-west-1")):
        with refused("ResourceNotFoundException", f"Stream {stream} under account .* not found"):
            client.describe_stream_summary(StreamARN=other)


def test_streams_are_listed_by_name_a_page_at_a_time(client: Any, new_stream: Any) -> None:
    made = {new_stream() for _ in range(3)}
    first = client.list_streams(Limit=1)
    assert first["HasMoreStreams"]
    assert first["StreamSummaries"][0]["StreamName"] == first["StreamNames"][0]
    second = client.list_streams(Limit=1, NextToken=first["NextToken"])
    assert (
        second["StreamNames"]
        == client.list_streams(ExclusiveStartStreamName=first["StreamNames"][0])["StreamNames"][:1]
    )
    assert made <= set(stream_names(client))
    assert stream_names(client) == sorted(stream_names(client))


def test_shards_are_described_a_page_at_a_time(client: Any, new_stream: Any) -> None:
    name = new_stream(3)
    first = client.describe_stream(StreamName=name, Limit=2)["StreamDescription"]
    assert (len(first["Shards"]), first["HasMoreShards"]) == (2, True)
    after = first["Shards"][-1]["ShardId"]
    rest = client.describe_stream(StreamName=name, ExclusiveStartShardId=after)["StreamDescription"]
    assert ([shard["ShardId"] for shard in rest["Shards"]], rest["HasMoreShards"]) == (["shardId-000000000002"], False)


def test_a_deleted_stream_goes_and_one_made_anew_is_another(client: Any, new_stream: Any) -> None:
    name = new_stream()
    number = client.put_record(StreamName=name, Data=b"old", PartitionKey="1")["SequenceNumber"]
    place = iterator(client, name)
    client.delete_stream(StreamARN=arn(name))
    wait_until(lambda: name not in stream_names(client), "the stream is gone")
    with refused("ResourceNotFoundException", "Shard shardId-000000000000 in stream .* does not exist"):
        client.get_records(ShardIterator=place)
    client.create_stream(StreamName=name, ShardCount=1)
    become_active(client, name)
    assert client.get_records(ShardIterator=iterator(client, name))["Records"] == []
    with refused("ResourceNotFoundException", "does not exist"):
        client.get_records(ShardIterator=place)
    with refused("InvalidArgumentException", "because it did not come from this stream"):
        iterator(client, name, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)


def test_a_stream_that_is_being_made_cannot_be_used_yet(client: Any) -> None:
    name = new_name()
    client.create_stream(StreamName=name, ShardCount=1)
    with refused("ResourceNotFoundException", f"Stream {name} under account {ACCOUNT} not found."):
        client.put_record(StreamName=name, Data=b"x", PartitionKey="1")
    become_active(client, name)
    client.put_record(StreamName=name, Data=b"x", PartitionKey="1")


def test_retention_is_changed_within_its_bounds(client: Any, new_stream: Any, sandbox: Any) -> None:
    name = new_stream()
    client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
    assert become_active(client, name)["RetentionPeriodHours"] == 48
    told = (
        rf"Requested retention period \(36 hours\) for stream {name} can not be shorter than existing retention period"
    )
    with refused("InvalidArgumentException", told):
        client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=36)
    with refused("InvalidArgumentException", "can not be longer than existing"):
        client.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=72)
    client.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=24)
    assert summary(client, name)["RetentionPeriodHours"] == 24
    with refused("InvalidArgumentException", "Minimum allowed retention period is 24 hours"):
        client.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=23)
    with refused("InvalidArgumentException", "Maximum allowed retention period is 8760 hours"):
        client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=8761)


def test_encryption_is_recorded_and_shown(client: Any, new_stream: Any) -> None:
    name = new_stream()
    key = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    client.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
    told = become_active(client, name)
    assert (told["EncryptionType"], told["KeyId"]) == ("KMS", key)
    assert client.put_record(StreamName=name, Data=b"x", PartitionKey="1")["EncryptionType"] == "KMS"
    assert client.get_records(ShardIterator=iterator(client, name))["Records"][0]["EncryptionType"] == "KMS"
    with refused("InvalidArgumentException"):
        client.stop_stream_encryption(StreamName=name, EncryptionType="NONE", KeyId=key)
    client.stop_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
    assert summary(client, name)["EncryptionType"] == "NONE"


def test_tags_of_both_families_are_the_same_tags(client: Any, new_stream: Any) -> None:
    name = new_stream()
    client.add_tags_to_stream(StreamName=name, Tags={"a": "1", "b": "2"})
    client.tag_resource(ResourceARN=arn(name), Tags={"b": "3", "c": "4"})
    both = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}, {"Key": "c", "Value": "4"}]
    assert client.list_tags_for_resource(ResourceARN=arn(name))["Tags"] == both
    first = client.list_tags_for_stream(StreamName=name, Limit=2)
    assert (first["Tags"], first["HasMoreTags"]) == (both[:2], True)
    rest = client.list_tags_for_stream(StreamName=name, ExclusiveStartTagKey="b")
    assert (rest["Tags"], rest["HasMoreTags"]) == (both[2:], False)
    client.remove_tags_from_stream(StreamName=name, TagKeys=["a", "never"])
    client.untag_resource(ResourceARN=arn(name), TagKeys=["b"])
    assert client.list_tags_for_stream(StreamName=name)["Tags"] == both[2:]


def test_tags_beyond_what_a_stream_may_have_are_refused(client: Any, new_stream: Any) -> None:
    name = new_stream()
    with refused("InvalidArgumentException", "cannot have more than 50 tags"):
        client.add_tags_to_stream(StreamName=name, Tags={str(number): "" for number in range(51)})
    with refused("InvalidArgumentException", "illegal characters"):
        client.add_tags_to_stream(StreamName=name, Tags={"a": "100%"})
    bounds = (
        r"\[Member must have length less than or equal to 128, Member must have length greater than or equal to 1\]$"
    )
    with refused("ValidationException", f"at 'tags' failed to satisfy constraint: Map keys must satisfy .*{bounds}"):
        client.add_tags_to_stream(StreamName=name, Tags={"k" * 129: "v"})
    with refused(
        "ValidationException", f"k\\]' at 'tagKeys' failed to satisfy constraint: Member must satisfy .*{bounds}"
    ):
        client.remove_tags_from_stream(StreamName=name, TagKeys=["k" * 129])
    with refused("ResourceNotFoundException"):
        client.tag_resource(ResourceARN=arn("no-such-stream"), Tags={"a": "b"})


def test_an_operation_that_is_not_served_names_itself(client: Any, stream: str) -> None:
    with refused("NotImplementedException", "does not serve EnableEnhancedMonitoring", status=501):
        client.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    with refused("NotImplementedException", "does not serve RegisterStreamConsumer", status=501):
        client.register_stream_consumer(StreamARN=arn(stream), ConsumerName="c")
    with refused("NotImplementedException", "DryRun", status=501):
        client.put_record(StreamName=stream, Data=b"x", PartitionKey="1", DryRun=True)


def test_a_request_is_refused_unless_its_signature_is_right(kinesis: Any) -> None:
    with refused("UnrecognizedClientException", "The security token included in the request is invalid."):
        kinesis.new_client(access_key="AKIANOBODY").list_streams()
    with refused("InvalidSignatureException", "The request signature we calculated does not match"):
        kinesis.new_client(secret_key="wrong").list_streams()


def test_the_server_idles_without_work(kinesis: Any, client: Any, stream: str) -> None:
    """After reading and writing, a quiet server computes nothing to speak of."""
    import psutil

    client.put_record(StreamName=stream, Data=b"x", PartitionKey="1")
    client.get_records(ShardIterator=iterator(client, stream))
    process = psutil.Process(kinesis.process.pid)
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(2)  # the figure is per time: there is no condition to wait for
    assert (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began) < 0.05
