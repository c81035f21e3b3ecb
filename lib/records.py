"""What travels: one database row, or one payload of the feed, as a Kafka record's key and value.

Wire format of the course: the value is the row as a flat JSON object with the database's column names; a moment is
ISO 8601 in UTC, `YYYY-MM-DDTHH:MM:SSZ`, with its fraction if it has one; the key is the row's key as a JSON number.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from lib.entities import Entity
from lib.errors import UnserialisableValueError

_PLAIN = {int, str, bool, type(None)}


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record on its way.

    Attributes:
        position: where it stands in the order of posting; identifies it within one run.
        key: the Kafka key, None for none.
        value: the Kafka value, as bytes.
        is_json: whether `value` is JSON text; if not, it travels in base64.
    """

    position: int
    key: int | None
    value: bytes
    is_json: bool = True

    def as_request_item(self) -> bytes:
        """The record as an item of `records` in a request of the REST proxy's API v2."""
        value = self.value if self.is_json else b'"' + base64.b64encode(self.value) + b'"'
        key = b"" if self.key is None else b'"key":%d,' % self.key
        return b"{" + key + b'"value":' + value + b"}"


def record_of_row(entity: Entity, row: Sequence[Any], position: int) -> Record:
    """The record of a database row, columns in the entity's order; UnserialisableValueError if JSON cannot hold it.

    A naive datetime is UTC, as the database session is. Database NULL is JSON null.
    """
    key = row[0]
    value = {
        name: cell if type(cell) in _PLAIN else _jsonable(entity, name, cell, key)
        for name, cell in zip(entity.columns, row, strict=True)
    }
    try:
        return Record(position, key, orjson.dumps(value))
    except TypeError as error:  # an integer beyond 64 bits, or half of a surrogate pair
        raise UnserialisableValueError(entity.table, _culprit(value), key, str(error)) from error


def record_of_payload(entity: Entity, payload: str, position: int) -> Record:
    """The record of a payload of the feed, posted verbatim.

    JSON travels as JSON, anything else as bytes. The key is the value of the entity's key column
    if the payload is an object with a whole number there; else the record has none.
    """
    raw = payload.encode()
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Record(position, None, raw, is_json=False)
    key = value.get(entity.key) if isinstance(value, dict) else None
    return Record(position, key if type(key) is int else None, raw)


def iso_utc(moment: datetime) -> str:
    """`2018-03-04T05:06:07Z`, or `...07.250000Z`; a naive moment is UTC, any other is turned into UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat() + "Z"


def _jsonable(entity: Entity, column: str, cell: object, key: object) -> object:
    """orjson alone would turn NaN into null, and a date or a UUID into text: refuse whatever has no rule."""
    if type(cell) is float:
        if math.isfinite(cell):
            return cell
        raise UnserialisableValueError(entity.table, column, key, str(cell))
    if isinstance(cell, datetime):
        return iso_utc(cell)
    raise UnserialisableValueError(entity.table, column, key, type(cell).__name__)


def _culprit(value: dict[str, object]) -> str:
    """The first column whose value orjson refuses."""
    for name, cell in value.items():
        try:
            orjson.dumps(cell)
        except TypeError:
            return name
    return "?"
