"""Planning against a Kinesis in memory: each record once, whatever the wire does."""

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from fake_kinesis import NOW, STREAM, FakeKinesis, Query, refusal
from pyspark_kinesis.errors import (
    CheckpointMismatchError,
    InvalidOptionError,
    KinesisUnavailableError,
    RecordsTrimmedError,
    RequestRefusedError,
    StreamMissingError,
    StreamRecreatedError,
)
from pyspark_kinesis.offsets import from_json, to_json
from pyspark_kinesis.planned_batch import BYTES_PER_PARTITION, FetchedRecords
from pyspark_kinesis.ranges import ShardRange


@pytest.fixture
def kinesis() -> FakeKinesis:
    return FakeKinesis()


@pytest.fixture
def shard(kinesis: FakeKinesis) -> str:
    return kinesis.add()


def test_records_come_once_and_in_their_order(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1", "2")
    assert query.batch() == ["1", "2"]
    kinesis.put(shard, "3")
    assert query.batch() == ["3"]
    assert query.batch() is None


def test_nothing_is_fetched_twice_though_the_records_are_asked_for_twice(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1", "2")
    end = query.planner.plan(query.offset, 100)
    first = query.rows(query.planner.partitions(query.offset, end))
    assert query.rows(query.planner.partitions(query.offset, end)) == first == [("1", shard), ("2", shard)]
    assert kinesis.given == ["1", "2"]


def test_at_the_tip_each_trigger_asks_each_shard_once(kinesis: FakeKinesis, shard: str) -> None:
    other, query = kinesis.add(), Query(kinesis)
    query.batch()
    for number in range(3):
        kinesis.put(shard, str(number))
        before = kinesis.calls.copy()
        assert query.batch() == [str(number)]
        assert kinesis.calls - before == {"get_records": 2}
    assert other not in query.offset[STREAM].shards


def test_answers_without_records_are_no_end(kinesis: FakeKinesis) -> None:
    kinesis.gaps = 3
    kinesis.put(kinesis.add(), "1", "2")
    assert Query(kinesis).drain() == ["1", "2"]


@pytest.mark.parametrize("most_rows", [1, 2, 3, 7])
def test_a_batch_is_never_larger_than_its_cap(kinesis: FakeKinesis, most_rows: int) -> None:
    shards = [kinesis.add() for _ in range(3)]
    for number in range(20):
        kinesis.put(shards[number % 2], str(number))
    query, sizes = Query(kinesis), []
    while (batch := query.batch(most_rows)) is not None:
        sizes.append(len(batch))
    assert max(sizes) == most_rows
    assert sorted(query.texts, key=int) == [str(number) for number in range(20)]
    assert len(kinesis.given) == 20


def test_a_full_shard_does_not_starve_another(kinesis: FakeKinesis, shard: str) -> None:
    others = [kinesis.add() for _ in range(5)]
    kinesis.put(shard, *map(str, range(1000)))
    for other in others:
        kinesis.put(other, other)
    query = Query(kinesis)
    found = [text for _ in range(7) for text in query.batch(1) or []]
    assert set(others) <= set(found)


def test_a_restart_fetches_a_planned_batch_again_and_nothing_else(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1")
    query.batch()
    kinesis.put(shard, "2", "3")
    end = query.planner.plan(query.offset, 100)
    kinesis.put(shard, "4")
    query.restart()
    partitions = query.planner.partitions(query.offset, end)
    assert [type(partition) for partition in partitions] == [ShardRange]
    assert query.rows(partitions) == [("2", shard), ("3", shard)]
    query.offset = end
    assert query.batch() == ["4"]


@pytest.mark.parametrize("position", ["latest", "earliest"])
def test_a_restart_in_the_first_batch_knows_where_it_began(kinesis: FakeKinesis, shard: str, position: str) -> None:
    query = Query(kinesis, initialPosition=position)
    kinesis.put(shard, "1", "2")
    end = from_json(to_json(query.planner.plan(query.offset, 100)))
    kinesis.now += 60
    kinesis.put(shard, "3")
    query.restart()
    start = query.planner.initial()
    assert query.rows(query.planner.partitions(start, end)) == [("1", shard), ("2", shard)]


def test_latest_begins_at_the_very_moment(kinesis: FakeKinesis, shard: str) -> None:
    kinesis.put(shard, "before, in the same second")
    kinesis.now += 0.1
    query = Query(kinesis, initialPosition="latest")
    kinesis.put(shard, "after")
    assert query.drain() == ["after"]


def test_a_query_from_latest_that_found_nothing_misses_nothing_after_a_restart(
    kinesis: FakeKinesis, shard: str
) -> None:
    query = Query(kinesis, initialPosition="latest")
    assert query.batch() == []
    assert query.batch() is None
    kinesis.put(shard, "while it was stopped")
    kinesis.now += 60
    query.restart()
    assert query.drain() == ["while it was stopped"]


@pytest.mark.parametrize("skew", [-3600.0, 3600.0])
def test_a_clock_that_is_wrong_does_not_move_latest(kinesis: FakeKinesis, shard: str, skew: float) -> None:
    kinesis.put(shard, "long before")
    kinesis.now += 10
    query = Query(kinesis, initialPosition="latest")
    query.planner._clock = lambda: kinesis.now + skew
    query.offset = query.planner.initial()
    kinesis.put(shard, "after")
    assert query.drain() == ["after"]


def test_a_moment_is_where_reading_begins(kinesis: FakeKinesis, shard: str) -> None:
    for second in range(3):
        kinesis.now = NOW + second
        kinesis.put(shard, str(second))
    assert Query(kinesis, initialPosition='{"at_timestamp": "2023-11-14T22:13:21.250Z"}').drain() == ["1", "2"]


def test_a_moment_in_the_future_is_refused(kinesis: FakeKinesis, shard: str) -> None:
    with pytest.raises(InvalidOptionError, match="lies in the future"):
        Query(kinesis, initialPosition='{"at_timestamp": "2024-11-14T22:13:21Z"}')


def test_available_now_reads_what_was_there_and_nothing_later(kinesis: FakeKinesis, shard: str) -> None:
    kinesis.put(shard, *map(str, range(10)))
    query = Query(kinesis)
    query.planner.finish_at_now()
    kinesis.now += 1
    kinesis.put(shard, "later")
    assert query.drain(most_rows=4) == [str(number) for number in range(10)]
    query.restart()
    assert query.drain() == ["later"]


def test_available_now_ends_though_a_producer_goes_on(kinesis: FakeKinesis, shard: str) -> None:
    kinesis.put(shard, *map(str, range(10)))
    query = Query(kinesis)
    query.planner.finish_at_now()
    batches = 0
    while query.batch(3) is not None:
        kinesis.now += 1
        kinesis.put(shard, *["later"] * 5)
        batches += 1
    assert query.texts == [str(number) for number in range(10)]
    assert batches == 4
    assert kinesis.given.count("later") == 2


def test_available_now_leaves_the_later_records_of_a_shard_that_was_closed(kinesis: FakeKinesis, shard: str) -> None:
    kinesis.put(shard, "1")
    query = Query(kinesis)
    query.planner.finish_at_now()
    kinesis.now += 1
    kinesis.put(shard, "later")
    kinesis.put(kinesis.add(shard), "later still")
    assert query.drain() == ["1"]
    query.restart()
    assert query.drain() == ["later", "later still"]


@pytest.mark.parametrize("skew", [-3600.0, 3600.0])
def test_a_clock_that_is_wrong_does_not_move_available_now(kinesis: FakeKinesis, shard: str, skew: float) -> None:
    kinesis.put(shard, "1")
    query = Query(kinesis)
    query.planner._clock = lambda: kinesis.now + skew
    query.planner.finish_at_now()
    kinesis.now += 1
    kinesis.put(shard, "later")
    assert query.drain() == ["1"]


@pytest.mark.parametrize("behind", [0.0, 0.9, 1.6])
def test_a_date_that_the_service_renews_once_in_a_second_hides_nothing_from_available_now(
    kinesis: FakeKinesis, shard: str, behind: float
) -> None:
    kinesis.date_behind = behind
    kinesis.now += 0.4
    kinesis.put(shard, "just now")
    query = Query(kinesis)
    query.planner.finish_at_now()
    assert query.drain() == ["just now"]


@pytest.mark.parametrize("skew", [-0.8, 0.0, 0.8])
def test_a_clock_that_is_a_little_wrong_hides_nothing_from_available_now(
    kinesis: FakeKinesis, shard: str, skew: float
) -> None:
    kinesis.now += 0.9
    kinesis.put(shard, "just now")
    query = Query(kinesis)
    query.planner._clock = lambda: kinesis.now + skew
    query.planner.finish_at_now()
    assert query.drain() == ["just now"]


def test_a_batch_that_is_planned_again_is_the_same(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1", "2")
    assert query.planner.plan(query.offset, 100) == query.planner.plan(query.offset, 100)
    assert query.batch() == ["1", "2"]


def test_available_now_follows_a_reshard_that_was_before_it(kinesis: FakeKinesis, shard: str) -> None:
    kinesis.put(shard, "1")
    left, right = kinesis.add(shard), kinesis.add(shard)
    kinesis.put(left, "2")
    query = Query(kinesis)
    query.planner.finish_at_now()
    kinesis.now += 1
    kinesis.put(right, "later")
    assert query.drain(most_rows=1) == ["1", "2"]


def test_a_batch_without_a_cap_ends_at_its_moment(kinesis: FakeKinesis, shard: str) -> None:
    kinesis.put(shard, *map(str, range(10)))
    assert Query(kinesis).batch(most_rows=None) == [str(number) for number in range(10)]


def test_what_is_beyond_memory_is_left_to_the_tasks(
    kinesis: FakeKinesis, shard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyspark_kinesis.planned_batch.MOST_BYTES", 100)
    kinesis.page = 5
    kinesis.put(shard, *map(str, range(20)))
    query = Query(kinesis)
    end = query.planner.plan(query.offset, None)
    partitions = query.planner.partitions(query.offset, end)
    assert [type(partition) for partition in partitions] == [FetchedRecords, ShardRange]
    assert [text for text, _ in query.rows(partitions)] == [str(number) for number in range(20)]


def test_a_capped_batch_is_bounded_in_bytes_too(
    kinesis: FakeKinesis, shard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyspark_kinesis.planned_batch.MOST_BYTES", 100)
    kinesis.page = 5
    kinesis.put(shard, *map(str, range(20)))
    assert len(Query(kinesis).batch() or []) == 5


def test_a_small_batch_of_many_shards_is_one_task_and_a_large_one_is_several(kinesis: FakeKinesis) -> None:
    shards = [kinesis.add() for _ in range(4)]
    query = Query(kinesis)
    for shard in shards:
        kinesis.put(shard, shard)
    end = query.planner.plan(query.offset, 100)
    assert len(query.planner.partitions(query.offset, end)) == 1
    query.offset = end
    for shard in shards:
        kinesis.put(shard, "x" * (BYTES_PER_PARTITION // 3))
    end = query.planner.plan(query.offset, 100)
    assert len(query.planner.partitions(query.offset, end)) == 2


def test_the_records_of_a_large_batch_travel_small(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, *(f'{{"index": {n}, "category": "christmas", "downloaded": 1}}' for n in range(5_000)))
    (partition,) = query.planner.partitions(query.offset, query.planner.plan(query.offset, 5_000))
    batches = list(partition.batches())
    assert sum(batch.num_rows for batch in batches) == 5_000
    assert len(partition.packed) < sum(batch.nbytes for batch in batches) / 3


def test_an_expired_iterator_is_renewed_from_the_last_record(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1", "2")
    query.batch()
    kinesis.put(shard, "3")
    kinesis.expire_iterators()
    assert query.batch() == ["3"]
    assert kinesis.given == ["1", "2", "3"]


def test_an_iterator_that_expires_before_the_first_record_begins_again(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    query.batch()
    kinesis.put(shard, "1")
    kinesis.expire_iterators()
    assert query.batch() == ["1"]


@pytest.mark.parametrize(
    "error",
    [
        refusal("ProvisionedThroughputExceededException"),
        refusal("LimitExceededException"),
        refusal("InternalFailure", 500),
        ConnectionClosedError(endpoint_url="http://here"),
        ReadTimeoutError(endpoint_url="http://here"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("operation", ["get_records", "get_shard_iterator", "list_shards", "describe_stream_summary"])
def test_what_passes_is_tried_again(kinesis: FakeKinesis, shard: str, operation: str, error: Exception) -> None:
    kinesis.put(shard, "1")
    query = Query(kinesis)
    kinesis.fail(operation, error, error)
    assert query.drain() == ["1"]
    assert len(query.waited) == 2
    assert query.waited[1] >= query.waited[0] / 2


def test_what_does_not_pass_ends_after_the_tries(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.fail("get_records", *[refusal("ProvisionedThroughputExceededException")] * 4)
    with pytest.raises(KinesisUnavailableError, match="get_records of the stream clicks failed 4 times"):
        query.batch()
    assert len(query.waited) == 3


def test_a_refusal_is_told_with_its_code_and_is_not_tried_again(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.fail("get_records", refusal("AccessDeniedException"))
    with pytest.raises(RequestRefusedError, match="AccessDeniedException: told Check the rights") as caught:
        query.batch()
    assert caught.value.code == "AccessDeniedException"
    assert not query.waited


def test_a_missing_stream_is_told(kinesis: FakeKinesis) -> None:
    kinesis.fail("describe_stream_summary", refusal("ResourceNotFoundException"))
    with pytest.raises(StreamMissingError, match="The stream clicks does not exist in us-east-1"):
        Query(kinesis)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_stream_made_anew_is_told(kinesis: FakeKinesis, shard: str, restarted: bool) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1")
    query.batch()
    kinesis.now += 60
    kinesis.recreate()
    if restarted:
        query.restart()
    with pytest.raises(StreamRecreatedError, match="new checkpointLocation"):
        query.batch()


def test_a_planned_batch_of_a_stream_made_anew_is_told(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1")
    end = query.planner.plan(query.offset, 100)
    kinesis.now += 60
    kinesis.recreate()
    query.restart()
    with pytest.raises(StreamRecreatedError):
        query.planner.partitions(query.offset, end)


def test_a_checkpoint_of_another_stream_is_told(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    query.offset = {"other": query.offset[STREAM]}
    with pytest.raises(CheckpointMismatchError, match="is of the streams other, and the options name clicks"):
        query.batch()


def test_records_trimmed_before_they_were_read_are_told(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1")
    query.batch()
    kinesis.put(shard, "lost", "3")
    kinesis.shards[shard].trimmed = 2
    query.restart()
    with pytest.raises(RecordsTrimmedError, match="failOnDataLoss"):
        query.batch()


def test_records_trimmed_before_they_were_read_can_be_passed_over(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis, failOnDataLoss="false")
    kinesis.put(shard, "1")
    query.batch()
    kinesis.put(shard, "lost", "3")
    kinesis.shards[shard].trimmed = 2
    query.restart()
    assert query.batch() == ["3"]


def test_a_restart_looks_whether_the_last_record_is_still_there(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1")
    query.batch()
    kinesis.put(shard, "2")
    query.restart()
    assert query.batch(most_rows=1) == ["2"]
    assert kinesis.given == ["1", "1", "2"]


def test_a_planned_batch_whose_records_are_trimmed_is_told(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1", "2")
    end = query.planner.plan(query.offset, 100)
    kinesis.put(shard, "3")
    kinesis.shards[shard].trimmed = 2
    query.restart()
    with pytest.raises(RecordsTrimmedError):
        query.rows(query.planner.partitions(query.offset, end))


def test_a_shard_that_expired_before_it_was_drained_is_told(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1", "2")
    query.batch(most_rows=1)
    kinesis.add(shard)
    del kinesis.shards[shard]
    query.restart()
    with pytest.raises(RecordsTrimmedError, match=shard):
        query.batch()


def test_lag_is_told_and_changes_no_offset(kinesis: FakeKinesis, shard: str) -> None:
    query = Query(kinesis)
    kinesis.put(shard, "1", "2")
    query.batch(most_rows=1)
    assert query.planner.lag() == {STREAM: {"millisBehindLatest": 7000, "shards": {shard: 7000}}}
    query.drain()
    assert query.planner.lag() == {STREAM: {"millisBehindLatest": 0, "shards": {shard: 0}}}
    assert query.batch() is None
