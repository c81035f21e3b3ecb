"""The access log: one JSON line a request, its names those of Amazon's `$context`. No header value is in it but what
a stage's own format asks for."""

from __future__ import annotations

import asyncio
from typing import Any, BinaryIO

import orjson

from sandbox.servers.api_gateway.deployed_stage import StageLog
from sandbox.servers.api_gateway.execution_log import mask
from sandbox.servers.api_gateway.invocation import Invocation
from sandbox.servers.api_gateway.velocity_values import VelocityMap

FLUSH_SECONDS = 0.05


class AccessLog:
    """Lines are gathered for 50 ms and written together, so that a request never waits for the disk."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._lines: list[bytes] = []

    def add(self, entry: dict[str, Any]) -> None:
        """Log one request. Must be called from the event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        self._lines.append(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """Write what is gathered."""
        lines, self._lines = self._lines, []
        self._output.write(b"".join(lines))
        self._output.flush()


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
