"""What a notebook needs from the parts before it: one command makes whatever of it is missing."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections import deque

from lib.errors import CourseError

_LAST_LINES = 2  # a fact, and what mends it


class CatchUpError(CourseError):
    """The command that makes what earlier parts leave behind could not be run, or failed."""


def catch_up_to(part: int, command: str) -> None:
    """Run `command` with the part's number, and show its output as it comes; do nothing if `command` is empty.

    Args:
        part: the notebook's number, 0 to 6.
        command: e.g. `sandbox start-at`; the notebook's parameter `catch_up`. Empty on AWS, where the walkthroughs of
            the earlier parts have made all that is needed.

    Raises:
        CatchUpError: there is no such command, or it failed; the message ends with the last of what it told.
    """
    if not command.strip():
        return
    told = _run([*_words(command), str(part)])
    if told is not None:
        raise CatchUpError(f"`{command} {part}` failed: {told}")


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise CatchUpError(f"The parameter catch_up, {command!r}, is no command: {error}.") from None


def _run(words: list[str]) -> str | None:
    """Run the command; the last of its output if it failed, None if it did not."""
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise CatchUpError(
            f"The command {words[0]!r} of the parameter catch_up cannot be run ({error.strerror}). "
            'Mend it with `eval "$(sandbox env)"` before the kernel starts; on AWS leave it empty.'
        ) from None
    last = _show(process)
    return None if process.returncode == 0 else " ".join(last) or f"it ended with {process.returncode}"


def _show(process: subprocess.Popen[str]) -> list[str]:
    """Pass the output on until the command ends; the last lines of it."""
    last: deque[str] = deque(maxlen=_LAST_LINES)
    with process:
        try:
            for line in process.stdout or ():
                sys.stdout.write(line)
                sys.stdout.flush()
                last.extend([line.strip()] if line.strip() else [])
        except BaseException:  # the kernel is interrupted: so is the command
            process.terminate()
            raise
    return list(last)
