"""The students' notebooks: the solved ones without their solutions, in a folder of their own."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from classroom.links import moved
from classroom.masters import NOTEBOOKS, ROOT, Master
from classroom.solutions import exercise_number, stub, without_solutions

EXERCISES = NOTEBOOKS / "exercises"
# The course's own data.
ROWS, SEED = 11_154, 1
KEPT_METADATA = ("kernelspec", "language_info")


@dataclass(frozen=True)
class Dataset:
    """The rows of a class: the students fill their databases with them, and are graded by them."""

    seed: int = SEED
    rows: int = ROWS


def write_exercises(masters: list[Master], folder: Path, dataset: Dataset | None = None) -> list[Path]:
    """Write the students' notebooks; the same masters give the same bytes.

    Args:
        folder: gets the notebooks; of what is in it, only notebooks of these names are replaced.
        dataset: of a class; None for the course's own notebooks, which tell of none.
    """
    texts = {master.name: exercise_text(master, masters, folder, dataset) for master in masters}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def exercise_text(master: Master, masters: list[Master], folder: Path, dataset: Dataset | None = None) -> str:
    """A student's notebook, as the text of its file."""
    notebook = copy.deepcopy(master.notebook)
    place, along = in_repository(folder), [each.name for each in masters]
    for cell in notebook.cells:
        strip(cell)
        if cell.cell_type == "markdown":
            cell.source = moved(cell.source, NOTEBOOKS, place, along)
        elif number := exercise_number(cell.source):
            cell.source = without_solutions(cell.source, stub(number, master.titles[number]))
    notebook.metadata = {name: notebook.metadata[name] for name in KEPT_METADATA if name in notebook.metadata}
    if dataset:
        notebook.metadata["course"] = {"seed": dataset.seed, "rows": dataset.rows}
        tell(notebook, dataset)
    return nbformat.writes(notebook) + "\n"


def in_repository(folder: Path) -> Path:
    """Where the notebooks will lie in a student's repository: where they are written, or else in its root."""
    return folder.resolve() if folder.resolve().is_relative_to(ROOT) else ROOT / folder.name


def strip(cell: Any) -> None:
    """Take away what a run leaves in a cell; its id and its tags stay."""
    cell.metadata = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None


def tell(notebook: Any, dataset: Dataset) -> None:
    """Say in the first cell which rows are the class's."""
    command = f"sandbox data --seed {dataset.seed} --rows {dataset.rows}"
    notebook.cells[0].source += (
        f"\n\n**The data of your class** Fill your database once, with the sandbox up and before the first notebook: "
        f"`{command}`. "
        "Your answers are checked against these rows and no others. "
        "Keep this folder in the root of the repository, so that the notebooks find `lib`."
    )
