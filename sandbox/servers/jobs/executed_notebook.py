"""What an executed notebook tells: the cell that failed."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from sandbox.papermill_run import error_line, error_output

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
LOG_CHARACTERS = 4000
# A client of Spark Connect whose server died, or came back without the session.
CLUSTER_LOST = re.compile(r"INVALID_HANDLE|RETRIES_EXCEEDED|StatusCode\.UNAVAILABLE")
CLUSTER_LOST_MESSAGE = "The Spark driver has stopped unexpectedly and is restarting; run it again when it is back."


def failure(notebook: Path, log: Path, code: int) -> tuple[str, str]:
    """The error in one line and its stack trace: of the failing cell, else the last words of what ran the notebook.

    Args:
        code: papermill's exit code, negative where a signal has killed it.
    """
    if output := error_output(notebook):
        return error_line(output), plain("\n".join(output["traceback"]))
    words = plain(log.read_text(errors="replace"))[-LOG_CHARACTERS:].strip() if log.exists() else ""
    if code < 0:
        return f"The notebook's process was killed: {signal.Signals(-code).name}.", words
    return words.rpartition("\n")[2] or "The notebook ended without a word.", words


def plain(text: str) -> str:
    """Text without a terminal's colours."""
    return ANSI.sub("", text)


def cluster_lost(error: str) -> bool:
    """Whether an error says that the cluster was lost on the way."""
    return CLUSTER_LOST.search(error) is not None
