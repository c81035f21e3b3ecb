"""Up, down, up again: nothing changes that should not, and all data comes back."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from sqlalchemy import text

from sandbox.parts.kafka import Kafka
from sandbox.parts.spark import Spark
from sandbox.parts.spark_session import session
from sandbox.processes import processes
from sandbox.stack import wait_until

pytestmark = pytest.mark.sandbox


def pids(sandbox) -> dict[str, int]:
    return {name: info["pid"] for name, info in sandbox.stack.supervisor.states().items()}


def post_one(sandbox, entity: str, value: dict[str, Any]) -> requests.Response:
    headers = {"x-api-key": sandbox.api_key, "Content-Type": "application/vnd.kafka.json.v2+json"}
    body = json.dumps({"records": [{"key": 1, "value": value}]})
    return requests.post(f"{sandbox.invoke_url}/topics/lifecycle.{entity}", data=body, headers=headers, timeout=10)


@pytest.fixture
def own_topic(sandbox):
    """A topic of these tests alone."""
    sandbox.command("kafka-topics", "--create", "--topic", "lifecycle.pin", "--partitions", "1")
    yield "lifecycle.pin"
    sandbox.command("kafka-topics", "--delete", "--topic", "lifecycle.pin")


def test_a_second_up_changes_nothing(sandbox) -> None:
    before = pids(sandbox)
    done = sandbox.command("up")
    assert pids(sandbox) == before
    assert "The sandbox is up" in done.stdout


def test_status_shows_every_part_running(sandbox) -> None:
    statuses = sandbox.stack.status()
    assert {status.state for status in statuses} == {"running"}
    assert all(status.megabytes > 1 for status in statuses)
    shown = sandbox.command("status").stdout
    assert all(status.name in shown for status in statuses)


def test_down_and_up_bring_all_data_back(sandbox, own_topic: str) -> None:
    assert post_one(sandbox, "pin", {"kept": True}).status_code == 200
    sandbox.s3.put_object(Bucket=sandbox.bucket, Key="lifecycle/kept", Body=b"kept")
    with sandbox.engine.begin() as connection:
        connection.execute(text("CREATE TABLE lifecycle (kept INT PRIMARY KEY)"))
        connection.execute(text("INSERT INTO lifecycle VALUES (42)"))
    with session(sandbox.stack.part(Spark)) as spark:
        spark.sql("CREATE SCHEMA IF NOT EXISTS lifecycle")
        spark.sql("CREATE TABLE lifecycle.kept USING delta AS SELECT 42 AS kept")
    ends = sandbox.stack.part(Kafka).end_offsets(own_topic)
    url, key, credentials = sandbox.invoke_url, sandbox.api_key, sandbox.environment["RDS_CREDENTIALS"]
    sandbox.engine.dispose()

    sandbox.command("down")
    assert processes(sandbox.settings) == {}
    sandbox.command("up")

    assert sandbox.stack.part(Kafka).end_offsets(own_topic) == ends
    assert sandbox.s3.get_object(Bucket=sandbox.bucket, Key="lifecycle/kept")["Body"].read() == b"kept"
    with sandbox.engine.begin() as connection:
        assert connection.execute(text("SELECT kept FROM lifecycle")).scalar_one() == 42
        connection.execute(text("DROP TABLE lifecycle"))
    with session(sandbox.stack.part(Spark)) as spark:
        assert spark.sql("SELECT kept FROM lifecycle.kept").collect()[0].kept == 42
        spark.sql("DROP SCHEMA lifecycle CASCADE")
    assert (sandbox.invoke_url, sandbox.api_key) == (url, key)
    assert Path(credentials).exists()
    assert post_one(sandbox, "pin", {"kept": True}).json()["offsets"][0]["offset"] == sum(ends.values())


@pytest.mark.parametrize("part", ["rest-proxy", "api-gateway", "aws", "jobs"])
def test_a_part_that_dies_is_started_again(sandbox, part: str) -> None:
    before = sandbox.pid(part)
    sandbox.kill(part)
    assert wait_until(lambda: sandbox.pid(part) not in (0, before), seconds=30)
    sandbox.command("up")
    assert {status.state for status in sandbox.stack.status()} == {"running"}


def test_restart_gives_a_part_a_new_process(sandbox) -> None:
    before = pids(sandbox)
    sandbox.command("restart", "rest-proxy")
    after = pids(sandbox)
    assert {name for name in after if after[name] != before[name]} == {"rest-proxy"}


@pytest.mark.full
def test_parts_that_outlive_a_killed_supervisor_are_cleaned_up(sandbox) -> None:
    supervisord = next(p for p in processes(sandbox.settings)["supervisor"] if "supervisord" in " ".join(p.cmdline()))
    orphans = [process for group in processes(sandbox.settings).values() for process in group if process != supervisord]
    supervisord.kill()
    supervisord.wait(timeout=10)
    sandbox.command("up")
    assert not [process for process in orphans if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert {status.state for status in sandbox.stack.status()} == {"running"}


def test_kafkas_own_tools_reach_the_broker(sandbox, own_topic: str) -> None:
    listed = sandbox.command("kafka-topics", "--list").stdout.split()
    assert {own_topic, *(sandbox.topic(entity) for entity in ("pin", "geo", "user"))} <= set(listed)
    assert "PartitionCount: 3" in sandbox.command("kafka-topics", "--describe", "--topic", sandbox.topic("pin")).stdout
    post_one(sandbox, "pin", {"read": "by the console consumer"})
    words = ("kafka-console-consumer", "--topic", own_topic, "--from-beginning", "--max-messages", "1")
    assert "by the console consumer" in sandbox.command(*words).stdout
    assert "console-consumer" in sandbox.command("kafka-consumer-groups", "--list").stdout
    assert "Dynamic configs" in sandbox.command("kafka-configs", "--describe", "--topic", own_topic).stdout


def test_logs_shows_the_end_of_a_log(sandbox) -> None:
    post_one(sandbox, "nowhere", {})
    assert "/topics/lifecycle.nowhere" in sandbox.command("logs", "rest-proxy", "-n", "20").stdout


def test_env_prints_what_a_shell_needs(sandbox) -> None:
    lines = sandbox.command("env").stdout.splitlines()
    exported = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert exported["USER_ID"].strip("'") == sandbox.user_id
    assert exported["AWS_PROFILE"].strip("'") == "sandbox"
    assert set(exported) <= set(sandbox.environment)


def test_versions_names_the_servers(sandbox) -> None:
    shown = sandbox.command("versions").stdout
    assert all(name in shown for name in ("Kafka", "4.3.1", "Spark", "4.2.0", "Delta", "MariaDB", "SeaweedFS", "Java"))


@pytest.mark.full
@pytest.mark.parametrize("seconds", [0.8, 2, 4, 8])
def test_an_interrupted_first_up_is_repaired_by_the_next(sandbox, tmp_path: Path, seconds: float) -> None:
    from sandbox_under_test import SandboxUnderTest, free_port_base, sandbox_environment

    from sandbox.settings import Settings

    settings = Settings(home=tmp_path / "home", port_base=free_port_base())
    first = psutil.Popen(
        [sys.executable, "-m", "sandbox", "up"],
        env={**sandbox.environment, **sandbox_environment(settings)},
        stdout=-3,
        stderr=-3,
    )
    time.sleep(seconds)  # the moment of the kill is the parameter of this test
    first.kill()
    first.wait()
    second = SandboxUnderTest(settings)
    try:
        second.command("up")
        assert {status.state for status in second.stack.status()} == {"running"}
    finally:
        second.command("down")
    assert processes(settings) == {}
