"""The solved notebooks of the course, and what is asked in each."""

import ast
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

from classroom.errors import MarkerError, NumberingError
from classroom.solutions import exercise_number, has_markers, without_solutions

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
TASKS = ROOT / "lib" / "tasks"
HEADING = re.compile(r"^### Exercise (\d+\.\d+): (.+?)\s*$", re.MULTILINE)
SECTION = re.compile(r"^## ", re.MULTILINE)


@dataclass(frozen=True)
class Master:
    """One solved notebook.

    Attributes:
        path: its file; the first digits of its name are the part's number.
        tasks: the ids of the part's checks, in the order of their file.
    """

    path: Path
    tasks: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """The file's name, which a student's notebook has too."""
        return self.path.name

    @property
    def part(self) -> int:
        """The part's number."""
        return int(self.name.split("_")[0])

    @cached_property
    def notebook(self) -> Any:
        """The notebook; nobody changes it."""
        return nbformat.read(self.path, as_version=4)

    @cached_property
    def titles(self) -> dict[str, str]:
        """Title by number of each exercise that is told."""
        prose = "\n".join(cell.source for cell in self.notebook.cells if cell.cell_type == "markdown")
        return dict(HEADING.findall(prose))

    @property
    def exercises(self) -> list[str]:
        """The numbers of the exercises, in their order."""
        numbers = [exercise_number(cell.source) for cell in self.code]
        return [number for number in numbers if number]

    @property
    def checks(self) -> list[str]:
        """The numbers that the notebook checks, in their order."""
        return [number for cell in self.code for number in checked(cell.source)]

    @property
    def code(self) -> list[Any]:
        """The code cells."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    @property
    def opening(self) -> list[Any]:
        """The cells before the first section: title, set-up, parameters, catching up."""
        cells = self.notebook.cells
        first = next((n for n, cell in enumerate(cells) if is_section(cell)), len(cells))
        return list(cells[:first])


def is_section(cell: Any) -> bool:
    """Whether a section begins with this cell."""
    return cell.cell_type == "markdown" and bool(SECTION.match(cell.source))


def masters(folder: Path = NOTEBOOKS, tasks: Path = TASKS) -> list[Master]:
    """The solved notebooks, in their order, each held to its form.

    Raises:
        MarkerError, NumberingError: a notebook, or its checks, are not in form.
    """
    found = [Master(path, declared(tasks / f"part_{path.name[1]}.py")) for path in sorted(folder.glob("0*.ipynb"))]
    for master in found:
        require_form(master)
    return found


def checked(source: str) -> list[str]:
    """The numbers that a cell checks: `check("N.k", ...)` at its top level."""
    if "check(" not in source:
        return []
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return []
    calls = [statement.value for statement in statements if isinstance(statement, ast.Expr)]
    return [
        str(call.args[0].value)
        for call in calls
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "check"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    ]


def declared(path: Path) -> tuple[str, ...]:
    """The ids of a file of checks: the first argument of each `@task`."""
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    decorators = [one for node in tree.body if isinstance(node, ast.FunctionDef) for one in node.decorator_list]
    return tuple(
        str(call.args[0].value)
        for call in decorators
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "task"
        and isinstance(call.args[0], ast.Constant)
    )


def require_form(master: Master) -> None:
    """Raise where markers and numbers of a notebook do not fit together."""
    for cell in master.code:
        require_markers(master, cell)
    require_once(master, "exercise", master.exercises)
    require_once(master, "check", master.checks)
    exercises, checks, tasks, titles = master.exercises, master.checks, master.tasks, master.titles
    require_all(master, exercises, titles, "Exercise {} is not told.", "Tell it: ### Exercise {}: title")
    require_all(master, titles, exercises, "Exercise {} has no cell.", "Begin its cell so: # Exercise {}")
    require_all(master, exercises, checks, "Exercise {} has no check.", 'Add a cell: check("{}", globals())')
    require_all(master, checks, tasks, "The check {} has no task.", "Write it in lib/tasks: @task('{}', ...)")
    require_all(master, tasks, checks, "No cell checks the task {}.", 'Add a cell: check("{}", globals())')


def require_markers(master: Master, cell: Any) -> None:
    """Raise unless each solution is whole, and in the cell of an exercise."""
    number = exercise_number(cell.source)
    if not has_markers(cell.source):
        require(not number, master, f"Exercise {number} has no solution.", "Mark it, or take the first line away.")
        return
    if number is None:
        raise MarkerError(
            f"{master.name}: the cell {cell.id!r} holds a solution and is no exercise.",
            "Let its first line be: # Exercise N.k",
        )
    try:
        without_solutions(cell.source, "")
    except MarkerError as error:
        raise MarkerError(f"{master.name}, exercise {number}: {error.fact}", error.mend) from None


def require_once(master: Master, what: str, numbers: list[str]) -> None:
    """Raise where a number stands twice, or belongs to another notebook."""
    for number in numbers:
        own = number.startswith(f"{master.part}.")
        require(own, master, f"The {what} {number} is none of part {master.part}.", "Give it another number.")
        require(numbers.count(number) == 1, master, f"There are two {what}s {number}.", "Give one another number.")


def require_all(master: Master, wanted: Iterable[str], known: Collection[str], fact: str, mend: str) -> None:
    """Raise NumberingError for the first number that is wanted and not known."""
    for number in wanted:
        require(number in known, master, fact.format(number), mend.format(number))


def require(condition: bool, master: Master, fact: str, mend: str) -> None:
    """Raise NumberingError unless a condition holds."""
    if not condition:
        raise NumberingError(f"{master.name}: {fact}", mend)
