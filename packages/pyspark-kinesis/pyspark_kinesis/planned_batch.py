"""A batch as it is planned: what was fetched for it, how far it goes, and the partitions that carry it to the tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
from pyspark.sql.datasource import InputPartition

from pyspark_kinesis.lineage import END
from pyspark_kinesis.offsets import Offset
from pyspark_kinesis.ranges import ShardRange

# The memory of a batch. An answer of Kinesis has 10 MiB at most, so that a few more can be on their way.
MOST_BYTES = 64 << 20
BYTES_PER_ANSWER = 10 << 20
BYTES_PER_PARTITION = 16 << 20
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")

ShardKey = tuple[str, str]
"""A stream's name, and the id of one of its shards."""


@dataclass
class FetchedRecords(InputPartition):
    """Records that the planner has fetched already; the task gives them on.

    They travel compressed: Spark keeps a batch's partitions with its plan, and a query that sets a watermark sends
    that plan with every job. Records of text shrink to a fifth, in a few microseconds each.
    """

    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, batches: Sequence[pa.RecordBatch]) -> FetchedRecords:
        """The partition of at least one record batch."""
        stream = pa.BufferOutputStream()
        with pa.ipc.new_stream(stream, batches[0].schema, options=_COMPRESSED) as writer:
            for batch in batches:
                writer.write_batch(batch)
        return cls(stream.getvalue().to_pybytes())

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The record batches."""
        return iter(pa.ipc.open_stream(self.packed))


@dataclass(frozen=True, slots=True)
class Piece:
    """What one GetRecords adds to a batch.

    Attributes:
        batch: its records; None where it brought none.
        position: the sequence number of the last of them; None where there are none.
        behind: milliseconds behind the tip.
        drained: the shard is closed and read to its end.
        settled: no more is to be read of the shard in this batch.
    """

    batch: pa.RecordBatch | None
    position: str | None
    behind: int
    drained: bool
    settled: bool


class PlannedBatch:
    """Grows by pieces from a start offset. Its memory is bounded: what is beyond is left for the tasks to fetch.

    Args:
        most_rows: most records of the batch; None for no bound.
    """

    def __init__(self, start: Offset, most_rows: int | None) -> None:
        self.start = start
        self.settled: set[ShardKey] = set()
        self.progress = {name: dict(stream.shards) for name, stream in start.items()}
        self._most_rows = most_rows
        self._rows = 0
        self._bytes = 0
        self._kept: list[pa.RecordBatch] = []
        self._left: dict[ShardKey, ShardRange] = {}

    @property
    def end(self) -> Offset:
        """How far the batch goes."""
        return {name: replace(stream, shards=self.progress[name], pinned=True) for name, stream in self.start.items()}

    def shares(self, shards: int, most_per_fetch: int, most_fetches: int) -> tuple[int, int]:
        """How many of the shards that have something to give are asked at once, and for how many records each.

        Both are 0 once the batch is full. All together they never bring more than the batch may have.
        """
        if self._most_rows is None:
            return min(shards, most_fetches), most_per_fetch
        rows, room = self._most_rows - self._rows, MOST_BYTES - self._bytes
        if rows <= 0 or room <= 0 or not shards:
            return 0, 0
        share = min(most_per_fetch, max(1, rows // shards))
        return min(shards, most_fetches, rows // share, max(1, room // BYTES_PER_ANSWER)), share

    def add(self, key: ShardKey, piece: Piece) -> None:
        """Take a piece in."""
        if piece.batch is not None and piece.position is not None:
            self._keep(key, piece.batch, piece.position)
        if piece.drained:
            self.progress[key[0]][key[1]] = END
        if piece.settled:
            self.settled.add(key)

    def partitions(self) -> list[InputPartition]:
        """The records in partitions of a few MiB, so that a small batch is one task, and the ranges beyond memory."""
        return [*map(FetchedRecords.of, self._packs()), *self._left.values()]

    def _keep(self, key: ShardKey, batch: pa.RecordBatch, position: str) -> None:
        name, shard_id = key
        before = self.progress[name].get(shard_id)
        self.progress[name][shard_id] = position
        self._rows += batch.num_rows
        if self._bytes < MOST_BYTES:
            self._kept.append(batch)
            self._bytes += batch.nbytes
        elif key in self._left:
            self._left[key].end = position
        else:
            self._left[key] = ShardRange(name, shard_id, before, position, self.start[name].beginning)

    def _packs(self) -> Iterator[tuple[pa.RecordBatch, ...]]:
        pack: list[pa.RecordBatch] = []
        for batch in self._kept:
            if pack and sum(one.nbytes for one in pack) + batch.nbytes > BYTES_PER_PARTITION:
                yield tuple(pack)
                pack = []
            pack.append(batch)
        if pack:
            yield tuple(pack)


def ranges(start: Offset, end: Offset) -> list[ShardRange]:
    """What lies between two offsets, a range for each shard.

    Where a shard begins is told by `end`: after a restart before the first batch was done, `start` is another moment.
    """
    return [
        ShardRange(name, shard_id, start[name].shards.get(shard_id), position, stream.beginning)
        for name, stream in end.items()
        for shard_id, position in sorted(stream.shards.items())
        if start[name].shards.get(shard_id) != position
    ]
