"""What a row looks like on the wire, and what has no faithful form there."""

import base64
import json
import math
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from source_tables import FIRST_POST, row_of

from lib.entities import ENTITIES, GEO, PIN, USER, entity_named, entity_of_table
from lib.errors import UnserialisableValueError
from lib.rds_db_connector import InvalidDatetime
from lib.records import Record, iso_utc, record_of_payload, record_of_row

BITS_64 = st.integers(-(2**63), 2**64 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CELL = st.none() | st.booleans() | BITS_64 | TEXT | st.floats(allow_nan=False, allow_infinity=False)


def sent(record: Record) -> dict[str, Any]:
    """The record as the REST proxy reads it."""
    item: dict[str, Any] = json.loads(record.as_request_item())
    return item


@given(st.lists(CELL, min_size=4, max_size=4), st.integers(0, 2**31 - 1))
def test_what_json_can_hold_arrives_as_it_was(cells: list[Any], key: int) -> None:
    item = sent(record_of_row(USER, (key, *cells), key))
    assert item == {"key": key, "value": dict(zip(USER.columns, [key, *cells], strict=True))}
    assert [type(cell) for cell in item["value"].values()] == [int, *map(type, cells)]


@given(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)))
def test_every_moment_survives_the_wire(moment: datetime) -> None:
    text = sent(record_of_row(GEO, (1, moment, 0.0, 0.0, ""), 1))["value"]["timestamp"]
    assert datetime.fromisoformat(text) == moment.replace(tzinfo=UTC)
    assert len(text) == (20 if moment.microsecond == 0 else 27)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_keeps_every_bit(value: float) -> None:
    assert sent(record_of_row(GEO, (1, FIRST_POST, value, 0.0, ""), 1))["value"]["latitude"] == value


def test_the_wire_format_of_a_geo_row_is_the_courses() -> None:
    assert record_of_row(GEO, row_of(GEO, 17), 17).as_request_item() == (
        b'{"key":17,"value":{"ind":17,"timestamp":"2018-03-04T05:06:24Z",'
        b'"latitude":-89.9787,"longitude":12.5,"country":"Albania"}}'
    )


def test_the_key_column_of_a_pin_keeps_its_name() -> None:
    item = sent(record_of_row(PIN, row_of(PIN, 3), 3))
    assert (item["key"], item["value"]["index"]) == (3, 3)


def test_a_moment_of_another_zone_is_turned_into_utc() -> None:
    assert iso_utc(datetime(2020, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))) == "2019-12-31T23:30:00Z"


def test_a_fraction_of_a_second_is_kept() -> None:
    assert iso_utc(datetime(2020, 1, 1, 0, 0, 0, 250_000)) == "2020-01-01T00:00:00.250000Z"


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (b"bytes", "bytes"),
        (date(2020, 1, 1), "date"),
        (time(1, 2), "time"),
        (timedelta(1), "timedelta"),
        (Decimal("1.5"), "Decimal"),
        (uuid.UUID(int=1), "UUID"),
        (InvalidDatetime("0000-00-00 00:00:00"), "InvalidDatetime"),
        ([1], "list"),
        (2**64, "64-bit"),
        ("\ud800", "surrogates"),
    ],
    ids=lambda value: ascii(value),
)
def test_a_value_json_cannot_hold_is_an_error_that_names_it(value: object, named: str) -> None:
    with pytest.raises(UnserialisableValueError, match=rf"user_data\.age .* key 7 .*{named}") as caught:
        record_of_row(USER, (7, "a", "b", value, FIRST_POST), 7)
    assert (caught.value.table, caught.value.column, caught.value.key) == ("user_data", "age", 7)


def test_a_payload_of_the_feed_travels_verbatim() -> None:
    payload = '{ "index": 17,\n "odd":1.50, "title":"é\\u00e9" }'
    record = record_of_payload(PIN, payload, 5)
    assert (record.key, record.value.decode(), record.is_json) == (17, payload, True)


@pytest.mark.parametrize(
    "payload", ['{"ind":"17"}', '{"ind":null}', '{"ind":true}', '{"ind":17.0}', "{}", "[17]", '"text"', "17"]
)
def test_a_payload_without_a_whole_number_as_key_has_no_key(payload: str) -> None:
    record = record_of_payload(GEO, payload, 1)
    assert (record.key, record.is_json) == (None, True)
    assert b'"key"' not in record.as_request_item()


@pytest.mark.parametrize("payload", ['{"ind":17', "", "NaN", "{'ind':17}"])
def test_a_payload_that_is_no_json_travels_as_bytes(payload: str) -> None:
    record = record_of_payload(GEO, payload, 1)
    assert (record.key, record.is_json) == (None, False)
    assert base64.b64decode(sent(record)["value"]) == payload.encode()


@given(TEXT)
def test_any_text_at_all_reaches_the_wire_whole(payload: str) -> None:
    record = record_of_payload(USER, payload, 1)
    assert record.value == payload.encode()
    json.loads(record.as_request_item())


def test_entities_are_found_by_name_and_by_table() -> None:
    for entity in ENTITIES:
        assert entity_named(entity.name) is entity_of_table(entity.table) is entity
        assert entity.columns[0] == entity.key
    assert [entity.topic("abc") for entity in ENTITIES] == ["abc.pin", "abc.geo", "abc.user"]
