"""Records: written, read back from every kind of place, and refused in Amazon's words."""

from __future__ import annotations

import base64
import hashlib
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from kinesis_helpers import ACCESS_KEY, ACCOUNT, SECRET_KEY, iterator, read_all, read_stream, refused

from sandbox.servers.kinesis.tokens import ShardIterator, milliseconds, open_iterator, seal

pytestmark = pytest.mark.sandbox

MIB = 1 << 20
FIRST = "shardId-000000000000"


def put(client: Any, name: str, data: bytes = b"x", key: str = "1", **more: Any) -> dict[str, Any]:
    return client.put_record(StreamName=name, Data=data, PartitionKey=key, **more)


def post(kinesis: Any, operation: str, body: bytes) -> requests.Response:
    """A signed request with a body that boto3 would not send."""
    headers = {"X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{kinesis.url}/", headers=headers, data=body)
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "kinesis", "us-east-1").add_auth(request)
    return requests.post(request.url, data=body, headers=dict(request.headers), timeout=30)


def test_every_answer_tells_the_second_it_was_given_in(client: Any, stream: str) -> None:
    """A reader takes from it what has arrived by now."""
    until = time.monotonic() + 1.2
    while time.monotonic() < until:
        before = int(time.time())
        answer = client.describe_stream_summary(StreamName=stream)
        told = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
        assert before <= told <= time.time()
        time.sleep(0.02)


def test_a_record_comes_back_as_it_was_written(client: Any, new_stream: Any) -> None:
    name = new_stream()
    data, key = bytes(range(256)), "ключ-🔑"
    before = time.time()
    answer = put(client, name, data, key)
    (record,) = read_all(client, iterator(client, name))
    assert (record["Data"], record["PartitionKey"]) == (data, key)
    assert record["SequenceNumber"] == answer["SequenceNumber"]
    assert abs(record["ApproximateArrivalTimestamp"].timestamp() - before) < 30
    assert answer["ShardId"] == FIRST


def test_an_empty_record_is_a_record(client: Any, new_stream: Any) -> None:
    name = new_stream()
    put(client, name, b"")
    assert [record["Data"] for record in read_all(client, iterator(client, name))] == [b""]


def test_the_md5_of_the_key_picks_the_shard(client: Any, new_stream: Any) -> None:
    name = new_stream(3)
    for key in ("a", "b", "c", "d", "e", "f", "7"):
        expected = int(hashlib.md5(key.encode()).hexdigest(), 16) * 3 >> 128
        assert put(client, name, key=key)["ShardId"] == f"shardId-{expected:012}"


def test_an_explicit_hash_key_beats_the_partition_key(client: Any, stream: str) -> None:
    answers = [put(client, stream, ExplicitHashKey=key) for key in ("0", str(2**127 - 1), str(2**127), str(2**128 - 1))]
    assert [answer["ShardId"][-1] for answer in answers] == ["0", "0", "1", "1"]
    with refused(
        "InvalidArgumentException", r"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: \[0, 2\^128"
    ):
        put(client, stream, ExplicitHashKey=str(2**128))
    with refused("ValidationException", "at 'explicitHashKey' failed to satisfy constraint"):
        put(client, stream, ExplicitHashKey="01")


def test_sequence_numbers_grow_in_a_shard_and_are_unique_in_the_stream(client: Any, new_stream: Any) -> None:
    name = new_stream(2)
    answers = [put(client, name, key=str(number)) for number in range(20)]
    records = [{"Data": b"x", "PartitionKey": str(number)} for number in range(100)]
    answers += client.put_records(StreamName=name, Records=records)["Records"]
    numbers = [answer["SequenceNumber"] for answer in answers]
    assert len(set(numbers)) == 120
    assert {len(number) for number in numbers} == {56}
    for shard in (FIRST, "shardId-000000000001"):
        of_shard = [int(a["SequenceNumber"]) for a in answers if a["ShardId"] == shard]
        assert of_shard == sorted(of_shard)
        assert of_shard == [int(r["SequenceNumber"]) for r in read_all(client, iterator(client, name, shard))]


def test_a_number_to_order_by_must_be_one_of_kinesis(client: Any, stream: str) -> None:
    first = put(client, stream)["SequenceNumber"]
    second = put(client, stream, SequenceNumberForOrdering=first)["SequenceNumber"]
    assert int(second) > int(first)
    with refused("InvalidArgumentException", f"ExclusiveMinimumSequenceNumber 7 used in PutRecord on stream {stream}"):
        put(client, stream, SequenceNumberForOrdering="7")


