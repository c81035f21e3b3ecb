"""The configuration of the S3 sink: what is taken, and what each mistake is told."""

import json
import re
from pathlib import Path
from string import Template
from typing import Any

import pytest

from sandbox.servers.kafka_properties import parse_properties
from sandbox.servers.msk_connect.config import CONVERTER_KEYS, SinkConfig, parse_config
from sandbox.servers.msk_connect.definitions import Definition, read_definition, write_definition
from sandbox.servers.msk_connect.errors import ConfigurationError, DefinitionError

AWS = Path(__file__).resolve().parent.parent / "aws"
SMALLEST = {
    "connector.class": "io.confluent.connect.s3.S3SinkConnector",
    "topics": "first, second",
    "flush.size": "500",
    "s3.bucket.name": "a-bucket",
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
DEAD_LETTERS = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "letters"}


def parsed(**changes: Any) -> SinkConfig:
    """The smallest configuration with changes; underscores in a key are dots, None takes a key away."""
    changed = SMALLEST | {key.replace("_", "."): value for key, value in changes.items()}
    return parse_config("sink", {key: value for key, value in changed.items() if value is not None})


def problems(config: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        parse_config("sink", config)
    return raised.value.problems


def test_the_smallest_configuration_gets_confluents_defaults() -> None:
    config = parsed()
    assert config.topics == ("first", "second")
    assert (config.tasks_max, config.topics_dir, config.region) == (1, "topics", "us-west-2")
    assert (config.tolerate, config.dead_letter_topic, config.rotation.interval_ms) == (False, None, None)
    assert config.null_values.value == "fail"
    assert config.group == "connect-sink"


def test_the_file_a_student_gives_amazon_is_taken() -> None:
    definition = json.loads(Template((AWS / "s3-sink.json").read_text()).substitute(USER_ID="0123456789ab"))
    config = parse_config(definition["name"], definition["config"])
    assert definition["name"] == "0123456789ab-s3-sink"
    assert [config.wants(f"0123456789ab.{entity}") for entity in ("pin", "geo", "user", "other")] == [True] * 3 + [
        False
    ]
    assert config.dead_letter_topic is not None
    assert not config.wants(config.dead_letter_topic.name)
    assert config.bucket == "user-0123456789ab-bucket"


def test_amazon_takes_text_only_so_the_file_holds_no_number() -> None:
    config = json.loads((AWS / "s3-sink.json").read_text())["config"]
    assert all(isinstance(value, str) for value in config.values())


def test_the_worker_configuration_gives_the_converters() -> None:
    defaults = parse_properties((AWS / "worker.properties").read_text())
    assert set(defaults) <= set(CONVERTER_KEYS)
    without = {key: value for key, value in SMALLEST.items() if key not in CONVERTER_KEYS}
    assert parse_config("sink", {**defaults, **without}) == parsed()


def test_a_regular_expression_must_match_the_whole_name() -> None:
    config = parsed(topics=None, topics_regex=r"abc\.(pin|geo)")
    assert config.wants("abc.pin")
    assert not config.wants("abc.pins")
    assert not config.wants("abcxpin")


def test_numbers_and_booleans_count_as_their_text() -> None:
    assert parsed(flush_size=7, value_converter_schemas_enable=False).rotation.flush_size == 7


def test_minus_one_switches_an_interval_off_and_means_the_brokers_replication() -> None:
    config = parse_config(
        "sink",
        SMALLEST | DEAD_LETTERS | {"rotate.interval.ms": "-1", "errors.deadletterqueue.topic.replication.factor": "-1"},
    )
    assert config.rotation.interval_ms is None
    assert config.dead_letter_topic is not None
    assert config.dead_letter_topic.replication_factor == -1


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("flush.size", "many", "a whole number from 1"),
        ("flush.size", "0", "a whole number from 1"),
        ("tasks.max", "1.5", "a whole number from 1"),
        ("rotate.interval.ms", "-5", "a whole number from 1, or -1"),
        ("topics.regex", "(", "a regular expression"),
        ("topics", "a,,b", "names of topics"),
        ("timezone", "Mars/Olympus", "a time zone"),
        ("s3.bucket.name", "user-${USER_ID}-bucket", "the placeholder filled in"),
        ("s3.bucket.name", "Not_A_Bucket", "the name of a bucket"),
        ("topics.dir", "/topics/", "without slashes at its ends"),
        ("format.class", "io.confluent.connect.s3.format.avro.AvroFormat", "JsonFormat"),
        ("partitioner.class", "io.confluent.connect.storage.partitioner.FieldPartitioner", "DefaultPartitioner"),
        ("connector.class", "FileStreamSink", "S3SinkConnector"),
        ("value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter", "JsonConverter"),
        ("value.converter.schemas.enable", "true", "false"),
        ("key.converter", "org.apache.kafka.connect.json.JsonConverter", "StringConverter"),
        ("behavior.on.null.values", "write", "ignore or fail"),
        ("errors.tolerance", "some", "none or all"),
        ("errors.log.enable", "perhaps", "true or false"),
        ("flush.size", ["500"], "a configuration holds text"),
    ],
)
def test_a_wrong_value_is_told_with_key_value_and_what_is_allowed(key: str, value: Any, allowed: str) -> None:
    told = " ".join(problems(SMALLEST | {key: value}))
    assert key in told
    assert repr(value) in told
    assert allowed in told


