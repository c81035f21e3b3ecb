"""Whether time grows no faster than the rows, and how Spark compares with DuckDB on the same files."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks import duckdb_pipeline, spark_work
from benchmarks.bench import Bench
from benchmarks.figures import Figure, at_most
from benchmarks.sizes import SEED
from sandbox.data import write_json_lines
from sandbox.display import progress_bar

RECORDS_PER_OBJECT = 20_000
Seconds = dict[str, float]


def measure(bench: Bench) -> Iterator[Figure]:
    """A small and a large landing folder; the small one is worked before and after the large one.

    The first run of the small folder warms the server up and does not count.
    """
    bench.up()
    small, large = bench.sizes.small, bench.sizes.large
    user_id = bench.sandbox.user_id
    folders = {rows: land(bench, rows, user_id) for rows in (small, large)}
    spark = [by_spark(bench, folders[rows], user_id, rows) for rows in (small, small, large, small)]
    duck = {rows: by_duckdb(bench, folders[rows], user_id, rows) for rows in (small, large)}
    for rows in folders:
        shutil.rmtree(folders[rows].parent)
    of_small, of_large = (total(spark[1]) + total(spark[3])) / 2, total(spark[2])
    growth = (of_large / large) / (of_small / small)
    yield Figure(f"seconds a row, {large:,} rows to {small:,}", growth, "x", at_most(1))
    for rows, seconds, stages in ((small, of_small, spark[3]), (large, of_large, spark[2])):
        yield Figure(f"Spark, {rows:,} rows a table: load, clean, answers", seconds, "s")
        for stage, spent in stages.items():
            yield Figure(f"  {stage}", spent, "s")
        yield Figure(f"  DuckDB on the same files, {rows:,} rows", total(duck[rows]), "s")
        yield Figure("  Spark's time to DuckDB's", seconds / total(duck[rows]), "x")


def total(seconds: Seconds) -> float:
    """All stages together."""
    return sum(seconds.values())


def land(bench: Bench, rows: int, user_id: str) -> Path:
    """Write the landing folder of so many rows a table."""
    folder = bench.scratch / f"landing-{rows}"
    with progress_bar(bench.console) as bar:
        task = bar.add_task(f"landing folder of {rows:,} rows a table", total=rows)
        return write_json_lines(
            folder,
            rows,
            SEED,
            user_id,
            records_per_object=RECORDS_PER_OBJECT,
            progress=lambda done: bar.update(task, completed=done),
        )


def by_spark(bench: Bench, landing: Path, user_id: str, rows: int) -> Seconds:
    """Load, clean and answer in an open session; seconds by stage."""
    with spark_work.open_session(bench) as spark, bench.step(f"Spark, {rows:,} rows a table") as show:
        spark.sql("SELECT 1").collect()
        return spark_work.run(spark, landing.as_uri(), user_id, show)


def by_duckdb(bench: Bench, landing: Path, user_id: str, rows: int) -> Seconds:
    """The same by DuckDB."""
    with bench.step(f"DuckDB, {rows:,} rows a table"):
        return duckdb_pipeline.run(landing, user_id)
