"""One stack: made, updated and removed through CloudFormation, with boto3's own waiters."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from deployment import change_sets
from deployment.account import Account
from deployment.change_sets import Change, Wanted
from deployment.errors import StackBusyError, StackFailedError
from deployment.events import Tell, wait

# A stack that never was whole, or is half removed: it can only be removed and made anew.
BROKEN = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")


@dataclass(frozen=True)
class Stack:
    """A stack of an account, whether it stands or not."""

    account: Account
    name: str

    @property
    def cloudformation(self) -> Any:
        """The client."""
        return self.account.client("cloudformation")

    def description(self) -> dict[str, Any] | None:
        """What CloudFormation tells of the stack; None where there is none."""
        try:
            described: dict[str, Any] = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return described

    def stands(self) -> bool:
        """Whether there is a stack that was made whole once."""
        described = self.description()
        return described is not None and described["StackStatus"] not in BROKEN

    def outputs(self) -> dict[str, str]:
        """The outputs; none where there is no stack."""
        described = self.description() or {}
        return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}

    def deploy(self, wanted: Wanted, tell: Tell) -> bool:
        """Make or update the stack; say whether there was anything to do.

        Raises:
            StackBusyError: another operation is at work on it, or its last update could not be taken back.
            StackFailedError: it failed.
        """
        described = self.description()
        if described and described["StackStatus"] in BROKEN:
            self.remove(tell)
            described = None
        if described is None:
            self._create(wanted, tell)
            return True
        self._require_rest(described["StackStatus"])
        return self._update(described["StackId"], wanted, tell)

    def changes(self, wanted: Wanted) -> list[Change]:
        """What updating a stack that stands would change."""
        change_set = change_sets.prepared(self.cloudformation, self.name, wanted)
        if change_set is None:
            return []
        changes = change_sets.changes(self.cloudformation, change_set)
        self.cloudformation.delete_change_set(ChangeSetName=change_set)
        return changes

    def remove(self, tell: Tell) -> None:
        """Remove the stack, and before it what its buckets hold.

        Raises:
            StackFailedError: one of its resources could not be removed.
        """
        try:
            self._remove(tell)
        except StackFailedError:
            # A connector or a trail may have filled a bucket again before it was removed itself; now it is gone.
            self._remove(tell)

    def _remove(self, tell: Tell) -> None:
        for bucket in self._buckets():
            self.account.bucket(bucket).object_versions.delete()
        token, stack_id = new_token(), self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"]
        self.cloudformation.delete_stack(StackName=stack_id, ClientRequestToken=token)
        wait(self.cloudformation, "stack_delete_complete", stack_id, token, tell)

    def _create(self, wanted: Wanted, tell: Tell) -> None:
        token = new_token()
        made = self.cloudformation.create_stack(StackName=self.name, ClientRequestToken=token, **wanted.arguments)
        wait(self.cloudformation, "stack_create_complete", made["StackId"], token, tell)

    def _update(self, stack_id: str, wanted: Wanted, tell: Tell) -> bool:
        change_set = change_sets.prepared(self.cloudformation, self.name, wanted)
        if change_set is None:
            return False
        token = new_token()
        self.cloudformation.execute_change_set(ChangeSetName=change_set, ClientRequestToken=token)
        wait(self.cloudformation, "stack_update_complete", stack_id, token, tell)
        return True

    def _require_rest(self, status: str) -> None:
        if status.endswith("IN_PROGRESS"):
            raise StackBusyError(f"The stack {self.name} is at work: {status}.", "Wait until it rests, then try again.")
        if status == "UPDATE_ROLLBACK_FAILED":
            raise StackBusyError(
                f"The last update of the stack {self.name} could not be taken back ({status}).",
                f"Take it back: aws cloudformation continue-update-rollback --stack-name {self.name}",
            )

    def _buckets(self) -> list[str]:
        """The buckets that go with the stack."""
        template = self.cloudformation.get_template(StackName=self.name)["TemplateBody"]
        kept = {name for name, told in template["Resources"].items() if told.get("DeletionPolicy") == "Retain"}
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return [
            resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::S3::Bucket"
            and resource["LogicalResourceId"] not in kept
            and resource["ResourceStatus"] not in ("DELETE_COMPLETE", "CREATE_FAILED")
        ]


def new_token() -> str:
    """What marks the events of one operation."""
    return f"deployment-{uuid4()}"
