"""With the dials on, what comes out is what the generator foretold: clean rows, duplicates, conflicts, quarantine."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from sandbox.data import TABLES, schema
from sandbox.parts.kafka import ENTITIES, Kafka
from sandbox.parts.s3 import S3
from sandbox.parts.spark import Spark
from sandbox.parts.spark_session import session
from sandbox.run import replace
from sandbox.run.counts import landed, sink_dead_letters, table_rows, topic_records
from sandbox.run.jobs import run_jobs
from sandbox.run.pipeline import Run, await_sink
from sandbox.run.trace import trace

pytestmark = pytest.mark.sandbox

EACH = {
    "decimals": ("--decimals", "--duplicates", "0.01"),
    "duplicates": ("--duplicates", "0.05"),
    "late": ("--late", "0.02"),
    "drift": ("--drift",),
    "poison": ("--poison", "0.01"),
}
ALL = ("--decimals", "--duplicates", "0.05", "--late", "0.02", "--drift", "--poison", "0.01")


def through_the_pipeline(sandbox, rows: int, seed: int, dials: tuple[str, ...]) -> dict[str, Any]:
    """Fill with the dials, post the feed, let it land, run the job notebooks; what the generator foretold."""
    sandbox.command("data", "--rows", str(rows), "--seed", str(seed), *dials)
    replace.clear(sandbox.stack)
    command = [Path(sys.executable).with_name("streaming-batch"), "--order", "feed"]
    subprocess.run(command, env=sandbox.environment, check=True, capture_output=True)
    await_sink(Run(Console(quiet=True), sandbox.stack, rows, seed))
    run_jobs(sandbox.settings.home / "dials", sandbox.environment, lambda *_: None)
    return json.loads((sandbox.settings.home / "expectations" / "expected_counts.json").read_text())["counts"]


def clean_keys(sandbox) -> dict[str, set[int]]:
    with session(sandbox.stack.part(Spark)) as spark:
        return {
            name: {row.ind for row in spark.sql(f"SELECT ind FROM pinterest.`{name}`").collect()} for name in ENTITIES
        }


def quarantined(sandbox) -> dict[str, dict[str, int]]:
    """Conflicts and other refused rows by entity."""
    sql = "SELECT table_name, count_if(reason LIKE 'conflict%') AS conflicts, count(*) AS n FROM pinterest.quarantine "
    with session(sandbox.stack.part(Spark)) as spark:
        rows = spark.sql(sql + "WHERE stage = 'clean' GROUP BY table_name").collect()
    found = {
        row.table_name: {"conflicts": row.conflicts, "clean_quarantine_other": row.n - row.conflicts} for row in rows
    }
    return {name: found.get(name, {"conflicts": 0, "clean_quarantine_other": 0}) for name in ENTITIES}


def assert_as_foretold(sandbox, foretold: dict[str, dict[str, int]]) -> None:
    kafka, tables = sandbox.stack.part(Kafka), table_rows(sandbox.stack.part(Spark))
    _, lines = landed(sandbox.stack.part(S3), kafka.topics())
    letters, posted = sink_dead_letters(kafka, kafka.dead_letter_topic), topic_records(kafka)
    refused = quarantined(sandbox)
    for name in ENTITIES:
        found = {
            "feed": posted[name],
            "sink_dead_letters": letters[name],
            "parse_quarantine": tables["parse_quarantine"][name],
            "clean": tables["clean"][name],
            "duplicates": tables["duplicates"][name],
            **refused[name],
        }
        assert found == {figure: foretold[name][figure] for figure in found}, name
        assert posted[name] == lines[name] + letters[name]
        assert lines[name] == tables["raw"][name] + tables["parse_quarantine"][name]
    expected = pq.read_table(sandbox.settings.home / "expectations" / "expected_clean.parquet").to_pylist()
    keys = {name: {row["ind"] for row in expected if row["table_name"] == TABLES[name]} for name in ENTITIES}
    assert clean_keys(sandbox) == keys


def assert_that_trace_tells_why(sandbox) -> None:
    """`sandbox trace` shows what was set aside of a row, with the reason."""
    with session(sandbox.stack.part(Spark)) as spark:
        row = spark.sql("SELECT table_name, ind FROM pinterest.quarantine WHERE ind IS NOT NULL LIMIT 1").collect()[0]
    entity = next(entity for entity in schema.ENTITIES if entity.name == row.table_name)
    assert any(hop.name == "quarantine" and "reason: " in hop.what for hop in trace(sandbox.stack, entity, row.ind))


@pytest.mark.full
def test_every_dial_at_once_ends_as_foretold(sandbox) -> None:
    assert_as_foretold(sandbox, through_the_pipeline(sandbox, 1_500, 3, ALL))
    assert_that_trace_tells_why(sandbox)


@pytest.mark.full
@pytest.mark.parametrize("dial", EACH)
def test_each_dial_ends_as_foretold(sandbox, dial: str) -> None:
    assert_as_foretold(sandbox, through_the_pipeline(sandbox, 5_000, 11, EACH[dial]))
