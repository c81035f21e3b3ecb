"""The same seed and size give the same values, everywhere and however they are asked for."""

import json
import subprocess
import sys
from hashlib import sha256

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.data import Chunk, InvalidLayoutError, InvalidRowsError, InvalidSeedError, generate

# Golden: they change only when somebody means to change every student's data.
DIGESTS = {
    (100, 1, False): "65b9d1348a3b55830b6747789ed6986bf6a6b38d80137d9c3ff3ef6e65e9901e",
    (100, 1, True): "5bd3f0333552f9647c8877c8b3ed8fe9a22892e43f5c0e4e5202c6beecd6094f",
    (11_154, 1, False): "0b29236cb79e0e1b508b4d908a7afba25fd66dc3d831aef76f28a3a50311d89d",
}


def digest(chunks: list[Chunk]) -> str:
    """Hash all values, row by row, as JSON text."""
    whole = sha256()
    for table in ("pin", "geo", "user"):
        for chunk in chunks:
            for row in getattr(chunk, table).to_pylist():
                whole.update(json.dumps(list(row.values()), default=str).encode())
    return whole.hexdigest()


@pytest.mark.parametrize(("rows", "seed", "decimals"), DIGESTS)
def test_the_values_are_the_golden_ones(rows: int, seed: int, decimals: bool) -> None:
    assert digest(list(generate(rows, seed, decimals=decimals))) == DIGESTS[rows, seed, decimals]


@given(rows=st.integers(100, 700), seed=st.integers(0, 2**63 - 1), chunk_rows=st.integers(20, 800))
@settings(max_examples=15)
def test_the_size_of_a_chunk_changes_nothing(rows: int, seed: int, chunk_rows: int) -> None:
    whole, parts = list(generate(rows, seed, chunk_rows=rows)), list(generate(rows, seed, chunk_rows=chunk_rows))
    for table in ("pin", "geo", "user"):
        assert pa.concat_tables([getattr(chunk, table) for chunk in parts]).equals(getattr(whole[0], table))


def test_another_seed_gives_other_rows() -> None:
    first, second = (next(iter(generate(100, seed))) for seed in (1, 2))
    for table in ("pin", "geo", "user"):
        assert not getattr(first, table).equals(getattr(second, table))


def test_decimals_change_follower_counts_only() -> None:
    plain, decimal = (next(iter(generate(1_000, 1, decimals=decimals))) for decimals in (False, True))
    assert plain.geo.equals(decimal.geo) and plain.user.equals(decimal.user)
    assert plain.pin.drop_columns("follower_count").equals(decimal.pin.drop_columns("follower_count"))
    texts = decimal.pin["follower_count"].to_pylist()
    assert any("." in text and text.endswith("k") for text in texts)
    assert any("." in text and text.endswith("M") for text in texts)
    assert not any("." in text for text in plain.pin["follower_count"].to_pylist())


@given(rows=st.integers(100, 3_000), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=25)
def test_any_size_and_seed_gives_sound_rows(rows: int, seed: int) -> None:
    chunks = list(generate(rows, seed))
    pin, geo, user = (pa.concat_tables([getattr(c, name) for c in chunks]) for name in ("pin", "geo", "user"))
    assert pin.num_rows == geo.num_rows == user.num_rows == rows
    assert all(column.null_count == 0 for table in (pin, geo, user) for column in table.columns)
    assert len(geo["timestamp"].unique()) == rows
    people = len(user.drop_columns("ind").group_by(user.column_names[1:]).aggregate([]))
    assert people == len(pin["poster_name"].unique())
    assert max(len(title) for title in pin["title"].to_pylist()) <= 199


@pytest.mark.parametrize("rows", [99, 0, -1, 10_000_001, 100.0, "100", True, None])
def test_rows_out_of_range_are_refused_at_the_call(rows: object) -> None:
    with pytest.raises(InvalidRowsError, match=r"100 to 10,000,000.*sandbox data --rows"):
        generate(rows, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "1", False, None])
def test_seeds_out_of_range_are_refused_at_the_call(seed: object) -> None:
    with pytest.raises(InvalidSeedError, match="sandbox data --seed"):
        generate(100, seed)  # type: ignore[arg-type]


def test_a_chunk_of_no_rows_is_refused() -> None:
    with pytest.raises(InvalidLayoutError, match="chunk_rows=0"):
        generate(100, 1, chunk_rows=0)


@pytest.mark.full
def test_ten_million_rows_stay_below_a_gigabyte() -> None:
    """A process of its own: on Linux `ru_maxrss` holds what its parent had when it was forked, VmHWM does not."""
    code = (
        "import pathlib, resource; from sandbox.data import generate\n"
        "assert sum(chunk.pin.num_rows for chunk in generate(10_000_000, 1)) == 10_000_000\n"
        "status = pathlib.Path('/proc/self/status')\n"
        "told = dict(line.split(':', 1) for line in status.read_text().splitlines()) if status.exists() else {}\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "print(told['VmHWM'].split()[0] if told else peak)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1_000_000
