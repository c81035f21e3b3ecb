"""Checks that a student runs in a notebook: a tick, or a cross with a hint and the step of the walkthrough.

    from lib.checks import check
    check("4.2", globals())

The checks of part N stand in `lib/tasks/part_N.py`, each a function from `Given` that raises where something is amiss:

    @task("2.1", "The connector runs", "2-msk-to-s3.md#check")
    def connector_runs(given: Given) -> None:
        require(given["connector"]["connectorState"] == "RUNNING", "The connector does not run.")
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib.answer_key import AnswerDiffersError, AnswerKeyError, compare
from lib.check_outcome import Outcome, show
from lib.errors import CourseError

CHECKS_FILE = "CHECKS_FILE"
_TASKS = "lib.tasks"
_RECORDED = ("task", "title", "passed", "hint", "step")


class CheckFailedError(CourseError):
    """A check did not pass; the message is its hint."""


class UnknownCheckError(CourseError):
    """There is no check of this number."""


class Given:
    """The variables of a notebook, as a check sees them."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        """`namespace` is the notebook's `globals()`."""
        self._namespace = namespace

    def __getitem__(self, name: str) -> Any:
        """The variable's value. Raises CheckFailedError if there is none yet, or `...` stands in its place."""
        if name not in self._namespace:
            raise CheckFailedError(f"There is no variable `{name}` yet: run the cell that makes it, or write it.")
        if self._namespace[name] is ...:
            raise CheckFailedError(f"`{name}` is still `...`: put your answer there, and run the cell.")
        return self._namespace[name]

    def parameter(self, name: str) -> str:
        """The notebook's parameter `name`, else the plain variable; empty where there is neither."""
        value = getattr(self._namespace.get("parameters"), name, self._namespace.get(name))
        return str(value or "")


@dataclass(frozen=True, slots=True)
class _Task:
    id: str
    title: str
    step: str
    verify: Callable[[Given], None]


_tasks: dict[str, _Task] = {}


def task(id: str, title: str, step: str) -> Callable[[Callable[[Given], None]], Callable[[Given], None]]:
    """Make a function the check `id`.

    Args:
        id: the part and the number within it, e.g. `4.2`.
        title: what is so when it passes, e.g. `The connector runs`.
        step: file and anchor in `walkthroughs/`, e.g. `2-msk-to-s3.md#check`.

    Raises:
        ValueError: another function is this check already.
    """

    def register(verify: Callable[[Given], None]) -> Callable[[Given], None]:
        before = _tasks.get(id)
        if before is not None and before.verify.__qualname__ != verify.__qualname__:
            raise ValueError(f"{before.verify.__qualname__} and {verify.__qualname__} are both the check {id}.")
        _tasks[id] = _Task(id, title, step, verify)
        return verify

    return register


def require(condition: object, hint: str) -> None:
    """Raise CheckFailedError with `hint` unless `condition` is true."""
    if not condition:
        raise CheckFailedError(hint)


def require_answer(given: Given, key: str, answer: Any) -> None:
    """Raise CheckFailedError unless `answer` is what the answer key of the student's own data holds under `key`.

    Args:
        given: names the file of the answer key in its parameter `answer_key`.
        key: the question, e.g. `5`.
        answer: a DataFrame, a list of rows (Row, mapping or tuple), a single row, or a single value.
    """
    try:
        compare(given.parameter("answer_key"), key, answer)
    except (AnswerDiffersError, AnswerKeyError) as error:
        raise CheckFailedError(str(error)) from None


def check(id: str, namespace: Mapping[str, Any], *, strict: bool | None = None) -> Outcome:
    """Run the check `id` on a notebook's variables, show what came of it, and return it.

    Args:
        id: e.g. `4.2`.
        namespace: the notebook's `globals()`.
        strict: whether a failed check raises; by default if the notebook's parameter `strict_checks` is not empty.

    The environment variable CHECKS_FILE names a file that each outcome is appended to, a line of JSON each:
    `task`, `title`, `passed`, `hint`, `step`.

    Raises:
        CheckFailedError: it failed, and `strict`.
        UnknownCheckError: there is no such check.
    """
    given = Given(namespace)
    outcome = _run(_find(id), given)
    show(outcome)
    _record(outcome)
    if not outcome.passed and (bool(given.parameter("strict_checks")) if strict is None else strict):
        raise CheckFailedError(f"{outcome.id} {outcome.title}: {outcome.hint}")
    return outcome


def _run(found: _Task, given: Given) -> Outcome:
    try:
        found.verify(given)
    except CheckFailedError as error:
        return Outcome(found.id, found.title, False, str(error), found.step)
    except Exception as error:
        told = (str(error).strip().splitlines() or [""])[0]  # Spark's messages go on with the server's stack trace
        hint = f"It could not be checked: {type(error).__name__}: {told}"
        return Outcome(found.id, found.title, False, hint, found.step)
    return Outcome(found.id, found.title, True, "", found.step)


def _find(id: str) -> _Task:
    part = id.partition(".")[0]
    module = f"{_TASKS}.part_{part}"
    if importlib.util.find_spec(module) is None:
        raise UnknownCheckError(f"There is no check {id!r}: the number before the dot is the notebook's, e.g. `4.2`.")
    importlib.import_module(module)
    if id not in _tasks:
        known = sorted((known for known in _tasks if known.startswith(f"{part}.")), key=_by_number)
        raise UnknownCheckError(f"There is no check {id!r}. Part {part} has: {', '.join(known) or 'none'}.")
    return _tasks[id]


def _by_number(id: str) -> tuple[int, ...]:
    return tuple(int(number) for number in id.split("."))


def _record(outcome: Outcome) -> None:
    file = os.environ.get(CHECKS_FILE)
    if file:
        with Path(file).open("a", encoding="utf-8") as lines:
            told = {"task": outcome.id} | asdict(outcome)
            lines.write(json.dumps({name: told[name] for name in _RECORDED}, ensure_ascii=False) + "\n")