def test_five_hundred_records_are_written_at_once_and_not_one_more(client: Any, new_stream: Any) -> None:
    name = new_stream(2)
    records = [{"Data": str(number).encode(), "PartitionKey": str(number)} for number in range(500)]
    answer = client.put_records(StreamName=name, Records=records)
    assert (answer["FailedRecordCount"], len(answer["Records"])) == (0, 500)
    assert sorted(int(record["Data"]) for record in read_stream(client, name)) == list(range(500))
    with refused(
        "ValidationException", "at 'records' failed to satisfy constraint: .* length less than or equal to 500"
    ):
        client.put_records(StreamName=name, Records=[*records, records[0]])
    with refused("ValidationException", "at 'records' failed to satisfy constraint: .* greater than or equal to 1"):
        client.put_records(StreamName=name, Records=[])


def test_a_record_of_more_than_a_mebibyte_with_its_key_is_refused(client: Any, new_stream: Any) -> None:
    name = new_stream()
    put(client, name, bytes(MIB - 1))
    told = "Value at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576"
    with refused("ValidationException", told):
        put(client, name, bytes(MIB))
    with refused("ValidationException", "Value at 'records.2.member.data' failed"):
        records = [{"Data": b"x", "PartitionKey": "1"}, {"Data": bytes(MIB), "PartitionKey": "1"}]
        client.put_records(StreamName=name, Records=records)
    assert len(read_all(client, iterator(client, name))) == 1


def test_a_request_of_more_than_ten_mebibytes_is_refused(client: Any, new_stream: Any) -> None:
    name = new_stream()
    with refused("InvalidArgumentException", "Records size exceeds 10 MB limit"):
        client.put_records(StreamName=name, Records=[{"Data": bytes(MIB - 1), "PartitionKey": "1"}] * 11)


def test_a_stream_of_larger_records_takes_them(client: Any, new_stream: Any) -> None:
    name = new_stream(MaxRecordSizeInKiB=3072)
    put(client, name, bytes(3 * MIB - 1))
    assert client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["MaxRecordSizeInKiB"] == 3072
    assert [len(record["Data"]) for record in read_all(client, iterator(client, name))] == [3 * MIB - 1]


def test_a_reading_ends_at_its_limit_and_goes_on_there(client: Any, new_stream: Any) -> None:
    name = new_stream()
    records = [{"Data": str(number).encode(), "PartitionKey": "1"} for number in range(250)]
    client.put_records(StreamName=name, Records=records)
    place, found = iterator(client, name), []
    for expected in (100, 100, 50, 0):
        answer = client.get_records(ShardIterator=place, Limit=100)
        assert len(answer["Records"]) == expected
        assert (answer["MillisBehindLatest"] == 0) == (expected < 100)
        found += answer["Records"]
        place = answer["NextShardIterator"]
    assert [int(record["Data"]) for record in found] == list(range(250))
    for limit in (0, 10_001):
        with refused("ValidationException", "at 'limit' failed to satisfy constraint"):
            client.get_records(ShardIterator=place, Limit=limit)


def test_a_reading_ends_at_ten_mebibytes(client: Any, new_stream: Any) -> None:
    name = new_stream()
    sizes = [MIB - 1] * 9 + [10] * 20 + [MIB - 1] * 9
    for size in sizes:
        put(client, name, bytes(size))
    place: str | None = iterator(client, name)
    lengths: list[list[int]] = []
    while sum(map(len, lengths)) < len(sizes):
        answer = client.get_records(ShardIterator=place)
        lengths.append([len(record["Data"]) for record in answer["Records"]])
        place = answer["NextShardIterator"]
    assert [size for part in lengths for size in part] == sizes
    assert all(sum(part) <= 10 * MIB for part in lengths)
    assert len(lengths) == 2


def test_two_consumers_read_a_shard_independently(client: Any, new_stream: Any) -> None:
    name = new_stream()
    client.put_records(StreamName=name, Records=[{"Data": b"x", "PartitionKey": str(n)} for n in range(300)])
    places = [iterator(client, name), iterator(client, name)]
    counts = [0, 0]
    for turn in range(8):
        one = turn % 2
        answer = client.get_records(ShardIterator=places[one], Limit=(70, 90)[one])
        counts[one] += len(answer["Records"])
        places[one] = answer["NextShardIterator"]
    assert counts == [280, 300]


