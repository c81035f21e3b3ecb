"""A run of a job, the attempts of its tasks, and the states they are in."""

from __future__ import annotations

import time

import msgspec

from sandbox.servers.jobs.task_settings import TaskSettings

PENDING, QUEUED, RUNNING, TERMINATING = "PENDING", "QUEUED", "RUNNING", "TERMINATING"
TERMINATED, SKIPPED, INTERNAL_ERROR = "TERMINATED", "SKIPPED", "INTERNAL_ERROR"
SUCCESS, FAILED, TIMEDOUT, CANCELED = "SUCCESS", "FAILED", "TIMEDOUT", "CANCELED"


def now() -> int:
    """This moment, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class State(msgspec.Struct, frozen=True):
    """Where a run is; `result_state` is empty until it has ended.

    Of the life cycle's states `BLOCKED` and `WAITING_FOR_RETRY` are never used: Airflow's operators do not know them,
    and a task that waits is `PENDING` to them.
    """

    life_cycle_state: str = PENDING
    result_state: str = ""
    state_message: str = ""

    @property
    def ended(self) -> bool:
        """Whether it is final."""
        return self.life_cycle_state in (TERMINATED, SKIPPED, INTERNAL_ERROR)


CANCELLED = State(TERMINATED, CANCELED, "Run cancelled.")


class Outcome(msgspec.Struct, frozen=True):
    """How an attempt ended.

    Attributes:
        error: the failing cell's error in one line.
        trace: its stack trace.
        result: what the notebook gave to `dbutils.notebook.exit`.
    """

    state: State
    error: str = ""
    trace: str = ""
    result: str | None = None


class Attempt(msgspec.Struct):
    """One attempt of a task: it has a run id of its own. Times in milliseconds since 1970, 0 for not yet.

    Attributes:
        start_time: when it was due at the earliest.
        begin_time: when its notebook began.
        parameters: its widgets' values, known once it begins.
        session_id: of its session on the cluster.
    """

    run_id: int
    task_key: str
    attempt_number: int
    start_time: int
    state: State = State()
    begin_time: int = 0
    end_time: int = 0
    parameters: dict[str, str] = {}
    session_id: str = ""
    outcome: Outcome | None = None

    def end(self, outcome: Outcome) -> None:
        """Note how it ended."""
        self.state, self.outcome, self.end_time = outcome.state, outcome, now()


class Run(msgspec.Struct):
    """A run of a job, or a one-time run (`SUBMIT_RUN`), which has a job id of its own too.

    Attributes:
        job_parameters: beat the tasks' own parameters of the same name, as in the service.
        notebook_params: of run-now, beat `base_parameters`.
        ending: why it is to end early, once it is.
    """

    run_id: int
    job_id: int
    run_name: str
    run_type: str
    tasks: tuple[TaskSettings, ...]
    start_time: int
    job_parameters: dict[str, str] = {}
    notebook_params: dict[str, str] = {}
    timeout_seconds: int = 0
    attempts: list[Attempt] = []
    state: State = State()
    begin_time: int = 0
    end_time: int = 0
    ending: State | None = None

    def latest(self, task_key: str) -> Attempt:
        """The last attempt of a task."""
        return next(attempt for attempt in reversed(self.attempts) if attempt.task_key == task_key)

    def attempt(self, run_id: int) -> Attempt:
        """The attempt with a run id of its own."""
        return next(attempt for attempt in self.attempts if attempt.run_id == run_id)

    def task(self, task_key: str) -> TaskSettings:
        """The settings of a task."""
        return next(task for task in self.tasks if task.task_key == task_key)

    def end(self, state: State) -> None:
        """Note how it ended."""
        self.state, self.end_time = state, now()
