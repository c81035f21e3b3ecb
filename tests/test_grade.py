"""`make grade`: what was handed in is run in a sandbox, and a table of points with reasons comes out."""

import copy
import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from course_notebooks import SOLVED

from classroom import grade, report
from classroom.errors import SandboxFailedError, SubmissionError
from classroom.exercises import Dataset, write_exercises
from classroom.grade import Grade, grade_all
from classroom.graded_notebook import graded_notebook, measured_number
from classroom.grading_sandbox import GradingSandbox
from classroom.masters import ROOT, Master, checked, masters
from classroom.measurement import NOT_ATTEMPTED, Limits, Measured, Measurement
from classroom.solutions import BEGIN, END, exercise_number
from classroom.submissions import submissions

NAME = "01_one.ipynb"
# Stands for the course's own: an exercise N.k is right where the variable `answer_k` is k.
CHECKS = """
import json, os

def check(number, names):
    k = int(number.split(".")[1])
    answer = names.get(f"answer_{k}")
    told = {"task": number, "passed": answer == k, "hint": f"answer_{k} is {answer}"}
    with open(os.environ["CHECKS_FILE"], "a") as file:
        file.write(json.dumps(told) + chr(10))
"""


def code(source: str, **named: Any) -> Any:
    return nbformat.v4.new_code_cell(source, **named)


def prose(source: str, id: str) -> Any:
    return nbformat.v4.new_markdown_cell(source, id=id)


def notebook(*cells: Any) -> Any:
    made = nbformat.v4.new_notebook(cells=copy.deepcopy(list(cells)))
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def exercise(number: int, solution: str = "") -> list[Any]:
    """An exercise of the master, or with a solution, a student's."""
    source = solution or f"{BEGIN}\nanswer_{number} = {number}\n{END}"
    return [
        prose(f"### Exercise 1.{number}: the number {number}", f"words-{number}"),
        code(f"# Exercise 1.{number}\n{source}", id=f"exercise-{number}"),
        code(f'check("1.{number}", globals())', id=f"check-{number}"),
    ]


OPENING = [
    prose("# 1. One", "title"),
    code("answer_key = 'of the grader'", id="parameters", metadata={"tags": ["parameters"]}),
    code("from lib.checks import check", id="imports"),
]
SECTION = prose("## Exercises", "exercises")


@pytest.fixture
def master(tmp_path: Path) -> Master:
    """A solved notebook with five exercises."""
    cells = [cell for number in range(1, 6) for cell in exercise(number)]
    nbformat.write(notebook(*OPENING, SECTION, *cells), tmp_path / NAME)
    tasks = "".join(f'@task("1.{n}", "t", "s")\ndef t{n}(given): ...\n' for n in range(1, 6))
    (tmp_path / "part_1.py").write_text(tasks)
    (found,) = masters(tmp_path, tmp_path)
    return found


def handed_in(*cells: Any) -> Any:
    """A student's notebook with these cells after the opening."""
    return notebook(*OPENING, SECTION, *cells)


# --- what is handed in ---


def hand_in(folder: Path, student: str, made: Any, name: str = NAME) -> Path:
    path = folder / student / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    return path


def test_each_student_has_a_folder(tmp_path: Path, master: Master) -> None:
    for student in ("zoe", "anna"):
        hand_in(tmp_path / "in", student, handed_in())
    assert [one.student for one in submissions(tmp_path / "in", [master])] == ["anna", "zoe"]


def test_who_has_the_same_rows_is_graded_side_by_side(tmp_path: Path, master: Master) -> None:
    for student, seed in (("anna", 9), ("ben", 2), ("carl", 9)):
        made = handed_in()
        made.metadata["course"] = {"seed": seed, "rows": 500}
        hand_in(tmp_path / "in", student, made)
    found = submissions(tmp_path / "in", [master])
    assert [(one.student, one.dataset) for one in found] == [
        ("ben", Dataset(2, 500)),
        ("anna", Dataset(9, 500)),
        ("carl", Dataset(9, 500)),
    ]


def test_a_notebook_that_tells_no_rows_is_graded_by_the_courses_own(tmp_path: Path, master: Master) -> None:
    hand_in(tmp_path / "in", "anna", handed_in())
    (one,) = submissions(tmp_path / "in", [master])
    assert one.dataset == Dataset(1, 11_154)


def test_checkpoints_and_other_files_are_left_alone(tmp_path: Path, master: Master) -> None:
    path = hand_in(tmp_path / "in", "anna", handed_in())
    hand_in(tmp_path / "in", "anna/.ipynb_checkpoints", handed_in())
    path.with_name("notes.txt").write_text("mine")
    assert len(submissions(tmp_path / "in", [master])) == 1


