"""The checks of part 5: the pipeline on a schedule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lib.checks import Given, require, require_answer, task

_WALKTHROUGH = "5-mwaa-airflow.md"
_JOBS = ("load_data", "clean_pin", "clean_geo", "clean_user", "query_data")
_ORDER = {"load_data": set[str](), **{f"clean_{name}": {"load_data"} for name in ("pin", "geo", "user")}}
_ORDER["query_data"] = set(_ORDER) - {"load_data"}


@task("5.1", "Every task of the run succeeded", f"{_WALKTHROUGH}#7-the-first-run")
def every_task_succeeded(given: Given) -> None:
    """`tasks`: what Airflow told of the run's tasks."""
    states = {task["task_id"]: task["state"] for task in given["tasks"]}
    missing = {f"airflow_{job}" for job in _JOBS} - set(states)
    require(not missing, f"The run has no task {', '.join(sorted(missing))}: is it a run of `USER_ID_dag`?")
    others = {name: state for name, state in states.items() if state != "success"}
    told = ", ".join(f"{name} is {state}" for name, state in others.items())
    require(not others, f"{told}: read the task's log on the run's page.")


@task("5.2", "The run has changed no table", f"{_WALKTHROUGH}#8-run-it-again-and-backfill")
def nothing_changed(given: Given) -> None:
    """`before`, `after`: the tables' fingerprints, as pandas DataFrames."""
    before, after = (_fingerprints(given[name]) for name in ("before", "after"))
    require(before and set(before) == set(after), "`before` and `after` must be of the same tables.")
    changed = sorted(name for name in before if before[name] != after[name])
    require(
        not changed,
        f"{', '.join(changed)} changed: did new rows land between the two? Run the notebook again from `before` on.",
    )


@task("5.3", "The answers are right", f"{_WALKTHROUGH}#check")
def answers_are_right(given: Given) -> None:
    """`answer_5`: the table of question 5."""
    require_answer(given, "5", given["answer_5"])


@task("5.4", "The gate stopped the run, and said why", f"{_WALKTHROUGH}#what-goes-wrong")
def gate_stopped_the_run(given: Given) -> None:
    """`failed`, `reason`: the run of the Jobs API, and the error of its task."""
    state = given["failed"].state.result_state.value
    require(state == "FAILED", f"The run ended with {state}: were too few rows broken, or is the share too large?")
    reason = str(given["reason"])
    require(
        "are in quarantine" in reason and "max_quarantine_share" in reason,
        f"The run failed for another reason than the gate: {reason[:200]}",
    )


@task("5.5", "The task that took longest", f"{_WALKTHROUGH}#7-the-first-run")
def slowest_task(given: Given) -> None:
    """`slowest`: a task_id of `tasks`."""
    slowest, took = given["slowest"], _seconds(given["tasks"])
    require(slowest in took, "`slowest` should be the `task_id` of one of the tasks, a text.")
    require(took[slowest] == max(took.values()), "Another task took longer: compare `seconds_of(task)` of each.")


@task("5.6", "A line of cron", f"{_WALKTHROUGH}#9-papermill-on-mwaa")
def line_of_cron(given: Given) -> None:
    """`cron_line`: five fields and a command."""
    fields = str(given["cron_line"]).split(None, 5)
    require(len(fields) == 6, "A line of cron is minute, hour, day, month, weekday, and then the command.")
    minute, hour, day, month, weekday, command = fields
    require(minute.isdigit() and hour.isdigit(), "Minute and hour should be numbers, in this order.")
    require((int(minute), int(hour)) == (15, 2), "It does not begin at a quarter past two: the minute comes first.")
    require((day, month) == ("*", "*"), "Day of the month and month are free: `*`. The weekday alone says which days.")
    require(weekday.upper() in ("1-5", "MON-FRI", "1,2,3,4,5"), "The last field is the weekday; from Monday to Friday.")
    require("make nightly" in command, "The command should run `make nightly`.")
    require(re.match(r"cd\s+\S+", command), "Cron begins in your home folder: `cd` into the course's first.")
    require(re.search(r">>\s*\S*nightly\.log", command), "Append the output to `nightly.log`: `>>`, not `>`.")


@task("5.7", "The order of the tasks", f"{_WALKTHROUGH}#check")
def order_of_tasks(given: Given) -> None:
    """`steps`: lists of task ids, computed from `edges`."""
    steps, edges = [list(step) for step in given["steps"]], given["edges"]
    flat = [name for step in steps for name in step]
    require(sorted(flat) == sorted(edges), "Each task should be in exactly one step.")
    place = {name: number for number, step in enumerate(steps) for name in step}
    early = [name for name in edges for following in edges[name] if place[following] <= place[name]]
    require(not early, f"A task that follows {', '.join(sorted(set(early)))} is not in a later step than it.")
    before = {name: [one for one in edges if name in edges[one]] for name in edges}
    late = [name for name in edges if place[name] > max((place[one] + 1 for one in before[name]), default=0)]
    require(not late, f"{', '.join(sorted(late))} could begin in an earlier step.")


@task("5.8", "The same graph as a job of Databricks", f"{_WALKTHROUGH}#check")
def job_of_databricks(given: Given) -> None:
    """`job_tasks`: five `Task` of databricks-sdk."""
    found = {task.task_key: task for task in given["job_tasks"]}
    require(
        sorted(found) == sorted(_JOBS) and len(given["job_tasks"]) == len(_JOBS),
        f"There should be one task for each notebook, with its name as task_key: {', '.join(_JOBS)}.",
    )
    folder = given["folder"]
    for job, one in found.items():
        require(one.notebook_task is not None, f"{job} has no notebook_task.")
        path = one.notebook_task.notebook_path
        require(path == f"{folder}/{job}", f"The path of {job} should be that of the notebook in {folder}: no suffix.")
        waits = {dependency.task_key for dependency in one.depends_on or ()}
        require(waits == _ORDER[job], f"{job} waits for other tasks than the DAG's: compare the picture of the graph.")


@task("5.9", "How short the night could be", f"{_WALKTHROUGH}#7-the-first-run")
def critical_path(given: Given) -> None:
    """`critical_path`, `one_worker`: seconds, from `tasks` and `edges`."""
    took, edges = _seconds(given["tasks"]), given["edges"]
    total, longest = sum(took.values()), max(_chain(name, edges, took) for name in edges)
    require(_close(given["one_worker"], total), "`one_worker` is the sum of the seconds of all tasks.")
    require(
        _close(given["critical_path"], longest),
        "`critical_path` is the longest chain: a task, and after it the longest chain of those that follow it.",
    )


def _fingerprints(table: Any) -> dict[str, str]:
    return {str(name): f"{rows} {told}" for name, rows, told in zip(*(table[c] for c in _COLUMNS), strict=True)}


_COLUMNS = ("table", "rows", "fingerprint")


def _seconds(tasks: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Of each task the seconds that it took, by its dates."""
    moments = {
        task["task_id"]: [datetime.fromisoformat(task[name]) for name in ("start_date", "end_date")] for task in tasks
    }
    return {name: (ended - began).total_seconds() for name, (began, ended) in moments.items()}


def _chain(name: str, edges: Mapping[str, Sequence[str]], took: Mapping[str, float]) -> float:
    return took[name] + max((_chain(following, edges, took) for following in edges[name]), default=0.0)


def _close(one: Any, other: float) -> bool:
    return abs(float(one) - other) <= 0.05
