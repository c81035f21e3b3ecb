"""`make deploy`, `destroy`, `diff` and `cost`, on an emulated account: the same commands as on a real one."""

import os
import re
import subprocess
from typing import Any

from emulated_account import EmulatedAccount
from rendered_templates import GIVEN, template

from deployment.parts import PARTS, ROOT, chosen


def deployment(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command behind `make`, with no account and no settings but those given."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    files = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "deployment", *words]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**own, **files, "AWS_EC2_METADATA_DISABLED": "true", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_cost_needs_no_account() -> None:
    done = deployment("cost")
    assert done.returncode == 0, done.stderr
    assert "in all" in done.stdout


def test_without_credentials_one_is_told_to_log_in() -> None:
    done = deployment("diff", AWS_REGION="us-east-1")
    assert done.returncode == 1
    assert "AWS_PROFILE" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_region_one_is_told_to_name_it() -> None:
    done = deployment("diff", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    assert "AWS_REGION" in done.stderr


def test_the_sandbox_is_not_deployed_to(tmp_path: Any) -> None:
    config = tmp_path / "config"
    config.write_text("[profile sandbox]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:1\n")
    done = deployment("deploy", "network", AWS_PROFILE="sandbox", AWS_CONFIG_FILE=str(config))
    assert "sandbox has no CloudFormation" in done.stderr


def test_an_unknown_part_is_told_with_the_known_ones() -> None:
    done = deployment("deploy", "databse")
    assert done.returncode == 1
    assert all(part.name in done.stderr for part in PARTS)


def test_a_missing_parameter_is_named(account: EmulatedAccount) -> None:
    assert "Email has no value" in account.make("deploy", PART="account", EMAIL="", code=1)
    assert account.stacks() == {}


def test_a_part_whose_earlier_part_is_missing_names_the_command(account: EmulatedAccount) -> None:
    assert "make deploy PART=account" in account.make("deploy", PART="kinesis", code=1)
    assert account.stacks() == {}


def test_a_stack_is_made_found_unchanged_compared_updated_and_removed(account: EmulatedAccount) -> None:
    for part in ("account", "kinesis"):
        told = account.make("deploy", PART=part)
        assert f"pinterest-{part} stands." in told
        assert "CREATE_COMPLETE" in told
    assert "nothing to change" in account.make("deploy", PART="kinesis")
    assert "nothing to change" in account.make("diff", PART="kinesis")
    account.parameters(KinesisRetentionHours=72)
    assert re.search(r"Modify.*PinStream", account.make("diff", PART="kinesis"))
    stream = f"streaming-{GIVEN['UserId']}-pin"
    assert retention(account, stream) == 48
    assert "UPDATE_COMPLETE" in account.make("deploy", PART="kinesis")
    assert retention(account, stream) == 72
    assert "make destroy PART=kinesis" in account.make("destroy", PART="account", YES="1", code=1)
    for part in ("kinesis", "account"):
        assert f"pinterest-{part} is removed." in account.make("destroy", PART=part, YES="1")
    assert account.stacks() == {}
    assert not account.env_file.exists()


def retention(account: EmulatedAccount, stream: str) -> int:
    told = account.client("kinesis").describe_stream_summary(StreamName=stream)
    return int(told["StreamDescriptionSummary"]["RetentionPeriodHours"])


def test_what_is_not_there_would_all_be_added(account: EmulatedAccount) -> None:
    told = account.make("diff", PART="network")
    assert len(re.findall(r"Add ", told)) == len(template(chosen("network")[0])["Resources"]) - 3  # endpoints that cost
    assert account.stacks() == {}


def test_every_resource_bears_the_projects_tags(account: EmulatedAccount) -> None:
    account.make("deploy", PART="account")
    (stack,) = account.client("cloudformation").describe_stacks()["Stacks"]
    tags = {tag["Key"]: tag["Value"] for tag in stack["Tags"]}
    assert tags == {"Project": "pinterest", "Part": "account", "UserId": GIVEN["UserId"]}


def test_nothing_is_removed_unasked(account: EmulatedAccount) -> None:
    account.make("deploy", PART="account")
    assert "Remove from account 123456789012" in account.make("destroy", PART="account", code=1)
    assert account.stacks() == {"pinterest-account": "CREATE_COMPLETE"}


def test_a_failure_names_the_resource_and_why_and_the_next_deployment_begins_anew(account: EmulatedAccount) -> None:
    account.make("deploy", PART="account")
    account.parameters(LogRetentionDays=31)
    told = account.make("deploy", PART="network", code=1)
    assert re.search(
        r"FlowLogGroup \(AWS::Logs::LogGroup\) of pinterest-network: CREATE_FAILED: .*'31' is not one of", told
    )
    assert account.stacks()["pinterest-network"] == "ROLLBACK_COMPLETE"
    account.parameters(LogRetentionDays=60)
    assert "pinterest-network stands." in account.make("deploy", PART="network")


def test_what_is_left_is_told_and_ends_with_an_error_where_it_costs(account: EmulatedAccount) -> None:
    account.make("deploy", PART="account")
    s3 = account.client("s3")
    s3.create_bucket(Bucket="made-by-hand")
    s3.put_bucket_tagging(
        Bucket="made-by-hand",
        Tagging={"TagSet": [{"Key": "Project", "Value": "pinterest"}, {"Key": "Part", "Value": "account"}]},
    )
    assert re.search(r"s3.*yes.*made-by-hand", account.make("destroy", PART="account", YES="1", code=1))
