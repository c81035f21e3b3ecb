"""A check shows a tick, or a cross with its hint and the step of the walkthrough, wherever the notebook runs."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from lib import checks
from lib.check_outcome import Outcome, OutcomeCard
from lib.checks import CheckFailedError, Given, UnknownCheckError, check, require, require_answer, task
from lib.notebook import Parameters
from sandbox.oracle import answer_key
from sandbox.settings import ROOT

STEP = "2-msk-to-s3.md#check"
RIGHT = {"connector": {"connectorState": "RUNNING"}}
WRONG = {"connector": {"connectorState": "FAILED"}}


@pytest.fixture(autouse=True)
def part(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A part 77 with three checks, as `lib/tasks/part_77.py` would hold them."""
    module = ModuleType("lib.tasks.part_77")
    module.__spec__ = type(sys.__spec__)("lib.tasks.part_77", None)  # type: ignore[union-attr]
    monkeypatch.setitem(sys.modules, "lib.tasks.part_77", module)
    monkeypatch.setattr(checks, "_tasks", {})
    monkeypatch.delenv(checks.CHECKS_FILE, raising=False)

    @task("77.1", "The connector runs", STEP)
    def connector_runs(given: Given) -> None:
        state = given["connector"]["connectorState"]
        require(state == "RUNNING", f"The connector is `{state}`: look at <it>.")

    @task("77.10", "The answer is right", STEP)
    def answer_is_right(given: Given) -> None:
        require_answer(given, "one", given["answer"])

    @task("77.2", "Nothing can be said", STEP)
    def breaks(given: Given) -> None:
        raise ZeroDivisionError("by nothing\n\tat org.apache.spark.Deep(Deep.scala:1)")

    yield


# ---------------------------------------------------------------- what comes of a check


