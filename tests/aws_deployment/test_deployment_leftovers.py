"""What a removed stack has left: told by what AWS answers, which goes on naming what is gone for a while."""

from typing import Any

from stubbed_account import StubbedAccount

from deployment.leftovers import Leftover, leftovers

STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/pinterest-msk/1"
GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/pinterest/rest-proxy"
INSTANCE = "arn:aws:ec2:us-east-1:123456789012:instance/i-1"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
BY_HAND = "arn:aws:s3:::by-hand"


def tagged(arn: str, logical_id: str = "") -> dict[str, Any]:
    own = {"aws:cloudformation:stack-id": STACK, "aws:cloudformation:logical-id": logical_id} if logical_id else {}
    tags = {"Project": "pinterest", "Part": "msk", **own}
    return {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def resource(logical_id: str, status: str) -> dict[str, Any]:
    return {"LogicalResourceId": logical_id, "ResourceType": "x", "ResourceStatus": status, "Timestamp": 0}


def account(*found: dict[str, Any], resources: tuple[dict[str, Any], ...] = ()) -> StubbedAccount:
    account = StubbedAccount()
    account.answer("resourcegroupstaggingapi", "get_resources", {"ResourceTagMappingList": list(found)})
    account.answer("cloudformation", "describe_stack_resources", {"StackResources": list(resources)})
    return account


def test_what_the_stack_says_is_deleted_is_not_left() -> None:
    asked = account(tagged(INSTANCE, "Instance"), resources=(resource("Instance", "DELETE_COMPLETE"),))
    assert leftovers(asked, "pinterest", "msk") == []


def test_what_the_stack_kept_is_left() -> None:
    asked = account(tagged(INSTANCE, "Instance"), resources=(resource("Instance", "DELETE_SKIPPED"),))
    assert leftovers(asked, "pinterest", "msk") == [Leftover(INSTANCE, "ec2 instance", "yes")]


def test_what_no_stack_made_is_left() -> None:
    assert leftovers(account(tagged(BY_HAND)), "pinterest", "msk") == [Leftover(BY_HAND, "s3", "yes")]


def test_log_lines_cost_cents() -> None:
    assert leftovers(account(tagged(GROUP)), "pinterest", "msk") == [Leftover(GROUP, "logs log-group", "cents")]


def test_a_key_that_waits_for_its_end_costs_nothing_and_one_that_does_not_costs() -> None:
    for state, cost in (("PendingDeletion", "no"), ("Enabled", "yes")):
        asked = account(tagged(KEY, "Key"), resources=(resource("Key", "DELETE_COMPLETE"),))
        asked.answer("kms", "describe_key", {"KeyMetadata": {"KeyId": "1", "KeyState": state}})
        assert leftovers(asked, "pinterest", "msk") == [Leftover(KEY, "kms key", cost)]


def test_of_the_whole_project_log_groups_and_snapshots_of_its_name_are_left_too() -> None:
    snapshot = "arn:aws:rds:us-east-1:123456789012:snapshot:pinterest-1"
    asked = account()
    asked.answer("logs", "describe_log_groups", {"logGroups": [{"arn": f"{GROUP}:*"}]})
    snapshots = [
        {"DBInstanceIdentifier": "pinterest", "DBSnapshotArn": snapshot},
        {"DBInstanceIdentifier": "another", "DBSnapshotArn": "arn:aws:rds:us-east-1:1:snapshot:another-1"},
    ]
    asked.answer("rds", "describe_db_snapshots", {"DBSnapshots": snapshots})
    found = [leftover.name for leftover in leftovers(asked, "pinterest", None)]
    assert found == [GROUP, snapshot]
