"""`sandbox mwaa`: Airflow runs the DAG for a date; it is followed task by task, and the answers are shown."""

import time
from dataclasses import dataclass, field
from datetime import date, datetime

from rich.console import Console
from rich.markup import escape

from sandbox.airflow_api import UNDER_WAY, AirflowApi, Facts
from sandbox.errors import SandboxError
from sandbox.parts.airflow import AirflowDagProcessor
from sandbox.parts.spark import Spark
from sandbox.run.answers import answer_table, read_answers
from sandbox.settings import Settings
from sandbox.stack import Stack

LOOK_SECONDS = 1.0
COLOURS = {"success": "green", "failed": "red", "upstream_failed": "red", "up_for_retry": "yellow"}
# Lines of a failed task's log that tell why: the cell's error stands in one that begins so.
TELLING = ("Error", "Exception", "failed with terminal state")


class DagRunFailedError(SandboxError):
    """A task of the run failed."""


@dataclass
class Following:
    """A run that is followed: what was told of each task already."""

    console: Console
    api: AirflowApi
    dag_id: str
    run_id: str
    told: dict[str, tuple[str, int]] = field(default_factory=dict)

    def follow(self) -> str:
        """Print each change of a task's state until the run is over; the run's state."""
        while True:
            state = str(self.api.run(self.dag_id, self.run_id)["state"])
            self.tell_changes()
            if state not in UNDER_WAY:
                return state
            time.sleep(LOOK_SECONDS)

    def tell_changes(self) -> None:
        """Print what is new of each task, in the order in which they began."""
        tasks = self.api.tasks(self.dag_id, self.run_id)
        for task in sorted(tasks, key=lambda task: task["start_date"] or "~"):
            now = (task["state"] or "waiting", task["try_number"])
            if now != self.told.get(task["task_id"], ("waiting", 0)):
                self.told[task["task_id"]] = now
                self.tell(task["task_id"], *now, duration(task))

    def tell(self, task_id: str, state: str, tries: int, took: float | None) -> None:
        """Print a task's state."""
        colour = COLOURS.get(state, "default")
        seconds = f"{took:6.1f} s" if took is not None else ""
        again = f"  try {tries}" if tries > 1 else ""
        self.console.print(f"{task_id:20} [{colour}]{state:12}[/{colour}] {seconds}{again}", highlight=False)

    def reason(self) -> str:
        """Which task failed, and the last telling line of its log."""
        failed = [task for task in self.api.tasks(self.dag_id, self.run_id) if task["state"] == "failed"]
        if not failed:
            return "no task tells why"
        task = failed[0]
        lines = self.api.log(self.dag_id, self.run_id, task["task_id"], task["try_number"]).splitlines()
        telling = [line for line in lines if any(word in line for word in TELLING)]
        return f"{task['task_id']}: {(telling or lines or ['no log'])[-1].strip()[:1000]}"


def duration(task: Facts) -> float | None:
    """Seconds that a task took, by its own dates: what Airflow 3.2 calls its duration is something else."""
    if not task["start_date"] or not task["end_date"]:
        return None
    began, ended = (datetime.fromisoformat(task[name]) for name in ("start_date", "end_date"))
    return (ended - began).total_seconds()


def run_mwaa(console: Console, settings: Settings, day: date) -> None:
    """Start the run of a date, anew where there was one, follow it, and show its page and the answers.

    Raises:
        DagRunFailedError: with the failing task's reason.
    """
    stack = Stack(settings)
    part = stack.part(AirflowDagProcessor)
    run_id = part.api.start(part.dag_id, day)
    page = part.api.page(part.dag_id, run_id)
    console.print(f"{part.dag_id}, {day}: {page}", highlight=False, soft_wrap=True)
    following = Following(console, part.api, part.dag_id, run_id)
    if following.follow() != "success":
        fact = f"The run of {day} failed: {escape(following.reason())}"
        raise DagRunFailedError(fact, f"Its page: {page}; run it again: make mwaa DATE={day}")
    for name, rows in read_answers(stack.part(Spark)).items():
        console.print(answer_table(name, rows))
    console.print(f"The grid: {page}", highlight=False, soft_wrap=True)
