"""The notebooks of the course: their form, and that each runs, in any order and twice in a row."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from course_notebooks import NOTEBOOKS, ROWS, SEED, SOLVED, by_nbval, by_papermill, cells, code_cells, prose_cells

from classroom.exercises import EXERCISES, exercise_text
from classroom.masters import Master, declared, masters, require_form
from classroom.solutions import BEGIN, END, exercise_number
from deployment.costs import costs, read_prices
from deployment.parameters import read_parameters
from deployment.parts import chosen
from deployment.templates import render
from lib.checks import CheckFailedError, check
from lib.notebook import Parameters
from sandbox.data import Dials, StoredDataset
from sandbox.environment import answer_key_file
from sandbox.right_answers import right_answers, write_answer_key
from sandbox.settings import ROOT, Settings

NAMES = (
    "00_start_here",
    "01_ec2_kafka_client",
    "02_msk_to_s3",
    "03_api_gateway",
    "04_databricks_etl",
    "05_mwaa_airflow",
    "06_kinesis_streaming",
)
LONGEST_CELL = 15
# The share of prose, measured in characters of Markdown among all characters of a notebook's sources.
PROSE = (0.4, 0.65)
# The stacks whose cost a notebook tells.
STACKS = ("all", "msk", "msk-connect", "api", "databricks", "mwaa", "kinesis")
COMMON = ["catch_up", "answer_key", "strict_checks"]
# What Databricks has beside pyspark and the standard library; the second two for pictures alone.
ON_DATABRICKS = {"pyspark", "lib", "matplotlib", "pandas"}
FORBIDDEN = {
    *("cache", "persist", "checkpoint", "rdd", "sparkContext", "toJSON"),
    *("createGlobalTempView", "createOrReplaceGlobalTempView", "input", "getpass"),
}
each = pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
each_task = pytest.mark.parametrize(
    "number", [number for part in range(7) for number in declared(ROOT / "lib" / "tasks" / f"part_{part}.py")]
)


def part(path: Path) -> int:
    return int(path.name[:2])


def master(path: Path) -> Master:
    return Master(path, declared(ROOT / "lib" / "tasks" / f"part_{part(path)}.py"))


def imports(sources: Iterator[str]) -> set[str]:
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}


def test_there_are_seven_notebooks_one_for_each_part() -> None:
    assert tuple(path.stem for path in SOLVED) == NAMES


@each
def test_a_notebook_is_valid_stripped_and_names_the_kernel(path: Path) -> None:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    like = nbformat.read(NOTEBOOKS / "jobs" / "load_data.ipynb", as_version=nbformat.NO_CONVERT)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata == like.metadata
    assert not any(cell.outputs or cell.execution_count for cell in code_cells(path))


@each
def test_a_notebook_opens_with_its_outcome_its_time_and_its_walkthrough(path: Path) -> None:
    title, where = prose_cells(path)[:2]
    lines = [line for line in title.source.splitlines() if line]
    assert re.match(rf"# {part(path)}\. \S", lines[0])
    assert lines[1].startswith("At the end ")
    assert re.match(r"\*\*Time\*\* \d+ minutes · \*\*Needs\*\* .+ · \*\*Walkthrough\*\* \[", lines[2])
    assert where.source.startswith("![Where you are: ")
    assert f"](images/journey-{part(path)}.svg)" in where.source
    assert [cell.cell_type for cell in cells(path)[:3]] == ["markdown", "markdown", "code"]


@each
def test_a_notebook_finds_the_repository_as_the_jobs_do(path: Path) -> None:
    (job,) = [cell for cell in cells(NOTEBOOKS / "jobs" / "load_data.ipynb") if cell.id == "repository"]
    assert code_cells(path)[0].source == job.source


@each
def test_the_parameters_are_explained_and_the_last_three_are_the_courses(path: Path) -> None:
    cell = code_cells(path)[1]
    found = papermill.inspect_notebook(path)
    assert cell.metadata.tags == ["parameters"]
    assert list(found)[-3:] == COMMON
    assert set(found) <= set(Parameters.__dataclass_fields__)
    assert all(parameter["help"] for parameter in found.values())
    assert [line for line in cell.source.splitlines() if "COURSE_CATCH_UP" in line or "STRICT_CHECKS" in line]


@each
def test_every_parameter_is_overlaid_with_its_widget(path: Path) -> None:
    source = code_cells(path)[2].source
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    (call,) = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "overlay"]
    assert {keyword.arg for keyword in call.keywords} == set(papermill.inspect_notebook(path))
    assert source.splitlines()[-1] == "parameters"


@each
def test_a_notebook_makes_what_it_builds_on_before_its_first_section(path: Path) -> None:
    sources = [cell.source for cell in cells(path)]
    (caught_up,) = [
        n for n, source in enumerate(sources) if f"catch_up_to({part(path)}, parameters.catch_up)" in source
    ]
    first = next(n for n, source in enumerate(sources) if source.startswith("## 1. "))
    assert caught_up < first
    assert cells(path)[caught_up].id == code_cells(path)[3].id


@each
def test_a_notebook_ends_with_exercises_cost_and_what_there_is_now(path: Path) -> None:
    headings = re.findall(r"^## .+$", "\n".join(cell.source for cell in prose_cells(path)), re.MULTILINE)
    numbered = [heading for heading in headings if re.match(r"## \d+\. ", heading)]
    assert numbered == sorted(numbered, key=lambda heading: int(heading.split()[1][:-1]))
    assert any("Break it and mend it" in heading for heading in headings)
    closing = [heading for heading in headings[headings.index("## Exercises") :] if heading != "## Tidy up"]
    assert closing == ["## Exercises", "## What it would cost on AWS, and how it goes away", "## What you have now"]
    assert cells(path)[-1].source.startswith("## What you have now")


@each
def test_a_code_cell_has_fifteen_lines_at_most(path: Path) -> None:
    """But the one that names every parameter once."""
    long = [cell.id for cell in code_cells(path) if len(cell.source.splitlines()) > LONGEST_CELL]
    assert set(long) <= {code_cells(path)[2].id}


@each
def test_about_half_of_a_notebook_is_prose(path: Path) -> None:
    prose = sum(len(cell.source) for cell in prose_cells(path))
    code = sum(len(cell.source) for cell in code_cells(path))
    assert PROSE[0] <= prose / (prose + code) <= PROSE[1]


@each
def test_each_exercise_is_told_marked_and_checked_and_each_check_has_its_task(path: Path) -> None:
    require_form(master(path))
    assert 3 <= len(master(path).exercises) <= 6


@each
def test_an_exercise_is_followed_by_its_check(path: Path) -> None:
    for cell, following in pairwise(code_cells(path)):
        if number := exercise_number(cell.source):
            assert (BEGIN in cell.source, END in cell.source) == (True, True)
            assert following.source == f'check("{number}", globals())'


@each
def test_checks_and_tasks_are_numbered_in_the_order_in_which_they_stand(path: Path) -> None:
    numbers = [f"{part(path)}.{n + 1}" for n in range(len(master(path).checks))]
    assert master(path).checks == numbers
    assert list(master(path).tasks) == numbers


@each
def test_what_a_notebook_says_of_its_cost_is_what_the_price_table_says(path: Path) -> None:
    (section,) = [cell.source for cell in prose_cells(path) if "## What it would cost on AWS" in cell.source]
    prices, parameters = read_prices(), read_parameters()
    stacks = chosen(STACKS[part(path)])
    hours = [cost.hour for one in stacks for cost in costs(one.name, render(one.template), parameters, prices)]
    assert re.findall(r"\*\*(\d+\.\d\d) USD\*\*", section) == [f"{sum(hours) * prices.day:.2f}"]


@each
def test_a_notebook_knows_nothing_of_the_sandbox_and_does_not_ask_where_it_runs(path: Path) -> None:
    found = {name.split(".")[0] for name in imports(cell.source for cell in code_cells(path))}
    assert not found & {"sandbox", "classroom", "deployment", "airflow"}
    code = "\n".join(cell.source for cell in code_cells(path))
    assert not re.search(r"\bif .*(local|sandbox|127\.0\.0\.1)", code, re.IGNORECASE)


def test_what_runs_on_databricks_imports_what_databricks_has() -> None:
    """Notebook 4, and every module of `lib` that it imports, directly or not."""
    import sys

    (path,) = [path for path in SOLVED if part(path) == 4]
    allowed = ON_DATABRICKS | set(sys.stdlib_module_names)
    waiting, seen = imports(cell.source for cell in code_cells(path)), set()
    while waiting:
        name = waiting.pop()
        assert name.split(".")[0] in allowed, name
        file = ROOT / f"{name.replace('.', '/')}.py"
        if name.startswith("lib") and name not in seen and file.exists():
            waiting |= imports(iter([file.read_text(encoding="utf-8")]))
        seen.add(name)


@pytest.mark.parametrize("path", [path for path in SOLVED if part(path) in (4, 6)], ids=lambda path: path.stem)
def test_a_notebook_for_databricks_uses_nothing_that_serverless_lacks(path: Path) -> None:
    nodes = [node for cell in code_cells(path) for node in ast.walk(ast.parse(cell.source))]
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert not used & FORBIDDEN
    assert not {node.id for node in nodes if isinstance(node, ast.Name)} & {"input", "getpass"}


@each
def test_no_cell_sleeps_for_nothing(path: Path) -> None:
    assert not [cell.id for cell in code_cells(path) if re.search(r"^\s*(time\.)?sleep\(", cell.source, re.MULTILINE)]


@each_task
def test_an_empty_notebook_passes_no_check(number: str) -> None:
    with pytest.raises(CheckFailedError, match=f"^{re.escape(number)} "):
        check(number, {"parameters": Parameters()}, strict=True)


@pytest.fixture(scope="module")
def answer_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The answer key of some rows, so that an answer is refused for itself."""
    settings = Settings(home=tmp_path_factory.mktemp("key") / "home", port_base=32_000)
    data = StoredDataset(200, 4, Dials())
    write_answer_key(settings, data, right_answers(settings.home / "work", data, lambda _: None))
    return answer_key_file(settings)