def flat(folder: Path) -> None:
    nbformat.write(handed_in(), folder / "anna__01_one.ipynb")


def deep(folder: Path) -> None:
    hand_in(folder, "anna/work", handed_in())


def unknown(folder: Path) -> None:
    hand_in(folder, "anna", handed_in(), "01_one (1).ipynb")


def broken(folder: Path) -> None:
    hand_in(folder, "anna", handed_in()).write_text("{")


def wrong_rows(folder: Path) -> None:
    made = handed_in()
    made.metadata["course"] = {"seed": "mine"}
    hand_in(folder, "anna", made)


@pytest.mark.parametrize(
    ("lay", "fact"),
    [
        (flat, "belong to no student: anna__01_one.ipynb"),
        (deep, "lies too deep"),
        (unknown, r"01_one \(1\).ipynb is no notebook of the course"),
        (broken, "cannot be read as a notebook"),
        (wrong_rows, "tells no seed and rows"),
        (Path.is_dir, "There is no notebook"),
        (Path.rmdir, "There is no folder"),
    ],
)
def test_another_form_is_refused_before_anything_runs(
    tmp_path: Path, master: Master, lay: Callable[[Path], None], fact: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    lay(folder)
    with pytest.raises(SubmissionError, match=fact):
        submissions(folder, [master])


# --- what is run ---


def numbers(cells: list[Any]) -> list[str]:
    """The exercises and their measured checks, in the order in which they run."""
    told = [(measured_number(cell), exercise_number(cell.source)) for cell in cells if cell.cell_type == "code"]
    return [f"check {check}" if check else f"exercise {answer}" for check, answer in told if check or answer]


def test_the_opening_is_the_masters_and_the_rest_the_students(master: Master) -> None:
    injected = code("answer_key = 'of my own'", metadata={"tags": ["injected-parameters"]})
    mine = handed_in(injected, code("helper = 1"), *exercise(1, "answer_1 = helper"))
    mine.cells[1].source = "answer_key = 'of my own'"
    made = graded_notebook(mine, master)
    assert [cell.source for cell in made.cells[:3]] == [cell.source for cell in OPENING]
    assert "of my own" not in "\n".join(cell.source for cell in made.cells)
    assert "helper = 1" in [cell.source for cell in made.cells]


def test_a_check_that_was_changed_is_the_masters_again(master: Master) -> None:
    mine = handed_in(*exercise(1, "answer_1 = 2"))
    mine.cells[-1].source = 'check("1.1", {"answer_1": 1})'
    made = graded_notebook(mine, master)
    (cell,) = [cell for cell in made.cells if measured_number(cell) == "1.1"]
    assert cell.source == 'from lib.checks import check\n\ncheck("1.1", globals())'
    assert '{"answer_1": 1}' not in "\n".join(cell.source for cell in made.cells)


def test_a_check_that_was_removed_is_put_back_before_what_follows_it(master: Master) -> None:
    words, answer, _ = exercise(1, "answer_1 = 1")
    made = graded_notebook(handed_in(words, answer, *exercise(2, "answer_2 = 2")), master)
    assert numbers(made.cells)[:4] == ["exercise 1.1", "check 1.1", "exercise 1.2", "check 1.2"]


def test_every_exercise_is_checked_once_whatever_was_handed_in(master: Master) -> None:
    mine = handed_in(*exercise(3, "answer_3 = 3"), code('check("1.3", globals())'))
    made = graded_notebook(mine, master)
    measured = [number for cell in made.cells if (number := measured_number(cell))]
    assert sorted(measured) == master.exercises
    assert [number for cell in made.cells for number in checked(cell.source)] == measured


def test_code_beside_a_check_is_kept(master: Master) -> None:
    made = graded_notebook(handed_in(code('# Exercise 1.1\nanswer_1 = 1\ncheck("1.1", globals())')), master)
    assert numbers(made.cells)[:2] == ["exercise 1.1", "check 1.1"]


def test_cells_without_ids_get_some(master: Master) -> None:
    mine = handed_in(*exercise(1, "answer_1 = 1"))
    for cell in mine.cells:
        del cell["id"]
    mine.nbformat_minor = 4
    made = graded_notebook(mine, master)
    nbformat.validate(made)
    assert numbers(made.cells)[0] == "exercise 1.1"


# --- what is measured ---


@pytest.fixture
def measure(master: Master, tmp_path: Path) -> Callable[..., dict[str, Measured]]:
    """Run a student's cells in a kernel whose checks are those above."""

    def run(*cells: Any, cell: int = 60, notebook: int = 120) -> dict[str, Measured]:
        package = tmp_path / "stand-in" / "lib"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "checks.py").write_text(CHECKS)
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(package.parent), "HOME": str(tmp_path)}
        environment["SANDBOX_HOME"] = str(tmp_path / "no-sandbox")
        measurement = Measurement(master, tmp_path / "checks.jsonl", Limits(cell, notebook))
        return measurement.run(graded_notebook(handed_in(*cells), master), tmp_path, environment)

    return run


