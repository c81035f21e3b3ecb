"""Plans batches: fetches what is there, and remembers it until the batch is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import Any

from pyspark.sql.datasource import InputPartition

from pyspark_kinesis.batches import arrived, record_batch
from pyspark_kinesis.client import CONNECTIONS
from pyspark_kinesis.cursor import Cursor, trimmed
from pyspark_kinesis.errors import (
    CheckpointMismatchError,
    InvalidOptionError,
    RequestRefusedError,
    StreamMissingError,
)
from pyspark_kinesis.lineage import Shard, readable, vanished, without_expired
from pyspark_kinesis.moments import text_of
from pyspark_kinesis.offsets import Offset, StreamOffset
from pyspark_kinesis.options import LATEST, Options
from pyspark_kinesis.planned_batch import Piece, PlannedBatch, ShardKey, ranges
from pyspark_kinesis.service import StreamService, Summary

# So near to the tip, what an answer had no room for waits for the next trigger: each shard is asked once.
_NEAR_TIP_MS = 1000
_STALE_DATE_MS = 2500


class Planner:
    """Lives as long as the query, in the process that plans its batches.

    Args:
        services: the streams, by name.
        clock: seconds since 1970.
    """

    def __init__(
        self, options: Options, services: Mapping[str, StreamService], clock: Callable[[], float] = time.time
    ) -> None:
        self._options = options
        self._services = services
        self._clock = clock
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="kinesis")
        self._listed: dict[str, dict[str, Shard]] = {}
        self._cursors: dict[ShardKey, Cursor] = {}
        self._behind: dict[ShardKey, int] = {}
        self._planned: PlannedBatch | None = None
        self._until: int | None = None
        self._finished: set[ShardKey] = set()

    def initial(self) -> Offset:
        """Where a new query begins."""
        return {name: self._beginning(service.summary()) for name, service in self._services.items()}

    def finish_at_now(self) -> None:
        """From now on plan what has arrived by now only."""
        self._until = self._now()

    def plan(self, start: Offset, most_rows: int | None) -> Offset:
        """Fetch what follows `start`, and give the offset it leads to: `start` itself where there is nothing.

        Args:
            start: the end of the batch before, which is done: its records are forgotten.
            most_rows: most records; None for all that have arrived by now.

        Raises:
            KinesisSourceError: one of its kinds.
        """
        self._require_streams(start)
        self._planned = None
        planned = PlannedBatch(start, most_rows)
        until = self._now() if self._until is None and most_rows is None else self._until
        while due := self._due(planned):
            count, share = planned.shares(len(due), self._options.records_per_fetch, CONNECTIONS)
            if not count:
                break
            try:
                self._fetch_all(planned, due[:count], share, until)
            except (StreamMissingError, RequestRefusedError):
                self._require_same(start)
                raise
        self._planned = planned
        return planned.end

    def partitions(self, start: Offset, end: Offset) -> list[InputPartition]:
        """The batch from `start` to `end`: what was fetched for it, or ranges to fetch if it was planned elsewhere."""
        if self._planned and (self._planned.start, self._planned.end) == (start, end):
            return self._planned.partitions()
        self._require_streams(start)
        self._require_streams(end)
        self._require_same(end)
        return list(ranges(start, end))

    def lag(self) -> dict[str, Any]:
        """Milliseconds behind the tip: of each stream the most, and of each of its shards that is being read."""
        return {name: _lag({i: ms for (of, i), ms in self._behind.items() if of == name}) for name in self._services}

    def forget(self, end: Offset) -> None:
        """The batch that ends at `end` is done."""
        if self._planned and self._planned.end == end:
            self._planned = None

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _beginning(self, summary: Summary) -> StreamOffset:
        position = self._options.position
        if position == LATEST:
            return StreamOffset(summary.created, self._service_time(summary), pinned=False)
        if isinstance(position, int) and position > self._service_time(summary) + 1000:
            raise InvalidOptionError(f"initialPosition {text_of(position)} lies in the future: give a past moment.")
        return StreamOffset(summary.created, position)

    def _now(self) -> int:
        return max(self._service_time(service.summary(), later=True) for service in self._services.values())

    def _service_time(self, summary: Summary, *, later: bool = False) -> int:
        """The service's time. It tells whole seconds, and may renew them but once in a second: this machine's clock is
        used as long as it agrees with them. `later` gives the latest that it may be."""
        here = int(self._clock() * 1000)
        told = summary.asked_at
        agreed = here if told is None or told <= here < told + _STALE_DATE_MS else told
        return max(agreed, told + 999) if later and told is not None else agreed

    def _require_streams(self, offset: Offset) -> None:
        if offset.keys() != self._services.keys():
            raise CheckpointMismatchError(
                f"The checkpoint is of the streams {', '.join(sorted(offset))}, and the options name "
                f"{', '.join(sorted(self._services))}. Give the query a new checkpointLocation."
            )

    def _require_same(self, offset: Offset) -> None:
        """Raise `StreamRecreatedError` where a stream is not the one that was read."""
        for name, stream in offset.items():
            self._services[name].require_created(stream.created)

    def _due(self, planned: PlannedBatch) -> list[ShardKey]:
        """The shards that may have more for the batch, those first that were not asked for longest."""
        keys = [
            (name, shard_id)
            for name, stream in planned.start.items()
            for shard_id in readable(self._shards(name, stream, planned), planned.progress[name])
        ]
        asked = {key: turn for turn, key in enumerate(self._behind)}
        due = [key for key in keys if key not in planned.settled and key not in self._finished]
        return sorted(due, key=lambda key: asked.get(key, -1))

    def _shards(self, name: str, stream: StreamOffset, planned: PlannedBatch) -> dict[str, Shard]:
        if name not in self._listed:
            self._services[name].require_created(stream.created)
            self._listed[name] = self._services[name].shards()
            progress = planned.progress[name]
            if self._options.fail_on_data_loss and (gone := vanished(self._listed[name], progress)):
                raise trimmed(name, gone[0], progress[gone[0]])
            planned.progress[name] = without_expired(self._listed[name], progress)
        return self._listed[name]

    def _fetch_all(self, planned: PlannedBatch, keys: Iterable[ShardKey], share: int, until: int | None) -> None:
        asked = [(key, self._cursor(key, planned)) for key in keys]
        pieces = self._threads.map(lambda one: self._fetch(one[0], one[1], share, until), asked)
        for (key, _), piece in zip(asked, pieces, strict=True):
            planned.add(key, piece)
            self._note(key, piece)

    def _cursor(self, key: ShardKey, planned: PlannedBatch) -> Cursor:
        """The cursor that stands where the batch has come to; a new one where there is none."""
        name, shard_id = key
        position = planned.progress[name].get(shard_id)
        cursor = self._cursors.get(key)
        if cursor is None or cursor.position != position:
            watchful = self._options.fail_on_data_loss
            beginning = planned.start[name].beginning
            cursor = Cursor(self._services[name], shard_id, position, beginning, watchful=watchful)
            self._cursors[key] = cursor
        return cursor

    def _fetch(self, key: ShardKey, cursor: Cursor, share: int, until: int | None) -> Piece:
        name, shard_id = key
        fetched = cursor.fetch(share)
        records = fetched.records if until is None else _arrived_by(until, fetched.records)
        cut = len(records) < len(fetched.records)
        at_tip = fetched.behind == 0 or (0 < len(records) < share and fetched.behind < _NEAR_TIP_MS and until is None)
        return Piece(
            record_batch(name, shard_id, records) if records else None,
            records[-1]["SequenceNumber"] if records else None,
            fetched.behind,
            drained=fetched.drained and not cut,
            settled=cut or at_tip,
        )

    def _note(self, key: ShardKey, piece: Piece) -> None:
        self._behind.pop(key, None)
        if piece.drained:
            # Its children are listed from the moment it was closed.
            self._listed.pop(key[0], None)
            self._cursors.pop(key, None)
            return
        self._behind[key] = piece.behind
        if self._until is not None and piece.settled:
            self._finished.add(key)


def _arrived_by(moment: int, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not records or arrived(records[-1]) <= moment:
        return records
    return list(takewhile(lambda record: arrived(record) <= moment, records))


def _lag(shards: dict[str, int]) -> dict[str, Any]:
    return {"millisBehindLatest": max(shards.values(), default=0), "shards": shards}
