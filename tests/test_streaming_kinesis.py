"""The command `streaming-kinesis` as a student runs it: against a double that plays faults, and the real Kinesis."""

from __future__ import annotations

import json
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kinesis_double import KinesisDouble
from posting_student import NONE_MISSING, ROWS, SERVER_ERROR, Student, command_line, each
from source_tables import SourceTables, row_of, source_tables

from lib.entities import ENTITIES, GEO, PIN
from lib.records import record_of_row

COMMAND = command_line("lib.streaming_kinesis")
THROTTLED = ("ProvisionedThroughputExceededException", "Rate exceeded for shard shardId-000000000000")


@pytest.fixture(scope="module")
def tables(sandbox: Any) -> Iterator[SourceTables]:
    with source_tables(sandbox.engine) as tables:
        tables.fill(ROWS)
        yield tables


# Against the double


@pytest.fixture
def student(sandbox: Any, tables: SourceTables, tmp_path: Path) -> Iterator[Student]:
    with KinesisDouble() as gateway:
        yield Student("lib.streaming_kinesis", gateway, sandbox.environment | tables.environment, tmp_path)


@pytest.mark.sandbox
@pytest.mark.full
def test_throttled_records_arrive_once_and_a_second_run_has_nothing_to_send(student: Student) -> None:
    throttled = set(range(0, 600, 7))
    student.gateway.verdict = lambda record: THROTTLED if record["key"] in throttled and first_time(record) else None
    seen: set[str] = set()

    def first_time(record: dict[str, Any]) -> bool:
        fresh = str(record) not in seen
        seen.add(str(record))
        return fresh

    code, printed = student.run("--rows", "600")
    assert code == 0, printed
    assert [sorted(student.gateway.keys(entity.name)) for entity in ENTITIES] == [list(range(600))] * 3
    code, printed = student.run("--rows", "600")
    assert code == 0, printed
    assert "`streaming-kinesis --restart` sends them again" in printed
    assert student.summary("acknowledged") == each(600)


@pytest.mark.sandbox
@pytest.mark.full
@pytest.mark.parametrize("seed", range(6))
def test_kill_9_at_random_moments_loses_no_row_and_doubles_only_batches_in_flight(student: Student, seed: int) -> None:
    moments = random.Random(seed)
    for _ in range(2):
        process = student.start("--rate", "6000", "--batch-size", "100")
        student.wait_for_records(sum(len(stream) for stream in student.gateway.topics.values()) + 1)
        time.sleep(moments.random() * 0.2)
        process.kill()
        process.communicate()
    code, printed = student.run("--batch-size", "100")
    assert code == 0, printed
    assert student.missing() == NONE_MISSING
    assert student.doubled() <= 2 * len(ENTITIES) * 100
    assert student.summary("acknowledged") == each(ROWS)


@pytest.mark.sandbox
@pytest.mark.full
def test_a_gateway_that_stays_down_ends_in_dead_letters_which_a_replay_sends(student: Student) -> None:
    student.gateway.answers += [SERVER_ERROR] * 10_000
    code, printed = student.run("--give-up-after", "1")
    assert code == 1, printed
    file = student.state / "dead_letters_kinesis.jsonl"
    assert f"streaming-kinesis --replay {file}" in printed
    waiting = sum(student.summary("dead_lettered").values())
    assert waiting >= 500
    student.gateway.answers.clear()
    assert student.run()[0] == 3
    assert student.run("--replay", str(file))[0] == 0
    assert (student.missing(), student.doubled()) == (NONE_MISSING, 0)


@pytest.mark.sandbox
def test_missing_streams_are_told_and_made_when_asked_for(student: Student) -> None:
    gateway = student.gateway
    assert isinstance(gateway, KinesisDouble)
    gateway.missing = {gateway.target(entity.name) for entity in ENTITIES}
    code, printed = student.run("--rows", "5")
    assert code == 1
    assert "streaming-kinesis --create-streams" in printed
    assert "Traceback" not in printed
    code, printed = student.run("--rows", "5", "--create-streams")
    assert code == 0, printed
    assert student.summary("acknowledged") == each(5)


