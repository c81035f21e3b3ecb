"""How far a student has come: found in what is there, said in one fact a part, and never a stack trace."""

import html.parser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

import lib.course_progress as module
from lib.course_progress import (
    STOPS,
    CourseProgress,
    Found,
    Reach,
    StopState,
    course_progress,
    find_answers,
    find_objects,
    find_records,
    find_scheduled_run,
    find_stream_rows,
    find_topics,
)
from lib.entities import ENTITIES, PIN
from lib.kafka_client import client_settings
from lib.notebook import Parameters
from lib.practice_topics import delete_topics, make_topic
from lib.settings import Settings
from lib.tables import Tables, answer_table, clean_table, stream_table

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
STUDENT = "feedfeedfeed"


def progress(*done: int) -> CourseProgress:
    """The progress of whoever has done these parts."""
    return CourseProgress([StopState(stop, Found(stop.number in done, f"fact {stop.number}")) for stop in STOPS])


def test_each_part_has_one_stop_in_the_order_of_the_notebooks() -> None:
    assert [stop.number for stop in STOPS] == [1, 2, 3, 4, 5, 6]
    assert [stop.notebook[:2] for stop in STOPS] == ["01", "02", "03", "04", "05", "06"]


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.notebook)
def test_the_notebook_of_a_stop_is_there(stop: Any) -> None:
    assert (NOTEBOOKS / stop.notebook).is_file()


def test_the_text_has_a_line_a_part_and_says_what_a_tick_means() -> None:
    lines = repr(progress(1, 2)).splitlines()
    assert lines[0] == f"✓ 1 {STOPS[0].title}: fact 1"
    assert lines[2].startswith("✗ 3 ")
    assert lines[-1] == "What a part leaves behind is there for 2 of 6 parts."


def test_the_picture_has_a_link_a_part_and_shows_a_fact_as_it_is() -> None:
    odd = StopState(STOPS[0], Found(False, "<b> & </div>"))
    shown = CourseProgress([odd])._repr_html_()
    assert "&lt;b&gt; &amp; &lt;/div&gt;" in shown
    assert f'href="{STOPS[0].notebook}"' in shown


def test_the_picture_is_html_that_closes_what_it_opens() -> None:
    open_tags: list[str] = []

    class Balance(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, _attrs: Any) -> None:
            open_tags.extend([tag] if tag != "br" else [])

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Balance().feed(progress(1)._repr_html_())
    assert open_tags == []


def test_what_a_notebook_has_is_its_reach_and_no_secret_is_shown() -> None:
    parameters = Parameters(catalog="c", schema="s", user_id=STUDENT, bucket="b", api_invoke_url="http://api")
    settings = Settings(api_key=SecretStr("k3y"), databricks_token=SecretStr("t0ken"), databricks_host="http://jobs")
    reach = Reach.of(parameters, settings, aws=None, kafka=None, http=None, spark=None)
    assert (reach.api_key, reach.databricks_token) == ("k3y", "t0ken")
    assert "k3y" not in repr(reach) and "t0ken" not in repr(reach)
    assert reach.topics == [f"{STUDENT}.pin", f"{STUDENT}.geo", f"{STUDENT}.user"]


class Away:
    """Stands for a session whose server is down: whatever is asked of it fails."""

    def __getattr__(self, name: str) -> Any:
        raise ConnectionError("The sandbox is not running.\nat line 1\nat line 2")


def unreachable(port: int) -> Reach:
    """Real clients of addresses where nobody is."""
    nowhere = f"127.0.0.1:{port}"
    session = boto3.Session("key", "secret", region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1})
    aws = SimpleNamespace(
        client=lambda service, **_: session.client(service, endpoint_url=f"http://{nowhere}", config=config)
    )
    return Reach(
        user_id=STUDENT,
        bucket="bucket",
        catalog="spark_catalog",
        schema="nowhere",
        aws=aws,
        kafka=AdminClient({"bootstrap.servers": nowhere, "log_level": 0}),
        http=requests.Session(),
        spark=Away(),
        api_invoke_url=f"http://{nowhere}",
        api_key="",
        databricks_host=f"http://{nowhere}",
        databricks_token="",
    )


def test_what_does_not_answer_is_not_reachable_and_no_stack_trace(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 1)
    found = course_progress(unreachable(free_port))
    facts = [state.found.fact for state in found.states]
    assert found.done == 0
    assert all(fact.startswith("not reachable: ") for fact in facts), facts
    assert not any("\n" in fact for fact in facts)
    assert facts[3] == "not reachable: The sandbox is not running."


@pytest.fixture(scope="module")
def reach(sandbox: Any, spark: Any) -> Iterator[Reach]:
    """The reach of a student of the sandbox who has done nothing yet."""
    given = sandbox.environment
    secret = SecretStr(given["API_KEY"]), SecretStr(given["DATABRICKS_TOKEN"])
    settings = Settings(api_key=secret[0], databricks_token=secret[1], databricks_host=given["DATABRICKS_HOST"])
    parameters = Parameters("spark_catalog", "no_such_schema", user_id=STUDENT, bucket=sandbox.bucket)
    kafka = AdminClient(client_settings("", sandbox.kafka_client_properties))
    clients = {"kafka": kafka, "http": requests.Session(), "spark": spark}
    # A session of boto3 reads its profile when it first makes a client.
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.aws_environment.items():
            patch.setenv(name, value)
        found = Reach.of(parameters, settings, aws=boto3.Session(), **clients)
        yield replace(found, api_invoke_url=given["API_INVOKE_URL"])


