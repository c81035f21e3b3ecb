"""`make run`, looked at from outside: every row accounted for, every answer as the oracle has it."""

import json
from typing import Any

import pytest

from sandbox.data import schema
from sandbox.parts.kafka import ENTITIES
from sandbox.parts.kinesis import Kinesis
from sandbox.parts.spark import Spark
from sandbox.parts.spark_session import session
from sandbox.run.reconcile import broken_identities
from sandbox.run.trace import trace

pytestmark = pytest.mark.sandbox

ROWS, SEED = 11_154, 1
STAGES = ("source", "acknowledged", "topic", "s3_lines", "s3_objects", "raw", "clean", "quarantine", "duplicates")
QUESTIONS = ("1", "2a", "2b", "3a", "3b", "4", "5", "6", "7", "8")


def run(sandbox, rows: int = ROWS, seed: int = SEED) -> tuple[dict[str, Any], str]:
    """Run the pipeline as `make run` does; the report and what was shown."""
    done = sandbox.command("run", "--rows", str(rows), "--seed", str(seed))
    return json.loads((sandbox.settings.home / "reports" / "run.json").read_text()), done.stdout


@pytest.fixture(scope="module")
def first(sandbox) -> tuple[dict[str, Any], str]:
    return run(sandbox)


@pytest.fixture(scope="module")
def report(first: tuple[dict[str, Any], str]) -> dict[str, Any]:
    return first[0]


def test_every_row_goes_the_whole_way(report: dict[str, Any]) -> None:
    stages = report["stages"]
    for stage in ("source", "acknowledged", "topic", "s3_lines", "raw", "clean"):
        assert stages[stage] == dict.fromkeys(ENTITIES, ROWS), stage
    for stage in ("quarantine", "duplicates", "sink_dead_letters"):
        assert stages[stage] == dict.fromkeys(ENTITIES, 0), stage
    assert broken_identities(stages) == []


def test_the_report_has_what_others_read(report: dict[str, Any], sandbox) -> None:
    assert (report["rows"], report["seed"]) == (ROWS, SEED)
    assert set(STAGES) <= set(report["stages"])
    assert set(report["answers"]) == set(QUESTIONS)
    assert {"fill", "post", "sink", "jobs", "reconcile", "total"} <= set(report["seconds"])
    assert set(sandbox.stack.parts) <= set(report["rss_mb"])


