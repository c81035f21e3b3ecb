"""The command `streaming-batch` as a student runs it: options, exit codes, signals, kills, and what it prints."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateway_double import KEY, GatewayDouble
from posting_student import NONE_MISSING, ROWS, SERVER_ERROR, Student, command_line, each
from source_tables import SourceTables, row_of, source_tables

from lib.entities import ENTITIES, GEO

COMMAND = command_line("lib.streaming_batch")


@pytest.fixture(scope="module")
def tables(sandbox: Any) -> Iterator[SourceTables]:
    with source_tables(sandbox.engine) as tables:
        tables.fill(ROWS)
        yield tables


@pytest.fixture
def student(sandbox: Any, tables: SourceTables, tmp_path: Path) -> Iterator[Student]:
    with GatewayDouble() as gateway:
        yield Student("lib.streaming_batch", gateway, sandbox.environment | tables.environment, tmp_path)


@pytest.mark.sandbox
def test_every_row_is_posted_once_and_a_second_run_has_nothing_to_send(student: Student) -> None:
    code, printed = student.run()
    assert code == 0, printed
    assert f"All {3 * ROWS:,} records are acknowledged, {3 * ROWS:,} of them by this run" in printed
    assert student.summary("acknowledged") == student.summary("sent") == each(ROWS)
    code, printed = student.run()
    assert code == 0, printed
    assert "Nothing to send" in printed
    assert (student.summary("acknowledged"), student.summary("acknowledged_now")) == (each(ROWS), each(0))
    assert (student.missing(), student.doubled()) == (NONE_MISSING, 0)


@pytest.mark.sandbox
def test_options_choose_rows_entities_and_batch_size(student: Student) -> None:
    code, printed = student.run("--rows", "120", "--entities", "user,pin", "--batch-size", "50")
    assert code == 0, printed
    assert student.summary("acknowledged") == {"pin": 120, "user": 120}
    assert sorted(count for _, _, count in student.gateway.requests) == [20, 20, 50, 50, 50, 50]


@pytest.mark.sandbox
def test_the_course_order_tells_how_many_draws_found_no_row(student: Student) -> None:
    code, printed = student.run("--order", "course", "--rows", "40")
    assert code == 0, printed
    posted = len(student.gateway.keys("pin"))
    assert 0 < posted < 40
    assert f"{3 * (40 - posted)} draws lay beyond the last row of their table" in printed


@pytest.mark.sandbox
def test_a_restart_sends_everything_again(student: Student) -> None:
    student.run("--rows", "10")
    code, printed = student.run("--rows", "10", "--restart")
    assert code == 0, printed
    assert student.doubled() == 30


@pytest.mark.sandbox
def test_a_cap_is_kept(student: Student) -> None:
    began = time.monotonic()
    code, printed = student.run("--rows", "50", "--rate", "60")
    assert code == 0, printed
    assert time.monotonic() - began > (150 - 50) / 60
    assert max(count for _, _, count in student.gateway.requests) <= 60


@pytest.mark.sandbox
@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_cleanly_and_the_same_command_goes_on(
    student: Student, number: signal.Signals, expected: int
) -> None:
    process = student.start("--rate", "1500", "--batch-size", "100")
    student.wait_for_records(300)
    process.send_signal(number)
    printed = "".join(process.communicate(timeout=60))
    assert process.returncode == expected, printed
    assert "The same command, without --restart, goes on from here." in printed
    assert 0 < sum(student.summary("acknowledged").values()) < 3 * ROWS
    code, printed = student.run()
    assert code == 0, printed
    assert (student.missing(), student.doubled()) == (NONE_MISSING, 0)


@pytest.mark.sandbox
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(1, 6))])
def test_kill_9_at_random_moments_loses_no_row_and_doubles_only_batches_in_flight(student: Student, seed: int) -> None:
    moments = random.Random(seed)
    kills = 0
    for _ in range(3):
        process = student.start("--rate", "6000", "--batch-size", "100")
        student.wait_for_records(sum(len(topic) for topic in student.gateway.topics.values()) + 1)
        time.sleep(moments.random() * 0.2)
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        process.communicate()
    code, printed = student.run("--batch-size", "100")
    assert code == 0, printed
    assert student.missing() == NONE_MISSING
    assert student.doubled() <= kills * len(ENTITIES) * 100
    assert student.summary("acknowledged") == each(ROWS)


@pytest.mark.sandbox
def test_a_gateway_that_stays_down_ends_in_dead_letters_which_a_replay_sends(student: Student) -> None:
    student.run("--rows", "1000")
    student.gateway.answers += [SERVER_ERROR] * 10_000
    code, printed = student.run("--give-up-after", "1")
    assert code == 1, printed
    assert "Gave up (1 s were not enough)" in printed
    assert "streaming-batch --replay" in printed
    waiting = sum(student.summary("dead_lettered").values())
    assert waiting >= 500
    student.gateway.answers.clear()

    code, printed = student.run()
    assert code == 3, printed
    assert sum(map(len, student.missing().values())) == waiting

    code, printed = student.run("--replay", str(student.state / "dead_letters.jsonl"))
    assert code == 0, printed
    assert (student.missing(), student.doubled()) == (NONE_MISSING, 0)
    code, printed = student.run()
    assert code == 0, printed
    assert (student.summary("acknowledged"), student.summary("dead_lettered")) == (each(ROWS), each(0))


@pytest.mark.sandbox
def test_a_replay_that_is_killed_loses_nothing(student: Student) -> None:
    student.gateway.verdict = lambda _record: (1, "The message is too large")
    code, printed = student.run("--rows", "900", "--entities", "geo")
    assert code == 3, printed
    student.gateway.verdict = lambda _record: None
    file = str(student.state / "dead_letters.jsonl")
    for _ in range(3):
        process = student.start("--replay", file, "--batch-size", "20")
        student.wait_for_records(len(student.gateway.keys("geo")) + 1)
        process.kill()
        process.communicate()
    code, printed = student.run("--replay", file)
    assert code == 0, printed
    assert set(student.gateway.keys("geo")) == set(range(900))
    assert student.doubled() <= 3 * 20
    student.run("--rows", "900", "--entities", "geo")
    assert student.summary("acknowledged") == {"geo": 900}


@pytest.mark.sandbox
def test_refused_records_end_with_code_3_and_their_reason_in_a_private_file(student: Student) -> None:
    student.gateway.verdict = lambda record: (1, "The message is too large") if record["key"] == 7 else None
    code, printed = student.run("--rows", "20")
    assert code == 3, printed
    assert student.summary("dead_lettered") == each(1)
    file = student.state / "dead_letters.jsonl"
    letters = [json.loads(line) for line in file.read_text().splitlines()]
    assert {(letter["entity"], letter["key"], letter["reason"]) for letter in letters} == {
        (entity.name, 7, "1: The message is too large") for entity in ENTITIES
    }
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.sandbox
def test_a_row_json_cannot_hold_is_mended_in_the_database_and_replayed(student: Student, tables: SourceTables) -> None:
    tables.run("ALTER TABLE geolocation_data MODIFY `timestamp` DATE")
    code, printed = student.run("--rows", "5", "--entities", "geo")
    tables.run(f"DROP TABLE {GEO.table}")
    assert code == 3, printed
    assert student.gateway.keys("geo") == []
    tables.fill(ROWS)
    code, printed = student.run("--replay", str(student.state / "dead_letters.jsonl"))
    assert code == 0, printed
    assert student.gateway.values("geo")[4]["timestamp"] == f"{row_of(GEO, 4)[1]:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"API_KEY": "wr0ng-key"}, "Compare API_KEY with `sandbox env`"),
        ({"RDS_PASSWORD": "wr0ng-key"}, "refuses user"),
        ({"RDS_HOST": "", "RDS_CREDENTIALS": "/nowhere/creds.yaml"}, "creds_template.yaml"),
        ({"RDS_DATABASE": "no_such_database"}, "no database 'no_such_database'"),
        ({"API_INVOKE_URL": "gateway"}, "API_INVOKE_URL must begin with"),
    ],
    ids=["wrong key", "wrong password", "no credentials file", "no such database", "no address"],
)
def test_a_wrong_setting_ends_with_code_1_and_one_sentence_that_mends_it(
    student: Student, changes: dict[str, str], expected: str
) -> None:
    code, printed = student.run(**changes)
    assert code == 1
    assert expected in printed
    assert "Traceback" not in printed
    assert "wr0ng-key" not in printed


@pytest.mark.sandbox
def test_an_unknown_topic_and_a_missing_feed_are_told(student: Student) -> None:
    student.gateway.answers += [(404, '{"error_code":40401,"message":"Topic not found."}', {})] * 3
    code, printed = student.run("--rows", "5")
    assert code == 1
    assert "sandbox kafka-topics --list" in printed
    code, printed = student.run("--order", "feed")
    assert code == 1
    assert "no table feed" in printed


@pytest.mark.sandbox
def test_no_secret_is_printed_or_kept(student: Student, tables: SourceTables) -> None:
    student.gateway.verdict = lambda record: (1, f"x-api-key {KEY}") if record["key"] == 7 else None
    _, printed = student.run("--rows", "20")
    kept = "".join(path.read_text() for path in student.state.iterdir())
    for secret in (KEY, tables.environment["RDS_PASSWORD"]):
        assert secret not in printed
        assert secret not in kept


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_client_imports_no_spark_no_pandas_and_nothing_of_the_sandbox() -> None:
    loaded = run_python("import sys, lib.batch_command; print(' '.join({name.split('.')[0] for name in sys.modules}))")
    assert {"pyspark", "pandas", "numpy", "sandbox"}.isdisjoint(loaded.split())


def test_help_waits_for_no_heavy_import() -> None:
    loaded = run_python(
        "import sys, lib.streaming_batch; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    )
    assert {"sqlalchemy", "pydantic", "requests"}.isdisjoint(loaded.split())


@pytest.mark.parametrize(
    "options",
    [("--rows", "0"), ("--order", "backwards"), ("--entities", "pin,post"), ("--rate", "-1"), ("--batch-size", "0")],
    ids=lambda options: options[0],
)
def test_a_wrong_option_ends_with_code_2(options: tuple[str, str]) -> None:
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True)
    assert done.returncode == 2
    assert options[0] in done.stderr


def test_help_tells_the_exit_codes() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    assert "Exit codes: 0 all acknowledged; 1 error; 2 wrong option; 3" in " ".join(done.stdout.split())
