"""Reshards of any depth: every record once, and parents before their children."""

from __future__ import annotations

import random

from fake_kinesis import STREAM, FakeKinesis, Query
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark_kinesis.lineage import END, Shard, readable, vanished, without_expired


def shards(**parents: tuple[str, ...]) -> dict[str, Shard]:
    return {name: Shard(name, above) for name, above in parents.items()}


def test_children_wait_for_their_parents() -> None:
    listed = shards(a=(), b=(), c=("a",), d=("a", "b"))
    assert readable(listed, {}) == ["a", "b"]
    assert readable(listed, {"a": END}) == ["b", "c"]
    assert readable(listed, {"a": END, "b": END, "c": "7"}) == ["c", "d"]


def test_a_parent_that_is_not_listed_is_waited_for_no_more() -> None:
    assert readable(shards(c=("a",), d=("a", "b")), {}) == ["c", "d"]


def test_a_shard_that_is_gone_before_it_was_drained_is_known() -> None:
    progress = {"a": "7", "b": END, "c": "9"}
    assert vanished(shards(c=("a",)), progress) == ["a"]
    assert without_expired(shards(c=("a",)), progress) == {"c": "9"}


def reshard(kinesis: FakeKinesis, draw: random.Random) -> None:
    """Split one open shard, or merge two."""
    open_shards = [shard.id for shard in kinesis.shards.values() if not shard.closed]
    if len(open_shards) > 1 and draw.random() < 0.5:
        kinesis.add(*draw.sample(open_shards, 2))
    else:
        parent = draw.choice(open_shards)
        kinesis.add(parent)
        kinesis.add(parent)


def expire(kinesis: FakeKinesis, query: Query) -> None:
    """Closed shards that are drained leave the stream, as their last records do."""
    for shard_id, position in query.offset[STREAM].shards.items():
        if position == END:
            kinesis.shards.pop(shard_id, None)


def require_parents_first(query: Query, parents: dict[str, tuple[str, ...]]) -> None:
    order = [query.shard_of[text] for text in query.texts]
    first = {shard: order.index(shard) for shard in set(order)}
    last = {shard: len(order) - order[::-1].index(shard) for shard in set(order)}
    for child, above in parents.items():
        for parent in above:
            assert child not in first or parent not in last or last[parent] <= first[child]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), page=st.integers(1, 9), most_rows=st.integers(1, 12), gaps=st.integers(0, 1))
def test_every_record_of_any_lineage_comes_once_and_in_order(seed: int, page: int, most_rows: int, gaps: int) -> None:
    draw, kinesis = random.Random(seed), FakeKinesis(page=page, gaps=gaps)
    parents: dict[str, tuple[str, ...]] = {}
    written: list[str] = []
    kinesis.add()
    query = Query(kinesis)
    for step in range(draw.randint(1, 25)):
        act = draw.choice(["put", "put", "reshard", "batch", "restart", "expire", "expire iterators"])
        if act == "put":
            open_shards = [shard.id for shard in kinesis.shards.values() if not shard.closed]
            texts = [f"{step}-{number}" for number in range(draw.randint(1, 8))]
            kinesis.put(draw.choice(open_shards), *texts)
            written += texts
        elif act == "reshard":
            reshard(kinesis, draw)
        elif act == "batch":
            query.batch(most_rows)
        elif act == "restart":
            query.restart()
        elif act == "expire":
            expire(kinesis, query)
        else:
            kinesis.expire_iterators()
        parents |= {shard.id: shard.parents for shard in kinesis.shards.values()}
    query.drain(most_rows)
    assert sorted(query.texts) == sorted(written)
    require_parents_first(query, parents)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), most_rows=st.integers(1, 12))
def test_a_planned_batch_is_the_same_after_a_restart(seed: int, most_rows: int) -> None:
    draw, kinesis = random.Random(seed), FakeKinesis(page=draw_page(seed))
    kinesis.add()
    query = Query(kinesis)
    for step in range(draw.randint(1, 12)):
        open_shards = [shard.id for shard in kinesis.shards.values() if not shard.closed]
        kinesis.put(draw.choice(open_shards), *(f"{step}-{number}" for number in range(draw.randint(0, 8))))
        if draw.random() < 0.4:
            reshard(kinesis, draw)
        end = query.planner.plan(query.offset, most_rows)
        planned = query.rows(query.planner.partitions(query.offset, end))
        query.restart()
        assert sorted(query.rows(query.planner.partitions(query.offset, end))) == sorted(planned)
        query.offset = end


def draw_page(seed: int) -> int:
    return seed % 7 + 1
