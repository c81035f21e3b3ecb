"""Commands as a user runs them, timed from the outside."""

import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.errors import CommandFailedError
from sandbox.settings import ROOT

LINES_SHOWN = 15


def timed(command: Sequence[str | Path], environment: Mapping[str, str], show: Callable[[str], None]) -> float:
    """Run a command to its end; return the wall seconds of the whole process.

    Args:
        environment: all of it, nothing is inherited.
        show: is told each line as the command prints it.

    Raises:
        CommandFailedError: with the last lines of what it printed.
    """
    last: deque[str] = deque(maxlen=LINES_SHOWN)
    began = time.perf_counter()
    with started(command, environment) as process:
        try:
            for line in process.stdout or ():
                last.append(line.rstrip())
                show(line.strip())
        except BaseException:
            process.terminate()
            raise
    seconds = time.perf_counter() - began
    if process.returncode != 0:
        words = " ".join(map(str, command))
        raise CommandFailedError("\n".join([f"`{words}` ended with exit code {process.returncode}:", *last]))
    return seconds


def started(command: Sequence[str | Path], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a command in the repository's root with its two outputs in one."""
    return subprocess.Popen(
        command,
        env=dict(environment),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
