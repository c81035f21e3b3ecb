"""The offered services: each call is checked, run by moto, and recorded before it is answered."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from sandbox.servers.aws.errors import StateError
from sandbox.servers.aws_services import moto_host, trails
from sandbox.servers.aws_services.answers import Answer
from sandbox.servers.aws_services.calls import Call
from sandbox.servers.aws_services.draws import clock_stopped_at, drawn_from
from sandbox.servers.aws_services.identities import enrol, refuse_unknown_role
from sandbox.servers.aws_services.log_deletions import LogDeletions
from sandbox.servers.aws_services.not_offered import not_offered
from sandbox.servers.aws_services.offered import OFFERED, refuse_not_offered
from sandbox.servers.aws_services.recording import RecordedCall, Recording, mending

# Operations that change nothing, by the first words of their names.
READS = (
    "Get", "List", "Describe", "Lookup", "Filter", "Search", "Simulate", "BatchGet", "Test", "Validate", "Decode",
    "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateRandom", "GenerateMac", "Sign", "Verify",
    "StartQuery", "StopQuery",
)  # fmt: skip


class Services:
    """Runs calls one at a time; those answered are there after a kill -9.

    Attributes:
        log_deletions: when log groups and streams were deleted.

    Raises `StateError` when the recording cannot be read, written or replayed.
    """

    def __init__(self, folder: Path) -> None:
        self._recording = Recording(folder)
        # moto lays the default VPC and the like when a service is first called in a region, whatever the call.
        self._called: set[tuple[str, str]] = set()
        self.log_deletions = LogDeletions()

    def enrol(self, user_name: str, access_key: str) -> None:
        """Make the user of the sandbox's own key; its identifier and date are the same at every start."""
        with clock_stopped_at(self._recording.began), drawn_from(user_name, []):
            enrol(user_name, access_key)

    def replay(self) -> int:
        """Make again what was there before the last stop; return how many calls that took."""
        replayed = 0
        for number, recorded in self._recording.calls():
            with clock_stopped_at(recorded.time), drawn_from(recorded.seed, recorded.key_pairs, repeat=True):
                status = moto_host.run(recorded.call).status
            if status != recorded.status:
                told = f"{recorded.call.service} {recorded.call.operation} answers {status}, not {recorded.status}"
                raise StateError(f"{self._recording.path}: {told}: {mending(number)}")
            self._note(recorded)
            replayed += 1
        return replayed

    def run(self, call: Call) -> Answer:
        """Answer a call whose signature was checked. Raises `ServiceError`."""
        if call.service not in OFFERED:
            raise not_offered(call)
        refuse_not_offered(call)
        self._refuse_what_moto_would_allow(call)
        seed, moment, key_pairs = secrets.token_hex(16), time.time(), list[str]()
        with clock_stopped_at(moment), drawn_from(seed, key_pairs):
            answer = moto_host.run(call)
        if self._is_lasting(call, answer):
            recorded = RecordedCall(call, moment, seed, key_pairs, answer.status)
            self._recording.append(recorded)
            self._note(recorded)
        return answer

    def _note(self, recorded: RecordedCall) -> None:
        self._called.add((recorded.call.service, recorded.call.region))
        if recorded.status < 400:
            self.log_deletions.note(recorded.call, recorded.time)

    def _is_lasting(self, call: Call, answer: Answer) -> bool:
        if (call.service, call.region) not in self._called:
            return True
        return answer.status < 400 and not call.operation.startswith(READS)

    def _refuse_what_moto_would_allow(self, call: Call) -> None:
        if (call.service, call.operation) == ("sts", "AssumeRole"):
            refuse_unknown_role(call.parameters().get("RoleArn", ""), call.access_key)
        if call.service == "cloudtrail" and call.operation in ("CreateTrail", "UpdateTrail"):
            trails.refuse_unknown_bucket(call.parameters().get("S3BucketName"))
