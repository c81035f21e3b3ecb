"""The feed: what a careless source would send, payload by payload.

A payload's place follows from the row that it comes from and from a delay of at most `reach(rows)` rows, so that the
feed is made in one pass and a bounded piece of it is held at any time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.data.dials import Dials
from sandbox.data.draws import Draws
from sandbox.data.drift import STRETCHES, Payload
from sandbox.data.limits import DEFAULT_CHUNK_ROWS, check_rows, check_seed
from sandbox.data.permutation import Permutation
from sandbox.data.poison import poisoned
from sandbox.data.quotas import share_of
from sandbox.data.schema import ENTITIES, Entity
from sandbox.data.tables import Chunk, generate
from sandbox.data.wire import json_objects

Ints = npt.NDArray[np.int64]
FEED = pa.schema([("position", pa.int64()), ("table_name", pa.string()), ("payload", pa.string())])
EVENTS = pa.schema(
    [
        ("place", pa.int64()),
        ("kind", pa.int8()),
        ("row", pa.int64()),
        ("table_name", pa.string()),
        ("payload", pa.string()),
    ]
)
ORDER = [("place", "ascending"), ("kind", "ascending"), ("row", "ascending")]
FIRST, REPEAT, SECOND_REPEAT, POISON = 0, 1, 2, 3
LONGEST_DELAY = 2_000
# One repeated row in 16 comes a third time, as it was at first, after a change: A, B, A.
THIRD_TIME_IN, THIRD_TIME = 16, 3
EDITED = " (edited)"


def reach(rows: int) -> int:
    """How many rows late a payload may come at most; a repeat counts from the payload that it repeats."""
    return max(1, min(LONGEST_DELAY, rows // 10))


def feed(rows: int, seed: int, dials: Dials, *, chunk_rows: int = DEFAULT_CHUNK_ROWS // 4) -> Iterator[pa.Table]:
    """Make the feed in pieces; the payloads do not depend on the size of a piece.

    It holds every row of the three tables as JSON and what the dials do: of the rows, `duplicates` come again, half as
    they were and half changed; `late` come later than their neighbours; with `drift` stretches of the feed look
    different (`drift.py`); `poison` payloads come on top (`poison.py`).

    Returns:
        Tables with the columns position int64 (1, 2, 3, ...), table_name string, payload string.

    Raises:
        InvalidRowsError, InvalidSeedError: an argument is out of range; raised at the call.
    """
    check_rows(rows)
    check_seed(seed)
    return pieces(rows, seed, dials, chunk_rows)


def pieces(rows: int, seed: int, dials: Dials, chunk_rows: int) -> Iterator[pa.Table]:
    """Make events chunk by chunk, and give out those that no later chunk can precede."""
    makers = [EventMaker(entity, turn, rows, seed, dials) for turn, entity in enumerate(ENTITIES)]
    waiting, position = EVENTS.empty_table(), 1
    for chunk in generate(rows, seed, decimals=dials.decimals, chunk_rows=chunk_rows):
        stop_row = chunk.first_row + chunk.pin.num_rows
        events = pa.concat_tables([waiting, *made(makers, chunk)]).sort_by(ORDER)
        ready = pc.sum(pc.less(events["place"], len(ENTITIES) * stop_row)).as_py() if stop_row < rows else len(events)
        waiting = events.slice(ready)
        yield numbered(events.slice(0, ready), position)
        position += ready


def made(makers: list["EventMaker"], chunk: Chunk) -> Iterator[pa.Table]:
    """Make the events of a chunk, entity by entity."""
    for maker, (entity, table) in zip(makers, chunk.tables(), strict=True):
        row = np.arange(chunk.first_row, chunk.first_row + table.num_rows)
        yield maker(row, json_objects(entity, table))


def numbered(events: pa.Table, position: int) -> pa.Table:
    """Replace the places by positions without gaps."""
    positions = pa.array(np.arange(position, position + len(events)))
    return pa.table([positions, events["table_name"], events["payload"]], schema=FEED)


@dataclass(frozen=True)
class EventMaker:
    """Makes the events of one entity.

    Attributes:
        entity: whose rows.
        turn: the entity's place among the three; row n of entity t has place 3n + t.
        rows: rows of the table.
        seed: of the data.
        dials: what goes wrong.
    """

    entity: Entity
    turn: int
    rows: int
    seed: int
    dials: Dials

    def __call__(self, row: Ints, payload: pa.Array) -> pa.Table:
        """Make the events that come from some rows."""
        place = self.delayed("late", row, len(ENTITIES) * row + self.turn, self.lucky("late", row, self.dials.late)[0])
        first = self.events(FIRST, row, place, payload)
        return pa.concat_tables([first, *self.repeats(row, place, payload), self.poison(row, payload)])

    def lucky(self, name: str, row: Ints, share: float) -> tuple[npt.NDArray[np.bool_], Ints]:
        """Choose exactly a share of all rows; also number the chosen ones."""
        number = Permutation(self.seed, f"{name} {self.entity.name}", self.rows)(row)
        return number < share_of(self.rows, share), number

    def delayed(self, name: str, row: Ints, place: Ints, chosen: npt.NDArray[np.bool_]) -> Ints:
        """Move the chosen ones later by 1 to `reach` rows."""
        delay = 1 + Draws(self.seed).below(f"delay {name} {self.entity.name}", row, reach(self.rows))
        return place + np.where(chosen, len(ENTITIES) * delay, 0)

    def repeats(self, row: Ints, place: Ints, payload: pa.Array) -> Iterator[pa.Table]:
        """Repeat the chosen rows: those of odd number changed, and some of these once more as they were."""
        chosen, number = self.lucky("repeat", row, self.dials.duplicates)
        again = self.delayed("repeat", row, place, chosen)
        thrice = chosen & (number % THIRD_TIME_IN == THIRD_TIME)
        third = self.delayed("second repeat", row, again, thrice)
        for kind, which, where, change in (
            (REPEAT, chosen & (number % 2 == 0), again, None),
            (REPEAT, chosen & (number % 2 == 1), again, self.edit),
            (SECOND_REPEAT, thrice, third, None),
        ):
            yield self.events(kind, row[which], where[which], payload.filter(pa.array(which)), change)

    def edit(self, payload: Payload) -> Payload:
        """Change a value, so that it stays a good one."""
        if self.entity.name == "pin":
            return payload | {"title": payload["title"] + EDITED}
        if self.entity.name == "geo":
            return payload | {"latitude": -payload["latitude"] or 1.0}
        return payload | {"age": payload["age"] + 1 if payload["age"] < 60 else 20}

    def events(
        self,
        kind: int,
        row: Ints,
        place: Ints,
        payload: pa.Array,
        change: Callable[[Payload], Payload] | None = None,
    ) -> pa.Table:
        """Put events together, changed if asked, and drifted where their place lies in a stretch."""
        if change:
            payload = rewritten(payload, change)
        for stretch in STRETCHES if self.dials.drift else ():
            along = place / (len(ENTITIES) * self.rows)
            inside = (along >= stretch.start) & (along < stretch.stop)
            if stretch.entity is self.entity and inside.any():
                fresh = rewritten(payload.filter(pa.array(inside)), stretch.change)
                payload = pc.replace_with_mask(payload, pa.array(inside), fresh)
        return self.put(kind, row, place, payload)

    def put(self, kind: int, row: Ints, place: Ints, payload: pa.Array) -> pa.Table:
        """Put the columns of events together."""
        kinds, names = np.full(len(row), kind, np.int8), pa.repeat(self.entity.table, len(row))
        return pa.table([place, kinds, row, names, payload], schema=EVENTS)

    def poison(self, row: Ints, payload: pa.Array) -> pa.Table:
        """Put spoilt payloads beside the chosen rows."""
        chosen, number = self.lucky("poison", row, self.dials.poison)
        spoilt = zip(
            row[chosen].tolist(), payload.filter(pa.array(chosen)).to_pylist(), number[chosen].tolist(), strict=True
        )
        texts = pa.array([poisoned(self.entity, *one) for one in spoilt], pa.string())
        return self.put(POISON, row[chosen], len(ENTITIES) * row[chosen] + self.turn, texts)


def rewritten(payloads: pa.Array, change: Callable[[Payload], Payload]) -> pa.Array:
    """Read payloads, change them, write them."""
    return pa.array([orjson.dumps(change(orjson.loads(text))).decode() for text in payloads.to_pylist()], pa.string())
