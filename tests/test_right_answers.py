"""`sandbox data` leaves the answer key of the rows that the database holds, and `sandbox answers` the answers as they
are."""

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from lib.answer_key import AnswerDiffersError, compare
from sandbox import fill
from sandbox.cli import app
from sandbox.data import DataLoadError, Dials, StoredDataset
from sandbox.environment import answer_key_file
from sandbox.errors import NotRunningError
from sandbox.fill import fill_database, keep_answer_key
from sandbox.oracle import ANSWERS, many_rows
from sandbox.right_answers import NoRoomForAnswersError, has_answer_key, right_answers, write_answer_key
from sandbox.settings import Settings

QUIET = Console(quiet=True)
DATA = StoredDataset(300, 4, Dials())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A sandbox that was never started."""
    return Settings(home=tmp_path / "home", port_base=17_900)


# ---------------------------------------------------------------- without a sandbox


def test_the_answers_of_a_seed_are_a_table_for_who_teaches(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    done = CliRunner().invoke(app, ["answers", "--rows", "300", "--seed", "4", "--out", str(file)])
    assert done.exit_code == 0 and str(file) in done.output.replace("\n", "")
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert {row["question"] for row in rows} >= set(ANSWERS)
    expected = right_answers(tmp_path, DATA, lambda _: None)
    for question in ANSWERS:
        assert [json.loads(row["row"]) for row in rows if row["question"] == question] == expected[question].to_pylist()
    assert [path.name for path in tmp_path.iterdir()] == ["answers.csv"]


def test_a_key_is_for_its_owner_alone_and_lies_where_the_notebooks_look(settings: Settings) -> None:
    write_answer_key(settings, DATA, right_answers(settings.home, DATA, lambda _: None))
    file = answer_key_file(settings)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in settings.home.iterdir()] == [file.name]


def test_a_key_of_other_data_is_not_the_key(settings: Settings) -> None:
    assert not has_answer_key(settings, DATA)
    write_answer_key(settings, DATA, right_answers(settings.home, DATA, lambda _: None))
    assert has_answer_key(settings, DATA)
    assert has_answer_key(settings, StoredDataset(300, 4, Dials(poison=0.1)))  # the tables are the same
    for other in (StoredDataset(301, 4, Dials()), StoredDataset(300, 5, Dials()), StoredDataset(300, 4, Dials(True))):
        assert not has_answer_key(settings, other)


def test_a_refill_that_fails_leaves_the_key_of_the_old_data(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise DataLoadError("The database refused the refill.", "The old data is in place.")

    write_answer_key(settings, DATA, right_answers(settings.home, DATA, lambda _: None))
    monkeypatch.setattr(fill, "listening", lambda _: True)
    monkeypatch.setattr(fill, "load_database", refuse)
    with pytest.raises(DataLoadError):
        fill_database(QUIET, settings, 200, 9, Dials())
    assert has_answer_key(settings, DATA)


def test_too_little_room_is_an_error_that_says_where(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_rows, "MEMORY", "1MB")
    with pytest.raises(NoRoomForAnswersError, match=f"Make room in {settings.home}"):
        right_answers(settings.home, DATA, lambda _: None)


def test_without_a_database_no_key_is_made(settings: Settings) -> None:
    with pytest.raises(NotRunningError):
        keep_answer_key(QUIET, settings)
    assert not answer_key_file(settings).exists()


# ---------------------------------------------------------------- with a sandbox


@pytest.fixture(scope="module")
def filled(sandbox: Any) -> Any:
    """A sandbox whose follower counts have decimals."""
    sandbox.command("data", "--rows", "800", "--seed", "4", "--decimals")
    return sandbox


@pytest.mark.sandbox
def test_the_answers_to_the_rows_of_the_database_are_right_and_no_others(filled: Any) -> None:
    from oracle import answers, read_database

    file = str(answer_key_file(filled.settings))
    right = answers(read_database(filled.engine))
    for question in ANSWERS:
        compare(file, question, right[question])
    with pytest.raises(AnswerDiffersError, match="800 rows of seed 4"):
        compare(file, "5", [{**row, "median_follower_count": 1.0} for row in right["5"]])


@pytest.mark.sandbox
def test_a_key_that_is_missing_is_made_and_one_that_is_there_is_left_alone(filled: Any) -> None:
    file = answer_key_file(filled.settings)
    before = file.read_text()
    keep_answer_key(QUIET, filled.settings)
    assert file.read_text() == before
    file.unlink()
    keep_answer_key(QUIET, filled.settings)
    assert json.loads(file.read_text())["decimals"] is True
    assert file.read_text() != before


@pytest.mark.sandbox
def test_a_refill_replaces_the_key(filled: Any) -> None:
    filled.command("data", "--rows", "200", "--seed", "5")
    assert json.loads(answer_key_file(filled.settings).read_text())["rows"] == 200
