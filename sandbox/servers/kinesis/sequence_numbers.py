"""Sequence numbers: 56 digits, unique in the stream, growing in the shard, and read back into an offset.

The layout is Amazon's own, as far as it is publicly known (187 bits, from the highest): a 2; the second the shard was
made (36 bits); the last 4 bits of the shard's number; a counter (64 bits); zeros (8); a second (36, here the shard's);
the shard's number (32); a 2 (4). The counter is 0 where the shard starts and offset + 1 for a record in Kafka. A child
is made in a later second than its parents, so its numbers are beyond theirs.
"""

from __future__ import annotations

_COUNTER_SHIFT = 80
_COUNTER_MASK = (1 << 64) - 1


class SequenceNumbers:
    """The sequence numbers of one shard.

    Args:
        created: the second the shard was made, as its definition tells it.
        index: the shard's number.
    """

    __slots__ = ("_base",)

    def __init__(self, created: int, index: int) -> None:
        self._base = 2 << 184 | created << 148 | (index & 15) << 144 | created << 36 | index << 4 | 2

    @property
    def start(self) -> str:
        """The number where the shard starts; below every record's."""
        return str(self._base)

    def of_record(self, offset: int) -> str:
        """The number of the record at an offset."""
        return str(self._base + (offset + 1 << _COUNTER_SHIFT))

    def of_end(self, end: int) -> str:
        """The number that closes a shard whose next record would have had offset `end`; beyond every record's."""
        return self.of_record(end)

    def offset(self, text: str) -> int | None:
        """The offset of a number, -1 for the start; None for a number that is not of this shard."""
        number = int(text)
        counter = number >> _COUNTER_SHIFT & _COUNTER_MASK
        return counter - 1 if number == self._base + (counter << _COUNTER_SHIFT) else None


def shard_of(text: str) -> int | None:
    """The shard's number in a sequence number; None for what is no sequence number."""
    number = int(text)
    index = number >> 4 & 0xFFFFFFFF
    looks_right = number >> 184 == 2 and number & 15 == 2 and number >> 144 & 15 == index & 15
    return index if looks_right else None