def test_a_check_that_holds_passes_and_is_shown_with_a_tick(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("77.1", RIGHT) == Outcome("77.1", "The connector runs", True, "", STEP)
    assert capsys.readouterr().out == "✓ 77.1 The connector runs\n"


def test_a_check_that_does_not_hold_fails_and_is_shown_with_hint_and_step(capsys: pytest.CaptureFixture[str]) -> None:
    hint = "The connector is `FAILED`: look at <it>."
    assert check("77.1", WRONG) == Outcome("77.1", "The connector runs", False, hint, STEP)
    assert capsys.readouterr().out == f"✗ 77.1 The connector runs\n  {hint}\n  See walkthroughs/{STEP}\n"


def test_a_missing_variable_is_a_failed_check_that_names_it() -> None:
    outcome = check("77.1", {})
    assert not outcome.passed
    assert "no variable `connector` yet" in outcome.hint


def test_an_exercise_left_open_is_a_failed_check_that_says_so() -> None:
    outcome = check("77.1", {"connector": ...})
    assert not outcome.passed
    assert "`connector` is still `...`" in outcome.hint


def test_none_is_a_value_and_not_a_missing_variable() -> None:
    assert Given({"nothing": None})["nothing"] is None


def test_any_other_error_is_a_failed_check_with_its_first_line_only() -> None:
    outcome = check("77.2", {})
    assert not outcome.passed
    assert outcome.hint == "It could not be checked: ZeroDivisionError: by nothing"


def test_an_interrupt_is_not_swallowed() -> None:
    @task("77.3", "Never ends", STEP)
    def interrupted(given: Given) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("77.3", {})


# ---------------------------------------------------------------- strict


@pytest.mark.parametrize(
    "strict", [{"strict_checks": "1"}, {"parameters": Parameters(strict_checks="yes")}], ids=["variable", "parameter"]
)
def test_a_failed_check_raises_where_checks_are_strict_after_it_was_shown(
    strict: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CheckFailedError, match=r"77\.1 The connector runs: The connector is `FAILED`"):
        check("77.1", WRONG | strict)
    assert "✗ 77.1" in capsys.readouterr().out
    assert check("77.1", RIGHT | strict).passed


@pytest.mark.parametrize("lax", [{}, {"strict_checks": ""}, {"parameters": Parameters()}], ids=repr)
def test_a_failed_check_raises_nothing_where_they_are_not(lax: dict[str, Any]) -> None:
    assert not check("77.1", WRONG | lax).passed


def test_who_calls_may_decide() -> None:
    with pytest.raises(CheckFailedError):
        check("77.1", WRONG, strict=True)
    assert not check("77.1", WRONG | {"strict_checks": "1"}, strict=False).passed


def test_a_parameter_beats_a_variable_of_its_name() -> None:
    """A job's widget replaces what the parameters cell says."""
    given = Given({"parameters": Parameters(bucket="of_the_widget"), "bucket": "of_the_cell"})
    assert given.parameter("bucket") == "of_the_widget"
    assert Given({"parameters": Parameters(bucket=""), "bucket": "of_the_cell"}).parameter("bucket") == ""
    assert Given({"bucket": "of_the_cell"}).parameter("bucket") == "of_the_cell"
    assert Given({}).parameter("bucket") == ""


# ---------------------------------------------------------------- which check


def test_an_unknown_check_is_an_error_that_names_those_there_are_in_their_order() -> None:
    with pytest.raises(UnknownCheckError, match=r"no check '77\.3'. Part 77 has: 77\.1, 77\.2, 77\.10\."):
        check("77.3", {})


@pytest.mark.parametrize("id", ["78.1", "", "one", "77", "../77.1", "²"])
def test_a_number_that_leads_nowhere_is_an_error(id: str) -> None:
    with pytest.raises(UnknownCheckError, match="There is no check"):
        check(id, {})


def test_two_functions_with_one_number_are_an_error_and_a_reloaded_one_is_not() -> None:
    def again(given: Given) -> None:
        pass

    def other(given: Given) -> None:
        pass

    task("77.4", "The first", STEP)(again)
    task("77.4", "The same, reloaded", STEP)(again)
    with pytest.raises(ValueError, match=r"again and .*other are both the check 77\.4"):
        task("77.4", "The second", STEP)(other)


# ---------------------------------------------------------------- answers


@pytest.fixture
def key(tmp_path: Path) -> str:
    """An answer key that holds one number, 409."""
    path = tmp_path / "answer_key.json"
    path.write_text(answer_key({"one": pa.table({"persons": [409]})}, {"rows": 11_154, "seed": 1}))
    return str(path)


def test_an_answer_is_checked_against_the_key_that_the_parameters_name(key: str) -> None:
    assert check("77.10", {"answer": 409, "parameters": Parameters(answer_key=key)}).passed
    assert check("77.10", {"answer": 409, "answer_key": key}).passed


def test_a_wrong_answer_is_a_failed_check_that_does_not_tell_the_right_one(key: str) -> None:
    outcome = check("77.10", {"answer": 410, "answer_key": key})
    assert not outcome.passed
    assert "a value differs" in outcome.hint
    assert "409" not in outcome.hint


def test_without_a_key_an_answer_is_a_failed_check_that_names_the_command(tmp_path: Path) -> None:
    for file in ("", str(tmp_path / "nowhere.json")):
        outcome = check("77.10", {"answer": 409, "answer_key": file})
        assert not outcome.passed
        assert "`sandbox data` makes it" in outcome.hint
        assert "could not be checked" not in outcome.hint


# ---------------------------------------------------------------- what is recorded


def test_each_outcome_is_a_line_of_the_file_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "checks.jsonl"
    monkeypatch.setenv(checks.CHECKS_FILE, str(file))
    check("77.1", RIGHT)
    with pytest.raises(CheckFailedError):
        check("77.1", {}, strict=True)
    first, second = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert first == {"task": "77.1", "title": "The connector runs", "passed": True, "hint": "", "step": STEP}
    assert (second["task"], second["passed"]) == ("77.1", False)
    assert "no variable" in second["hint"]


# ---------------------------------------------------------------- what is seen

FAILED = Outcome("2.1", "A <b> title", False, "`x` is <1> & more\nnext line", "2-msk-to-s3.md#6-make-the-connector")


def test_html_is_escaped_and_code_is_code() -> None:
    shown = OutcomeCard(FAILED, ROOT / "notebooks")._repr_html_()
    assert "A &lt;b&gt; title" in shown
    assert "<code>x</code> is &lt;1&gt; &amp; more<br>next line" in shown


@pytest.mark.parametrize("folder", ["notebooks", "notebooks/exercises", "."])
def test_the_link_leads_from_the_notebook_to_the_step(folder: str) -> None:
    card = OutcomeCard(FAILED, ROOT / folder)
    (link,) = re.findall('href="([^"]+)"', card._repr_html_())
    path, _, anchor = link.partition("#")
    assert (ROOT / folder / path).resolve() == ROOT / "walkthroughs" / "2-msk-to-s3.md"
    assert anchor == "6-make-the-connector"
    assert f"({link})" in card._repr_markdown_()


def test_what_passed_is_shown_without_hint_and_link() -> None:
    card = OutcomeCard(Outcome("2.1", "A title", True, "", STEP))
    assert repr(card) == "✓ 2.1 A title"
    assert card._repr_markdown_() == "**✓ 2.1 A title**"
    assert "href" not in card._repr_html_() and "✓" in card._repr_html_()


def test_in_ipython_a_check_is_shown_once_as_html_also_as_the_last_line_of_a_cell() -> None:
    code = """
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
import json, sys
shell = InteractiveShell.instance()
shell.run_cell('''
from lib import checks
from lib.checks import check, task
task("0.1", "All is well", "x.md#check")(lambda given: None)
checks._find = lambda id: checks._tasks[id]
''')
with capture_output() as captured:
    shell.run_cell('check("0.1", globals())')
sys.stdout.write(json.dumps([captured.stdout, [sorted(shown.data) for shown in captured.outputs]]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    printed, shown = json.loads(done.stdout)
    assert shown == [["text/html", "text/markdown", "text/plain"]]
    assert "Outcome" not in printed and "All is well" not in printed


def test_checks_can_be_read_without_ipython() -> None:
    """Databricks has it, a plain Python need not."""
    code = "import lib.checks, sys; assert not {'IPython', 'pyspark', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
