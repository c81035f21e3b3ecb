"""`sandbox start-at N`: what part N of the course builds on is made to be there; what is there already is kept.

So each notebook of the course runs alone, in any order and twice in a row. Whether something is there is told by
counts and by what was kept of earlier runs, never by doing it again: the command is quick where there is nothing to do.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from rich.console import Console

from sandbox.data import REFERENCE_ROWS, StoredDataset
from sandbox.dbutils import RESULT, WIDGETS
from sandbox.errors import NotReadyError, SandboxError
from sandbox.fill import keep_answer_key
from sandbox.parts.airflow import AirflowDagProcessor
from sandbox.parts.kafka import ENTITIES, Kafka
from sandbox.parts.msk_connect import MskConnect
from sandbox.parts.spark import Spark
from sandbox.run import replace
from sandbox.run.answers import QUESTIONS
from sandbox.run.counts import topic_records
from sandbox.run.pipeline import (
    Run,
    await_sink,
    committed,
    database_holds,
    fill,
    jobs,
    make_room,
    post,
    posting_summary,
)
from sandbox.settings import Settings, write_private
from sandbox.stack import Stack

SEED = 1
TABLES = (
    *(f"raw_{entity}" for entity in ENTITIES),
    *ENTITIES,
    "quarantine",
    *(f"answer_{question}" for question in QUESTIONS),
)
THERE = "there already"
PARTS = range(7)
# The first parts that build on the landed objects and on the tables; and the one that builds on Airflow as well.
FIRST_ON_OBJECTS, FIRST_ON_TABLES, ON_AIRFLOW = 4, 5, 5


class UnknownCoursePartError(SandboxError):
    """The course has no part of this number."""

    def __init__(self, part: int) -> None:
        super().__init__(f"The course has no part {part}.", f"Its parts are {PARTS[0]} to {PARTS[-1]}.")


@dataclass(frozen=True)
class Wanted:
    """Which data is asked for; None leaves it to what the database holds.

    Attributes:
        rows: of each table.
        seed: of the generator.
        fresh: whether the pipeline is cleared first.
    """

    rows: int | None = None
    seed: int | None = None
    fresh: bool = False

    @property
    def named(self) -> bool:
        """Whether rows or seed are given."""
        return self.rows is not None or self.seed is not None


def start_at(console: Console, settings: Settings, part: int, wanted: Wanted) -> None:
    """Make what a part of the course builds on, and tell of each step whether it was done or there already.

    Airflow, which part 5 needs as well, is the caller's.

    Raises:
        SandboxError: a step failed; the message says what to do.
    """
    forget_job()
    stack = Stack(settings)
    stored = database_holds(stack)
    run = Run(console, stack, *data(stored, wanted))
    tell(console, "database", database(run, stored, wanted))
    if part >= FIRST_ON_OBJECTS:
        tell(console, "topics", topics(run))
        tell(console, "S3", objects(run))
    if part >= FIRST_ON_TABLES:
        tell(console, "tables", tables(run))


def require_part(part: int) -> None:
    """Refuse a number that is no part of the course. Raises UnknownCoursePartError."""
    if part not in PARTS:
        raise UnknownCoursePartError(part)


@contextmanager
def one_at_a_time(console: Console, settings: Settings) -> Iterator[None]:
    """Let notebooks that begin side by side wait for each other: the second one finds everything there."""
    with (settings.home / "start-at.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("Another notebook is at it; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def forget_job() -> None:
    """Where a notebook of the Jobs API calls, its widgets are its own: the notebooks that are run here have theirs."""
    for name in (WIDGETS, RESULT):
        os.environ.pop(name, None)


def tell(console: Console, name: str, told: str) -> None:
    """Say what came of a step."""
    console.print(f"{name:9} {told}", highlight=False, soft_wrap=True)


def is_up(stack: Stack) -> bool:
    """Whether every part runs and has answered, so that `sandbox up` would change nothing."""
    return stack.supervisor.alive() and stack.unchanged()


def airflow(stack: Stack) -> AirflowDagProcessor:
    """The process of Airflow that is ready last."""
    return stack.part(AirflowDagProcessor)


def airflow_is_up(stack: Stack) -> bool:
    """Whether Airflow runs and has read the student's DAG."""
    try:
        airflow(stack).probe()
    except (requests.RequestException, NotReadyError, SandboxError):
        return False
    return True


