"""Policies for MSK's topics: what AWS stores and the brokers then refuse is found."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.kafka_policy import RESOURCES, policy_faults

GOLDEN = Path(__file__).parent / "aws_deployment" / "golden"
CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/course/11111111-2222-3333-4444-555555555555-1"
TOPIC = CLUSTER.replace(":cluster/", ":topic/") + "/0123456789ab.*"
GROUP = CLUSTER.replace(":cluster/", ":group/") + "/connect-*"


def policy(*statements: tuple[Any, Any]) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": action, "Resource": where} for action, where in statements]}


def test_a_sound_policy_has_no_fault() -> None:
    sound = policy(
        ("kafka-cluster:Connect", CLUSTER),
        (["kafka-cluster:WriteData", "kafka-cluster:DescribeTopic"], [TOPIC]),
        (["kafka-cluster:AlterGroup"], [GROUP]),
    )
    assert policy_faults(sound) == []


def test_the_prefix_of_the_other_service_is_named() -> None:
    (fault,) = policy_faults(policy(("kafka:WriteData", TOPIC)))
    assert fault.startswith("kafka:WriteData") and "kafka-cluster:WriteData" in fault


def test_the_other_service_has_actions_of_its_own() -> None:
    assert policy_faults(policy(("kafka:ListClustersV2", "*"))) == []


def test_a_topics_action_on_a_cluster_is_named() -> None:
    (fault,) = policy_faults(policy((["kafka-cluster:WriteData"], CLUSTER)))
    assert fault == "kafka-cluster:WriteData is granted on a topic, and the statement names a cluster only."


def test_a_clusters_action_on_a_topic_is_named() -> None:
    (fault,) = policy_faults(policy(("kafka-cluster:Connect", [TOPIC, GROUP])))
    assert "granted on a cluster, and the statement names a topic and a group only" in fault


def test_an_action_that_does_not_exist_is_named() -> None:
    assert policy_faults(policy(("kafka-cluster:Produce", TOPIC))) == [
        "kafka-cluster:Produce: there is no such action."
    ]


def test_a_statement_may_stand_alone_and_a_fault_is_told_once() -> None:
    statement = {"Effect": "Allow", "Action": ["kafka:Connect", "kafka:Connect"], "Resource": CLUSTER}
    assert len(policy_faults({"Statement": statement})) == 1


@pytest.mark.parametrize("action", ["kafka-cluster:*", "kafka-cluster:WriteData"])
def test_too_much_is_not_too_little(action: str) -> None:
    assert policy_faults(policy((action, "*"))) == []


def test_no_action_has_two_kinds_of_resource() -> None:
    actions = [action for kind in RESOURCES.values() for action in kind]
    assert len(actions) == len(set(actions))


def documents(value: Any) -> Iterator[dict[str, Any]]:
    """Every policy document in a rendered template."""
    if isinstance(value, dict):
        if "PolicyDocument" in value:
            yield value["PolicyDocument"]
        for item in value.values():
            yield from documents(item)
    elif isinstance(value, list):
        for item in value:
            yield from documents(item)


def filled_in(value: Any) -> Any:
    """The value, each `Fn::Sub` replaced by its text with something in the place of the variables."""
    if isinstance(value, dict) and set(value) == {"Fn::Sub"}:
        text = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
        return re.sub(r"\$\{[^}]*\}", "x", text.replace("${AWS::Partition}", "aws"))
    if isinstance(value, dict):
        return {name: filled_in(item) for name, item in value.items()}
    return [filled_in(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("part", ["msk", "msk-connect"])
def test_the_courses_own_roles_are_sound(part: str) -> None:
    rendered = filled_in(json.loads((GOLDEN / f"{part}.json").read_text()))
    about_kafka = [document for document in documents(rendered) if "kafka-cluster:" in json.dumps(document)]
    assert '"arn:aws:kafka:x:x:topic/x' in json.dumps(about_kafka)
    assert [policy_faults(document) for document in about_kafka] == [[]] * len(about_kafka)
