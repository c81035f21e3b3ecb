"""The calls about jobs: create, get, list, reset, update, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.servers.jobs.answers import Answers
from sandbox.servers.jobs.job_settings import checked
from sandbox.servers.jobs.paging import checked_limit, listed, page, page_token
from sandbox.servers.jobs.requests import Id, converted
from sandbox.servers.jobs.store import Store

MOST_JOBS = 100


class JobId(msgspec.Struct):
    """Names a job."""

    job_id: Id


class Change(JobId):
    """The new settings of a job; `fields_to_remove` are taken out by update."""

    new_settings: dict[str, Any] = {}
    fields_to_remove: list[str] = []


class ListJobs(msgspec.Struct):
    """Which jobs to list."""

    limit: int = 20
    name: str = ""
    expand_tasks: bool = False
    page_token: str = ""


class JobOperations:
    """The calls; each takes its arguments and gives its answer."""

    def __init__(self, store: Store, answers: Answers) -> None:
        self._store = store
        self._answers = answers

    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a new job."""
        return {"job_id": self._store.add_job(checked(arguments)).job_id}

    def get(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """One job."""
        return self._answers.job(self._store.job(converted(arguments, JobId).job_id))

    def list(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Jobs, the latest first; a name is compared without regard to case."""
        asked = converted(arguments, ListJobs)
        below, limit = page_token(asked.page_token), checked_limit(asked.limit, MOST_JOBS)
        name = asked.name.lower()
        jobs = (job for job in self._store.jobs() if not name or job.settings["name"].lower() == name)
        found, more = page((job for job in jobs if below is None or job.job_id < below), limit)
        shown = [self._answers.job(job, asked.expand_tasks) for job in found]
        return listed("jobs", shown, more, found[-1].job_id if found else 0)

    def reset(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Replace all settings of a job."""
        asked = converted(arguments, Change)
        self._store.job(asked.job_id)
        return self._change(asked.job_id, asked.new_settings)

    def update(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Replace some settings of a job; tasks are merged by their keys."""
        asked = converted(arguments, Change)
        old = self._store.job(asked.job_id).settings
        settings = {**old, **asked.new_settings}
        if isinstance(given := asked.new_settings.get("tasks"), list):
            settings["tasks"] = merged_tasks([*old.get("tasks", []), *given])
        kept = {name: value for name, value in settings.items() if name not in asked.fields_to_remove}
        return self._change(asked.job_id, kept)

    def _change(self, job_id: int, settings: dict[str, Any]) -> dict[str, Any]:
        self._store.change_job(job_id, checked(settings))
        return {}

    def delete(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Forget a job."""
        job = self._store.job(converted(arguments, JobId).job_id)
        self._store.delete_job(job.job_id)
        return {}


def merged_tasks(tasks: list[Any]) -> list[Any]:
    """The tasks, each replaced by a later one of the same key; what is none is kept, to be refused."""
    keyed = {task.get("task_key") if isinstance(task, dict) else None: task for task in tasks}
    return list(keyed.values())
