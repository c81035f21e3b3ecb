"""The steps by hand are calls that AWS knows, and make what the templates make."""

import json
import re
import subprocess
from pathlib import Path
from string import Template
from typing import Any

import jmespath
import pytest
from aws_cli import faults_of_input, unknown
from markdown_pages import Page, pages, walkthroughs
from own_environment import environment
from shell_words import commands, written_files

from deployment.evaluation import Evaluation
from deployment.parameters import parameters_of, read_parameters
from deployment.parts import PARTS, ROOT
from deployment.templates import render

USER_ID, ACCOUNT, REGION = "0123456789ab", "123456789012", "us-east-1"
VALUES = {
    "USER_ID": USER_ID,
    "AWS_REGION": REGION,
    "account": ACCOUNT,
    "ACCOUNT": ACCOUNT,
    "artifacts": f"pinterest-artifacts-{ACCOUNT}",
    "bucket": f"user-{USER_ID}-bucket",
    "cluster": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/pinterest-kafka/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9-1",
}
GIVEN = {"UserId": USER_ID, "Email": "student@example.com", "BootstrapServers": "b-1.example.com:9098"}
PAGES = pages()
each = pytest.mark.parametrize("page", PAGES, ids=str)


def shell(page: Page) -> str:
    return "\n".join(block.text for block in page.blocks if block.language in ("bash", "sh"))


def files(page: Page) -> dict[str, Any]:
    """The JSON files that a page writes, filled in."""
    found = {name: text for name, text in written_files(shell(page)).items() if name.endswith(".json")}
    return {name: json.loads(Template(text).safe_substitute(VALUES)) for name, text in found.items()}


FILES = {name: content for page in walkthroughs() for name, content in files(page).items()}
POLICIES = {name: content for name, content in FILES.items() if "Statement" in content}


def resource(part: str, name: str) -> dict[str, Any]:
    """A resource of a template as a student's parameters make it."""
    template = next(render(known.template) for known in PARTS if known.name == part)
    evaluation = Evaluation(template, parameters_of(template, {**read_parameters(), **GIVEN}))
    return dict(evaluation.resources()[name]["Properties"])


@each
def test_every_command_of_the_aws_cli_is_one(page: Page) -> None:
    found = {" ".join(words): unknown(words[1:]) for words in commands(shell(page), "aws")}
    assert not {call: what for call, what in found.items() if what}


@each
def test_every_option_of_the_aws_cli_in_backticks_is_one(page: Page) -> None:
    texts = [text for text in page.code if re.match(r"aws [\w-]+ [\w-]+ -", text) and "..." not in text]
    found = {text: unknown(words[1:]) for text in texts for words in commands(f"{text}\n", "aws")}
    assert not {call: what for call, what in found.items() if what and "missing" not in what}


@each
def test_the_input_of_a_call_is_as_amazon_describes_it(page: Page) -> None:
    for words in commands(shell(page), "aws"):
        if "--cli-input-json" in words:
            name = words[words.index("--cli-input-json") + 1].removeprefix("file://")
            given = connector() if name == "connector.json" else FILES[name]
            assert not faults_of_input(words[1], words[2], given)


def connector() -> dict[str, Any]:
    """What the program of walkthrough 2 makes of the sink's file and the settings."""
    sink = json.loads((ROOT / "aws" / "s3-sink.json").read_text())
    return {"connectorName": sink["name"], "connectorConfiguration": sink["config"], **FILES["connector-settings.json"]}


def test_every_policy_is_sound_by_parliaments_rules() -> None:
    script = ROOT / "tests" / "scripts" / "audit_policies.py"
    rights = {name: policy for name, policy in POLICIES.items() if "Principal" not in str(policy)}
    assert len(rights) >= 5
    command = [environment("templates") / "bin" / "python", script]
    done = subprocess.run(command, input=json.dumps(rights), capture_output=True, text=True, check=False)
    assert done.stdout == "{}\n", done.stdout + done.stderr


