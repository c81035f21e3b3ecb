"""A run under way: its tasks are begun as soon as they may, retried, timed, and cancelled."""

from __future__ import annotations

import asyncio
import uuid

from sandbox.servers.jobs.graph import What, final_state, next_steps, skipped_state
from sandbox.servers.jobs.notebook_process import NotebookProcesses
from sandbox.servers.jobs.parameters import widgets_of
from sandbox.servers.jobs.runs import (
    CANCELLED,
    FAILED,
    INTERNAL_ERROR,
    RUNNING,
    TERMINATED,
    TERMINATING,
    TIMEDOUT,
    Attempt,
    Outcome,
    Run,
    State,
    now,
)
from sandbox.servers.jobs.store import Store
from sandbox.servers.jobs.task_settings import TaskSettings

LOST_MESSAGE = "The Jobs service stopped while this task ran; its processes are ended. Run it again."
LOST = Outcome(State(INTERNAL_ERROR, FAILED, LOST_MESSAGE), LOST_MESSAGE)


class LiveRun:
    """Drives one run from the state it is in to its end; each change is in the store before anything follows from it.

    Args:
        slots: so many notebooks of all runs run at once.
    """

    def __init__(self, run: Run, store: Store, notebooks: NotebookProcesses, slots: asyncio.Semaphore) -> None:
        self.run = run
        self._store = store
        self._notebooks = notebooks
        self._slots = slots
        self._attempts: dict[int, asyncio.Task[None]] = {}
        self._endings: dict[int, Outcome] = {}
        self.halted = False

    async def drive(self) -> None:
        """Run it to its end."""
        if self.run.state.life_cycle_state != TERMINATING:
            self.run.state = State(RUNNING, state_message="In run")
        self.run.begin_time = self.run.begin_time or now()
        self._store.save(self.run)
        timer = self._start_timer()
        while self._advance() and not self.halted:
            await asyncio.wait(self._attempts.values(), return_when=asyncio.FIRST_COMPLETED)
        if timer:
            timer.cancel()
        if not self.halted:
            self.run.end(self.run.ending or final_state(self.run))
            self._store.save(self.run)

    def _start_timer(self) -> asyncio.TimerHandle | None:
        seconds = self.run.timeout_seconds
        if not seconds:
            return None
        left = seconds - (now() - self.run.begin_time) / 1000
        return asyncio.get_running_loop().call_later(max(left, 0), self.end_early, timed_out(seconds))

    def _advance(self) -> bool:
        """Do what is to be done now; tell whether anything is under way."""
        self._reap()
        while steps := [step for step in self._steps() if step[2].run_id not in self._attempts and not self.halted]:
            for what, task, attempt in steps:
                self._take(what, task, attempt)
        self._store.save(self.run)
        return bool(self._attempts)

    def _reap(self) -> None:
        """Forget the attempts that are over; one that was cancelled before its first step could not note its end."""
        for run_id in [run_id for run_id, under_way in self._attempts.items() if under_way.done()]:
            del self._attempts[run_id]
            attempt = self.run.attempt(run_id)
            if not attempt.state.ended:
                attempt.end(self._endings.get(run_id, Outcome(CANCELLED)))

    def _steps(self) -> list[tuple[What, TaskSettings, Attempt]]:
        """The next steps; of a run that is to end, its waiting attempts end."""
        if self.run.ending is None:
            return list(next_steps(self.run))
        for attempt in self.run.attempts:
            if not attempt.state.ended and attempt.run_id not in self._attempts:
                attempt.end(Outcome(self.run.ending))
        return []

    def _take(self, what: What, task: TaskSettings, attempt: Attempt) -> None:
        if what is What.SKIP:
            attempt.end(Outcome(skipped_state(self.run, task)))
        elif what is What.RETRY:
            due = attempt.end_time + task.min_retry_interval_millis
            again = Attempt(self._store.new_id(), task.task_key, attempt.attempt_number + 1, due)
            self.run.attempts.append(again)
        else:
            self._attempts[attempt.run_id] = asyncio.create_task(self._attempt(task, attempt))

    async def _attempt(self, task: TaskSettings, attempt: Attempt) -> None:
        """Wait for the attempt's turn, run its notebook, and note how it ended."""
        seconds = task.timeout_seconds
        try:
            await asyncio.sleep(max(attempt.start_time - now(), 0) / 1000)
            async with self._slots, asyncio.timeout(seconds or None):
                self._begin(task, attempt)
                outcome = await self._notebooks.run(task.notebook_task, attempt)
        except TimeoutError as error:
            outcome = Outcome(timed_out(seconds)) if seconds else broken(error)
        except asyncio.CancelledError:
            outcome = self._endings.get(attempt.run_id, Outcome(CANCELLED))
        except Exception as error:
            outcome = broken(error)
        attempt.end(outcome)
        self._store.save(self.run)

    def _begin(self, task: TaskSettings, attempt: Attempt) -> None:
        attempt.begin_time, attempt.session_id = now(), str(uuid.uuid4())
        attempt.parameters = widgets_of(self.run, task, attempt)
        attempt.state = State(RUNNING, state_message="In run")
        self._store.save(self.run)

    def end_early(self, ending: State) -> None:
        """Let the whole run end, cancelled or timed out."""
        if self.run.ending is None and not self.run.state.ended:
            self.run.ending = ending
            self.run.state = State(TERMINATING, state_message=ending.state_message)
            for run_id in list(self._attempts):
                self.end_attempt(run_id, Outcome(ending))
            self._store.save(self.run)

    def end_attempt(self, run_id: int, ending: Outcome) -> None:
        """Let one attempt end; a second request changes nothing."""
        under_way = self._attempts.get(run_id)
        if under_way is None or under_way.done() or run_id in self._endings:
            return
        self._endings[run_id] = ending
        self.run.attempt(run_id).state = State(TERMINATING, state_message=ending.state.state_message)
        under_way.cancel()

    async def halt(self) -> None:
        """Stop driving: what is under way ends as lost, the rest goes on with the next start of the service."""
        self.halted = True
        for run_id in list(self._attempts):
            self.end_attempt(run_id, LOST)
        await asyncio.gather(*self._attempts.values(), return_exceptions=True)


def timed_out(seconds: int) -> State:
    """The end of what has taken too long."""
    return State(TERMINATED, TIMEDOUT, f"Timed out after {seconds} seconds.")


def broken(error: Exception) -> Outcome:
    """The end of an attempt that the service itself could not run."""
    message = f"The Jobs service could not run the notebook: {type(error).__name__}: {error}"
    return Outcome(State(INTERNAL_ERROR, FAILED, message), message)
