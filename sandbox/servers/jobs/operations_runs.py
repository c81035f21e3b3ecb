"""The calls about runs: submit, run-now, get, get-output, list, cancel, cancel-all, delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

from sandbox.servers.jobs.answers import Answers
from sandbox.servers.jobs.errors import ApiError, invalid
from sandbox.servers.jobs.graph import SKIPPED_RUN
from sandbox.servers.jobs.job_settings import JobLimits, Queue
from sandbox.servers.jobs.notebook_process import NotebookProcesses
from sandbox.servers.jobs.paging import checked_limit, listed, page, page_token
from sandbox.servers.jobs.requests import Duration, Id, converted
from sandbox.servers.jobs.runs import Attempt, Outcome, Run, State, now
from sandbox.servers.jobs.scheduler import Scheduler, queued
from sandbox.servers.jobs.store import Job, Store
from sandbox.servers.jobs.task_settings import check_size, tasks_of

MOST_RUNS = 25
MULTIPLE_TASKS = (
    "Retrieving the output of runs with multiple tasks is not supported. Please retrieve the output of each "
    "individual task run instead."
)
Token = Annotated[str, msgspec.Meta(max_length=64)]


class RunId(msgspec.Struct):
    """Names a run, or the run of a task."""

    run_id: Id


class Submit(msgspec.Struct):
    """A one-time run, besides its tasks."""

    run_name: str = "Untitled"
    timeout_seconds: Duration = 0
    idempotency_token: Token = ""


class RunNow(msgspec.Struct):
    """A run of a job."""

    job_id: Id
    job_parameters: dict[str, str] = {}
    notebook_params: dict[str, str] = {}
    jar_params: list[str] = []
    idempotency_token: Token = ""
    queue: Queue | None = None


class CancelAll(msgspec.Struct):
    """Whose runs to cancel: those of a job, or of all jobs those that wait."""

    job_id: Id | None = None
    all_queued_runs: bool = False


class ListRuns(msgspec.Struct):
    """Which runs to list; times in milliseconds since 1970."""

    job_id: Id | None = None
    active_only: bool = False
    completed_only: bool = False
    limit: int = 20
    page_token: str = ""
    run_type: str = ""
    expand_tasks: bool = False
    start_time_from: int = 0
    start_time_to: int | None = None


class RunOperations:
    """The calls; each takes its arguments and gives its answer."""

    def __init__(self, store: Store, scheduler: Scheduler, notebooks: NotebookProcesses, answers: Answers) -> None:
        self._store = store
        self._scheduler = scheduler
        self._notebooks = notebooks
        self._answers = answers

    def submit(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a one-time run; it has a job id of its own, as in the service."""
        asked, tasks = converted(arguments, Submit), tasks_of(arguments)
        token = f"submit:{asked.idempotency_token}" if asked.idempotency_token else ""
        if known := self._known(token):
            return known
        job_id, run_id = self._store.new_id(), self._store.new_id()
        run = Run(run_id, job_id, asked.run_name, "SUBMIT_RUN", tasks, now(), timeout_seconds=asked.timeout_seconds)
        return self._begin(run, token)

    def run_now(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a run of a job."""
        asked = converted(arguments, RunNow)
        job = self._store.job(asked.job_id)
        token = f"{job.job_id}:{asked.idempotency_token}" if asked.idempotency_token else ""
        if known := self._known(token):
            return known
        run = self._run_of_job(job, asked)
        limits = converted(job.settings, JobLimits)
        if self._scheduler.active(job.job_id) >= limits.max_concurrent_runs:
            run.state = queued() if (asked.queue or limits.queue).enabled else SKIPPED_RUN
        return self._begin(run, token)

    def _run_of_job(self, job: Job, asked: RunNow) -> Run:
        if asked.notebook_params and asked.jar_params:
            raise invalid("notebook_params cannot be specified in conjunction with jar_params.")
        check_size("notebook_params", asked.notebook_params)
        check_size("job_parameters", asked.job_parameters)
        limits, tasks = converted(job.settings, JobLimits), tasks_of(job.settings)
        defaults = {parameter.name: parameter.default for parameter in limits.parameters}
        return Run(
            self._store.new_id(),
            job.job_id,
            limits.name,
            "JOB_RUN",
            tasks,
            now(),
            job_parameters={**defaults, **asked.job_parameters},
            notebook_params=asked.notebook_params,
            timeout_seconds=limits.timeout_seconds,
        )

    def _known(self, token: str) -> dict[str, Any] | None:
        """The answer to a call that was made before with the same token."""
        run_id = self._store.run_of_token(token) if token else None
        if run_id is None:
            return None
        self._store.run(run_id)
        return {"run_id": run_id}

    def _begin(self, run: Run, token: str) -> dict[str, Any]:
        """Keep a run with the first attempt of each task, and start it unless it waits or is skipped."""
        for task in run.tasks:
            run.attempts.append(Attempt(self._store.new_id(), task.task_key, 0, run.start_time))
        if run.state.ended:
            for attempt in run.attempts:
                attempt.end(Outcome(run.state))
            run.end(run.state)
        self._store.save(run, token)
        if run.state == State():
            self._scheduler.start(run)
        return {"run_id": run.run_id, "number_in_job": run.run_id}

    def run(self, run_id: int) -> Run:
        """The run with this id, or with an attempt that has it, as it is now."""
        return self._scheduler.current(self._store.run(run_id))

    def get(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """One run, or the run of one task."""
        run_id = converted(arguments, RunId).run_id
        run = self.run(run_id)
        if run_id != run.run_id:
            return self._answers.run_of_task(run, run.attempt(run_id))
        history = {"repair_history": [original(run)]} if arguments.get("include_history") else {}
        return {**self._answers.run(run), **history}

    def get_output(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What the run of one task has put out; a whole run has no output, be it of one task, as in the service."""
        run_id = converted(arguments, RunId).run_id
        run = self.run(run_id)
        if run_id == run.run_id:
            raise invalid(MULTIPLE_TASKS)
        return self._answers.output(run, run.attempt(run_id))

    def list(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Runs, the latest first."""
        asked = converted(arguments, ListRuns)
        if asked.active_only and asked.completed_only:
            raise invalid("active_only and completed_only cannot both be true.")
        found, more = page(self._listed(asked), checked_limit(asked.limit, MOST_RUNS))
        shown = [self._answers.run(run, asked.expand_tasks) for run in found]
        return listed("runs", shown, more, found[-1].run_id if found else 0)

    def _listed(self, asked: ListRuns) -> Iterator[Run]:
        ended = {(True, False): False, (False, True): True}.get((asked.active_only, asked.completed_only))
        for run in self._store.runs(asked.job_id, ended, page_token(asked.page_token)):
            in_time = asked.start_time_from <= run.start_time <= (asked.start_time_to or run.start_time)
            if in_time and asked.run_type in ("", run.run_type):
                yield self._scheduler.current(run)

    def cancel(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Let a run, or the run of one task, end; the answer comes at once, the end when nothing of it is left."""
        run_id = converted(arguments, RunId).run_id
        self._scheduler.cancel(self.run(run_id), run_id)
        return {}

    def cancel_all(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Cancel the runs of a job, or every run that waits."""
        asked = converted(arguments, CancelAll)
        if asked.job_id is None and not asked.all_queued_runs:
            raise invalid("Either job_id or all_queued_runs must be given.")
        for run in list(self._store.runs(asked.job_id, ended=False)):
            if not asked.all_queued_runs or run.state == queued():
                self._scheduler.cancel(run, run.run_id)
        return {}

    def delete(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Forget a run and remove its executed notebooks."""
        run = self.run(converted(arguments, RunId).run_id)
        if not run.state.ended:
            raise ApiError(400, "INVALID_STATE", f"Run {run.run_id} is active: cancel it before it is deleted.")
        for attempt in run.attempts:
            self._notebooks.remove(attempt)
        self._store.delete_run(run)
        return {}


def original(run: Run) -> dict[str, Any]:
    """The run itself as the first entry of its history of repairs."""
    return {
        "type": "ORIGINAL",
        "start_time": run.start_time,
        "end_time": run.end_time,
        "state": {"life_cycle_state": run.state.life_cycle_state, "result_state": run.state.result_state},
        "task_run_ids": [attempt.run_id for attempt in run.attempts],
    }
