"""The checks of parts 0 and 1: they pass on a right answer, and tell a wrong one by its fault, never by the value."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from source_tables import row_of, source_tables

from lib.checks import CheckFailedError, check
from lib.entities import ENTITIES, PIN
from lib.kafka_client import client_settings
from lib.practice_topics import delete_topics, make_topic
from lib.rds_db_connector import RDSDBConnector
from lib.tasks import part_0

ROWS = 50
CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/course/11111111-2222-3333-4444-555555555555-1"
TOPIC = CLUSTER.replace(":cluster/", ":topic/") + "/0123456789ab.*"


def passes(id: str, **names: Any) -> None:
    assert check(id, names, strict=True).passed


def fails(id: str, because: str, **names: Any) -> None:
    with pytest.raises(CheckFailedError, match=because):
        check(id, names, strict=True)


# Part 0


def told(**changes: Any) -> dict[str, Any]:
    """What the six services tell in notebook 0."""
    topics = {entity.topic("me"): None for entity in ENTITIES}
    facts = {"account": "123456789012", "post_count": 1, "topics": topics, "streams": [], "buckets": ["mine"]}
    right = {**facts, "answer": SimpleNamespace(status_code=200), "one": [(1,)], "user_id": "me", "bucket": "mine"}
    return {**right, **changes}


def test_0_1_passes_where_every_stop_answers() -> None:
    passes("0.1", **told())


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"account": ""}, "STS"),
        ({"post_count": 0}, "sandbox data"),
        ({"topics": {"me.pin": None}}, r"no topic me\.geo, me\.user"),
        ({"answer": SimpleNamespace(status_code=403)}, r"403.*API_KEY"),
        ({"buckets": []}, "no bucket mine"),
        ({"one": []}, "Spark"),
        ({"streams": None}, "Kinesis"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else None,
)
def test_0_1_names_the_stop_that_does_not(changes: dict[str, Any], because: str) -> None:
    fails("0.1", because, **told(**changes))


@pytest.fixture(scope="module")
def source(sandbox: Any) -> Iterator[RDSDBConnector]:
    with source_tables(sandbox.engine) as tables:
        tables.fill(ROWS)
        with RDSDBConnector(tables.credentials) as connector:
            yield connector


@pytest.mark.sandbox
def test_0_2_passes_on_the_post(source: RDSDBConnector) -> None:
    passes("0.2", source=source, post=dict(zip(PIN.columns, row_of(PIN, 42), strict=True)))


@pytest.mark.sandbox
def test_0_2_names_the_columns_of_another_post(source: RDSDBConnector) -> None:
    another = dict(zip(PIN.columns, row_of(PIN, 41), strict=True))
    fails("0.2", "Not the values of post 42: index, unique_id", source=source, post=another)


@pytest.mark.parametrize(("post", "because"), [([], "a list"), ({"index": 42}, "lacks unique_id")])
def test_0_2_wants_a_dictionary_of_all_columns(post: Any, because: str) -> None:
    fails("0.2", because, source=None, post=post)


@pytest.mark.sandbox
def test_0_3_passes_on_the_counts(source: RDSDBConnector) -> None:
    passes("0.3", source=source, row_counts={entity.table: ROWS for entity in ENTITIES})


@pytest.mark.sandbox
def test_0_3_names_the_table_that_is_miscounted(source: RDSDBConnector) -> None:
    counts = {entity.table: ROWS for entity in ENTITIES} | {PIN.table: ROWS + 1}
    fails("0.3", f"rows of {PIN.table}", source=source, row_counts=counts)


def test_0_3_wants_every_table() -> None:
    fails("0.3", "geolocation_data, pinterest_data, user_data", source=None, row_counts={PIN.table: 1})


def test_0_4_needs_the_answer_key(tmp_path: Path) -> None:
    fails("0.4", "answer", source=None, untagged=1, untagged_share=0.5, answer_key=str(tmp_path / "none.json"))


def test_0_5_takes_no_other_number_for_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_0, "require_answer", lambda *_: None)
    rows = [(0, "Ann", "Lee", 30, ""), (1, "Ann", "Lee", 40, ""), (2, "Ann", "Roe", 30, ""), (3, "Bob", "Roe", 20, "")]
    source = SimpleNamespace(count=lambda _: len(rows), rows_after=lambda *_: rows)
    passes("0.5", source=source, persons=4, names=3)
    for names in (1, 2, 4):
        fails("0.5", "distinct pairs", source=source, persons=4, names=names)


# Part 1


@pytest.fixture(scope="module")
def kafka(sandbox: Any) -> dict[str, Any]:
    """The clients of notebook 1, and its topics under other names."""
    settings = client_settings("", sandbox.kafka_client_properties)
    names = {name: f"{sandbox.user_id}.tasks-{name}" for name in ("practice", "small", "exercise")}
    return {"settings": settings, "admin": AdminClient(settings), **names}


@pytest.fixture
def filled(kafka: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The topics with what the notebook sends, and what it was told of it."""
    topics = [kafka[name] for name in ("practice", "small", "exercise")]
    delete_topics(kafka["admin"], topics)
    make_topic(kafka["admin"], kafka["practice"], partitions=3)
    make_topic(kafka["admin"], kafka["exercise"], partitions=6)
    yield {
        **kafka,
        "delivered": send(kafka, kafka["practice"], [str(number % 10) for number in range(30)]),
        "acknowledged": [
            (record.key().decode(), record.partition(), record.offset())
            for _, record in send(kafka, kafka["exercise"], list(map(str, range(300))))
        ],
    }
    delete_topics(kafka["admin"], topics)


