"""What is wrong with an IAM policy for MSK's topics: the two mistakes that AWS accepts, and the broker then refuses.

A policy whose actions and resources do not belong together is valid: it is stored, and grants nothing. The table is
AWS's own (MSK Developer Guide, "Semantics of IAM authorization policy actions and resources").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

PREFIX = "kafka-cluster"
RESOURCES: dict[str, tuple[str, ...]] = {
    "cluster": (
        "Connect",
        "DescribeCluster",
        "AlterCluster",
        "DescribeClusterDynamicConfiguration",
        "AlterClusterDynamicConfiguration",
        "WriteDataIdempotently",
    ),
    "topic": (
        "CreateTopic",
        "DescribeTopic",
        "AlterTopic",
        "DeleteTopic",
        "DescribeTopicDynamicConfiguration",
        "AlterTopicDynamicConfiguration",
        "ReadData",
        "WriteData",
    ),
    "group": ("AlterGroup", "DescribeGroup", "DeleteGroup"),
    "transactional-id": ("DescribeTransactionalId", "AlterTransactionalId"),
}
"""By the kind of resource in an ARN: the actions that are granted on it."""

_KIND = {action: kind for kind, actions in RESOURCES.items() for action in actions}
_ARN = re.compile(r"arn:aws[a-z-]*:kafka:[^:]*:[^:]*:([a-z-]+)/")


def policy_faults(policy: Mapping[str, Any]) -> list[str]:
    """What in a policy document grants nothing at the brokers, one sentence a fault; empty for a sound one.

    Wildcards in an action, or `*` as the resource, are no fault here: they grant too much, not too little.
    """
    faults = [fault for statement in _many(policy["Statement"]) for fault in _statement_faults(statement)]
    return list(dict.fromkeys(faults))


def _statement_faults(statement: Mapping[str, Any]) -> Iterator[str]:
    resources = _many(statement["Resource"])
    for action in _many(statement["Action"]):
        prefix, _, name = action.partition(":")
        if prefix == "kafka" and name in _KIND:
            yield f"{action}: the brokers ask for {PREFIX}:{name}; kafka: is the prefix of Amazon's API of clusters."
        elif prefix == PREFIX and "*" not in name:
            yield from _resource_faults(action, name, resources)


def _resource_faults(action: str, name: str, resources: list[Any]) -> Iterator[str]:
    if name not in _KIND:
        yield f"{action}: there is no such action."
        return
    kinds = [found[1] if (found := _ARN.match(str(resource))) else "*" for resource in resources]
    if "*" not in kinds and _KIND[name] not in kinds:
        yield f"{action} is granted on a {_KIND[name]}, and the statement names a {' and a '.join(kinds)} only."


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
