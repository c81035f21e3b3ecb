"""How payloads change part way through the feed: a column added, renamed, retyped, each for a stretch of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.data.schema import GEO, PIN, USER, Entity

Payload = dict[str, Any]
Change = Callable[[Payload], Payload]
TENFOLD = {"k": 10**3, "M": 10**6}


@dataclass(frozen=True)
class Stretch:
    """A part of the feed, by its length from 0 to 1, in which an entity's payloads look different.

    `harmless` says whether all values can still be read exactly.
    """

    entity: Entity
    name: str
    start: float
    stop: float
    change: Change
    harmless: bool


def added(column: str, value: str) -> Change:
    """Append a column that nobody knows."""
    return lambda payload: payload | {column: value}


def renamed(old: str, new: str) -> Change:
    """Give a column another name, in its place."""
    return lambda payload: {new if name == old else name: value for name, value in payload.items()}


def retyped(column: str, convert: Callable[[Any], Any]) -> Change:
    """Write a column's values as another JSON type."""
    return lambda payload: payload | {column: convert(payload[column])}


def full_number(text: str) -> int | str:
    """Write `985k` as 985000; a placeholder stays text."""
    digits, unit = (text[:-1], TENFOLD[text[-1]]) if text[-1:] in TENFOLD else (text, 1)
    whole, _, tenths = digits.partition(".")
    return (int(whole) * 10 + int(tenths or 0)) * unit // 10 if whole.isdigit() else text


def epoch(text: str) -> int:
    """Write a moment as seconds since 1970, which no longer says that it is a moment."""
    return int(datetime.fromisoformat(text).timestamp())


STRETCHES = (
    Stretch(PIN, "added", 0.20, 0.26, added("board", "inspiration"), harmless=True),
    Stretch(GEO, "added", 0.24, 0.30, added("continent", "unknown"), harmless=True),
    Stretch(USER, "added", 0.28, 0.34, added("language", "en"), harmless=True),
    Stretch(PIN, "renamed", 0.40, 0.44, renamed("follower_count", "followers"), harmless=False),
    Stretch(GEO, "renamed", 0.43, 0.47, renamed("country", "country_name"), harmless=False),
    Stretch(USER, "renamed", 0.46, 0.50, renamed("date_joined", "joined_at"), harmless=False),
    Stretch(PIN, "retyped", 0.58, 0.64, retyped("follower_count", full_number), harmless=True),
    Stretch(GEO, "retyped", 0.60, 0.66, retyped("latitude", str), harmless=True),
    Stretch(USER, "retyped", 0.62, 0.68, retyped("age", str), harmless=True),
    Stretch(
        PIN, "retyped beyond reading", 0.76, 0.80, retyped("tag_list", lambda tags: tags.split(",")), harmless=False
    ),
    Stretch(GEO, "retyped beyond reading", 0.79, 0.83, retyped("timestamp", epoch), harmless=False),
    Stretch(USER, "retyped beyond reading", 0.82, 0.86, retyped("age", lambda age: f"{age} years"), harmless=False),
)