def variables_of(number: str) -> set[str]:
    """The notebook's variables that a task looks at."""
    tree = ast.parse((ROOT / "lib" / "tasks" / f"part_{number[0]}.py").read_text(encoding="utf-8"))
    (function,) = [node for node in tree.body if f"@task('{number}'" in ast.unparse(node)]
    given = [node for node in ast.walk(function) if isinstance(node, ast.Subscript) and is_given(node.value)]
    return {str(node.slice.value) for node in given if isinstance(node.slice, ast.Constant)}


def is_given(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "given"


@pytest.mark.parametrize("wrong", [0, -1, "wrong", None])
@pytest.mark.parametrize("number", [number for path in SOLVED for number in master(path).exercises])
def test_a_wrong_answer_is_refused(number: str, wrong: object, answer_key: Path) -> None:
    names = {"parameters": Parameters(answer_key=str(answer_key)), **dict.fromkeys(variables_of(number), wrong)}
    with pytest.raises(CheckFailedError):
        check(number, names, strict=True)


@each
def test_a_stub_stops_at_its_own_exercise(path: Path) -> None:
    """Each cell of an exercise, without its solution, raises what tells its number and its title."""
    text = exercise_text(master(path), masters(), NOTEBOOKS / "exercises")
    student = nbformat.reads(text, as_version=4)
    for number in master(path).exercises:
        (cell,) = [cell for cell in student.cells if exercise_number(cell.source) == number]
        raised = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Raise)]
        assert f'raise NotImplementedError("Exercise {number}: ' in cell.source
        assert raised and BEGIN not in cell.source and END not in cell.source


