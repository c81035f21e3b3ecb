"""Grading: each notebook runs in a sandbox, its checks are measured, and a table of points comes out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from classroom.graded_notebook import graded_notebook
from classroom.grading_sandbox import GradingSandbox
from classroom.masters import Master
from classroom.measurement import Limits, Measured, Measurement
from classroom.submissions import Submission

NOT_HANDED_IN = Measured(False, "not handed in")


@dataclass(frozen=True)
class Grade:
    """One exercise of one student: a line of the table."""

    student: str
    notebook: str
    task: str
    points: int
    out_of: int
    reason: str


def grade_all(
    found: list[Submission],
    students: Iterable[str],
    sandbox: GradingSandbox,
    limits: Limits,
    progress: Callable[[str], None],
) -> list[Grade]:
    """Grade what was handed in, one notebook after another.

    Each student begins with cleared topics, objects and tables, so that nobody is graded by what another one left.

    Args:
        found: in the order in which it is graded.
        students: everybody, also who has handed in nothing.
        progress: is told what comes next, and at the end of each notebook the empty string.

    Raises:
        SandboxFailedError: the sandbox did not do what it was asked.
    """
    measured: dict[tuple[str, Master], dict[str, Measured]] = {}
    before: tuple[object, ...] = ()
    for one in found:
        progress(f"{one.student} {one.master.name}")
        student = (one.student, one.dataset)
        sandbox.start_at(one.master.part, one.dataset, fresh=student != before)
        measured[one.student, one.master] = grade_one(one, sandbox, limits)
        before = student
        progress("")
    return grades(measured, students)


def grade_one(one: Submission, sandbox: GradingSandbox, limits: Limits) -> dict[str, Measured]:
    """Run one notebook, keep it executed, and return what came of each exercise."""
    notebook = graded_notebook(one.notebook, one.master)
    work = sandbox.folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, mode=0o700)
    measurement = Measurement(one.master, sandbox.folder / "checks.jsonl", limits)
    measured = measurement.run(notebook, work, sandbox.environment())
    kept = executed(sandbox, one)
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    nbformat.write(notebook, kept)
    return measured


def executed(sandbox: GradingSandbox, one: Submission) -> Path:
    """Where the executed notebook is kept."""
    return sandbox.folder / "executed" / one.student / one.master.name


def grades(measured: dict[tuple[str, Master], dict[str, Measured]], students: Iterable[str]) -> list[Grade]:
    """A line for each exercise; where a student lacks a notebook that others have handed in, it says so."""
    asked = sorted({master for _, master in measured}, key=lambda master: master.name)
    return [
        grade
        for student in sorted(students)
        for master in asked
        for grade in student_grades(student, master, measured.get((student, master)))
    ]


def student_grades(student: str, master: Master, measured: dict[str, Measured] | None) -> Iterable[Grade]:
    """The lines of one notebook of one student."""
    for number in master.exercises:
        one = measured[number] if measured is not None else NOT_HANDED_IN
        yield Grade(student, master.name, number, int(one.passed), 1, one.reason)
