"""When log groups and their streams were last deleted, so that a restart brings back nothing that was deleted."""

from __future__ import annotations

from sandbox.servers.aws_services.calls import Call
from sandbox.servers.aws_services.identities import REGION


class LogDeletions:
    """Times of deletion. They are learnt from the calls themselves, those of a replay too."""

    def __init__(self) -> None:
        self._groups: dict[str, int] = {}
        self._streams: dict[tuple[str, str], int] = {}

    def note(self, call: Call, moment: float) -> None:
        """Take down a call that succeeded, if it deletes; `moment` in seconds since 1970."""
        if (call.service, call.region) != ("logs", REGION):
            return
        if call.operation == "DeleteLogGroup":
            self._groups[call.parameters()["logGroupName"]] = int(moment * 1000)
        elif call.operation == "DeleteLogStream":
            named = call.parameters()
            self._streams[named["logGroupName"], named["logStreamName"]] = int(moment * 1000)

    def last(self, group: str, stream: str) -> int:
        """When the stream was last deleted, alone or with its group, in milliseconds since 1970; 0 for never."""
        return max(self._groups.get(group, 0), self._streams.get((group, stream), 0))
