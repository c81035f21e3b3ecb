"""What happens in a stack while boto3's waiter waits for it, resource by resource."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import WaiterError

from deployment.errors import StackFailedError

Event = dict[str, Any]
Tell = Callable[[Event], None]
# A stack of MSK or MWAA takes up to an hour.
PATIENCE = {"Delay": 2, "MaxAttempts": 3 * 3600 // 2}
# What AWS says of resources that stop because another one failed.
FOLLOWING = ("cancelled", "canceled")


def wait(cloudformation: Any, waiter: str, stack_id: str, token: str, tell: Tell) -> None:
    """Wait for the operation with this token, and tell each of its events once, as it comes.

    Raises:
        StackFailedError: it failed; told is the resource that failed first, and why.
    """
    told: list[Event] = []

    def tell_new(**_: Any) -> None:
        for event in _new_events(cloudformation, stack_id, token, {event["EventId"] for event in told}):
            told.append(event)
            tell(event)

    try:
        with _at_each_look(cloudformation, tell_new):
            cloudformation.get_waiter(waiter).wait(StackName=stack_id, WaiterConfig=PATIENCE)
    except WaiterError as error:
        raise failure(stack_id, told, error) from error


@contextmanager
def _at_each_look(cloudformation: Any, call: Callable[..., None]) -> Iterator[None]:
    """Call something whenever the waiter has looked at the stack."""
    hook = "after-call.cloudformation.DescribeStacks"
    cloudformation.meta.events.register(hook, call)
    try:
        yield
    finally:
        cloudformation.meta.events.unregister(hook, call)


def _new_events(cloudformation: Any, stack_id: str, token: str, known: set[str]) -> list[Event]:
    """The operation's events that are not known yet, the oldest first; AWS gives the newest first."""
    found: list[Event] = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            if event["EventId"] in known or event.get("ClientRequestToken") != token:
                return found[::-1]
            found.append(event)
    return found[::-1]


def failure(stack_id: str, events: list[Event], error: WaiterError) -> StackFailedError:
    """The error of a stack that failed: the resource that failed first, not those that stopped because of it."""
    name = stack_id.split("/")[1]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    roots = [event for event in failed if not any(word in _reason(event) for word in FOLLOWING)]
    if not roots:
        return StackFailedError(f"The stack {name} failed: {error}", "Its events in the console say more.")
    first = roots[0]
    return StackFailedError(
        f"{first['LogicalResourceId']} ({first['ResourceType']}) of {name}: {first['ResourceStatus']}:"
        f" {_reason(first)}",
        "Mend what the reason names, then run the command again.",
    )


def _reason(event: Event) -> str:
    return str(event.get("ResourceStatusReason", "no reason given"))
