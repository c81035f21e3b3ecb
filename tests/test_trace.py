"""`sandbox trace`: one row through every hop."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.data import schema
from sandbox.parts.spark import Spark
from sandbox.parts.spark_session import session
from sandbox.run import replace
from sandbox.run.jobs import run_jobs
from sandbox.run.pipeline import Run, await_sink
from sandbox.run.trace import Hop, trace

pytestmark = pytest.mark.sandbox
ROWS = 300


@pytest.fixture(scope="module")
def travelled(sandbox):
    """A sandbox in which some rows, poisoned ones and conflicts among them, went the whole way."""
    sandbox.command("data", "--rows", str(ROWS), "--seed", "5", "--duplicates", "0.2", "--poison", "0.05")
    replace.clear(sandbox.stack)
    posting = [Path(sys.executable).with_name("streaming-batch"), "--order", "feed"]
    subprocess.run(posting, env=sandbox.environment, check=True, capture_output=True)
    await_sink(Run(Console(quiet=True), sandbox.stack, ROWS, 5))
    run_jobs(sandbox.settings.home / "trace", sandbox.environment, lambda *_: None)
    return sandbox


def hops_by_name(sandbox, entity: schema.Entity, ind: int) -> dict[str, list[Hop]]:
    found: dict[str, list[Hop]] = {}
    for hop in trace(sandbox.stack, entity, ind):
        found.setdefault(hop.name, []).append(hop)
    return found


def test_a_row_is_found_at_every_hop(travelled) -> None:
    hops = hops_by_name(travelled, schema.GEO, 7)
    assert "country: " in hops["database"][0].what
    assert "POST" in hops["request"][0].what
    assert hops["topic"][0].where.startswith(f"{travelled.topic('geo')}, partition ")
    key = hops["object"][0].where.removeprefix(f"s3://{travelled.bucket}/")
    lines = travelled.s3.get_object(Bucket=travelled.bucket, Key=key)["Body"].read().splitlines()
    number = int(hops["object"][0].what.removeprefix("line "))
    assert json.loads(lines[number - 1])["ind"] == 7
    assert "ind: 7" in hops["clean"][0].what


def test_what_was_set_aside_shows_its_reason(travelled) -> None:
    with session(travelled.stack.part(Spark)) as spark:
        rows = spark.sql("SELECT table_name, ind FROM pinterest.quarantine WHERE ind IS NOT NULL LIMIT 1").collect()
    entity = next(entity for entity in schema.ENTITIES if entity.name == rows[0].table_name)
    assert "reason: " in hops_by_name(travelled, entity, rows[0].ind)["quarantine"][0].what


def test_a_key_that_nobody_has_is_said_to_be_nowhere(travelled) -> None:
    done = travelled.command("trace", "99999999", "--entity", "user")
    assert "not there" in done.stdout
    assert "no record with the key 99999999" in " ".join(done.stdout.replace("│", " ").split())
