"""Print what Airflow reads from the folder of DAGs, as JSON: run by the tests in an environment that has Airflow.

It needs no database: the files are imported as Python, and templates are rendered with a context made here.
"""

import importlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow import __version__

RENDERED = ("json", "parameters", "input_nb", "output_nb")


def context(dag: Any, task: Any, logical_date: datetime | None) -> dict[str, Any]:
    """What a template finds, of a run that started at 2026-03-02 00:00:05 UTC."""
    run = SimpleNamespace(
        logical_date=logical_date, start_date=datetime(2026, 3, 2, 0, 0, 5, tzinfo=UTC), run_id="manual__1"
    )
    params = dict(dag.params)
    return {"dag": dag, "task": task, "dag_run": run, "params": params, "ti": SimpleNamespace(try_number=2)}


def rendered(dag: Any, task: Any, logical_date: datetime | None) -> dict[str, Any]:
    """The templated fields of a task."""
    values = context(dag, task, logical_date)
    fields = {name: getattr(task, name) for name in RENDERED if hasattr(task, name)}
    return {name: task.render_template(value, values) for name, value in fields.items()}


def described(dag: Any) -> dict[str, Any]:
    """A DAG's facts."""
    tasks = {task.task_id: described_task(dag, task) for task in dag.tasks}
    facts = {"catchup": dag.catchup, "max_active_runs": dag.max_active_runs, "tags": sorted(dag.tags), "tasks": tasks}
    schedule = dag.schedule if hasattr(dag, "schedule") else dag.schedule_interval
    return {**facts, "schedule": schedule, "start_date": dag.start_date.isoformat()}


def described_task(dag: Any, task: Any) -> dict[str, Any]:
    """A task's facts; durations in seconds."""
    return {
        "kind": type(task).__mro__[1].__name__ if type(task).__name__ == "NotebookOperator" else type(task).__name__,
        "owner": task.owner,
        "retries": task.retries,
        "retry_delay": task.retry_delay.total_seconds(),
        "exponential": bool(task.retry_exponential_backoff),
        "timeout": task.execution_timeout.total_seconds(),
        "deferrable": getattr(task, "deferrable", None),
        "upstream": sorted(task.upstream_task_ids),
        "rendered": rendered(dag, task, datetime(2026, 3, 1, tzinfo=UTC)),
        "rendered_without_date": rendered(dag, task, None),
    }


def dags(folder: Path) -> list[Any]:
    """The DAGs of a folder's files, one a file."""
    sys.path.insert(0, str(folder))
    modules = [importlib.import_module(path.stem) for path in sorted(folder.glob("*_dag.py"))]
    return [module.dag for module in modules]


if __name__ == "__main__":
    told = {dag.dag_id: described(dag) for dag in dags(Path(sys.argv[1]))}
    print(json.dumps({"airflow": __version__, "dags": told}, default=str))
