"""Which log group a line of a log file belongs to, and when it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

_CONNECT_LINE = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?) ([A-Z]+) ((\S+?):?( .*|$))")


@dataclass(frozen=True)
class LogEvent:
    """An event of a log group; `timestamp` in milliseconds since 1970."""

    group: str
    timestamp: int
    message: str


def gateway_events(line: bytes) -> Iterator[LogEvent]:
    """The events of one line of the gateway's log: the stage's execution log, and its access log where it has one.

    Lines that are not about a request of a stage (tracebacks) belong to no group. The group's name is Amazon's:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    try:
        entry = orjson.loads(line)
        timestamp, api, stage = int(entry["requestTimeEpoch"]), entry["apiId"], entry["stage"]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return
    if "-" in (api, stage):
        return
    yield LogEvent(f"API-Gateway-Execution-Logs_{api}/{stage}", timestamp, line.decode())
    if access_log := entry.get("accessLog"):
        yield LogEvent(access_log["group"], timestamp, access_log["line"])


class ConnectLines:
    """Gives the lines of MSK Connect's log to the log groups that the connectors name.

    Args:
        groups_file: JSON, connector's name: name of its log group; read anew when it changes.
    """

    def __init__(self, groups_file: Path) -> None:
        self._file = groups_file
        self._changed = 0
        self._groups: dict[str, str] = {}
        self._last: LogEvent | None = None

    def refresh(self) -> None:
        """Read the file of the groups if it has changed."""
        changed = self._file.stat().st_mtime_ns if self._file.exists() else 0
        if changed != self._changed:
            self._groups = orjson.loads(self._file.read_bytes()) if changed else {}
            self._changed = changed

    def events(self, line: bytes) -> Iterator[LogEvent]:
        """The event of one line, if a connector wrote it. A line without a time continues the one before it."""
        match = _CONNECT_LINE.match(line)
        text = line.decode("utf-8", "replace")
        if match:
            self._last = self._event(match, text)
            if self._last:
                yield self._last
        elif self._last and text:
            yield LogEvent(self._last.group, self._last.timestamp, text)

    def _event(self, match: re.Match[bytes], text: str) -> LogEvent | None:
        group = self._groups.get(match[4].decode("utf-8", "replace"))
        if group is None:
            return None
        written = datetime.fromisoformat(match[1].decode()).replace(tzinfo=UTC)
        return LogEvent(group, int(written.timestamp() * 1000), text)