def test_the_api_that_is_imported_is_sound_openapi() -> None:
    command = [environment("templates") / "bin" / "python", "-m", "openapi_spec_validator", ROOT / "aws" / "api.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


BY_HAND = {
    "instance-kafka.json": ("msk", "InstanceRole", "kafka"),
    "instance-session.json": ("msk", "InstanceRole", "session-manager"),
    "instance-install.json": ("msk", "InstanceRole", "install"),
    "connector-bucket.json": ("msk-connect", "ConnectorRole", "landing-bucket"),
    "connector-kafka.json": ("msk-connect", "ConnectorRole", "kafka"),
}


def statements(policy: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", BY_HAND)
def test_a_policy_by_hand_allows_what_the_templates_does(name: str) -> None:
    """The same actions, and the same topics, groups and paths; only keys of the account's own are left out."""
    part, role, policy = BY_HAND[name]
    inline = {one["PolicyName"]: one["PolicyDocument"] for one in resource(part, role)["Policies"]}
    ours, theirs = statements(POLICIES[name]), statements(inline[policy])
    assert set(theirs) - set(ours) <= {"Encipher", "DecipherFiles"}
    assert not set(ours) - set(theirs)
    for sid, statement in ours.items():
        assert set(listed(statement["Action"])) == set(listed(theirs[sid]["Action"])), sid
        assert ends(statement) == ends(theirs[sid]), sid
        assert set(statement.get("Condition", {})) == set(theirs[sid].get("Condition", {})), sid


def ends(statement: dict[str, Any]) -> set[str]:
    """The last part of each ARN of a topic, a group or a bucket's path, which says what of it is meant."""
    text = json.dumps(statement["Resource"]).replace("${UserId}", USER_ID)
    return set(re.findall(r"(?:topic|group)/[^\"]*?/\*/([^\"]+)\"|/((?:topics|client|aws/ec2)/\*)\"", text))


@pytest.mark.parametrize(
    ("name", "part", "role"),
    [
        ("instance-trust.json", "msk", "InstanceRole"),
        ("connector-trust.json", "msk-connect", "ConnectorRole"),
        ("gateway-trust.json", "api", "LogRole"),
    ],
)
def test_a_role_by_hand_is_taken_on_by_whom_the_templates_role_is(name: str, part: str, role: str) -> None:
    theirs = resource(part, role)["AssumeRolePolicyDocument"]["Statement"][0]
    (ours,) = POLICIES[name]["Statement"]
    assert (ours["Principal"], ours["Action"]) == (theirs["Principal"], theirs["Action"])
    assert {test: set(keys) for test, keys in ours.get("Condition", {}).items()} == {
        test: set(keys) for test, keys in theirs.get("Condition", {}).items()
    }


def test_the_bucket_by_hand_refuses_what_the_templates_bucket_does() -> None:
    theirs = resource("msk-connect", "LandingBucketPolicy")["PolicyDocument"]["Statement"]
    for ours, other in zip(POLICIES["bucket-policy.json"]["Statement"], theirs, strict=True):
        assert {**ours, "Resource": None} == {**other, "Resource": None}


def test_the_cluster_by_hand_is_the_templates() -> None:
    ours, theirs = FILES["cluster.json"], resource("msk", "Cluster")
    same = {
        "ClusterName": "ClusterName",
        "Provisioned.KafkaVersion": "KafkaVersion",
        "Provisioned.NumberOfBrokerNodes": "NumberOfBrokerNodes",
        "Provisioned.BrokerNodeGroupInfo.InstanceType": "BrokerNodeGroupInfo.InstanceType",
        "Provisioned.ClientAuthentication.Unauthenticated": "ClientAuthentication.Unauthenticated",
        "Provisioned.ClientAuthentication.Sasl.Iam": "ClientAuthentication.Sasl.Iam",
        "Provisioned.EncryptionInfo.EncryptionInTransit": "EncryptionInfo.EncryptionInTransit",
        "Provisioned.EnhancedMonitoring": "EnhancedMonitoring",
    }
    assert {a: jmespath.search(a, ours) for a in same} == {a: jmespath.search(b, theirs) for a, b in same.items()}
    size = "BrokerNodeGroupInfo.StorageInfo"
    assert str(jmespath.search(f"Provisioned.{size}.EbsStorageInfo.VolumeSize", ours)) == jmespath.search(
        f"{size}.EBSStorageInfo.VolumeSize", theirs
    )
    written = written_files(shell(Page(ROOT / "walkthroughs" / "1-ec2-kafka-client.md")))["server.properties"]
    assert written == resource("msk", "Configuration")["ServerProperties"].rstrip("\n")


def test_the_connector_by_hand_is_the_templates() -> None:
    ours, theirs = FILES["connector-settings.json"], resource("msk-connect", "Connector")
    lowered = json.loads(re.sub(r'"([A-Z])(\w*)":', lambda key: f'"{key[1].lower()}{key[2]}":', json.dumps(theirs)))
    for name in ("kafkaConnectVersion", "kafkaClusterClientAuthentication", "kafkaClusterEncryptionInTransit"):
        assert ours[name] == lowered[name]
    numbers = json.loads(json.dumps(lowered["capacity"]).replace('"2"', "2"))
    assert ours["capacity"] == numbers
    assert ours["connectorDescription"] == lowered["connectorDescription"]


def test_the_proxys_service_and_files_are_those_that_the_page_copies() -> None:
    names = {path.name for path in Path(ROOT / "aws" / "ec2").iterdir()}
    assert {"install.sh", "client.properties", "kafka-tool.sh", "kafka-rest.properties"} <= names
    text = Page(ROOT / "walkthroughs" / "1-ec2-kafka-client.md").text
    settings = [
        line for line in (ROOT / "aws" / "ec2" / "client.properties").read_text().splitlines() if line[0] != "#"
    ]
    assert "\n".join(settings) in text
