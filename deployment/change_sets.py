"""What an update of a stack would change, as CloudFormation itself works it out."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import WaiterError

from deployment import templates
from deployment.errors import StackFailedError

NOTHING_TO_CHANGE = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class Wanted:
    """What a stack is to be: its template, the values of its parameters, and the tags of all its resources."""

    template: dict[str, Any]
    parameters: dict[str, str]
    tags: dict[str, str]

    @property
    def arguments(self) -> dict[str, Any]:
        """The same, as boto3 takes it."""
        parameters = self.parameters.items()
        return {
            "TemplateBody": templates.body(self.template),
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters],
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }


@dataclass(frozen=True)
class Change:
    """What an update does to one resource: replacement is True, False or Conditional."""

    action: str
    resource: str
    type: str
    replacement: str = ""


def prepared(cloudformation: Any, stack: str, wanted: Wanted) -> str | None:
    """The id of a new change set of a stack that stands; None where there is nothing to change.

    Raises:
        StackFailedError: CloudFormation refuses what is wanted.
    """
    name = f"change-{uuid4()}"
    change_set = str(cloudformation.create_change_set(StackName=stack, ChangeSetName=name, **wanted.arguments)["Id"])
    try:
        waiter = cloudformation.get_waiter("change_set_create_complete")
        waiter.wait(ChangeSetName=change_set, WaiterConfig={"Delay": 2, "MaxAttempts": 300})
    except WaiterError as error:
        cloudformation.delete_change_set(ChangeSetName=change_set)
        reason = str(error.last_response.get("StatusReason", error))
        if any(words in reason for words in NOTHING_TO_CHANGE):
            return None
        raise StackFailedError(
            f"{stack} cannot become what its template says: {reason}", "Mend the template."
        ) from error
    return change_set


def changes(cloudformation: Any, change_set: str) -> list[Change]:
    """What a change set changes, resource by resource."""
    pages = cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
    told = [change["ResourceChange"] for page in pages for change in page["Changes"]]
    return [
        Change(one["Action"], one["LogicalResourceId"], one["ResourceType"], one.get("Replacement", "")) for one in told
    ]
