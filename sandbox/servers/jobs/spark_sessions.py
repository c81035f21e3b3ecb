"""The sessions of the notebooks on the cluster: each attempt has one whose id is known before it begins.

A kernel that is killed closes no session, and its query would go on. The service then releases the session for it,
which interrupts whatever runs in it; a process of its own does it, so that the service itself needs no Spark.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping

USER = "jobs"
SECONDS = 30


class SparkSessions:
    """Sessions on the cluster at SPARK_REMOTE; with no such address there is nothing to release."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._remote = environment.get("SPARK_REMOTE", "")

    def variables(self, session_id: str) -> dict[str, str]:
        """What leads a kernel to its session."""
        if not self._remote:
            return {}
        return {"SPARK_REMOTE": f"{self._remote.rstrip('/')}/;user_id={USER};session_id={session_id}"}

    async def release(self, session_id: str) -> None:
        """Close a session and end its queries; a cluster that does not listen has none."""
        if not self._remote or not session_id:
            return
        environment = {**self._environment, **self.variables(session_id)}
        command = [sys.executable, "-m", "sandbox.servers.jobs.release_session"]
        helper = await asyncio.create_subprocess_exec(*command, env=environment)
        try:
            await asyncio.wait_for(helper.wait(), SECONDS)
        except TimeoutError:
            print(f"the cluster did not release the session {session_id} in {SECONDS} s", file=sys.stderr)
        finally:
            with contextlib.suppress(ProcessLookupError):
                helper.kill()
