"""The body of a produce request, read into what Kafka is handed."""

import base64
import binascii
from typing import Any

from sandbox.servers.rest_proxy.errors import InvalidRecordsError, UnrecognizedFieldError
from sandbox.servers.rest_proxy.exact_json import Encoder, decode
from sandbox.servers.rest_proxy.media_types import EmbeddedFormat

# Key bytes, value bytes (None: no key; a value of None deletes the key from a compacted topic), partition.
Record = tuple[bytes | None, bytes | None, int]

ANY_PARTITION = -1
_REQUEST_FIELDS = {"records", "key_schema", "key_schema_id", "value_schema", "value_schema_id"}
_RECORD_FIELDS = {"key", "value", "partition"}
_LARGEST_PARTITION = 2**31 - 1


def parse_records(body: bytes, embedded: EmbeddedFormat, partition: int | None = None) -> list[Record]:
    """Read ``{"records": [{"key": ..., "value": ..., "partition": ...}, ...]}``.

    Args:
        body: the request's body.
        embedded: how it holds keys and values.
        partition: the partition that the request's path names; then a record may not name one itself.

    Returns:
        The records in their order. JSON values are written compactly, numbers as exact as they came.

    Raises:
        MalformedJsonError: the body is not JSON.
        InvalidRecordsError: records or values are missing or of another type; the message names the field.
        UnrecognizedFieldError: the body has other fields.
    """
    document, encode_json = decode(body)
    known = _RECORD_FIELDS if partition is None else _RECORD_FIELDS - {"partition"}
    encode = encode_json if embedded is EmbeddedFormat.JSON else _decode_base64
    place = ANY_PARTITION if partition is None else partition
    return [_record(index, item, encode, known, place) for index, item in enumerate(_records_of(document))]


def _records_of(document: Any) -> list[Any]:
    if not isinstance(document, dict):
        raise InvalidRecordsError('The body must be an object: {"records":[{"value":...}]}')
    if "records" not in document:
        raise InvalidRecordsError("records is missing.")
    _refuse_unknown(document.keys() - _REQUEST_FIELDS)
    records = document["records"]
    if not isinstance(records, list) or not records:
        raise InvalidRecordsError("records must be a list that is not empty.")
    return records


def _record(index: int, item: Any, encode: Encoder, known: set[str], place: int) -> Record:
    if not isinstance(item, dict):
        raise InvalidRecordsError(f"records[{index}] must be an object.")
    if "value" not in item:
        raise InvalidRecordsError(f"records[{index}].value is missing.")
    if not item.keys() <= known:
        _refuse_unknown(item.keys() - known)
    key, value = item.get("key"), item["value"]
    try:
        encoded_key = None if key is None else encode(key)
        encoded_value = None if value is None else encode(value)
    except binascii.Error:
        raise InvalidRecordsError(f"records[{index}].key and .value must be base64 text.") from None
    if item.get("partition") is not None:
        place = _partition(index, item["partition"])
    return encoded_key, encoded_value, place


def _partition(index: int, partition: Any) -> int:
    if type(partition) is not int or not 0 <= partition <= _LARGEST_PARTITION:
        raise InvalidRecordsError(f"records[{index}].partition must be a whole number, zero or more.")
    return partition


def _refuse_unknown(fields: set[str]) -> None:
    for field in sorted(fields):
        raise UnrecognizedFieldError(field)


def _decode_base64(text: Any) -> bytes:
    if not isinstance(text, str):
        raise binascii.Error
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise binascii.Error from error
