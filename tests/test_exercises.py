"""`make exercises`: the student notebooks are made from the solved ones, the same each time, without solutions."""

import ast
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from course_notebooks import SOLVED

from classroom import cli
from classroom.errors import ClassroomError, MarkerError, NumberingError
from classroom.exercises import EXERCISES, Dataset, exercise_text, write_exercises
from classroom.links import moved
from classroom.masters import NOTEBOOKS, Master, checked, declared, masters
from classroom.solutions import BEGIN, END, exercise_number, stub, without_solutions

STUB = 'raise NotImplementedError("Exercise 1.1: one")'


def solved(folder: Path, *more: Any, name: str = "01_one.ipynb", tasks: str = "1.1") -> list[Master]:
    """The masters of a folder with one notebook: a title, an exercise with its check, and more cells."""
    cells = [
        nbformat.v4.new_markdown_cell("# 1. One\n\n![where](images/journey-1.svg)"),
        nbformat.v4.new_markdown_cell("## Exercises\n\n### Exercise 1.1: one\n\nSet `one`."),
        nbformat.v4.new_code_cell(f"# Exercise 1.1\n{BEGIN}\none = 1\n{END}"),
        nbformat.v4.new_code_cell('check("1.1", globals())'),
        *more,
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / name)
    checks = "".join(f'@task("{number}", "t", "s")\ndef t{n}(given): ...\n' for n, number in enumerate(tasks.split()))
    (folder / "part_1.py").write_text(checks)
    return masters(folder, folder)


def code(source: str) -> Any:
    return nbformat.v4.new_code_cell(source)


def prose(source: str) -> Any:
    return nbformat.v4.new_markdown_cell(source)


# --- the committed exercises ---


def test_the_exercises_are_those_of_the_solved_notebooks() -> None:
    """After a change of a solved notebook: `make exercises`, or this test with UPDATE_GOLDEN=1."""
    if os.environ.get("UPDATE_GOLDEN"):
        write_exercises(masters(), EXERCISES)
    made = {master.name: exercise_text(master, masters(), EXERCISES).encode() for master in masters()}
    assert {path.name: path.read_bytes() for path in EXERCISES.glob("*.ipynb")} == made


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_no_line_of_a_solution_reaches_the_students(path: Path) -> None:
    student = nbformat.read(EXERCISES / path.name, as_version=4)
    text = "\n".join(cell.source for cell in student.cells)
    assert BEGIN not in text and END not in text
    for cell in nbformat.read(path, as_version=4).cells:
        if number := exercise_number(cell.source):
            (own,) = [own for own in student.cells if exercise_number(own.source) == number]
            assert own.id == cell.id
            assert len(own.source.splitlines()) == len(without_solutions(cell.source, STUB).splitlines())


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_an_exercise_has_the_cells_of_the_solved_notebook(path: Path) -> None:
    ours, theirs = (nbformat.read(one, as_version=4) for one in (path, EXERCISES / path.name))
    assert [(cell.id, cell.cell_type) for cell in ours.cells] == [(cell.id, cell.cell_type) for cell in theirs.cells]
    nbformat.validate(theirs)


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_every_link_of_an_exercise_leads_somewhere(path: Path) -> None:
    cells = nbformat.read(EXERCISES / path.name, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`]*`", "", text))
    lost = [target for target in targets if "://" not in target and not (EXERCISES / target).exists()]
    assert lost == []


# --- how a notebook is made ---


def test_a_solution_becomes_one_line_at_its_indentation_and_the_rest_stays() -> None:
    source = f"def one():\n    before = 1\n    {BEGIN}\n    a = 1\n    return a\n    {END}\n\n\nafter = one"
    assert without_solutions(source, STUB) == f"def one():\n    before = 1\n    {STUB}\n\n\nafter = one"


def test_each_solution_of_a_cell_becomes_a_line() -> None:
    source = f"{BEGIN}\na = 1\n{END}\nbetween = 2\n{BEGIN}\nb = 1\n{END}"
    assert without_solutions(source, "stub") == "stub\nbetween = 2\nstub"


def test_the_line_that_a_student_replaces_is_python_whatever_the_title_is() -> None:
    (raised,) = ast.parse(stub("1.1", 'how "quoted" \\ and ümläuted?')).body
    assert ast.literal_eval(raised.exc.args[0]) == 'Exercise 1.1: how "quoted" \\ and ümläuted?'  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1](../walkthroughs/1-x.md#check)", "[1](../../walkthroughs/1-x.md#check)"),
        ("![a picture](images/journey-1.svg)", "![a picture](../images/journey-1.svg)"),
        ('[lib](../lib "its folder")', '[lib](../../lib "its folder")'),
        ('<img src="images/a.svg">', '<img src="../images/a.svg">'),
        ("[jobs](jobs/)", "[jobs](../jobs/)"),
        ("[next](02_two.ipynb#exercises)", "[next](02_two.ipynb#exercises)"),
        ("[here](#exercises)", "[here](#exercises)"),
        ("[there](https://example.com/a)", "[there](https://example.com/a)"),
        ("`[code](images/a.svg)`", "`[code](images/a.svg)`"),
        ("```\n[code](images/a.svg)\n```", "```\n[code](images/a.svg)\n```"),
        ("[name]: images/a.svg", "[name]: ../images/a.svg"),
    ],
)
def test_a_relative_link_is_seen_from_the_new_folder(text: str, expected: str) -> None:
    assert moved(text, NOTEBOOKS, EXERCISES, ["02_two.ipynb"]) == expected


