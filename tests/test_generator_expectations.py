"""What the generator foretells of a feed adds up, and follows the rules one by one."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.data import ENTITIES, GEO, PIN, USER, Dials, Entity, expectations, generate, write_expectations
from sandbox.data.expectations import Findings, Judge
from sandbox.data.wire import json_objects

SHARE = st.sampled_from([0.0, 0.02, 0.3, 1.0])
GOOD = {
    PIN: {
        "index": 7,
        "unique_id": "u",
        "title": "t",
        "description": "d",
        "poster_name": "p",
        "follower_count": "9k",
        "tag_list": "a,b",
        "is_image_or_video": "image",
        "image_src": "i",
        "downloaded": 1,
        "save_location": "s",
        "category": "art",
    },
    GEO: {"ind": 7, "timestamp": "2018-01-01T00:00:00Z", "latitude": 1.5, "longitude": 2.0, "country": "Peru"},
    USER: {"ind": 7, "first_name": "A", "last_name": "B", "age": 34, "date_joined": "2016-01-01T00:00:00Z"},
}


def heard(entity: Entity, *payloads: Any) -> Findings:
    """Judge payloads: texts as they are, anything else as JSON."""
    judge = Judge(entity, patience=0)
    for payload in payloads:
        judge.hear(payload if isinstance(payload, str) else json.dumps(payload))
    return judge.conclude(everything=True)


def verdict(entity: Entity, **changes: Any) -> str:
    """`clean`, or why the record is refused; a change to ... leaves the column out."""
    record = {name: value for name, value in (GOOD[entity] | changes).items() if value is not ...}
    found = heard(entity, record)
    return found.quarantine[0][3] if found.quarantine else "clean"


@given(duplicates=SHARE, late=SHARE, poison=SHARE, drift=st.booleans(), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=12)
def test_counts_add_up_and_no_key_is_lost(
    duplicates: float, late: float, poison: float, drift: bool, seed: int
) -> None:
    rows = 200
    foretold = expectations(rows, seed, Dials(duplicates=duplicates, late=late, poison=poison, drift=drift))
    clean = foretold.clean.to_pylist()
    refused = foretold.quarantine.to_pylist()
    for entity in ENTITIES:
        counts = foretold.counts[entity.name]
        assert counts["feed"] == sum(counts.values()) - counts["feed"]
        kept = [row["ind"] for row in clean if row["table_name"] == entity.table]
        away = [row for row in refused if row["table_name"] == entity.table]
        assert len(kept) == len(set(kept)) == counts["clean"]
        assert {row["ind"] for row in away if row["stage"] == "clean"} | set(kept) == set(range(rows))
        assert sum(row["reason"] == "conflict" for row in away) == counts["conflicts"]
        assert len(away) == counts["feed"] - counts["clean"] - counts["duplicates"]


def test_with_no_dial_every_row_wins_as_it_is() -> None:
    foretold = expectations(500, 1, Dials(decimals=True))
    lines = {
        entity.table: json_objects(entity, table).to_pylist()
        for chunk in generate(500, 1, decimals=True)
        for entity, table in chunk.tables()
    }
    assert foretold.quarantine.num_rows == 0
    for row in foretold.clean.to_pylist():
        assert row["payload"] == lines[row["table_name"]][row["ind"]]


def test_duplicates_alone_are_counted_exactly() -> None:
    for counts in expectations(1_600, 1, Dials(duplicates=0.1)).counts.values():
        # 160 rows come again: 80 alike, 80 changed, of which every eighth is taken back by a third payload
        assert counts["clean"] == 1_600 and counts["conflicts"] == 80
        assert counts["duplicates"] == 80 + 10


def test_late_rows_alone_change_nothing() -> None:
    for counts in expectations(500, 1, Dials(late=1.0)).counts.values():
        assert counts["clean"] == counts["feed"] == 500


def test_drift_alone_quarantines_what_cannot_be_read() -> None:
    for counts in expectations(1_000, 1, Dials(drift=True)).counts.values():
        assert counts["clean"] == 920 and counts["clean_quarantine_other"] == 80


def test_poison_goes_to_the_sinks_dead_letters_or_to_parse_quarantine() -> None:
    for counts in expectations(1_000, 1, Dials(poison=0.03)).counts.values():
        assert (counts["sink_dead_letters"], counts["parse_quarantine"], counts["clean"]) == (10, 20, 1_000)


@pytest.mark.parametrize(
    ("order", "kept", "duplicates", "conflicts"),
    [("AAB", "B", 1, 1), ("ABA", "A", 1, 1), ("ABB", "B", 1, 1), ("ABC", "C", 0, 2), ("AAA", "A", 2, 0)],
)
def test_the_version_that_came_last_is_kept(order: str, kept: str, duplicates: int, conflicts: int) -> None:
    found = heard(USER, *(GOOD[USER] | {"last_name": name} for name in order))
    assert [json.loads(payload)["last_name"] for _, _, payload in found.clean] == [kept]
    assert (found.counts["duplicates"], found.counts["conflicts"]) == (duplicates, conflicts)


def test_versions_are_alike_when_their_values_are_whatever_their_json_types() -> None:
    found = heard(USER, GOOD[USER], GOOD[USER] | {"age": "34", "language": "en"})
    assert (found.counts["clean"], found.counts["duplicates"]) == (1, 1)


@pytest.mark.parametrize("payload", ["", "{", '{"ind": 7', "cut of"])
def test_what_is_no_json_stops_at_the_sink(payload: str) -> None:
    assert heard(GEO, payload).quarantine == [("geolocation_data", "sink", None, "not_json", payload)]


@pytest.mark.parametrize("payload", ["[7]", '"7"', "7", "true"])
def test_what_is_no_object_fails_to_parse(payload: str) -> None:
    assert heard(GEO, payload).quarantine == [("geolocation_data", "parse", None, "not_object", payload)]


@pytest.mark.parametrize("key", [..., None, "seven", 7.5, True, [7], 2**31, -(2**31) - 1])
def test_without_a_whole_key_a_record_fails_to_parse(key: object) -> None:
    assert verdict(GEO, ind=key) == "no_key"


@pytest.mark.parametrize("key", [7, "7", 7.0, -5, 2**31 - 1])
def test_whole_keys_are_keys(key: object) -> None:
    assert verdict(GEO, ind=key) == "clean"


@pytest.mark.parametrize("count", ["985k", "1.2M", "3.4K", " 15m ", "2b", "0", "940", 985_000, "User Info Error"])
def test_follower_counts_that_can_be_read(count: object) -> None:
    assert verdict(PIN, follower_count=count) == "clean"


@pytest.mark.parametrize(
    "count", ["1.2345k", "k", "12 k", "1,200", "many", "-3", "9.5", f"{2**63}", "10000000000b", []]
)
def test_follower_counts_that_cannot_be_read(count: object) -> None:
    assert verdict(PIN, follower_count=count) == "unreadable_value"


def test_missing_null_and_unreadable_values_are_told_apart() -> None:
    assert verdict(USER, age=...) == "missing_column"
    assert verdict(USER, age=None) == "null_value"
    for age in ("34 years", 34.5, True, [34], 2**31):
        assert verdict(USER, age=age) == "unreadable_value"
    for when in (1451606400, "yesterday", "", {"year": 2016}):
        assert verdict(USER, date_joined=when) == "unreadable_value"
    for latitude in ("north", True, [1.5]):
        assert verdict(GEO, latitude=latitude) == "unreadable_value"
    assert verdict(GEO, latitude="1.5") == verdict(GEO, country=5) == verdict(USER, added="x") == "clean"


def test_expectations_are_written_as_they_are_foretold(tmp_path: Path) -> None:
    dials = Dials(duplicates=0.1, late=0.1, drift=True, poison=0.05)
    foretold = expectations(400, 1, dials)
    assert write_expectations(tmp_path, 400, 1, dials) == foretold.counts
    assert pq.read_table(tmp_path / "expected_clean.parquet").equals(foretold.clean)
    assert pq.read_table(tmp_path / "expected_quarantine.parquet").equals(foretold.quarantine)
    summary = json.loads((tmp_path / "expected_counts.json").read_text())
    assert (summary["rows"], summary["seed"], summary["counts"]) == (400, 1, foretold.counts)
    assert Dials.from_json(json.dumps(summary["dials"])) == dials


@pytest.mark.full
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_every_dial_adds_up_at_the_reference_size(seed: int) -> None:
    for dials in (
        Dials(duplicates=0.05),
        Dials(late=0.02),
        Dials(drift=True),
        Dials(poison=0.01),
        Dials(decimals=True, duplicates=0.05, late=0.02, drift=True, poison=0.01),
    ):
        foretold = expectations(11_154, seed, dials)
        for counts in foretold.counts.values():
            assert counts["feed"] == sum(counts.values()) - counts["feed"]
