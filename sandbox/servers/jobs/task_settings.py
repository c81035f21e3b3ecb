"""What a task of a job is made of, and what of it can be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import Any

import msgspec

from sandbox.servers.jobs.errors import invalid
from sandbox.servers.jobs.requests import Duration, converted

UNLIMITED = -1
# The size of all parameters of a task, as JSON.
MAX_PARAMETER_BYTES = 10_000


class RunIf(StrEnum):
    """When a task runs, once all that it depends on has ended."""

    ALL_SUCCESS = "ALL_SUCCESS"
    AT_LEAST_ONE_SUCCESS = "AT_LEAST_ONE_SUCCESS"
    NONE_FAILED = "NONE_FAILED"
    ALL_DONE = "ALL_DONE"
    AT_LEAST_ONE_FAILED = "AT_LEAST_ONE_FAILED"
    ALL_FAILED = "ALL_FAILED"


class Dependency(msgspec.Struct, frozen=True):
    """A task that another one waits for."""

    task_key: str


class NotebookTask(msgspec.Struct, frozen=True):
    """The notebook of a task; `base_parameters` become its widgets."""

    notebook_path: str
    base_parameters: dict[str, str] = {}
    source: str = "WORKSPACE"


class TaskSettings(msgspec.Struct, frozen=True):
    """A task. Times are in the unit of their names; a timeout of 0 is none, `max_retries` of -1 is for ever."""

    task_key: str
    notebook_task: NotebookTask
    description: str = ""
    depends_on: tuple[Dependency, ...] = ()
    run_if: RunIf = RunIf.ALL_SUCCESS
    max_retries: int = 0
    min_retry_interval_millis: Duration = 0
    retry_on_timeout: bool = False
    timeout_seconds: Duration = 0

    @property
    def needs(self) -> list[str]:
        """The keys of the tasks that it depends on."""
        return [dependency.task_key for dependency in self.depends_on]


def tasks_of(settings: Mapping[str, Any]) -> tuple[TaskSettings, ...]:
    """The tasks of a job or of a one-time run; one of the older form, without `tasks`, has its name as the key.

    Raises:
        ApiError: a task is malformed, no notebook task, or depends on what is not there.
    """
    given = settings.get("tasks")
    if given is None and "notebook_task" in settings:
        given = [{**settings, "task_key": settings.get("run_name") or settings.get("name") or "Untitled"}]
    if not isinstance(given, list) or not given:
        raise invalid("At least one task must be specified.")
    for task in given:
        _refuse_other_tasks(task)
    tasks = tuple(converted(task, TaskSettings) for task in given)
    _check_graph(tasks)
    for task in tasks:
        check_size("base_parameters", task.notebook_task.base_parameters)
    return tasks


def check_size(name: str, parameters: Mapping[str, str]) -> None:
    """Refuse more parameters than the service takes."""
    if len(msgspec.json.encode(parameters)) > MAX_PARAMETER_BYTES:
        raise invalid(f"The JSON representation of {name} cannot exceed {MAX_PARAMETER_BYTES} bytes.")


def _refuse_other_tasks(task: Any) -> None:
    if not isinstance(task, dict):
        raise invalid("Each of tasks must be an object.")
    other = sorted(key for key in task if key.endswith("_task") and key != "notebook_task")
    if other or "notebook_task" not in task:
        kind = other[0] if other else "no task type"
        raise invalid(f"Task {task.get('task_key')!r} has {kind}: the sandbox runs notebook_task only.")


def _check_graph(tasks: Sequence[TaskSettings]) -> None:
    keys = [task.task_key for task in tasks]
    if len(set(keys)) != len(keys):
        raise invalid(f"Duplicate task_key: {next(key for key in keys if keys.count(key) > 1)}.")
    for task in tasks:
        for key in task.needs:
            if key not in keys:
                raise invalid(f"Task {task.task_key} depends on {key}, which is no task of this job.")
    try:
        TopologicalSorter({task.task_key: task.needs for task in tasks}).prepare()
    except CycleError as error:
        raise invalid(f"The dependencies of the tasks form a cycle: {' -> '.join(error.args[1])}.") from error