def test_a_right_answer_is_worth_a_point_and_any_other_has_its_reason(measure: Callable[..., Any]) -> None:
    told = measure(
        *exercise(1, "answer_1 = 1"),
        *exercise(2, 'raise NotImplementedError("Exercise 1.2: the number 2")'),
        *exercise(3, "answer_3 = 1 / 0"),
        *exercise(4, "answer_4 = 5"),
    )
    assert told == {
        "1.1": Measured(True, ""),
        "1.2": Measured(False, NOT_ATTEMPTED),
        "1.3": Measured(False, "ZeroDivisionError: division by zero"),
        "1.4": Measured(False, "answer_4 is 5"),
        "1.5": Measured(False, "answer_5 is None"),
    }


def test_a_cell_that_hangs_is_stopped_and_the_next_ones_run(measure: Callable[..., Any]) -> None:
    told = measure(*exercise(1, "while True: pass"), *exercise(2, "answer_2 = 2"), cell=3)
    assert told["1.1"] == Measured(False, "a cell ran longer than 3 s and was stopped")
    assert told["1.2"].passed


@pytest.mark.full
def test_a_cell_that_will_not_be_stopped_ends_the_notebook(measure: Callable[..., Any]) -> None:
    deaf = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    told = measure(*exercise(1, "answer_1 = 1"), *exercise(2, deaf), cell=3, notebook=12)
    assert told["1.1"].passed
    assert told["1.2"] == Measured(False, "the notebook ran longer than 12 s")


def test_a_kernel_that_dies_keeps_what_was_measured_before(measure: Callable[..., Any]) -> None:
    told = measure(*exercise(1, "answer_1 = 1"), *exercise(2, "import os\nos._exit(1)"))
    assert told["1.1"].passed
    assert told["1.2"] == Measured(False, "the kernel died")


def test_a_forged_outcome_and_a_check_of_ones_own_count_for_nothing(measure: Callable[..., Any]) -> None:
    forged = 'import json, os\nopen(os.environ["CHECKS_FILE"], "a").write(json.dumps({"task": "1.1", "passed": True}))'
    told = measure(*exercise(1, forged), *exercise(2, "answer_2 = 0\ndef check(*_): pass"))
    assert not told["1.1"].passed
    assert told["1.2"] == Measured(False, "answer_2 is 0")


def test_a_student_finds_none_of_the_instructors_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the instructor's")
    monkeypatch.setenv("MY_TOKEN", "the instructor's")
    sandbox = GradingSandbox(tmp_path)
    monkeypatch.setattr(sandbox, "command", lambda *_: "export USER_ID='0123456789ab'\nexport RAW_PATH='a b'\n")
    found = sandbox.environment()
    assert "the instructor's" not in found.values()
    assert (found["USER_ID"], found["RAW_PATH"], found["STRICT_CHECKS"]) == ("0123456789ab", "a b", "")
    assert found["SANDBOX_HOME"] == str(tmp_path / "home")


def test_a_sandbox_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(SandboxFailedError, match=r"start-at 9.*The course has no part 9") as failed:
        GradingSandbox(tmp_path, 31_000).start_at(9, Dataset(), fresh=False)
    assert str(tmp_path / "grading.log") in failed.value.mend


# --- the table ---


class RecordingSandbox(GradingSandbox):
    """Notes what it is asked for, and does nothing."""

    def start_at(self, part: int, dataset: Dataset, fresh: bool) -> None:
        self.asked = [*getattr(self, "asked", []), (part, dataset.seed, fresh)]


