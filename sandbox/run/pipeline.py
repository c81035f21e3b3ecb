"""`sandbox run`: fill, post, wait for the sink, run the job notebooks, reconcile, report."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from sandbox.data import Dials, StoredDataset, stored_dataset
from sandbox.display import progress_bar
from sandbox.doctor import AWS_KEYS
from sandbox.environment import variables
from sandbox.errors import SandboxError
from sandbox.fill import fill_database, source_database
from sandbox.parts.kafka import ENTITIES, Kafka
from sandbox.parts.msk_connect import MskConnect
from sandbox.parts.spark import Spark
from sandbox.run import replace
from sandbox.run.answers import answer_table, read_answers
from sandbox.run.counts import Counts, count_stages
from sandbox.run.jobs import run_jobs
from sandbox.run.picture import draw
from sandbox.run.reconcile import reconciliation_table, require_identities
from sandbox.run.report import keep_old_report, reports, timing_table, write_report
from sandbox.settings import Settings
from sandbox.stack import Stack

PATIENCE_SECONDS = 120
NEXT_STEPS = """The sandbox stays up. What comes next:
  sandbox status                      what runs, where, and how much memory it takes
  sandbox trace 42                    follow one row through every hop
  sandbox down                        stop it; all data stays for the next `sandbox up`"""


class PostingFailedError(SandboxError):
    """`streaming-batch` did not get every row acknowledged."""


class SinkStalledError(SandboxError):
    """The sink has not moved for a while."""


@dataclass
class Run:
    """One run of the pipeline: what is asked for, and how long each stage took (seconds)."""

    console: Console
    stack: Stack
    rows: int
    seed: int
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        """What names the data of this run."""
        return {"rows": self.rows, "seed": self.seed}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Take the time of a stage."""
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)


def run_pipeline(console: Console, settings: Settings, rows: int, seed: int) -> None:
    """Send the rows from the database to the answers, prove that they add up, and write the report.

    Raises:
        SandboxError: a stage failed or the rows do not add up; the message says what to do.
    """
    run = Run(console, Stack(settings), rows, seed)
    with run.stage("fill"):
        make_room(run)
        fill(run)
    with run.stage("post"):
        acknowledged = post(run)
    with run.stage("sink"):
        await_sink(run)
    jobs(run)
    finish(run, acknowledged)


def make_room(run: Run) -> None:
    """Clear the pipeline where it holds other data than is asked for."""
    held = replace.held(run.stack)
    if held == run.data:
        return
    if held or replace.holds_rows(run.stack):
        known = f"{held['rows']:,} rows of seed {held['seed']}" if held else "rows of another origin"
        new = f"{run.rows:,} rows of seed {run.seed}"
        run.console.print(f"[yellow]The pipeline holds {known}; they are replaced by {new}.[/yellow]")
        keep_old_report(run.stack.settings)
        with run.console.status("Clearing topics, objects and tables"):
            replace.clear(run.stack)
    replace.hold(run.stack, run.data)


def database_holds(stack: Stack) -> StoredDataset | None:
    """What the source database was filled with, None where it was not."""
    with source_database(stack.settings) as engine:
        return stored_dataset(engine)


def fill(run: Run) -> bool:
    """Fill the database, where it does not hold this data already; whether it did."""
    if database_holds(run.stack) == StoredDataset(run.rows, run.seed, Dials()):
        return False
    fill_database(run.console, run.stack.settings, run.rows, run.seed, Dials())
    return True


def post(run: Run) -> Counts:
    """Run `streaming-batch`; return the acknowledged records by entity, those of earlier runs included.

    Dead letters of a run whose gateway was away for long are sent again first.
    """
    told = streaming_batch(run, "--batch-size", "500")
    if any(entity["dead_lettered"] for entity in told["entities"].values()):
        streaming_batch(run, "--replay", told["dead_letter_file"])
        told = streaming_batch(run, "--batch-size", "500")
    if told["exit_code"] != 0:
        raise PostingFailedError("Not every row was acknowledged; the lines above say why.", "Go on: make run")
    return {name: int(told["entities"][name]["acknowledged"]) for name in ENTITIES}