@pytest.mark.parametrize("key", ["connector.class", "flush.size", "s3.bucket.name", "format.class", "value.converter"])
def test_a_missing_key_is_named(key: str) -> None:
    told = problems({name: value for name, value in SMALLEST.items() if name != key})
    assert len(told) == 1
    assert told[0].startswith(f"{key} is missing; it must be ")


@pytest.mark.parametrize(
    ("typo", "meant"), [("flush.sise", "flush.size"), ("topic.regex", "topics.regex"), ("s3.bucket", "s3.bucket.name")]
)
def test_a_misspelt_key_is_told_the_key_that_was_meant(typo: str, meant: str) -> None:
    assert problems(SMALLEST | {typo: "1"}) == [f"{typo} is not a key that this sink follows; did you mean {meant}?"]


def test_a_key_like_no_other_is_told_all_keys() -> None:
    (told,) = problems(SMALLEST | {"zzz": "1"})
    assert "the keys are name, connector.class" in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"topics.regex": "a.*"}, r"topics and topics\.regex are both set"),
        ({"rotate.schedule.interval.ms": "1000"}, r"rotate\.schedule\.interval\.ms needs timezone"),
        ({"errors.deadletterqueue.topic.name": "letters"}, r"needs errors\.tolerance to be all"),
        (
            DEAD_LETTERS | {"errors.deadletterqueue.topic.name": "first"},
            r"'first', which the connector itself would read",
        ),
        ({"errors.deadletterqueue.context.headers.enable": "true"}, r"needs errors\.deadletterqueue\.topic\.name"),
        ({"name": "another"}, r"name is 'another' but the connector is called 'sink'"),
    ],
)
def test_keys_that_contradict_each_other_are_told(changes: dict[str, str], told: str) -> None:
    (problem,) = problems(SMALLEST | changes)
    assert re.search(told, problem)


def test_a_connector_without_topics_is_told_so() -> None:
    (told,) = problems({key: value for key, value in SMALLEST.items() if key != "topics"})
    assert told == "topics and topics.regex are both missing; set one of them"


def test_every_fault_is_told_at_once() -> None:
    assert len(problems(SMALLEST | {"flush.size": "x", "tasks.max": "y", "flsh.size": "1"})) == 3


def test_a_definition_comes_back_as_it_was_written(tmp_path: Path) -> None:
    definition = Definition("sink", {"topics": "é"})
    assert read_definition(write_definition(tmp_path, definition)) == definition


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"name": "a"}', '{"name": "", "config": {}}', '{"name": "a", "config": 1}']
)
def test_a_file_that_is_no_definition_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sink.json"
    path.write_text(text)
    with pytest.raises(DefinitionError, match=str(path)):
        read_definition(path)
