"""What the students have handed in: DIR holds a folder for each student, with the notebooks in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

from classroom.errors import SubmissionError
from classroom.exercises import ROWS, SEED, Dataset
from classroom.masters import Master

FORM = "DIR holds a folder for each student, named for the student, with the notebooks in it: DIR/anna/04_....ipynb"


@dataclass(frozen=True)
class Submission:
    """One notebook of one student.

    Attributes:
        student: the name of the student's folder.
        master: what it was made from.
        path: its file.
    """

    student: str
    master: Master
    path: Path

    @cached_property
    def notebook(self) -> Any:
        """The notebook. Raises SubmissionError if it cannot be read."""
        try:
            return nbformat.read(self.path, as_version=4)
        except Exception as error:  # of any kind that a file of another one's hand may bring about
            fact = f"{self.path} cannot be read as a notebook: {str(error).strip().splitlines()[0]}"
            raise SubmissionError(fact, "Ask for it again, or take it out of the folder.") from None

    @property
    def dataset(self) -> Dataset:
        """The rows that it is graded by: its class's, else the course's own."""
        told = self.notebook.metadata.get("course", {})
        try:
            return Dataset(int(told.get("seed", SEED)), int(told.get("rows", ROWS)))
        except (AttributeError, TypeError, ValueError):
            fact = f"{self.path} tells no seed and rows in its metadata, but {told!r}."
            raise SubmissionError(fact, 'Correct it: "course": {"seed": 1, "rows": 11154}') from None


def submissions(folder: Path, masters: Iterable[Master]) -> list[Submission]:
    """What was handed in, by the data it is graded by, then by student and notebook.

    Raises:
        SubmissionError: the folder has another form, or a file in it is none of the course.
    """
    known = {master.name: master for master in masters}
    students = student_folders(folder)
    found = [
        Submission(student.name, known[path.name], path) for student in students for path in notebooks(student, known)
    ]
    if not found:
        raise SubmissionError(f"There is no notebook in {folder}.", FORM)
    return sorted(found, key=lambda one: (one.dataset.rows, one.dataset.seed, one.student, one.master.name))


def student_folders(folder: Path) -> list[Path]:
    """The folders of the students."""
    if not folder.is_dir():
        raise SubmissionError(f"There is no folder {folder}.", FORM)
    flat = sorted(path.name for path in folder.glob("*.ipynb"))
    if flat:
        raise SubmissionError(f"{folder} holds notebooks that belong to no student: {', '.join(flat[:3])}.", FORM)
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def notebooks(student: Path, known: dict[str, Master]) -> list[Path]:
    """The notebooks of one student; other files are left alone."""
    deeper = [path for path in sorted(student.rglob("*.ipynb")) if not hidden(path, student)]
    for path in deeper:
        if path.parent != student:
            raise SubmissionError(f"{path} lies too deep.", FORM)
        if path.name not in known:
            raise SubmissionError(
                f"{path} is no notebook of the course.",
                f"Name it as the one that was handed out: {', '.join(known)}.",
            )
    return deeper


def hidden(path: Path, folder: Path) -> bool:
    """Whether a file lies in a hidden folder, such as Jupyter's checkpoints."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
