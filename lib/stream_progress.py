"""What a reader watches while streaming queries run, and what is left of it to draw: how much came, and how late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of one table that had records.

    Attributes:
        table: `stream_pin`, `stream_geo` or `stream_user`.
        number: its number in the checkpoint.
        committed_at: when it was done, UTC.
        seconds: how long it took.
        latency: seconds from a record's arrival in Kinesis to the commit, on average.
        worst_latency: the same of the record that waited longest.
    """

    table: str
    number: int
    committed_at: datetime
    seconds: float
    latency: float
    worst_latency: float


@dataclass(frozen=True, slots=True)
class Tally:
    """How much a table had taken at a moment.

    Attributes:
        at: the moment, UTC.
        records: taken from the stream by all runs, each record once.
        quarantined: of them set aside.
    """

    at: datetime
    records: int
    quarantined: int

    def rate_since(self, earlier: Tally) -> float:
        """Records a second."""
        seconds = (self.at - earlier.at).total_seconds()
        return (self.records - earlier.records) / seconds if seconds else 0.0


def batch_of(progress: Any) -> Batch | None:
    """The batch of a `StreamingQueryProgress` of a query named after its table, with arrival as its event time; None
    if it had no record. Its number of rows is of no use: Spark counts a record anew whenever the batch is looked at."""
    if "avg" not in progress.eventTime:
        return None
    seconds = progress.durationMs["triggerExecution"] / 1000
    done = _moment(progress.timestamp) + timedelta(seconds=seconds)
    mean, worst = ((done - _moment(progress.eventTime[name])).total_seconds() for name in ("avg", "min"))
    return Batch(progress.name, progress.batchId, done, seconds, mean, worst)


def line(tallies: Mapping[str, list[Tally]], batches: Iterable[Batch]) -> str:
    """One line for a reader: of each table the records, their rate, how late the last ones were, what is set aside."""
    latest = {batch.table: batch for batch in batches}
    return " | ".join(_of_table(table, counted, latest.get(table)) for table, counted in tallies.items())


def _of_table(table: str, counted: list[Tally], latest: Batch | None) -> str:
    now = counted[-1]
    parts = [f"{table} {now.records:,} records"]
    if len(counted) > 1:
        parts.append(f"{now.rate_since(counted[-2]):,.0f}/s")
    if latest:
        parts.append(f"{latest.latency:.1f} s late")
    if now.quarantined:
        parts.append(f"{now.quarantined:,} in quarantine")
    return ", ".join(parts)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
