"""What is made by hand is what the templates make: policies, trust, bucket, cluster, connector."""

import json
import re
from typing import Any

import jmespath
import pytest
from by_hand import FILES, POLICIES, USER_ID
from markdown_pages import Page
from shell_words import written_files

from deployment.evaluation import Evaluation
from deployment.parameters import parameters_of, read_parameters
from deployment.parts import PARTS, ROOT
from deployment.templates import render

GIVEN = {"UserId": USER_ID, "Email": "student@example.com", "BootstrapServers": "b-1.example.com:9098"}
KAFKA_CLIENT = Page(ROOT / "walkthroughs" / "1-ec2-kafka-client.md")
RIGHTS = {
    "instance-kafka.json": ("msk", "InstanceRole", "kafka"),
    "instance-session.json": ("msk", "InstanceRole", "session-manager"),
    "instance-install.json": ("msk", "InstanceRole", "install"),
    "connector-bucket.json": ("msk-connect", "ConnectorRole", "landing-bucket"),
    "connector-kafka.json": ("msk-connect", "ConnectorRole", "kafka"),
}
TRUST = {
    "instance-trust.json": ("msk", "InstanceRole"),
    "connector-trust.json": ("msk-connect", "ConnectorRole"),
    "gateway-trust.json": ("api", "LogRole"),
}
# Statements about the account's own keys, which nothing by hand uses.
OF_KEYS = {"Encipher", "DecipherFiles"}
# By hand, and in the template's words.
CLUSTER = {
    "ClusterName": "ClusterName",
    "Provisioned.KafkaVersion": "KafkaVersion",
    "Provisioned.NumberOfBrokerNodes": "NumberOfBrokerNodes",
    "Provisioned.BrokerNodeGroupInfo.InstanceType": "BrokerNodeGroupInfo.InstanceType",
    "Provisioned.ClientAuthentication.Unauthenticated": "ClientAuthentication.Unauthenticated",
    "Provisioned.ClientAuthentication.Sasl.Iam": "ClientAuthentication.Sasl.Iam",
    "Provisioned.EncryptionInfo.EncryptionInTransit": "EncryptionInfo.EncryptionInTransit",
    "Provisioned.EnhancedMonitoring": "EnhancedMonitoring",
}
CONNECTOR = [
    "capacity",
    "connectorDescription",
    "kafkaClusterClientAuthentication",
    "kafkaClusterEncryptionInTransit",
    "kafkaConnectVersion",
]


def resource(part: str, name: str) -> dict[str, Any]:
    """What a template makes of a resource for a student."""
    template = next(render(known.template) for known in PARTS if known.name == part)
    evaluation = Evaluation(template, parameters_of(template, {**read_parameters(), **GIVEN}))
    return dict(evaluation.resources()[name]["Properties"])


def statements(policy: dict[str, Any]) -> dict[str, Any]:
    """What each statement allows: its actions, the ends of its ARNs, and the tests of its condition."""
    return {
        told["Sid"]: (
            set(told["Action"] if isinstance(told["Action"], list) else [told["Action"]]),
            ends_of_arns(told["Resource"]),
            {test: set(keys) for test, keys in told.get("Condition", {}).items()},
        )
        for told in policy["Statement"]
    }


def ends_of_arns(resources: Any) -> set[str]:
    """The topics, groups and paths that are meant, whatever cluster and bucket they are of."""
    text = json.dumps(resources).replace("${UserId}", USER_ID)
    return set(re.findall(r"(?:topic|group)/[^/\"]+/\*/([^\"]+)\"", text)) | set(
        re.findall(r"/((?:topics|client|aws/ec2)/\*)\"", text)
    )


@pytest.mark.parametrize("name", RIGHTS)
def test_a_role_by_hand_may_do_what_the_templates_role_may(name: str) -> None:
    part, role, policy = RIGHTS[name]
    inline = {told["PolicyName"]: told["PolicyDocument"] for told in resource(part, role)["Policies"]}
    wanted = {sid: told for sid, told in statements(inline[policy]).items() if sid not in OF_KEYS}
    assert statements(POLICIES[name]) == wanted


@pytest.mark.parametrize("name", TRUST)
def test_a_role_by_hand_is_taken_on_by_whom_the_templates_role_is(name: str) -> None:
    (theirs,) = resource(*TRUST[name])["AssumeRolePolicyDocument"]["Statement"]
    (ours,) = POLICIES[name]["Statement"]
    assert {**ours, "Condition": keys(ours)} == {**theirs, "Condition": keys(theirs)}


def keys(statement: dict[str, Any]) -> dict[str, set[str]]:
    return {test: set(tested) for test, tested in statement.get("Condition", {}).items()}


def test_the_bucket_by_hand_refuses_what_the_templates_bucket_does() -> None:
    (theirs,) = resource("msk-connect", "LandingBucketPolicy")["PolicyDocument"]["Statement"]
    (ours,) = POLICIES["bucket-policy.json"]["Statement"]
    assert {**ours, "Resource": len(ours["Resource"])} == {**theirs, "Resource": len(theirs["Resource"])}


def test_the_cluster_by_hand_is_the_templates() -> None:
    ours, theirs = FILES["cluster.json"], resource("msk", "Cluster")
    assert {key: jmespath.search(key, ours) for key in CLUSTER} == {
        key: jmespath.search(other, theirs) for key, other in CLUSTER.items()
    }
    size = jmespath.search("BrokerNodeGroupInfo.StorageInfo.EBSStorageInfo.VolumeSize", theirs)
    assert jmespath.search("Provisioned.BrokerNodeGroupInfo.StorageInfo.EbsStorageInfo.VolumeSize", ours) == int(size)


def test_the_brokers_by_hand_are_configured_as_the_templates() -> None:
    written = written_files(KAFKA_CLIENT.shell)["server.properties"]
    assert written.splitlines() == resource("msk", "Configuration")["ServerProperties"].splitlines()


def test_the_connector_by_hand_is_the_templates() -> None:
    made = resource("msk-connect", "Connector")
    lowered = re.sub(r'"([A-Z])(\w*)":', lambda key: f'"{key[1].lower()}{key[2]}":', json.dumps(made))
    theirs = json.loads(re.sub(r'"(\d+)"', r"\1", lowered))
    ours = FILES["connector.json"]
    assert {name: ours[name] for name in CONNECTOR} == {name: theirs[name] for name in CONNECTOR}


def test_the_settings_of_the_client_are_those_of_the_file() -> None:
    lines = (ROOT / "aws" / "ec2" / "client.properties").read_text().splitlines()
    (shown,) = [block.text for block in KAFKA_CLIENT.blocks if block.language == "properties"]
    assert shown.splitlines() == [line for line in lines if not line.startswith("#")]
