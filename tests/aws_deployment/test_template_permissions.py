"""Each role may do what its part does in the sandbox, and nothing beyond what the vendors say that the part needs."""

import ast
import re
from pathlib import Path

import boto3
import pytest
import yaml
from rendered_templates import every_resource
from template_statements import allowed, iam_action

from deployment.parts import ROOT

VENDORS = yaml.safe_load((Path(__file__).parent / "vendor_permissions.yaml").read_text())
ROLES = {f"{part.name} {name}": role for part, name, role in every_resource("AWS::IAM::Role")}


def vendors(role: str) -> set[str]:
    return {action for name in VENDORS["roles"][role].get("lists", []) for action in VENDORS["lists"][name]["actions"]}


def test_every_role_has_its_vendors_lists() -> None:
    assert set(VENDORS["roles"]) == set(ROLES)


def test_every_list_is_some_roles_and_cites_its_page() -> None:
    assert {name for role in VENDORS["roles"].values() for name in role.get("lists", [])} == set(VENDORS["lists"])
    assert all(one["source"].startswith("https://docs.") for one in VENDORS["lists"].values())


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_allowed_beyond_the_vendors_lists(role: str) -> None:
    assert not allowed(role) - vendors(role)


@pytest.mark.parametrize("role", ROLES)
def test_only_those_of_amazons_own_policies_are_taken_that_a_service_asks_for(role: str) -> None:
    taken = [
        policy["Fn::Sub"].split(":policy/")[1] for policy in ROLES[role]["Properties"].get("ManagedPolicyArns", [])
    ]
    assert taken == VENDORS["roles"][role].get("managed", [])


def test_the_api_may_call_what_its_routes_call_and_nothing_else_of_kinesis() -> None:
    called = set(re.findall(r"kinesis:action/(\w+)", (ROOT / "aws" / "api.yaml").read_text()))
    of_kinesis = {action for action in allowed("kinesis GatewayRole") if action.startswith("kinesis:")}
    assert of_kinesis == {f"kinesis:{operation}" for operation in called}


def test_whoever_reads_the_streams_may_ask_what_the_sandboxs_source_asks() -> None:
    assert operations("kinesis", ROOT / "packages/pyspark-kinesis/pyspark_kinesis/service.py", "_ask") <= allowed(
        "databricks ServiceRole"
    )


def test_the_connector_may_do_with_its_bucket_what_the_sandboxs_sink_does() -> None:
    assert operations("s3", ROOT / "sandbox/servers/msk_connect/objects.py", "_client") <= allowed(
        "msk-connect ConnectorRole"
    )


@pytest.mark.parametrize(
    "use_case",
    [
        ["CreateTopic"],
        ["DescribeTopic", "WriteData", "WriteDataIdempotently"],
        ["DescribeTopic", "DescribeGroup", "AlterGroup", "ReadData"],
    ],
    ids=["make a topic", "produce idempotently, as the REST proxy does", "consume, as its consumers do"],
)
def test_the_client_instance_may_do_what_the_course_does_with_kafka(use_case: list[str]) -> None:
    assert {f"kafka-cluster:{action}" for action in ["Connect", *use_case]} <= allowed("msk InstanceRole")


def operations(service: str, source: Path, caller: str) -> set[str]:
    """The IAM actions of every call that a file makes to a service, whether by name or as a client's method."""
    model = boto3.client(service, region_name="us-east-1").meta.method_to_api_mapping
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(attr=name), args=[ast.Constant(value=str(called)), *_]) if name == caller:
                found.add(model[called])
            case ast.Call(func=ast.Attribute(attr=called, value=ast.Attribute(attr=name))) if name == caller:
                found.add(model[called])
    assert found
    return {iam_action(service, operation) for operation in found}
