"""`sandbox start-at N`: what a notebook builds on is made, what is there is kept, and other data replaces it."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sandbox.data import Dials, StoredDataset
from sandbox.dbutils import RESULT, WIDGETS
from sandbox.environment import answer_key_file, catch_up_command
from sandbox.parts.kafka import ENTITIES
from sandbox.run import start_at as course
from sandbox.run.counts import source_rows, topic_records
from sandbox.run.start_at import THERE, UnknownCoursePartError, Wanted, data, forget_job, one_at_a_time, require_part
from sandbox.settings import Settings

SMALL = ("--rows", "300", "--seed", "4")
HELD = StoredDataset(500, 9, Dials(decimals=True))


@pytest.mark.parametrize(
    ("stored", "wanted", "expected"),
    [
        (None, Wanted(), (11_154, 1)),
        (HELD, Wanted(), (500, 9)),
        (HELD, Wanted(seed=3), (500, 3)),
        (HELD, Wanted(rows=700), (700, 9)),
        (None, Wanted(rows=700, seed=3), (700, 3)),
    ],
)
def test_the_data_is_what_was_asked_for_else_what_the_database_holds_else_the_courses(
    stored: StoredDataset | None, wanted: Wanted, expected: tuple[int, int]
) -> None:
    assert data(stored, wanted) == expected


@pytest.mark.parametrize("part", [-1, 7])
def test_a_part_that_the_course_has_not_is_refused_with_those_it_has(part: int) -> None:
    with pytest.raises(UnknownCoursePartError, match=rf"no part {part}\. Its parts are 0 to 6\."):
        require_part(part)


def test_a_job_that_calls_gives_its_widgets_to_none_of_the_notebooks_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WIDGETS, '{"schema": "of the caller"}')
    monkeypatch.setenv(RESULT, "result.txt")
    forget_job()
    assert not {WIDGETS, RESULT} & set(os.environ)


def test_the_command_for_notebooks_names_its_sandbox_and_its_python_whatever_the_paths_hold(tmp_path: Path) -> None:
    home = tmp_path / "it's mine" / "home"
    words = shlex.split(catch_up_command(Settings(home=home, port_base=32_000)))
    assert words == ["env", f"SANDBOX_HOME={home}", sys.executable, "-m", "sandbox", "start-at"]
    done = subprocess.run([*words, "9"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "The course has no part 9.")


def test_a_second_notebook_waits_for_the_first_one(tmp_path: Path) -> None:
    settings, console = Settings(home=tmp_path, port_base=32_000), Console(record=True)
    code = (
        "from pathlib import Path; from rich.console import Console; from sandbox.settings import Settings\n"
        "from sandbox.run.start_at import one_at_a_time\n"
        f"with one_at_a_time(Console(), Settings(home=Path({str(tmp_path)!r}), port_base=32_000)): print('in')"
    )
    with one_at_a_time(console, settings):
        waiting = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "Another notebook is at it; waiting for it\n"
        assert waiting.poll() is None
    told, _ = waiting.communicate(timeout=30)
    assert told == "in\n"


# --- with the sandbox ---


def told(sandbox: Any, *words: str) -> dict[str, str]:
    """What `sandbox start-at` says of each step, by the step's name."""
    lines = sandbox.command("start-at", *words).stdout.splitlines()
    names = ("database", "topics", "S3", "tables", "Airflow")
    return {line.split()[0]: line for line in lines if line.startswith(names)}


@pytest.mark.sandbox
def test_a_database_is_filled_once_and_kept_with_its_answer_key(sandbox: Any) -> None:
    assert "300 rows of seed 4" in told(sandbox, "0", *SMALL, "--fresh")["database"]
    key = answer_key_file(sandbox.settings)
    written = key.read_bytes()
    assert told(sandbox, "3") == {"database": f"database  300 rows of seed 4, {THERE}"}
    assert source_rows(sandbox.stack.parts["mariadb"]) == dict.fromkeys(ENTITIES, 300)
    assert key.read_bytes() == written


