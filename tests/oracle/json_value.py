"""JSON text read without losing how a number was written, and scalars read as a column's type."""

import json
import math
import re
from datetime import UTC, datetime
from typing import NoReturn

INT_LIMITS = (-(2**31), 2**31 - 1)
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
ISO_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


class JsonNumber(str):
    """A JSON number as the text it was sent as: `1.50` stays `1.50`."""

    __slots__ = ()


class NotReadableError(ValueError):
    """A JSON value is not exactly a value of its column's type."""


def parse_json(raw: bytes | str) -> object:
    """The JSON value of UTF-8 bytes or of a text, numbers as `JsonNumber`; ValueError where it is not JSON."""
    text = raw.decode() if isinstance(raw, bytes) else raw
    return json.loads(text, parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_as(kind: str, value: object) -> int | float | str | datetime:
    """A JSON scalar as `INTEGER`, `DOUBLE`, `VARCHAR` or `TIMESTAMP` (UTC, naive), whatever JSON type carried it.

    Raises NotReadableError where its text is not exactly such a value.
    """
    text = _scalar_text(value)
    if kind == "VARCHAR":
        return text
    if kind == "INTEGER":
        return _integer(text)
    return _double(text) if kind == "DOUBLE" else _timestamp(text)


def _scalar_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return str(value)
    raise NotReadableError("null" if value is None else "nested value")


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]+", text):
        raise NotReadableError(f"{text!r} is not a whole number")
    number = int(text)
    if not INT_LIMITS[0] <= number <= INT_LIMITS[1]:
        raise NotReadableError(f"{text} is beyond 32 bits")
    return number


def _double(text: str) -> float:
    if not DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
        raise NotReadableError(f"{text!r} is not a finite number")
    return float(text)


def _timestamp(text: str) -> datetime:
    """A time without an offset is UTC, as everywhere in questions.md."""
    if not ISO_TIMESTAMP.fullmatch(text):
        raise NotReadableError(f"{text!r} is not an ISO 8601 timestamp")
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        raise NotReadableError(f"{text!r} is no date and time: {error}") from error
