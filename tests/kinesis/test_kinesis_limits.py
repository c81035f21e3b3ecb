"""The service's limits of a shard, for those who switch them on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kinesis_helpers import ACCOUNT, KinesisProcess, become_active, iterator, new_name, refused, wait_until

from sandbox.parts.kinesis import Kinesis
from sandbox.secrets import load_secrets
from sandbox.servers.kinesis.throttle import Limits
from sandbox.settings import Settings

MIB = 1 << 20


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_thousand_records_a_second_may_be_written(clock: Clock) -> None:
    limits = Limits(clock)
    assert [limits.allow_write("t", 0, 1) for _ in range(1001)] == [True] * 1000 + [False]
    assert limits.allow_write("t", 1, 1)
    clock.now = 0.5
    assert [limits.allow_write("t", 0, 1) for _ in range(501)] == [True] * 500 + [False]


def test_a_mebibyte_a_second_may_be_written(clock: Clock) -> None:
    limits = Limits(clock)
    assert [limits.allow_write("t", 0, MIB // 2) for _ in range(3)] == [True, True, False]
    clock.now = 1
    assert limits.allow_write("t", 0, MIB)


def test_five_readings_a_second_are_allowed(clock: Clock) -> None:
    limits = Limits(clock)
    assert [limits.allow_read("t", 0) for _ in range(6)] == [True] * 5 + [False]
    clock.now = 0.2
    assert [limits.allow_read("t", 0) for _ in range(2)] == [True, False]


def test_ten_mebibytes_read_at_once_shut_the_shard_for_four_seconds(clock: Clock) -> None:
    limits = Limits(clock)
    assert limits.allow_read("t", 0)
    limits.note_read("t", 0, 10 * MIB)
    for now, allowed in ((1, False), (3.9, False), (4.1, True)):
        clock.now = now
        assert limits.allow_read("t", 0) is allowed


def test_the_sandbox_switches_them_on_by_a_setting(tmp_path: Path) -> None:
    def command(**more: Any) -> list[Any]:
        settings = Settings(home=tmp_path, **more)
        return list(Kinesis(settings, load_secrets(settings)).command())

    assert "--limits" not in command()
    assert "--limits" in command(kinesis_limits=True)
    Settings(home=tmp_path, kinesis_limits=True).save()
    kept = Settings(home=tmp_path, _env_file=tmp_path / "settings.env")  # type: ignore[call-arg]
    assert kept.kinesis_limits


@pytest.fixture(scope="module")
def limited(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KinesisProcess]:
    folder = tmp_path_factory.mktemp("limited")
    running = KinesisProcess(folder, sandbox.kafka_client_properties, options=("--limits",)).start()
    yield running
    running.end()


@pytest.fixture
def name(limited: KinesisProcess) -> str:
    name = new_name()
    limited.client().create_stream(StreamName=name, ShardCount=1)
    become_active(limited.client(), name)
    return name


@pytest.mark.sandbox
def test_records_beyond_the_limit_fail_each_of_its_own(limited: KinesisProcess, name: str) -> None:
    client = limited.client()
    large = {"Data": bytes(MIB // 2 - 10), "PartitionKey": "1"}
    answer = client.put_records(StreamName=name, Records=[large, large, large])
    assert answer["FailedRecordCount"] == 1
    assert [record.get("ErrorCode") for record in answer["Records"]] == [
        None,
        None,
        "ProvisionedThroughputExceededException",
    ]
    told = f"Rate exceeded for shard shardId-000000000000 in stream {name} under account {ACCOUNT}."
    assert answer["Records"][2]["ErrorMessage"] == told
    with refused("ProvisionedThroughputExceededException", told):
        client.put_record(StreamName=name, **large)
    wait_until(lambda: client.put_records(StreamName=name, Records=[large])["FailedRecordCount"] == 0, "room again")


@pytest.mark.sandbox
def test_readings_beyond_the_limit_are_refused(limited: KinesisProcess, name: str) -> None:
    client = limited.client()
    place = iterator(client, name)
    with refused("ProvisionedThroughputExceededException", "Rate exceeded for shard shardId-000000000000 in stream"):
        for _ in range(50):
            client.get_records(ShardIterator=place)
