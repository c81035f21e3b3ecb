"""Posting the whole database: `streaming-batch` beside the course's loop and beside writing straight to Kafka."""

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from confluent_kafka.admin import NewTopic

from benchmarks.bench import Bench
from benchmarks.commands import timed
from benchmarks.errors import RecordsLostError
from benchmarks.figures import Figure, at_least, at_most
from sandbox.parts.kafka import ENTITIES, PARTITIONS, Kafka


@dataclass(frozen=True)
class Posted:
    """One posting: its records, the seconds of the whole process, and those of its work without the start."""

    records: int
    process: float
    work: float

    @property
    def rate(self) -> float:
        """Records a second of the whole process."""
        return self.records / self.process

    @property
    def work_rate(self) -> float:
        """Records a second of the work alone."""
        return self.records / self.work


def measure(bench: Bench) -> Iterator[Figure]:
    """Several rounds of the three ways by turns, each on fresh topics; medians, and medians of each round's ratios."""
    bench.up_with_rows()
    rounds = [one_round(bench, number + 1) for number in range(bench.sizes.posting_rounds)]
    ours, course, straight = zip(*rounds, strict=True)
    yield Figure(f"`streaming-batch`, {ours[0].records:,} records", median(o.process for o in ours), "s", at_most(8))
    to_course = median(o.rate / c.work_rate for o, c in zip(ours, course, strict=True))
    yield Figure("to the course's loop, records/s", to_course, "x", at_least(60))
    to_straight = median(o.rate / s.rate for o, s in zip(ours, straight, strict=True))
    yield Figure("to writing straight to Kafka, records/s of whole processes", to_straight, "x", at_least(0.3))
    of_work = median(o.work_rate / s.work_rate for o, s in zip(ours, straight, strict=True))
    yield Figure("  the same without either process's start", of_work, "x")
    for name, posted in (("`streaming-batch`", ours), ("straight to Kafka", straight), ("course's loop", course)):
        yield Figure(f"  {name}, work alone", median(p.work_rate for p in posted), "records/s")


def one_round(bench: Bench, number: int) -> tuple[Posted, Posted, Posted]:
    """Post in the three ways, one after another."""
    sizes = bench.sizes
    course = ("benchmarks.course_loop", str(sizes.course_rows), str(sizes.rows))
    return (
        streaming_batch(bench, f"round {number}: streaming-batch"),
        rival(bench, f"round {number}: the course's loop", sizes.course_rows, *course),
        rival(bench, f"round {number}: straight to Kafka", sizes.rows, "benchmarks.straight_to_kafka"),
    )


def streaming_batch(bench: Bench, title: str) -> Posted:
    """Post all rows with the real command."""
    summary = bench.scratch / "summary.json"
    with fresh_topics(bench.kafka) as user_id, bench.step(title) as show:
        state = bench.scratch / f"state-{user_id}"
        environment = {**bench.sandbox.environment, "USER_ID": user_id, "STATE_DIR": str(state)}
        command: list[str | Path] = [Path(sys.executable).with_name("streaming-batch"), "--json", summary]
        seconds = timed(command, environment, show)
        require_records(bench.kafka, user_id, title, bench.sizes.rows)
    told = json.loads(summary.read_text())
    records = sum(entity["acknowledged"] for entity in told["entities"].values())
    return Posted(records, seconds, told["seconds"])


def rival(bench: Bench, title: str, rows: int, *module: str) -> Posted:
    """Post rows in another way: a module that prints its figures as JSON in its last line."""
    lines: list[str] = []
    with fresh_topics(bench.kafka) as user_id, bench.step(title):
        environment = {**bench.sandbox.environment, "USER_ID": user_id}
        seconds = timed([sys.executable, "-m", *module], environment, lines.append)
        require_records(bench.kafka, user_id, title, rows)
    told = json.loads(lines[-1])
    return Posted(told["records"], seconds, told["seconds"])


def require_records(kafka: Kafka, user_id: str, title: str, rows: int) -> None:
    """Refuse a posting whose topics do not hold as many records as there are rows: its speed means nothing."""
    for entity in ENTITIES:
        found = sum(kafka.end_offsets(f"{user_id}.{entity}").values())
        if found != rows:
            raise RecordsLostError(f"{title}: the topic of {entity} holds {found:,} records, not {rows:,}.")


@contextmanager
def fresh_topics(kafka: Kafka) -> Iterator[str]:
    """Empty topics of a student whom the sink does not know; yields the student's id."""
    user_id = secrets.token_hex(6)
    topics = [NewTopic(f"{user_id}.{entity}", PARTITIONS, 1) for entity in ENTITIES]
    admin = kafka.admin
    for created in admin.create_topics(topics).values():
        created.result(timeout=20)
    try:
        yield user_id
    finally:
        for deleted in admin.delete_topics([topic.topic for topic in topics]).values():
            deleted.result(timeout=20)
