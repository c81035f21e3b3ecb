"""Brings what the sandbox's own servers log to CloudWatch Logs.

Groups and streams are made by calls, which are recorded; events live in memory only and come from the files again
after a restart, so that none is there twice. What a student has deleted stays deleted until a server logs again:
only lines of a later time than the deletion are brought, by the running server and after a restart alike. Amazon says
of API Gateway's groups just that requests "may" not be logged after their group was deleted, until a redeployment:
https://docs.aws.amazon.com/apigateway/latest/developerguide/view-cloudwatch-log-events-in-cloudwatch-console.html
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterable
from pathlib import Path

import orjson
from moto.core.utils import unix_time_millis, utcnow
from moto.logs.models import LogEvent as MotoEvent
from moto.logs.models import LogsBackend, LogStream, logs_backends

from sandbox.servers.aws.identifiers import ACCOUNT_ID
from sandbox.servers.aws.sigv4 import SignedRequest
from sandbox.servers.aws_services.calls import Call, Form
from sandbox.servers.aws_services.identities import REGION
from sandbox.servers.aws_services.log_file import LogFile
from sandbox.servers.aws_services.log_lines import ConnectLines, LogEvent, gateway_events
from sandbox.servers.aws_services.services import Services

KEPT_EVENTS = 10_000  # a group


class LogShipping:
    """Follows the log files of the gateway and of MSK Connect.

    Args:
        services: where groups and streams are made.
        logs: the folder of the log files.
        groups_file: JSON, connector's name: name of its log group.
    """

    def __init__(self, services: Services, logs: Path, groups_file: Path) -> None:
        self._services = services
        self._gateway = LogFile(logs / "api-gateway.log")
        self._connect = LogFile(logs / "msk-connect.log")
        self._connect_lines = ConnectLines(groups_file)

    def ship(self) -> None:
        """Put the events of every new line into its group."""
        self._connect_lines.refresh()
        by_group: defaultdict[str, deque[LogEvent]] = defaultdict(lambda: deque(maxlen=KEPT_EVENTS))
        for line in self._gateway.new_lines():
            for event in gateway_events(line):
                by_group[event.group].append(event)
        for line in self._connect.new_lines():
            for event in self._connect_lines.events(line):
                by_group[event.group].append(event)
        for group, events in by_group.items():
            self._put(group, events)

    def _put(self, group: str, events: Iterable[LogEvent]) -> None:
        name = hashlib.md5(group.encode(), usedforsecurity=False).hexdigest()
        deleted = self._services.log_deletions.last(group, name)
        if kept := [event for event in events if event.timestamp >= deleted]:
            _append(self._stream(group, name), kept)

    def _stream(self, group: str, name: str) -> LogStream:
        """The stream for our events, made if it is not there."""
        backend: LogsBackend = logs_backends[ACCOUNT_ID][REGION]
        if group not in backend.groups:
            self._make("CreateLogGroup", logGroupName=group)
        if name not in backend.groups[group].streams:
            self._make("CreateLogStream", logGroupName=group, logStreamName=name)
        return backend.groups[group].streams[name]

    def _make(self, operation: str, **parameters: str) -> None:
        headers = {"x-amz-target": f"Logs_20140328.{operation}", "content-type": "application/x-amz-json-1.1"}
        request = SignedRequest("POST", "/", headers, orjson.dumps(parameters))
        self._services.run(Call("logs", REGION, "", operation, Form.JSON, request))


def _append(stream: LogStream, events: Iterable[LogEvent]) -> None:
    now = utcnow()
    ingested = int(unix_time_millis(now))
    stream.events += [MotoEvent(ingested, {"timestamp": event.timestamp, "message": event.message}) for event in events]
    del stream.events[:-KEPT_EVENTS]
    stream.last_ingestion_time = now
    stream.stored_bytes = sum(len(event.message) for event in stream.events)
