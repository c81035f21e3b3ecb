"""Spark's work alone: the jobs of `lib` in one open session, without a notebook around them."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from pyspark.sql import SparkSession

from benchmarks.bench import Bench, Show
from lib import jobs
from lib.entities import ENTITIES
from lib.notebook import Parameters

CATALOG, SCHEMA = "spark_catalog", "benchmark"


@contextmanager
def open_session(bench: Bench) -> Iterator[SparkSession]:
    """A session on the sandbox's server, opened as a notebook opens it."""
    environment = bench.sandbox.environment
    token = environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"]
    spark = SparkSession.builder.remote(f"{environment['SPARK_REMOTE']}/;token={token}").getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


def run(spark: SparkSession, raw_path: str, user_id: str, show: Show) -> dict[str, float]:
    """Load, clean and answer into a schema that is empty before and gone after; seconds by stage."""
    parameters = Parameters(CATALOG, SCHEMA, raw_path, user_id)
    drop_schema(spark)
    stages: dict[str, Callable[[], Any]] = {
        "load": lambda: jobs.load_data(spark, parameters).collect(),
        "clean": lambda: clean(spark, parameters),
        "answers": lambda: jobs.query_data(spark, parameters).collect(),
    }
    try:
        return {name: seconds_of(name, stage, show) for name, stage in stages.items()}
    finally:
        drop_schema(spark)


def clean(spark: SparkSession, parameters: Parameters) -> None:
    """The three cleanings side by side, as their notebooks run."""
    with ThreadPoolExecutor(len(ENTITIES)) as pool:
        list(pool.map(lambda entity: jobs.clean(spark, entity.name, parameters).collect(), ENTITIES))


def seconds_of(name: str, stage: Callable[[], Any], show: Show) -> float:
    """How long a stage takes."""
    show(name)
    began = time.perf_counter()
    stage()
    return time.perf_counter() - began


def drop_schema(spark: SparkSession) -> None:
    """Remove the schema with its tables."""
    spark.sql(f"DROP SCHEMA IF EXISTS {CATALOG}.{SCHEMA} CASCADE").collect()