def test_objects_are_few(report: dict[str, Any], sandbox) -> None:
    for entity in ENTITIES:
        prefix = f"topics/{sandbox.topic(entity)}/partition="
        for partition in range(3):
            pages = sandbox.s3.get_paginator("list_objects_v2").paginate(
                Bucket=sandbox.bucket, Prefix=f"{prefix}{partition}/"
            )
            keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
            bodies = (sandbox.s3.get_object(Bucket=sandbox.bucket, Key=key)["Body"].read() for key in keys)
            lines = sum(body.count(b"\n") for body in bodies)
            assert lines
            assert len(keys) <= -(-lines // 500) + 1


def test_answers_equal_the_oracles(report: dict[str, Any], sandbox) -> None:
    from oracle import answers, assert_same_rows, read_database

    expected = answers(read_database(sandbox.engine))
    for question in QUESTIONS:
        assert_same_rows(report["answers"][question], expected[question])


def test_the_end_says_what_there_is_and_what_comes_next(first: tuple[dict[str, Any], str]) -> None:
    _, shown = first
    assert "Every row is accounted for" in shown
    assert "answers.png" in shown
    for command in ("sandbox status", "sandbox trace 42", "sandbox down"):
        assert command in shown


def test_the_picture_is_a_picture(report: dict[str, Any], sandbox) -> None:
    picture = sandbox.settings.home / "reports" / "answers.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000


def test_trace_finds_a_row_at_every_hop(report: dict[str, Any], sandbox) -> None:
    hops = {hop.name: hop for hop in trace(sandbox.stack, schema.GEO, 42)}
    assert "country: " in hops["database"].what
    assert hops["request"].what.startswith("POST ")
    assert hops["topic"].where.startswith(f"{sandbox.topic('geo')}, partition ")
    key = hops["object"].where.removeprefix(f"s3://{sandbox.bucket}/")
    lines = sandbox.s3.get_object(Bucket=sandbox.bucket, Key=key)["Body"].read().splitlines()
    assert json.loads(lines[int(hops["object"].what.removeprefix("line ")) - 1])["ind"] == 42
    assert key in hops["raw"].what
    assert "ind: 42" in hops["clean"].what


def test_trace_finds_a_row_in_its_stream(sandbox) -> None:
    kinesis, stream = sandbox.stack.part(Kinesis).client, f"streaming-{sandbox.user_id}-geo"
    kinesis.create_stream(StreamName=stream, ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
    told = {
        ind: kinesis.put_record(StreamName=stream, Data=json.dumps({"ind": ind}), PartitionKey=str(ind))
        for ind in range(40, 45)
    }
    request, found = [hop for hop in trace(sandbox.stack, schema.GEO, 42) if hop.name.startswith("stream")]
    kinesis.delete_stream(StreamName=stream)
    assert found.where == f"{stream}, {told[42]['ShardId']}"
    assert found.what == f"sequence number {told[42]['SequenceNumber']}"
    assert "it came straight to Kinesis" in request.what


def test_trace_says_where_a_row_is_not(report: dict[str, Any], sandbox) -> None:
    shown = sandbox.command("trace", "99999999", "--entity", "user").stdout
    assert "not there" in shown
    assert "no record with the key 99999999" in " ".join(shown.replace("│", " ").split())


@pytest.mark.full
def test_a_second_run_adds_nothing(report: dict[str, Any], sandbox) -> None:
    again, _ = run(sandbox)
    assert again["stages"] == report["stages"]
    assert again["answers"] == report["answers"]


@pytest.mark.full
def test_other_data_replaces_the_old_and_keeps_its_report(report: dict[str, Any], sandbox) -> None:
    other, shown = run(sandbox, rows=500, seed=7)
    assert "are replaced by 500 rows of seed 7" in shown
    assert other["stages"]["source"] == other["stages"]["clean"] == dict.fromkeys(ENTITIES, 500)
    assert broken_identities(other["stages"]) == []
    kept = [json.loads(path.read_text()) for path in (sandbox.settings.home / "reports").glob("run-*.json")]
    assert any((old["rows"], old["seed"]) == (ROWS, SEED) for old in kept)


@pytest.mark.full
@pytest.mark.parametrize("seed", [2, 3, 5, 8, 13])
def test_answers_equal_the_oracles_for_many_seeds(sandbox, seed: int) -> None:
    from oracle import answers, assert_same_rows, read_database

    report, _ = run(sandbox, rows=3_000 + 1_000 * seed, seed=seed)
    expected = answers(read_database(sandbox.engine))
    for question in QUESTIONS:
        assert_same_rows(report["answers"][question], expected[question])


@pytest.mark.full
def test_times_are_utc_whatever_the_readers_time_zone(sandbox) -> None:
    from oracle import answers, assert_same_rows, read_database

    done = sandbox.command("run", "--rows", "2000", "--seed", "21", env={"TZ": "Asia/Tokyo"})
    assert done.returncode == 0
    report = json.loads((sandbox.settings.home / "reports" / "run.json").read_text())
    expected = answers(read_database(sandbox.engine))
    for question in QUESTIONS:
        assert_same_rows(report["answers"][question], expected[question])
    with session(sandbox.stack.part(Spark)) as spark:
        first = spark.sql("SELECT date_format(min(timestamp), 'yyyy-MM-dd HH:mm:ss') AS first FROM pinterest.geo")
        shown = first.collect()[0].first
    rows = read_database(sandbox.engine)["geolocation_data"].column("timestamp").to_pylist()
    assert shown == min(rows).strftime("%Y-%m-%d %H:%M:%S")