def posting_summary(settings: Settings) -> Path:
    """What `streaming-batch` told last: among the posters' progress, which goes when the pipeline is cleared."""
    return settings.home / "state" / "streaming_batch.json"


def streaming_batch(run: Run, *options: str) -> dict[str, Any]:
    """Run the command once; return its summary."""
    settings = run.stack.settings
    summary = posting_summary(settings)
    summary.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    summary.unlink(missing_ok=True)
    command: list[str | Path] = [Path(sys.executable).with_name("streaming-batch"), "--json", summary, *options]
    subprocess.run(command, env={**base_environment(), **variables(settings, run.stack.secrets)}, check=False)
    if not summary.exists():
        raise PostingFailedError(
            "`streaming-batch` ended without a summary; the lines above say why.", "Go on: make run"
        )
    told: dict[str, Any] = json.loads(summary.read_text())
    return told


def base_environment() -> dict[str, str]:
    """The caller's environment without what would lead elsewhere: other keys, another database."""
    return {name: value for name, value in os.environ.items() if name not in AWS_KEYS and not name.startswith("RDS_")}


def await_sink(run: Run) -> None:
    """Wait until the sink has committed every offset of the three topics."""
    kafka, sink = run.stack.part(Kafka), run.stack.part(MskConnect)
    ends = {topic: kafka.end_offsets(topic) for topic in kafka.topics().values()}
    total = sum(sum(offsets.values()) for offsets in ends.values())
    with progress_bar(run.console) as bar:
        task = bar.add_task("S3 sink", total=total)
        moved, last = time.monotonic(), -1
        while (done := committed(kafka, sink.group, ends)) < total:
            moved, last = (time.monotonic(), done) if done != last else (moved, last)
            if time.monotonic() - moved > PATIENCE_SECONDS:
                fact = f"The S3 sink has stood at {done:,} of {total:,} records for {PATIENCE_SECONDS} seconds."
                raise SinkStalledError(fact, "Read why: sandbox logs msk-connect; then: sandbox restart msk-connect")
            bar.update(task, completed=done)
            time.sleep(0.2)
        bar.update(task, completed=total)


def committed(kafka: Kafka, group: str, ends: dict[str, dict[int, int]]) -> int:
    """How many records the sink has committed, counted up to the given ends."""
    total = 0
    for topic, offsets in ends.items():
        reached = kafka.committed_offsets(group, topic)
        total += sum(min(reached.get(partition, 0), end) for partition, end in offsets.items())
    return total


def jobs(run: Run) -> None:
    """Run the job notebooks, taking the time of each."""
    environment = {**base_environment(), **variables(run.stack.settings, run.stack.secrets)}
    outputs = reports(run.stack.settings) / "notebooks"
    with run.stage("jobs"), progress_bar(run.console) as bar:
        task = bar.add_task("notebooks", total=5)

        def done(name: str, seconds: float) -> None:
            run.seconds[name] = round(seconds, 2)
            bar.update(task, advance=1, description=name)

        run_jobs(outputs, environment, done)


def finish(run: Run, acknowledged: Counts) -> None:
    """Count, show, draw and write; the rows must add up."""
    with run.stage("reconcile"), run.console.status("Counting every row"):
        stages = count_stages(run.stack, acknowledged)
        answers = read_answers(run.stack.part(Spark))
    memory = run.stack.memory()
    report = write_report(run.stack.settings, run.data, stages, answers, run.seconds, memory)
    for name, rows in answers.items():
        run.console.print(answer_table(name, rows))
    run.console.print(timing_table(run.seconds, memory))
    require_identities(stages)
    run.console.print(reconciliation_table(stages))
    picture = draw(answers, report.with_name("answers.png"), f"{run.rows:,} posts, seed {run.seed}")
    run.console.print(f"Picture: {picture}\nReport:  {report}\n\n{NEXT_STEPS}", soft_wrap=True, highlight=False)
