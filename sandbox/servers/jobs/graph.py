"""What comes next in a run: a function of its state alone, so that a run goes on after a restart of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum

from sandbox.servers.jobs.runs import (
    CANCELED,
    FAILED,
    INTERNAL_ERROR,
    PENDING,
    SKIPPED,
    SUCCESS,
    TERMINATED,
    TIMEDOUT,
    Attempt,
    Run,
    State,
)
from sandbox.servers.jobs.task_settings import UNLIMITED, RunIf, TaskSettings

EXCLUDED, UPSTREAM_FAILED, UPSTREAM_CANCELED = "EXCLUDED", "UPSTREAM_FAILED", "UPSTREAM_CANCELED"
SUCCESS_WITH_FAILURES = "SUCCESS_WITH_FAILURES"
FAILURES = (FAILED, TIMEDOUT, UPSTREAM_FAILED)
CANCELLATIONS = (CANCELED, UPSTREAM_CANCELED)
SKIPPED_RUN = State(
    SKIPPED,
    "MAXIMUM_CONCURRENT_RUNS_REACHED",
    "The job runs already as often as its max_concurrent_runs allows; with queue.enabled this run would wait.",
)

Step = tuple["What", TaskSettings, Attempt]


class What(Enum):
    """What to do with a task."""

    BEGIN = "begin"
    RETRY = "retry"
    SKIP = "skip"


# Of the results of all that a task depends on.
CONDITIONS: Mapping[RunIf, Callable[[list[str]], bool]] = {
    RunIf.ALL_SUCCESS: lambda results: all(result == SUCCESS for result in results),
    RunIf.AT_LEAST_ONE_SUCCESS: lambda results: SUCCESS in results,
    RunIf.NONE_FAILED: lambda results: SUCCESS in results and not any(result in FAILURES for result in results),
    RunIf.ALL_DONE: lambda _: True,
    RunIf.AT_LEAST_ONE_FAILED: lambda results: any(result in FAILURES for result in results),
    RunIf.ALL_FAILED: lambda results: all(result in FAILURES for result in results),
}


def next_steps(run: Run) -> Iterator[Step]:
    """What is to be done now, each with the last attempt of its task; nothing once the run is to end."""
    for task in run.tasks:
        attempt = run.latest(task.task_key)
        if retry_due(task, attempt):
            yield What.RETRY, task, attempt
        elif attempt.state.life_cycle_state == PENDING and all(settled(run, key) for key in task.needs):
            results = dependency_results(run, task)
            runs = not results or CONDITIONS[task.run_if](results)
            yield (What.BEGIN if runs else What.SKIP), task, attempt


def retry_due(task: TaskSettings, attempt: Attempt) -> bool:
    """Whether the task gets another attempt after this one."""
    left = task.max_retries == UNLIMITED or attempt.attempt_number < task.max_retries
    failed = attempt.state.result_state == FAILED or (attempt.state.result_state == TIMEDOUT and task.retry_on_timeout)
    return left and failed


def settled(run: Run, task_key: str) -> bool:
    """Whether a task has ended for good."""
    attempt = run.latest(task_key)
    return attempt.state.ended and not retry_due(run.task(task_key), attempt)


def dependency_results(run: Run, task: TaskSettings) -> list[str]:
    """The results of all that a task depends on."""
    return [run.latest(key).state.result_state for key in task.needs]


def skipped_state(run: Run, task: TaskSettings) -> State:
    """The end of a task whose `run_if` did not come true."""
    results = dependency_results(run, task)
    wants_failure = task.run_if in (RunIf.AT_LEAST_ONE_FAILED, RunIf.ALL_FAILED)
    if not wants_failure and any(result in FAILURES for result in results):
        return State(TERMINATED, UPSTREAM_FAILED, "An upstream task failed.")
    if not wants_failure and any(result in CANCELLATIONS for result in results):
        return State(TERMINATED, UPSTREAM_CANCELED, "An upstream task was canceled.")
    return State(TERMINATED, EXCLUDED, f"The condition {task.run_if} of run_if did not come true.")


def final_state(run: Run) -> State:
    """The end of a run all of whose tasks have ended: its leaves decide."""
    last = [run.latest(task.task_key) for task in run.tasks]
    needed = {key for task in run.tasks for key in task.needs}
    leaves = [attempt.state.result_state for attempt in last if attempt.task_key not in needed]
    failed = [attempt for attempt in last if attempt.state.result_state in (FAILED, TIMEDOUT)]
    if any(result in FAILURES for result in leaves):
        return failed_state(failed)
    if any(result in CANCELLATIONS for result in leaves):
        return State(TERMINATED, CANCELED, "A task was canceled.")
    return State(TERMINATED, SUCCESS_WITH_FAILURES if failed else SUCCESS, "")


def failed_state(failed: list[Attempt]) -> State:
    """The end of a run with failed tasks, in the service's words."""
    messages = [f"Task {attempt.task_key} failed with message: {attempt.state.state_message}" for attempt in failed]
    broken = any(attempt.state.life_cycle_state == INTERNAL_ERROR for attempt in failed)
    life = INTERNAL_ERROR if broken else TERMINATED
    message = " ".join(message.rstrip(".") + "." for message in messages)
    return State(life, FAILED, f"{message} This caused all downstream tasks to get skipped.")
