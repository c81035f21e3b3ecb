"""Jobs and runs as the API shows them."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.servers.jobs.runs import Attempt, Run, State
from sandbox.servers.jobs.store import Job

JOB_DEFAULTS = {"format": "MULTI_TASK", "max_concurrent_runs": 1, "timeout_seconds": 0}
MAX_RESULT_CHARACTERS = 5 << 20
CREATOR = "student@sandbox"


class Answers:
    """Builds the answers.

    Args:
        address: of the service, as its clients know it.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def job(self, job: Job, with_tasks: bool = True) -> dict[str, Any]:
        """A job of `jobs/get`, or of `jobs/list`, which leaves the tasks out unless asked for them."""
        settings = {**JOB_DEFAULTS, **job.settings}
        if not with_tasks:
            settings.pop("tasks", None)
        shown = {"job_id": job.job_id, "created_time": job.created_time, "creator_user_name": CREATOR}
        return {**shown, "settings": settings}

    def run(self, run: Run, with_tasks: bool = True) -> dict[str, Any]:
        """A run of a job."""
        shown: dict[str, Any] = {
            **self._common(run, run.run_id, run.state, run.begin_time, run.end_time),
            "timeout_seconds": run.timeout_seconds,
            "start_time": run.start_time,
            "original_attempt_run_id": run.run_id,
            "has_more": False,
        }
        if run.job_parameters:
            shown["job_parameters"] = [{"name": name, "value": value} for name, value in run.job_parameters.items()]
        if run.notebook_params:
            shown["overriding_parameters"] = {"notebook_params": run.notebook_params}
        if with_tasks:
            shown["tasks"] = [self.task_run(run, attempt) for attempt in run.attempts]
        return shown

    def run_of_task(self, run: Run, attempt: Attempt) -> dict[str, Any]:
        """What `runs/get` answers to the run id of a task: that task as a run of its own."""
        task = self.task_run(run, attempt)
        return {**task, "job_id": run.job_id, "run_name": run.run_name, "run_type": run.run_type, "tasks": [task]}

    def task_run(self, run: Run, attempt: Attempt) -> dict[str, Any]:
        """One attempt of a task, as it stands among a run's `tasks`."""
        task = run.task(attempt.task_key)
        first = next(other for other in run.attempts if other.task_key == attempt.task_key)
        notebook = msgspec.to_builtins(task.notebook_task)
        return {
            **self._common(run, attempt.run_id, attempt.state, attempt.begin_time, attempt.end_time),
            "task_key": attempt.task_key,
            "job_run_id": run.run_id,
            "attempt_number": attempt.attempt_number,
            "original_attempt_run_id": first.run_id,
            "start_time": attempt.begin_time or attempt.start_time,
            "description": task.description,
            "depends_on": msgspec.to_builtins(task.depends_on),
            "run_if": task.run_if.value,
            "timeout_seconds": task.timeout_seconds,
            "notebook_task": {**notebook, "base_parameters": attempt.parameters or notebook["base_parameters"]},
        }

    def output(self, run: Run, attempt: Attempt) -> dict[str, Any]:
        """What `runs/get-output` answers for one attempt of a task."""
        shown: dict[str, Any] = {"metadata": self.run_of_task(run, attempt), "notebook_output": {}}
        outcome = attempt.outcome
        if outcome and outcome.result is not None:
            result = outcome.result[:MAX_RESULT_CHARACTERS]
            shown["notebook_output"] = {"result": result, "truncated": len(outcome.result) > len(result)}
        if outcome and outcome.error:
            shown.update(error=outcome.error, error_trace=outcome.trace)
        return shown

    def _common(self, run: Run, run_id: int, state: State, begin: int, end: int) -> dict[str, Any]:
        """What a run and a run of a task have in common; durations in milliseconds."""
        return {
            "job_id": run.job_id,
            "run_id": run_id,
            "number_in_job": run_id,
            "run_name": run.run_name,
            "run_type": run.run_type,
            "format": "MULTI_TASK",
            "creator_user_name": CREATOR,
            "state": state_of(state),
            "run_page_url": f"{self._address}/jobs/{run.job_id}/runs/{run_id}",
            "setup_duration": 0,
            "execution_duration": max(end - begin, 0) if begin else 0,
            "cleanup_duration": 0,
            "end_time": end,
        }


def state_of(state: State) -> dict[str, Any]:
    """A state; no result until there is one."""
    shown: dict[str, Any] = {"life_cycle_state": state.life_cycle_state, "state_message": state.state_message}
    if state.result_state:
        shown["result_state"] = state.result_state
    return {**shown, "user_cancelled_or_timedout": state.result_state in ("CANCELED", "TIMEDOUT")}
