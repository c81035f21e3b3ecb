"""Moments, in milliseconds since 1970, and the texts they are written in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

# Java's letters, as Databricks' options have them, in the words of strptime. A zone is read apart.
_PATTERNS = {
    "yyyy": "%Y", "uuuu": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d",
    "HH": "%H", "H": "%H", "hh": "%I", "h": "%I", "mm": "%M", "m": "%M", "ss": "%S", "s": "%S", "SSSSSS": "%f",
    "SSS": "%f", "a": "%p", "EEEE": "%A", "EEE": "%a", "E": "%a", "%": "%%",
}  # fmt: skip
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']")
_ZONE_LETTERS = set("zZXxOV")
_ZONE = re.compile(r"([A-Za-z]+|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)$")
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$")
# The names of RFC 822, which Java reads too.
_ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}  # fmt: skip  # noqa: E501


def milliseconds(moment: datetime) -> int:
    """A moment that knows its zone, as milliseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def text_of(moment: int) -> str:
    """Milliseconds since 1970 as ISO 8601 text in UTC; `milliseconds_of` reads it."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds")


def milliseconds_of(text: str, pattern: str | None = None) -> int:
    """Read a moment.

    Args:
        text: what is read; without a zone it is in UTC.
        pattern: a pattern of Java's letters, e.g. `MM/dd/yyyy HH:mm:ss ZZZ`; without one, ISO 8601 is read.

    Raises:
        ValueError: the text does not fit the pattern, or the pattern has a letter that is not known.
    """
    moment = datetime.fromisoformat(text) if pattern is None else _by_pattern(text, pattern)
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _by_pattern(text: str, pattern: str) -> datetime:
    tokens = [match.group() for match in _TOKEN.finditer(pattern)]
    zone: timezone | None = None
    if tokens and tokens[-1][0] in _ZONE_LETTERS:
        text, zone = _without_zone(text)
        tokens = tokens[:-1]
    moment = datetime.strptime(text.strip(), "".join(map(_directive, tokens)).strip())
    return moment if zone is None else moment.replace(tzinfo=zone)


def _directive(token: str) -> str:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'").replace("%", "%%") or "'"
    if token in _PATTERNS:
        return _PATTERNS[token]
    if token[0].isalpha():
        raise ValueError(f"the pattern letters {token} are not known")
    return token


def _without_zone(text: str) -> tuple[str, timezone]:
    found = _ZONE.search(text)
    if not found:
        raise ValueError(f"{text!r} does not end in a time zone")
    return text[: found.start()], _zone(found.group())


def _zone(name: str) -> timezone:
    if name.upper() in _ZONES:
        return timezone(timedelta(hours=_ZONES[name.upper()]))
    if not (found := _OFFSET.match(name)):
        raise ValueError(f"the time zone {name} is not known; an offset such as +0100 is")
    sign, hours, minutes = found.groups()
    east = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(east if sign == "+" else -east)