def data(stored: StoredDataset | None, wanted: Wanted) -> tuple[int, int]:
    """Rows and seed: as asked for, else as the database holds them, else the course's own."""
    held = (stored.rows, stored.seed) if stored else (REFERENCE_ROWS, SEED)
    given = (wanted.rows, wanted.seed)
    rows, seed = (known if one is None else one for one, known in zip(given, held, strict=True))
    return rows, seed


def database(run: Run, stored: StoredDataset | None, wanted: Wanted) -> str:
    """Fill the database where it holds other data, and clear the pipeline where it does."""
    if wanted.fresh:
        replace.clear(run.stack)
    make_room(run)
    holds = f"{run.rows:,} rows of seed {run.seed}"
    filled = (not stored or wanted.named) and fill(run)
    keep_answer_key(run.console, run.stack.settings)
    return f"filled with {holds}" if filled else f"{holds}, {THERE}"


def all_posted(run: Run) -> bool:
    """Whether the last `streaming-batch` that the sandbox ran was acknowledged for every row."""
    summary = posting_summary(run.stack.settings)
    if not summary.exists():
        return False
    told = json.loads(summary.read_text())
    acknowledged = [told["entities"].get(name, {}).get("acknowledged") for name in ENTITIES]
    return bool(told["exit_code"] == 0 and acknowledged == [run.rows] * len(ENTITIES))


def topics(run: Run) -> str:
    """Post what is not posted yet."""
    kept = topic_records(run.stack.part(Kafka))
    if all_posted(run) and all(kept[name] >= run.rows for name in ENTITIES):
        return f"every row is posted, {THERE}"
    post(run)
    return "every row is posted"


def objects(run: Run) -> str:
    """Wait until the sink has landed every record."""
    kafka, sink = run.stack.part(Kafka), run.stack.part(MskConnect)
    ends = {topic: kafka.end_offsets(topic) for topic in kafka.topics().values()}
    total = sum(sum(offsets.values()) for offsets in ends.values())
    landed = f"{total:,} records are landed"
    if committed(kafka, sink.group, ends) == total:
        return f"{landed}, {THERE}"
    await_sink(run)
    return landed


def tables(run: Run) -> str:
    """Run the job notebooks, where tables are missing or more has landed since they ran."""
    if all_made(run):
        return f"raw, clean and answers are made, {THERE}"
    ends = end_offsets(run)
    jobs(run)
    remember_made(run, ends)
    return "raw, clean and answers are made"


def end_offsets(run: Run) -> dict[str, dict[str, int]]:
    """How far the topics are; partitions as JSON keeps them."""
    kafka = run.stack.part(Kafka)
    ends = {name: kafka.end_offsets(topic) for name, topic in kafka.topics().items()}
    return {name: {str(partition): end for partition, end in found.items()} for name, found in ends.items()}


def all_made(run: Run) -> bool:
    """Whether the job notebooks have run since the last record, and each of their tables is still there."""
    note = made_note(run)
    warehouse = run.stack.part(Spark).folder / "warehouse" / f"{replace.SCHEMA}.db"
    there = all((warehouse / table / "_delta_log").is_dir() for table in TABLES)
    return there and note.exists() and json.loads(note.read_text()) == end_offsets(run)


def remember_made(run: Run, ends: dict[str, dict[str, int]]) -> None:
    """Note how far the topics were when the job notebooks ran."""
    write_private(made_note(run), json.dumps(ends))


def made_note(run: Run) -> Path:
    """Where that stands: among the posters' progress, which goes when the pipeline is cleared."""
    return run.stack.settings.home / "state" / "tables_made.json"
