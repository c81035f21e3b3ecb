"""How far a student has come, told by what is really there: a tick or a cross a part, each with the fact found.

    reach = Reach.of(parameters, settings, aws=boto3.Session(), kafka=admin, http=requests.Session(), spark=spark)
    course_progress(reach)

Nothing is kept and nothing is asked of the student: each part leaves something behind, and a probe looks for it. So
a tick says that it is there, whoever made it, and not that the student did the part. A probe whose other end does not
answer says so; it never fails.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lib.entities import ENTITIES
from lib.kafka_client import TopicMissingError, records_by_partition
from lib.notebook import Parameters
from lib.queries import QUESTIONS
from lib.settings import Settings
from lib.tables import Tables, answer_table, clean_table, stream_table

SECONDS = 10
PAGES_OF_RUNS = 4
LAST_JOB = "query_data"


@dataclass(frozen=True, slots=True)
class Reach:
    """How the probes reach what they look at; everything is passed in, so that a profile alone says where it is.

    Attributes:
        user_id: the student's id, in the names of topics and streams.
        bucket: the bucket that the topics land in.
        catalog, schema: where the tables are.
        aws: a session of boto3.
        kafka: an AdminClient of confluent-kafka.
        http: a session of requests.
        spark: a Spark session.
        api_invoke_url, api_key: the deployed stage, and a key of its usage plan.
        databricks_host, databricks_token: the workspace, and a token.
    """

    user_id: str
    bucket: str
    catalog: str
    schema: str
    aws: Any
    kafka: Any
    http: Any
    spark: Any
    api_invoke_url: str
    api_key: str = field(repr=False)
    databricks_host: str
    databricks_token: str = field(repr=False)

    @classmethod
    def of(cls, parameters: Parameters, settings: Settings, *, aws: Any, kafka: Any, http: Any, spark: Any) -> Reach:
        """The reach of a notebook: its parameters, the secrets of the settings, and its clients.

        What is not set is empty, and the probe that needs it says so.
        """
        key, token = settings.api_key, settings.databricks_token
        return cls(
            user_id=parameters.user_id,
            bucket=parameters.bucket,
            catalog=parameters.catalog,
            schema=parameters.schema,
            aws=aws,
            kafka=kafka,
            http=http,
            spark=spark,
            api_invoke_url=parameters.api_invoke_url,
            api_key=key.get_secret_value() if key else "",
            databricks_host=settings.databricks_host or "",
            databricks_token=token.get_secret_value() if token else "",
        )

    @property
    def topics(self) -> list[str]:
        """The student's topics."""
        return [entity.topic(self.user_id) for entity in ENTITIES]

    @property
    def streams(self) -> list[str]:
        """The student's streams."""
        return [entity.stream(self.user_id) for entity in ENTITIES]

    @property
    def tables(self) -> Tables:
        """The student's tables."""
        return Tables(self.spark, self.catalog, self.schema)

    def client(self, service: str) -> Any:
        """A client of boto3 that does not wait long for an answer."""
        from botocore.config import Config

        patience = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1})
        return self.aws.client(service, config=patience)

    def get(self, url: str, headers: dict[str, str], query: dict[str, Any] | None = None) -> Any:
        """What a GET is answered with, as JSON; an error of requests where that is no success."""
        answer = self.http.get(url, headers=headers, params=query, timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()


@dataclass(frozen=True, slots=True)
class Found:
    """What a probe found: whether that is there which the part leaves behind, and the fact that says so."""

    done: bool
    fact: str


@dataclass(frozen=True, slots=True)
class Stop:
    """One part of the course, how to look for what it leaves behind, and the notebook to open for it."""

    number: int
    title: str
    notebook: str
    probe: Callable[[Reach], Found]


@dataclass(frozen=True, slots=True)
class StopState:
    """A stop, and what was found there."""

    stop: Stop
    found: Found

    @property
    def mark(self) -> str:
        """A tick or a cross."""
        return "✓" if self.found.done else "✗"


@dataclass(frozen=True, slots=True)
class CourseProgress:
    """The states of the six stops; a picture in a notebook, lines of text anywhere else."""

    states: Sequence[StopState]

    @property
    def done(self) -> int:
        """How many stops left behind what they should."""
        return sum(state.found.done for state in self.states)

    def __repr__(self) -> str:
        lines = [f"{s.mark} {s.stop.number} {s.stop.title}: {s.found.fact}" for s in self.states]
        return "\n".join([*lines, self.summary])

    @property
    def summary(self) -> str:
        """One sentence: of how many parts the traces were found."""
        return f"What a part leaves behind is there for {self.done} of {len(self.states)} parts."

    def _repr_html_(self) -> str:
        boxes = "".join(_box(state) for state in self.states)
        return f'<div style="display:flex;flex-wrap:wrap;gap:8px">{boxes}</div><p>{html.escape(self.summary)}</p>'


def course_progress(reach: Reach) -> CourseProgress:
    """Look at each stop, one after the other; a few seconds, and some more for each that does not answer."""
    return CourseProgress([StopState(stop, _look(stop, reach)) for stop in STOPS])


def _look(stop: Stop, reach: Reach) -> Found:
    try:
        return stop.probe(reach)
    except Exception as error:
        # Five clients have five families of errors, and each of them is the fact to be shown.
        return Found(False, f"not reachable: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


def _box(state: StopState) -> str:
    """A card of its own colours, so that it can be read on a light and on a dark page."""
    border, ground = ("#1a7f37", "#eaf6ec") if state.found.done else ("#8a8a8a", "#f4f4f4")
    title = html.escape(f"{state.mark} {state.stop.number}. {state.stop.title}")
    link = html.escape(state.stop.notebook, quote=True)
    return (
        f'<div style="flex:1 1 250px;border:2px solid {border};border-radius:6px;background:{ground};color:#1f2328;'
        f'padding:8px"><b>{title}</b><br>{html.escape(state.found.fact)}<br>'
        f'<a href="{link}" style="color:#0b57d0">{link}</a></div>'
    )


def find_topics(reach: Reach) -> Found:
    """Part 1: the student's topics."""
    present = reach.kafka.list_topics(timeout=SECONDS).topics
    partitions = [len(present[topic].partitions) for topic in reach.topics if topic in present]
    done = len(partitions) == len(reach.topics)
    return Found(done, f"{len(partitions)} of {len(reach.topics)} topics, {sum(partitions)} partitions")


def find_objects(reach: Reach) -> Found:
    """Part 2: objects of the student's topics in the bucket."""
    pages = reach.client("s3").get_paginator("list_objects_v2")
    counts = [
        sum(page["KeyCount"] for page in pages.paginate(Bucket=reach.bucket, Prefix=f"topics/{topic}/"))
        for topic in reach.topics
    ]
    return Found(all(counts), f"{sum(counts):,} objects in {reach.bucket}/topics")


def find_records(reach: Reach) -> Found:
    """Part 3: the deployed stage, and records in the topics behind it."""
    reach.get(f"{reach.api_invoke_url.rstrip('/')}/topics", {"x-api-key": reach.api_key})
    counts = [_records(reach, topic) for topic in reach.topics]
    return Found(all(counts), f"the stage answers, {sum(counts):,} records in the topics")


def find_answers(reach: Reach) -> Found:
    """Part 4: the clean tables and the answers."""
    existing = _existing(reach.tables)
    rows = _rows(reach.tables, [clean_table(entity) for entity in ENTITIES], existing)
    answers = [question for question in QUESTIONS if answer_table(question) in existing]
    done = all(rows) and len(answers) == len(QUESTIONS)
    return Found(done, f"{sum(rows):,} clean rows, {len(answers)} of {len(QUESTIONS)} tables of answers")


def find_scheduled_run(reach: Reach) -> Found:
    """Part 5: the last task of the DAG, which is a run of Databricks named `USER_ID query_data DATE`."""
    named = f"{reach.user_id} {LAST_JOB} "
    runs = [run for run in _runs(reach) if run["run_name"].startswith(named)]
    good = [run["run_name"].removeprefix(named) for run in runs if run["state"].get("result_state") == "SUCCESS"]
    if not good:
        return Found(False, f"no run of the DAG's last task, {LAST_JOB}, ended well; {len(runs)} ended")
    return Found(True, f"{len(good)} of {len(runs)} runs of the DAG ended well, the last for {good[0]}")


def find_stream_rows(reach: Reach) -> Found:
    """Part 6: rows that came by the streams, and the streams, which may be gone by now."""
    pages = reach.client("kinesis").get_paginator("list_streams").paginate()
    streams = {name for page in pages for name in page["StreamNames"]} & set(reach.streams)
    rows = _rows(reach.tables, [stream_table(entity) for entity in ENTITIES], _existing(reach.tables))
    return Found(all(rows), f"{len(streams)} of {len(reach.streams)} streams, {sum(rows):,} rows came by them")


def _records(reach: Reach, topic: str) -> int:
    try:
        return sum(records_by_partition(reach.kafka, topic).values())
    except TopicMissingError:
        return 0


def _existing(tables: Tables) -> set[str]:
    """The names of the tables; none where there is not even the schema."""
    return tables.existing() if tables.has_schema() else set()


def _rows(tables: Tables, names: Sequence[str], existing: set[str]) -> list[int]:
    return [tables.known(name).count() if name in existing else 0 for name in names]


def _runs(reach: Reach) -> list[dict[str, Any]]:
    """Runs that have ended, the latest first; not more than a few pages of them."""
    url = f"{reach.databricks_host.rstrip('/')}/api/2.2/jobs/runs/list"
    bearer = {"Authorization": f"Bearer {reach.databricks_token}"}
    query, runs = {"completed_only": "true", "limit": 25}, list[dict[str, Any]]()
    for _ in range(PAGES_OF_RUNS):
        page = reach.get(url, bearer, query)
        runs += page.get("runs", [])
        if not page.get("next_page_token"):
            break
        query = {**query, "page_token": page["next_page_token"]}
    return runs


STOPS = (
    Stop(1, "Kafka and its client", "01_ec2_kafka_client.ipynb", find_topics),
    Stop(2, "From the topics to S3", "02_msk_to_s3.ipynb", find_objects),
    Stop(3, "The API", "03_api_gateway.ipynb", find_records),
    Stop(4, "Clean tables and answers", "04_databricks_etl.ipynb", find_answers),
    Stop(5, "On a schedule", "05_mwaa_airflow.ipynb", find_scheduled_run),
    Stop(6, "The stream", "06_kinesis_streaming.ipynb", find_stream_rows),
)
