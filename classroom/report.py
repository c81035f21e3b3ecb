"""What grading ends with: a CSV file, and a table of each student's points."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from classroom.grade import Grade

# A spreadsheet takes a cell that begins so for a formula, and a reason may be a student's own words.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(grades: Iterable[Grade], path: Path) -> None:
    """Write student, notebook, task, points, out_of and reason; a line for each exercise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Grade)])
        writer.writeheader()
        writer.writerows({name: harmless(value) for name, value in asdict(grade).items()} for grade in grades)


def harmless(value: object) -> object:
    """A text that no spreadsheet runs."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def summary(grades: Sequence[Grade]) -> Table:
    """Points of each student, by notebook and in all."""
    notebooks = sorted({grade.notebook for grade in grades})
    table = Table("student", title="Points")
    for name in (*(notebook.split("_")[0] for notebook in notebooks), "in all"):
        table.add_column(name, justify="right")
    for student in sorted({grade.student for grade in grades}):
        own = [grade for grade in grades if grade.student == student]
        by_notebook = [[grade for grade in own if grade.notebook == notebook] for notebook in notebooks]
        table.add_row(escape(student), *map(points, by_notebook), points(own))
    return table


def points(grades: Sequence[Grade]) -> str:
    """Points out of the possible ones."""
    return f"{sum(grade.points for grade in grades)} of {sum(grade.out_of for grade in grades)}"