@pytest.mark.sandbox
def test_a_signal_while_streams_are_made_is_told_by_the_exit_code(student: Student) -> None:
    gateway = student.gateway
    assert isinstance(gateway, KinesisDouble)
    gateway.statuses += ["CREATING"] * 1000
    process = student.start("--create-streams")
    deadline = time.monotonic() + 60
    while len(gateway.routes) < 4:
        assert time.monotonic() < deadline, "the command asks for no stream"
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    printed = "".join(process.communicate(timeout=60))
    assert process.returncode == 143, printed


@pytest.mark.parametrize("options", [("--batch-size", "501"), ("--entities", "pin,post")], ids=lambda o: o[0])
def test_a_wrong_option_ends_with_code_2(options: tuple[str, str]) -> None:
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True)
    assert done.returncode == 2
    assert options[0] in done.stderr


def test_help_waits_for_no_heavy_import() -> None:
    code = "import sys, lib.streaming_kinesis; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"sqlalchemy", "pydantic", "requests"}.isdisjoint(loaded)


# Against the real gateway and Kinesis


@dataclass
class RealStudent:
    """Runs the command against the sandbox, under an id and with progress of its own."""

    sandbox: Any
    environment: dict[str, str]

    @property
    def state(self) -> Path:
        return Path(self.environment["STATE_DIR"])

    @property
    def kinesis(self) -> Any:
        return self.sandbox.stack.parts["kinesis"].client

    def stream(self, entity: str) -> str:
        return f"streaming-{self.environment['USER_ID']}-{entity}"

    def start(self, *options: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen([*COMMAND, *options], env=self.environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, *options: str) -> tuple[int, str]:
        process = self.start(*options)
        printed = "".join(process.communicate(timeout=120))
        return process.returncode, printed

    def shards(self, entity: str) -> list[list[tuple[str, bytes]]]:
        """Partition key and data of every record, shard by shard, in order."""
        shards = self.kinesis.list_shards(StreamName=self.stream(entity))["Shards"]
        return [list(self._records(entity, shard["ShardId"])) for shard in shards]

    def _records(self, entity: str, shard: str) -> Iterator[tuple[str, bytes]]:
        start = {"StreamName": self.stream(entity), "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.kinesis.get_shard_iterator(**start)["ShardIterator"]
        while True:
            answer = self.kinesis.get_records(ShardIterator=iterator)
            yield from ((record["PartitionKey"], record["Data"]) for record in answer["Records"])
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                return
            iterator = answer["NextShardIterator"]

    def records(self, entity: str) -> list[tuple[str, bytes]]:
        return [record for shard in self.shards(entity) for record in shard]

    def keys(self, entity: str) -> list[int]:
        return sorted(int(key) for key, _ in self.records(entity))

    def make_again(self, entity: str, **options: Any) -> None:
        """Put an empty stream in the place of one."""
        name = self.stream(entity)
        self.kinesis.delete_stream(StreamName=name)
        self.kinesis.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig={"Delay": 0.2})
        self.kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"}, **options)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 0.2})

    def acknowledged(self) -> int:
        """What the progress files say."""
        files = self.state.glob("streaming-*.json")
        return sum(json.loads(path.read_text())["acknowledged"] for path in files)


@pytest.fixture
def real(sandbox: Any, tables: SourceTables, tmp_path: Path) -> Iterator[RealStudent]:
    own = {"USER_ID": secrets.token_hex(6), "STATE_DIR": str(tmp_path / "state"), "COLUMNS": "200"}
    student = RealStudent(sandbox, sandbox.environment | tables.environment | own)
    yield student
    for name in student.kinesis.list_streams()["StreamNames"]:
        if own["USER_ID"] in name:
            student.kinesis.delete_stream(StreamName=name)


@pytest.mark.sandbox
def test_every_row_is_in_its_stream_once_as_in_kafka_and_a_second_run_posts_nothing(real: RealStudent) -> None:
    code, printed = real.run("--create-streams")
    assert code == 0, printed
    for entity in ENTITIES:
        expected = {str(key): record_of_row(entity, row_of(entity, key), key).value for key in range(ROWS)}
        found = real.records(entity.name)
        assert len(found) == ROWS
        assert {key: json.loads(data) for key, data in found} == {k: json.loads(v) for k, v in expected.items()}
    assert sum(bool(shard) for shard in real.shards("pin")) > 1
    code, printed = real.run()
    assert code == 0, printed
    assert "Nothing to send" in printed
    assert "`streaming-kinesis --restart` sends them again" in printed
    assert real.keys("pin") == list(range(ROWS))


@pytest.mark.sandbox
def test_the_feeds_versions_stay_in_order_and_what_is_no_json_keeps_its_bytes(
    real: RealStudent, tables: SourceTables
) -> None:
    payloads = [(GEO.table, json.dumps({"ind": n % 40, "version": n})) for n in range(200)]
    tables.make_feed([*payloads, (GEO.table, "{'cut"), (PIN.table, '"text"')])
    code, printed = real.run("--order", "feed", "--entities", "pin,geo", "--create-streams")
    tables.run("DROP TABLE feed")
    assert code == 0, printed
    versions: dict[str, list[int]] = {}
    for shard in real.shards("geo"):
        for key, data in shard:
            if data != b"{'cut":
                versions.setdefault(key, []).append(json.loads(data)["version"])
    assert versions == {str(key): list(range(key, 200, 40)) for key in range(40)}
    assert b"{'cut" in [data for _, data in real.records("geo")]
    assert [data for _, data in real.records("pin")] == [b'"text"']


@pytest.mark.sandbox
def test_one_record_puts_each_row_by_itself(real: RealStudent) -> None:
    code, printed = real.run("--rows", "20", "--one-record", "--create-streams")
    assert code == 0, printed
    assert [real.keys(entity.name) for entity in ENTITIES] == [list(range(20))] * 3


@pytest.mark.sandbox
def test_a_killed_run_is_resumed_with_every_row_in_its_stream(real: RealStudent) -> None:
    process = real.start("--rows", "900", "--rate", "900", "--batch-size", "100", "--create-streams")
    deadline = time.monotonic() + 120
    while not real.acknowledged():
        assert time.monotonic() < deadline and process.poll() is None, "the command books nothing"
        time.sleep(0.01)
    process.kill()
    process.communicate()
    booked = real.acknowledged()
    assert booked <= sum(len(real.records(entity.name)) for entity in ENTITIES)
    code, printed = real.run("--rows", "900")
    assert code == 0, printed
    assert f"{2700 - booked:,} of them by this run" in printed
    for entity in ENTITIES:
        keys = real.keys(entity.name)
        assert set(keys) == set(range(900))
        assert len(keys) <= 1000


@pytest.mark.sandbox
def test_what_the_real_kinesis_refuses_waits_and_is_replayed(real: RealStudent, tables: SourceTables) -> None:
    tables.run("ALTER TABLE pinterest_data MODIFY description LONGTEXT")
    tables.run("UPDATE pinterest_data SET description = REPEAT('x', 1100000) WHERE `index` = 7")
    code, printed = real.run("--rows", "20", "--entities", "pin", "--create-streams")
    tables.run("UPDATE pinterest_data SET description = 'd' WHERE `index` = 7")
    assert code == 3, printed
    file = real.state / "dead_letters_kinesis.jsonl"
    assert real.keys("pin") == [key for key in range(20) if key != 7]
    assert "1 MiB" in json.loads(file.read_text())["reason"]
    real.make_again("pin", MaxRecordSizeInKiB=2048)
    code, printed = real.run("--replay", str(file))
    assert code == 0, printed
    assert real.keys("pin") == [7]
