"""The same rows as files, for benchmarks that skip the pipeline and for readers without a database."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.data.errors import InvalidLayoutError
from sandbox.data.limits import DEFAULT_CHUNK_ROWS, check_positive
from sandbox.data.schema import ENTITIES, Entity
from sandbox.data.tables import generate
from sandbox.data.wire import json_objects, text_bytes

PARTITIONS = 3
MOST_RECORDS = 100_000
Progress = Callable[[int], None]


def write_parquet(
    folder: Path, rows: int, seed: int, *, decimals: bool = False, progress: Progress | None = None
) -> list[Path]:
    """Write `pinterest_data.parquet`, `geolocation_data.parquet` and `user_data.parquet`; return their paths.

    The columns are those of `Chunk`. Parquet has no seconds: the timestamps, whole seconds in UTC, are stored in
    milliseconds. A file appears under its name when it is whole.

    Args:
        progress: is told the rows of each table written so far.

    Raises:
        InvalidRowsError, InvalidSeedError: an argument is out of range.
    """
    chunks = generate(rows, seed, decimals=decimals)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{entity.table}.parquet" for entity in ENTITIES]
    unfinished = [path.with_suffix(".parquet.part") for path in paths]
    writers = [pq.ParquetWriter(path, entity.arrow) for path, entity in zip(unfinished, ENTITIES, strict=True)]
    for chunk in chunks:
        for writer, (_, table) in zip(writers, chunk.tables(), strict=True):
            writer.write_table(table)
        tell(progress, chunk.first_row + chunk.pin.num_rows)
    for writer, part, path in zip(writers, unfinished, paths, strict=True):
        writer.close()
        part.replace(path)
    return paths


def write_json_lines(
    folder: Path,
    rows: int,
    seed: int,
    user_id: str,
    *,
    records_per_object: int = 500,
    decimals: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write the landing folder that the sink would leave in the bucket; return `folder`/topics.

    Objects `topics/<topic>/partition=<p>/<topic>+<p>+<first offset, 10 digits>.json`, JSON Lines. Row n lies in
    partition n % 3, in order, so that offset and place are known.

    Args:
        user_id: 12 hexadecimal digits.
        records_per_object: lines of each object, at most 100,000; the last one of a partition has fewer.
        progress: is told the rows of each table written so far.

    Raises:
        InvalidRowsError, InvalidSeedError, InvalidLayoutError: an argument is out of range, or the folder
            holds objects already, which would mix with the new ones.
    """
    if not re.fullmatch("[0-9a-f]{12}", user_id):
        raise InvalidLayoutError(f"user_id={user_id!r} is not 12 hexadecimal digits.", "Print yours: sandbox env")
    check_positive("records_per_object", records_per_object, most=MOST_RECORDS)
    refuse_leftovers(folder / "topics", user_id)
    objects = PARTITIONS * records_per_object
    chunk_rows = objects * max(1, DEFAULT_CHUNK_ROWS // objects)
    for chunk in generate(rows, seed, decimals=decimals, chunk_rows=chunk_rows):
        for entity, table in chunk.tables():
            lay_down(folder, f"{user_id}.{entity.name}", entity, table, chunk.first_row, records_per_object)
        tell(progress, chunk.first_row + chunk.pin.num_rows)
    return folder / "topics"


def refuse_leftovers(topics: Path, user_id: str) -> None:
    """Raise InvalidLayoutError where objects of an earlier run lie."""
    taken = [
        topics / f"{user_id}.{entity.name}" for entity in ENTITIES if (topics / f"{user_id}.{entity.name}").exists()
    ]
    if taken:
        raise InvalidLayoutError(f"{taken[0]} exists already.", f"Choose another folder, or: rm -r {topics}")


def lay_down(folder: Path, topic: str, entity: Entity, table: pa.Table, first_row: int, size: int) -> None:
    """Write the objects of one chunk, which begins a new object in each partition."""
    lines = json_objects(entity, table, ending="\n")
    for partition in range(PARTITIONS):
        place = folder / "topics" / topic / f"partition={partition}"
        place.mkdir(parents=True, exist_ok=True)
        part = lines.take(pa.array(np.arange((partition - first_row) % PARTITIONS, len(lines), PARTITIONS)))
        for offset, content in objects_of(part, first_row // PARTITIONS, size):
            (place / f"{topic}+{partition}+{offset:010d}.json").write_bytes(content)


def objects_of(lines: pa.Array, first_offset: int, size: int) -> Iterator[tuple[int, memoryview]]:
    """Cut lines into objects, each with the offset of its first line."""
    for start in range(0, len(lines), size):
        yield first_offset + start, text_bytes(lines, start, min(start + size, len(lines)))


def tell(progress: Progress | None, rows: int) -> None:
    """Report progress to whoever asked."""
    if progress:
        progress(rows)
