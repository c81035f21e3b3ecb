"""The checks of parts 2 and 3 take the right answer, and tell of a wrong one what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from lib.api_definition import (
    ApiNotFoundError,
    Route,
    find_api,
    invoke_url_of,
    read_api_definition,
    remove_api,
    routes,
)
from lib.checks import check
from lib.data_processor import EntityReport
from lib.kafka_client import client_settings
from lib.landed_objects import LandedObject, NoLandedObjectError, landed_objects, read_lines, remove_objects
from lib.post_orders import course_draws
from lib.practice_topics import delete_topics, make_topic, read_topic
from lib.records import iso_utc
from lib.settings import REPOSITORY
from lib.sink_connector import (
    ConnectorFailedError,
    change_config,
    delete_connector,
    find_connector,
    make_connector,
    read_definition,
)
from lib.tasks.part_2 import NAMES
from lib.tasks.part_3 import MOMENTS, ROWS
from lib.waiting import wait_for

USER_ID = "0a1b2c3d4e5f"
TOPIC = f"{USER_ID}.practice02"
FOLDER = "topics/practice02"
URL = "https://abc.example.com/prod"


def key(partition: int, offset: int) -> str:
    return f"{FOLDER}/{TOPIC}/partition={partition}/{TOPIC}+{partition}+{offset:010d}.json"


ROWS_OF = {
    key(0, 0): [{"ind": 1}, {"ind": 2}],
    key(1, 0): [{"ind": 4}, {"ind": 5}],
    key(2, 0): [{"ind": 3}, {"ind": 6}],
}
CONFIG = read_definition(REPOSITORY / "aws" / "s3-sink.json", USER_ID)[1]
NO_INTERVAL = {name: value for name, value in CONFIG.items() if name != "rotate.interval.ms"}
HOURLY = {**NO_INTERVAL, "flush.size": "5000", "rotate.schedule.interval.ms": "3600000"}
RUNNING = {"connectorState": "RUNNING", "connectorConfiguration": {"topics": TOPIC, "topics.dir": FOLDER}}
DRAWS = list(islice(course_draws(), 3000))
ROUTE = Route("/{proxy+}", "ANY", True, "HTTP_PROXY", "http://proxy/{proxy}")
DONE = [EntityReport(name, 10, 10, 10, 10, 0, 10, 10) for name in ("pin", "geo", "user")]


def place_of(name: str) -> tuple[str, int, int]:
    found = LandedObject.of(name)
    return found.topic, found.partition, found.first_offset


def answer(status: int = 200, told: Any = None, **more: Any) -> SimpleNamespace:
    request = SimpleNamespace(headers=more.pop("sent", {}))
    return SimpleNamespace(status_code=status, text=str(told), json=lambda: told, request=request, **more)


def request_body(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"records": [{"key": row["index"], "value": row} for row in rows]}


def json_value(value: Any) -> Any:
    return iso_utc(value) if isinstance(value, datetime) else value


UP = {"told": {"status": "up"}, "url": f"{URL}/health"}
OFFSETS = {"offsets": [{"partition": 0, "offset": 0, "error_code": None, "error": None}] * 2}
RIGHT: dict[str, dict[str, Any]] = {
    "2.1": {"connector": {"connectorState": "RUNNING"}},
    "2.2": {"practice_connector": RUNNING, "topic": TOPIC, "folder": FOLDER},
    "2.4": {"lost": 4, "rows_of": ROWS_OF},
    "2.5": {"place_of": place_of},
    "2.6": {"hourly": HOURLY, "config": CONFIG},
    "2.7": {"account": {"topic": 7, "lines": 6, "dead_letters": 1}, "rows_of": ROWS_OF},
    "3.1": {"deployed_routes": [ROUTE]},
    "3.2": {"practice_answer": answer(told=OFFSETS), "body": request_body(ROWS)},
    "3.3": {"reports": DONE},
    "3.4": {"request_body": request_body},
    "3.5": {"requests_needed": 69},
    "3.6": {"json_value": json_value},
    "3.7": {"joined_rows": 5718, "draws": DRAWS},
    "3.8": {"health": answer(**UP), "practice_url": URL},
}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("2.1", {"connector": {"connectorState": "FAILED", "stateDescription": {"message": "no bucket"}}}, "no bucket"),
    ("2.1", {"connector": {"connectorState": "CREATING", "stateDescription": None}}, "CREATING"),
    ("2.2", {"topic": f"{USER_ID}.pin"}, "no topic of the course"),
    ("2.2", {"folder": "topics"}, "topics.dir"),
    ("2.4", {"lost": 5}, "not 0"),
    ("2.4", {"lost": 2}, "sees"),
    ("2.4", {"lost": ...}, "lost"),
    ("2.5", {"place_of": lambda _: None}, "return"),
    ("2.5", {"place_of": lambda name: tuple(map(str, place_of(name)))}, "types"),
    ("2.6", {"hourly": {**HOURLY, "flush.size": 5000}}, "quotes"),
    ("2.6", {"hourly": {**HOURLY, "flush.size": "500"}}, "5,000"),
    ("2.6", {"hourly": {**HOURLY, "rotate.schedule.interval.ms": "3600"}}, "milliseconds"),
    ("2.6", {"hourly": {**HOURLY, "rotate.interval.ms": "10000"}}, "after its first record"),
    ("2.6", {"hourly": {**HOURLY, "tasks.max": "1"}}, "tasks.max"),
    ("2.7", {"account": {"topic": ..., "lines": ..., "dead_letters": ...}}, "no whole number"),
    ("2.7", {"account": {"topic": 8, "lines": 6, "dead_letters": 1}}, "are 7"),
    ("2.7", {"account": {"topic": 6, "lines": 6, "dead_letters": 0}}, "dead letter"),
    ("3.1", {"deployed_routes": []}, "aws/api.yaml"),
    ("3.1", {"deployed_routes": [Route("/{proxy+}", "ANY", False, "HTTP_PROXY", "")]}, "key"),
    ("3.2", {"practice_answer": answer(403, "Forbidden")}, "403"),
    ("3.2", {"practice_answer": answer(told={"offsets": [{"error_code": 2, "error": "later"}] * 2})}, "later"),
    ("3.3", {"reports": DONE[:2]}, "all three"),
    ("3.3", {"reports": [*DONE[:2], EntityReport("user", 10, 9, 9, 9, 0, 9, 9)]}, "1 rows are not posted"),
    ("3.3", {"reports": [*DONE[:2], EntityReport("user", 10, 10, 9, 9, 1, 9, 9)]}, "dead letters"),
    ("3.4", {"request_body": lambda rows: {"records": rows}}, "two fields"),
    ("3.4", {"request_body": lambda _: None}, "return"),
    ("3.5", {"requests_needed": 67}, "by itself"),
    ("3.5", {"requests_needed": 66}, "round up"),
    ("3.5", {"requests_needed": 66.924}, "whole"),
    ("3.6", {"json_value": str}, "2018-03-04T05:06:07Z"),
    ("3.6", {"json_value": lambda value: value}, "2018-03-04T05:06:07Z"),
    ("3.6", {"json_value": lambda value: f"{value.isoformat()}Z"}, "2018-03-04T05:06:08Z"),
    ("3.7", {"joined_rows": 2617}, "different posts"),
    ("3.7", {"joined_rows": 3836}, "two tables"),
    ("3.8", {"health": answer(403, "Missing Authentication Token", url=f"{URL}/health")}, "deployed"),
    ("3.8", {"health": answer(told={"status": "down"}, url=f"{URL}/health")}, "up"),
    ("3.8", {"health": answer(sent={"x-api-key": "k"}, **UP)}, "send none"),
]


@pytest.mark.parametrize("number", RIGHT)
def test_a_right_answer_passes(number: str) -> None:
    outcome = check(number, RIGHT[number])
    assert outcome.passed, outcome.hint


@pytest.mark.parametrize(("number", "change", "hint"), WRONG)
def test_a_wrong_answer_is_told_what_is_wrong(number: str, change: dict[str, Any], hint: str) -> None:
    outcome = check(number, {**RIGHT[number], **change})
    assert not outcome.passed
    assert hint in outcome.hint


@pytest.mark.parametrize("number", RIGHT)
def test_without_an_answer_the_missing_name_is_told(number: str) -> None:
    outcome = check(number, {})
    assert not outcome.passed
    assert "There is no variable" in outcome.hint


def test_the_samples_of_the_checks_are_those_of_lib() -> None:
    assert {name: place_of(name) for name in NAMES} == NAMES
    assert {moment: iso_utc(moment) for moment in MOMENTS} == MOMENTS


@pytest.mark.parametrize(
    "name", ["topics/a/partition=0/b+0+0000000000.json", "topics/a/partition=0/a+1+0.json", "a.json"]
)
def test_another_objects_name_is_no_landed_object(name: str) -> None:
    with pytest.raises(NoLandedObjectError, match="partition=P"):
        LandedObject.of(name)


def test_objects_sort_by_partition_and_offset() -> None:
    names = [key(1, 5), key(0, 20), key(0, 3)]
    assert [each.key for each in sorted(map(LandedObject.of, names))] == [key(0, 3), key(0, 20), key(1, 5)]


def test_the_connectors_definition_is_filled_in() -> None:
    name, config = read_definition(REPOSITORY / "aws" / "s3-sink.json", USER_ID)
    assert name == f"{USER_ID}-s3-sink"
    assert not [value for value in config.values() if "${" in value]


def test_the_apis_definition_gets_title_and_account() -> None:
    definition = read_api_definition(REPOSITORY / "aws" / "api.yaml", title="mine", account="000011112222").decode()
    assert "title: mine" in definition
    assert "000011112222" in definition and "123456789012" not in definition


@pytest.mark.parametrize(
    ("deployed", "own"),
    [
        ("https://abc.execute-api.us-east-1.amazonaws.com/dev", "https://xyz.execute-api.us-east-1.amazonaws.com/dev"),
        ("http://127.0.0.1:1/restapis/abc/dev/_user_request_", "http://127.0.0.1:1/restapis/xyz/dev/_user_request_"),
    ],
)
def test_an_invoke_url_is_that_of_another_api_with_its_own_identifier(deployed: str, own: str) -> None:
    assert invoke_url_of("xyz", like=deployed, other_id="abc") == own


def test_every_check_of_both_parts_is_tried_here() -> None:
    from lib.tasks import part_2, part_3

    made: list[Callable[..., Any]] = [
        value
        for module in (part_2, part_3)
        for value in vars(module).values()
        if callable(value)
        and getattr(value, "__module__", "") == module.__name__
        and not value.__name__.startswith("_")
    ]
    assert len(made) == len(RIGHT) + 1  # 2.3 asks Kafka: the notebook tries it


# --- what both notebooks make and take away, in the sandbox ---


@pytest.fixture
def kafka(sandbox: Any) -> dict[str, Any]:
    return client_settings("", sandbox.kafka_client_properties)


@pytest.fixture
def topic(sandbox: Any, kafka: dict[str, Any]) -> Iterator[str]:
    name, admin = f"{sandbox.user_id}.practice-test", AdminClient(kafka)
    delete_topics(admin, [name])
    make_topic(admin, name, partitions=2)
    yield name
    delete_topics(admin, [name])


def aws(sandbox: Any, service: str) -> Any:
    profile = sandbox.aws_environment
    with pytest.MonkeyPatch.context() as patch:
        for name, value in profile.items():
            patch.setenv(name, value)
        return boto3.session.Session().client(service, region_name="us-east-1")


@pytest.mark.sandbox
def test_a_topic_takes_records_at_once_and_is_read_to_its_end(kafka: dict[str, Any], topic: str) -> None:
    assert read_topic(kafka, topic) == []
    sender = Producer({**kafka, "transactional.id": topic})
    sender.init_transactions(30)
    sender.begin_transaction()
    for number in range(10):  # behind them stands the transaction's own mark, which nobody reads
        sender.produce(topic, key=str(number), value=b"{}", partition=number % 2)
    sender.commit_transaction(30)
    read = read_topic(kafka, topic)
    assert [(record.partition(), record.key()) for record in read] == [
        (partition, str(number).encode()) for partition in (0, 1) for number in range(partition, 10, 2)
    ]


@pytest.mark.sandbox
def test_a_topic_that_is_there_stays_and_one_that_is_not_is_no_fault(kafka: dict[str, Any], topic: str) -> None:
    admin = AdminClient(kafka)
    make_topic(admin, topic, partitions=2)
    delete_topics(admin, [topic, f"{topic}.none"])
    assert topic not in admin.list_topics(timeout=10).topics


@pytest.mark.sandbox
def test_the_deployed_api_is_found_by_its_invoke_url(sandbox: Any) -> None:
    gateway = aws(sandbox, "apigateway")
    api_id, stage = find_api(gateway, sandbox.invoke_url)
    assert f"/{api_id}/{stage}/" in sandbox.invoke_url
    assert ("/{proxy+}", "ANY", True) in [(each.path, each.method, each.api_key) for each in routes(gateway, api_id)]
    with pytest.raises(ApiNotFoundError, match="nowhere"):
        find_api(gateway, "http://nowhere/dev")


@pytest.mark.sandbox
def test_an_api_goes_with_its_plan_and_key_and_no_other(sandbox: Any) -> None:
    gateway, name = aws(sandbox, "apigateway"), f"{sandbox.user_id}-practice-test"
    api_id, _ = find_api(gateway, sandbox.invoke_url)
    made = [gateway.create_rest_api(name=each)["id"] for each in (name, f"{name}-other")]
    definition = read_api_definition(REPOSITORY / "aws" / "api.yaml", title=name, account="123456789012")
    gateway.put_rest_api(restApiId=made[0], mode="overwrite", body=definition)
    gateway.create_deployment(restApiId=made[0], stageName="test")
    assert routes(gateway, made[0]) == routes(gateway, api_id)
    plan = gateway.create_usage_plan(name=name, apiStages=[{"apiId": made[0], "stage": "test"}])["id"]
    key = gateway.create_api_key(name=name, enabled=True)["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    remove_api(gateway, name)
    left = {each["id"] for each in gateway.get_rest_apis(limit=500)["items"]}
    names = {
        each["name"] for listing in ("get_usage_plans", "get_api_keys") for each in getattr(gateway, listing)()["items"]
    }
    assert name not in names
    assert made[0] not in left and {made[1], api_id} <= left
    remove_api(gateway, f"{name}-other")


@pytest.mark.sandbox
def test_a_connector_is_made_like_another_and_keeps_its_configuration_over_a_bad_change(
    sandbox: Any, kafka: dict[str, Any], topic: str
) -> None:
    connect, s3, name = aws(sandbox, "kafkaconnect"), aws(sandbox, "s3"), f"{sandbox.user_id}-practice-test"
    delete_connector(connect, name)
    model = find_connector(connect, f"{sandbox.user_id}-s3-sink")
    assert model is not None
    config = {**CONFIG, "topics": topic, "topics.dir": "practice-test", "s3.bucket.name": sandbox.bucket}
    config = {key: value for key, value in config.items() if not key.startswith(("topics.regex", "errors."))}
    made = make_connector(connect, model, name, {**config, "flush.size": "1"})
    try:
        with pytest.raises(ConnectorFailedError, match=r"flush\.size"):
            change_config(connect, made["connectorArn"], {**config, "flush.size": "none"})
        sender = Producer(kafka)
        sender.produce(topic, key="1", value=b'{"ind": 1}')
        assert sender.flush(30) == 0
        (landed,) = wait_for("the record", lambda: landed_objects(s3, sandbox.bucket, "practice-test", topic), 60)
        assert read_lines(s3, sandbox.bucket, landed.key) == ['{"ind":1}']
    finally:
        delete_connector(connect, name)
        assert remove_objects(s3, sandbox.bucket, "practice-test/") == 1
    assert find_connector(connect, name) is None