def test_each_student_begins_with_nothing_of_the_one_before(
    tmp_path: Path, master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = Master(tmp_path / "02_two.ipynb", ())
    for student in ("anna", "ben"):
        hand_in(tmp_path / "in", student, handed_in())
        hand_in(tmp_path / "in", student, handed_in(), two.name)
    monkeypatch.setattr(grade, "grade_one", lambda one, *_: dict.fromkeys(one.master.exercises, Measured(True, "")))
    nbformat.write(handed_in(), two.path)
    sandbox, told = RecordingSandbox(tmp_path / "grading"), []
    grade_all(submissions(tmp_path / "in", [master, two]), ["anna", "ben"], sandbox, Limits(), told.append)
    assert sandbox.asked == [(1, 1, True), (2, 1, False), (1, 1, True), (2, 1, False)]
    assert [what for what in told if what] == [
        "anna 01_one.ipynb",
        "anna 02_two.ipynb",
        "ben 01_one.ipynb",
        "ben 02_two.ipynb",
    ]


def test_who_lacks_a_notebook_gets_no_points_for_it(master: Master) -> None:
    measured = {("anna", master): dict.fromkeys(master.exercises, Measured(True, ""))}
    told = grade.grades(measured, ["ben", "anna"])
    assert {(one.student, one.points, one.reason) for one in told} == {("anna", 1, ""), ("ben", 0, "not handed in")}
    assert len(told) == 10


def test_the_table_is_a_csv_file_that_no_spreadsheet_runs(tmp_path: Path) -> None:
    grades = [Grade("anna", NAME, "1.1", 1, 1, ""), Grade("=ben", NAME, "1.1", 0, 1, '=HYPERLINK("evil"), "quoted"')]
    report.write_csv(grades, tmp_path / "out" / "grades.csv")
    with (tmp_path / "out" / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["student", "notebook", "task", "points", "out_of", "reason"]
    assert rows[0]["points"] == "1"
    assert rows[1]["student"] == "'=ben" and rows[1]["reason"].startswith("'=HYPERLINK")


def test_the_summary_adds_the_points(tmp_path: Path) -> None:
    from rich.console import Console

    grades = [Grade("anna", NAME, "1.1", 1, 1, ""), Grade("anna", NAME, "1.2", 0, 1, NOT_ATTEMPTED)]
    console = Console(record=True, width=80)
    console.print(report.summary(grades))
    assert console.export_text().count("1 of 2") == 2


def test_the_help_says_whose_rights_the_students_code_has() -> None:
    command = [sys.executable, "-m", "classroom", "grade", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "runs as you" in " ".join(done.stdout.split())


# --- with the course's own notebooks ---


class SandboxOfTheTests(GradingSandbox):
    """The test sandbox in place of one of its own."""

    def __init__(self, folder: Path, tested: Any) -> None:
        super().__init__(folder)
        self.own = {"SANDBOX_HOME": str(tested.settings.home), "SANDBOX_PORT_BASE": str(tested.settings.port_base)}


@pytest.mark.full
@pytest.mark.sandbox
@pytest.mark.timeout(900)
def test_a_solved_notebook_gets_every_point_and_a_stub_and_a_wrong_answer_none(sandbox: Any, tmp_path: Path) -> None:
    """Notebook 0: as solved, as handed out, and with answers that are wrong and checks that are removed."""
    course = masters()
    first = course[0]
    solved, wrong = (nbformat.read(first.path, as_version=4) for _ in range(2))
    wrong.cells = [cell for cell in wrong.cells if cell.cell_type == "markdown" or not checked(cell.source)]
    for cell in wrong.cells:
        if number := exercise_number(cell.source):
            cell.source = f"# Exercise {number}\nprint('wrong')"
    write_exercises([first], tmp_path / "out", Dataset(3, 500))
    stubs = nbformat.read(tmp_path / "out" / first.name, as_version=4)
    for student, made in {"solved": solved, "stubs": stubs, "wrong": wrong}.items():
        made.metadata["course"] = {"seed": 3, "rows": 500}
        hand_in(tmp_path / "in", student, made, first.name)
    found = submissions(tmp_path / "in", course)
    told = grade_all(found, ["solved", "stubs", "wrong"], SandboxOfTheTests(tmp_path / "g", sandbox), Limits(), print)
    by_student = {name: [one for one in told if one.student == name] for name in ("solved", "stubs", "wrong")}
    assert [one.reason for one in by_student["solved"] if not one.points] == []
    assert {one.reason for one in by_student["stubs"]} == {NOT_ATTEMPTED}
    assert sum(one.points for one in by_student["wrong"]) == 0
    assert all(one.reason for one in by_student["wrong"])
    assert (tmp_path / "g" / "executed" / "solved" / first.name).exists()


@pytest.mark.sandbox
@pytest.mark.full
@pytest.mark.timeout(3600)
def test_two_classes_with_two_seeds_are_graded_by_their_own_rows(sandbox: Any, tmp_path: Path) -> None:
    course = masters()
    for student, dataset in {"anna": Dataset(11, 1_000), "ben": Dataset(12, 1_200)}.items():
        for path in SOLVED:
            made = nbformat.read(path, as_version=4)
            made.metadata["course"] = {"seed": dataset.seed, "rows": dataset.rows}
            hand_in(tmp_path / "in", student, made, path.name)
    found = submissions(tmp_path / "in", course)
    told = grade_all(found, ["anna", "ben"], SandboxOfTheTests(tmp_path / "g", sandbox), Limits(), print)
    assert [(one.student, one.task, one.reason) for one in told if not one.points] == []
