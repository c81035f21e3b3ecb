"""The generator's files: Parquet with the database's types, and a landing folder as the sink leaves it."""

import json
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sandbox.data import InvalidLayoutError, InvalidRowsError, generate, stock, write_json_lines, write_parquet
from sandbox.data.names import countries, first_names, foreign_words, last_names
from sandbox.data.schema import ENTITIES
from sandbox.data.vocabulary import EMOJI

USER_ID = "0a1b2c3d4e5f"


def test_parquet_files_hold_the_generated_rows(tmp_path: Path) -> None:
    told: list[int] = []
    paths = write_parquet(tmp_path / "new", 1_500, 3, progress=told.append)
    assert [path.name for path in paths] == ["pinterest_data.parquet", "geolocation_data.parquet", "user_data.parquet"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(path.name for path in paths)
    chunk = next(iter(generate(1_500, 3)))
    for path, (entity, table) in zip(paths, chunk.tables(), strict=True):
        assert pq.read_table(path).cast(entity.arrow).equals(table)
    assert told == [1_500]


@pytest.mark.parametrize("records_per_object", [1, 7, 100, 5_000])
def test_the_landing_folder_is_laid_out_as_by_the_sink(tmp_path: Path, records_per_object: int) -> None:
    rows = 250
    write_json_lines(tmp_path, rows, 1, USER_ID, records_per_object=records_per_object)
    chunk = next(iter(generate(rows, 1)))
    for entity, table in chunk.tables():
        topic = f"{USER_ID}.{entity.name}"
        for partition in range(3):
            offset, read = 0, []
            for path in sorted((tmp_path / "topics" / topic / f"partition={partition}").iterdir()):
                assert path.name == f"{topic}+{partition}+{offset:010d}.json"
                lines = path.read_text().splitlines()
                assert path.read_bytes().endswith(b"\n") and len(lines) <= records_per_object
                read += [json.loads(line) for line in lines]
                offset += len(lines)
            wanted = [row for row in table.to_pylist() if row[entity.key] % 3 == partition]
            assert [{**row, **iso(row)} for row in wanted] == read


def iso(row: dict) -> dict:
    """The moments of a row as they travel."""
    return {name: f"{value:%Y-%m-%dT%H:%M:%SZ}" for name, value in row.items() if hasattr(value, "year")}


def test_lines_are_the_bytes_that_a_json_library_writes(tmp_path: Path) -> None:
    write_json_lines(tmp_path, 600, 5, USER_ID)
    for path in tmp_path.rglob("*.json"):
        for line in path.read_bytes().splitlines():
            assert orjson.dumps(orjson.loads(line)) == line


def test_many_chunks_continue_the_offsets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.data.files.DEFAULT_CHUNK_ROWS", 90)
    write_json_lines(tmp_path / "many", 1_000, 1, USER_ID, records_per_object=10)
    monkeypatch.undo()
    write_json_lines(tmp_path / "one", 1_000, 1, USER_ID, records_per_object=10)
    many, one = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.json")}
        for folder in (tmp_path / "many", tmp_path / "one")
    )
    assert many == one


def test_an_old_landing_folder_is_not_mixed_with_a_new_one(tmp_path: Path) -> None:
    write_json_lines(tmp_path, 100, 1, USER_ID)
    with pytest.raises(InvalidLayoutError, match=r"exists already.*rm -r"):
        write_json_lines(tmp_path, 100, 2, USER_ID)


@pytest.mark.parametrize("user_id", ["", "0A1B2C3D4E5F", "0a1b2c3d4e5", "../etc/passwd"])
def test_a_user_id_is_twelve_hex_digits(tmp_path: Path, user_id: str) -> None:
    with pytest.raises(InvalidLayoutError, match="12 hexadecimal digits"):
        write_json_lines(tmp_path, 100, 1, user_id)


@pytest.mark.parametrize("size", [0, -1, 100_001, 2.5])
def test_an_object_holds_a_positive_number_of_records(tmp_path: Path, size: int) -> None:
    with pytest.raises(InvalidLayoutError, match="records_per_object"):
        write_json_lines(tmp_path, 100, 1, USER_ID, records_per_object=size)


def test_nothing_is_written_for_arguments_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(InvalidRowsError):
        write_parquet(tmp_path / "new", 5, 1)
    assert not (tmp_path / "new").exists()


def test_no_text_of_the_stock_needs_escaping_in_json() -> None:
    stocks = [stock.titles(), stock.openings(), stock.suffixes(), stock.foreign_suffixes(), stock.foreign_titles()]
    stocks += [stock.long_titles(), stock.endings(), *stock.tags()]
    texts = [text for entries in stocks for text in entries.to_pylist()]
    texts += [*countries(), *first_names()[0], *last_names()[0], *EMOJI]
    assert [text for text in texts if json.dumps(text, ensure_ascii=False) != f'"{text}"'] == []


def test_the_lists_of_faker_are_the_ones_known() -> None:
    counts = (len(countries()), len(first_names()[0]), len(last_names()[0]), *map(len, foreign_words()))
    assert counts[:3] == (243, 690, 1000)
    assert all(counts[3:])


def test_types_are_those_of_the_database() -> None:
    pin, geo, user = (entity.arrow for entity in ENTITIES)
    assert (pin.field("index").type, pin.field("follower_count").type) == (pa.int32(), pa.string())
    assert (geo.field("timestamp").type, geo.field("latitude").type) == (pa.timestamp("s"), pa.float64())
    assert (user.field("age").type, user.field("date_joined").type) == (pa.int32(), pa.timestamp("s"))
