"""The ten stacks, made in order on an emulated account, looked at, and removed again: all by the `make` commands."""

import json
import re
import stat
from collections.abc import Iterator
from typing import Any

import pytest
from dotenv import dotenv_values
from emulated_account import EmulatedAccount
from rendered_templates import GIVEN, every_resource
from template_tools import run

from deployment.artifacts import PLUGIN
from deployment.parts import PARTS, ROOT

BUCKET = f"user-{GIVEN['UserId']}-bucket"
SETTINGS = {
    "API_INVOKE_URL", "API_KEY", "BOOTSTRAP_SERVERS", "BUCKET", "RAW_PATH", "RDS_DATABASE", "RDS_HOST", "RDS_PASSWORD",
    "RDS_PORT", "RDS_USER", "USER_ID",
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAccount]:
    """An account with the whole course."""
    account = EmulatedAccount(tmp_path_factory.mktemp("course"))
    plugin = account.folder / "plugin.zip"
    plugin.write_bytes(b"PK")
    try:
        account.start().make("deploy", PART="all", S3_SINK_ZIP=str(plugin))
        yield account
    finally:
        account.stop()


@pytest.fixture(scope="module")
def farewell(course: EmulatedAccount) -> str:
    """What is told while the whole course is removed; its bucket holds objects, and old versions of them."""
    for number in range(3):
        course.client("s3").put_object(Bucket=BUCKET, Key="topics/x", Body=str(number).encode())
    return course.make("destroy", PART="all", YES="1")


def objects(course: EmulatedAccount) -> set[str]:
    """The keys of the artifact bucket."""
    (bucket,) = (told["Name"] for told in course.client("s3").list_buckets()["Buckets"] if "artifact" in told["Name"])
    return {told["Key"] for told in course.client("s3").list_objects_v2(Bucket=bucket)["Contents"]}


def test_every_stack_stands(course: EmulatedAccount) -> None:
    assert course.stacks() == {part.stack("pinterest"): "CREATE_COMPLETE" for part in PARTS}


def test_the_settings_of_the_stacks_are_the_students_alone(course: EmulatedAccount) -> None:
    settings = dotenv_values(course.env_file)
    assert set(settings) == SETTINGS
    assert all(settings.values())
    assert settings["USER_ID"] == GIVEN["UserId"]
    assert settings["BUCKET"] == BUCKET
    assert stat.S_IMODE(course.env_file.stat().st_mode) == 0o600


def test_the_client_instance_is_told_the_brokers(course: EmulatedAccount) -> None:
    told = course.client("ssm").get_parameter(Name="/pinterest/bootstrap-servers")["Parameter"]["Value"]
    assert told == dotenv_values(course.env_file)["BOOTSTRAP_SERVERS"]


def test_what_the_parts_take_lies_in_the_artifact_bucket(course: EmulatedAccount) -> None:
    wanted = {"aws/ec2/install.sh", "client/kafka.zip", "client/wheels.zip", PLUGIN, "mwaa/startup.sh"}
    assert wanted <= objects(course)


def test_deploying_again_changes_nothing(course: EmulatedAccount) -> None:
    assert course.make("deploy", PART="all").count("stands already: nothing to change") == len(PARTS)
    assert course.make("diff").count("nothing to change") == len(PARTS)


def test_what_a_template_refuses_is_told_in_its_own_words(course: EmulatedAccount) -> None:
    course.parameters(Nat="none")
    told = course.make("deploy", PART="mwaa", code=1)
    course.parameters(Nat="single")
    assert "Databricks and PyPI are on the internet" in told
    assert "Traceback" not in told


def test_the_policies_are_sound_by_parliaments_rules(course: EmulatedAccount) -> None:
    """Every action exists, and each resource and condition, as it is in the account, is one that the action knows."""
    found = {f"{role} {name}": document for role, name, document in policies(course)}
    assert len(found) >= len(every_resource("AWS::IAM::Role")) - 2  # two have a policy of Amazon's only
    assert json.loads(run("python", ROOT / "tests" / "scripts" / "audit_policies.py", given=json.dumps(found))) == {}


def policies(course: EmulatedAccount) -> Iterator[tuple[str, str, Any]]:
    iam = course.client("iam")
    for role in (told["RoleName"] for told in iam.list_roles()["Roles"]):
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            yield role, name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def test_every_stack_is_removed_in_the_opposite_order(course: EmulatedAccount, farewell: str) -> None:
    assert re.findall(r"^pinterest-(\S+) is removed", farewell, re.MULTILINE) == [part.name for part in reversed(PARTS)]
    assert course.stacks() == {}


def test_nothing_is_left_but_keys_that_amazon_keeps_for_a_week(course: EmulatedAccount, farewell: str) -> None:
    assert re.findall(r"^. (.*?) +. (no|cents|yes)", farewell, re.MULTILINE) == [("kms key", "no")] * 2
    assert course.client("s3").list_buckets()["Buckets"] == []
    assert not course.env_file.exists()