@pytest.fixture(scope="module")
def filled(sandbox: Any) -> Any:
    """The test sandbox, its database filled with rows of the course and its pipeline empty."""
    sandbox.command("start-at", "0", "--rows", str(ROWS), "--seed", str(SEED), "--fresh")
    return sandbox


@pytest.mark.sandbox
@pytest.mark.timeout(900)
@each
def test_a_solved_notebook_runs_and_passes_its_checks(filled: Any, path: Path) -> None:
    by_nbval(filled, path)


@pytest.mark.sandbox
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", SOLVED[:1], ids=lambda path: path.stem)
def test_a_students_notebook_stops_at_its_first_exercise(filled: Any, path: Path, tmp_path: Path) -> None:
    first = master(path).exercises[0]
    with pytest.raises(AssertionError, match=f"NotImplementedError: Exercise {re.escape(first)}: "):
        by_papermill(filled, EXERCISES / path.name, tmp_path / path.name)


@pytest.mark.sandbox
@pytest.mark.full
@pytest.mark.timeout(1800)
def test_the_notebooks_run_in_reverse_order_and_each_twice_in_a_row(sandbox: Any, tmp_path: Path) -> None:
    sandbox.command("start-at", "0", "--rows", str(ROWS), "--seed", str(SEED), "--fresh")
    for path in reversed(SOLVED):
        for turn in ("once", "twice"):
            by_papermill(sandbox, path, tmp_path / f"{path.stem}-{turn}.ipynb")


@pytest.mark.sandbox
@pytest.mark.full
@pytest.mark.timeout(1800)
def test_other_rows_have_other_answers_and_the_notebooks_pass_all_the_same(sandbox: Any, tmp_path: Path) -> None:
    sandbox.command("start-at", "0", "--rows", "1500", "--seed", "77")
    for path in SOLVED:
        by_papermill(sandbox, path, tmp_path / path.name)
    (etl,) = [path for path in SOLVED if part(path) == 4]
    elsewhere = {"schema": "of_another_run"}
    by_papermill(sandbox, etl, tmp_path / "elsewhere.ipynb", **elsewhere)


@pytest.mark.sandbox
@pytest.mark.full
@pytest.mark.timeout(1800)
@each
def test_a_notebook_runs_on_the_jobs_api(sandbox: Any, path: Path) -> None:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.jobs import NotebookTask, SubmitTask

    sandbox.command("start-at", "0", "--rows", str(ROWS), "--seed", str(SEED))
    given = sandbox.environment
    workspace = WorkspaceClient(host=given["DATABRICKS_HOST"], token=given["DATABRICKS_TOKEN"])
    notebook = NotebookTask(f"/{path.stem}", base_parameters={"strict_checks": "1"})
    run = workspace.jobs.submit(tasks=[SubmitTask("course", notebook_task=notebook)]).run_id
    ended = workspace.jobs.wait_get_run_job_terminated_or_skipped(run, timedelta(minutes=20))
    (task,) = ended.tasks or []
    told = workspace.jobs.get_run_output(task.run_id).error
    assert str(ended.state and ended.state.result_state).endswith("SUCCESS"), told
