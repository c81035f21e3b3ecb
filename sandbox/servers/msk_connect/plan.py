"""The plan of one partition: which records become which object, which dead letter, and what is committed with them."""

from collections.abc import Callable
from enum import Enum

from sandbox.servers.msk_connect.converter import json_line
from sandbox.servers.msk_connect.errors import NotJsonError, OffsetsWentBackError, TaskFailedError
from sandbox.servers.msk_connect.records import DeadLetter, Range, Record, Stage
from sandbox.servers.msk_connect.rotation import Rotation


class NullValues(Enum):
    """``behavior.on.null.values``: what a record without a value does."""

    IGNORE = "ignore"
    FAIL = "fail"


class PartitionPlan:
    """Collects the records of one partition, in order of offset, into ranges; it knows neither Kafka nor S3.

    A plan starts at the committed offset. An object may be there that was written and not committed before a crash:
    its name is that of the first line after the committed offset. ``find_object`` is asked for it, and when it is
    there the records it holds are passed over up to its last offset, dead letters still collected, so that the next
    commit settles exactly what the crash left open. Once an object is not found, nothing later can be there either.

    Args:
        start: the committed offset, 0 when there is none.
        rotation: when an open file is due.
        null_values: what a record without a value does.
        tolerate: whether a value that is not JSON is set aside (``errors.tolerance=all``) or fails the task.
        find_object: from a first offset to the last offset of the object of that name, None when there is none.
    """

    def __init__(
        self,
        start: int,
        rotation: Rotation,
        null_values: NullValues,
        tolerate: bool,
        find_object: Callable[[int], int | None],
    ) -> None:
        self.committed = self.next_offset = start
        self._rotation = rotation
        self._null_values = null_values
        self._tolerate = tolerate
        self._find_object = find_object
        self._recovering = True
        self._clear()

    def _clear(self) -> None:
        self._first: int | None = None
        self._last: int | None = None
        self._adopted_until: int | None = None
        self._deadline: int | None = None
        self._lines: list[bytes] = []
        self._dead_letters: list[DeadLetter] = []

    def add(self, record: Record, now_ms: int) -> None:
        """Take the next record.

        Raises:
            TaskFailedError: the record is null or is not JSON, and the connector tolerates no such record.
            OffsetsWentBackError: the record stands before one that was taken already.
        """
        if record.offset < self.next_offset:
            raise OffsetsWentBackError(
                f"Kafka gives offset {record.offset} after {self.next_offset - 1}. If the topic was made anew the sink "
                "goes on by itself; if its log lost records, stop the connector and choose an offset with "
                "`sandbox kafka-consumer-groups --reset-offsets`"
            )
        try:
            line = json_line(record.value)
        except NotJsonError as error:
            self._set_aside(record, Stage.VALUE_CONVERTER, f"The value is not JSON: {error}")
        else:
            if line is None:
                self._pass_over_null(record)
            else:
                self._append(record.offset, line, now_ms)
        self.next_offset = record.offset + 1

    def full(self, upcoming: int | None = None) -> bool:
        """Tell whether the range must be settled before the next record, whose offset is ``upcoming`` if known."""
        if self._adopted_until is not None:
            # Compaction or a transaction's marker may have taken the very last offset: the next one tells.
            return max(self.next_offset, upcoming or 0) > self._adopted_until
        return max(len(self._lines), len(self._dead_letters)) >= self._rotation.flush_size

    def due(self, now_ms: int) -> bool:
        """Tell whether the range is to be settled now that Kafka has no more records at hand.

        Without an open file there is nothing to wait for: dead letters and passed-over records are settled at once.
        """
        if self._first is None:
            return self.next_offset > self.committed
        return self.full() or (self._deadline is not None and now_ms >= self._deadline)

    def range(self) -> Range:
        """Give what is to be written, sent and committed now."""
        return Range(self._first, self._last, self._lines, self._dead_letters, self.next_offset)

    def settle(self) -> None:
        """Begin the next range, the present one being committed."""
        self.committed = self.next_offset
        self._clear()

    def _append(self, offset: int, line: bytes, now_ms: int) -> None:
        if self._first is None:
            self._open(offset, now_ms)
        if self._adopted_until is None:
            self._lines.append(line)
            self._last = offset

    def _open(self, offset: int, now_ms: int) -> None:
        found = self._find_object(offset) if self._recovering else None
        self._recovering = found is not None
        self._first, self._last, self._adopted_until = offset, found, found
        # An adopted object is complete: only its own last offset ends it.
        self._deadline = self._rotation.deadline(now_ms) if found is None else None

    def _pass_over_null(self, record: Record) -> None:
        if self._null_values is NullValues.FAIL:
            raise TaskFailedError(
                f"The record at offset {record.offset} has no value and behavior.on.null.values is fail. "
                "Set it to ignore, or move the consumer group past the record."
            )
        if self._tolerate:
            self._set_aside(record, Stage.TASK_PUT, "Skipping null value record.")

    def _set_aside(self, record: Record, stage: Stage, reason: str) -> None:
        if not self._tolerate:
            raise TaskFailedError(
                f"The record at offset {record.offset} cannot be written and errors.tolerance is none. {reason}. "
                "Set errors.tolerance to all and name a dead-letter topic, or move the consumer group past the record."
            )
        self._dead_letters.append(DeadLetter(record, stage, reason))
