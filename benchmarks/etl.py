"""Load, clean and answer on a warm server: by the five job notebooks, and Spark's work alone."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from benchmarks import spark_work
from benchmarks.bench import Bench
from benchmarks.figures import Figure, at_most
from benchmarks.sizes import SEED
from sandbox.data import write_json_lines
from sandbox.parts.spark import Spark
from sandbox.run.jobs import run_jobs
from sandbox.run.replace import clear_tables

Seconds = dict[str, float]
UPLOADS_AT_ONCE = 4
STAGES = ("load", "clean", "answers")


def measure(bench: Bench) -> Iterator[Figure]:
    """One round to warm the server up, then the measured ones; every round begins without tables."""
    bench.up()
    raw_path = land(bench)
    rounds = [one_round(bench, raw_path, number) for number in range(bench.sizes.rounds + 1)][1:]
    by_notebooks, alone, cpu = zip(*rounds, strict=True)
    whole = median(seconds["whole"] for seconds in by_notebooks)
    work = median(sum(seconds.values()) for seconds in alone)
    yield Figure(f"five notebooks, {bench.sizes.rows:,} rows a table", whole, "s", at_most(60))
    yield Figure("  Spark's work alone, one open session", work, "s", at_most(25))
    yield Figure("  the server's processor time in it (2 cores: at best half of it)", median(cpu), "s")
    yield Figure("  the notebooks to Spark's work alone", whole / work, "x")
    for stage in STAGES:
        yield Figure(f"  {stage} alone", median(seconds[stage] for seconds in alone), "s")
    for notebook in sorted(by_notebooks[0].keys() - {"whole"}):
        yield Figure(f"  notebook {notebook}", median(seconds[notebook] for seconds in by_notebooks), "s")


def land(bench: Bench) -> str:
    """Lay the rows into the bucket as the sink would, beside what it wrote itself; return where, as Spark reads it."""
    prefix = f"bench-{time.time_ns()}"
    with bench.step("Laying the objects into the bucket"):
        folder = bench.scratch / prefix
        write_json_lines(folder, bench.sizes.rows, SEED, bench.sandbox.user_id)
        s3, client = bench.s3, bench.s3.client()

        def upload(path: Path) -> None:
            client.upload_file(str(path), s3.bucket, f"{prefix}/{path.relative_to(folder)}")

        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            list(pool.map(upload, folder.rglob("*.json")))
    return f"s3a://{s3.bucket}/{prefix}/topics"


def one_round(bench: Bench, raw_path: str, number: int) -> tuple[Seconds, Seconds, float]:
    """Seconds by notebook and of them all (`whole`), those of Spark's work alone by stage, and its processor time."""
    title = f"round {number}" if number else "warm-up"
    notebooks = by_notebooks(bench, raw_path, title)
    with spark_work.open_session(bench) as spark, bench.step(f"{title}: Spark's work alone") as show:
        spark.sql("SELECT 1").collect()
        began = bench.cpu_seconds("spark")
        alone = spark_work.run(spark, raw_path, bench.sandbox.user_id, show)
        return notebooks, alone, bench.cpu_seconds("spark") - began


def by_notebooks(bench: Bench, raw_path: str, title: str) -> Seconds:
    """Run the notebooks as `make run` does."""
    clear_tables(bench.stack.part(Spark))
    seconds: Seconds = {}
    with bench.step(f"{title}: five notebooks") as show:

        def done(name: str, spent: float) -> None:
            show(name)
            seconds[name] = spent

        began = time.perf_counter()
        run_jobs(bench.scratch / "notebooks", {**bench.sandbox.environment, "RAW_PATH": raw_path}, done)
        return {**seconds, "whole": time.perf_counter() - began}
