"""Kinesis's streams as a destination: `PUT /streams/streaming-{USER_ID}-{entity}/records`, the course's routes.

The gateway's mapping templates (aws/templates) turn a row into Data and encode it in base64, so that a stream holds
the same JSON text as a topic. A text that is no JSON goes as `base64`, which the templates pass on as it is.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar

import requests

from lib.destination import Destination, RequestForm
from lib.entities import Entity
from lib.gateway_answers import RecordVerdict
from lib.gateway_connection import GatewayConnection
from lib.kinesis_answers import PUT_RECORD, PUT_RECORDS, record_verdict, records_verdicts
from lib.records import Record
from lib.stream_creation import HEADERS, StreamCreation

MOST_RECORDS = 500
# Newer streams take 10 MiB a request; whoever sends 5 is within the limit of every one.
MOST_BYTES = 5 << 20


class PutRecordsRequest(RequestForm):
    """Up to 500 records, each with a verdict of its own."""

    method: ClassVar[str] = PUT_RECORDS.method
    headers = HEADERS

    def path(self, target: str) -> str:
        """`/streams/{stream-name}/records`."""
        return PUT_RECORDS.path(target)

    def body(self, target: str, records: Sequence[Record]) -> bytes:  # noqa: ARG002  (the path names the stream)
        """`{"records": [{"data": ..., "partition-key": "..."}, ...]}`."""
        return b'{"records":[' + b",".join([_item(record) for record in records]) + b"]}"

    def verdicts(self, response: requests.Response, count: int, secret: str) -> Sequence[RecordVerdict]:
        """By the list of records."""
        return records_verdicts(response, count, secret)


class PutRecordRequest(RequestForm):
    """One record, as the course's client sent it."""

    method: ClassVar[str] = PUT_RECORD.method
    headers = HEADERS

    def path(self, target: str) -> str:
        """`/streams/{stream-name}/record`."""
        return PUT_RECORD.path(target)

    def body(self, target: str, records: Sequence[Record]) -> bytes:
        """`{"StreamName": "...", "Data": ..., "PartitionKey": "..."}`."""
        (record,) = records
        name, data = (b'"Data"', record.value) if record.is_json else (b'"Base64"', _quoted_base64(record))
        key = partition_key(record).encode()
        return b'{"StreamName":"%b",%b:%b,"PartitionKey":"%b"}' % (target.encode(), name, data, key)

    def verdicts(self, response: requests.Response, count: int, secret: str) -> Sequence[RecordVerdict]:  # noqa: ARG002
        """One."""
        return [record_verdict(response, secret)]


class KinesisStreams(Destination):
    """The streams `streaming-{USER_ID}-{entity}`.

    PutRecords promises no order within a request, and sends a refused record again after its successors. So a
    request holds no key twice: the versions of a row follow one another in requests, and stay in order.
    """

    service = "Kinesis"
    command = "streaming-kinesis"
    dead_letter_file = "dead_letters_kinesis.jsonl"

    def __init__(self, *, one_record: bool = False, create: bool = False) -> None:
        """`one_record`: a request a record, by PutRecord; `create`: make streams that are missing before the first."""
        self._one_record = one_record
        self._create = create

    def target(self, entity: Entity, user_id: str) -> str:
        """The stream."""
        return entity.stream(user_id)

    def requests(self, records: Sequence[Record]) -> Iterator[tuple[RequestForm, list[Record]]]:
        """Within the limits of the service: 500 records and 5 MiB a request."""
        if self._one_record:
            yield from ((PutRecordRequest(), [record]) for record in records)
            return
        for distinct in _without_repeated_keys(records):
            yield from ((PutRecordsRequest(), part) for part in _within_limits(distinct))

    def prepare(self, gateway: GatewayConnection, targets: Sequence[str]) -> None:
        """Make the streams that are missing, if told to."""
        if self._create:
            StreamCreation(gateway).ensure(targets)


def partition_key(record: Record) -> str:
    """The row's key, as in Kafka: it spreads over the shards, and all versions of a row meet in one.

    A record without a key gets its place in the order, for Kinesis wants one.
    """
    return str(record.position if record.key is None else record.key)


def _item(record: Record) -> bytes:
    name, data = (b'"data"', record.value) if record.is_json else (b'"base64"', _quoted_base64(record))
    return b'{%b:%b,"partition-key":"%b"}' % (name, data, partition_key(record).encode())


def _quoted_base64(record: Record) -> bytes:
    return b'"' + base64.b64encode(record.value) + b'"'


def _without_repeated_keys(records: Sequence[Record]) -> list[list[Record]]:
    """The first record of each key, then the second ones, and so on; those without a key are among the first."""
    seen: Counter[int] = Counter()
    rounds: list[list[Record]] = [[]]
    for record in records:
        number = 0 if record.key is None else seen[record.key]
        if record.key is not None:
            seen[record.key] += 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(record)
    return rounds


def _within_limits(records: Sequence[Record]) -> Iterator[list[Record]]:
    """The records in order, in parts that a request may hold; one that is larger by itself is a part of its own."""
    part: list[Record] = []
    size = 0
    for record in records:
        length = len(record.value) + len(partition_key(record))
        if part and (len(part) == MOST_RECORDS or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(record)
        size += length
    if part:
        yield part