@pytest.mark.sandbox
def test_whoever_has_done_nothing_has_nothing(reach: Reach) -> None:
    found = course_progress(reach)
    assert found.done == 0
    assert [state.found.fact for state in found.states] == [
        "0 of 3 topics, 0 partitions",
        f"0 objects in {reach.bucket}/topics",
        "the stage answers, 0 records in the topics",
        "0 clean rows, 0 of 10 tables of answers",
        "no run of the DAG's last task, query_data, ended well; 0 ended",
        "0 of 3 streams, 0 rows came by them",
    ]


@pytest.mark.sandbox
def test_a_refused_key_is_a_fact(reach: Reach) -> None:
    found = course_progress(replace(reach, api_key="another"))
    assert "403" in found.states[2].found.fact


@pytest.fixture
def topics(sandbox: Any, reach: Reach) -> Iterator[list[str]]:
    delete_topics(reach.kafka, reach.topics)
    for topic in reach.topics:
        make_topic(reach.kafka, topic)
    yield reach.topics
    delete_topics(reach.kafka, reach.topics)


@pytest.mark.sandbox
def test_topics_are_found_and_their_records_counted(sandbox: Any, reach: Reach, topics: list[str]) -> None:
    assert find_topics(reach) == Found(True, "3 of 3 topics, 9 partitions")
    assert not find_records(reach).done
    producer = Producer({**client_settings("", sandbox.kafka_client_properties), "acks": "all"})
    for topic in topics:
        producer.produce(topic, b"{}")
        producer.produce(topic, b"{}")
    assert producer.flush(20) == 0
    assert find_records(reach) == Found(True, "the stage answers, 6 records in the topics")


@pytest.mark.sandbox
def test_objects_of_every_topic_are_counted(sandbox: Any, reach: Reach) -> None:
    keys = [f"topics/{topic}/partition=0/{topic}+0+0000000000.json" for topic in reach.topics]
    try:
        for number, key in enumerate(keys):
            assert not find_objects(reach).done, number
            sandbox.s3.put_object(Bucket=reach.bucket, Key=key, Body=b"{}\n")
        assert find_objects(reach) == Found(True, f"3 objects in {reach.bucket}/topics")
    finally:
        for key in keys:
            sandbox.s3.delete_object(Bucket=reach.bucket, Key=key)


def of_schema(reach: Reach, tables: Tables) -> Reach:
    return replace(reach, catalog=tables.catalog, schema=tables.schema)


def fill(tables: Tables, names: list[str], rows: int) -> None:
    for name in names:
        tables.spark.range(rows).write.format("delta").saveAsTable(tables.name(name))


@pytest.mark.sandbox
def test_clean_rows_and_answers_are_counted(reach: Reach, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUESTIONS", ("1", "2a"))
    fill(tables, [clean_table(entity) for entity in ENTITIES], 4)
    fill(tables, [answer_table("1")], 1)
    assert find_answers(of_schema(reach, tables)) == Found(False, "12 clean rows, 1 of 2 tables of answers")
    fill(tables, [answer_table("2a")], 1)
    assert find_answers(of_schema(reach, tables)).done


@pytest.mark.sandbox
def test_rows_that_came_by_the_streams_are_counted_after_the_streams_are_gone(reach: Reach, tables: Tables) -> None:
    fill(tables, [stream_table(entity) for entity in ENTITIES if entity is not PIN], 5)
    assert not find_stream_rows(of_schema(reach, tables)).done
    fill(tables, [stream_table(PIN)], 5)
    assert find_stream_rows(of_schema(reach, tables)) == Found(True, "0 of 3 streams, 15 rows came by them")


class Pages:
    """The list of runs as Databricks gives it, a page a request."""

    def __init__(self, *pages: list[tuple[str, str]]) -> None:
        self.pages = pages
        self.asked: list[dict[str, Any]] = []

    def get(self, _url: str, *, params: dict[str, Any], **_options: Any) -> Any:
        self.asked.append(params)
        number = int(params.get("page_token", 0))
        runs = [{"run_name": name, "state": {"result_state": state}} for name, state in self.pages[number]]
        following = {"next_page_token": str(number + 1)} if number + 1 < len(self.pages) else {}
        return SimpleNamespace(raise_for_status=lambda: None, json=lambda: {"runs": runs, **following})


def scheduled(free_port: int, *pages: list[tuple[str, str]]) -> Found:
    return find_scheduled_run(replace(unreachable(free_port), http=Pages(*pages)))


def test_a_run_of_the_dags_last_task_is_found_on_a_later_page(free_port: int) -> None:
    others = [("somebody query_data 2026-03-01", "SUCCESS"), (f"{STUDENT} load_data 2026-03-01", "SUCCESS")]
    runs = [(f"{STUDENT} query_data 2026-03-02", "FAILED"), (f"{STUDENT} query_data 2026-03-01", "SUCCESS")]
    found = scheduled(free_port, others, runs)
    assert found == Found(True, "1 of 2 runs of the DAG ended well, the last for 2026-03-01")


def test_a_run_that_failed_is_not_enough(free_port: int) -> None:
    found = scheduled(free_port, [(f"{STUDENT} query_data 2026-03-02", "FAILED")])
    assert found == Found(False, "no run of the DAG's last task, query_data, ended well; 1 ended")


def test_runs_are_asked_for_a_few_pages_only(free_port: int) -> None:
    pages = Pages(*[[] for _ in range(20)])
    find_scheduled_run(replace(unreachable(free_port), http=pages))
    assert len(pages.asked) == module.PAGES_OF_RUNS