def send(kafka: dict[str, Any], topic: str, keys: list[str]) -> list[Any]:
    outcomes: list[Any] = []
    producer = Producer({**kafka["settings"], "acks": "all"})
    for key in keys:
        producer.produce(topic, b"{}", key, on_delivery=lambda *outcome: outcomes.append(outcome))
    assert producer.flush(30) == 0
    return outcomes


def message_of(kafka: dict[str, Any], wanted: str) -> Any:
    """The record with a key, read."""
    reader = Consumer({**kafka["settings"], "group.id": f"{kafka['exercise']}.test", "auto.offset.reset": "earliest"})
    reader.subscribe([kafka["exercise"]])
    try:
        return next(found for found in reader.consume(300, timeout=30) if found.key() == wanted.encode())
    finally:
        reader.close()


@pytest.mark.sandbox
def test_part_1_passes_on_what_the_notebook_does(filled: dict[str, Any]) -> None:
    lag = dict.fromkeys(range(6), 0) | {0: 1, 1: 1}
    passes("1.1", **filled)
    passes("1.2", **filled)
    passes("1.3", **filled)
    passes("1.4", found=message_of(filled, "123"), **filled)
    fails("1.5", "2 records are left to read", lag=lag, **filled)
    fails("1.7", "Still there: .*practice, .*exercise", **filled)


@pytest.mark.sandbox
def test_1_5_passes_on_a_lag_of_two_hundred(filled: dict[str, Any]) -> None:
    held = dict.fromkeys(range(6), 0)
    for _, partition, _ in filled["acknowledged"]:
        held[partition] += 1
    lag = dict(held)
    for _ in range(100):
        lag[max(lag, key=lambda partition: lag[partition])] -= 1
    passes("1.5", lag=lag, **filled)
    fails("1.5", "no lag is below 0, or above", lag=lag | {0: held[0] + 1}, **filled)
    fails("1.5", "keys 0 to 5", lag={0: 200}, **filled)


@pytest.mark.sandbox
def test_1_3_names_what_is_not_there(filled: dict[str, Any]) -> None:
    places = filled.pop("acknowledged")
    fails("1.3", "1 keys were not delivered, 0 is one", acknowledged=[p for p in places if p[0] != "0"], **filled)
    fails("1.3", "301 places for 300 keys", acknowledged=[*places, places[0]], **filled)
    fails("1.3", "offset is negative", acknowledged=[(key, p, -1001) for key, p, _ in places], **filled)
    fails("1.3", "is empty", acknowledged=[], **filled)


@pytest.mark.sandbox
def test_1_4_names_another_record(filled: dict[str, Any]) -> None:
    fails("1.4", "key is 7, not 123", found=message_of(filled, "7"), **filled)
    fails("1.4", "a list", found=[], **filled)


@pytest.mark.sandbox
def test_a_topic_that_was_not_made_is_said(kafka: dict[str, Any]) -> None:
    delete_topics(kafka["admin"], [kafka["exercise"]])
    fails("1.2", "has no topic .*exercise: run the cell", **kafka)
    passes("1.7", **kafka)


def policy(*statements: tuple[Any, Any]) -> dict[str, Any]:
    allowed = [{"Effect": "Allow", "Action": actions, "Resource": where} for actions, where in statements]
    return {"policy": {"Statement": allowed}, "cluster_arn": CLUSTER, "topic_arn": TOPIC}


WRITING = ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"]


def test_1_6_passes_on_a_policy_for_a_producer() -> None:
    passes("1.6", **policy(("kafka-cluster:Connect", CLUSTER), (WRITING, [TOPIC])))


@pytest.mark.parametrize(
    ("statements", "because"),
    [
        ([("kafka:Connect", CLUSTER), (WRITING, TOPIC)], "ask for kafka-cluster:Connect"),
        ([("kafka-cluster:Connect", CLUSTER), (WRITING, CLUSTER)], "granted on a topic"),
        ([(WRITING, TOPIC)], "does not grant kafka-cluster:Connect"),
        (
            [("kafka-cluster:Connect", CLUSTER), ([*WRITING, "kafka-cluster:ReadData"], TOPIC)],
            "does not need .*ReadData",
        ),
        ([("kafka-cluster:Connect", "*"), (WRITING, "*")], "other resources"),
    ],
)
def test_1_6_names_the_fault(statements: list[tuple[Any, Any]], because: str) -> None:
    fails("1.6", because, **policy(*statements))
