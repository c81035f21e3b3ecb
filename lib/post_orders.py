"""In which order rows are posted: `sequential`, `course` or `feed`.

An order hands out batches of items, each at a position. Positions grow, and reading resumes after any of them.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lib.entities import ENTITIES, Entity
from lib.errors import UnknownTableError
from lib.order_name import OrderName
from lib.rds_db_connector import FEED, RDSDBConnector, TableIdentity
from lib.records import Record, record_of_payload, record_of_row

COURSE_SEED = 100
COURSE_LAST_ROW = 11000


@dataclass(frozen=True, slots=True)
class SourceItem:
    """One thing to post: a row of the entity's table (a tuple), or a payload of the feed (a text)."""

    position: int
    key: int | None
    content: Any


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """What one read brought: `taken` places of the order were used up, the last of them is `last_position`."""

    items: list[SourceItem]
    taken: int
    last_position: int


class PostOrder(ABC):
    """How the rows of one entity are read, from any position on."""

    name: OrderName

    def __init__(self, connector: RDSDBConnector, entity: Entity) -> None:
        """Read the entity through `connector`; nothing is read yet."""
        self.connector = connector
        self.entity = entity

    def identity(self) -> TableIdentity:
        """Which filling of which table the order reads; raises the SourceErrors of the connector."""
        return self.connector.identity(self.entity.table, self.entity.key)

    def total(self, wanted: int | None) -> int:
        """How many places are to be posted: `wanted`, but no more than the order has; None: all it has."""
        count = self._count()
        return count if wanted is None else min(wanted, count)

    def _count(self) -> int:
        return self.connector.count(self.entity)

    @abstractmethod
    def read(self, after: int | None, limit: int) -> SourceBatch | None:
        """The next batch of at most `limit` places after position `after` (None: the start); None at the end."""

    def record(self, item: SourceItem) -> Record:
        """The Kafka record of an item; UnserialisableValueError if JSON cannot hold it."""
        return record_of_row(self.entity, item.content, item.position)


class SequentialOrder(PostOrder):
    """Every row once, by key; the position is the key."""

    name = OrderName.SEQUENTIAL

    def read(self, after: int | None, limit: int) -> SourceBatch | None:
        """The next rows by key."""
        rows = self.connector.rows_after(self.entity, after, limit)
        return SourceBatch([SourceItem(row[0], row[0], row) for row in rows], len(rows), rows[-1][0]) if rows else None


class CourseOrder(PostOrder):
    """The rows the course's emulator drew; the position is the number of the draw, from 1.

    The k-th draw is the same for the three entities, so it posts the same row of each table. A draw beyond the end
    of a smaller table finds no row, as `LIMIT n, 1` does not, and posts nothing. The order has no end: its total is
    what is wanted, or else the number of rows in the table.
    """

    name = OrderName.COURSE

    def __init__(self, connector: RDSDBConnector, entity: Entity) -> None:
        """Start a fresh sequence of draws."""
        super().__init__(connector, entity)
        self._draws = course_draws()
        self._drawn = 0
        self._keys: list[int] | None = None

    def total(self, wanted: int | None) -> int:
        """As many draws as wanted, or as the table has rows."""
        return self._count() if wanted is None else wanted

    def read(self, after: int | None, limit: int) -> SourceBatch | None:
        """The rows of the next `limit` draws."""
        start = after or 0
        self._forward(start)
        draws = list(islice(self._draws, limit))
        self._drawn += limit
        return SourceBatch(self._rows_of(draws, start + 1), limit, start + limit)

    def _forward(self, start: int) -> None:
        if self._drawn > start:
            self._draws, self._drawn = course_draws(), 0
        for _ in islice(self._draws, start - self._drawn):
            self._drawn += 1

    def _rows_of(self, draws: list[int], first: int) -> list[SourceItem]:
        """One query for all draws instead of one `LIMIT n, 1` each: row n is the row of the n-th key."""
        if self._keys is None:
            self._keys = self.connector.keys_in_order(self.entity, COURSE_LAST_ROW + 1)
        drawn = [(n, self._keys[row]) for n, row in enumerate(draws, first) if row < len(self._keys)]
        rows = {row[0]: row for row in self.connector.rows_with_keys(self.entity, [key for _, key in drawn])}
        return [SourceItem(n, key, rows[key]) for n, key in drawn if key in rows]


class FeedOrder(PostOrder):
    """The payloads of the table `feed` that belong to the entity, verbatim, by position."""

    name = OrderName.FEED

    def identity(self) -> TableIdentity:
        """Which filling of the feed; UnknownTableError also if it names a table the course does not have."""
        identity = self.connector.identity(FEED, "position")
        unknown = self.connector.feed_table_names() - {entity.table for entity in ENTITIES}
        if unknown:
            raise UnknownTableError(
                f"The table `feed` names tables the course does not have: {sorted(unknown)}. "
                f"Make it again with `sandbox data`."
            )
        return identity

    def _count(self) -> int:
        return self.connector.count_feed(self.entity)

    def read(self, after: int | None, limit: int) -> SourceBatch | None:
        """The next payloads by position."""
        rows = self.connector.feed_after(self.entity, after, limit)
        return SourceBatch([SourceItem(row[0], None, row[1]) for row in rows], len(rows), rows[-1][0]) if rows else None

    def record(self, item: SourceItem) -> Record:
        """The payload as it stands."""
        return record_of_payload(self.entity, item.content, item.position)


ORDERS: dict[OrderName, type[PostOrder]] = {order.name: order for order in (SequentialOrder, CourseOrder, FeedOrder)}


def course_draws() -> Iterator[int]:
    """The row numbers the course's emulator drew, without end: 7528, 2863, 5730, ...

    The emulator called `random.seed(100)` once, then for ever `sleep(random.randrange(0, 2))` and
    `random.randint(0, 11000)`: the pause comes from the same generator, so it is drawn here too, and not slept.
    """
    generator = random.Random(COURSE_SEED)  # noqa: S311  # the very generator of the course, nothing secret
    while True:
        generator.randrange(0, 2)
        yield generator.randint(0, COURSE_LAST_ROW)
