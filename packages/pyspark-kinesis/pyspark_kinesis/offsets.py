"""Offsets: how far a query has come, as Spark keeps them in the checkpoint.

    {"my-stream": {"created": 1700000000000, "from": "TRIM_HORIZON",
                   "shards": {"shardId-000000000000": "4964...", "shardId-000000000001": "END"}}}

`from` is where a shard begins that is not among `shards`: `TRIM_HORIZON`, or a moment. It stands in every offset, for
Spark keeps no offset of the beginning: a restart with the first batch in flight must find it in that batch's end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyspark_kinesis.errors import CheckpointMismatchError
from pyspark_kinesis.moments import milliseconds_of, text_of
from pyspark_kinesis.options import LATEST, TRIM_HORIZON


@dataclass(frozen=True, slots=True)
class StreamOffset:
    """How far one stream was read.

    Attributes:
        created: when the stream was made, in milliseconds since 1970: a stream made anew is another one.
        beginning: `TRIM_HORIZON`, or milliseconds since 1970.
        shards: for each shard that was begun the sequence number of the last record read, `END` once it is drained.
        pinned: False only in the offset before the first batch of a query that begins at `LATEST`: the first batch is
            planned even if it is empty, so that the checkpoint holds the moment and a restart loses nothing.
    """

    created: int
    beginning: str | int
    shards: Mapping[str, str] = field(default_factory=dict)
    pinned: bool = True


Offset = dict[str, StreamOffset]


def to_json(offset: Offset) -> dict[str, Any]:
    """An offset as Spark keeps it; equal offsets give equal texts."""
    return {
        name: {
            "created": stream.created,
            "from": _beginning_text(stream),
            "shards": dict(sorted(stream.shards.items())),
        }
        for name, stream in sorted(offset.items())
    }


def from_json(told: Mapping[str, Any]) -> Offset:
    """Read an offset. Raises `CheckpointMismatchError` for what `to_json` did not write."""
    try:
        return {name: _stream(stream) for name, stream in told.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointMismatchError(
            f"The checkpoint's offset is not one of this source ({error!r}). Give the query a new checkpointLocation."
        ) from error


def _beginning_text(stream: StreamOffset) -> str:
    text = text_of(stream.beginning) if isinstance(stream.beginning, int) else stream.beginning
    return text if stream.pinned else f"{LATEST} {text}"


def _stream(told: Mapping[str, Any]) -> StreamOffset:
    text = told["from"]
    moment = text.removeprefix(f"{LATEST} ")
    beginning = text if text == TRIM_HORIZON else milliseconds_of(moment)
    return StreamOffset(int(told["created"]), beginning, dict(told["shards"]), pinned=moment == text)
