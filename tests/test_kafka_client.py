"""What a Java client's file says, in librdkafka's words; and what a topic holds."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from lib.errors import SettingsError
from lib.kafka_client import (
    KafkaSettingsError,
    TopicMissingError,
    client_settings,
    iam_token,
    read_properties,
    records_by_partition,
    topic_offsets,
)
from lib.practice_topics import delete_topics, make_topic

MSK_FILE = Path(__file__).resolve().parents[1] / "aws" / "ec2" / "client.properties"
MSK_BROKER = "b-1.course.abc123.c2.kafka.eu-west-1.amazonaws.com:9098"
PASSWORD = 'pa"ss\\word'
MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"
SCRAM = f"""# Written by a test
bootstrap.servers=broker.example:9096
security.protocol = SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config={MODULE} required username="me" password="pa\\"ss\\\\word";
ssl.truststore.type=PEM
ssl.truststore.location=/certificates/ca.pem
"""


def written(folder: Path, text: str = SCRAM) -> Path:
    path = folder / "client.properties"
    path.write_text(text, encoding="utf-8")
    return path


def test_scram_and_a_pem_store_become_librdkafkas_own_settings(tmp_path: Path) -> None:
    assert client_settings("", written(tmp_path)) == {
        "bootstrap.servers": "broker.example:9096",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": PASSWORD,
        "ssl.ca.location": "/certificates/ca.pem",
        "log_level": 0,
    }


def test_addresses_that_are_given_beat_those_of_the_file(tmp_path: Path) -> None:
    assert client_settings("other:1", str(written(tmp_path)))["bootstrap.servers"] == "other:1"


def test_comments_and_lines_without_a_value_are_no_settings() -> None:
    assert read_properties("# a=b\n! c=d\n\nnothing\n e = f=g \n") == {"e": "f=g"}


def test_the_file_of_the_instance_becomes_tokens_of_the_profile() -> None:
    settings = client_settings(MSK_BROKER, MSK_FILE)
    assert settings["sasl.mechanism"] == "OAUTHBEARER"
    assert callable(settings["oauth_cb"])
    assert "sasl.password" not in settings


def test_the_token_is_a_signed_request_to_connect_and_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-to-be-seen")
    token = iam_token("eu-west-1")
    signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    asked = parse_qs(urlsplit(signed).query)
    assert urlsplit(signed).hostname == "kafka.eu-west-1.amazonaws.com"
    assert asked["Action"] == ["kafka-cluster:Connect"]
    assert asked["X-Amz-Credential"][0].startswith("AKIAEXAMPLE/")
    assert "not-to-be-seen" not in signed


def test_iam_at_brokers_that_are_not_amazons_is_an_error() -> None:
    with pytest.raises(KafkaSettingsError, match="only Amazon MSK takes"):
        client_settings("localhost:9098", MSK_FILE)


def test_a_file_that_is_not_there_says_which_variable_names_it(tmp_path: Path) -> None:
    with pytest.raises(KafkaSettingsError, match=r"nowhere\.properties cannot be read .*KAFKA_CLIENT_PROPERTIES"):
        client_settings("b:1", tmp_path / "nowhere.properties")


def test_no_address_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="set BOOTSTRAP_SERVERS"):
        client_settings("", written(tmp_path, "security.protocol=PLAINTEXT\n"))


def test_a_java_key_store_is_an_error_that_says_how_to_convert_it(tmp_path: Path) -> None:
    with pytest.raises(KafkaSettingsError, match=r"PEM.*keytool"):
        client_settings("", written(tmp_path, SCRAM.replace("type=PEM", "type=JKS")))


def test_a_login_without_its_password_is_named_and_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(KafkaSettingsError, match="lacks password=") as raised:
        client_settings("", written(tmp_path, SCRAM.replace("password=", "pass=")))
    assert "word" not in str(raised.value).replace("password", "")


@pytest.fixture(scope="module")
def settings(sandbox: Any) -> dict[str, Any]:
    return client_settings(sandbox.environment["BOOTSTRAP_SERVERS"], sandbox.kafka_client_properties)


@pytest.fixture(scope="module")
def admin(settings: dict[str, Any]) -> AdminClient:
    return AdminClient(settings)


@pytest.fixture
def topic(sandbox: Any, admin: AdminClient) -> Iterator[str]:
    name = f"{sandbox.user_id}.client-test"
    delete_topics(admin, [name])
    make_topic(admin, name, partitions=2)
    yield name
    delete_topics(admin, [name])


@pytest.mark.sandbox
def test_the_sandbox_lets_in_whoever_has_its_file(sandbox: Any, admin: AdminClient) -> None:
    assert sandbox.topic("pin") in admin.list_topics(timeout=10).topics


@pytest.mark.sandbox
def test_the_records_of_each_partition_are_counted(settings: dict[str, Any], admin: AdminClient, topic: str) -> None:
    producer = Producer({**settings, "acks": "all"})
    for partition in (0, 1, 1):
        producer.produce(topic, b"value", partition=partition)
    assert producer.flush(20) == 0
    assert records_by_partition(admin, topic) == {0: 1, 1: 2}
    assert list(topic_offsets(admin, topic)) == [(0, 0, 1), (1, 0, 2)]


@pytest.mark.sandbox
def test_a_topic_that_is_not_there_is_an_error(sandbox: Any, admin: AdminClient) -> None:
    with pytest.raises(TopicMissingError, match=r"no topic .*nobodys"):
        records_by_partition(admin, f"{sandbox.user_id}.nobodys")