def test_more_shards_are_read_than_there_are_readers(client: Any, new_stream: Any) -> None:
    name = new_stream(20)
    for number in range(20):
        for data in (b"a", b"b", b"c"):
            put(client, name, data, ExplicitHashKey=str((2**128 * number // 20) + 5))
    places = [iterator(client, name, f"shardId-{number:012}") for number in range(20)]
    for data in (b"a", b"b", b"c"):
        for number, place in enumerate(places):
            answer = client.get_records(ShardIterator=place, Limit=1)
            assert [record["Data"] for record in answer["Records"]] == [data]
            places[number] = answer["NextShardIterator"]


def test_every_kind_of_iterator_begins_where_it_says(client: Any, new_stream: Any) -> None:
    name = new_stream()
    empty_latest = iterator(client, name, kind="LATEST")
    numbers = [put(client, name, data)["SequenceNumber"] for data in (b"a", b"b", b"c")]
    latest = iterator(client, name, kind="LATEST")
    put(client, name, b"d")

    def data_from(place: str) -> bytes:
        return b"".join(record["Data"] for record in read_all(client, place))

    assert data_from(empty_latest) == b"abcd"
    assert data_from(iterator(client, name)) == b"abcd"
    assert data_from(latest) == b"d"
    assert data_from(iterator(client, name, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])) == b"bcd"
    assert data_from(iterator(client, name, kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])) == b"cd"
    start = client.list_shards(StreamName=name)["Shards"][0]["SequenceNumberRange"]["StartingSequenceNumber"]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        assert data_from(iterator(client, name, kind=kind, StartingSequenceNumber=start)) == b"abcd"


def test_an_iterator_at_a_time_begins_with_the_first_record_of_that_time(client: Any, new_stream: Any) -> None:
    name = new_stream()
    for data in (b"a", b"b", b"c"):
        put(client, name, data)
        time.sleep(0.005)  # records of one millisecond cannot be told apart
    times = [record["ApproximateArrivalTimestamp"] for record in read_all(client, iterator(client, name))]

    def data_from(moment: Any) -> bytes:
        place = iterator(client, name, kind="AT_TIMESTAMP", Timestamp=moment)
        return b"".join(record["Data"] for record in read_all(client, place))

    assert data_from(times[1]) == b"bc"
    assert data_from(times[1].timestamp() + 0.001) == b"c"
    assert data_from(0) == b"abc"
    assert data_from(time.time()) == b""
    told = "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis"
    with refused("InvalidArgumentException", told):
        iterator(client, name, kind="AT_TIMESTAMP", Timestamp=time.time() + 3600)
    with refused("InvalidArgumentException"):
        iterator(client, name, kind="AT_TIMESTAMP")


def test_iterators_that_contradict_themselves_are_refused(client: Any, stream: str) -> None:
    number = put(client, stream, ExplicitHashKey="0")["SequenceNumber"]
    told = "Must either specify .* Request specified {} and {} StartingSequenceNumber."
    with refused("InvalidArgumentException", told.format("AT_SEQUENCE_NUMBER", "no")):
        iterator(client, stream, kind="AT_SEQUENCE_NUMBER")
    with refused("InvalidArgumentException", told.format("LATEST", "also a")):
        iterator(client, stream, kind="LATEST", StartingSequenceNumber=number)
    with refused(
        "InvalidArgumentException", f"used in GetShardIterator on shard {FIRST} in stream {stream} .* is invalid"
    ):
        iterator(client, stream, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber="12345")
    encoded = f"It encodes {FIRST}, while it was used in a call to a shard with shardId-000000000001"
    with refused("InvalidArgumentException", encoded):
        iterator(client, stream, "shardId-000000000001", "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    for shard in ("shardId-000000000007", "nonsense"):
        gone = f"Shard {shard} in stream {stream} under account {ACCOUNT} does not exist"
        with refused("ResourceNotFoundException", gone):
            iterator(client, stream, shard)
    with refused(
        "ValidationException", "at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum"
    ):
        iterator(client, stream, kind="SOMEWHERE")


def test_an_iterator_expires_after_five_minutes(client: Any, stream: str) -> None:
    created = open_iterator(iterator(client, stream)).created
    old = seal(ShardIterator(stream, created, 0, 0, milliseconds() - 300_001))
    told = (
        r"^Iterator expired. The iterator was created at time \w{3} \w{3} \d\d [\d:]{8} UTC \d{4} while right now it is"
    )
    with refused("ExpiredIteratorException", told):
        client.get_records(ShardIterator=old)
    young = seal(ShardIterator(stream, created, 0, 0, milliseconds() - 290_000))
    client.get_records(ShardIterator=young)


def test_an_iterator_that_is_none_is_refused(client: Any, stream: str) -> None:
    good = iterator(client, stream)
    other = base64.b64encode(base64.b64decode(good)[:-1] + b"?").decode()
    for text in ("x", "AAAA", good[:-4], other):
        with refused("InvalidArgumentException", "Invalid ShardIterator."):
            client.get_records(ShardIterator=text)
    with refused("InvalidArgumentException", "does not belong"):
        arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/another"
        client.get_records(ShardIterator=good, StreamARN=arn)


@pytest.mark.parametrize(
    ("operation", "body", "told"),
    [
        ("PutRecord", b"hello", None),
        ("PutRecord", b"", None),
        ("PutRecord", b"[]", "Start of list found where not expected"),
        ("PutRecord", b'{"StreamName": {}}', "Start of structure or map found where not expected."),
        ("PutRecord", b'{"StreamName": []}', "Start of list found where not expected"),
        ("PutRecord", b'{"StreamName": 1}', "NUMBER_VALUE can not be converted to a String"),
        ("CreateStream", b'{"ShardCount": "1"}', "STRING_VALUE can not be converted to an Integer"),
        (
            "PutRecords",
            b'{"StreamName": "s", "Records": [{"Data": "string", "PartitionKey": "1"}]}',
            "'string' can not be converted to a Blob: "
            "Base64 encoded length is expected a multiple of 4 bytes but found: 6",
        ),
        ("PutRecords", b'{"StreamName": "s", "Records": "x"}', "Expected list or null"),
    ],
)
def test_a_body_of_another_kind_is_a_serialization_exception(
    kinesis: Any, operation: str, body: bytes, told: str | None
) -> None:
    answer = post(kinesis, operation, body)
    expected = {"__type": "SerializationException"} | ({"Message": told} if told else {})
    assert (answer.status_code, answer.json()) == (400, expected)


def test_whatever_is_missing_is_told_in_amazons_words(kinesis: Any) -> None:
    answer = post(kinesis, "PutRecord", b'{"StreamName": "s"}')
    words = "1 validation error detected: Value null at 'data' failed to satisfy constraint: Member must not be null"
    assert answer.json() == {"__type": "ValidationException", "message": words}


def test_a_record_without_a_key_is_refused(kinesis: Any, stream: str) -> None:
    body = f'{{"StreamName": "{stream}", "Data": "eA=="}}'.encode()
    told = post(kinesis, "PutRecord", body).json()
    assert told["__type"] == "ValidationException"
    assert "Value null at 'partitionKey' failed to satisfy constraint: Member must not be null" in told["message"]


def test_fields_that_nobody_knows_and_nulls_are_let_be(kinesis: Any, stream: str) -> None:
    body = f'{{"StreamName": "{stream}", "Data": "eA==", "PartitionKey": "1", "ExplicitHashKey": null, "New": 1}}'
    assert post(kinesis, "PutRecord", body.encode()).status_code == 200


def test_a_target_of_no_operation_is_unknown(kinesis: Any) -> None:
    answer = post(kinesis, "PutNothing", b"{}")
    assert (answer.status_code, answer.json()) == (400, {"__type": "UnknownOperationException"})
    assert requests.get(kinesis.url, timeout=5).json() == {"__type": "UnknownOperationException"}


def test_a_request_without_a_signature_is_refused(kinesis: Any) -> None:
    headers = {"X-Amz-Target": "Kinesis_20131202.ListStreams"}
    answer = requests.post(kinesis.url, data=b"{}", headers=headers, timeout=5)
    told = {"__type": "MissingAuthenticationTokenException", "message": "Missing Authentication Token"}
    assert (answer.status_code, answer.json()) == (400, told)
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
