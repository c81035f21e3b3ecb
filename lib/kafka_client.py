"""Kafka's clients of Python, by the file that Kafka's own tools are given, and what a topic holds.

confluent-kafka is librdkafka, which is C: it knows neither JAAS nor trust stores of Java. Each setting of
`client.properties` says the same thing there in other words:

    security.protocol, sasl.mechanism          the same names
    sasl.jaas.config                           sasl.username, sasl.password
    ssl.truststore.location (PEM)              ssl.ca.location
    sasl.mechanism=AWS_MSK_IAM                 OAUTHBEARER, and a function that makes tokens of the AWS profile
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from lib.errors import CourseError, SettingsError

IAM = "AWS_MSK_IAM"
TOKEN_SECONDS = 900
ANSWER_SECONDS = 10.0

ClientSettings = dict[str, Any]
Offsets = dict[int, int]

_SAME = ("security.protocol", "sasl.mechanism")
_JAAS = re.compile(r'\b(username|password)\s*=\s*"((?:[^"\\]|\\.)*)"')
_REGION = re.compile(r"\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com")


class KafkaSettingsError(SettingsError):
    """A file of Kafka's settings is missing, or says what no client of Python can follow."""


class TopicMissingError(CourseError):
    """The cluster has no such topic."""


def client_settings(bootstrap_servers: str, properties: str | Path) -> ClientSettings:
    """The settings of a confluent-kafka client that say what `client.properties` says.

    Args:
        bootstrap_servers: host:port of the brokers; empty where the file names them.
        properties: the file: the sandbox's own, or `aws/ec2/client.properties` for MSK.

    Raises:
        KafkaSettingsError: the file is missing, or lacks what its mechanism needs. No message holds a password.
    """
    properties = Path(properties)
    given = _read(properties)
    servers = bootstrap_servers or given.get("bootstrap.servers", "")
    if not servers:
        raise KafkaSettingsError(f"{properties} names no bootstrap.servers: set BOOTSTRAP_SERVERS as well.")
    settings: ClientSettings = {"bootstrap.servers": servers, "log_level": 0}
    settings |= {name: given[name] for name in _SAME if name in given}
    return settings | _trust(given, properties) | _login(given, properties, servers)


def read_properties(text: str) -> dict[str, str]:
    """The settings of a properties file as Kafka writes them: `name=value` a line, `#` before a comment."""
    lines = [line.strip() for line in text.splitlines()]
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith(("#", "!"))]
    return {name.strip(): value.strip() for name, value in pairs}


def topic_offsets(admin: AdminClient, topic: str) -> Iterator[tuple[int, int, int]]:
    """Of each partition: its number, the first offset that is still there, and the next one to be given.

    Raises:
        TopicMissingError: there is no such topic.
    """
    found = admin.list_topics(timeout=ANSWER_SECONDS).topics.get(topic)
    if found is None:
        raise TopicMissingError(f"The cluster has no topic {topic}.")
    first = _offsets(admin, topic, found.partitions, OffsetSpec.earliest())
    following = _offsets(admin, topic, found.partitions, OffsetSpec.latest())
    for partition in sorted(found.partitions):
        yield partition, first[partition], following[partition]


def records_by_partition(admin: AdminClient, topic: str) -> dict[int, int]:
    """How many records each partition of a topic holds; TopicMissingError if there is no such topic."""
    return {partition: following - first for partition, first, following in topic_offsets(admin, topic)}


def iam_token(region: str) -> str:
    """A token for the MSK clusters of a region: the signed address of the action `kafka-cluster:Connect`.

    Raises botocore's NoCredentialsError without AWS keys.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import NoCredentialsError
    from botocore.session import Session

    credentials = Session().get_credentials()
    if credentials is None:
        raise NoCredentialsError
    address = f"https://kafka.{region}.amazonaws.com/"
    request = AWSRequest(method="GET", url=address, params={"Action": "kafka-cluster:Connect"})
    SigV4QueryAuth(credentials.get_frozen_credentials(), "kafka-cluster", region, TOKEN_SECONDS).add_auth(request)
    signed = f"{request.url}&User-Agent=pinterest-pipeline-course"
    return base64.urlsafe_b64encode(signed.encode()).decode().rstrip("=")


def _read(properties: Path) -> dict[str, str]:
    try:
        return read_properties(properties.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise KafkaSettingsError(
            f"{properties} cannot be read ({reason}). KAFKA_CLIENT_PROPERTIES names the file; `sandbox env` prints it."
        ) from error


def _trust(given: Mapping[str, str], properties: Path) -> ClientSettings:
    location = given.get("ssl.truststore.location")
    if location is None:
        return {}
    if given.get("ssl.truststore.type", "JKS").upper() != "PEM":
        raise KafkaSettingsError(
            f"{properties}: librdkafka reads PEM certificates, no Java key store. Write them out with "
            "`keytool -list -rfc -keystore STORE > ca.pem`, and set ssl.truststore.type=PEM."
        )
    return {"ssl.ca.location": location}


def _login(given: Mapping[str, str], properties: Path, servers: str) -> ClientSettings:
    if not given.get("security.protocol", "").upper().startswith("SASL_"):
        return {}
    if given.get("sasl.mechanism") == IAM:
        return {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": _tokens(properties, servers)}
    login = dict(_JAAS.findall(given.get("sasl.jaas.config", "")))
    missing = [name for name in ("username", "password") if name not in login]
    if missing:
        raise KafkaSettingsError(f'{properties}: sasl.jaas.config lacks {" and ".join(missing)}="...".')
    return {f"sasl.{name}": re.sub(r"\\(.)", r"\1", value) for name, value in login.items()}


def _tokens(properties: Path, servers: str) -> Callable[[str], tuple[str, float]]:
    region = _REGION.search(servers)
    if region is None:
        raise KafkaSettingsError(
            f"{properties} signs in with IAM, which only Amazon MSK takes; the brokers {servers} are none of its. "
            "Use the cluster's own addresses, or a file with SCRAM."
        )
    return lambda _settings: (iam_token(region[1]), time.time() + TOKEN_SECONDS)


def _offsets(admin: AdminClient, topic: str, partitions: Iterable[int], which: OffsetSpec) -> Offsets:
    asked = {TopicPartition(topic, partition): which for partition in partitions}
    answers = admin.list_offsets(asked, request_timeout=ANSWER_SECONDS)
    return {place.partition: answer.result(timeout=ANSWER_SECONDS).offset for place, answer in answers.items()}
