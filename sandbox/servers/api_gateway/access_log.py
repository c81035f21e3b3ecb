"""A request in the format of its stage's access log. No header value is in it but what that format asks for."""

from __future__ import annotations

from typing import Any

from sandbox.servers.api_gateway.deployed_stage import StageLog
from sandbox.servers.api_gateway.execution_log import mask
from sandbox.servers.api_gateway.invocation import Invocation
from sandbox.servers.api_gateway.velocity_values import VelocityMap


def stage_log_entry(log: StageLog, invocation: Invocation, entry: dict[str, Any]) -> dict[str, str]:
    """A request in the format of its stage's access log, and the log group it belongs to.

    Source: "Variables for access logging for API Gateway". An API key shows its last six characters only.
    """
    context = invocation.context
    context["identity"]["apiKey"] = mask(context["identity"]["apiKey"])
    for name in ("status", "responseLength", "responseLatency", "integrationStatus", "integrationLatency"):
        context[name] = entry[name]
    integration = {"status": entry["integrationStatus"], "latency": entry["integrationLatency"]}
    context["integration"] = VelocityMap(integration)
    return {"group": log.group, "line": log.line(context, invocation.variables)}
