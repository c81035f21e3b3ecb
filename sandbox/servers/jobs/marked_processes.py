"""The processes of an attempt, found by a mark in their environment.

A kernel leaves papermill's process group, and what a notebook starts may leave the kernel's; the environment is
inherited by all of them. So a mark finds them also after a kill of this service, with nothing written down.
"""

from __future__ import annotations

import contextlib
import time

import psutil

MARK = "SANDBOX_TASK_RUN"
SECONDS = 20


class ProcessesStayError(Exception):
    """Processes of a notebook cannot be killed."""


def end_marked(prefix: str) -> int:
    """Kill every process whose mark begins with a prefix, until none is left; return how many there were.

    Raises:
        ProcessesStayError: some cannot be killed.
    """
    ended, until = 0, time.monotonic() + SECONDS
    while found := marked(prefix):
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=1)
        ended += len(found)
        if time.monotonic() > until:
            raise ProcessesStayError(f"Processes of a notebook do not end: {[process.pid for process in found]}")
    return ended


def marked(prefix: str) -> list[psutil.Process]:
    """The living processes whose mark begins with a prefix."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK, "").startswith(prefix) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
