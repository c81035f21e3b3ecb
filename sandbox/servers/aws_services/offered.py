"""What this server offers, and what it refuses because the answer would look true and not be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.servers.aws.errors import NotImplementedOperationError
from sandbox.servers.aws_services.calls import Call

# By signing name: the service as Amazon writes it, and moto's name of it.
OFFERED: Mapping[str, tuple[str, str]] = {
    "iam": ("IAM", "iam"),
    "sts": ("STS", "sts"),
    "kms": ("KMS", "kms"),
    "secretsmanager": ("Secrets Manager", "secretsmanager"),
    "ec2": ("EC2", "ec2"),
    "ssm": ("Systems Manager", "ssm"),
    "logs": ("CloudWatch Logs", "logs"),
    "monitoring": ("CloudWatch", "cloudwatch"),
    "cloudtrail": ("CloudTrail", "cloudtrail"),
}

_TOKENS = "it gives no temporary keys but those of AssumeRole"
_TRAIL = "it keeps trails as definitions and records no events"
_DELIVERY = "it delivers log events to no other service"
_ALARMS = "it evaluates no alarms"
_REFUSED: Mapping[str, Mapping[str, str]] = {
    "sts": dict.fromkeys(
        ["GetSessionToken", "GetFederationToken", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"], _TOKENS
    ),
    "cloudtrail": dict.fromkeys(["LookupEvents", "StartLogging", "GetTrailStatus"], _TRAIL),
    "secretsmanager": {"RotateSecret": "it has no Lambda function to rotate with"},
    "ssm": {"SendCommand": "its instances have no operating system"},
    "logs": {
        **dict.fromkeys(["PutSubscriptionFilter", "PutDestination", "CreateExportTask", "CreateDelivery"], _DELIVERY),
        "PutMetricFilter": "it makes no metrics of log events",
    },
    "monitoring": dict.fromkeys(["PutMetricAlarm", "PutCompositeAlarm", "SetAlarmState"], _ALARMS),
}
_METRIC_READS = ("GetMetricStatistics", "GetMetricData", "ListMetrics")


def refuse_not_offered(call: Call) -> None:
    """Refuse a call of an offered service that moto would answer untruly. Raises `NotImplementedOperationError`."""
    service = OFFERED[call.service][0]
    if not call.operation:
        raise NotImplementedOperationError(
            f"The sandbox's {service} does not serve {call.request.verb} {call.request.url}: it speaks the protocols "
            "that name the operation in X-Amz-Target or Action."
        )
    reason = _REFUSED.get(call.service, {}).get(call.operation)
    if call.service == "monitoring" and call.operation in _METRIC_READS and _asks_amazons_metrics(call.parameters()):
        reason = "it measures nothing in the namespaces AWS/...; read what was put into a namespace of your own"
    if reason:
        raise NotImplementedOperationError(f"The sandbox's {service} does not serve {call.operation}: {reason}.")


def _asks_amazons_metrics(parameters: Mapping[str, Any]) -> bool:
    return any(name.startswith("AWS/") for name in _namespaces(parameters))


def _namespaces(value: Any) -> Iterable[str]:
    """Every namespace in the parameters, at any depth, or flat as the query form has them."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key.endswith("Namespace") and isinstance(item, str):
                yield item
            yield from _namespaces(item)
    elif isinstance(value, list):
        for item in value:
            yield from _namespaces(item)
