"""What a removed stack has left on the account: by the project's tag, and what no tag is copied to.

AWS's index of tags may go on naming what is gone. What a stack made is therefore left out where the stack itself,
which CloudFormation remembers for ninety days, says that it was deleted; but for keys, which wait for a week, unpaid.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from deployment.account import Account

FREE = ("iam", "cloudformation")
CENTS = ("logs",)
STACK, LOGICAL_ID = "aws:cloudformation:stack-id", "aws:cloudformation:logical-id"


@dataclass(frozen=True)
class Leftover:
    """Something that is still there.

    Attributes:
        name: its ARN.
        kind: the service, and what of it.
        cost: ``yes``, ``cents`` (log lines, until their retention ends) or ``no``.
    """

    name: str
    kind: str
    cost: str


def leftovers(account: Account, project: str, part: str | None) -> list[Leftover]:
    """What is left of one part, or of the whole project."""
    found = set(_tagged(account, project, part))
    if part is None:
        found |= {*_log_groups(account, project), *_snapshots(account, project)}
    return [Leftover(arn, _kind(arn), _cost(account, arn)) for arn in sorted(found)]


def _kind(arn: str) -> str:
    service, resource = arn.split(":")[2], arn.split(":", 5)[5].replace(":", "/")
    return f"{service} {resource.split('/')[0]}" if "/" in resource else service


def _cost(account: Account, arn: str) -> str:
    service = arn.split(":")[2]
    if service == "kms":
        state = account.client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
        return "no" if state == "PendingDeletion" else "yes"
    return "no" if service in FREE else "cents" if service in CENTS else "yes"


def _tagged(account: Account, project: str, part: str | None) -> Iterator[str]:
    tags = {"Project": project, **({"Part": part} if part else {})}
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    pages = account.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=filters)
    statuses = cache(lambda stack: _statuses(account, stack))
    for found in (found for page in pages for found in page["ResourceTagMappingList"]):
        own = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
        waits = ":kms:" in found["ResourceARN"]
        if waits or STACK not in own or statuses(own[STACK]).get(own[LOGICAL_ID]) != "DELETE_COMPLETE":
            yield found["ResourceARN"]


def _statuses(account: Account, stack_id: str) -> dict[str, str]:
    resources: list[dict[str, Any]]
    resources = account.client("cloudformation").describe_stack_resources(StackName=stack_id)["StackResources"]
    return {resource["LogicalResourceId"]: resource["ResourceStatus"] for resource in resources}


def _log_groups(account: Account, project: str) -> Iterator[str]:
    """Log groups that a service made by itself bear no tag, but the name of what they are of."""
    pages = account.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePattern=project)
    for group in (group for page in pages for group in page["logGroups"]):
        yield group["arn"].removesuffix(":*")


def _snapshots(account: Account, project: str) -> Iterator[str]:
    for page in account.client("rds").get_paginator("describe_db_snapshots").paginate():
        for snapshot in page["DBSnapshots"]:
            if snapshot["DBInstanceIdentifier"].startswith(project):
                yield snapshot["DBSnapshotArn"]
