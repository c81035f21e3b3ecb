"""Sequence numbers, plans of resharding and the constraints' wording, without a server."""

from __future__ import annotations

import time
from itertools import pairwise
from types import SimpleNamespace

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from confluent_kafka import KafkaError
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.servers.aws.constraints import check
from sandbox.servers.aws.errors import ValidationError
from sandbox.servers.kafka_lane import Stored
from sandbox.servers.kinesis.definition import HASH_KEYS, Definition, first_shards, uniform_ranges
from sandbox.servers.kinesis.puts import PutResult, _result
from sandbox.servers.kinesis.resharding import next_changes, reshard
from sandbox.servers.kinesis.sequence_numbers import SequenceNumbers, shard_of

SECONDS = st.integers(min_value=1_500_000_000, max_value=4_000_000_000)
INDEXES = st.integers(min_value=0, max_value=2**31)
OFFSETS = st.integers(min_value=0, max_value=2**62)


@given(SECONDS, INDEXES, OFFSETS)
def test_a_sequence_number_is_read_back_into_its_offset(created: int, index: int, offset: int) -> None:
    numbers = SequenceNumbers(created, index)
    text = numbers.of_record(offset)
    assert len(text) == 56
    assert numbers.offset(text) == offset
    assert shard_of(text) == index
    assert numbers.offset(numbers.start) == -1
    assert int(numbers.start) < int(text) < int(numbers.of_record(offset + 1))


@given(SECONDS, INDEXES, OFFSETS, OFFSETS)
def test_a_childs_sequence_numbers_are_beyond_its_parents(created: int, index: int, one: int, other: int) -> None:
    parent, child = SequenceNumbers(created, index), SequenceNumbers(created + 1, index + 1)
    assert int(parent.of_end(one)) < int(child.start) < int(child.of_record(other))
    assert parent.offset(child.of_record(other)) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=40), min_size=2, max_size=5))
def test_any_number_of_equal_shards_is_reached_from_any_other(counts: list[int]) -> None:
    now = time.time()
    definition = Definition("s", int(now), "PROVISIONED", "UPDATING", first_shards(counts[0], int(now), now))
    for target in counts[1:]:
        definition = reached(definition, target)
        ranges = [(shard.range.first, shard.range.last) for shard in definition.open_shards]
        assert ranges == [(part.first, part.last) for part in uniform_ranges(target)]
    for shard in definition.shards[counts[0] :]:
        assert len(shard.parents) in (1, 2)
        assert all(definition.shards[parent].created < shard.created for parent in shard.parents)
        assert all(definition.shards[parent].end is not None for parent in shard.parents)


def reached(definition: Definition, target: int) -> Definition:
    definition = Definition(
        definition.name, definition.created, definition.mode, "UPDATING", definition.shards, target=target
    )
    for _ in range(100):
        changes = next_changes(definition)
        if not changes:
            return definition
        parents = [parent for change in changes for parent in change.parents]
        assert len(parents) == len(set(parents))
        definition = reshard(definition, changes, dict.fromkeys(parents, 7), time.time())
    raise AssertionError("no end of changes")


@given(st.integers(min_value=1, max_value=500))
def test_equal_ranges_cover_all_hash_keys(count: int) -> None:
    ranges = uniform_ranges(count)
    assert (ranges[0].first, ranges[-1].last) == ("0", str(HASH_KEYS - 1))
    assert all(int(lower.last) + 1 == int(upper.first) for lower, upper in pairwise(ranges))


def test_records_before_the_horizon_are_gone() -> None:
    now = time.time()
    definition = Definition("s", 1, "PROVISIONED", "ACTIVE", first_shards(1, 1, now), 24, readable_since=now - 10)
    assert definition.horizon(now) == now - 10
    assert definition.horizon(now + 25 * 3600) == now + 3600


def test_a_closed_shard_is_listed_for_as_long_as_its_records_last() -> None:
    now = time.time()
    definition = Definition("s", int(now), "PROVISIONED", "UPDATING", first_shards(2, int(now), now), target=1)
    definition = reshard(definition, next_changes(definition), {0: 5, 1: 5}, now)
    definition = Definition("s", definition.created, "PROVISIONED", "ACTIVE", definition.shards)
    assert [shard.index for shard in definition.listed_shards(now + 3600)] == [0, 1, 2]
    assert [shard.index for shard in definition.listed_shards(now + 25 * 3600)] == [2]


def test_no_more_than_ten_broken_constraints_are_told() -> None:
    model = ServiceModel(Loader().load_service_model("kinesis", "service-2"), "kinesis")
    shape = model.operation_model("PutRecords").input_shape
    records = [{"Data": b"", "PartitionKey": ""} for _ in range(20)]
    with pytest.raises(ValidationError, match=r"^10 validation errors detected: .*records\.1\.member\.partitionKey"):
        check(shape, {"Records": records})


def test_a_record_that_may_not_be_stored_has_no_sequence_number_and_may_be_sent_again() -> None:
    stream = SimpleNamespace(definition=SimpleNamespace(topic="t"), ends={0: 7})
    route = SimpleNamespace(index=0, shard_id="shardId-000000000000", sequence=SequenceNumbers(1_700_000_000, 0))
    unsure = _result(stream, route, KafkaError(KafkaError.REQUEST_TIMED_OUT))
    assert unsure == PutResult(error_code="InternalFailure", error_message="Internal Service Failure")
    assert stream.ends == {}
    assert _result(stream, route, Stored(0, 8)).sequence_number == route.sequence.of_record(8)