def test_the_same_masters_give_the_same_bytes(tmp_path: Path) -> None:
    found = solved(tmp_path)
    (first,) = write_exercises(found, tmp_path / "first")
    before = first.read_bytes()
    (again,) = write_exercises(masters(tmp_path, tmp_path), tmp_path / "first")
    assert again.read_bytes() == before


def test_outputs_and_what_a_run_leaves_behind_are_taken_away_and_ids_and_tags_stay(tmp_path: Path) -> None:
    ran = code("2 + 2")
    ran.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "4"})]
    ran.execution_count, ran.metadata = 7, {"tags": ["parameters"], "execution": {"began": "now"}}
    (path,) = write_exercises(solved(tmp_path, ran), tmp_path / "out")
    cell = nbformat.read(path, as_version=4).cells[-1]
    assert (cell.outputs, cell.execution_count, cell.metadata, cell.id) == ([], None, {"tags": ["parameters"]}, ran.id)


# --- a class's folder ---


def test_a_class_is_told_its_rows_and_its_notebooks_know_them(tmp_path: Path) -> None:
    (path,) = write_exercises(solved(tmp_path), tmp_path / "class-7", Dataset(7, 5_000))
    notebook = nbformat.read(path, as_version=4)
    assert notebook.metadata.course == {"seed": 7, "rows": 5_000}
    assert "`sandbox data --seed 7 --rows 5000`" in notebook.cells[0].source


def test_a_classes_links_are_seen_from_the_root_of_a_students_repository(tmp_path: Path) -> None:
    (path,) = write_exercises(solved(tmp_path), tmp_path / "class-7", Dataset(7))
    assert "](../notebooks/images/journey-1.svg)" in nbformat.read(path, as_version=4).cells[0].source


def test_the_courses_own_exercises_tell_of_no_class(tmp_path: Path) -> None:
    (path,) = write_exercises(solved(tmp_path), tmp_path / "out")
    assert "course" not in nbformat.read(path, as_version=4).metadata


def test_the_answers_of_a_class_are_beside_its_folder_and_not_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "class-3"
    cli.exercises(seed=3, rows=300, out=folder)
    assert {path.name for path in folder.iterdir()} == {path.name for path in SOLVED}
    header, *rows = (tmp_path / "class-3-answers.csv").read_text(encoding="utf-8").splitlines()
    assert header == "question,row"
    assert {row.split(",")[0] for row in rows} >= {"1", "2a", "2b", "3a", "3b", "4", "5", "6", "7", "8"}


def test_an_expected_failure_is_two_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["classroom", "grade", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    assert len(capsys.readouterr().err.strip().splitlines()) == 2


# --- what is refused ---


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        (f"# Exercise 1.2\n{BEGIN}\na = 1", "has no '### END SOLUTION'"),
        (f"# Exercise 1.2\na = 1\n{END}", "stands where a solution has not begun"),
        (f"# Exercise 1.2\n{BEGIN}\n{BEGIN}\n{END}", "stands where a solution has begun"),
        (f"{BEGIN}\na = 1\n{END}", "holds a solution and is no exercise"),
        (f"a = 1\n# Exercise 1.2\n{BEGIN}\n{END}", "holds a solution and is no exercise"),
    ],
)
def test_markers_that_do_not_pair_are_an_error_that_names_the_place(tmp_path: Path, source: str, fact: str) -> None:
    with pytest.raises(MarkerError, match=fact) as refused:
        solved(tmp_path, prose("### Exercise 1.2: two"), code(source), code('check("1.2", globals())'), tasks="1.1 1.2")
    assert "01_one.ipynb" in refused.value.fact


@pytest.mark.parametrize(
    ("cells", "tasks", "fact"),
    [
        ([code(f"# Exercise 1.1\n{BEGIN}\n{END}")], "1.1", "two exercises 1.1"),
        ([code('check("1.1", globals())')], "1.1", "two checks 1.1"),
        ([code('check("2.1", globals())')], "1.1", "none of part 1"),
        ([code('check("1.2", globals())')], "1.1", "The check 1.2 has no task"),
        ([], "1.1 1.2", "No cell checks the task 1.2"),
        ([prose("### Exercise 1.2: two")], "1.1", "Exercise 1.2 has no cell"),
        ([code("# Exercise 1.2\ntwo = 2")], "1.1", "Exercise 1.2 has no solution"),
        ([code(f"# Exercise 1.2\n{BEGIN}\n{END}")], "1.1", "Exercise 1.2 is not told"),
        ([prose("### Exercise 1.2: two"), code(f"# Exercise 1.2\n{BEGIN}\n{END}")], "1.1", "Exercise 1.2 has no check"),
    ],
)
def test_numbers_that_do_not_fit_together_are_an_error(tmp_path: Path, cells: list[Any], tasks: str, fact: str) -> None:
    with pytest.raises(NumberingError, match=fact):
        solved(tmp_path, *cells, tasks=tasks)


def test_a_check_is_found_by_its_call_and_not_by_its_mention() -> None:
    assert checked('# check("1.1")\nname = "check(1.2)"\ncheck("1.3", globals())') == ["1.3"]
    assert checked("%matplotlib inline\ncheck(") == []


def test_the_tasks_of_a_part_that_has_none_are_none(tmp_path: Path) -> None:
    assert declared(tmp_path / "part_9.py") == ()


def test_every_error_of_the_classroom_names_fact_and_mending() -> None:
    error = ClassroomError("The fact.", "The mending.")
    assert (error.fact, error.mend, str(error)) == ("The fact.", "The mending.", "The fact. The mending.")
