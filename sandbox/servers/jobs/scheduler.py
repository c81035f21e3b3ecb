"""All runs that are under way."""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox.servers.jobs.live_run import LOST, LiveRun
from sandbox.servers.jobs.notebook_process import NotebookProcesses
from sandbox.servers.jobs.runs import CANCELLED, QUEUED, RUNNING, TERMINATING, Outcome, Run, State
from sandbox.servers.jobs.store import Store

# Each notebook is papermill and a kernel, together about 300 MB.
NOTEBOOKS_AT_ONCE = 4


class Scheduler:
    """Starts runs, cancels them, and takes up those that an earlier service has left."""

    def __init__(self, store: Store, notebooks: NotebookProcesses) -> None:
        self._store = store
        self._notebooks = notebooks
        self._slots = asyncio.Semaphore(NOTEBOOKS_AT_ONCE)
        self._live: dict[int, LiveRun] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def resume(self) -> None:
        """End what an earlier service has left of its attempts, mark them as failed, and go on with their runs."""
        self._notebooks.end_all()
        for run in reversed(list(self._store.runs(ended=False))):
            for attempt in run.attempts:
                if attempt.state.life_cycle_state in (RUNNING, TERMINATING):
                    self._spawn(self._notebooks.end(attempt))
                    attempt.end(Outcome(run.ending) if run.ending else LOST)
            self._store.save(run)
            if run.state.life_cycle_state != QUEUED or not self.active(run.job_id):
                self.start(run)

    def start(self, run: Run) -> None:
        """Drive a run."""
        live = self._live[run.run_id] = LiveRun(run, self._store, self._notebooks, self._slots)
        self._spawn(self._drive(live))

    async def _drive(self, live: LiveRun) -> None:
        try:
            await live.drive()
        finally:
            del self._live[live.run.run_id]
        if not live.halted:
            self._start_queued(live.run.job_id)

    def _start_queued(self, job_id: int) -> None:
        """Start the oldest queued run of a job that has just ended another one."""
        waiting = [run for run in self._store.runs(job_id, ended=False) if run.state.life_cycle_state == QUEUED]
        if waiting:
            self.start(waiting[-1])

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def active(self, job_id: int) -> int:
        """How many runs of a job are under way."""
        return sum(live.run.job_id == job_id for live in self._live.values())

    def cancel(self, run: Run, run_id: int) -> None:
        """Cancel a run, or one attempt of a task if the id is of one; nothing where it has ended."""
        live = self._live.get(run.run_id)
        if live is None:
            self._cancel_queued(run)
        elif run_id == run.run_id:
            live.end_early(CANCELLED)
        else:
            live.end_attempt(run_id, Outcome(CANCELLED))

    def _cancel_queued(self, run: Run) -> None:
        if not run.state.ended:
            for attempt in run.attempts:
                attempt.end(Outcome(CANCELLED))
            run.end(CANCELLED)
            self._store.save(run)

    def current(self, run: Run) -> Run:
        """A run as it is now, not as it was read."""
        live = self._live.get(run.run_id)
        return live.run if live else run

    async def close(self) -> None:
        """Stop all that is under way."""
        await asyncio.gather(*(live.halt() for live in list(self._live.values())))
        await asyncio.gather(*self._tasks, return_exceptions=True)


def queued() -> State:
    """The state of a run that waits for another one of its job."""
    return State(QUEUED, state_message="Queued until another run of this job has ended.")
