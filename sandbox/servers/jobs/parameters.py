"""The widgets of a task: its own parameters, those of the run, and the references in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sandbox.servers.jobs.runs import Attempt, Run
from sandbox.servers.jobs.task_settings import TaskSettings

REFERENCE = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def widgets_of(run: Run, task: TaskSettings, attempt: Attempt) -> dict[str, str]:
    """The values that the notebook finds in `dbutils.widgets`: the job's parameters beat the task's."""
    given = {**task.notebook_task.base_parameters, **run.notebook_params, **run.job_parameters}
    values = references(run, task, attempt)
    return {name: resolved(value, values) for name, value in given.items()}


def resolved(text: str, values: dict[str, str]) -> str:
    """A parameter with its dynamic value references replaced; one that is not known stays as it stands."""
    return REFERENCE.sub(lambda match: values.get(match[1], match[0]), text)


def references(run: Run, task: TaskSettings, attempt: Attempt) -> dict[str, str]:
    """The dynamic value references that the sandbox knows, of those in Databricks' documentation."""
    began = datetime.fromtimestamp(run.start_time / 1000, UTC)
    return {
        "job.id": str(run.job_id),
        "job.name": run.run_name,
        "job.run_id": str(run.run_id),
        "job.start_time.iso_date": began.date().isoformat(),
        "job.start_time.iso_datetime": began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "job.start_time.timestamp_ms": str(run.start_time),
        "task.name": task.task_key,
        "task.run_id": str(attempt.run_id),
        "task.execution_count": str(attempt.attempt_number + 1),
        "task.notebook_path": task.notebook_task.notebook_path,
        **{f"job.parameters.{name}": value for name, value in run.job_parameters.items()},
    }