@pytest.mark.sandbox
@pytest.mark.full
def test_an_answer_key_that_was_lost_is_written_again(sandbox: Any) -> None:
    told(sandbox, "0", *SMALL)
    answer_key_file(sandbox.settings).unlink()
    told(sandbox, "1")
    assert answer_key_file(sandbox.settings).exists()


@pytest.mark.sandbox
def test_rows_are_posted_and_landed_once(sandbox: Any) -> None:
    first = told(sandbox, "4", *SMALL, "--fresh")
    assert THERE not in first["topics"]
    assert first["S3"].startswith("S3        900 records are landed")
    kept = topic_records(sandbox.kafka)
    assert kept == dict.fromkeys(ENTITIES, 300)
    again = told(sandbox, "4")
    assert all(line.endswith(THERE) for line in again.values()) and set(again) == {"database", "topics", "S3"}
    assert topic_records(sandbox.kafka) == kept


@pytest.mark.sandbox
@pytest.mark.full
def test_rows_that_were_posted_in_part_are_posted_to_the_end(sandbox: Any) -> None:
    told(sandbox, "3", *SMALL, "--fresh")
    command = [Path(sys.executable).with_name("streaming-batch"), "--batch-size", "50", "--rows", "100"]
    subprocess.run(command, env=sandbox.environment, check=True, capture_output=True)
    told(sandbox, "4")
    assert topic_records(sandbox.kafka) == dict.fromkeys(ENTITIES, 300)


@pytest.mark.sandbox
def test_other_rows_replace_those_that_were_posted(sandbox: Any) -> None:
    told(sandbox, "4", *SMALL)
    other = sandbox.command("start-at", "4", "--rows", "200", "--seed", "8").stdout
    assert "are replaced by 200 rows of seed 8" in other
    assert topic_records(sandbox.kafka) == dict.fromkeys(ENTITIES, 200)


@pytest.mark.sandbox
@pytest.mark.full
def test_rows_that_were_filled_in_by_hand_are_posted_in_place_of_the_old_ones(sandbox: Any) -> None:
    told(sandbox, "4", *SMALL)
    sandbox.command("data", "--rows", "200", "--seed", "5")
    assert told(sandbox, "4")["database"] == f"database  200 rows of seed 5, {THERE}"
    assert topic_records(sandbox.kafka) == dict.fromkeys(ENTITIES, 200)


@pytest.mark.sandbox
@pytest.mark.full
def test_the_tables_are_made_once_and_again_where_one_is_missing(sandbox: Any, spark: Any) -> None:
    first = told(sandbox, "6", *SMALL, "--fresh")
    assert THERE not in first["tables"]
    assert spark.table("pinterest.pin").count() == 300
    assert told(sandbox, "6")["tables"].endswith(THERE)
    spark.sql("DROP TABLE pinterest.answer_5")
    assert THERE not in told(sandbox, "6")["tables"]
    assert spark.table("pinterest.answer_5").count() > 0


@pytest.mark.sandbox
@pytest.mark.full
@pytest.mark.timeout(900)
def test_part_five_finds_airflow_up(sandbox: Any) -> None:
    first = told(sandbox, "5", *SMALL)
    assert first["Airflow"].split()[1] == sandbox.environment["AIRFLOW_URL"]
    assert course.airflow_is_up(sandbox.stack)
    assert set(told(sandbox, "5")) == {"database", "topics", "S3", "tables", "Airflow"}


@pytest.mark.sandbox
@pytest.mark.full
def test_the_summary_that_tells_of_posted_rows_goes_when_the_pipeline_is_cleared(sandbox: Any) -> None:
    told(sandbox, "4", *SMALL)
    summary = sandbox.settings.home / "state" / "streaming_batch.json"
    assert json.loads(summary.read_text())["exit_code"] == 0
    told(sandbox, "0", *SMALL, "--fresh")
    assert not summary.exists()
    assert topic_records(sandbox.kafka) == dict.fromkeys(ENTITIES, 0)
