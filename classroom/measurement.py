"""One run of a student's notebook: which checks passed, and why the others did not."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from classroom.graded_notebook import answered_number, measured_number
from classroom.masters import Master

CHECKS_FILE = "CHECKS_FILE"
NOT_ATTEMPTED = "not attempted"
# The kernel is this environment's own, and its debugger says nothing of frozen modules.
KERNEL_VARIABLES = {"JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


@dataclass(frozen=True)
class Limits:
    """How long a student's code may run, in seconds.

    Attributes:
        cell: one cell; it is interrupted then, and the next one runs.
        notebook: the whole notebook; its kernel is ended then.
    """

    cell: int = 300
    notebook: int = 1800


@dataclass(frozen=True)
class Measured:
    """What came of one exercise; `reason` is empty if it passed."""

    passed: bool
    reason: str


@dataclass
class Measurement:
    """A notebook while it runs, cell by cell.

    Attributes:
        master: what the notebook was made from.
        checks: the file to which the notebook's checks append their outcomes.
        limits: how long it may take.
    """

    master: Master
    checks: Path
    limits: Limits
    outcomes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    ended: str = "its check was not reached"
    _began: float = 0.0

    def run(self, notebook: Any, folder: Path, environment: Mapping[str, str]) -> dict[str, Measured]:
        """Run the notebook to its end, whatever fails on the way; what came of each exercise.

        Args:
            notebook: as `graded_notebook` makes it; it gets the outputs.
            folder: the working directory.
            environment: what the kernel finds, and nothing else.
        """
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=self.limits.cell,
            interrupt_on_timeout=True,
            allow_errors=True,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],  # it warns of TCP, which stays on this machine
            on_cell_execute=self._begin,
            on_cell_executed=self._end,
        )
        client.log.setLevel("CRITICAL")
        os.environ.update(KERNEL_VARIABLES)
        given = {**environment, **KERNEL_VARIABLES, CHECKS_FILE: str(self.checks)}
        began = time.monotonic()
        try:
            asyncio.run(asyncio.wait_for(client.async_execute(cwd=str(folder), env=given), self.limits.notebook))
        except (DeadKernelError, TimeoutError):
            late = time.monotonic() - began >= self.limits.notebook
            self.ended = f"the notebook ran longer than {self.limits.notebook} s" if late else "the kernel died"
        return {number: self._measured(number) for number in self.master.exercises}

    def _begin(self, cell: Any, **_: Any) -> None:
        """Before a cell: what it records is its own; what other cells wrote into the file counts for nothing."""
        self._began = time.monotonic()
        if measured_number(cell):
            self.checks.write_text("", encoding="utf-8")

    def _end(self, cell: Any, execute_reply: Mapping[str, Any] | None, **_: Any) -> None:
        """After a cell: keep its outcome, or its error."""
        number = measured_number(cell)
        if number:
            self.outcomes |= {one["task"]: one for one in self._recorded() if one["task"] == number}
        number = number or answered_number(cell, self.master)
        content = execute_reply["content"] if execute_reply else {}
        if number and content.get("status") == "error":
            self.errors.setdefault(number, self._error(number, content))
        elif number and not measured_number(cell):
            self.errors.pop(number, None)

    def _recorded(self) -> list[dict[str, Any]]:
        text = self.checks.read_text(encoding="utf-8") if self.checks.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def _error(self, number: str, content: Mapping[str, Any]) -> str:
        """Why a cell stopped, in a line."""
        if time.monotonic() - self._began >= self.limits.cell:
            return f"a cell ran longer than {self.limits.cell} s and was stopped"
        told = str(content.get("evalue", "")).strip()
        if content.get("ename") == "NotImplementedError" and told.startswith(f"Exercise {number}:"):
            return NOT_ATTEMPTED
        return f"{content.get('ename')}: {(told.splitlines() or [''])[-1]}"

    def _measured(self, number: str) -> Measured:
        outcome = self.outcomes.get(number)
        if outcome and outcome["passed"]:
            return Measured(True, "")
        hint = outcome["hint"] if outcome else self.ended
        return Measured(False, self.errors.get(number, hint))
