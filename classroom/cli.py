"""The commands `exercises` and `grade`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from classroom.errors import ClassroomError
from classroom.exercises import EXERCISES, ROWS, Dataset, write_exercises
from classroom.masters import masters
from classroom.submissions import student_folders, submissions

app = typer.Typer(help="For instructors.", no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()


@app.command()
def exercises(
    seed: Annotated[int | None, typer.Option(help="Make a class's folder, with rows of this seed.")] = None,
    rows: Annotated[int, typer.Option(help="Rows of each table of the class's data.")] = ROWS,
    out: Annotated[Path | None, typer.Option(help="The folder; class-SEED by default.")] = None,
) -> None:
    """Make the students' notebooks from the solved ones.

    Without a seed it writes notebooks/exercises. With one it writes a class's folder: its notebooks tell the students
    which rows are theirs. Beside it, for you alone, FOLDER-answers.csv holds the answers.
    """
    if seed is None and out is None:
        told(write_exercises(masters(), EXERCISES))
        return
    dataset = Dataset(rows=rows) if seed is None else Dataset(seed, rows)
    folder = out or Path(f"class-{dataset.seed}")
    told(write_exercises(masters(), folder, dataset))
    write_answers(folder.with_name(f"{folder.name}-answers.csv"), dataset)


def told(paths: list[Path]) -> None:
    """Say what was written."""
    folder = os.path.relpath(paths[0].parent) if paths else ""
    console.print(f"{len(paths)} notebooks in {folder}" if paths else "There is no solved notebook.", soft_wrap=True)


def write_answers(path: Path, dataset: Dataset) -> None:
    """Let the sandbox compute the answers; it needs none of its servers for it."""
    words = ["answers", "--seed", str(dataset.seed), "--rows", str(dataset.rows), "--out", str(path)]
    done = subprocess.run([Path(sys.executable).with_name("sandbox"), *words], check=False)
    if done.returncode != 0:
        raise ClassroomError("The answers could not be computed; the lines above say why.", "Then run it again.")
    console.print(f"For you alone: {path}", soft_wrap=True)


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="It holds a folder for each student.")],
    out: Annotated[Path, typer.Option(help="The table of points.")] = Path("grades.csv"),
    cell_seconds: Annotated[int, typer.Option(help="How long one cell may run.")] = 300,
    notebook_seconds: Annotated[int, typer.Option(help="How long a notebook may run.")] = 1800,
) -> None:
    """Run the students' notebooks in a sandbox of its own, and write their points to a CSV file.

    DIR holds a folder for each student, named for the student, with the notebooks in it: DIR/anna/04_....ipynb.
    An exercise that passes its check is worth a point.

    The students' code runs as you, on this machine, with your files in reach: grade what you would open yourself, or
    grade as another user. It finds none of the keys in your environment.
    """
    from classroom.grade import grade_all
    from classroom.grading_sandbox import GradingSandbox
    from classroom.measurement import Limits
    from classroom.report import summary, write_csv

    found = submissions(folder, masters())
    students = [student.name for student in student_folders(folder)]
    sandbox = GradingSandbox()
    try:
        with bar() as shown:
            task = shown.add_task("", total=len(found))

            def progress(what: str) -> None:
                shown.update(task, description=what, advance=int(not what))

            grades = grade_all(found, students, sandbox, Limits(cell_seconds, notebook_seconds), progress)
    finally:
        sandbox.down()
    write_csv(grades, out)
    console.print(summary(grades))
    console.print(f"{out}; the executed notebooks: {sandbox.folder / 'executed'}", soft_wrap=True, highlight=False)


def bar() -> Progress:
    """A progress bar that names the notebook at work."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)


def main() -> None:
    """Run the command; an expected failure is two sentences on standard error, never a stack trace."""
    try:
        app()
    except ClassroomError as error:
        errors = Console(stderr=True)
        errors.print(error.fact, style="red", highlight=False, markup=False, soft_wrap=True)
        errors.print(error.mend, highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)
