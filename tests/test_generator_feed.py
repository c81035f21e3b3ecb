"""The feed holds every row, and of each dial exactly what was asked for."""

import json
from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.data import ENTITIES, TABLES, Dials, InvalidDialsError, feed, generate
from sandbox.data.feed import reach
from sandbox.data.wire import json_objects

ROWS = 2_000
KEYS = {entity.table: entity.key for entity in ENTITIES}


def sent(dials: Dials, rows: int = ROWS, seed: int = 1, **options: int) -> list[tuple[str, str]]:
    """Table and payload of the whole feed, in order."""
    pieces = pa.concat_tables(list(feed(rows, seed, dials, **options)))
    assert pieces["position"].to_pylist() == list(range(1, len(pieces) + 1))
    return list(zip(pieces["table_name"].to_pylist(), pieces["payload"].to_pylist(), strict=True))


def rows_as_json(rows: int = ROWS, seed: int = 1) -> dict[str, list[str]]:
    """The JSON text of every row, by table."""
    lines: dict[str, list[str]] = defaultdict(list)
    for chunk in generate(rows, seed):
        for entity, table in chunk.tables():
            lines[entity.table] += json_objects(entity, table).to_pylist()
    return lines


def by_key(payloads: list[tuple[str, str]]) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """What came for each key, in order."""
    came: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for table, payload in payloads:
        record = json.loads(payload)
        came[table, record[KEYS[table]]].append(record)
    return came


def test_with_no_dial_the_feed_is_every_row_in_order() -> None:
    payloads, rows = sent(Dials()), rows_as_json()
    assert [payload for table, payload in payloads if table == "geolocation_data"] == rows["geolocation_data"]
    assert payloads == [
        one for trio in zip(*([(t, p) for p in rows[t]] for t in TABLES.values()), strict=True) for one in trio
    ]


def test_rows_travel_with_the_databases_columns_and_utc_times() -> None:
    _, (_, geo), (_, user) = sent(Dials())[:3]
    assert list(json.loads(geo)) == ["ind", "timestamp", "latitude", "longitude", "country"]
    assert json.loads(user)["date_joined"].endswith("Z")


@given(seed=st.integers(0, 2**63 - 1), chunk_rows=st.integers(10, 400))
@settings(max_examples=8)
def test_the_size_of_a_piece_changes_nothing(seed: int, chunk_rows: int) -> None:
    dials = Dials(duplicates=0.2, late=0.2, drift=True, poison=0.1)
    assert sent(dials, 300, seed, chunk_rows=chunk_rows) == sent(dials, 300, seed, chunk_rows=300)


def test_duplicates_repeat_half_as_they_were_and_half_changed() -> None:
    came = by_key(sent(Dials(duplicates=0.1)))
    repeated = {key: versions for key, versions in came.items() if len(versions) > 1}
    for table in TABLES.values():
        mine = [versions for (name, _), versions in repeated.items() if name == table]
        assert len(mine) == ROWS * 0.1
        assert sum(versions[0] == versions[1] for versions in mine) == len(mine) / 2


def test_some_changed_repeats_are_taken_back() -> None:
    came = by_key(sent(Dials(duplicates=0.1)))
    thrice = [versions for versions in came.values() if len(versions) == 3]
    assert thrice and all(first == third != second for first, second, third in thrice)


def test_late_rows_come_later_by_no_more_than_their_reach() -> None:
    keys = [json.loads(payload)["index"] for table, payload in sent(Dials(late=0.05)) if table == "pinterest_data"]
    assert sorted(keys) == list(range(ROWS))
    ahead = [max(keys[:place], default=-1) for place in range(ROWS)]
    late = [key for key, before in zip(keys, ahead, strict=True) if before > key]
    assert ROWS * 0.03 < len(late) <= ROWS * 0.05
    assert max(before - key for key, before in zip(keys, ahead, strict=True)) <= reach(ROWS)


def test_drift_adds_renames_and_retypes_in_stretches() -> None:
    shapes: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    types: dict[str, Counter[str]] = defaultdict(Counter)
    for table, payload in sent(Dials(drift=True)):
        record = json.loads(payload)
        shapes[table][tuple(record)] += 1
        types[table].update(f"{name} {type(value).__name__}" for name, value in record.items())
    assert [len(shapes[table]) for table in TABLES.values()] == [3, 3, 3]
    assert types["pinterest_data"]["board str"] == types["geolocation_data"]["continent str"] == ROWS * 0.06
    assert types["pinterest_data"]["followers str"] == types["user_data"]["joined_at str"] == ROWS * 0.04
    assert types["geolocation_data"]["latitude str"] == types["user_data"]["language str"] == ROWS * 0.06
    assert types["pinterest_data"]["follower_count int"] > ROWS * 0.05
    assert types["pinterest_data"]["tag_list list"] == types["geolocation_data"]["timestamp int"] == ROWS * 0.04
    assert types["user_data"]["age str"] == ROWS * 0.10


def test_poison_is_of_three_kinds() -> None:
    clean, kinds = set(map(tuple, sent(Dials()))), Counter[tuple[str, str]]()
    spoilt = [one for one in sent(Dials(poison=0.03)) if one not in clean]
    for table, payload in spoilt:
        try:
            record = json.loads(payload)
        except json.JSONDecodeError:
            kinds[table, "not_json"] += 1
            continue
        assert record is not None
        kind = "no_key" if isinstance(record, dict) else "not_object"
        assert kind == "not_object" or record.get(KEYS[table]) is None
        kinds[table, kind] += 1
    assert kinds == {(table, kind): 20 for table in TABLES.values() for kind in ("not_json", "not_object", "no_key")}


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "0.1", True, None])
@pytest.mark.parametrize("name", ["duplicates", "late", "poison"])
def test_a_share_out_of_range_is_refused(name: str, share: object) -> None:
    with pytest.raises(InvalidDialsError, match=f"{name}=.*--{name}"):
        Dials(**{name: share})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["decimals", "drift"])
def test_a_switch_is_true_or_false(name: str) -> None:
    with pytest.raises(InvalidDialsError, match=f"{name}=1"):
        Dials(**{name: 1})  # type: ignore[arg-type]


def test_dials_are_read_back_from_their_json() -> None:
    dials = Dials(decimals=True, duplicates=0.25, drift=True)
    assert Dials.from_json(dials.to_json()) == dials
    for text in ("no json", "[]", '{"unknown": 1}'):
        with pytest.raises(InvalidDialsError):
            Dials.from_json(text)


def test_only_decimals_need_no_feed() -> None:
    assert not Dials().feeds and not Dials(decimals=True).feeds
    assert Dials(drift=True).feeds and Dials(late=0.01).feeds and Dials(poison=0.01).feeds
