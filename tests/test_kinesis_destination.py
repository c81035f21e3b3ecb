"""Posting to Kinesis's routes: what is sent, within which limits, and what becomes of each record."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gateway_double import KEY, USER_ID
from hypothesis import given
from hypothesis import strategies as st
from kinesis_double import KinesisDouble
from pydantic import SecretStr

from lib.api_communicator import APICommunicator, BatchOutcome
from lib.entities import ENTITIES, PIN
from lib.errors import (
    ApiKeyRefusedError,
    GatewayError,
    GaveUpError,
    RequestRefusedError,
    UnexpectedAnswerError,
    UnknownStreamError,
    WrongPathError,
)
from lib.kinesis_streams import MOST_BYTES, KinesisStreams, PutRecordRequest, PutRecordsRequest, partition_key
from lib.records import Record
from lib.retry_policy import RetryPolicy

QUICK = RetryPolicy(give_up_after=3, first_wait=0.01, longest_wait=0.05)
IMPATIENT = RetryPolicy(give_up_after=0.2, first_wait=0.01, longest_wait=0.05)
STREAM = f"streaming-{USER_ID}-pin"
THROTTLED = ("ProvisionedThroughputExceededException", "Rate exceeded for shard shardId-000000000001")
FAILED = ("InternalFailure", "Internal Service Failure")


@pytest.fixture
def gateway() -> Iterator[KinesisDouble]:
    with KinesisDouble() as gateway:
        yield gateway


Post = Callable[..., BatchOutcome]


@pytest.fixture
def post(gateway: KinesisDouble) -> Iterator[Post]:
    """Post records of the entity pin, with options of the destination."""

    def post(
        batch: list[Record], outcome: BatchOutcome | None = None, policy: RetryPolicy = QUICK, **options: bool
    ) -> BatchOutcome:
        streams = KinesisStreams(**options)
        key = SecretStr(KEY)
        with APICommunicator(gateway.url, key, USER_ID, destination=streams, policy=policy) as communicator:
            communicator.prepare([PIN])
            return communicator.post(PIN, batch, outcome)

    yield post


def record(position: int, key: int | None = None, size: int = 0) -> Record:
    key = position if key is None else key
    return Record(position, key, b'{"index":%d,"version":%d,"fill":"%b"}' % (key, position, b"x" * size))


def records(*positions: int) -> list[Record]:
    return [record(position) for position in positions]


def positions(found: list[Record]) -> list[int]:
    return sorted(record.position for record in found)


def failing(key: int, *errors: tuple[str, str]) -> Callable[[dict[str, Any]], tuple[str, str] | None]:
    """A verdict on the record with this key, one error a request, then none."""
    left = list(errors)
    return lambda record: left.pop(0) if record["key"] == key and left else None


# What is sent


def test_a_batch_is_one_put_of_records_with_the_row_as_data(gateway: KinesisDouble, post: Post) -> None:
    assert positions(post(records(1, 2)).acknowledged) == [1, 2]
    assert gateway.topics == {STREAM: [(n, {"index": n, "version": n, "fill": ""}) for n in (1, 2)]}
    [(path, headers, count)] = gateway.requests
    assert (path, count) == (f"/prod/streams/{STREAM}/records", 2)
    assert (headers["Content-Type"], headers["x-api-key"]) == ("application/json", KEY)
    assert gateway.routes == [("PUT", "/records")]


def test_the_bodies_are_those_of_the_course() -> None:
    (one,) = batch = [Record(3, 7, b'{"index":7}')]
    assert PutRecordsRequest().body("s", batch) == b'{"records":[{"data":{"index":7},"partition-key":"7"}]}'
    assert PutRecordRequest().body("s", [one]) == b'{"StreamName":"s","Data":{"index":7},"PartitionKey":"7"}'


def test_one_record_is_a_request_each_in_order(gateway: KinesisDouble, post: Post) -> None:
    assert positions(post(records(3, 1, 2), one_record=True).acknowledged) == [1, 2, 3]
    assert gateway.keys("pin") == [3, 1, 2]
    assert gateway.routes == [("PUT", "/record")] * 3


@pytest.mark.parametrize("one_record", [False, True])
def test_what_is_no_json_arrives_as_its_bytes(gateway: KinesisDouble, post: Post, one_record: bool) -> None:
    post([record(1), Record(2, None, b"{'cut", is_json=False)], one_record=one_record)
    assert gateway.topics[STREAM][1] == (2, b"{'cut")


def test_the_partition_key_is_the_rows_key_or_else_the_place() -> None:
    assert [partition_key(record) for record in (record(5, key=7), Record(5, None, b"1"))] == ["7", "5"]


# Limits and order


@given(st.lists(st.tuples(st.none() | st.integers(0, 5), st.sampled_from([2, 1000, 3 << 20])), max_size=30))
def test_a_request_keeps_the_limits_holds_no_key_twice_and_no_record_is_lost(
    drawn: list[tuple[int | None, int]],
) -> None:
    batch = [Record(n, key, b"1" * size) for n, (key, size) in enumerate(drawn)]
    parts = [part for _, part in KinesisStreams().requests(batch)]
    assert positions([record for part in parts for record in part]) == list(range(len(batch)))
    for part in parts:
        keys = [record.key for record in part if record.key is not None]
        assert len(keys) == len(set(keys))
        assert sum(len(record.value) for record in part) <= MOST_BYTES


def test_a_request_holds_at_most_500_records() -> None:
    assert [len(part) for _, part in KinesisStreams().requests(records(*range(1001)))] == [500, 500, 1]


def test_the_versions_of_a_row_stay_in_order_though_the_first_fails(gateway: KinesisDouble, post: Post) -> None:
    gateway.verdict = failing(7, THROTTLED, FAILED)
    post([record(1, key=7), record(2, key=8), record(3, key=7), record(4, key=7)])
    arrived = defaultdict(list)
    for key, value in gateway.topics[STREAM]:
        arrived[key].append(value["version"])
    assert arrived == {7: [1, 3, 4], 8: [2]}


def test_a_record_that_is_too_large_is_refused_alone_with_the_reason(gateway: KinesisDouble, post: Post) -> None:
    outcome = post([*records(1, 2), record(3, size=1 << 20), *records(4, 5)])
    assert positions(outcome.acknowledged) == [1, 2, 4, 5]
    [(refused, reason)] = outcome.refused
    assert refused.position == 3
    assert "1 MiB with its key is the most" in reason
    assert outcome.unsent == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (413, '{"message":"Request Too Long"}'),
        (400, '{"__type":"InvalidArgumentException","message":"Records size exceeds 5 MB limit"}'),
        (400, '{"__type":"ValidationException","message":"at \'records\': Member must have length less than or ..."}'),
    ],
)
def test_a_body_that_is_too_large_is_halved(gateway: KinesisDouble, post: Post, status: int, body: str) -> None:
    gateway.answers.append((status, body, {}))
    assert positions(post(records(1, 2, 3)).acknowledged) == [1, 2, 3]
    assert [count for _, _, count in gateway.requests] == [3, 1, 2]


# Failures of records


def test_only_the_records_that_failed_are_sent_again(gateway: KinesisDouble, post: Post) -> None:
    gateway.verdict = failing(2, THROTTLED, FAILED)
    assert positions(post(records(1, 2, 3)).acknowledged) == [1, 2, 3]
    assert gateway.keys("pin") == [1, 3, 2]
    assert [count for _, _, count in gateway.requests] == [3, 1, 1]


@pytest.mark.parametrize("one_record", [False, True])
def test_throttling_of_a_whole_request_is_tried_again(gateway: KinesisDouble, post: Post, one_record: bool) -> None:
    gateway.answers += [
        (400, '{"__type":"ProvisionedThroughputExceededException","message":"Rate exceeded"}', {}),
        (500, '{"__type":"InternalFailure","message":"Internal Service Failure"}', {}),
        (429, '{"message":"Too Many Requests"}', {}),
        (200, '{"__type":"KMSThrottlingException","message":"Rate exceeded"}', {}),
    ]
    assert positions(post(records(1), one_record=one_record).acknowledged) == [1]
    assert gateway.keys("pin") == [1]


def test_a_record_refused_for_itself_is_told_and_not_sent_again(gateway: KinesisDouble, post: Post) -> None:
    gateway.verdict = failing(2, ("KMSDisabledException", f"the key, not {KEY}"))
    outcome = post(records(1, 2))
    assert [(record.position, reason) for record, reason in outcome.refused] == [
        (2, "KMSDisabledException: the key, not ***")
    ]
    assert len(gateway.requests) == 1


def test_giving_up_tells_what_became_of_each_record(gateway: KinesisDouble, post: Post) -> None:
    gateway.verdict = lambda record: THROTTLED if record["key"] == 2 else None
    outcome = BatchOutcome()
    with pytest.raises(GaveUpError, match=r"Kinesis did not take 1 of 1 records.*--rate"):
        post([*records(1, 2), record(3, key=2)], outcome, IMPATIENT)
    assert (positions(outcome.acknowledged), positions(outcome.unsent)) == ([1], [2, 3])


# Refusals of requests


NOT_FOUND = '{"__type":"ResourceNotFoundException","message":"Stream x under account 123456789012 not found."}'


@pytest.mark.parametrize(
    ("status", "body", "error", "mending"),
    [
        (400, NOT_FOUND, UnknownStreamError, rf"no stream {STREAM}.*--create-streams"),
        (200, NOT_FOUND, UnknownStreamError, rf"no stream {STREAM}.*--create-streams"),
        (
            403,
            '{"message":"Missing Authentication Token"}',
            WrongPathError,
            r"no route PUT /streams/\{stream-name\}/rec",
        ),
        (404, '{"error_code":404,"message":"HTTP 404 Not Found"}', WrongPathError, "no route PUT.*deploy the stage"),
        (405, '{"error_code":405,"message":"HTTP 405"}', WrongPathError, "no route PUT.*aws/api.yaml"),
        (403, '{"message":"Forbidden"}', ApiKeyRefusedError, "API_KEY.*sandbox env"),
        (415, '{"message":"Unsupported Media Type"}', RequestRefusedError, "no mapping template for application/json"),
        (400, '{"message":"Invalid request body"}', RequestRefusedError, "request validation and model"),
        (400, '{"__type":"SerializationException"}', RequestRefusedError, "mapping template and action"),
        (400, '{"__type":"UnknownOperationException"}', RequestRefusedError, "mapping template and action"),
        (
            400,
            '{"__type":"AccessDeniedException","message":"User: ..."}',
            RequestRefusedError,
            "role in the integration",
        ),
        (
            400,
            '{"__type":"ValidationException","message":"Value at \'streamName\' failed to satisfy constraint"}',
            RequestRefusedError,
            "mapping template",
        ),
        (
            400,
            '{"__type":"ValidationException","message":"Value null at \'records\' failed: Member must not be null"}',
            RequestRefusedError,
            "mapping template",
        ),
        (200, '{"StreamNames":[]}', UnexpectedAnswerError, "no answer of PutRecords"),
        (200, '{"Records":[{}]}', UnexpectedAnswerError, "no answer of PutRecords"),
        (200, '{"Records":[]}', UnexpectedAnswerError, "no answer of PutRecords"),
        (200, "", UnexpectedAnswerError, "no answer of PutRecords"),
        (200, "<html>a captive portal</html>", UnexpectedAnswerError, "no answer of PutRecords"),
    ],
)
def test_an_answer_that_no_later_try_changes_is_an_error_at_once_that_says_what_mends_it(
    gateway: KinesisDouble, post: Post, status: int, body: str, error: type[GatewayError], mending: str
) -> None:
    gateway.answers.append((status, body, {}))
    outcome = BatchOutcome()
    with pytest.raises(error, match=mending) as caught:
        post(records(1), outcome)
    assert (type(caught.value), caught.value.status) == (error, status)
    assert len(gateway.requests) == 1
    assert positions(outcome.unsent) == [1]


def test_a_server_error_that_stays_names_template_and_role(gateway: KinesisDouble, post: Post) -> None:
    gateway.answers += [(500, '{"message":"Internal server error"}', {})] * 1000
    with pytest.raises(GaveUpError, match="mapping template or role"):
        post(records(1), policy=IMPATIENT)


# Streams that are not there


def test_streams_that_are_missing_are_made_and_waited_for(gateway: KinesisDouble, post: Post) -> None:
    gateway.missing = {STREAM}
    gateway.statuses += ["CREATING", "CREATING"]
    assert positions(post(records(1), create=True).acknowledged) == [1]
    assert gateway.routes == [("GET", ""), ("POST", ""), *[("GET", "")] * 3, ("PUT", "/records")]


def test_streams_that_are_there_are_not_made(gateway: KinesisDouble, post: Post) -> None:
    post(records(1), create=True)
    assert ("POST", "") not in gateway.routes


def test_making_streams_too_fast_is_tried_again(gateway: KinesisDouble, post: Post) -> None:
    gateway.missing = {STREAM}
    gateway.answers.append((400, '{"__type":"LimitExceededException","message":"Rate exceeded"}', {}))
    assert positions(post(records(1), create=True).acknowledged) == [1]


def test_a_stream_that_never_becomes_active_is_given_up(gateway: KinesisDouble, post: Post) -> None:
    gateway.statuses += ["CREATING"] * 1000
    with pytest.raises(GaveUpError, match=f"The stream {STREAM} is CREATING"):
        post(records(1), create=True, policy=IMPATIENT)


def test_without_being_asked_no_stream_is_made(gateway: KinesisDouble, post: Post) -> None:
    gateway.missing = {STREAM}
    with pytest.raises(UnknownStreamError):
        post(records(1))
    assert gateway.missing == {STREAM}


def test_a_stop_ends_the_waiting_for_a_stream(gateway: KinesisDouble) -> None:
    gateway.statuses += ["CREATING"] * 1000
    stop = threading.Event()
    stop.set()
    streams = KinesisStreams(create=True)
    with (
        APICommunicator(gateway.url, SecretStr(KEY), USER_ID, destination=streams, stop=stop) as communicator,
        pytest.raises(GaveUpError, match="stopped"),
    ):
        communicator.prepare(ENTITIES)
