"""A stream's batches, taken by `StreamTable`: each record ends in one place, however often and in whatever order."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from landing import PIN, USER, USER_ID, land, line, without

from lib import entities
from lib.jobs import clean, load_data
from lib.notebook import Parameters
from lib.parity import TablesDifferError, check_parity
from lib.stream_table import StreamTable
from lib.tables import QUARANTINE, TableMissingError, Tables, raw_stream_table, stream_table

pytestmark = pytest.mark.sandbox

FRAMES = (
    "partitionKey string, data binary, stream string, shardId string, sequenceNumber string, "
    "approximateArrivalTimestamp timestamp"
)


@pytest.fixture
def tables(tables: Tables) -> Tables:
    """With the tables of the streams in it."""
    tables.prepare()
    for entity in entities.ENTITIES:
        StreamTable(tables, entity).create()
    return tables


def frames(tables: Tables, entity: entities.Entity, first: int, payloads: Iterable[str | bytes], shard: int = 0) -> Any:
    """Records of one shard, numbered from `first` on."""
    arrived = datetime.now(UTC)
    rows = [
        ("k", payload.encode() if isinstance(payload, str) else payload, entity.stream(USER_ID), f"shardId-{shard:012}",
         f"{number:056}", arrived)
        for number, payload in enumerate(payloads, first)
    ]  # fmt: skip
    return tables.spark.createDataFrame(rows, FRAMES)


def take(tables: Tables, entity: entities.Entity, first: int, payloads: Iterable[str | bytes], shard: int = 0) -> None:
    StreamTable(tables, entity).take(frames(tables, entity, first, list(payloads), shard))


def users(tables: Tables) -> list[tuple[int, str]]:
    rows = tables.known(stream_table(entities.USER)).orderBy("ind").collect()
    return [(row.ind, row.user_name) for row in rows]


def refused(tables: Tables) -> list[tuple[str, str, int | None, str]]:
    rows = tables.known(QUARANTINE).orderBy("stage", "ind", "source_file").collect()
    return [(row.table_name, row.stage, row.ind, row.reason) for row in rows]


def raw_rows(tables: Tables, entity: entities.Entity) -> int:
    return tables.known(raw_stream_table(entity)).count()


def test_a_batch_taken_twice_changes_nothing(tables: Tables) -> None:
    batch = [line(USER, ind=ind) for ind in range(5)]
    for _ in range(2):
        take(tables, entities.USER, 1, batch)
    assert users(tables) == [(ind, "Ada Byron") for ind in range(5)]
    assert raw_rows(tables, entities.USER) == 5 and refused(tables) == []


def test_a_later_version_wins_and_the_earlier_one_is_kept_with_its_reason(tables: Tables) -> None:
    old, new = [line(USER, ind=1, first_name=name) for name in ("Old", "New")]
    conflict = ("stream_user", "clean", 1, "conflict: a later version of the same ind was kept")
    take(tables, entities.USER, 1, [old])
    take(tables, entities.USER, 2, [new])
    assert (users(tables), refused(tables)) == ([(1, "New Byron")], [conflict])
    take(tables, entities.USER, 1, [old])  # the whole stream read once more
    take(tables, entities.USER, 2, [new])
    assert (users(tables), refused(tables)) == ([(1, "New Byron")], [conflict])
    take(tables, entities.USER, 3, [old])
    assert (users(tables), refused(tables)) == ([(1, "Old Byron")], [conflict])
    assert raw_rows(tables, entities.USER) == 3


def test_after_a_reshard_the_child_s_record_is_the_later_one(tables: Tables) -> None:
    take(tables, entities.USER, 9, [line(USER, first_name="Parent")], shard=0)
    take(tables, entities.USER, 1, [line(USER, first_name="Child")], shard=2)
    assert users(tables) == [(1, "Child Byron")]


def test_what_cannot_be_read_or_cleaned_is_set_aside_once(tables: Tables) -> None:
    batch = ["not json", b"\xff\xfe", "[]", line(without(USER, "age"), ind=7), line(USER, ind=8)]
    for _ in range(2):
        take(tables, entities.USER, 1, batch)
    assert users(tables) == [(8, "Ada Byron")]
    assert [(stage, ind, reason) for _, stage, ind, reason in refused(tables)] == [
        ("clean", 7, "age: missing"),
        *[("parse", None, "not a JSON object")] * 3,
    ]


def test_a_kill_between_the_two_tables_is_mended_by_the_batch_s_repetition(tables: Tables) -> None:
    batch = [line(PIN, index=index) for index in range(3)]
    half = StreamTable(tables, entities.PIN)
    records = frames(tables, entities.PIN, 1, batch)
    tables_of = Tables(tables.spark, tables.catalog, tables.schema)
    half.take(records)
    tables_of.spark.sql(f"DELETE FROM {tables.name('stream_pin')} WHERE ind > 0").collect()
    half.take(records)
    assert sorted(row.ind for row in tables.known("stream_pin").collect()) == [0, 1, 2]
    assert raw_rows(tables, entities.PIN) == 3


def test_an_empty_batch_is_no_matter(tables: Tables) -> None:
    take(tables, entities.GEO, 1, [])
    assert raw_rows(tables, entities.GEO) == 0


def careless_lines(draw: random.Random) -> list[str]:
    """What a careless source sends: repeats, changed repeats, late ones, poison."""
    sound = [line(USER, ind=ind, age=20 + ind % 40) for ind in range(120)]
    repeats = [draw.choice(sound) for _ in range(20)]
    changed = [line(USER, ind=draw.randrange(120), first_name=f"Changed {number}") for number in range(20)]
    poison = ["", "{", line(USER, ind="x"), line(USER, ind=draw.randrange(120), age="old")]
    sent = [*sound, *repeats, *changed, *poison]
    draw.shuffle(sent)
    return sent


@pytest.mark.full
@pytest.mark.parametrize("seed", [1, 2])
def test_stream_and_batch_agree_however_the_stream_is_cut_and_repeated(
    spark: Any, tables: Tables, tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)
    sent = careless_lines(draw)
    land(tmp_path, "user", 0, 0, sent)
    for entity in ("pin", "geo"):
        land(tmp_path, entity, 0, 0, [])
    parameters = Parameters(tables.catalog, tables.schema, f"file://{tmp_path}", USER_ID)
    load_data(spark, parameters)
    for entity in ("pin", "geo", "user"):
        clean(spark, entity, parameters)
    with pytest.raises(TablesDifferError, match=r"user: 1\d\d rows in batch only"):
        check_parity(spark, parameters)
    cuts = sorted(draw.sample(range(1, len(sent)), 4))
    pieces = list(zip([0, *cuts], [*cuts, len(sent)], strict=True))
    for start, end in [*pieces, *pieces[1:3]]:
        take(tables, entities.USER, start + 1, sent[start:end])
    assert check_parity(spark, parameters).where("entity = 'user'").first().stream > 100
    assert reasons(tables, "stream_user") == reasons(tables, "user")


def reasons(tables: Tables, name: str) -> list[tuple[Any, ...]]:
    rows = tables.known(QUARANTINE).where(f"table_name = '{name}'").collect()
    return sorted((row.stage, row.ind or 0, row.reason, row.payload) for row in rows)


def test_parity_before_the_jobs_have_run_says_which(spark: Any, tables: Tables) -> None:
    with pytest.raises(TableMissingError, match="load_data"):
        check_parity(spark, Parameters(tables.catalog, tables.schema))
