"""What a stack says while it is at work, and how it is shown."""

from io import StringIO
from typing import Any

import pytest
from botocore.exceptions import WaiterError
from rich.console import Console
from stubbed_account import StubbedAccount

from deployment import display
from deployment.change_sets import Wanted
from deployment.errors import StackBusyError, StackFailedError
from deployment.events import failure
from deployment.stacks import Stack

STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/pinterest-msk/1"
WANTED = Wanted({"Resources": {}}, {}, {})


def event(resource: str, status: str, reason: str = "") -> dict[str, Any]:
    told = {"LogicalResourceId": resource, "ResourceType": "AWS::X::Y", "ResourceStatus": status}
    return {**told, "ResourceStatusReason": reason} if reason else told


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        ("UPDATE_IN_PROGRESS", "Wait"),
        ("ROLLBACK_IN_PROGRESS", "Wait"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name pinterest-msk"),
    ],
)
def test_a_stack_that_is_at_work_or_stuck_is_left_alone(status: str, mend: str) -> None:
    account = StubbedAccount()
    stack = {"StackName": "pinterest-msk", "StackId": STACK, "StackStatus": status, "CreationTime": 0}
    account.answer("cloudformation", "describe_stacks", {"Stacks": [stack]})
    with pytest.raises(StackBusyError) as caught:
        Stack(account, "pinterest-msk").deploy(WANTED, print)
    assert mend in caught.value.mend


def test_the_resource_that_failed_first_is_named_and_not_those_that_followed() -> None:
    events = [
        event("Vpc", "CREATE_COMPLETE"),
        event("Queue", "CREATE_FAILED", "Resource creation cancelled"),
        event("Cluster", "CREATE_FAILED", "No such broker type"),
        event("pinterest-msk", "CREATE_FAILED", "The following resource(s) failed to create: [Cluster]."),
    ]
    error = failure(STACK, events, WaiterError("stack_create_complete", "Waiter encountered a terminal failure", {}))
    assert isinstance(error, StackFailedError)
    assert error.fact == "Cluster (AWS::X::Y) of pinterest-msk: CREATE_FAILED: No such broker type"


def test_a_terminal_shows_each_resource_once_with_its_latest_state() -> None:
    shown = StringIO()
    with display.progress(Console(file=shown, force_terminal=True, width=120), "pinterest-msk") as tell:
        tell(event("Cluster", "CREATE_IN_PROGRESS"))
        tell(event("Cluster", "CREATE_COMPLETE"))
        tell(event("Queue", "CREATE_FAILED", "No [such] queue"))
    last = shown.getvalue().rpartition("resource")[2]
    assert last.count("Cluster") == 1
    assert "CREATE_COMPLETE" in last
    assert "No [such] queue" in last


def test_elsewhere_each_event_is_a_line() -> None:
    shown = StringIO()
    with display.progress(Console(file=shown, width=160), "pinterest-msk") as tell:
        tell(event("Cluster", "CREATE_IN_PROGRESS"))
        tell(event("Cluster", "CREATE_COMPLETE"))
    assert [line.split()[:2] for line in shown.getvalue().splitlines()] == [
        ["CREATE_IN_PROGRESS", "Cluster"],
        ["CREATE_COMPLETE", "Cluster"],
    ]
