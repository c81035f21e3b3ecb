"""A student's notebook, made ready to be graded: opening and checks are the master's, the rest is the student's."""

import ast
import copy
from typing import Any

import nbformat

from classroom.masters import Master, checked
from classroom.solutions import exercise_number

# The id of a cell in which a check is measured begins so.
MEASURED = "grade-"
# The parameters cell, and the one that papermill puts after it.
PARAMETERS = {"parameters", "injected-parameters"}
IMPORT = "from lib.checks import check"


def graded_notebook(student: Any, master: Master) -> Any:
    """The notebook that is run.

    - The opening (repository, parameters, catching up) is the master's: where it runs is the grader's choice.
    - Each check of an exercise is the master's cell, where the student has it; one that was removed is put back before
      the first cell that follows it in the master. Other calls of `check` are left out.
    - Everything else is the student's, in the student's order, cells of their own included.
    """
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": master.notebook.metadata["kernelspec"]})
    notebook.cells = [copy.deepcopy(cell) for cell in master.opening]
    notebook.cells += with_checks(own_cells(student, master), master)
    name_cells(notebook.cells)
    return notebook


def name_cells(cells: list[Any]) -> None:
    """Give a cell without an id, or with another one's, an id of its own."""
    taken: set[str] = set()
    for index, cell in enumerate(cells):
        if cell.get("id", "") in taken | {""}:
            cell["id"] = f"own-{index}"
        taken.add(cell["id"])


def own_cells(student: Any, master: Master) -> list[Any]:
    """The student's cells after the opening."""
    ids = {cell.id for cell in master.opening}
    sources = {cell.source.strip() for cell in master.opening}
    return [
        copy.deepcopy(cell)
        for cell in student.cells
        if cell.get("id") not in ids
        and cell.source.strip() not in sources
        and not PARAMETERS & set(cell.metadata.get("tags", []))
    ]


def with_checks(cells: list[Any], master: Master) -> list[Any]:
    """The cells with the master's checks in place of the student's."""
    last = last_checks(cells)
    missing = [number for number in master.exercises if number not in last]
    placed: list[Any] = []
    for index, cell in enumerate(cells):
        due = [number for number in missing if cell.get("id") in followers(master, number)]
        missing = [number for number in missing if number not in due]
        here = [number for number in master.exercises if last.get(number) == index]
        placed += [*map(measuring, due), *([] if only_checks(cell) else [cell]), *map(measuring, here)]
    return placed + [measuring(number) for number in missing]


def last_checks(cells: list[Any]) -> dict[str, int]:
    """The index of the last cell that checks each number: a student may check along the way."""
    code = [(index, cell) for index, cell in enumerate(cells) if cell.cell_type == "code"]
    return {number: index for index, cell in code for number in checked(cell.source)}


def only_checks(cell: Any) -> bool:
    """Whether a cell checks and does nothing else but import."""
    if cell.cell_type != "code" or not checked(cell.source):
        return False
    statements = [one for one in ast.parse(cell.source).body if not isinstance(one, ast.Import | ast.ImportFrom)]
    return len(statements) == len(checked(cell.source))


def followers(master: Master, number: str) -> set[str]:
    """The ids of the cells after the one in which the master checks a number."""
    cells = master.notebook.cells
    place = next(n for n, cell in enumerate(cells) if cell.cell_type == "code" and number in checked(cell.source))
    return {cell.id for cell in cells[place + 1 :]}


def measuring(number: str) -> Any:
    """The cell in which a check is measured."""
    cell = nbformat.v4.new_code_cell(f'{IMPORT}\n\ncheck("{number}", globals())')
    cell.id = MEASURED + number.replace(".", "-")
    return cell


def measured_number(cell: Any) -> str | None:
    """The number that is measured in a cell."""
    found = str(cell.get("id", ""))
    return found.removeprefix(MEASURED).replace("-", ".") if found.startswith(MEASURED) else None


def answered_number(cell: Any, master: Master) -> str | None:
    """The number of the exercise that a student answers in a cell: told by its first line, else by its id."""
    if cell.cell_type != "code":
        return None
    by_id = {own.id: exercise_number(own.source) for own in master.code}
    return exercise_number(cell.source) or by_id.get(cell.id)
