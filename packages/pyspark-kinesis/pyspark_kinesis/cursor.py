"""A place in a shard from which records are fetched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark_kinesis.batches import arrived
from pyspark_kinesis.errors import RecordsTrimmedError
from pyspark_kinesis.options import TRIM_HORIZON
from pyspark_kinesis.service import Answer, IteratorExpiredError, StreamService

# The shortest retention that Kinesis has: what was the tip less than that ago has lost nothing since.
_SHORTEST_RETENTION_SECONDS = 24 * 3600
_RENEWALS = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one GetRecords brought.

    Attributes:
        records: as boto3 gives them; never one that was given before.
        behind: milliseconds behind the tip of the shard.
        drained: the shard is closed and these are its last records.
    """

    records: list[dict[str, Any]]
    behind: int
    drained: bool


class Cursor:
    """Fetches the records of one shard, one GetRecords after another, and goes on where an iterator expired.

    Args:
        position: the sequence number of the last record that is not wanted; None for the beginning.
        beginning: where the shard begins: `TRIM_HORIZON`, or a moment in milliseconds since 1970.
        watchful: whether it is an error that records after `position` may have been trimmed. To tell, the record at
            `position` is asked for again, once: as long as it is there, nothing after it is gone.
    """

    def __init__(
        self,
        service: StreamService,
        shard_id: str,
        position: str | None,
        beginning: str | int,
        *,
        watchful: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.position = position
        self._service = service
        self._shard_id = shard_id
        self._beginning = beginning
        self._watchful = watchful
        self._clock = clock
        self._iterator: str | None = None
        self._expected: str | None = None
        self._was_tip: float | None = None

    def fetch(self, limit: int) -> Fetched:
        """At most `limit` records that follow.

        Raises:
            RecordsTrimmedError: records that were not read may have left the stream.
        """
        answer = self._answer(limit)
        self._iterator = answer.iterator
        records = self._unread(answer)
        if records:
            self.position = records[-1]["SequenceNumber"]
        if answer.behind == 0:
            self._was_tip = self._clock()
        return Fetched(records, answer.behind, answer.iterator is None)

    def _answer(self, limit: int) -> Answer:
        for _ in range(_RENEWALS):
            iterator = self._iterator or self._new_iterator()
            try:
                return self._service.records(iterator, limit)
            except IteratorExpiredError:
                self._iterator = None
        return self._service.records(self._new_iterator(), limit)

    def _new_iterator(self) -> str:
        self._expected = self.position if self._must_look() else None
        return self._service.iterator(self._shard_id, **self._kind())

    def _must_look(self) -> bool:
        recently = self._was_tip is not None and self._clock() - self._was_tip < _SHORTEST_RETENTION_SECONDS
        return self._watchful and not recently

    def _kind(self) -> dict[str, Any]:
        if self.position is not None:
            kind = "AT_SEQUENCE_NUMBER" if self._expected else "AFTER_SEQUENCE_NUMBER"
            return {"ShardIteratorType": kind, "StartingSequenceNumber": self.position}
        if self._beginning == TRIM_HORIZON:
            return {"ShardIteratorType": TRIM_HORIZON}
        moment = datetime.fromtimestamp(int(self._beginning) / 1000, UTC)
        return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": moment}

    def _unread(self, answer: Answer) -> list[dict[str, Any]]:
        records = answer.records
        if self._expected and (records or answer.behind == 0 or answer.iterator is None):
            if not records or records[0]["SequenceNumber"] != self._expected:
                raise trimmed(self._service.stream.name, self._shard_id, self._expected)
            self._expected, records = None, records[1:]
        if self.position is None and isinstance(self._beginning, int):
            # boto3 sends whole seconds, so records of the same second come too.
            return [record for record in records if arrived(record) >= self._beginning]
        return records


def trimmed(stream: str, shard_id: str, position: str) -> RecordsTrimmedError:
    """The error that says that records after a position may be gone."""
    return RecordsTrimmedError(
        f"The record {position} of {shard_id} in the stream {stream}, after which the query would go on, is older than "
        "the stream's retention and gone; records after it that were not read may be gone with it. To go on with what "
        "is left, set the option failOnDataLoss to false; to begin anew, give a new checkpointLocation; to keep "
        "records for longer, raise the stream's retention."
    )
